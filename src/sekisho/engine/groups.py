"""Which policies count together, and what one statement and one group of them say of a request.

Source: IAM User Guide, "Policy evaluation logic": the statements of all policies of a group count
as if they stood in one.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sekisho.engine.matching import actions, arns, conditions, resources
from sekisho.engine.matching.caller import Caller, Scope, is_service_linked
from sekisho.engine.matching.principals import Named, named
from sekisho.engine.model import AttachedPolicy, Cause, Policies, Request
from sekisho.policy import Effect, PolicyKind, Statement


class PolicyGroup(NamedTuple):
    """Policies that count as one: what one of them allows is allowed by the group.

    Attributes:
        level: the level of the organisation that they are attached to; "" for other kinds.
    """

    kind: PolicyKind
    policies: tuple[AttachedPolicy, ...]
    level: str = ""


def groups(policies: Policies) -> tuple[PolicyGroup, ...]:
    """Return every group that is given.

    Every level of an organisation, and every permissions boundary, is a group of its own: each
    must allow. An empty list of boundaries is one boundary that allows nothing.
    """
    found = [PolicyGroup(PolicyKind.RCP, level.policies, level.name) for level in policies.rcps]
    found += [PolicyGroup(PolicyKind.SCP, level.policies, level.name) for level in policies.scps]
    if policies.vpc_endpoint is not None:
        found.append(PolicyGroup(PolicyKind.VPC_ENDPOINT, policies.vpc_endpoint))
    if policies.trust is not None:
        found.append(PolicyGroup(PolicyKind.TRUST, (policies.trust,)))
    if policies.resource is not None:
        found.append(PolicyGroup(PolicyKind.RESOURCE, (policies.resource,)))
    found.append(PolicyGroup(PolicyKind.IDENTITY, policies.identity))
    if policies.boundaries is not None:
        each: list[tuple[AttachedPolicy, ...]] = [(one,) for one in policies.boundaries]
        found += [PolicyGroup(PolicyKind.BOUNDARY, boundary) for boundary in each or [()]]
    if policies.session is not None:
        found.append(PolicyGroup(PolicyKind.SESSION, policies.session))
    return tuple(found)


def applicable(
    request: Request, given: Iterable[PolicyGroup], caller: Caller
) -> tuple[PolicyGroup, ...]:
    """Return those of the groups that apply: all but those that the caller is exempt from.

    An organisation cannot limit its service-linked roles. Its SCPs limit the users, roles and root
    users of member accounts, its RCPs the resources of member accounts, never the management
    account (pages "Service control policies", "Resource control policies").
    """
    linked, management = is_service_linked(request), request.management_account
    exempt = []
    if linked or management or caller.outside:
        exempt.append(PolicyKind.SCP)
    if linked or (management and not across_accounts(request, caller)):
        exempt.append(PolicyKind.RCP)
    return tuple([group for group in given if group.kind not in exempt])


def across_accounts(request: Request, caller: Caller) -> bool:
    """Tell whether caller and resource belong to different accounts.

    A service, or who signed nothing, belongs to none, and an identity provider has no policies of
    its own: for none of them is there a second account to ask.
    """
    if caller.outside:
        return False
    owner = owner_of(request)
    return owner is not None and owner != caller.account


def owner_of(request: Request) -> str | None:
    """Return the account of the resource, None if neither its ARN nor the request tells it."""
    return arns.account_of(request.resource) or request.resource_account


def assumes(request: Request) -> bool:
    """Tell whether a request is to assume a role, which only the role's trust policy is about."""
    return arns.is_role(request.resource) and request.action.lower().startswith("sts:")


def applies(statement: Statement, scope: Scope) -> Named:
    """Tell whether a statement applies, and how closely it names the caller."""
    if not actions.matches(statement.action, scope.request.action, scope.tracked):
        return Named.NOT
    return otherwise_applies(statement, scope)


def otherwise_applies(statement: Statement, scope: Scope) -> Named:
    """Tell the same of a statement that is about the request's action.

    A statement without `Principal` is about the identity that it is attached to.
    """
    closeness = Named.ITSELF
    if statement.principal is not None:
        closeness = named(statement.principal, statement.effect, scope.caller, scope.tracked)
        if closeness is Named.NOT:
            return closeness
    resource = statement.resource
    if resource is not None and not resources.matches(resource, statement.effect, scope):
        return Named.NOT
    for condition in statement.conditions:
        if not conditions.holds(condition, scope):
            return Named.NOT
    return closeness


class GroupReading(NamedTuple):
    """The statements of a group of policies that apply, each with its policy.

    Attributes:
        closeness: how closely the closest of the allows names the caller.
    """

    kind: PolicyKind
    allows: Sequence[tuple[AttachedPolicy, Statement]]
    denies: Sequence[tuple[AttachedPolicy, Statement]]
    closeness: Named

    def allowed_by(self) -> list[Cause]:
        """Return the allows as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.allows]

    def denied_by(self) -> list[Cause]:
        """Return the denies as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.denies]


def read(group: PolicyGroup, scope: Scope) -> GroupReading:
    """Read every statement of a group of policies; a group without policies allows nothing."""
    allows: list[tuple[AttachedPolicy, Statement]] = []
    denies: list[tuple[AttachedPolicy, Statement]] = []
    closest = Named.NOT
    for policy in group.policies:
        within = Scope(scope.request, scope.caller, policy.document.version, scope.tracked)
        for statement in actions.about(policy.document, scope.request.action, scope.tracked):
            closeness = otherwise_applies(statement, within)
            if closeness is Named.NOT:
                continue
            if statement.effect is Effect.DENY:
                denies.append((policy, statement))
                continue
            allows.append((policy, statement))
            closest = max(closest, closeness)
    return GroupReading(group.kind, allows, denies, closest)


def cause_of(kind: PolicyKind, policy: AttachedPolicy, statement: Statement) -> Cause:
    """Return the statement as a cause: what it stands in, and where."""
    return Cause(kind, policy.name, statement.index, statement.sid, statement.position)
