"""The model of an account: one frozen snapshot of identities, policies, devices, keys and gaps.

A snapshot has no secret in it. What could not be read is a `Gap`, and a gap never means "none".

Source: IAM API Reference, GetAccountAuthorizationDetails and the operations that `calls` lists.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, assert_never

from sekisho.engine import AttachedPolicy, Level
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy import Document
from sekisho.signin import CharacterClass, ConsoleAuthorization, DeviceKind, PasswordPolicy

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Device:
    """An MFA device; `enabled_at` is None and `user` is "" while it is unassigned."""

    serial: str
    kind: DeviceKind
    user: str = ""
    enabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key without its secret.

    Attributes:
        last_used: to within fifteen minutes; None if it never was (IAM API Reference,
            GetAccessKeyLastUsed).
        last_service: the service that it was last used with, like `s3`; "" if it never was.
    """

    id: str
    active: bool
    created_at: datetime | None = None
    last_used: datetime | None = None
    last_service: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """A user name and password, or an API key, for one service (CodeCommit, Keyspaces, Bedrock)."""

    id: str
    service: str
    active: bool
    created_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public SSH key for CodeCommit."""

    id: str
    active: bool
    uploaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """An X.509 certificate that signs requests as a long-term key does."""

    id: str
    active: bool
    uploaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """A console password: its existence, and whether it must be changed at the next sign-in.

    Attributes:
        session_seconds: `MaxSigninSessionDuration`, how long a session of the sign-in may last;
            None: not set, which is twelve hours, or the snapshot is older than the question.
    """

    reset_required: bool = False
    created_at: datetime | None = None
    last_used: datetime | None = None
    session_seconds: int | None = None


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
    created_at: datetime | None = None
    service_credentials: tuple[ServiceCredential, ...] = ()
    ssh_keys: tuple[SshKey, ...] = ()
    certificates: tuple[SigningCertificate, ...] = ()


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
    """A role with its trust policy.

    Attributes:
        session_seconds: as of a `Password`, for who signs in with the role; None also if a gap of
            `ListRoles` says so.
    """

    name: str
    path: str
    arn: str
    trust: Document
    attached: tuple[str, ...] = ()
    inline: tuple[AttachedPolicy, ...] = ()
    boundary: str | None = None
    session_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy in its default version.

    Attributes:
        versions: the ids of all versions there are, as far as they were read.
        made_at: when each of them was made, by its id, as far as that was read.
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
    made_at: Mapping[str, datetime] = field(default_factory=dict)


class ResourceKind(StrEnum):
    """The kinds of resources that a gap can be about."""

    ACCOUNT = "account"
    USER = "user"
    MANAGED_POLICY = "managedPolicy"
    POLICY_VERSION = "policyVersion"
    USER_POLICY = "userPolicy"
    GROUP_POLICY = "groupPolicy"
    ROLE_POLICY = "rolePolicy"
    TRUST_POLICY = "trustPolicy"
    SERVICE_CONTROL_POLICY = "serviceControlPolicy"


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """A resource of an account by its kind and name.

    Attributes:
        name: of a user, an inline policy, or the role that has the trust policy; the ARN of a
            managed policy; the id of a version or of an SCP; "" for the account.
        owner: the owner of the inline policy; the ARN of the policy that has the version;
            otherwise "".
    """

    kind: ResourceKind
    name: str = ""
    owner: str = ""

    @property
    def label(self) -> str:
        """The name of the resource in reports; "" for the account."""
        match self.kind:
            case (
                ResourceKind.ACCOUNT
                | ResourceKind.USER
                | ResourceKind.MANAGED_POLICY
                | ResourceKind.SERVICE_CONTROL_POLICY
            ):
                return self.name
            case ResourceKind.POLICY_VERSION:
                return f"version {self.name} of {self.owner}"
            case ResourceKind.USER_POLICY:
                return f"inline {self.name} of user {self.owner}"
            case ResourceKind.GROUP_POLICY:
                return f"inline {self.name} of group {self.owner}"
            case ResourceKind.ROLE_POLICY:
                return f"inline {self.name} of role {self.owner}"
            case ResourceKind.TRUST_POLICY:
                return f"trust policy of role {self.name}"
            case _:
                assert_never(self.kind)


_INLINE = (ResourceKind.USER_POLICY, ResourceKind.GROUP_POLICY, ResourceKind.ROLE_POLICY)

THE_ACCOUNT = ResourceRef(ResourceKind.ACCOUNT)
"""The resource of a gap that concerns all users."""


def user_ref(name: str) -> ResourceRef:
    """Return the reference to a user."""
    return ResourceRef(ResourceKind.USER, name)


@dataclass(frozen=True, slots=True)
class Gap:
    """An object or fact that could not be read.

    Attributes:
        operation: the call that failed or was never made, like `ListMFADevices`.
        resource: the resource that it is about.
        reason: AWS's message, or why an export does not have the answer.
        code: AWS's error code, or that of the fault; "" where no call failed.
    """

    operation: str
    resource: ResourceRef
    reason: Message
    code: str = ""

    @property
    def cause(self) -> Message:
        """The code and the reason, for people."""
        return self._with_reason(self.code)

    @property
    def why(self) -> Message:
        """The operation and the cause, for people."""
        return self._with_reason(self.operation, self.code)

    def _with_reason(self, *before: str) -> Message:
        parts = (*(verbatim(each) for each in before if each), self.reason)
        return joined_messages(parts, en=": ", ja=": ")

    def to_json(self) -> dict[str, object]:
        """Return the gap in the form of reports."""
        return {
            "operation": self.operation,
            "resource": {
                "kind": self.resource.kind.value,
                "name": self.resource.name,
                "owner": self.resource.owner,
            },
            "code": self.code,
            "reason": self.reason.to_json(),
        }


def gap_reasons(gaps: Iterable[Gap]) -> Message:
    """Return the reasons of gaps, for people."""
    return joined_messages((gap.why for gap in gaps), en="; ", ja="、")


@dataclass(frozen=True, slots=True)
class RootUser:
    """The root user, as far as it can be read from the account; None where it cannot.

    Attributes:
        mfa: `AccountMFAEnabled` of GetAccountSummary.
        virtual_device: whether its device is a virtual one; a hardware device or passkey is not.
        serials: the serial numbers of its virtual devices, as far as they are known.
    """

    mfa: bool | None = None
    virtual_device: bool | None = None
    keys: bool | None = None
    password: bool | None = None
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """One line of a credential report; None is `N/A` or not known.

    Source: IAM User Guide, "Getting credential reports for your AWS account".

    Attributes:
        keys_active, keys_rotated, keys_last_used, keys_last_service: the two access keys; a key
            that is not active and was never rotated does not exist.
        certificates_active: the two signing certificates.
        additional: AWS's own note on more keys and certificates; "" if there is none.
    """

    user: str
    arn: str
    created_at: datetime | None = None
    password_enabled: bool | None = None
    password_last_used: datetime | None = None
    password_last_changed: datetime | None = None
    password_next_rotation: datetime | None = None
    mfa_active: bool | None = None
    keys_active: tuple[bool | None, bool | None] = (None, None)
    keys_rotated: tuple[datetime | None, datetime | None] = (None, None)
    keys_last_used: tuple[datetime | None, datetime | None] = (None, None)
    keys_last_service: tuple[str, str] = ("", "")
    certificates_active: tuple[bool | None, bool | None] = (None, None)
    additional: str = ""


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """A credential report; AWS makes a new one at most every four hours.

    Source: IAM User Guide, "Getting credential reports for your AWS account".

    Attributes:
        generated_at: None if the file does not say.
        rows: by user name; root's row is `<root_account>`.
    """

    generated_at: datetime | None
    rows: Mapping[str, CredentialRow]


@dataclass(frozen=True)
class Snapshot:
    """An account as read at one time; without slots, so that it can keep its indexes.

    Attributes:
        users, groups, roles, policies: by name (policies by ARN), in name order.
        unassigned_devices: virtual devices that no user has enabled.
        gaps: the facts that could not be read; empty means complete.
        alias: the account alias; None if there is none.
        password_policy: None if the account has none of its own, or if a gap says so.
        summary: `SummaryMap` of GetAccountSummary: counts and quotas by AWS's names.
        scps: the service control policies from the organisation's root down to the account; empty
            where none applies (the management account, or none are enabled); None if the account
            is in no organisation, or if a gap says so.
        console_authorization: whether AWS Sign-In's console authorization is enabled; None: it was
            not read, and a gap says so.
        signin_policy: the resource policy of the sign-in, which has an effect only where console
            authorization is enabled; None if there is none, or if a gap says so.
        caller: the ARN of the user or role that read the account; None if the file does not say.
    """

    account: str
    partition: str
    taken_at: datetime
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    policies: Mapping[str, ManagedPolicy]
    unassigned_devices: tuple[Device, ...] = ()
    gaps: tuple[Gap, ...] = ()
    alias: str | None = None
    password_policy: PasswordPolicy | None = None
    summary: Mapping[str, int] = field(default_factory=dict)
    root: RootUser = field(default=RootUser())
    report: CredentialReport | None = None
    scps: tuple[Level, ...] | None = None
    console_authorization: ConsoleAuthorization | None = None
    signin_policy: Document | None = None
    caller: str | None = None

    def __repr__(self) -> str:
        counts = f"users: {len(self.users)}, gaps: {len(self.gaps)}"
        return f"<Snapshot of {self.account} at {self.taken_at.isoformat()}, {counts}>"

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Save the snapshot to a private file, completely or not at all.

        `sekisho.load_snapshot` reads it, and so does `--snapshot` of every command.

        Args:
            path: where; its folder must exist.
            replace: whether a file that is there already may be replaced.

        Raises:
            SekishoError: if it is there already or cannot be written.
        """
        from sekisho.account.saved import save_snapshot  # noqa: PLC0415 - the form is made of this

        save_snapshot(self, path, replace=replace)

    @cached_property
    def user_named(self) -> Mapping[str, User]:
        """The users by name."""
        return {user.name: user for user in self.users}

    @cached_property
    def group_named(self) -> Mapping[str, Group]:
        """The groups by name."""
        return {group.name: group for group in self.groups}

    @cached_property
    def gaps_about(self) -> Mapping[ResourceRef, tuple[Gap, ...]]:
        """The gaps by the resource that they are about."""
        return _by_key(self.gaps, lambda gap: gap.resource)

    @cached_property
    def operations_with_gaps(self) -> frozenset[str]:
        """The operations with a gap for some resource."""
        return frozenset(gap.operation for gap in self.gaps)

    @cached_property
    def inline_gaps(self) -> Mapping[tuple[ResourceKind, str], tuple[Gap, ...]]:
        """The gaps about inline policies, by the kind of policy and its owner."""
        of_owner = (gap for gap in self.gaps if gap.resource.kind in _INLINE)
        return _by_key(of_owner, lambda gap: (gap.resource.kind, gap.resource.owner))

    @property
    def users_gap(self) -> Gap | None:
        """The gap for which no user is known; None if users are known, or the account has none."""
        return None if self.users else self.gap_of("GetAccountAuthorizationDetails")

    @property
    def identities_complete(self) -> bool:
        """Whether the whole answer of GetAccountAuthorizationDetails was read.

        The text of a policy that it leaves out is a gap of `GetPolicy`.
        """
        return all(gap.operation != "GetAccountAuthorizationDetails" for gap in self.gaps)

    @property
    def users_listed(self) -> bool:
        """Whether every user is known by name, even if a policy of the user was not read."""
        return self.gap_of("GetAccountAuthorizationDetails") is None

    def has_password(self, user: User) -> bool | None:
        """Return whether a user has a console password; None if that is not known.

        Where the call was refused, the credential report answers.
        """
        if user.password is not None or self.gap_of("GetLoginProfile", user_ref(user.name)) is None:
            return user.password is not None
        row = self.report.rows.get(user.name) if self.report else None
        return row.password_enabled if row else None

    def gap_of(self, operation: str, resource: ResourceRef = THE_ACCOUNT) -> Gap | None:
        """Return the gap that leaves this call's answer about a resource unknown; None: known.

        A gap about the whole account leaves it unknown for every resource.
        """
        known = self.gaps_about
        about = (*known.get(resource, ()), *known.get(THE_ACCOUNT, ()))
        return next((gap for gap in about if gap.operation == operation), None)


