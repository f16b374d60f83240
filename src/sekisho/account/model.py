"""What an account is: one frozen snapshot of identities, policies, devices and keys, and its gaps.

A snapshot holds no secret. What could not be read is a `Gap` and is never taken for "none".

Source: `GetAccountAuthorizationDetails` and the calls beside it (facts §9.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sekisho.engine.model import AttachedPolicy
from sekisho.policy.document import Document
from sekisho.signin.model import DeviceKind

__all__ = [
    "AccessKey",
    "Device",
    "DeviceKind",
    "Gap",
    "Group",
    "ManagedPolicy",
    "Password",
    "Role",
    "Snapshot",
    "User",
]


@dataclass(frozen=True, slots=True)
class Device:
    """An MFA device; `enabled_at` is None and `user` is "" for an orphan."""

    serial: str
    kind: DeviceKind
    user: str = ""
    enabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key without its secret; `last_used` is None if it never was."""

    id: str
    active: bool
    created_at: datetime | None = None
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """A console password: that there is one, and whether it must be changed at the next sign-in."""

    reset_required: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user.

    Attributes:
        attached: ARNs of managed policies attached directly.
        inline: inline policies, named `inline NAME of user U`.
        boundary: ARN of the permissions boundary, or None.
        password: None if there is no console password.
    """

    name: str
    path: str
    arn: str
    id: str
    groups: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    inline: tuple[AttachedPolicy, ...] = ()
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    password: Password | None = None
    devices: tuple[Device, ...] = ()
    keys: tuple[AccessKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A user group."""

    name: str
    path: str
    arn: str
    attached: tuple[str, ...] = ()
    inline: tuple[AttachedPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its trust policy."""

    name: str
    path: str
    arn: str
    trust: Document
    attached: tuple[str, ...] = ()
    inline: tuple[AttachedPolicy, ...] = ()
    boundary: str | None = None


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy in its default version.

    Attributes:
        versions: the ids of all versions there are, as far as they were read.
    """

    arn: str
    name: str
    path: str
    default_version: str
    document: Document
    aws_managed: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read.

    Attributes:
        what: the call that failed, like `ListMFADevices`.
        who: the user or policy it was about, or "".
        reason: AWS's error code and message.
    """

    what: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account as read at one time.

    Attributes:
        users, groups, roles, policies: by name (policies by ARN), in name order.
        orphans: virtual devices that no user has enabled.
        gaps: what could not be read; empty means complete.
    """

    account: str
    partition: str
    taken_at: datetime
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    policies: Mapping[str, ManagedPolicy]
    orphans: tuple[Device, ...] = ()
    gaps: tuple[Gap, ...] = ()
