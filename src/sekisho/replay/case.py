"""The caller and the situation of a call: everything that a judgement depends on but the call."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace

from sekisho.engine import Assumptions, Context, Decider, Request
from sekisho.engine.matching import Scope, TrackedAssumptions, caller_of, conditions
from sekisho.lazy import dataclass
from sekisho.replay.binding import Binding, Bound, NotBound
from sekisho.replay.caller import TrailCaller, caller_of_event
from sekisho.replay.context import (
    AGE,
    MFA,
    Call,
    Facts,
    is_always_read,
    names_caller,
    read_facts,
    with_same,
)
from sekisho.replay.difference import Difference
from sekisho.replay.event import Column, TrailEvent
from sekisho.replay.outcome import OutcomeReason
from sekisho.signin import AwsLoginMfa, HolderKind, RoleSessionMfa, SigninAssumptions


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """The points that AWS does not document."""

    assumptions: Assumptions = field(default_factory=Assumptions)
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)


@dataclass(frozen=True, slots=True)
class Judging:
    """The input of a judgement: the binding, the columns that were read, and the decider."""

    binding: Binding
    columns: frozenset[Column]
    settings: JudgeSettings
    decider: Decider


ROLE_SESSION_MFA, ASSUME_ROLE_SEES_MFA = "role_session_mfa", "assume_role_sees_mfa"
AWS_LOGIN_MFA, AWS_INTERNAL_SEES_MFA = "aws_login_mfa", "aws_internal_sees_mfa"
"""The names of the assumptions on sign-in that the facts of a call may rest on."""

OF_CALLER = (
    Column.TYPE,
    Column.CATEGORY,
    Column.RECIPIENT,
    Column.IDENTITY,
    Column.ACCOUNT,
    Column.PRINCIPAL,
    Column.INVOKED_BY,
)
"""The columns that identify the caller."""

OF_CREDENTIALS = (
    Column.KEY_ID,
    Column.MFA,
    Column.INVOKED_BY,
    Column.SIGN_IN_SESSION,
    Column.CALL_MFA,
)
"""The columns among those always present that identify the credentials."""


@dataclass(frozen=True, slots=True)
class CallCase:
    """The input of the policies.

    Attributes:
        gap: whether some policy of the caller's was not read.
        arns: see `Bound`.
        of_network: whether only a VPC endpoint's record of the call is there.
        otherwise: the facts under the other setting of `assumption`, where they can differ.
        assumption: the one about sign-in that they rest on: `role_session_mfa`; of a user who gave
            a code with the call `assume_role_sees_mfa`, of one's session of `aws login`
            `aws_login_mfa`, and of what AWS itself calls for one with MFA
            `aws_internal_sees_mfa`.
    """

    caller: TrailCaller
    changes: Difference
    facts: Facts
    gap: bool = False
    otherwise: Facts | None = None
    assumption: str = ""
    arns: Mapping[str, str] = field(default_factory=dict)
    of_network: bool = False

    def identity(self, assumptions: Assumptions) -> tuple[object, ...]:
        """Return the key of equal cases: it has only facts that statements distinguish.

        The caller's own name matters only to the ownership of a resource.
        """
        caller = self.caller if self.changes.resources else self.caller.kind
        facts, known = self.facts, self._condition_outcomes(assumptions)
        unknown = frozenset(facts.unknown.items())
        # of a role it follows from the rest; a user's session with MFA, one of `aws login` and a
        # call with a code have the same facts, and rest on no assumption, or on another one
        other = None
        if self.otherwise and not self._is_role:
            other = self.assumption, self.otherwise.identity
        how = (self.gap, self.of_network)
        return (caller, how, id(self.changes), known, unknown, facts.oldest, other)

    @property
    def _is_role(self) -> bool:
        return self.caller.kind is HolderKind.ROLE

    def _condition_outcomes(self, assumptions: Assumptions) -> object:
        """Return the results of the conditions, or the values if results are not sufficient."""
        values = frozenset(self.facts.values.items())
        if not self.changes.conditions_say_all:
            return values
        request = Request(principal_of(self.caller), _ANY_ACTION, "*", Context(self.facts.values))
        tracked = TrackedAssumptions(assumptions)
        scope = Scope(request, caller_of(request, bounded=False), None, tracked)
        found = tuple(
            conditions.holds(condition, scope._replace(version=version))
            for condition, version in self.changes.conditions
        )
        # assumptions are reported for each value separately
        return values if tracked.names_used else found


_ANY_ACTION = "none:Any"


def principal_of(caller: TrailCaller) -> str:
    """Return the principal of the request, as exact as policies without principals need it."""
    start = f"arn:{caller.partition}"
    if caller.kind is HolderKind.FEDERATED:
        return f"{start}:sts::{caller.account}:federated-user/session"
    return caller.arn or f"{start}:iam::{caller.account}:role/{caller.name}"


Case = CallCase | OutcomeReason
"""The input of the policies, or the reason why they are not asked."""

FindDifference = Callable[[Bound, TrailCaller], Difference]


@dataclass(frozen=True, slots=True)
class BoundCaller:
    """A caller with policies in question.

    Attributes:
        keys: the condition keys that matter, in lower case.
        of_network: as in `CallCase`.
    """

    caller: TrailCaller
    bound: Bound
    changes: Difference
    keys: frozenset[str]
    of_network: bool = False

    @property
    def identity(self) -> object:
        """Return the key of equal callers: it has only facts that statements or keys separate."""
        caller: object = self.caller.kind
        if self.changes.resources or names_caller(self.keys):
            caller = self.caller, id(self.bound)
        return caller, self.bound.gap is not None, self.of_network, id(self.changes)


def bound_caller(
    event: TrailEvent, judging: Judging, find: FindDifference
) -> BoundCaller | OutcomeReason:
    """Return the caller, or the reason why no policies count; by the columns `OF_CALLER` alone."""
    caller = caller_of_event(event)
    if isinstance(caller, OutcomeReason):
        unnamed = caller is OutcomeReason.CALLER and event.from_elsewhere
        return _of_owner(judging.binding.is_about(event.account or "")) if unnamed else caller
    bound = judging.binding.of(caller)
    if isinstance(bound, NotBound) and (not event.from_elsewhere or bound.reason in _NOT_KNOWN):
        return bound.reason
    if isinstance(bound, NotBound) or event.from_elsewhere:
        return _of_owner(isinstance(bound, Bound))
    changes = find(bound, caller)
    keys = with_same((*changes.keys, *filter(is_always_read, changes.denied_keys)))
    return BoundCaller(caller, bound, changes, keys, event.of_network)


_NOT_KNOWN = frozenset({OutcomeReason.POLICIES, OutcomeReason.SEEN_SINCE})


def _of_owner(may_be_bound: bool) -> OutcomeReason:
    """Return the reason for a call of which only another account has a record."""
    return OutcomeReason.OWNERS_RECORD if may_be_bound else OutcomeReason.OTHER_ACCOUNT


def asked_with(bound: BoundCaller, event: TrailEvent, judging: Judging) -> CallCase:
    """Return the input of the policies for a caller's call."""
    call = Call(event, bound.caller, bound.bound.tags, judging.settings.signin)
    facts = read_facts(call, bound.keys, judging.columns)
    otherwise = None
    assumption = _assumption(call)
    if assumption and not bound.keys.isdisjoint((MFA, AGE)):
        other = replace(call, signin=_TURNED[assumption](call.signin))
        otherwise = read_facts(other, bound.keys, judging.columns)
    gap, arns = bound.bound.gap is not None, bound.bound.arns
    return CallCase(
        bound.caller, bound.changes, facts, gap, otherwise, assumption, arns, bound.of_network
    )


