"""The decision: what every policy that applies says, and what follows from it.

`applicable_groups` tells which policies apply, `kinds_that_must_allow` which of their kinds must.
An explicit deny is final wherever it stands.

| page of the IAM User Guide | here |
|---|---|
| "How AWS enforcement code logic evaluates requests to allow or deny access" | `decide` |
| "Policy evaluation for requests within a single account" | `_within_account` |
| "Cross-account policy evaluation logic" | `_across_accounts` |
| "Evaluating identity-based policies with resource-based policies" | `_within_account` |
| "GetFederationToken", "AssumeRoot" | `_limits_of` |

How they are read: docs/semantics.md#1-the-order-of-evaluation and #2-principals.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from sekisho.engine.groups import (
    GroupReading,
    PolicyGroup,
    applicable_groups,
    assumes_role,
    groups,
    is_cross_account,
    read_group,
)
from sekisho.engine.matching import arns
from sekisho.engine.matching.caller import Caller, CallerKind, Scope, caller_of
from sekisho.engine.matching.principals import Closeness
from sekisho.engine.model.assumptions import (
    DEFAULTS,
    Assumptions,
    TrackedAssumptions,
    with_other_setting,
)
from sekisho.engine.model.caching import cached_by_identity
from sekisho.engine.model.evaluation import (
    Cause,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    ResourcePolicyKind,
)
from sekisho.engine.wellformed import check_policies, check_request
from sekisho.lazy import dataclass
from sekisho.policy import PolicyKind


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine as a `Decider`, with its assumptions set."""

    assumptions: Assumptions = DEFAULTS

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`; raises as `decide` does."""
        return decide(request, policies, self.assumptions)


def decide(request: Request, policies: Policies, assumptions: Assumptions = DEFAULTS) -> Decision:
    """Return the decision on `request` under `policies`, with its causes.

    Raises:
        FaultyRequest: if AWS could not receive the request.
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    caller, applying = caller_and_groups(request, policies)
    tracked = TrackedAssumptions(assumptions)
    decision = _evaluate(policies, Scope(request, caller, None, tracked), applying)
    mattered: list[str] = []
    for name in sorted(tracked.names_used):
        scope = Scope(
            request, caller, None, TrackedAssumptions(with_other_setting(assumptions, name))
        )
        if _evaluate(policies, scope, applying).effect is not decision.effect:
            mattered.append(name)
    return replace(decision, assumed=tuple(mattered)) if mattered else decision


def caller_and_groups(
    request: Request, policies: Policies
) -> tuple[Caller, tuple[PolicyGroup, ...]]:
    """Return the caller and the groups that apply, after checking that all can be read for certain.

    Raises:
        FaultyRequest: if AWS could not receive the request.
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    caller = caller_of(request, bounded=policies.boundaries is not None)
    check_request(request, policies, caller)
    return caller, applicable_groups(request, _checked_groups(policies), caller)


@cached_by_identity
def _checked_groups(policies: Policies) -> tuple[PolicyGroup, ...]:
    """Return the groups of the policies given, after checking that every document can be read."""
    given = groups(policies)
    for group in given:
        check_policies(group.kind, group.policies)
    return given


def _evaluate(policies: Policies, scope: Scope, applying: Iterable[PolicyGroup]) -> Decision:
    readings = [read_group(group, scope) for group in applying]
    # an explicit deny in any applicable policy is final
    denies = [reading for reading in readings if reading.denies]
    if denies:
        causes = tuple(cause for reading in denies for cause in reading.denied_by())
        return Decision(DecisionEffect.EXPLICITLY_DENIED, causes, denies[0].kind)
    because: list[Cause] = []
    for kind in kinds_that_must_allow(scope.request, policies, scope.caller, readings):
        asked = [reading for reading in readings if reading.kind is kind]
        # if a kind must allow and has no policy, nothing is allowed
        if not asked or not all(reading.allows for reading in asked):
            return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=kind)
        because += [cause for reading in asked for cause in reading.allowed_by()]
    return Decision(DecisionEffect.ALLOWED, tuple(because))


Kinds = tuple[PolicyKind, ...]

_GUARDRAILS = (PolicyKind.RCP, PolicyKind.SCP, PolicyKind.VPC_ENDPOINT)
"""Kinds that grant nothing and limit every caller, even one that the resource's policy allows."""


def kinds_that_must_allow(
    request: Request, policies: Policies, caller: Caller, readings: Iterable[GroupReading]
) -> Kinds:
    """Return the kinds of policy that must allow, in the order of evaluation."""
    closest = {reading.kind: reading.closeness for reading in readings}
    guardrails = tuple([kind for kind in _GUARDRAILS if kind in closest])
    on_resource = PolicyKind.RESOURCE if policies.trust is None else PolicyKind.TRUST
    if caller.outside:
        # only a policy on the resource can name a service, an identity provider or everybody
        lacks_trust = policies.resource is None and assumes_role(request)
        return (*guardrails, PolicyKind.TRUST if lacks_trust else on_resource)
    if is_cross_account(request, caller):
        return (*guardrails, *_across_accounts(on_resource, caller, closest))
    closeness = closest.get(on_resource, Closeness.NOT)
    if _must_itself_allow(request, policies) or closeness > Closeness.ACCOUNT:
        guardrails = (*guardrails, on_resource)
    return (*guardrails, *_within_account(closeness, caller, closest))


def _must_itself_allow(request: Request, policies: Policies) -> bool:
    """Return whether the resource's policy must always allow: a trust or KMS key policy must."""
    if policies.trust is not None:
        return True
    if policies.resource is None:
        return False
    return policies.resource_kind is ResourcePolicyKind.KMS or (
        policies.resource_kind is None and arns.is_kms_key(request.resource)
    )


def missing_resource_policy(
    request: Request, policies: Policies, decision: Decision
) -> PolicyKind | None:
    """Return the kind of the resource's own policy if it must itself allow and is not given.

    Where it could change nothing there is none: an explicit deny is final.
    """
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        return None
    if policies.trust is not None or policies.resource is not None:
        return None
    if assumes_role(request):
        return PolicyKind.TRUST
    return PolicyKind.RESOURCE if arns.is_kms_key(request.resource) else None


def _within_account(closeness: Closeness, caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return the kinds that must allow besides the resource's policy, by how it names the caller.

    If it names the caller as a user or session, no other kind must allow. If it names the caller's
    role (or the user who federated it), the boundary and session policies must allow, too. If it
    names the account, the caller's identity-based policies decide, as without a resource policy.
    """
    match closeness:
        case Closeness.ITSELF if caller.kind is not CallerKind.ROOT_SESSION:
            return ()
        case Closeness.ITSELF | Closeness.ROLE:
            return _limits_of(caller, given)
        case Closeness.ACCOUNT | Closeness.NOT:
            return _kinds_of_caller(caller, given)


def _across_accounts(
    on_resource: PolicyKind, caller: Caller, given: Collection[PolicyKind]
) -> Kinds:
    """Return the kinds that must allow across accounts: the resource's and all of the caller's."""
    return (on_resource, *_kinds_of_caller(caller, given))


def _kinds_of_caller(caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return the kinds that are attached to the caller, all of which must allow."""
    if caller.kind is CallerKind.ROOT:
        # the root user has every permission in its own account
        return ()
    if caller.kind is CallerKind.ROOT_SESSION:
        return _limits_of(caller, given)
    return (PolicyKind.IDENTITY, *_limits_of(caller, given))


def _limits_of(caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return the kinds that limit the caller without granting anything."""
    limits = [PolicyKind.BOUNDARY] if PolicyKind.BOUNDARY in given else []
    # a federated user without session policy may do nothing (page "GetFederationToken"), and no
    # session as root is without the policy of its task (page "AssumeRoot")
    if PolicyKind.SESSION in given or caller.kind in _ALWAYS_LIMITED:
        limits.append(PolicyKind.SESSION)
    return tuple(limits)


_ALWAYS_LIMITED = frozenset({CallerKind.FEDERATED_USER, CallerKind.ROOT_SESSION})
