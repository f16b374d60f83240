"""The answers: is a story as it must be, what path shows it, and which choices would mend it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from itertools import combinations
from typing import Any

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import NAME, Choices, force_mfa
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

__all__ = ["Answer", "WalkVerdict", "answer", "mending"]


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
    return Answer(story, search(setting, story.question, most_states=most_states))


_SWITCHES = tuple(field.name for field in fields(Choices) if field.type is bool)
_MOST_CHANGES = 2


def mending(
    story: Story, start: Choices, beside: Iterable[AttachedPolicy] = ()
) -> tuple[tuple[str, ...], ...]:
    """Return which choices, changed from `start`, make a Force_MFA under which a story is right.

    Found by trying them: every single choice, and if none helps every two. Empty if nothing needs
    to change, or nothing helps. `beside` is what else is attached to the user.
    """
    attached = tuple(beside)
    if _right(story, start, attached):
        return ()
    for count in range(1, _MOST_CHANGES + 1):
        found = tuple(
            names for names, choices in _changed(start, count) if _right(story, choices, attached)
        )
        if found:
            return found
    return ()


def _changed(start: Choices, count: int) -> Iterator[tuple[tuple[str, ...], Choices]]:
    for names in combinations(_SWITCHES, count):
        values: dict[str, Any] = {name: not getattr(start, name) for name in names}
        changed = replace(start, **values)
        if changed.passwords or not changed.password_change_without_mfa:
            yield names, changed


def _right(story: Story, choices: Choices, beside: tuple[AttachedPolicy, ...]) -> bool:
    gate = AttachedPolicy(NAME, force_mfa(choices))
    found = answer(story, Policies(identity=(gate, *beside)))
    return found.verdict is WalkVerdict.PROVED
