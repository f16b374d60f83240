"""What MFA opens: is anything allowed to who has it, and does a change of policies take it away?

What enrolling needs stays open behind any MFA enforcement; whether MFA opens anything is asked
outside of it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sekisho.engine import Policies
from sekisho.policy.document import Element
from sekisho.prover.attached import EVERYTHING, tells_services_apart
from sekisho.prover.credentials import Held, User
from sekisho.prover.enforcement import SERVICE_EXEMPT, denials, enforcement_question
from sekisho.prover.formula import Question, Within

__all__ = ["lost_with_mfa", "mfa_opens"]

_WITH_MFA = (Held.MFA_SESSION,)


def mfa_opens(
    policies: Policies, user: User, now: datetime, besides: Iterable[str], *, later: bool = False
) -> Question:
    """Return the question whether a session with MFA is allowed anything.

    Args:
        policies: as attached to the user.
        user: whose requests.
        now: the earliest time of a request.
        besides: patterns of actions that are not asked about.
        later: ask of whatever identity-based policies may be attached later.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    question = enforcement_question(policies, user, now, besides, later=later)
    return replace(question, held=_WITH_MFA)


def lost_with_mfa(before: Policies, after: Policies, user: User, now: datetime) -> Question:
    """Return the question whether a session with MFA loses something that it was allowed.

    Args:
        before: the policies of the user as they are.
        after: as they will be.
        user: whose requests.
        now: the earliest time of a request.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    new = tuple(each for each in after.identity if each not in before.identity)
    kept = all(each in after.identity for each in before.identity)
    if kept and replace(before, identity=()) == replace(after, identity=()):
        # who keeps every Allow loses what comes to be denied, and nothing else
        denied = denials(Policies(identity=new))
        after = replace(denied, identity=(*denied.identity, EVERYTHING))
    held: tuple[Held, ...] = _WITH_MFA
    if tells_services_apart(before) or tells_services_apart(after):
        held += (Held.MFA_VIA_SERVICE,)
    deniable = Within(actions=((Element(SERVICE_EXEMPT), False),))
    return Question(user, now, held, allowed=before, denied=after, within=deniable)
