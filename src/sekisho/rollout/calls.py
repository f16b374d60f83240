"""What to call so that a change is made, and so that it is taken back. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sekisho.errors import InternalError
from sekisho.rollout.changes import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreatePolicyVersion,
    CreateUser,
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    DeleteLoginProfile,
    DetachGroupPolicy,
    DetachUserPolicy,
    Image,
    RemoveUserFromGroup,
    ReplacePassword,
    TagPolicy,
)

__all__ = ["Call", "doing", "renewing", "undoing"]

_Joining = AttachGroupPolicy | AddUserToGroup | AttachUserPolicy
_Parting = DetachGroupPolicy | RemoveUserFromGroup | DetachUserPolicy


@dataclass(frozen=True, slots=True)
class Call:
    """One call of IAM, in AWS's names; a password is added by the executor alone."""

    operation: str
    params: Mapping[str, Any]


def doing(change: Change) -> Call:
    """Return the call that makes `change`."""
    match change:
        case CreatePolicy() | CreatePolicyVersion() | TagPolicy():
            return _policy(change)
        case CreateGroup() | AttachGroupPolicy() | AddUserToGroup():
            return _group(change)
        case CreateUser() | CreateLoginProfile() | AttachUserPolicy():
            return _user(change)
        case DetachGroupPolicy() | RemoveUserFromGroup() | DetachUserPolicy():
            return _undoing_link(_opposite(change))
        case DeactivateCredential():
            return _setting(change, "Inactive")
        case DeactivateDevice() | DeleteDevice() | ReplacePassword() | DeleteLoginProfile():
            return _taking(change)


def renewing(change: CreateLoginProfile) -> Call:
    """Return the call that sets the password anew when a run died without telling it."""
    params = {"UserName": change.user, "PasswordResetRequired": change.reset_required}
    return Call("UpdateLoginProfile", params)


def undoing(change: Change, actual: Image) -> tuple[Call, ...]:
    """Return the calls that bring `actual`, which the change made, back to its before-image."""
    match change:
        case CreatePolicyVersion():
            return _undo_version(change, actual)
        case TagPolicy():
            return (_undo_tag(change),)
        case CreatePolicy() | CreateGroup() | CreateUser() | CreateLoginProfile():
            return (_deleting(change),)
        case AttachGroupPolicy() | AddUserToGroup() | AttachUserPolicy():
            return (_undoing_link(change),)
        case DetachGroupPolicy() | RemoveUserFromGroup() | DetachUserPolicy():
            return (doing(_opposite(change)),)
        case DeactivateCredential():
            return (_setting(change, "Active"),)
        case DeactivateDevice() | DeleteDevice() | ReplacePassword() | DeleteLoginProfile():
            return ()


def _policy(change: CreatePolicy | CreatePolicyVersion | TagPolicy) -> Call:
    match change:
        case CreatePolicy(arn, description, document, tags):
            name, path = _name_and_path(arn)
            params = {"PolicyName": name, "Path": path, "PolicyDocument": _text(document)}
            if description:
                params["Description"] = description
            return Call("CreatePolicy", {**params, "Tags": _tags(tags)})
        case CreatePolicyVersion(arn, document):
            params = {"PolicyArn": arn, "PolicyDocument": _text(document)}
            return Call("CreatePolicyVersion", {**params, "SetAsDefault": True})
        case TagPolicy(arn, key, value):
            return Call("TagPolicy", {"PolicyArn": arn, "Tags": _tags({key: value})})


def _group(change: CreateGroup | AttachGroupPolicy | AddUserToGroup) -> Call:
    match change:
        case CreateGroup(name, path):
            return Call("CreateGroup", {"GroupName": name, "Path": path})
        case AttachGroupPolicy(group, arn):
            return Call("AttachGroupPolicy", {"GroupName": group, "PolicyArn": arn})
        case AddUserToGroup(group, user):
            return Call("AddUserToGroup", {"GroupName": group, "UserName": user})


