"""Is MFA enforcement shut: is there a request without MFA that is allowed outside the exempt list?

`sts:GetSessionToken` and `sts:GetCallerIdentity` answer whatever a policy says (facts §3.1, §3.5);
they are named apart and never part of the question.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sekisho.engine import Assumptions, AttachedPolicy, Policies
from sekisho.engine.wellformed import check_policies
from sekisho.policy import Choices, Document, Effect, Element, PolicyKind, force_mfa
from sekisho.prover.ask import never
from sekisho.prover.attached import EVERYTHING, tells_services_apart
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question, Within
from sekisho.prover.items import Item, items_of
from sekisho.prover.limits import Limit
from sekisho.prover.verdict import Unknown, Verdict

__all__ = [
    "SERVICE_EXEMPT",
    "Enforcement",
    "denials",
    "denying",
    "enforcement_question",
    "exempt_list",
    "expected_exempt",
    "prove_enforcement",
    "via_service",
]

SERVICE_EXEMPT = ("sts:GetSessionToken", "sts:GetCallerIdentity")
"""What no policy can deny."""

_DIRECT = (Held.KEY, Held.SESSION)
_VIA_SERVICE = (Held.KEY_VIA_SERVICE, Held.SESSION_VIA_SERVICE)


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Whether MFA is enforced.

    Attributes:
        direct: for calls that the user makes.
        via_service: for calls that AWS services make on the user's behalf; None where the policies
            make no difference between the two.
    """

    direct: Verdict
    via_service: Verdict | None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts that there are."""
        return (self.direct,) if self.via_service is None else (self.direct, self.via_service)


@cache
def expected_exempt() -> tuple[str, ...]:
    """Return what Force_MFA exempts with every choice that exempts something."""
    widest = Choices(password_change_without_mfa=True, quiet_console=True)
    enforcement = next(one for one in force_mfa(widest).statements if one.effect is Effect.DENY)
    return enforcement.action.values


def prove_enforcement(
    policies: Policies,
    user: User,
    now: datetime,
    exempt: Iterable[str] | None = None,
    *,
    later: bool = False,
) -> Enforcement:
    """Return whether no request without MFA is allowed outside the exempt list.

    Args:
        policies: as attached to the user.
        user: whose requests.
        now: the earliest time of a request.
        exempt: patterns of actions; `expected_exempt()` if not given.
        later: ask also about whatever identity-based policies may be attached later.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    question = enforcement_question(policies, user, now, exempt, later=later)
    direct = never(question)
    if not tells_services_apart(policies):
        return Enforcement(direct, None)
    return Enforcement(direct, never(via_service(question)))


def enforcement_question(
    policies: Policies,
    user: User,
    now: datetime,
    exempt: Iterable[str] | None = None,
    *,
    later: bool = False,
) -> Question:
    """Return what `gate_shut` asks of direct calls; the arguments are the same."""
    if later:
        left = denials(policies)
        policies = replace(left, identity=(*left.identity, EVERYTHING))
    return _question(policies, user, now, expected_exempt() if exempt is None else exempt)


def denials(policies: Policies) -> Policies:
    """Return what of a user's policies matters whatever identity-based policies are attached later.

    Of the identity-based ones that is what they deny: all that they allow can be allowed anyway.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    check_policies(PolicyKind.IDENTITY, policies.identity)
    left = ((each.name, denying(each.document)) for each in policies.identity)
    identity = tuple(AttachedPolicy(name, document) for name, document in left if document)
    return replace(policies, identity=identity)


def denying(document: Document) -> Document | None:
    """Return a document with its Deny statements alone; None if it has none."""
    statements = tuple(each for each in document.statements if each.effect is Effect.DENY)
    return replace(document, statements=statements) if statements else None


def via_service(question: Question) -> Question:
    """Return a question about MFA enforcement for calls by AWS services on the user's behalf."""
    return replace(question, held=_VIA_SERVICE)


def exempt_list(
    policies: Policies, user: User, now: datetime, assumptions: Assumptions | None = None
) -> tuple[Item, ...] | Unknown:
    """Return every real action that works without MFA, directly called, and how.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    question = _question(policies, user, now, ())
    try:
        return items_of(replace(question, assumptions=assumptions or Assumptions()))
    except Limit as limit:
        return Unknown(limit.reason)


def _question(policies: Policies, user: User, now: datetime, exempt: Iterable[str]) -> Question:
    outside = Element((*exempt, *SERVICE_EXEMPT))
    within = Within(actions=((outside, False),))
    return Question(user, now, _DIRECT, allowed=policies, within=within)
