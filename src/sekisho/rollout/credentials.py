"""What people hold: of whom it could not be read, never taken for nothing; what they will get."""

from collections.abc import Mapping

from sekisho.account import THE_ACCOUNT, Snapshot, User
from sekisho.errors import Code, PlanRefused
from sekisho.messages import Message

_HOLDINGS = ("GetLoginProfile", "ListAccessKeys", "ListMFADevices")
"""What tells by what somebody signs in."""

_LENGTH = 20
"""Long enough for every account whose password policy does not ask for more."""

UNREAD = Message("cannot be told: what they hold was not read ({what})")
UNLISTED = Message("cannot be told: not all users were read")


def check_listed(snapshot: Snapshot) -> None:
    """See that the users were read: else nobody can be meant.

    Raises:
        PlanRefused: if they were not, with AWS's answer.
    """
    gap = snapshot.unlisted
    if gap is not None:
        raise PlanRefused(
            Message("who the users are could not be read: `{operation}`: {cause}").filled(
                operation=gap.operation, cause=gap.cause
            ),
            code=Code.PLAN_INCOMPLETE,
            fix=Message(
                "let the caller read the account: `sekisho collect --print-policy` says how"
            ),
        )


def users_not_read(snapshot: Snapshot, operation: str) -> frozenset[str]:
    """Return the users of whom an operation could not be read; everybody, if for the account."""
    about = {gap.resource for gap in snapshot.gaps if gap.operation == operation}
    if THE_ACCOUNT in about:
        return frozenset(user.name for user in snapshot.users)
    return frozenset(each.name for each in about)


def unread_credentials(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Return whose password, access keys or devices were not read, and by which operations."""
    found: dict[str, list[str]] = {}
    for operation in _HOLDINGS:
        for name in users_not_read(snapshot, operation):
            found.setdefault(name, []).append(operation)
    return {name: tuple(operations) for name, operations in found.items()}


def other_credentials(user: User) -> tuple[str, ...]:
    """Return the service of each active credential beside password and access keys.

    "" is that of a signing certificate, which is for none of its own.
    """
    return (
        *(each.service for each in user.service_credentials if each.active),
        *("codecommit.amazonaws.com" for each in user.ssh_keys if each.active),
        *("" for each in user.certificates if each.active),
    )


def temporary_length(snapshot: Snapshot) -> int:
    """Return how many characters a temporary password gets: as many as the account asks for."""
    policy = snapshot.password_policy
    return max(_LENGTH, policy.minimum_length if policy else 0)
