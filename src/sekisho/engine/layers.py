"""Which policies apply to a request, group by group, in the order of evaluation.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access";
Organizations User Guide, "Service control policies", "Resource control policies"; facts §6.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.engine import arns
from sekisho.engine.model import AttachedPolicy, Policies, Request
from sekisho.engine.principals import Caller, CallerKind
from sekisho.policy.document import PolicyKind

__all__ = ["Group", "across_accounts", "applicable", "groups"]


@dataclass(frozen=True, slots=True)
class Group:
    """Policies that count as one: what one of them allows is allowed by the group.

    Attributes:
        level: the level of the organisation that they are attached to; "" for other kinds.
    """

    kind: PolicyKind
    policies: tuple[AttachedPolicy, ...]
    level: str = ""


def groups(policies: Policies) -> Iterator[Group]:
    """Yield every group that is given.

    Every level of an organisation, and every permissions boundary, is a group of its own: each
    must allow.
    """
    for kind, levels in ((PolicyKind.RCP, policies.rcps), (PolicyKind.SCP, policies.scps)):
        for level in levels:
            yield Group(kind, level.policies, level.name)
    for kind, attached in (
        (PolicyKind.VPC_ENDPOINT, policies.vpc_endpoint),
        (PolicyKind.TRUST, _alone(policies.trust)),
        (PolicyKind.RESOURCE, _alone(policies.resource)),
        (PolicyKind.IDENTITY, policies.identity),
        *((PolicyKind.BOUNDARY, boundary) for boundary in _each(policies.boundaries)),
        (PolicyKind.SESSION, policies.session),
    ):
        if attached is not None:
            yield Group(kind, attached)


_Attached = tuple[AttachedPolicy, ...]


def _alone(policy: AttachedPolicy | None) -> _Attached | None:
    return None if policy is None else (policy,)


def _each(boundaries: _Attached | None) -> tuple[_Attached, ...]:
    """Return each boundary alone; an empty list is one boundary that allows nothing."""
    if boundaries is None:
        return ()
    return tuple((boundary,) for boundary in boundaries) or ((),)


def applicable(request: Request, policies: Policies, caller: Caller) -> tuple[Group, ...]:
    """Return the groups that apply: all but those that the caller is exempt from."""
    exempt = _exempt(request, caller)
    return tuple(group for group in groups(policies) if group.kind not in exempt)


def across_accounts(request: Request, caller: Caller) -> bool:
    """Tell whether caller and resource belong to different accounts.

    A service belongs to none, and an identity provider has no policies of its own: for neither is
    there a second account to ask.
    """
    if caller.kind is CallerKind.OUTSIDER:
        return False
    owner = arns.account_of(request.resource) or request.resource_account
    return owner is not None and owner != caller.account


def _exempt(request: Request, caller: Caller) -> frozenset[PolicyKind]:
    """Return the kinds that do not apply.

    An organisation cannot limit its service-linked roles. Its SCPs limit the users, roles and root
    users of member accounts, its RCPs the resources of member accounts, never the management
    account (pages "Service control policies", "Resource control policies").
    """
    exempt = set()
    if (
        request.service_linked_role
        or request.management_account
        or caller.kind is CallerKind.OUTSIDER
    ):
        exempt.add(PolicyKind.SCP)
    own = not across_accounts(request, caller)
    if request.service_linked_role or (request.management_account and own):
        exempt.add(PolicyKind.RCP)
    return frozenset(exempt)
