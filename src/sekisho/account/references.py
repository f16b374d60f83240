"""What the parts of an account file say of each other: names that are taken, things that exist."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sekisho.account.entries import AccountFile, DeviceEntry, GroupEntry, RoleEntry, UserEntry
from sekisho.errors import Code, Fault, quoted
from sekisho.messages import Message
from sekisho.signin import MAX_DEVICES

__all__ = ["reference_faults"]

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
    keys = Counter(key.id for held in account.credentials.values() for key in held.keys)
    serials = Counter(account.serial_of(device) for device in _devices(account))
    for name, held in account.credentials.items():
        path = f"credentials.users.{quoted(name)[1:-1]}"
        if name not in users:
            yield _missing(path, Message("there is no user {name}").filled(name=quoted(name)))
        if len(held.devices) > MAX_DEVICES:
            message = Message("a user can have up to {most} MFA devices").filled(most=MAX_DEVICES)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.devices")
        if len(held.keys) > _MAX_KEYS:
            message = Message("a user can have up to {most} access keys").filled(most=_MAX_KEYS)
            yield Fault(Code.ACCOUNT_BAD_SHAPE, message, f"{path}.accessKeys")
    for name, count in (keys + serials).items():
        if name and count > 1:
            message = Message("{name} is there {count} times").filled(
                name=quoted(name), count=count
            )
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, "credentials")


def _devices(account: AccountFile) -> Iterator[DeviceEntry]:
    for held in account.credentials.values():
        yield from held.devices
    yield from account.orphans


def _missing(path: str, message: Message) -> Fault:
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
