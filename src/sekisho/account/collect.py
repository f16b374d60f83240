"""Reads an account into a snapshot, with a gap for everything that could not be read.

`GetAccountAuthorizationDetails` says who there is and which policies apply, but nothing about
passwords, devices and keys: those are asked for user by user (facts §9.2).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sekisho.account.api import AwsApi
from sekisho.account.model import (
    AccessKey,
    Device,
    DeviceKind,
    Gap,
    Group,
    ManagedPolicy,
    Password,
    Role,
    Snapshot,
    User,
)
from sekisho.engine.model import AttachedPolicy
from sekisho.errors import AwsRefused, FaultyPolicy
from sekisho.policy import from_json
from sekisho.policy.document import Document, PolicyKind
from sekisho.signin import kind_of

__all__ = ["collect"]

_DETAILS = "GetAccountAuthorizationDetails"

Item = Mapping[str, Any]
Named = TypeVar("Named", User, Group, Role)


def collect(api: AwsApi, *, now: datetime) -> Snapshot:
    """Return the account behind `api` as it is now.

    Raises:
        AwsRefused: if not even the account can be told (GetCallerIdentity needs no permission).
    """
    identity = api.call("sts", "GetCallerIdentity")
    reader = _Reader(api)
    users = [reader.user(item) for item in reader.details("User", "UserDetailList")]
    groups = [reader.group(item) for item in reader.details("Group", "GroupDetailList")]
    roles = [
        role
        for item in reader.details("Role", "RoleDetailList")
        if (role := reader.role(item)) is not None
    ]
    policies = dict(reader.local_policies())
    for arn in sorted(_attached(users, groups, roles) - policies.keys()):
        policies.update(reader.managed_policy(arn))
    return Snapshot(
        account=identity["Account"],
        partition=identity["Arn"].split(":")[1],
        taken_at=now,
        users=_by_name(users),
        groups=_by_name(groups),
        roles=_by_name(roles),
        policies=dict(sorted(policies.items())),
        orphans=reader.orphans(),
        gaps=tuple(reader.gaps),
    )


def _kind(serial: str) -> DeviceKind:
    """Return the kind of a device; one of a kind that has gone (`sms-mfa`) is a device still."""
    return kind_of(serial) or DeviceKind.HARDWARE


def _by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))


def _attached(users: list[User], groups: list[Group], roles: list[Role]) -> set[str]:
    """Return the ARN of every managed policy that decides for somebody."""
    owners: list[User | Group | Role] = [*users, *groups, *roles]
    bounded: list[User | Role] = [*users, *roles]
    arns = {arn for owner in owners for arn in owner.attached}
    return arns | {owner.boundary for owner in bounded if owner.boundary is not None}


def _tags(items: Iterable[Item]) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in items}


def _arns(item: Item) -> tuple[str, ...]:
    return tuple(sorted(policy["PolicyArn"] for policy in item.get("AttachedManagedPolicies", ())))


def _boundary(item: Item) -> str | None:
    arn = item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return str(arn) if arn else None


class _Reader:
    """The calls, each with the gap that it leaves when it is refused."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self.gaps: list[Gap] = []

    def details(self, kind: str, key: str) -> list[Item]:
        """Return one list of GetAccountAuthorizationDetails; empty, with a gap, if refused."""
        return self._list(_DETAILS, key, "", Filter=[kind]) or []

    def user(self, item: Item) -> User:
        """Return one user with what only the calls about that user tell."""
        name = item["UserName"]
        return User(
            name=name,
            path=item["Path"],
            arn=item["Arn"],
            id=item["UserId"],
            groups=tuple(sorted(item.get("GroupList", ()))),
            attached=_arns(item),
            inline=self._inline(item.get("UserPolicyList", ()), f"user {name}"),
            boundary=_boundary(item),
            tags=_tags(item.get("Tags", ())),
            password=self._password(name),
            devices=self._devices(name),
            keys=self._keys(name),
        )

    def group(self, item: Item) -> Group:
        """Return one user group."""
        name = item["GroupName"]
        inline = self._inline(item.get("GroupPolicyList", ()), f"group {name}")
        return Group(name, item["Path"], item["Arn"], _arns(item), inline)

    def role(self, item: Item) -> Role | None:
        """Return one role; None, with a gap, if its trust policy cannot be read."""
        name = item["RoleName"]
        trust = self._document(
            item["AssumeRolePolicyDocument"], f"trust policy of role {name}", PolicyKind.TRUST
        )
        if trust is None:
            return None
        inline = self._inline(item.get("RolePolicyList", ()), f"role {name}")
        boundary = _boundary(item)
        return Role(name, item["Path"], item["Arn"], trust, _arns(item), inline, boundary)

    def local_policies(self) -> Iterator[tuple[str, ManagedPolicy]]:
        """Yield the customer managed policies by ARN."""
        for item in self.details("LocalManagedPolicy", "Policies"):
            arn = item["Arn"]
            versions = {
                version["VersionId"]: version["Document"] for version in item["PolicyVersionList"]
            }
            document = self._document(versions[item["DefaultVersionId"]], arn)
            if document is not None:
                yield arn, self._managed(item, document, tuple(versions))

    def managed_policy(self, arn: str) -> Iterator[tuple[str, ManagedPolicy]]:
        """Yield one attached policy that is not the customer's; nothing, with a gap, if refused."""
        try:
            item = self._api.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]
            version = self._api.call(
                "iam", "GetPolicyVersion", PolicyArn=arn, VersionId=item["DefaultVersionId"]
            )["PolicyVersion"]
        except AwsRefused as error:
            self._gap(error, arn)
            return
        document = self._document(version["Document"], arn)
        if document is not None:
            yield arn, self._managed(item, document, (version["VersionId"],))

    def orphans(self) -> tuple[Device, ...]:
        """Return the virtual devices that nobody has enabled."""
        items = self._list(
            "ListVirtualMFADevices", "VirtualMFADevices", "", AssignmentStatus="Unassigned"
        )
        serials = sorted(item["SerialNumber"] for item in items or ())
        return tuple(Device(serial, _kind(serial)) for serial in serials)

    def _managed(self, item: Item, document: Document, versions: tuple[str, ...]) -> ManagedPolicy:
        arn = item["Arn"]
        aws_managed = arn.split(":")[4] == "aws"
        tags = [] if aws_managed else self._list("ListPolicyTags", "Tags", arn, PolicyArn=arn)
        return ManagedPolicy(
            arn=arn,
            name=arn.rsplit("/", 1)[-1],
            path=item["Path"],
            default_version=item["DefaultVersionId"],
            document=document,
            aws_managed=aws_managed,
            tags=_tags(tags or ()),
            versions=versions,
            description=item.get("Description") or "",
        )

    def _password(self, user: str) -> Password | None:
        try:
            profile = self._api.call("iam", "GetLoginProfile", UserName=user)["LoginProfile"]
        except AwsRefused as error:
            if error.aws_code != "NoSuchEntity":
                self._gap(error, user)
            return None
        return Password(bool(profile.get("PasswordResetRequired")), profile.get("CreateDate"))

    def _devices(self, user: str) -> tuple[Device, ...]:
        items = self._list("ListMFADevices", "MFADevices", user, UserName=user) or ()
        return tuple(
            Device(item["SerialNumber"], _kind(item["SerialNumber"]), user, item["EnableDate"])
            for item in sorted(items, key=lambda item: str(item["SerialNumber"]))
        )

    def _keys(self, user: str) -> tuple[AccessKey, ...]:
        items = self._list("ListAccessKeys", "AccessKeyMetadata", user, UserName=user) or ()
        return tuple(
            AccessKey(
                id=item["AccessKeyId"],
                active=item["Status"] == "Active",
                created_at=item.get("CreateDate"),
                last_used=self._last_used(item["AccessKeyId"], user),
            )
            for item in sorted(items, key=lambda item: str(item["AccessKeyId"]))
        )

    def _last_used(self, key: str, user: str) -> datetime | None:
        try:
            answer = self._api.call("iam", "GetAccessKeyLastUsed", AccessKeyId=key)
        except AwsRefused as error:
            self._gap(error, user)
            return None
        used: datetime | None = answer["AccessKeyLastUsed"].get("LastUsedDate")
        return used

    def _inline(self, items: Iterable[Item], owner: str) -> tuple[AttachedPolicy, ...]:
        found = []
        for item in sorted(items, key=lambda item: str(item["PolicyName"])):
            name = f"inline {item['PolicyName']} of {owner}"
            document = self._document(item["PolicyDocument"], name)
            if document is not None:
                found.append(AttachedPolicy(name, document))
        return tuple(found)

    def _document(
        self, value: object, name: str, kind: PolicyKind = PolicyKind.IDENTITY
    ) -> Document | None:
        """Return the document that botocore decoded; None, with a gap, if it is no policy."""
        try:
            return from_json(value, source=name, kind=kind)
        except FaultyPolicy as error:
            self.gaps.append(Gap(_DETAILS, name, f"{error.code}: {error}"))
            return None

    def _list(self, operation: str, key: str, who: str, **params: object) -> list[Item] | None:
        """Return a listing; None, with a gap, if any page of it is refused."""
        try:
            return list(self._api.pages("iam", operation, key, **params))
        except AwsRefused as error:
            self._gap(error, who)
            return None

    def _gap(self, error: AwsRefused, who: str) -> None:
        self.gaps.append(Gap(error.operation, who, f"{error.aws_code}: {error.message}"))
