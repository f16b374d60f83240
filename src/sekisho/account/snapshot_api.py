"""A snapshot behind the interface to AWS: code that reads AWS can read a snapshot.

Facts that a snapshot lacks are refused as `NotRead`, and never answered with "none". The caller is
the account's root: a snapshot does not know the later caller.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sekisho.account.model import (
    THE_ACCOUNT,
    Device,
    Group,
    ManagedPolicy,
    ResourceKind,
    ResourceRef,
    Snapshot,
    User,
    user_ref,
)
from sekisho.errors import AwsRefused
from sekisho.policy import to_json

NOT_READ = "NotRead"
"""The code of a refusal for facts that the snapshot lacks; it is none of AWS's."""

_ABSENT = "NoSuchEntity"
_NO_STATUS = 0
_AWS_ACCOUNT = ":iam::aws:policy/"
_Item = Mapping[str, Any]


class SnapshotApi:
    """`AwsApi` over a snapshot, for operations that read IAM.

    Attributes:
        snapshot: the account.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._members: dict[str, list[str]] = {}
        for user in snapshot.users:
            for name in user.groups:
                self._members.setdefault(name, []).append(user.name)
        self._answers: Mapping[str, Callable[..., _Item]] = {
            "GetCallerIdentity": self._identity,
            "GetUser": self._user,
            "ListUserTags": self._user_tags,
            "GetLoginProfile": self._login_profile,
            "ListAttachedUserPolicies": self._user_policies,
            "ListGroupsForUser": self._groups_of,
            "ListMFADevices": self._devices,
            "ListAccessKeys": self._access_keys,
            "ListSSHPublicKeys": self._ssh_keys,
            "ListServiceSpecificCredentials": self._service_credentials,
            "ListSigningCertificates": self._certificates,
            "GetGroup": self._group,
            "ListAttachedGroupPolicies": self._group_policies,
            "GetPolicy": self._policy,
            "GetPolicyVersion": self._version,
            "ListPolicyVersions": self._versions,
            "ListPolicyTags": self._policy_tags,
            "ListEntitiesForPolicy": self._holders,
            "ListVirtualMFADevices": self._virtual_devices,
        }

    def call(self, service: str, operation: str, /, **params: object) -> _Item:
        """Answer one operation; see `AwsApi.call`.

        Raises:
            AwsRefused: as `NoSuchEntity` if there is no such thing, as `NotRead` if it was not read
                or is nothing that reads IAM.
        """
        answer = self._answers.get(operation)
        if service not in ("iam", "sts") or answer is None:
            raise _refused(operation, NOT_READ, "a snapshot does not answer this")
        return answer(**params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key`; see `AwsApi.pages`."""
        yield from self.call(service, operation, **params).get(key, ())

    def _read(self, operation: str, about: ResourceRef = THE_ACCOUNT) -> None:
        """Check that an answer was read.

        Raises:
            AwsRefused: if it was not.
        """
        gap = self.snapshot.gap_of(operation, about)
        if gap is not None:
            raise _refused(operation, gap.code or NOT_READ, gap.reason.en)

    def _user_named(self, operation: str, name: str) -> User:
        user = self.snapshot.user_named.get(name)
        if user is None:
            self._read("GetAccountAuthorizationDetails")
            raise _refused(operation, _ABSENT, f"The user with name {name} cannot be found.")
        return user

    def _identity(self) -> _Item:
        home = f"arn:{self.snapshot.partition}:iam::{self.snapshot.account}"
        return {"Account": self.snapshot.account, "Arn": f"{home}:root"}

    def _user(self, UserName: str) -> _Item:  # noqa: N803 - AWS's name
        user = self._user_named("GetUser", UserName)
        shown = {"UserName": user.name, "Path": user.path, "Arn": user.arn, "UserId": user.id}
        return {"User": {**shown, "CreateDate": user.created_at}}

    def _user_tags(self, UserName: str) -> _Item:  # noqa: N803 - as above
        return {"Tags": _tags(self._user_named("ListUserTags", UserName).tags)}

    def _login_profile(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_named("GetLoginProfile", UserName)
        if user.password is None:
            self._read("GetLoginProfile", user_ref(user.name))
            raise _refused("GetLoginProfile", _ABSENT, f"Login Profile for User {user.name}")
        password = user.password
        made = {} if password.created_at is None else {"CreateDate": password.created_at}
        profile = {"UserName": user.name, "PasswordResetRequired": password.reset_required}
        return {"LoginProfile": profile | made}

    def _user_policies(self, UserName: str) -> _Item:  # noqa: N803 - as above
        return _attached(self._user_named("ListAttachedUserPolicies", UserName).attached)

    def _groups_of(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_named("ListGroupsForUser", UserName)
        return {"Groups": [{"GroupName": each} for each in user.groups]}

    def _devices(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_if_read("ListMFADevices", UserName)
        return {"MFADevices": [_device(each) for each in user.devices]}

    def _user_if_read(self, operation: str, name: str) -> User:
        user = self._user_named(operation, name)
        self._read(operation, user_ref(name))
        return user

    def _access_keys(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_if_read("ListAccessKeys", UserName)
        keys = [(each.id, each.active) for each in user.keys]
        return {"AccessKeyMetadata": _with_status("AccessKeyId", keys)}

    def _ssh_keys(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_if_read("ListSSHPublicKeys", UserName)
        keys = [(each.id, each.active) for each in user.ssh_keys]
        return {"SSHPublicKeys": _with_status("SSHPublicKeyId", keys)}

    def _service_credentials(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_if_read("ListServiceSpecificCredentials", UserName)
        found = [(each.id, each.active) for each in user.service_credentials]
        listed = _with_status("ServiceSpecificCredentialId", found)
        return {"ServiceSpecificCredentials": listed}

    def _certificates(self, UserName: str) -> _Item:  # noqa: N803 - as above
        user = self._user_if_read("ListSigningCertificates", UserName)
        found = [(each.id, each.active) for each in user.certificates]
        return {"Certificates": _with_status("CertificateId", found)}

    def _group_named(self, operation: str, name: str) -> Group:
        group = self.snapshot.group_named.get(name)
        if group is None:
            self._read("GetAccountAuthorizationDetails")
            raise _refused(operation, _ABSENT, f"The group with name {name} cannot be found.")
        return group

    def _group(self, GroupName: str) -> _Item:  # noqa: N803 - as above
        group = self._group_named("GetGroup", GroupName)
        shown = {"GroupName": group.name, "Path": group.path, "Arn": group.arn}
        members = self._members.get(group.name, ())
        return {"Group": shown, "Users": [{"UserName": each} for each in members]}

    def _group_policies(self, GroupName: str) -> _Item:  # noqa: N803 - as above
        return _attached(self._group_named("ListAttachedGroupPolicies", GroupName).attached)

    def _policy_named(self, operation: str, arn: str) -> ManagedPolicy:
        """Return a policy; of AWS's own, only attached ones were read."""
        found = self.snapshot.policies.get(arn)
        if found is not None:
            return found
        self._read("GetAccountAuthorizationDetails")
        self._read("GetPolicy", ResourceRef(ResourceKind.MANAGED_POLICY, arn))
        if _AWS_ACCOUNT in arn:
            raise _refused(operation, NOT_READ, f"{arn} was not read")
        raise _refused(operation, _ABSENT, f"Policy {arn} does not exist")

    def _policy(self, PolicyArn: str) -> _Item:  # noqa: N803 - as above
        policy = self._policy_named("GetPolicy", PolicyArn)
        return {
            "Policy": {
                "PolicyName": policy.name,
                "Arn": policy.arn,
                "Path": policy.path,
                "DefaultVersionId": policy.default_version,
                "Description": policy.description,
            }
        }

    def _version(self, PolicyArn: str, VersionId: str) -> _Item:  # noqa: N803 - as above
        policy = self._policy_named("GetPolicyVersion", PolicyArn)
        if VersionId != policy.default_version:
            about = ResourceRef(ResourceKind.POLICY_VERSION, VersionId, PolicyArn)
            raise _refused("GetPolicyVersion", NOT_READ, f"{about.label} was not read")
        shown: dict[str, object] = {
            "VersionId": VersionId,
            "IsDefaultVersion": True,
            "Document": to_json(policy.document),
        }
        if VersionId in policy.made_at:
            shown["CreateDate"] = policy.made_at[VersionId]
        return {"PolicyVersion": shown}

    def _versions(self, PolicyArn: str) -> _Item:  # noqa: N803 - as above
        policy = self._policy_named("ListPolicyVersions", PolicyArn)
        listed = policy.versions or (policy.default_version,)
        return {"Versions": [{"VersionId": each} for each in listed]}

    def _policy_tags(self, PolicyArn: str) -> _Item:  # noqa: N803 - as above
        policy = self._policy_named("ListPolicyTags", PolicyArn)
        self._read("ListPolicyTags", ResourceRef(ResourceKind.MANAGED_POLICY, PolicyArn))
        return {"Tags": _tags(policy.tags)}

    def _holders(self, PolicyArn: str) -> _Item:  # noqa: N803 - as above
        self._policy_named("ListEntitiesForPolicy", PolicyArn)
        held = self.snapshot

        def having(kind: str, owners: Iterable[tuple[str, bool]]) -> list[dict[str, str]]:
            return [{f"{kind}Name": name} for name, has in owners if has]

        users = ((u.name, PolicyArn in (*u.attached, u.boundary)) for u in held.users)
        groups = ((g.name, PolicyArn in g.attached) for g in held.groups)
        roles = ((r.name, PolicyArn in (*r.attached, r.boundary)) for r in held.roles)
        return {
            "PolicyUsers": having("User", users),
            "PolicyGroups": having("Group", groups),
            "PolicyRoles": having("Role", roles),
        }

    def _virtual_devices(self, AssignmentStatus: str = "Any") -> _Item:  # noqa: N803 - as above
        del AssignmentStatus  # nobody asks for another
        self._read("ListVirtualMFADevices")
        devices: list[dict[str, object]] = [
            {"SerialNumber": each.serial} for each in self.snapshot.unassigned_devices
        ]
        for user in self.snapshot.users:
            owner = {"UserName": user.name, "Arn": user.arn}
            devices += [{"SerialNumber": each.serial, "User": owner} for each in user.devices]
        return {"VirtualMFADevices": devices}


def _refused(operation: str, code: str, message: str) -> AwsRefused:
    return AwsRefused(operation, code, message, _NO_STATUS)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _attached(arns: Iterable[str]) -> _Item:
    return {"AttachedPolicies": [{"PolicyArn": each} for each in arns]}


def _device(device: Device) -> dict[str, object]:
    since = {} if device.enabled_at is None else {"EnableDate": device.enabled_at}
    return {"SerialNumber": device.serial, **since}


def _with_status(identity: str, found: Iterable[tuple[str, bool]]) -> list[dict[str, str]]:
    return [{identity: each, "Status": "Active" if on else "Inactive"} for each, on in found]
