"""The content of an account file: identities as in a snapshot, and secrets, texts and dates.

A snapshot lacks the texts of policy documents, which the local AWS loads unchanged; ids and dates
that no question depends on; and passwords, secret keys and seeds, which never show in a `repr`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime

from sekisho.account.model import (
    AccessKey,
    Device,
    Group,
    ManagedPolicy,
    ResourceKind,
    ResourceRef,
    Role,
    User,
)
from sekisho.errors import Code, Fault, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.signin import MAX_DEVICES, PasswordPolicy


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts of a group, a role or a managed policy that a snapshot does not have.

    Attributes:
        updated_at: of managed policies only.
        tags: of roles only.
    """

    id: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserCredentials:
    """The credentials of one user, for signing in and for signing requests.

    Attributes:
        password: the console password; None if there is none. A secret.
        reset_required: the password must be changed at the next sign-in.
        devices: the enabled ones, in the order in which they were enabled.
    """

    password: str | None = field(default=None, repr=False)
    reset_required: bool = False
    devices: tuple[Device, ...] = ()
    keys: tuple[AccessKey, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountFile:
    """An account in a file; all lists are in the file's order.

    Attributes:
        alias: the account alias, or None.
        users: without their credentials.
        policies: the managed policies whose documents the file holds, each with its newest version
            first; attached AWS managed policies need not be among them.
        password_policy: None if the account has no password policy of its own.
        credentials: by user name; users who have none are not in it.
        unassigned_devices: virtual devices that were created and never enabled.
        seeds: the base32 seed of each device, by its serial number. Secrets.
        secret_keys: the secret of each access key, by the key's id. Secrets.
        texts: the JSON text that IAM stores of each document, by what it is; that of a managed
            policy's version is under `version_ref`.
        metadata: by the ARN of a group, role or managed policy.
        bare: whether it is AWS's answer alone, which says nothing of alias, password policy and
            credentials.
        unread: why documents of a bare answer cannot be read, by what they are. They have no text,
            and what has them is left out.
    """

    account: str
    partition: str
    alias: str | None = None
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    roles: tuple[Role, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    password_policy: PasswordPolicy | None = None
    credentials: Mapping[str, UserCredentials] = field(default_factory=dict)
    unassigned_devices: tuple[Device, ...] = ()
    seeds: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    texts: Mapping[ResourceRef, str] = field(default_factory=dict)
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    bare: bool = False
    unread: Mapping[ResourceRef, tuple[Fault, ...]] = field(default_factory=dict)


def version_ref(arn: str, version: str, default: str) -> ResourceRef:
    """Return the reference to a version of a policy: the policy itself for the default version."""
    if version == default:
        return ResourceRef(ResourceKind.MANAGED_POLICY, arn)
    return ResourceRef(ResourceKind.POLICY_VERSION, version, arn)


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
    """Return repeated names; IAM's names are unique without regard to case."""
    users = [user.name for user in account.users]
    groups = [group.name for group in account.groups]
    roles = [role.name for role in account.roles]
    yield from _duplicate_names(users, f"{at}UserDetailList", "UserName")
    yield from _duplicate_names(groups, f"{at}GroupDetailList", "GroupName")
    yield from _duplicate_names(roles, f"{at}RoleDetailList", "RoleName")
    yield from _duplicate_names([policy.arn for policy in account.policies], f"{at}Policies", "Arn")


def _duplicate_names(names: Iterable[str], path: str, member: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name.lower(), index)
        if name and first != index:
            message = Message("{name} is taken by entry {first}; case does not matter").filled(
                name=quoted(name), first=first
            )
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, f"{path}[{index}].{member}")


def _unknown_policies(account: AccountFile, at: str) -> Iterator[Fault]:
    """Return attached policies that the file lacks, apart from AWS's own."""
    known = {policy.arn for policy in account.policies}
    of_aws = f"arn:{account.partition}:iam::aws:policy/"
    lists: tuple[tuple[str, tuple[User | Group | Role, ...]], ...] = (
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
            if not isinstance(entry, Group) and entry.boundary:
                named.append((entry.boundary, f"{path}.PermissionsBoundary.PermissionsBoundaryArn"))
            for arn, place in named:
                if arn and arn not in known and not arn.startswith(of_aws):
                    yield _missing(
                        place,
                        Message("the policy {arn} is not among `Policies`").filled(arn=quoted(arn)),
                    )


def _credential_faults(account: AccountFile) -> Iterator[Fault]:
    users = {user.name for user in account.users}
    keys = Counter(key.id for each in account.credentials.values() for key in each.keys)
    serials = Counter(device.serial for device in _devices(account))
    for name, credentials in account.credentials.items():
        path = f"credentials.users.{quoted(name)[1:-1]}"
        if name not in users:
            yield _missing(path, Message("there is no user {name}").filled(name=quoted(name)))
        if len(credentials.devices) > MAX_DEVICES:
            message = Message("a user can have up to {most} MFA devices").filled(most=MAX_DEVICES)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.devices")
        if len(credentials.keys) > _MAX_KEYS:
            message = Message("a user can have up to {most} access keys").filled(most=_MAX_KEYS)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.accessKeys")
    for name, count in (keys + serials).items():
        if name and count > 1:
            message = Message("{name} appears {count} times").filled(name=quoted(name), count=count)
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, "credentials")


def _devices(account: AccountFile) -> Iterator[Device]:
    for credentials in account.credentials.values():
        yield from credentials.devices
    yield from account.unassigned_devices


def _missing(path: str, message: Message) -> Fault:
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
