"""Groups of policies that count as one, and how a statement and a group read a request.

Source: IAM User Guide, "Policy evaluation logic": the statements of all policies of a group count
as if they stood in one.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sekisho.engine.matching import actions, arns, conditions, resources
from sekisho.engine.matching.caller import Caller, Scope, is_service_linked
from sekisho.engine.matching.principals import Closeness, closeness_of
from sekisho.engine.model.evaluation import (
    AttachedPolicy,
    Cause,
    Policies,
    Request,
)
from sekisho.policy import Effect, PolicyKind, Statement


class PolicyGroup(NamedTuple):
    """Policies that are evaluated together: an allow in one of them is an allow of the group.

    Attributes:
        level: the level of the organisation that they are attached to; "" for other kinds.
    """

    kind: PolicyKind
    policies: tuple[AttachedPolicy, ...]
    level: str = ""


def groups(policies: Policies) -> tuple[PolicyGroup, ...]:
    """Return every group of the policies given.

    Every level of an organisation, and every permissions boundary, is a group of its own: each
    must allow. An empty list of boundaries is one boundary that allows nothing.
    """
    result = [PolicyGroup(PolicyKind.RCP, level.policies, level.name) for level in policies.rcps]
    result += [PolicyGroup(PolicyKind.SCP, level.policies, level.name) for level in policies.scps]
    if policies.vpc_endpoint is not None:
        result.append(PolicyGroup(PolicyKind.VPC_ENDPOINT, policies.vpc_endpoint))
    if policies.trust is not None:
        result.append(PolicyGroup(PolicyKind.TRUST, (policies.trust,)))
    if policies.resource is not None:
        result.append(PolicyGroup(PolicyKind.RESOURCE, (policies.resource,)))
    result.append(PolicyGroup(PolicyKind.IDENTITY, policies.identity))
    if policies.boundaries is not None:
        boundaries: list[tuple[AttachedPolicy, ...]] = [(one,) for one in policies.boundaries]
        result += [PolicyGroup(PolicyKind.BOUNDARY, boundary) for boundary in boundaries or [()]]
    if policies.session is not None:
        result.append(PolicyGroup(PolicyKind.SESSION, policies.session))
    return tuple(result)


def applicable_groups(
    request: Request, given: Iterable[PolicyGroup], caller: Caller
) -> tuple[PolicyGroup, ...]:
    """Return the groups that apply: those that the caller is not exempt from.

    An organisation cannot limit its service-linked roles. Its SCPs limit the users, roles and root
    users of member accounts, its RCPs the resources of member accounts, never the management
    account (pages "Service control policies", "Resource control policies").
    """
    linked, management = is_service_linked(request), request.management_account
    exempt = []
    if linked or management or caller.outside:
        exempt.append(PolicyKind.SCP)
    if linked or (management and not is_cross_account(request, caller)):
        exempt.append(PolicyKind.RCP)
    return tuple([group for group in given if group.kind not in exempt])


def is_cross_account(request: Request, caller: Caller) -> bool:
    """Return whether caller and resource belong to different accounts.

    A service or an anonymous caller belongs to no account, and an identity provider has no policies
    of its own: there is no second account to ask.
    """
    if caller.outside:
        return False
    owner = owner_of(request)
    return owner is not None and owner != caller.account


def owner_of(request: Request) -> str | None:
    """Return the account of the resource; None if neither its ARN nor the request shows it."""
    return arns.account_of(request.resource) or request.resource_account


def assumes_role(request: Request) -> bool:
    """Return whether a request assumes a role; only the role's trust policy covers these."""
    return arns.is_role(request.resource) and request.action.lower().startswith("sts:")


def applies(statement: Statement, scope: Scope) -> Closeness:
    """Return how closely an applicable statement names the caller; `NOT` if it does not apply."""
    if not actions.matches(statement.action, scope.request.action, scope.tracked):
        return Closeness.NOT
    return applies_beyond_action(statement, scope)


def applies_beyond_action(statement: Statement, scope: Scope) -> Closeness:
    """Return the same as `applies`, for a statement whose action is known to cover the request's.

    A statement without `Principal` is about the identity that it is attached to.
    """
    closeness = Closeness.ITSELF
    if statement.principal is not None:
        closeness = closeness_of(statement.principal, statement.effect, scope.caller, scope.tracked)
        if closeness is Closeness.NOT:
            return closeness
    resource = statement.resource
    if resource is not None and not resources.matches(resource, statement.effect, scope):
        return Closeness.NOT
    for condition in statement.conditions:
        if not conditions.holds(condition, scope):
            return Closeness.NOT
    return closeness


class GroupReading(NamedTuple):
    """The statements of a group of policies that apply, each with its policy.

    Attributes:
        closeness: how closely the closest of the allows names the caller.
    """

    kind: PolicyKind
    allows: Sequence[tuple[AttachedPolicy, Statement]]
    denies: Sequence[tuple[AttachedPolicy, Statement]]
    closeness: Closeness

    def allowed_by(self) -> list[Cause]:
        """Return the allows as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.allows]

    def denied_by(self) -> list[Cause]:
        """Return the denies as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.denies]


def read_group(group: PolicyGroup, scope: Scope) -> GroupReading:
    """Return the statements of a group that apply; a group without policies allows nothing."""
    allows: list[tuple[AttachedPolicy, Statement]] = []
    denies: list[tuple[AttachedPolicy, Statement]] = []
    closest = Closeness.NOT
    for policy in group.policies:
        within = Scope(scope.request, scope.caller, policy.document.version, scope.tracked)
        for statement in actions.statements_about(
            policy.document, scope.request.action, scope.tracked
        ):
            closeness = applies_beyond_action(statement, within)
            if closeness is Closeness.NOT:
                continue
            if statement.effect is Effect.DENY:
                denies.append((policy, statement))
                continue
            allows.append((policy, statement))
            closest = max(closest, closeness)
    return GroupReading(group.kind, allows, denies, closest)


def cause_of(kind: PolicyKind, policy: AttachedPolicy, statement: Statement) -> Cause:
    """Return a statement as a cause, with its policy and its position."""
    return Cause(kind, policy.name, statement.index, statement.sid, statement.position)
