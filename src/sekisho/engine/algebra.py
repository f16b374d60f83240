"""Which kinds of policy must allow a request, and in which order they are asked.

An explicit deny is final wherever it stands; that is not decided here.

| page of the IAM User Guide | here |
|---|---|
| "Policy evaluation for requests within a single account" | `_within_account` |
| "Cross-account policy evaluation logic" | `_across_accounts` |
| "Evaluating identity-based policies with resource-based policies" | `_within_account` |
| "GetFederationToken" | `_limits_of` |

How they are read: docs/semantics.md#1-the-order-of-evaluation and #2-principals.
"""

from collections.abc import Collection, Iterable

from sekisho.engine.groups import GroupReading, across_accounts, assumes
from sekisho.engine.matching import arns
from sekisho.engine.matching.principals import Caller, CallerKind, Named
from sekisho.engine.model import Decision, DecisionEffect, Policies, Request, ResourcePolicyKind
from sekisho.policy import PolicyKind

Kinds = tuple[PolicyKind, ...]

_GUARDRAILS = (PolicyKind.RCP, PolicyKind.SCP, PolicyKind.VPC_ENDPOINT)
"""What grants nothing and limits whoever asks, also who is allowed by a resource-based policy."""


def needed(
    request: Request, policies: Policies, caller: Caller, readings: Iterable[GroupReading]
) -> Kinds:
    """Return the kinds of policy that must allow, in the order of evaluation."""
    closest = {reading.kind: reading.closeness for reading in readings}
    guardrails = tuple([kind for kind in _GUARDRAILS if kind in closest])
    on_resource = PolicyKind.RESOURCE if policies.trust is None else PolicyKind.TRUST
    if caller.kind is CallerKind.OUTSIDER:
        # only a policy on the resource can name a service or an identity provider
        return (*guardrails, on_resource)
    if across_accounts(request, caller):
        return (*guardrails, *_across_accounts(on_resource, caller, closest))
    closeness = closest.get(on_resource, Named.NOT)
    if _must_itself_allow(request, policies) or closeness > Named.ACCOUNT:
        guardrails = (*guardrails, on_resource)
    return (*guardrails, *_within_account(closeness, caller, closest))


def _must_itself_allow(request: Request, policies: Policies) -> bool:
    """Tell whether nobody gets past the resource's own policy: role trust and KMS key policies."""
    if policies.trust is not None:
        return True
    if policies.resource is None:
        return False
    return policies.resource_kind is ResourcePolicyKind.KMS or (
        policies.resource_kind is None and arns.is_kms_key(request.resource)
    )


def unasked(request: Request, policies: Policies, decision: Decision) -> PolicyKind | None:
    """Return the kind of the resource's own policy if it must itself allow and is not given.

    Where it could change nothing there is none: an explicit deny is final.
    """
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        return None
    if policies.trust is not None or policies.resource is not None:
        return None
    if assumes(request):
        return PolicyKind.TRUST
    return PolicyKind.RESOURCE if arns.is_kms_key(request.resource) else None


def _within_account(closeness: Named, caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return what else must allow, by how closely the resource's policy names the caller.

    Whoever is named as user or session needs nothing more. Who is named by their role (or by the
    user who federated them) stays within the limits of boundary and session policies. Naming the
    account leaves the decision to its identity-based policies, as if the resource had no policy.
    """
    match closeness:
        case Named.ITSELF:
            return ()
        case Named.ROLE:
            return _limits_of(caller, given)
        case Named.ACCOUNT | Named.NOT:
            return _own(caller, given)


def _across_accounts(
    on_resource: PolicyKind, caller: Caller, given: Collection[PolicyKind]
) -> Kinds:
    """Return what must allow where both accounts are asked: nothing is got past."""
    return (on_resource, *_own(caller, given))


def _own(caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return the kinds that are attached to the caller, all of which must allow."""
    if caller.kind is CallerKind.ROOT:
        # the root user has every permission in its own account
        return ()
    return (PolicyKind.IDENTITY, *_limits_of(caller, given))


def _limits_of(caller: Caller, given: Collection[PolicyKind]) -> Kinds:
    """Return the kinds that only limit what the caller may do."""
    limits = [PolicyKind.BOUNDARY] if PolicyKind.BOUNDARY in given else []
    # a federated user without session policy may do nothing (page "GetFederationToken")
    if PolicyKind.SESSION in given or caller.kind is CallerKind.FEDERATED_USER:
        limits.append(PolicyKind.SESSION)
    return tuple(limits)
