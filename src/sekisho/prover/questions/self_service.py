"""Two properties of enforcement and what stands beside it: nothing is lost, and no reach too far.

*The MFA enforcement's statements* are those with Deny and a condition on
`aws:MultiFactorAuthPresent` or
`aws:MultiFactorAuthAge`, in whatever policy they stand. *Self-service statements* are those with
Allow whose resources, not just `*`, can be `user/…` or `mfa/…` in IAM, or whose `NotResource` names
such.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sekisho.engine import Policies
from sekisho.engine.matching import Wild, arns, glob, variables
from sekisho.policy import Effect, Element, OperatorName, Statement
from sekisho.prover.questions.enforcement import SERVICE_EXEMPT
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.values.conditions import VersionedCondition
from sekisho.prover.values.credentials import CallerCredential, CallingUser
from sekisho.prover.values.policies import every, tells_services_apart, those, with_only
from sekisho.prover.values.resources import NO_USERS
from sekisho.prover.values.texts import Machine
from sekisho.prover.verdict import Proved

_PRESENT = "aws:multifactorauthpresent"
_AGE = "aws:multifactorauthage"
_TOO_OLD = (OperatorName.NUMERIC_GREATER_THAN, OperatorName.NUMERIC_GREATER_THAN_EQUALS)
_WITH_MFA = (CallerCredential.MFA_SESSION,)
_WITH_MFA_VIA_SERVICE = (CallerCredential.MFA_VIA_SERVICE,)
_DIRECT = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)
_VIA_SERVICE = (
    CallerCredential.KEY_VIA_SERVICE,
    CallerCredential.SESSION_VIA_SERVICE,
    CallerCredential.MFA_VIA_SERVICE,
)
_OF_A_USER = ("user/", "mfa/")
_OF_IAM = Element(("iam:*",))


def nothing_lost(policies: Policies, user: CallingUser, now: datetime) -> Question:
    """Return the question whether the enforcing statements take anything from a caller with MFA.

    Where they deny an MFA that is too old, those sessions are asked about that are young enough for
    all of them; where none can be, all.

    Args:
        policies: as attached to the user.
        user: whose requests.
        now: the earliest time of a request.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    held: tuple[CallerCredential, ...] = _WITH_MFA
    if tells_services_apart(policies):
        held += _WITH_MFA_VIA_SERVICE
    deniable = Restriction(actions=((Element(SERVICE_EXEMPT), False),))
    young = replace(deniable, conditions=tuple((asked, False) for asked in _ages(policies)))
    if young.conditions and isinstance(prove_none(Question(user, now, held, within=young)), Proved):
        young = deniable
    without_enforcement = with_only(policies, lambda statement: not _is_of_enforcement(statement))
    return Question(user, now, held, allowed=without_enforcement, denied=policies, within=young)


def own_things_only(policies: Policies, user: CallingUser, now: datetime) -> Question:
    """Return the question whether a self-service statement reaches another user of the account.

    Whatever denies in the policies still denies. Arguments are those of `nothing_lost`.
    """
    held = (*_DIRECT, *_VIA_SERVICE) if tells_services_apart(policies) else _DIRECT
    allowed = replace(
        policies,
        identity=those(
            policies.identity, lambda one: one.effect is Effect.DENY or _is_self_service(one)
        ),
    )
    users = f"arn:{user.partition}:iam::{user.account}:user/"
    # a name is there once in an account, whatever the path; and none has a `$`
    own = (user.arn, f"{users}{user.name}", f"{users}*/{user.name}", f"{users}*$*")
    nobody = (f"{users}{each}" for each in NO_USERS)
    within = Restriction(
        actions=((_OF_IAM, True),),
        resources=((Element((f"{users}*",)), True), (Element((*own, *nobody)), False)),
    )
    return Question(user, now, held, allowed=allowed, within=within)


def has_self_service(policies: Policies) -> bool:
    """Tell whether there is a self-service statement at all."""
    return any(
        _is_self_service(statement)
        for policy in policies.identity
        for statement in policy.document.statements
    )


def _is_of_enforcement(statement: Statement) -> bool:
    keys = {condition.key.lower() for condition in statement.conditions}
    return statement.effect is Effect.DENY and not keys.isdisjoint((_PRESENT, _AGE))


def _is_self_service(statement: Statement) -> bool:
    resource = statement.resource
    if statement.effect is not Effect.ALLOW or resource is None:
        return False
    # also a `NotResource`: it is about users, and reaches all but these
    return any(map(_can_be_a_user, resource.values))


def _can_be_a_user(entry: str) -> bool:
    """Tell whether an entry other than `*` can match the ARN of a user or an MFA device."""
    parts = arns.split(entry)
    # a short entry is completed with `*`
    parts = (*parts, *("*",) * (arns.PARTS - len(parts)))
    if entry == "*" or not glob.like(parts[2].lower(), "iam"):
        return False
    tail = [
        each if isinstance(each, str | Wild) else Wild.STAR for each in variables.read(parts[-1])
    ]
    return any(_can_start(tail, start) for start in _OF_A_USER)


def _can_start(pattern: Sequence[str | Wild], start: str) -> bool:
    """Tell whether a pattern matches some text that begins with `start` and goes on."""
    machine = Machine([pattern])
    state = machine.run(start)
    return bool(state & ~machine.accepting) or machine.certain(state)


def _ages(policies: Policies) -> Iterator[VersionedCondition]:
    """Yield the conditions in the MFA enforcement's statements by which an MFA is too old."""
    for policy in every(policies):
        for statement in filter(_is_of_enforcement, policy.document.statements):
            for condition in statement.conditions:
                if condition.key.lower() == _AGE and condition.operator.name in _TOO_OLD:
                    yield VersionedCondition(condition, policy.document.version)
