"""What the account holds at the address of a change, read from AWS, and who else uses it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused, FaultyPolicy
from sekisho.policy import from_json, to_json
from sekisho.rollout.changes.kinds import (
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
    dated,
)

_Joining = (
    AttachGroupPolicy
    | DetachGroupPolicy
    | AddUserToGroup
    | RemoveUserFromGroup
    | AttachUserPolicy
    | DetachUserPolicy
)

_USER_POLICIES = ("ListAttachedUserPolicies", "AttachedPolicies", "UserName")
_USER_GROUPS = ("ListGroupsForUser", "Groups", "UserName")


def reads_of(change: Change) -> tuple[str, ...]:
    """Return the operations by which the fact behind a change is read."""
    return (change.api.lists,) if isinstance(change, DeactivateCredential) else change.reads


def canonical(document: object) -> object:
    """Return a policy document in the form that plans compare: as `policy` writes it."""
    try:
        return to_json(from_json(document))
    except FaultyPolicy:
        return document  # AWS may hold what we cannot read: it is then compared as it is


class Observer:
    """Reads facts; asks AWS for each list once, so make a new one for a new look."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self._lists: dict[tuple[str, str, str], list[Mapping[str, Any]] | None] = {}

    def read(self, change: Change) -> Image:
        """Return what is there, in the form of the change's images.

        Raises:
            AwsRefused: if it cannot be told.
        """
        match change:
            case CreatePolicy(arn):
                return self._policy(arn)
            case CreatePolicyVersion(arn):
                return self._since(change, self._versions(arn))
            case TagPolicy(arn, key):
                return self._tags("Policy", "PolicyArn", arn).get(key)
            case CreateGroup() | CreateUser():
                return self._made(change)
            case CreateLoginProfile(user) | ReplacePassword(user) | DeleteLoginProfile(user):
                return self._login_profile(user)
            case DeactivateDevice() | DeleteDevice() | DeactivateCredential():
                return self._held(change)
            case _:
                return self._joined(change)

    def made_at(self, change: Change) -> datetime | None:
        """Return when a password was made, or the default version of a policy; None of all else.

        Of a user or a group IAM tells a date, too, but it is not of what is changed in them.

        Raises:
            AwsRefused: if it cannot be told.
        """
        match change:
            case CreatePolicy(arn) | CreatePolicyVersion(arn):
                found = self._default_version(arn)
            case CreateLoginProfile(user):
                found = self._get("GetLoginProfile", "LoginProfile", UserName=user)
            case _:
                return None
        return found["CreateDate"] if found else None

    def finds_user(self, change: DetachUserPolicy | RemoveUserFromGroup) -> bool:
        """Return whether the user of a change is there, by the listing that `read` asks for."""
        asked = _USER_GROUPS if isinstance(change, RemoveUserFromGroup) else _USER_POLICIES
        return self._list(*asked, change.user) is not None

    def _joined(self, change: _Joining) -> Image:
        match change:
            case AttachGroupPolicy(group, arn) | DetachGroupPolicy(group, arn):
                return arn in self.group_attachments(group)
            case AddUserToGroup(group, user) | RemoveUserFromGroup(group, user):
                return group in self.groups_of(user)
            case AttachUserPolicy(user, arn) | DetachUserPolicy(user, arn):
                return arn in self.user_attachments(user)

    def _policy(self, arn: str) -> Image:
        found = self._get("GetPolicy", "Policy", PolicyArn=arn)
        if found is None:
            return None
        return {
            **(self._versions(arn) or {}),
            "description": found.get("Description") or "",
            "tags": self._tags("Policy", "PolicyArn", arn),
        }

    def _versions(self, arn: str) -> dict[str, Any] | None:
        version = self._default_version(arn)
        if version is None:
            return None
        ids = self._list("ListPolicyVersions", "Versions", "PolicyArn", arn) or []
        return {
            "default": version["VersionId"],
            "document": canonical(version["Document"]),
            "versions": sorted(item["VersionId"] for item in ids),
        }

    def _since(self, change: CreatePolicyVersion, found: dict[str, Any] | None) -> Image:
        """Return what is found, with the documents of new versions that are not the default."""
        if found is None:
            return None
        known = (*change.replaced["versions"], found["default"])
        versions = (
            self._version(change.arn, each) for each in found["versions"] if each not in known
        )
        beside = {each["VersionId"]: canonical(each["Document"]) for each in versions if each}
        return {**found, "beside": beside} if beside else found

    def _default_version(self, arn: str) -> Mapping[str, Any] | None:
        found = self._get("GetPolicy", "Policy", PolicyArn=arn)
        return found and self._version(arn, found["DefaultVersionId"])

    def _version(self, arn: str, version: str) -> Mapping[str, Any] | None:
        about = {"PolicyArn": arn, "VersionId": version}
        return self._get("GetPolicyVersion", "PolicyVersion", **about)

    def _made(self, change: CreateGroup | CreateUser) -> Image:
        match change:
            case CreateGroup(name):
                found = self._get("GetGroup", "Group", GroupName=name)
                return found and {"path": found["Path"]}
            case CreateUser(name):
                found = self._get("GetUser", "User", UserName=name)
                if found is None:
                    return None
                tags = self._tags("User", "UserName", name)
                return {"path": found["Path"], "tags": tags}

    def _login_profile(self, user: str) -> Image:
        found = self._get("GetLoginProfile", "LoginProfile", UserName=user)
        if found is None:
            return None
        return {"reset_required": bool(found.get("PasswordResetRequired"))}

    def _held(self, change: DeactivateDevice | DeleteDevice | DeactivateCredential) -> Image:
        """Return what a device is, or whether a credential is active; None: there is none."""
        match change:
            case DeactivateDevice(user, serial):
                items = self._list("ListMFADevices", "MFADevices", "UserName", user)
                dates = {item["SerialNumber"]: item["EnableDate"] for item in items or ()}
                return {"enabled": dated(dates[serial])} if serial in dates else None
            case DeleteDevice(serial):
                asked = ("ListVirtualMFADevices", "VirtualMFADevices", "AssignmentStatus", "Any")
                owners = {
                    item["SerialNumber"]: item.get("User", {}).get("UserName", "")
                    for item in self._list(*asked) or ()
                }
                return {"owner": owners[serial]} if serial in owners else None
            case DeactivateCredential():
                api = change.api
                items = self._list(api.lists, api.items, "UserName", change.user)
                found = {item[api.id]: item["Status"] == "Active" for item in items or ()}
                return found.get(change.id)

    def group_attachments(self, group: str) -> list[str]:
        """Return the ARNs of the managed policies attached to a group."""
        items = self._list("ListAttachedGroupPolicies", "AttachedPolicies", "GroupName", group)
        return [item["PolicyArn"] for item in items or ()]

    def user_attachments(self, user: str) -> list[str]:
        """Return the ARNs of the managed policies attached to a user."""
        items = self._list(*_USER_POLICIES, user)
        return [item["PolicyArn"] for item in items or ()]

    def groups_of(self, user: str) -> list[str]:
        """Return the names of the groups that a user is in."""
        items = self._list(*_USER_GROUPS, user)
        return [item["GroupName"] for item in items or ()]

    def members_of(self, group: str) -> list[str]:
        """Return the names of the users in a group."""
        items = self._list("GetGroup", "Users", "GroupName", group)
        return [item["UserName"] for item in items or ()]

    def holders_of(self, arn: str) -> Iterator[tuple[str, str]]:
        """Yield the kind and name of whatever a policy is attached to, or is the boundary of."""
        for kind in ("User", "Group", "Role"):
            items = self._list("ListEntitiesForPolicy", f"Policy{kind}s", "PolicyArn", arn)
            yield from ((kind.lower(), item[f"{kind}Name"]) for item in items or ())

    def _tags(self, kind: str, parameter: str, name: str) -> dict[str, str]:
        items = self._list(f"List{kind}Tags", "Tags", parameter, name)
        return {item["Key"]: item["Value"] for item in items or ()}

    def _get(self, operation: str, section: str, **params: object) -> Mapping[str, Any] | None:
        """Return the section of an answer; None if there is no such thing."""
        try:
            found: Mapping[str, Any] = self._api.call("iam", operation, **params)[section]
        except AwsRefused as error:
            if error.aws_code == "NoSuchEntity":
                return None
            raise
        return found

    def _list(
        self, operation: str, key: str, parameter: str, name: str
    ) -> list[Mapping[str, Any]] | None:
        """Return a listing about `name`; None if there is no such thing."""
        asked = (operation, key, name)
        if asked not in self._lists:
            try:
                pages = self._api.pages("iam", operation, key, **{parameter: name})
                self._lists[asked] = list(pages)
            except AwsRefused as error:
                if error.aws_code != "NoSuchEntity":
                    raise
                self._lists[asked] = None
        return self._lists[asked]
