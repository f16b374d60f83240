"""What an account file holds: AWS's export as entries, and what the export lacks.

Policy documents are kept as the JSON text that IAM stores, so that what is loaded into an account
is what was written. Passwords, secrets and seeds never show in a `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sekisho.account.model import ResourceRef
from sekisho.errors import Fault
from sekisho.signin import PasswordPolicy, device_arn

__all__ = [
    "AccountFile",
    "DeviceEntry",
    "GroupEntry",
    "InlinePolicy",
    "KeyEntry",
    "PolicyEntry",
    "PolicyVersion",
    "RoleEntry",
    "UserCredentials",
    "UserEntry",
]


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
class UserCredentials:
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
        orphans: virtual devices that were created and never enabled.
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
    credentials: Mapping[str, UserCredentials] = field(default_factory=dict)
    orphans: tuple[DeviceEntry, ...] = ()
    bare: bool = False
    unread: Mapping[ResourceRef, tuple[Fault, ...]] = field(default_factory=dict)

    def serial_of(self, device: DeviceEntry) -> str:
        """Return the serial number of one of the file's devices: its ARN."""
        return device_arn(self.partition, self.account, device.path, device.name)
