"""Users and groups: made, renamed, deleted, shown.

Source: IAM API Reference; IAM User Guide, "Remove or deactivate an IAM user", "IAM and
AWS STS quotas", "IAM identifiers".
"""

from typing import TypeVar

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import Group, User
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_policy
from sekisho.localaws.overlay.request import (
    boundary_entry,
    check_free,
    delete_conflict,
    iam,
    limit_exceeded,
    naive,
    named_group,
    named_user,
    now,
    page,
    text,
    unique_id,
    user_of,
)
from sekisho.localaws.overlay.service_credentials import has_service_credentials
from sekisho.localaws.state.world import WORLD
from sekisho.policy import Quota

_T = TypeVar("_T")


def create_user(self: IamResponse) -> ActionResult:
    """Create a user, with a permissions boundary if one is given."""
    world, name = WORLD.get(), text(self, "UserName")
    check_free("User", name, list(iam().users))
    boundary = text(self, "PermissionsBoundary")
    if boundary:
        boundary_policy(boundary)
    tags = self._get_param("Tags", [])
    user = iam().create_user(world.partition, name, text(self, "Path") or "/", tags)
    user.id, user.create_date = unique_id(world.account, "AIDA"), now()
    if boundary:
        world.boundaries[name] = boundary
    return ActionResult({"User": _user_entry(user, full=True)})


def get_user(self: IamResponse) -> ActionResult:
    """Show a user, or the caller."""
    return ActionResult({"User": _user_entry(user_of(self), full=True)})


def list_users(self: IamResponse) -> ActionResult:
    """List users, as AWS does without tags and boundaries."""
    prefix = text(self, "PathPrefix") or "/"
    users = [user for _, user in sorted(iam().users.items()) if user.path.startswith(prefix)]
    shown, more = page(self, users)
    return ActionResult({"Users": [_user_entry(user, full=False) for user in shown], **more})


def update_user(self: IamResponse) -> ActionResult:
    """Change a user's name or path, together with everything that belongs to the user."""
    world, old = WORLD.get(), text(self, "UserName")
    user = named_user(old)
    new = text(self, "NewUserName") or old
    check_free("User", new, [name for name in iam().users if name != old])
    tags = iam().list_user_tags(old)
    iam().tagger.delete_all_tags_for_resource(user.arn)
    iam().update_user(old, text(self, "NewPath") or None, new if new != old else None)
    iam().tagger.tag_resource(user.arn, tags)
    for key in user.access_keys:
        key.user_name = new
    _rename(world.passwords, old, new)
    _rename(world.boundaries, old, new)
    return EmptyResult()


def delete_user(self: IamResponse) -> ActionResult:
    """Delete a user without any belongings."""
    world, user = WORLD.get(), named_user(text(self, "UserName"))
    left = {
        "delete access keys": user.access_keys,
        "delete login profile": user.name in world.passwords,
        "deactivate MFA device": user.mfa_devices,
        "detach all policies": user.managed_policies,
        "delete policies": user.policies,
        "remove users from group": user.group_list,
        "delete signing certificates": user.signing_certificates,
        "delete SSH public keys": user.ssh_public_keys,
        "remove referenced objects": has_service_credentials(user),
    }
    for fix, what in left.items():
        if what:
            raise delete_conflict(fix)
    iam().delete_user(user.name)
    world.boundaries.pop(user.name, None)
    return EmptyResult()


def list_groups(self: IamResponse) -> ActionResult:
    """List groups by name."""
    prefix = text(self, "PathPrefix") or "/"
    groups = [each for _, each in sorted(iam().groups.items()) if each.path.startswith(prefix)]
    shown, more = page(self, groups)
    return ActionResult({"Groups": [_group_entry(group) for group in shown], **more})


def create_group(self: IamResponse) -> ActionResult:
    """Create a user group."""
    world, name = WORLD.get(), text(self, "GroupName")
    check_free("Group", name, list(iam().groups))
    group = iam().create_group(name, text(self, "Path") or "/")
    group.id, group.create_date = unique_id(world.account, "AGPA"), now()
    return ActionResult({"Group": _group_entry(group)})


def update_group(self: IamResponse) -> ActionResult:
    """Change a group's name or path."""
    group = named_group(text(self, "GroupName"))
    old, new = group.name, text(self, "NewGroupName") or group.name
    check_free("Group", new, [name for name in iam().groups if name != old])
    group.path = text(self, "NewPath") or group.path
    group.name = new
    iam().groups[new] = iam().groups.pop(old)
    return EmptyResult()


def delete_group(self: IamResponse) -> ActionResult:
    """Delete an empty group."""
    group = named_group(text(self, "GroupName"))
    left = {
        "remove users from group": group.users,
        "detach all policies": group.managed_policies,
        "delete policies": group.policies,
    }
    for fix, what in left.items():
        if what:
            raise delete_conflict(fix)
    iam().delete_group(group.name)
    return EmptyResult()


def get_group(self: IamResponse) -> ActionResult:
    """Show a group and its members."""
    group = named_group(text(self, "GroupName"))
    members, more = page(self, sorted(group.users, key=lambda user: user.name))
    users = [_user_entry(user, full=False) for user in members]
    return ActionResult({"Group": _group_entry(group), "Users": users, **more})


def list_groups_for_user(self: IamResponse) -> ActionResult:
    """List the groups of a user."""
    user = named_user(text(self, "UserName"))
    groups = [group for _, group in sorted(iam().groups.items()) if user in group.users]
    shown, more = page(self, groups)
    return ActionResult({"Groups": [_group_entry(group) for group in shown], **more})


def add_user_to_group(self: IamResponse) -> ActionResult:
    """Add a user to a group; repeated calls have no effect."""
    group, user = named_group(text(self, "GroupName")), named_user(text(self, "UserName"))
    if user not in group.users and len(user.group_list) >= Quota.GROUPS_PER_USER.number:
        raise limit_exceeded(Quota.GROUPS_PER_USER.message())
    iam().add_user_to_group(group.name, user.name)
    return EmptyResult()


def remove_user_from_group(self: IamResponse) -> ActionResult:
    """Remove a user from a group; it is no error if the user is not in it."""
    group, user = named_group(text(self, "GroupName")), named_user(text(self, "UserName"))
    if user in group.users:
        iam().remove_user_from_group(group.name, user.name)
    return EmptyResult()


def _rename(belongings: dict[str, _T], old: str, new: str) -> None:
    if old in belongings:
        belongings[new] = belongings.pop(old)


def _user_entry(user: User, *, full: bool) -> dict[str, object]:
    world = WORLD.get()
    answer: dict[str, object] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
    }
    password = world.passwords.get(user.name)
    if password and password.last_used:
        answer["PasswordLastUsed"] = naive(password.last_used)
    if full and user.tags:
        answer["Tags"] = user.tags
    if full:
        answer |= boundary_entry(world.boundaries.get(user.name))
    return answer


def _group_entry(group: Group) -> dict[str, object]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.create_date,
    }


OPERATIONS = (
    create_user,
    get_user,
    list_users,
    update_user,
    delete_user,
    create_group,
    update_group,
    delete_group,
    get_group,
    list_groups,
    list_groups_for_user,
    add_user_to_group,
    remove_user_from_group,
)
