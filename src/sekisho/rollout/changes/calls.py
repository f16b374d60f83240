"""What to call so that a change is made, and so that it is taken back. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sekisho.errors import InternalError
from sekisho.rollout.changes.kinds import (
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreatePolicyVersion,
    CreateUser,
    DeactivateCredential,
    DeleteLoginProfile,
    Image,
    TagPolicy,
)

_PARAMETERS = {
    "arn": "PolicyArn",
    "group": "GroupName",
    "user": "UserName",
    "serial": "SerialNumber",
    "reset_required": "PasswordResetRequired",
}
"""What IAM calls the fields of a change."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of IAM, in AWS's names; a password is added by the executor alone."""

    operation: str
    params: Mapping[str, Any]


def doing(change: Change) -> Call:
    """Return the call that makes `change`."""
    return Call(change.operation, _params(change))


def renewing(change: CreateLoginProfile) -> Call:
    """Return the call that sets the password anew when a run died without telling it."""
    return Call("UpdateLoginProfile", _params(change))


def undoing(change: Change, actual: Image) -> tuple[Call, ...]:
    """Return the calls that bring `actual`, which the change made, back to its before-image."""
    match change:
        case CreatePolicyVersion():
            return _undo_version(change, actual)
        case TagPolicy(arn, key, _, None):
            return (Call("UntagPolicy", {"PolicyArn": arn, "TagKeys": [key]}),)
        case TagPolicy(arn, key, _, old):
            return (Call(change.operation, _params(TagPolicy(arn, key, str(old), None))),)
        case DeactivateCredential():
            return (Call(change.operation, {**_params(change), "Status": "Active"}),)
        case _:
            undone_by = change.undone_by
            return (Call(undone_by, _subject(change)),) if undone_by else ()


def _params(change: Change) -> Mapping[str, Any]:
    match change:
        case CreatePolicy(arn, description, document, tags):
            name, path = _name_and_path(arn)
            params = {"PolicyName": name, "Path": path, "PolicyDocument": _text(document)}
            about = {"Description": description} if description else {}
            return {**params, **about, "Tags": _tags(tags)}
        case CreatePolicyVersion(_, document):
            return {**_subject(change), "PolicyDocument": _text(document), "SetAsDefault": True}
        case TagPolicy(_, key, value):
            return {**_subject(change), "Tags": _tags({key: value})}
        case CreateGroup(_, path):
            return {**_subject(change), "Path": path}
        case CreateUser(_, path, tags):
            return {**_subject(change), "Path": path, "Tags": _tags(tags)}
        case DeactivateCredential():
            return {**_subject(change), change.api.id: change.id, "Status": "Inactive"}
        case DeleteLoginProfile():
            return _subject(change)
        case _:
            return _named(change)


def _subject(change: Change) -> Mapping[str, Any]:
    """Return the parameters that say what a change is about."""
    match change:
        case CreateGroup(name):
            return {"GroupName": name}
        case CreateUser(name) | CreateLoginProfile(name) | DeleteLoginProfile(name):
            return {"UserName": name}
        case _:
            return _named(change)


def _named(change: Change) -> Mapping[str, Any]:
    """Return the fields that are parameters of IAM as they are."""
    names = (field.name for field in fields(change) if field.name in _PARAMETERS)
    return {_PARAMETERS[name]: getattr(change, name) for name in names}


def _undo_version(change: CreatePolicyVersion, actual: Image) -> tuple[Call, ...]:
    """Return the way back to the old default version; half of it may be done already."""
    new = change.new_versions(actual)
    if not new:
        raise InternalError(f"`{change.address}` holds nothing of this plan to take back")
    back = {"PolicyArn": change.arn, "VersionId": change.replaced["default"]}
    old = () if actual["default"] not in new else (Call("SetDefaultPolicyVersion", back),)
    about = ({"PolicyArn": change.arn, "VersionId": each} for each in new)
    return (*old, *(Call("DeletePolicyVersion", each) for each in about))


def _name_and_path(arn: str) -> tuple[str, str]:
    """Return the name and the path that the ARN of a policy ends in."""
    path, _, name = arn.split(":", 5)[5].removeprefix("policy").rpartition("/")
    return name, f"{path}/"


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
