"""Is MFA enforced: does a request without MFA pass that is for no exempt action?

`sts:GetSessionToken` and `sts:GetCallerIdentity` answer whatever a policy says; they are named
apart and never part of the question.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sekisho.engine import Assumptions, AttachedPolicy, Context, Policies, check_policies
from sekisho.policy import (
    Choices,
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    PolicyKind,
    Version,
    force_mfa,
)
from sekisho.prover.questions.answers import ActionGroup, items_of
from sekisho.prover.search import reasons
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.limits import Effort, LimitReached
from sekisho.prover.search.requests import prove_none
from sekisho.prover.values.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    values_for,
)
from sekisho.prover.values.credentials import CallerCredential, CallingUser
from sekisho.prover.values.policies import EVERYTHING, every, tells_services_apart
from sekisho.prover.verdict import Unknown, Verdict

SERVICE_EXEMPT = ("sts:GetSessionToken", "sts:GetCallerIdentity")
"""What no policy can deny."""

_DIRECT = (CallerCredential.KEY, CallerCredential.SESSION)
_VIA_SERVICE = (CallerCredential.KEY_VIA_SERVICE, CallerCredential.SESSION_VIA_SERVICE)


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
    user: CallingUser,
    now: datetime,
    exempt: Iterable[str] | None = None,
    *,
    later: bool = False,
) -> Enforcement:
    """Return whether no request without MFA passes but the exempt actions.

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
    direct = prove_none(question)
    if not tells_services_apart(policies):
        return Enforcement(direct, None)
    return Enforcement(direct, prove_none(via_service(question)))


def enforcement_question(
    policies: Policies,
    user: CallingUser,
    now: datetime,
    exempt: Iterable[str] | None = None,
    *,
    later: bool = False,
) -> Question:
    """Return what `prove_enforcement` asks of direct calls; the arguments are the same."""
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
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> tuple[ActionGroup, ...] | Unknown:
    """Return every real action that works without MFA, directly called, and how.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    question = _question(policies, user, now, ())
    try:
        return items_of(replace(question, assumptions=assumptions or Assumptions()))
    except LimitReached as limit:
        return Unknown(limit.reason)


def _question(
    policies: Policies, user: CallingUser, now: datetime, exempt: Iterable[str]
) -> Question:
    outside = Element((*exempt, *SERVICE_EXEMPT))
    within = Restriction(actions=((outside, False),))
    return Question(user, now, _DIRECT, allowed=policies, within=within)


MFA_PRESENT = "aws:MultiFactorAuthPresent"
"""The key, as AWS spells it."""

_KNOWN = ("true", "false")
_APART = VersionedCondition(
    Condition(Operator(OperatorName.STRING_EQUALS_IGNORE_CASE), MFA_PRESENT, _KNOWN), Version.V2012
)
_SPLIT = frozenset({OperatorFamily.TEXT, OperatorFamily.BOOLEAN, OperatorFamily.PRESENCE})


def for_other_values(question: Question) -> tuple[Question, ...] | Unknown:
    """Return a question for each value other than true and false that the policies tell apart.

    Args:
        question: about policies that must be given as `allowed`.
    """
    try:
        values = _values(question)
    except LimitReached as limit:
        return Unknown(limit.reason)
    return tuple(
        replace(question, user=_with(question.user, value), held=(CallerCredential.HYPOTHETICAL,))
        for value in values
        if value.lower() not in _KNOWN
    )


def _values(question: Question) -> list[str]:
    """Return values of the key, one for each way in which the conditions can come out."""
    asked = [each for each in _conditions(question) if each.condition.key.lower() == _KEY]
    if not {family_of(each.condition.operator.name) for each in asked} <= _SPLIT:
        raise LimitReached(reasons.MFA_NOT_BOOLEAN.filled(key=MFA_PRESENT))
    texts = [
        each for each in asked if family_of(each.condition.operator.name) is OperatorFamily.TEXT
    ]
    values, exact = values_for([*texts, _APART], Context(), question.now, Effort())
    if not exact:
        raise LimitReached(reasons.MFA_BEYOND_ASCII.filled(key=MFA_PRESENT))
    return values


_KEY = MFA_PRESENT.lower()


def _with(user: CallingUser, value: str) -> CallingUser:
    return replace(user, known={**user.known, MFA_PRESENT: value})


def _conditions(question: Question) -> Iterator[VersionedCondition]:
    assert question.allowed is not None  # noqa: S101 - the caller's part
    for policy in every(question.allowed):
        for statement in policy.document.statements:
            for condition in statement.conditions:
                yield VersionedCondition(condition, policy.document.version)


_WITH_MFA = (CallerCredential.MFA_SESSION,)


def allowed_with_mfa(
    policies: Policies,
    user: CallingUser,
    now: datetime,
    besides: Iterable[str],
    *,
    later: bool = False,
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


def lost_with_mfa(before: Policies, after: Policies, user: CallingUser, now: datetime) -> Question:
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
    held: tuple[CallerCredential, ...] = _WITH_MFA
    if tells_services_apart(before) or tells_services_apart(after):
        held += (CallerCredential.MFA_VIA_SERVICE,)
    deniable = Restriction(actions=((Element(SERVICE_EXEMPT), False),))
    return Question(user, now, held, allowed=before, denied=after, within=deniable)
