"""The questions on MFA: is it enforced, is no permission lost, is self-service limited to the user?

*Enforced*: no request without MFA passes except the exempt actions, even if other identity-based
policies are attached later. Only Denies, a permissions boundary, a session policy or a service
control policy can enforce it. That *nothing is allowed* without MFA is weaker: it holds for the
current policies, and a later one may allow more. It is asked only where MFA is not enforced.

`sts:GetSessionToken` and `sts:GetCallerIdentity` work regardless of policies; they are listed
separately and never part of the question. Nor is the console's own sign-in: it is no call, and the
session that it grants has no MFA either way. AWS does not document the resource of its evaluation:
it is `CONSOLE_ACTIONS` on any resource except those of other clients.

*The MFA enforcement's statements* are the Denies with a condition on
`aws:MultiFactorAuthPresent` or `aws:MultiFactorAuthAge`, in any policy.
*Self-service statements* are the Allows whose resources, not just `*`, can be `user/…` or
`mfa/…` in IAM, or whose `NotResource` has such an entry.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import assert_never

from sekisho.engine import Assumptions, AttachedPolicy, Context, Policies, check_policies
from sekisho.engine.matching import Wild, arns, glob, variables
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import (
    CONSOLE_ACTIONS,
    Choices,
    Effect,
    Element,
    OperatorName,
    PolicyKind,
    Statement,
    force_mfa,
    from_json,
)
from sekisho.prover.questions.certified import (
    OWN_CALLS,
    SERVICE_CALLS,
    EnforcementCertifier,
    prove_or_search,
)
from sekisho.prover.questions.federation import with_federation
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    condition_on,
    family_of,
    values_for,
)
from sekisho.prover.reading.credentials import CallerCredential, CallingUser
from sekisho.prover.reading.policies import (
    ALLOW_EVERYTHING,
    conditions_in,
    distinguishes_logins,
    distinguishes_services,
    handled_policies,
    keep_statements,
    only_denials,
    policies_of_statements,
)
from sekisho.prover.reading.resources import NO_USERS
from sekisho.prover.search.answers import (
    ActionGroup,
    Conclusion,
    QuestionAnswer,
    combine_verdicts,
    conclude,
    items_of,
    merge_items,
)
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Proved, Refuted, Unknown, Verdict
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import Budget, LimitReached
from sekisho.prover.solver.texts import Machine

ENFORCEMENT = "enforcement"
"""The id of the question whether MFA is enforced."""

NOTHING_ALLOWED = "nothing-allowed"
"""The id of the question whether nothing is allowed without MFA under the current policies."""

OTHER_VALUES = "enforcement-other-values"
"""The id of the question about values of the MFA key that no credential brings."""


class Enforced(StrEnum):
    """The answers to whether MFA is enforced, for a user, a role or a set of policies."""

    PROVED = "proved"
    NOTHING_ALLOWED = "nothing allowed without MFA"
    """Nothing is allowed under the current policies; MFA is not enforced."""
    REFUTED = "refuted"
    TODAY_UNKNOWN = "not enforced, today unknown"
    """MFA is not enforced; whether the current policies allow anything is not known."""
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, later: Verdict, today: Verdict) -> "Enforced":
        """Return the answer that follows from two verdicts.

        Args:
            later: whether no request without MFA passes, whatever is attached later.
            today: whether none does as the policies are.
        """
        match (later, today):
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
    """Return the answer on MFA enforcement over all ways to call; None if it was not asked.

    Args:
        answers: of a report, as `distinct_answers` leaves them.
    """
    of_enforcement = [each for each in answers if each.id in (ENFORCEMENT, NOTHING_ALLOWED)]
    later = [each for each in of_enforcement if each.id == ENFORCEMENT]
    if not later:
        return None
    # an enforced answer, or one refuted by a request allowed now, applies to both
    today = {each.calls: each.conclusion.verdict for each in of_enforcement}
    return Enforced.of(
        combine_verdicts([each.conclusion.verdict for each in later]),
        combine_verdicts([*today.values()]),
    )


def distinct_answers(answers: Sequence[QuestionAnswer]) -> Iterator[QuestionAnswer]:
    """Yield the answers; whether nothing is allowed only where it says more.

    If MFA is enforced, nothing is allowed. If a request is allowed already, MFA is not enforced,
    and that request is better evidence than a possible one.
    """
    today = {each.calls: each for each in answers if each.id == NOTHING_ALLOWED}
    for answer in answers:
        other = today.get(answer.calls) if answer.id == ENFORCEMENT else None
        if other is None:
            if answer.id != NOTHING_ALLOWED:
                yield answer
            continue
        later, present = answer.conclusion.verdict, other.conclusion.verdict
        match (later, present):
            case (Proved(), _) | (Unknown(), Unknown()):
                yield answer
            case (_, Refuted()):
                names = dict.fromkeys((*other.conclusion.assumed, *answer.conclusion.assumed))
                yield replace(answer, conclusion=Conclusion(present, tuple(names)))
            case _:
                yield replace(answer, later=True)
                yield other


SERVICE_EXEMPT = ("sts:GetSessionToken", "sts:GetCallerIdentity")
"""Actions that no policy can deny."""

# sessions first: users with a password or a key can get one, and not everybody has a key
WITHOUT_MFA = (CallerCredential.SESSION, CallerCredential.KEY)
_OF_LOGIN = (CallerCredential.LOGIN_KEYLESS,)
WITHOUT_MFA_VIA_SERVICE = (CallerCredential.SESSION_VIA_SERVICE, CallerCredential.KEY_VIA_SERVICE)
WITH_MFA = (CallerCredential.MFA_SESSION,)
WITH_MFA_VIA_SERVICE = (CallerCredential.MFA_VIA_SERVICE,)
DIRECT = (*WITHOUT_MFA, *WITH_MFA)
"""The credentials of all calls that a user makes directly."""
VIA_SERVICE = (*WITHOUT_MFA_VIA_SERVICE, *WITH_MFA_VIA_SERVICE)
"""The credentials of all calls that a service makes on a user's behalf."""


