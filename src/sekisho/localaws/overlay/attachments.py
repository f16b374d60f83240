"""Policies of users, groups and roles: inline, attached, as boundaries.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas"; responses recorded from AWS
(tests/data/aws-recorded).
"""

import re
from collections import Counter
from collections.abc import Iterator

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import Group, Role, User
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.documents import check_document, check_quota, check_trust
from sekisho.localaws.overlay.request import (
    iam,
    invalid_input,
    limit_exceeded,
    named_group,
    named_role,
    named_user,
    no_such,
    no_such_policy,
    page,
    text,
    validation_error,
)
from sekisho.localaws.state.world import WORLD
from sekisho.policy import PolicyKind, Quota


def put_user_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a user."""
    return _put_inline(self, Quota.USER_INLINE, named_user(text(self, "UserName")))


def put_group_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a group."""
    return _put_inline(self, Quota.GROUP_INLINE, named_group(text(self, "GroupName")))


def put_role_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a role."""
    return _put_inline(self, Quota.ROLE_INLINE, named_role(text(self, "RoleName")))


def get_user_policy(self: IamResponse) -> ActionResult:
    """Show an inline policy of a user."""
    return _inline(self, "user", named_user(text(self, "UserName")))


def get_group_policy(self: IamResponse) -> ActionResult:
    """Show an inline policy of a group."""
    return _inline(self, "group", named_group(text(self, "GroupName")))


def get_role_policy(self: IamResponse) -> ActionResult:
    """Show an inline policy of a role."""
    return _inline(self, "role", named_role(text(self, "RoleName")))


def list_user_policies(self: IamResponse) -> ActionResult:
    """List the names of a user's inline policies."""
    return _inline_names(self, named_user(text(self, "UserName")))


def list_group_policies(self: IamResponse) -> ActionResult:
    """List the names of a group's inline policies."""
    return _inline_names(self, named_group(text(self, "GroupName")))


def list_role_policies(self: IamResponse) -> ActionResult:
    """List the names of a role's inline policies."""
    return _inline_names(self, named_role(text(self, "RoleName")))


def attach_user_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a user; repeated calls have no effect."""
    return _attach(self, Quota.POLICIES_PER_USER, named_user(text(self, "UserName")))


def attach_group_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a group; repeated calls have no effect."""
    return _attach(self, Quota.POLICIES_PER_GROUP, named_group(text(self, "GroupName")))


def attach_role_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a role; repeated calls have no effect."""
    return _attach(self, Quota.POLICIES_PER_ROLE, named_role(text(self, "RoleName")))


def list_attached_user_policies(self: IamResponse) -> ActionResult:
    """List the managed policies that are attached to a user."""
    return _attached(self, named_user(text(self, "UserName")))


def list_attached_group_policies(self: IamResponse) -> ActionResult:
    """List the managed policies that are attached to a group."""
    return _attached(self, named_group(text(self, "GroupName")))


def list_attached_role_policies(self: IamResponse) -> ActionResult:
    """List the managed policies that are attached to a role."""
    return _attached(self, named_role(text(self, "RoleName")))


def put_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Set a managed policy as a user's permissions boundary."""
    user = named_user(text(self, "UserName"))
    WORLD.get().boundaries[user.name] = boundary_policy(text(self, "PermissionsBoundary"))
    return EmptyResult()


def delete_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Remove a user's permissions boundary."""
    user = named_user(text(self, "UserName"))
    if WORLD.get().boundaries.pop(user.name, None) is None:
        raise no_such("permissions boundary of user", user.name)
    return EmptyResult()


def put_role_permissions_boundary(self: IamResponse) -> ActionResult:
    """Set a managed policy as a role's permissions boundary."""
    role = named_role(text(self, "RoleName"))
    role.permissions_boundary_arn = boundary_policy(text(self, "PermissionsBoundary"))
    return EmptyResult()


def list_entities_for_policy(self: IamResponse) -> ActionResult:
    """List the entities with a policy, attached or as the permissions boundary, once each."""
    arn, usage = text(self, "PolicyArn"), text(self, "PolicyUsageFilter")
    if arn not in iam().managed_policies:
        raise no_such_policy(arn)
    kind, path = text(self, "EntityFilter"), text(self, "PathPrefix") or "/"
    found = [
        (each_kind, owner)
        for each_kind, owner, boundary in _owners()
        if kind in ("", each_kind)
        and owner.path.startswith(path)
        and (
            (usage != "PermissionsBoundary" and arn in owner.managed_policies)
            or (usage != "PermissionsPolicy" and arn == boundary)
        )
    ]
    shown, more = page(self, found)
    lists: dict[str, object] = {
        f"Policy{each}s": [
            {f"{each}Name": owner.name, f"{each}Id": owner.id} for of, owner in shown if of == each
        ]
        for each in ("Group", "User", "Role")
    }
    return ActionResult({**lists, **more})