def _by_key(gaps: Iterable[Gap], key: Callable[[Gap], K]) -> dict[K, tuple[Gap, ...]]:
    by_key: dict[K, list[Gap]] = {}
    for gap in gaps:
        by_key.setdefault(key(gap), []).append(gap)
    return {each: tuple(several) for each, several in by_key.items()}


CHARACTER_CLASSES: Mapping[str, CharacterClass] = {
    "RequireUppercaseCharacters": CharacterClass.UPPERCASE,
    "RequireLowercaseCharacters": CharacterClass.LOWERCASE,
    "RequireNumbers": CharacterClass.NUMBER,
    "RequireSymbols": CharacterClass.SYMBOL,
}
"""The character classes that a password needs, by IAM's parameters of a password policy."""


def password_policy(answer: Mapping[str, Any]) -> PasswordPolicy:
    """Return the password policy in an answer of GetAccountPasswordPolicy."""
    return PasswordPolicy(
        minimum_length=answer.get("MinimumPasswordLength", 6),
        required=frozenset(kind for name, kind in CHARACTER_CLASSES.items() if answer.get(name)),
        users_may_change=bool(answer.get("AllowUsersToChangePassword")),
        max_age=answer.get("MaxPasswordAge") or 0,
        reuse_prevention=answer.get("PasswordReusePrevention") or 0,
        hard_expiry=bool(answer.get("HardExpiry")),
    )