@dataclass(frozen=True, slots=True)
class Enforcement:
    """The verdicts on whether MFA is enforced.

    Attributes:
        direct: for calls that the user makes.
        via_service: for calls that AWS services make on the user's behalf; None where the policies
            make no difference between the two.
    """

    direct: Verdict
    via_service: Verdict | None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on direct calls and, if it was asked, on calls by services."""
        return (self.direct,) if self.via_service is None else (self.direct, self.via_service)


@cache
def expected_exempt() -> tuple[str, ...]:
    """Return the exempt actions of Force_MFA with every choice that exempts something."""
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
    """Return the verdicts on whether without MFA only the exempt actions are allowed.

    Args:
        policies: the policies that are attached to the user.
        user: the user whose requests are meant.
        now: the earliest time of a request.
        exempt: patterns of actions; `expected_exempt()` if not given.
        later: ask also about whatever identity-based policies may be attached later.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    exempt = expected_exempt() if exempt is None else tuple(exempt)
    question = enforcement_question(policies, user, now, exempt, later=later)
    certifier = EnforcementCertifier(policies, user, exempt, now, later=later)
    find = partial(certifier.find, OWN_CALLS)
    direct = prove_or_search(find, lambda: conclude(with_federation(question))).verdict
    if not distinguishes_services(policies):
        return Enforcement(direct, None)
    find = partial(certifier.find, SERVICE_CALLS)
    by_services = via_service(question)
    of_services = prove_or_search(find, lambda: conclude(with_federation(by_services)))
    return Enforcement(direct, of_services.verdict)


def enforcement_question(
    policies: Policies,
    user: CallingUser,
    now: datetime,
    exempt: Iterable[str] | None = None,
    *,
    later: bool = False,
) -> Question:
    """Return the question of `prove_enforcement` about direct calls; the arguments are the same."""
    if later:
        left = denials(policies)
        policies = replace(left, identity=(*left.identity, ALLOW_EVERYTHING))
    return _question(policies, user, now, expected_exempt() if exempt is None else exempt)


def denials(policies: Policies) -> Policies:
    """Return the policies that still decide if other identity-based policies are attached later.

    Of the identity-based policies only the Denies are kept: all they allow may be allowed anyway.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    check_policies(PolicyKind.IDENTITY, policies.identity)
    left = ((each.name, only_denials(each.document)) for each in policies.identity)
    identity = tuple(AttachedPolicy(name, document) for name, document in left if document)
    return replace(policies, identity=identity)


def via_service(question: Question) -> Question:
    """Return a question about MFA enforcement for calls by AWS services on the user's behalf."""
    return replace(question, credentials=WITHOUT_MFA_VIA_SERVICE)


