"""All users of the account, for what IAM does not do: searching, and opening a late page.

To list 5,000 users takes five calls and half a second. So the list is kept for some seconds, as
long as the account has as many users as it had; a user who was renamed elsewhere may be listed by
the old name until then. A person who may not list users is refused before anything that is kept is
looked at.
"""

from dataclasses import field
from datetime import datetime
from threading import Lock
from time import monotonic

from flask import current_app

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.web.console.managed_policies import matching
from sekisho.web.console.session import attempt, call, person

_EXTENSION = "listed_users"
_SECONDS = 20.0
_MOST = 1000
"""How many entries IAM puts on one page at most."""


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user, as the list tells.

    Attributes:
        last_signed_in: with a password; None: never, as far as IAM knows.
    """

    name: str
    last_signed_in: datetime | None


@dataclass(slots=True)
class _CachedUsers:
    """The list as it was read last.

    Attributes:
        count: how many users the account had then, or None if nothing is kept.
        until: when it is to be read again, by the monotonic clock.
    """

    users: tuple[ListedUser, ...] = ()
    count: int | None = None
    until: float = 0.0
    lock: Lock = field(default_factory=Lock)


def first_users(most: int) -> tuple[ListedUser, ...]:
    """Return the first users, as they are now.

    Args:
        most: how many at most, up to 1,000.

    Raises:
        AwsRefused: if the person may not list them.
    """
    page = call("iam", "ListUsers", MaxItems=min(most, _MOST))["Users"]
    return tuple(ListedUser(each["UserName"], each.get("PasswordLastUsed")) for each in page)


def all_users() -> tuple[ListedUser, ...]:
    """Return all users, by name.

    Raises:
        AwsRefused: if the person may not list them.
    """
    call("iam", "ListUsers", MaxItems=1)
    summary = attempt("iam", "GetAccountSummary")
    count = None if isinstance(summary, AwsRefused) else summary["SummaryMap"]["Users"]
    kept: _CachedUsers = current_app.extensions.setdefault(_EXTENSION, _CachedUsers())
    with kept.lock:
        if count is None or count != kept.count or monotonic() > kept.until:
            pages = person().api.pages("iam", "ListUsers", "Users", MaxItems=_MOST)
            kept.users = tuple(
                ListedUser(each["UserName"], each.get("PasswordLastUsed")) for each in pages
            )
            kept.count, kept.until = count, monotonic() + _SECONDS
        return kept.users


def users_with(wanted: str) -> tuple[ListedUser, ...]:
    """Return the users whose name contains a text, as `matching` finds and sorts them.

    Raises:
        AwsRefused: if the person may not list users.
    """
    return tuple(matching(all_users(), wanted))