def _user(change: CreateUser | CreateLoginProfile | AttachUserPolicy) -> Call:
    match change:
        case CreateUser(name, path, tags):
            return Call("CreateUser", {"UserName": name, "Path": path, "Tags": _tags(tags)})
        case CreateLoginProfile(user, reset_required):
            params = {"UserName": user, "PasswordResetRequired": reset_required}
            return Call("CreateLoginProfile", params)
        case AttachUserPolicy(user, arn):
            return Call("AttachUserPolicy", {"UserName": user, "PolicyArn": arn})


def _taking(
    change: DeactivateDevice | DeleteDevice | ReplacePassword | DeleteLoginProfile,
) -> Call:
    match change:
        case DeactivateDevice(user, serial):
            return Call("DeactivateMFADevice", {"UserName": user, "SerialNumber": serial})
        case DeleteDevice(serial):
            return Call("DeleteVirtualMFADevice", {"SerialNumber": serial})
        case ReplacePassword(user, reset_required):
            params = {"UserName": user, "PasswordResetRequired": reset_required}
            return Call("UpdateLoginProfile", params)
        case DeleteLoginProfile(user):
            return Call("DeleteLoginProfile", {"UserName": user})


def _setting(change: DeactivateCredential, status: str) -> Call:
    params = {"UserName": change.user, change.api.id: change.id, "Status": status}
    return Call(change.api.updates, params)


def _undo_version(change: CreatePolicyVersion, actual: Image) -> tuple[Call, ...]:
    """Return the way back to the old default version; half of it may be done already."""
    new = change.new_version(actual)
    if new is None:
        raise InternalError(f"`{change.address}` holds nothing of this plan to take back")
    back = {"PolicyArn": change.arn, "VersionId": change.replaced["default"]}
    delete = Call("DeletePolicyVersion", {"PolicyArn": change.arn, "VersionId": new})
    is_default = actual["default"] == new
    return (Call("SetDefaultPolicyVersion", back), delete) if is_default else (delete,)


def _undo_tag(change: TagPolicy) -> Call:
    if change.old is None:
        return Call("UntagPolicy", {"PolicyArn": change.arn, "TagKeys": [change.key]})
    return Call("TagPolicy", {"PolicyArn": change.arn, "Tags": _tags({change.key: change.old})})


def _deleting(change: CreatePolicy | CreateGroup | CreateUser | CreateLoginProfile) -> Call:
    match change:
        case CreatePolicy(arn=arn):
            return Call("DeletePolicy", {"PolicyArn": arn})
        case CreateGroup(name):
            return Call("DeleteGroup", {"GroupName": name})
        case CreateUser(name):
            return Call("DeleteUser", {"UserName": name})
        case CreateLoginProfile(user):
            return Call("DeleteLoginProfile", {"UserName": user})


def _opposite(change: _Parting) -> _Joining:
    """Return the change that joins what `change` parts."""
    match change:
        case DetachGroupPolicy(group, arn):
            return AttachGroupPolicy(group, arn)
        case RemoveUserFromGroup(group, user):
            return AddUserToGroup(group, user)
        case DetachUserPolicy(user, arn):
            return AttachUserPolicy(user, arn)


def _undoing_link(change: _Joining) -> Call:
    match change:
        case AttachGroupPolicy(group, arn):
            return Call("DetachGroupPolicy", {"GroupName": group, "PolicyArn": arn})
        case AddUserToGroup(group, user):
            return Call("RemoveUserFromGroup", {"GroupName": group, "UserName": user})
        case AttachUserPolicy(user, arn):
            return Call("DetachUserPolicy", {"UserName": user, "PolicyArn": arn})


def _name_and_path(arn: str) -> tuple[str, str]:
    """Return the name and the path that the ARN of a policy ends in."""
    path, _, name = arn.split(":", 5)[5].removeprefix("policy").rpartition("/")
    return name, f"{path}/"


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