def exempt_list(
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> tuple[ActionGroup, ...] | Unknown:
    """Return every real action that is allowed without MFA in direct calls, and how.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    question = _question(policies, user, now, (), console=True)
    try:
        question = replace(question, assumptions=assumptions or Assumptions())
        asked = with_federation(question, listed=True)
        own, *others = (items_of(each) for each in asked)
        # of the sessions that a user makes only what the user may not do anyway
        known = {action for item in own for action in item.actions}
        further = [[one for one in each if not known >= {*one.actions}] for each in others]
        return merge_items([own, *further], [each.user for each in asked])
    except LimitReached as limit:
        return Unknown(limit.reason)


def _question(
    policies: Policies,
    user: CallingUser,
    now: datetime,
    exempt: Iterable[str],
    *,
    console: bool = False,
) -> Question:
    """Return the question; `console` tells whether it is also about the console's own sign-in."""
    outside = Element((*exempt, *SERVICE_EXEMPT))
    if not console:
        policies = replace(policies, identity=(*policies.identity, _CONSOLE_SIGN_IN))
    within = Restriction(actions=((outside, False),))
    ways = without_mfa(policies, WITHOUT_MFA)
    return Question(user, now, ways, allowed=policies, restriction=within)


def without_mfa(
    policies: Policies, credentials: tuple[CallerCredential, ...]
) -> tuple[CallerCredential, ...]:
    """Return ways to call without MFA, with a session of `aws login` if it may differ.

    With the keys of MFA it is one of the sessions; whether it has them is not documented.
    """
    direct = CallerCredential.KEY in credentials
    return (*credentials, *_OF_LOGIN) if direct and distinguishes_logins(policies) else credentials


_CONSOLE_SIGN_IN = AttachedPolicy(
    "the console's own sign-in",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Action": [*CONSOLE_ACTIONS],
                "NotResource": [
                    "arn:*:signin:*:*:oauth2/public-client/*",
                    "arn:*:signin:*:*:service-principal/*",
                ],
            },
        }
    ),
)
"""Denies requests that no credential can sign, so that they are not asked about; decision 0020."""

MFA_PRESENT = "aws:MultiFactorAuthPresent"
"""The key, as AWS spells it."""

_KNOWN = ("true", "false")
_APART = condition_on(OperatorName.STRING_EQUALS_IGNORE_CASE, MFA_PRESENT, *_KNOWN)
_SPLIT = frozenset({OperatorFamily.TEXT, OperatorFamily.BOOLEAN, OperatorFamily.PRESENCE})


def for_other_values(question: Question) -> tuple[Question, ...] | Unknown:
    """Return a question for each value other than true and false that the policies distinguish.

    Args:
        question: about policies that must be given as `allowed`.
    """
    try:
        values = _values(question)
    except LimitReached as limit:
        return Unknown(limit.reason)
    user, hypothetical = question.user, (CallerCredential.HYPOTHETICAL,)
    users = (
        replace(user, known_values={**user.known_values, MFA_PRESENT: value})
        for value in values
        if value.lower() not in _KNOWN
    )
    return tuple(replace(question, user=each, credentials=hypothetical) for each in users)


def _values(question: Question) -> list[str]:
    """Return values of the key, one for each combination of results of the conditions on it."""
    every = conditions_in(question.allowed or Policies())
    key_conditions = [each for each in every if each.condition.key.lower() == _KEY]
    if not {family_of(each.condition.operator.name) for each in key_conditions} <= _SPLIT:
        raise LimitReached(reasons.MFA_NOT_BOOLEAN.filled(key=MFA_PRESENT))
    texts = [
        each
        for each in key_conditions
        if family_of(each.condition.operator.name) is OperatorFamily.TEXT
    ]
    values, exact = values_for([*texts, _APART], Context(), question.now, Budget())
    if not exact:
        raise LimitReached(reasons.MFA_BEYOND_ASCII.filled(key=MFA_PRESENT))
    return values


_KEY = MFA_PRESENT.lower()


def allowed_with_mfa(
    policies: Policies,
    user: CallingUser,
    now: datetime,
    excluded_actions: Iterable[str],
    *,
    later: bool = False,
) -> Question:
    """Return the question whether a session with MFA is allowed any action.

    Args:
        policies: the policies that are attached to the user.
        user: the user whose requests are meant.
        now: the earliest time of a request.
        excluded_actions: patterns of actions that are not asked about.
        later: ask of whatever identity-based policies may be attached later.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    question = enforcement_question(policies, user, now, excluded_actions, later=later)
    return replace(question, credentials=WITH_MFA)


def lost_with_mfa(before: Policies, after: Policies, user: CallingUser, now: datetime) -> Question:
    """Return the question whether a session with MFA loses something that it was allowed.

    Args:
        before: the policies of the user as they are.
        after: as they will be.
        user: the user whose requests are meant.
        now: the earliest time of a request.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    new = tuple(each for each in after.identity if each not in before.identity)
    contained = all(each in after.identity for each in before.identity)
    if contained and replace(before, identity=()) == replace(after, identity=()):
        # a caller that keeps every Allow loses only newly denied requests
        denied = denials(Policies(identity=new))
        after = replace(denied, identity=(*denied.identity, ALLOW_EVERYTHING))
    credentials: tuple[CallerCredential, ...] = WITH_MFA
    if distinguishes_services(before) or distinguishes_services(after):
        credentials += (CallerCredential.MFA_VIA_SERVICE,)
    deniable = Restriction(actions=((Element(SERVICE_EXEMPT), False),))
    return Question(user, now, credentials, allowed=before, denied=after, restriction=deniable)