def _assumption(call: Call) -> str:
    """Return the assumption on which the facts about a call's MFA rest; "" if there is none."""
    if call.caller.kind is HolderKind.ROLE:
        return ROLE_SESSION_MFA
    if call.own and call.event.with_code:
        return ASSUME_ROLE_SEES_MFA
    if call.by_aws_internal:
        return AWS_INTERNAL_SEES_MFA
    return AWS_LOGIN_MFA if call.by_login else ""


def _code_turned(signin: SigninAssumptions) -> SigninAssumptions:
    return replace(signin, assume_role_sees_mfa=not signin.assume_role_sees_mfa)


def _role_turned(signin: SigninAssumptions) -> SigninAssumptions:
    absent = signin.role_session_mfa is RoleSessionMfa.ABSENT
    other = RoleSessionMfa.FALSE if absent else RoleSessionMfa.ABSENT
    return replace(signin, role_session_mfa=other)


def _login_turned(signin: SigninAssumptions) -> SigninAssumptions:
    absent = signin.aws_login_mfa is AwsLoginMfa.ABSENT
    other = AwsLoginMfa.AS_CONSOLE if absent else AwsLoginMfa.ABSENT
    return replace(signin, aws_login_mfa=other)


def _internal_turned(signin: SigninAssumptions) -> SigninAssumptions:
    return replace(signin, aws_internal_sees_mfa=not signin.aws_internal_sees_mfa)


_TURNED: Mapping[str, Callable[[SigninAssumptions], SigninAssumptions]] = {
    ROLE_SESSION_MFA: _role_turned,
    ASSUME_ROLE_SEES_MFA: _code_turned,
    AWS_LOGIN_MFA: _login_turned,
    AWS_INTERNAL_SEES_MFA: _internal_turned,
}