def update_assume_role_policy(self: IamResponse) -> ActionResult:
    """Replace a role's trust policy."""
    document = check_trust(text(self, "PolicyDocument"))
    named_role(text(self, "RoleName")).assume_role_policy_document = document
    return EmptyResult()


_POLICY_ARN = re.compile(r"arn:[^:]+:iam::(?:\d{12}|aws):policy/.+")


def boundary_policy(arn: str) -> str:
    """Return `arn` if it is the ARN of a managed policy.

    Raises:
        Refusal: `InvalidInput` if it is not the ARN of a policy, `NoSuchEntity`.
    """
    if not _POLICY_ARN.fullmatch(arn):
        raise invalid_input(f"ARN {arn} is not valid.")
    if arn not in iam().managed_policies:
        raise no_such_policy(arn, "Scope ARN:")
    return arn


def _owners() -> Iterator[tuple[str, User | Group | Role, str]]:
    """Yield every group, user and role, by kind and name, with the ARN of its boundary or ""."""
    boundaries = WORLD.get().boundaries
    for _, group in sorted(iam().groups.items()):
        yield "Group", group, ""
    for name, user in sorted(iam().users.items()):
        yield "User", user, boundaries.get(name, "")
    for role in sorted(iam().roles.values(), key=lambda each: str(each.name)):
        yield "Role", role, role.permissions_boundary_arn or ""


def boundary_usage() -> dict[str, int]:
    """Return the number of users and roles that each policy bounds, by ARN."""
    return Counter(boundary for _, _, boundary in _owners() if boundary)


def _put_inline(response: IamResponse, quota: Quota, owner: User | Group | Role) -> ActionResult:
    name = text(response, "PolicyName")
    document = check_document(text(response, "PolicyDocument"), PolicyKind.IDENTITY)
    others = [written for key, written in owner.policies.items() if key != name]
    check_quota(quota, [document, *others], owner.name)
    owner.put_policy(name, document)
    return EmptyResult()


def _inline(response: IamResponse, kind: str, owner: User | Group | Role) -> ActionResult:
    name = text(response, "PolicyName")
    if name not in owner.policies:
        raise no_such(f"{kind} policy", name)
    return ActionResult(
        {
            f"{kind.capitalize()}Name": owner.name,
            "PolicyName": name,
            "PolicyDocument": owner.policies[name],
        }
    )


def _inline_names(response: IamResponse, owner: User | Group | Role) -> ActionResult:
    shown, more = page(response, sorted(owner.policies))
    return ActionResult({"PolicyNames": shown, **more})


def _attached(response: IamResponse, owner: User | Group | Role) -> ActionResult:
    prefix = text(response, "PathPrefix") or "/"
    found = [each for each in owner.managed_policies.values() if each.path.startswith(prefix)]
    shown, more = page(response, sorted(found, key=lambda each: each.name.lower()))
    entries = [{"PolicyName": each.name, "PolicyArn": each.arn} for each in shown]
    return ActionResult({"AttachedPolicies": entries, **more})


def _attach(response: IamResponse, quota: Quota, owner: User | Group | Role) -> ActionResult:
    arn = text(response, "PolicyArn")
    policy = iam().managed_policies.get(arn)
    if not arn.startswith("arn:"):
        raise validation_error(f"ARN {arn} is not valid.")
    if policy is None:
        raise no_such_policy(arn)
    if arn in owner.managed_policies:
        return EmptyResult()
    if len(owner.managed_policies) >= quota.number:
        raise limit_exceeded(quota.message())
    policy.attach_to(owner)
    return EmptyResult()


OPERATIONS = (
    put_user_policy,
    put_group_policy,
    put_role_policy,
    get_user_policy,
    get_group_policy,
    get_role_policy,
    list_user_policies,
    list_group_policies,
    list_role_policies,
    attach_user_policy,
    attach_group_policy,
    attach_role_policy,
    list_attached_user_policies,
    list_attached_group_policies,
    list_attached_role_policies,
    put_user_permissions_boundary,
    delete_user_permissions_boundary,
    put_role_permissions_boundary,
    list_entities_for_policy,
    update_assume_role_policy,
)
