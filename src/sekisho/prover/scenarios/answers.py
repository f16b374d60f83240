"""The answers: is a story as it must be, and what path shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sekisho.engine import Policies
from sekisho.messages import Message
from sekisho.prover.limits import Limit
from sekisho.prover.scenarios.judge import Judge
from sekisho.prover.scenarios.model import Act, Hold, Who
from sekisho.prover.scenarios.others import become, others, starts
from sekisho.prover.scenarios.policies import setting_of
from sekisho.prover.scenarios.questions import Kind, Story
from sekisho.prover.scenarios.search import (
    MOST_STATES,
    Budget,
    Question,
    Reachable,
    Result,
    Unexplored,
    Unreachable,
    search,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.scenarios.unwalked import WAYS, Standing, left_open

__all__ = ["Answer", "Walk", "WalkVerdict", "answer", "walked"]


_CALLERS = Message(
    "the walk leads to the credentials of another user, and the policies ask who calls: {keys}"
)
_FURTHER = Message(
    "the walk leads to the credentials of another user, who can do more to a third one: {acts}"
)


class WalkVerdict(StrEnum):
    """Whether a story is as it must be, in the words of the prover's other verdicts."""

    PROVED = "Proved"
    REFUTED = "Refuted"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the search has found about a story.

    Attributes:
        other: the ARN of the other user whom the steps are about, where it matters who it is.
    """

    story: Story
    result: Result
    other: str = ""

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


@dataclass(frozen=True, slots=True)
class Walk:
    """One search: the account, what was asked in it, and what was found."""

    setting: Setting
    question: Question
    result: Result


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
    try:
        walks = [*walked(story, setting, most_states)]
    except Limit as limit:
        return Answer(story, Unexplored(limit.reason))
    last = walks[-1]
    if story.kind is Kind.GETS_IN or not isinstance(last.result, Unreachable):
        other = last.setting.holder(Who.COLLEAGUE).arn if last.setting != setting else ""
        return Answer(story, last.result, other)
    reason = _left(walks)
    return Answer(story, _together(walks) if reason is None else Unexplored(reason))


def _together(walks: list[Walk]) -> Result:
    """Return the first search's result, with what the others tried and assumed."""
    results = [each.result for each in walks if isinstance(each.result, Unreachable)]
    tried = {one.refused.move: one for each in results for one in each.tried}
    assumed = {name for each in results for name in each.assumed}
    return replace(results[0], tried=tuple(tried.values()), assumed=tuple(sorted(assumed)))


def walked(story: Story, setting: Setting, most_states: int = MOST_STATES) -> Iterator[Walk]:
    """Yield the searches that answer a story; the last one tells, unless a thief is in none.

    A thief meets one colleague after another: out of each class of users that the policies tell
    apart, in each state, as far as anything can be done to them with what the thief comes to hold.
    All searches together look at `most_states`.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
        Limit: if there are too many classes of users, or they cannot be told.
    """
    judge, asked, budget = Judge(setting), story.question, Budget(most_states)
    first = search(setting, asked, budget=budget, judge=judge)
    yield Walk(setting, asked, first)
    if story.kind is Kind.GETS_IN or not isinstance(first, Unreachable):
        return
    held, left = {*first.standings}, [judge, *map(Judge, others(setting))]
    while met := next((each for each in left if _open(each, _own(held), asked.acts)), None):
        left.remove(met)
        for start in starts(asked.start, again=met is not judge):
            question = replace(asked, start=start)
            found = search(met.setting, question, budget=budget, judge=met)
            yield Walk(met.setting, question, found)
            if not isinstance(found, Unreachable):
                return
            held |= {*found.standings}


def _own(held: Iterable[Standing]) -> Iterator[Standing]:
    return (one for one in held if one.hold.who is Who.USER)


def _left(walks: list[Walk]) -> Message | None:
    """Return what may pass that was in no walk, in words; None if it is proved: nothing."""
    standings: dict[tuple[str, Hold, bool], tuple[Setting, Standing]] = {}
    for walk in walks:
        for one in _standings(walk):
            key = (walk.setting.holder(one.hold.who).arn, one.hold, one.member)
            _, before = standings.get(key, (walk.setting, one))
            standings[key] = walk.setting, replace(one, walked=one.walked | before.walked)
    reasons = (left_open(setting, one) for setting, one in standings.values())
    return next((reason for reason in (_further(walks), *reasons) if reason is not None), None)


def _further(walks: list[Walk]) -> Message | None:
    """Return why what others hold may lead on to further users, in words; None if it does not.

    One colleague is met at a time. That is enough if who has become another user can do nothing
    to a third one that could not be done before.
    """
    asked = walks[0].question.acts
    mine = [one for walk in walks for one in _own(_standings(walk))]
    theirs = [
        (walk.setting, one)
        for walk in walks
        for one in _standings(walk)
        if one.hold.who is Who.COLLEAGUE and one.hold.held in WAYS
    ]
    if not theirs:
        return None
    if keys := theirs[0][0].names_callers():
        return _CALLERS.filled(keys=", ".join(f"`{key}`" for key in keys))
    for third in map(Judge, (walks[0].setting, *others(walks[0].setting))):
        own = _open(third, mine, asked)
        for setting, one in theirs:
            between = Judge(become(setting, third.setting))
            as_user = replace(one, hold=Hold(Who.USER, one.hold.held))
            if further := _open(between, [as_user], asked) - own:
                return _FURTHER.filled(acts=", ".join(f"`{act}`" for act in sorted(further)))
    return None


def _standings(walk: Walk) -> tuple[Standing, ...]:
    return walk.result.standings if isinstance(walk.result, Unreachable) else ()


def _open(judge: Judge, held: Iterable[Standing], acts: frozenset[Act]) -> frozenset[Act]:
    """Return what can be done to the colleague with what the user holds."""
    found = (judge.open_to(Who.COLLEAGUE, one.hold, acts, member=one.member) for one in held)
    return frozenset().union(*found)