_AGE = "aws:multifactorauthage"
_TOO_OLD = (OperatorName.NUMERIC_GREATER_THAN, OperatorName.NUMERIC_GREATER_THAN_EQUALS)
_OF_A_USER = ("user/", "mfa/")
_OF_IAM = Element(("iam:*",))


def nothing_lost(policies: Policies, user: CallingUser, now: datetime) -> Question:
    """Return the question whether the enforcing statements deny anything to callers with MFA.

    If the statements deny an MFA that is too old, the question is about sessions that are young
    enough for all of them; if no session can be, about all sessions.

    Args:
        policies: the policies that are attached to the user.
        user: the user whose requests are meant.
        now: the earliest time of a request.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    credentials: tuple[CallerCredential, ...] = WITH_MFA
    if distinguishes_services(policies):
        credentials += WITH_MFA_VIA_SERVICE
    deniable = Restriction(actions=((Element(SERVICE_EXEMPT), False),))
    young = replace(deniable, conditions=tuple((asked, False) for asked in _ages(policies)))
    if young.conditions and isinstance(
        prove_none(Question(user, now, credentials, restriction=young).in_catalogue), Proved
    ):
        young = deniable
    without_enforcement = policies_of_statements(
        policies, lambda statement: not _is_of_enforcement(statement)
    )
    return Question(
        user, now, credentials, allowed=without_enforcement, denied=policies, restriction=young
    )


def own_things_only(policies: Policies, user: CallingUser, now: datetime) -> Question:
    """Return the question whether a self-service statement reaches another user of the account.

    The policies' Denies still apply. The arguments are those of `nothing_lost`.
    """
    credentials = (*DIRECT, *VIA_SERVICE) if distinguishes_services(policies) else DIRECT
    allowed = replace(
        policies,
        identity=keep_statements(
            policies.identity, lambda one: one.effect is Effect.DENY or _is_self_service(one)
        ),
    )
    users = f"arn:{user.partition}:iam::{user.account}:user/"
    # a name is there once in an account, whatever the path; and none has a `$`
    own = (user.arn, f"{users}{user.name}", f"{users}*/{user.name}", f"{users}*$*")
    nobody = (f"{users}{each}" for each in NO_USERS)
    restriction = Restriction(
        actions=((_OF_IAM, True),),
        resources=((Element((f"{users}*",)), True), (Element((*own, *nobody)), False)),
    )
    return Question(user, now, credentials, allowed=allowed, restriction=restriction)


def has_self_service(policies: Policies) -> bool:
    """Return whether there is any self-service statement."""
    return any(
        _is_self_service(statement)
        for policy in policies.identity
        for statement in policy.document.statements
    )


def _is_of_enforcement(statement: Statement) -> bool:
    keys = {condition.key.lower() for condition in statement.conditions}
    return statement.effect is Effect.DENY and not keys.isdisjoint((_KEY, _AGE))


def _is_self_service(statement: Statement) -> bool:
    resource = statement.resource
    if statement.effect is not Effect.ALLOW or resource is None:
        return False
    # also a `NotResource`: it is about users, and reaches all but these
    return any(map(_can_be_a_user, resource.values))


def _can_be_a_user(entry: str) -> bool:
    """Return whether an entry other than `*` can match the ARN of a user or an MFA device."""
    parts = arns.split(entry)
    # a short entry is completed with `*`
    parts = (*parts, *("*",) * (arns.PARTS - len(parts)))
    if entry == "*" or not glob.like(parts[2].lower(), "iam"):
        return False
    tail = [
        each if isinstance(each, str | Wild) else Wild.STAR for each in variables.read(parts[-1])
    ]
    machine = Machine([tail])
    # where the ARN begins so, it has to go on
    states = map(machine.run, _OF_A_USER)
    return any(
        state & ~machine.accepting or machine.accepts_every_suffix(state) for state in states
    )


def _ages(policies: Policies) -> Iterator[VersionedCondition]:
    """Yield the conditions in the MFA enforcement's statements that limit the age of MFA."""
    for policy in handled_policies(policies):
        for statement in filter(_is_of_enforcement, policy.document.statements):
            for condition in statement.conditions:
                if condition.key.lower() == _AGE and condition.operator.name in _TOO_OLD:
                    yield VersionedCondition(condition, policy.document.version)
