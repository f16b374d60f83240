"""Is MFA enforcement shut for values of `aws:MultiFactorAuthPresent` that no credential brings?

A credential without MFA lacks the key or has it false (facts §2.2). AWS is not known to produce any
other value; what policies would do with one is a question of its own, never mixed with the first.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.engine import Context
from sekisho.policy.document import Condition, Operator, OperatorName, Version
from sekisho.prover import reasons
from sekisho.prover.attached import every
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question
from sekisho.prover.limits import Effort, Limit
from sekisho.prover.values import Asked, Family, family_of, values_for
from sekisho.prover.verdict import Unknown

__all__ = ["MFA_PRESENT", "for_other_values"]

MFA_PRESENT = "aws:MultiFactorAuthPresent"
"""The key, as AWS spells it."""

_KNOWN = ("true", "false")
_APART = Asked(
    Condition(Operator(OperatorName.STRING_EQUALS_IGNORE_CASE), MFA_PRESENT, _KNOWN), Version.V2012
)
_SPLIT = frozenset({Family.TEXT, Family.BOOLEAN, Family.PRESENCE})


def for_other_values(question: Question) -> tuple[Question, ...] | Unknown:
    """Return a question for each value other than true and false that the policies tell apart.

    Args:
        question: about policies that must be given as `allowed`.
    """
    try:
        values = _values(question)
    except Limit as limit:
        return Unknown(limit.reason)
    return tuple(
        replace(question, user=_with(question.user, value), held=(Held.HYPOTHETICAL,))
        for value in values
        if value.lower() not in _KNOWN
    )


def _values(question: Question) -> list[str]:
    """Return values of the key, one for each way in which the conditions can come out."""
    asked = [each for each in _conditions(question) if each.condition.key.lower() == _KEY]
    if not {family_of(each.condition.operator.name) for each in asked} <= _SPLIT:
        raise Limit(reasons.MFA_NOT_BOOLEAN.filled(key=MFA_PRESENT))
    texts = [each for each in asked if family_of(each.condition.operator.name) is Family.TEXT]
    values, exact = values_for([*texts, _APART], Context(), question.now, Effort())
    if not exact:
        raise Limit(reasons.MFA_BEYOND_ASCII.filled(key=MFA_PRESENT))
    return values


_KEY = MFA_PRESENT.lower()


def _with(user: User, value: str) -> User:
    return replace(user, known={**user.known, MFA_PRESENT: value})


def _conditions(question: Question) -> Iterator[Asked]:
    assert question.allowed is not None  # noqa: S101 - the caller's part
    for policy in every(question.allowed):
        for statement in policy.document.statements:
            for condition in statement.conditions:
                yield Asked(condition, policy.document.version)
