"""The answers: is a story as it must be, and what path shows it."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.engine import Policies
from sekisho.prover.walk.questions import Kind, Story, setting_of
from sekisho.prover.walk.search import (
    MOST_STATES,
    Reachable,
    Result,
    Unexplored,
    Unreachable,
    search,
)
from sekisho.prover.walk.setting import Setting
from sekisho.prover.walk.unwalked import left_open

__all__ = ["Answer", "WalkVerdict", "answer"]


class WalkVerdict(StrEnum):
    """Whether a story is as it must be, in the words of the prover's other verdicts."""

    PROVED = "Proved"
    REFUTED = "Refuted"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the search has found about a story."""

    story: Story
    result: Result

    @property
    def verdict(self) -> WalkVerdict:
        """Whether the person gets in, or the thief stays out."""
        match (self.result, self.story.kind):
            case (Unexplored(), _):
                return WalkVerdict.UNKNOWN
            case (Reachable(), Kind.GETS_IN) | (Unreachable(), Kind.STAYS_OUT):
                return WalkVerdict.PROVED
            case _:
                return WalkVerdict.REFUTED


def answer(
    story: Story,
    policies: Policies,
    around: Setting | None = None,
    *,
    most_states: int = MOST_STATES,
) -> Answer:
    """Return the answer about one story under the policies that are attached to the user.

    What else there is of the account and the user is told `around`.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    setting = setting_of(story, policies, around)
    result = search(setting, story.question, most_states=most_states)
    if story.kind is Kind.STAYS_OUT and isinstance(result, Unreachable):
        reason = left_open(setting, result.standings)
        result = Unexplored(reason) if reason is not None else result
    return Answer(story, result)
