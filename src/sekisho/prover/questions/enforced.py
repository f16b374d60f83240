"""Whether MFA is enforced, as every surface says it: one meaning, and one word for each answer.

*Enforced*: no request without MFA passes but the exempt actions, whatever identity-based policies
are attached later. Only what they deny, a boundary, a session policy or a service control policy
can make it so. That *nothing is allowed* without MFA is less: it is so as the policies are, and the
next one that is attached may allow something. It is asked only where MFA is not enforced.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import assert_never

from sekisho.messages import Message
from sekisho.prover.search.answers import Conclusion, QuestionAnswer, joined
from sekisho.prover.search.verdict import Proved, Refuted, Unknown, Verdict

ENFORCEMENT = "enforcement"
"""The id of the question whether MFA is enforced."""

NOTHING_ALLOWED = "nothing-allowed"
"""The id of the question whether nothing is allowed without MFA as the policies are."""

OTHER_VALUES = "enforcement-other-values"
"""The id of the question about values of the MFA key that no credential brings."""


class Enforced(StrEnum):
    """Whether MFA is enforced, for a user, a role or a set of policies."""

    PROVED = "proved"
    NOTHING_ALLOWED = "nothing allowed without MFA"
    """Nothing is, as the policies are; MFA is not enforced."""
    REFUTED = "refuted"
    TODAY_UNKNOWN = "not enforced, today unknown"
    """MFA is not enforced; whether nothing is allowed, as the policies are, is not known."""
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, later: Verdict, now: Verdict) -> "Enforced":
        """Return the answer that two verdicts make.

        Args:
            later: whether no request without MFA passes, whatever is attached later.
            now: whether none does as the policies are.
        """
        match (later, now):
            case (Proved(), _):
                return cls.PROVED
            case (_, Refuted()):
                return cls.REFUTED
            case (Refuted(), Proved()):
                return cls.NOTHING_ALLOWED
            case (Refuted(), Unknown()):
                return cls.TODAY_UNKNOWN
            case _:
                return cls.UNKNOWN


def enforced_text(enforced: Enforced) -> Message:
    """Return the word for an answer."""
    match enforced:
        case Enforced.PROVED:
            return Message("enforced", "verdict")
        case Enforced.NOTHING_ALLOWED:
            return Message("not enforced (nothing allowed without MFA)")
        case Enforced.REFUTED:
            return Message("not enforced")
        case Enforced.TODAY_UNKNOWN:
            return Message("not enforced (what is allowed without MFA today is unknown)")
        case Enforced.UNKNOWN:
            return Message("unknown")
        case _:
            assert_never(enforced)


def enforced_by(answers: Iterable[QuestionAnswer]) -> Enforced | None:
    """Return whether MFA is enforced, for every way to call; None if that was not asked.

    Args:
        answers: of a report, as `settled` leaves them.
    """
    found = [each for each in answers if each.id in (ENFORCEMENT, NOTHING_ALLOWED)]
    later = [each for each in found if each.id == ENFORCEMENT]
    if not later:
        return None
    # an answer that is enforced, or refuted by what is allowed already, holds of both
    now = {each.calls: each.conclusion.verdict for each in found}
    return Enforced.of(joined([each.conclusion.verdict for each in later]), joined([*now.values()]))


def settled(answers: Sequence[QuestionAnswer]) -> Iterator[QuestionAnswer]:
    """Yield the answers; whether nothing is allowed only where it says more.

    Where MFA is enforced, nothing is allowed. What is allowed already shows that it is not
    enforced, and better than what could be.
    """
    now = {each.calls: each for each in answers if each.id == NOTHING_ALLOWED}
    for each in answers:
        other = now.get(each.calls) if each.id == ENFORCEMENT else None
        if other is None:
            if each.id != NOTHING_ALLOWED:
                yield each
            continue
        later, present = each.conclusion.verdict, other.conclusion.verdict
        match (later, present):
            case (Proved(), _) | (Unknown(), Unknown()):
                yield each
            case (_, Refuted()):
                names = dict.fromkeys((*other.conclusion.assumed, *each.conclusion.assumed))
                yield replace(each, conclusion=Conclusion(present, tuple(names)))
            case _:
                yield replace(each, later=True)
                yield other
