"""Which policies apply to a request, group by group, in the order of evaluation.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access";
Organizations User Guide, "Service control policies", "Resource control policies"; facts §6.1.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sekisho.engine import arns
from sekisho.engine.model import AttachedPolicy, Policies, Request
from sekisho.engine.principals import Caller, CallerKind
from sekisho.policy.document import PolicyKind

__all__ = ["Group", "across_accounts", "applicable", "assumes", "groups", "owner_of"]


class Group(NamedTuple):
    """Policies that count as one: what one of them allows is allowed by the group.

    Attributes:
        level: the level of the organisation that they are attached to; "" for other kinds.
    """

    kind: PolicyKind
    policies: tuple[AttachedPolicy, ...]
    level: str = ""


def groups(policies: Policies) -> tuple[Group, ...]:
    """Return every group that is given.

    Every level of an organisation, and every permissions boundary, is a group of its own: each
    must allow. An empty list of boundaries is one boundary that allows nothing.
    """
    found = [Group(PolicyKind.RCP, level.policies, level.name) for level in policies.rcps]
    found += [Group(PolicyKind.SCP, level.policies, level.name) for level in policies.scps]
    if policies.vpc_endpoint is not None:
        found.append(Group(PolicyKind.VPC_ENDPOINT, policies.vpc_endpoint))
    if policies.trust is not None:
        found.append(Group(PolicyKind.TRUST, (policies.trust,)))
    if policies.resource is not None:
        found.append(Group(PolicyKind.RESOURCE, (policies.resource,)))
    found.append(Group(PolicyKind.IDENTITY, policies.identity))
    if policies.boundaries is not None:
        each: list[tuple[AttachedPolicy, ...]] = [(one,) for one in policies.boundaries]
        found += [Group(PolicyKind.BOUNDARY, boundary) for boundary in each or [()]]
    if policies.session is not None:
        found.append(Group(PolicyKind.SESSION, policies.session))
    return tuple(found)


def applicable(request: Request, given: Iterable[Group], caller: Caller) -> tuple[Group, ...]:
    """Return those of the groups that apply: all but those that the caller is exempt from.

    An organisation cannot limit its service-linked roles. Its SCPs limit the users, roles and root
    users of member accounts, its RCPs the resources of member accounts, never the management
    account (pages "Service control policies", "Resource control policies").
    """
    linked, management = request.service_linked_role, request.management_account
    exempt = []
    if linked or management or caller.kind is CallerKind.OUTSIDER:
        exempt.append(PolicyKind.SCP)
    if linked or (management and not across_accounts(request, caller)):
        exempt.append(PolicyKind.RCP)
    return tuple([group for group in given if group.kind not in exempt])


def across_accounts(request: Request, caller: Caller) -> bool:
    """Tell whether caller and resource belong to different accounts.

    A service belongs to none, and an identity provider has no policies of its own: for neither is
    there a second account to ask.
    """
    if caller.kind is CallerKind.OUTSIDER:
        return False
    owner = owner_of(request)
    return owner is not None and owner != caller.account


def owner_of(request: Request) -> str | None:
    """Return the account of the resource, None if neither its ARN nor the request tells it."""
    return arns.account_of(request.resource) or request.resource_account


def assumes(request: Request) -> bool:
    """Tell whether a request is to assume a role, which only the role's trust policy is about."""
    return arns.is_role(request.resource) and request.action.lower().startswith("sts:")
