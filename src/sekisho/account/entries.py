"""What an account file holds: AWS's export as entries, what the export lacks, and how they fit.

Policy documents are the JSON text that IAM stores, so that what is loaded into an account
is what was written. Passwords, secrets and seeds never show in a `repr`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sekisho.account.model import ResourceRef
from sekisho.errors import Code, Fault, quoted
from sekisho.messages import Message
from sekisho.signin import MAX_DEVICES, PasswordPolicy, device_arn


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """An inline policy: its name and its document as JSON text."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class UserEntry:
    """An IAM user of the export.

    Attributes:
        groups: names of the groups that the user is in.
        attached: ARNs of the managed policies attached directly.
        boundary: ARN of the permissions boundary, or None.
    """

    name: str
    path: str
    arn: str
    id: str
    created_at: datetime | None = None
    groups: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A user group of the export."""

    name: str
    path: str
    arn: str
    id: str
    created_at: datetime | None = None
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role of the export; `trust` is its trust policy as JSON text."""

    name: str
    path: str
    arn: str
    id: str
    trust: str
    created_at: datetime | None = None
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy: its id like `v2`, and its document as JSON text."""

    id: str
    document: str
    is_default: bool
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A managed policy of the export, of the customer or of AWS; the newest version first."""

    name: str
    path: str
    arn: str
    id: str
    versions: tuple[PolicyVersion, ...]
    description: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def default(self) -> PolicyVersion:
        """The version that is in force."""
        return next(version for version in self.versions if version.is_default)

    @property
    def aws_managed(self) -> bool:
        """Whether AWS owns the policy: its ARN has `aws` where others have the account."""
        return self.arn.split(":")[4:5] == ["aws"]


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A virtual MFA device with its base32 seed; the seed is a secret."""

    name: str
    path: str
    seed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """An access key with its secret."""

    id: str
    secret: str = field(repr=False)
    active: bool = True


@dataclass(frozen=True, slots=True)
class UserSecrets:
    """What one user holds.

    Attributes:
        password: the console password; None if there is none. A secret.
        reset_required: the password must be changed at the next sign-in.
        devices: the enabled ones, in the order in which they were enabled.
    """

    password: str | None = field(default=None, repr=False)
    reset_required: bool = False
    devices: tuple[DeviceEntry, ...] = ()
    keys: tuple[KeyEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountFile:
    """An account as a file describes it.

    Attributes:
        alias: the account alias, or None.
        policies: the managed policies whose documents the file holds; attached AWS managed
            policies need not be among them.
        password_policy: None if the account has no password policy of its own.
        credentials: by user name; users who hold nothing are not in it.
        unassigned_devices: virtual devices that were created and never enabled.
        bare: whether it is AWS's answer alone, which says nothing of alias, password policy and
            what users hold.
        unread: why documents of a bare answer cannot be read, by what they are; they are "".
    """

    account: str
    partition: str
    alias: str | None = None
    users: tuple[UserEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()
    policies: tuple[PolicyEntry, ...] = ()
    password_policy: PasswordPolicy | None = None
    credentials: Mapping[str, UserSecrets] = field(default_factory=dict)
    unassigned_devices: tuple[DeviceEntry, ...] = ()
    bare: bool = False
    unread: Mapping[ResourceRef, tuple[Fault, ...]] = field(default_factory=dict)

    def serial_of(self, device: DeviceEntry) -> str:
        """Return the serial number of one of the file's devices: its ARN."""
        return device_arn(self.partition, self.account, device.path, device.name)


_MAX_KEYS = 2


def reference_faults(account: AccountFile, details: str) -> Iterator[Fault]:
    """Return the faults between entries; `details` is the path of AWS's answer, "" for a bare one.

    Names that could not be read are empty here and pass: they have their fault already.
    """
    at = f"{details}." if details else ""
    yield from _taken_names(account, at)
    groups = {group.name for group in account.groups}
    for index, user in enumerate(account.users):
        for number, name in enumerate(user.groups):
            if name and name not in groups:
                path = f"{at}UserDetailList[{index}].GroupList[{number}]"
                yield _missing(path, Message("there is no group {name}").filled(name=quoted(name)))
    yield from _unknown_policies(account, at)
    yield from _credential_faults(account)


def _taken_names(account: AccountFile, at: str) -> Iterator[Fault]:
    """Return names that are used twice; IAM's names are unique without regard to case."""
    users = [user.name for user in account.users]
    groups = [group.name for group in account.groups]
    roles = [role.name for role in account.roles]
    yield from _twice(users, f"{at}UserDetailList", "UserName")
    yield from _twice(groups, f"{at}GroupDetailList", "GroupName")
    yield from _twice(roles, f"{at}RoleDetailList", "RoleName")
    yield from _twice([policy.arn for policy in account.policies], f"{at}Policies", "Arn")


def _twice(names: Iterable[str], path: str, member: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name.lower(), index)
        if name and first != index:
            message = Message("{name} is taken by entry {first}; case does not matter").filled(
                name=quoted(name), first=first
            )
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, f"{path}[{index}].{member}")


def _unknown_policies(account: AccountFile, at: str) -> Iterator[Fault]:
    """Return attached policies that the file does not hold; AWS's own are known anyway."""
    known = {policy.arn for policy in account.policies}
    of_aws = f"arn:{account.partition}:iam::aws:policy/"
    lists: tuple[tuple[str, tuple[UserEntry | GroupEntry | RoleEntry, ...]], ...] = (
        ("UserDetailList", account.users),
        ("GroupDetailList", account.groups),
        ("RoleDetailList", account.roles),
    )
    for section, entries in lists:
        for index, entry in enumerate(entries):
            path = f"{at}{section}[{index}]"
            named = [
                (arn, f"{path}.AttachedManagedPolicies[{number}].PolicyArn")
                for number, arn in enumerate(entry.attached)
            ]
            if not isinstance(entry, GroupEntry) and entry.boundary:
                named.append((entry.boundary, f"{path}.PermissionsBoundary.PermissionsBoundaryArn"))
            for arn, place in named:
                if arn and arn not in known and not arn.startswith(of_aws):
                    yield _missing(
                        place,
                        Message("the policy {arn} is not among `Policies`").filled(arn=quoted(arn)),
                    )


def _credential_faults(account: AccountFile) -> Iterator[Fault]:
    users = {user.name for user in account.users}
    keys = Counter(key.id for secrets in account.credentials.values() for key in secrets.keys)
    serials = Counter(account.serial_of(device) for device in _devices(account))
    for name, secrets in account.credentials.items():
        path = f"credentials.users.{quoted(name)[1:-1]}"
        if name not in users:
            yield _missing(path, Message("there is no user {name}").filled(name=quoted(name)))
        if len(secrets.devices) > MAX_DEVICES:
            message = Message("a user can have up to {most} MFA devices").filled(most=MAX_DEVICES)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.devices")
        if len(secrets.keys) > _MAX_KEYS:
            message = Message("a user can have up to {most} access keys").filled(most=_MAX_KEYS)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.accessKeys")
    for name, count in (keys + serials).items():
        if name and count > 1:
            message = Message("{name} is there {count} times").filled(
                name=quoted(name), count=count
            )
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, "credentials")


def _devices(account: AccountFile) -> Iterator[DeviceEntry]:
    for secrets in account.credentials.values():
        yield from secrets.devices
    yield from account.unassigned_devices


def _missing(path: str, message: Message) -> Fault:
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
