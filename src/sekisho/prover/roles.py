"""What a user may do as a role is no part of any question: said where a role is within reach."""

from collections.abc import Iterator
from datetime import datetime

from sekisho.engine import Assumptions, Policies, actions, arns, glob
from sekisho.engine.doubts import Doubts
from sekisho.messages import Message
from sekisho.policy.document import Effect, Element, Statement
from sekisho.prover.ask import never
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question, Within
from sekisho.prover.verdict import Proved

__all__ = ["roles_within_reach"]

_ASSUME = "sts:AssumeRole"
_WITHOUT_MFA = Message("without MFA")
_ELSEWHERE = Message("for roles of other accounts")
_BOTH = Message("without MFA, and for roles of other accounts")
_SAID = Message(
    "sts:AssumeRole may be allowed {how}. What is done as a role is no part of any answer: its "
    "trust policy says who gets a session, and its own policies what that may do."
)


def roles_within_reach(
    policies: Policies, user: User, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Say that roles can be assumed without MFA, or in other accounts; None if they cannot.

    Not every condition of an Allow is looked at for roles of other accounts: it is a warning.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    settings = assumptions or Assumptions()
    allows = [*_allows(policies, Doubts(settings))]
    if not allows:
        return None
    within = Within(actions=((Element((_ASSUME,)), True),))
    held = (Held.KEY, Held.SESSION)
    question = Question(user, now, held, allowed=policies, within=within, assumptions=settings)
    without = not isinstance(never(question), Proved)
    match (without, any(_leads_out(each, user.account) for each in allows)):
        case (True, True):
            how = _BOTH
        case (True, False):
            how = _WITHOUT_MFA
        case (False, True):
            how = _ELSEWHERE
        case _:
            return None
    return _SAID.filled(how=how)


def _allows(policies: Policies, doubts: Doubts) -> Iterator[Statement]:
    for policy in policies.identity:
        for each in policy.document.statements:
            if each.effect is Effect.ALLOW and actions.matches(each.action, _ASSUME, doubts):
                yield each


def _leads_out(statement: Statement, account: str) -> bool:
    """Tell whether a statement's resources can be in another account."""
    resource = statement.resource
    if resource is None or resource.negated:
        return True
    entries = (arns.split(entry) for entry in resource.values)
    return any(parts[4:5] != (account,) for parts in entries if _of_iam(parts))


def _of_iam(parts: tuple[str, ...]) -> bool:
    """Tell whether an entry can take in the ARN of a role; one that is cut short can."""
    return all(glob.like(part.lower(), "iam") for part in parts[2:3])
