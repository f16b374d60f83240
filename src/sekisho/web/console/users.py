"""The list of users: searched, page by page, with what each has, as far as it may be read.

IAM searches no users, and tells of one user at a time what groups, devices, passwords and keys
there are. So these are asked for the users of the page that is shown alone, several at once. Two
columns come by fewer calls, if the user may make them: the groups of the first users, and the
devices of an account that has few, all of them virtual.

Source: IAM User Guide, "View IAM users"; IAM API Reference, GetAccountAuthorizationDetails,
GetAccountSummary, ListVirtualMFADevices.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.console.identities import (
    BLOCK,
    IdentityKind,
    IdentityList,
    ListedIdentity,
    distinct_denials,
)
from sekisho.web.console.session import person, rehearsal, signed_in, try_reading
from sekisho.web.console.user_list import ListedUser, first_users, users_with
from sekisho.web.site import see_other, term, text

SCREEN = Blueprint("users", __name__)

_PATH = IdentityKind.USER.list_path
_ROWS = 10
_AT_ONCE = 2
_FEW = 100
"""Devices of an account that are listed at once: as many as IAM puts on a page by itself."""
_GROUPS, _DEVICES = "ListGroupsForUser", "ListMFADevices"
_COLUMNS = (_GROUPS, _DEVICES, "GetLoginProfile", "ListAccessKeys")
"""What is asked about each user of a page, in the order of the columns."""
_HEADINGS = ("groups", "mfa", "password_age", "access_keys", "last_sign_in")


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the users: those that were searched for, page by page."""
    wanted = request.args.get("q", "")
    page = max(1, request.args.get("page", 1, type=int))
    read = try_reading(lambda: _users(wanted, page))
    refused = read if isinstance(read, AwsRefused) else None
    users = () if isinstance(read, AwsRefused) else read
    if not users and page > 1 and refused is None:
        return see_other(_PATH, q=wanted)
    # the details of the account begin with the same users as the list
    first = page == 1 and not wanted
    answers = _answers_about(person().api, [each.name for each in users[:_ROWS]], first=first)
    return IdentityList(
        kind=IdentityKind.USER,
        columns=tuple(map(term, _HEADINGS)),
        rows=tuple(_row(each, answers[each.name]) for each in users[:_ROWS]),
        refused=refused,
        denials=distinct_denials(chain.from_iterable(answers.values())),
        wanted=wanted,
        page=page,
        more=len(users) > _ROWS,
    ).html()


def _users(wanted: str, page: int) -> tuple[ListedUser, ...]:
    """Return the users of a page, and one more if there are others.

    Raises:
        AwsRefused: if the person may not list users.
    """
    last = page * _ROWS + 1
    # without a search no more is read than is shown
    fresh = not wanted and last <= BLOCK
    found = first_users(last) if fresh else users_with(wanted)
    return found[(page - 1) * _ROWS : last]


def _answers_about(
    api: Boto3Api, users: Iterable[str], *, first: bool
) -> Mapping[str, tuple[Any, ...]]:
    """Return AWS's answers about each user, each of them an `AwsRefused` where it refuses.

    Args:
        api: what calls AWS as the person who is signed in.
        users: their names.
        first: whether they are the first that AWS lists.
    """
    names = list(users)
    known: dict[tuple[str, str], Any] = {}
    if first and len(names) > 1:
        known |= _groups_at_once(api, len(names))
    if len(names) > _CALLS_FOR_DEVICES:
        known |= devices_at_once(api, names)
    asked = [(operation, name) for name in names for operation in _COLUMNS]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(
            lambda each: known.get(each) or _answer(api, each),
            asked,
        )
        by_question = dict(zip(asked, answers, strict=True))
    return {name: tuple(by_question[operation, name] for operation in _COLUMNS) for name in names}


def _groups_at_once(api: Boto3Api, most: int) -> Mapping[tuple[str, str], Any]:
    """Return the results of ListGroupsForUser for the first users, by action and user name.

    Nothing, if the person may not read the account's details: what they may read of each user is
    asked as before.
    """
    details = try_reading(
        lambda: api.call("iam", "GetAccountAuthorizationDetails", Filter=["User"], MaxItems=most)
    )
    if isinstance(details, AwsRefused):
        return {}
    return {
        (_GROUPS, each["UserName"]): {"Groups": each["GroupList"]}
        for each in details["UserDetailList"]
    }


_CALLS_FOR_DEVICES = 2


def devices_at_once(api: Boto3Api, users: list[str]) -> Mapping[tuple[str, str], Any]:
    """Return the results of ListMFADevices for users, by action and user name.

    Nothing, where it would not be all of them: in an account with passkeys, hardware tokens or
    many devices, or if the person may not make the two calls.
    """
    summary = try_reading(lambda: api.call("iam", "GetAccountSummary")["SummaryMap"])
    if isinstance(summary, AwsRefused) or summary["MFADevicesInUse"] > _FEW:
        return {}
    listed = try_reading(
        lambda: api.call(
            "iam", "ListVirtualMFADevices", AssignmentStatus="Assigned", MaxItems=_FEW
        )["VirtualMFADevices"]
    )
    if isinstance(listed, AwsRefused):
        return {}
    # the root user is a user without a name here; one with MFA that is not listed has a passkey
    of_root = [each for each in listed if "UserName" not in each["User"]]
    others = 1 if summary["AccountMFAEnabled"] and not of_root else 0
    if summary["MFADevicesInUse"] != len(listed) + others:
        return {}
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in users}
    for each in listed:
        found.get(each["User"].get("UserName", ""), []).append(each)
    return {(_DEVICES, name): {"MFADevices": devices} for name, devices in found.items()}


def _answer(api: Boto3Api, asked: tuple[str, str]) -> Any:
    operation, user = asked
    return try_reading(lambda: api.call("iam", operation, UserName=user))


def _row(user: ListedUser, answers: tuple[Any, ...]) -> ListedIdentity:
    groups, devices, login, keys = answers
    last = user.last_signed_in
    return ListedIdentity(
        user.name,
        (
            None
            if isinstance(groups, AwsRefused)
            else text("users.count", n=len(groups["Groups"])),
            None if isinstance(devices, AwsRefused) else _devices(devices["MFADevices"]),
            _password(login),
            None if isinstance(keys, AwsRefused) else _keys(keys["AccessKeyMetadata"]),
            f"{last:%Y-%m-%d}" if last else text("users.never"),
        ),
    )


def _devices(found: list[Mapping[str, Any]]) -> Message:
    if not found:
        return text("users.none")
    virtual = sum(":mfa/" in each["SerialNumber"] for each in found)
    match virtual, len(found) - virtual:
        case (_, 0):
            return text("users.virtual", n=virtual)
        case (0, others):
            return text("users.passkeys", n=others)
        case (_, others):
            return text("users.both_kinds", virtual=virtual, others=others)


def _password(login: Any) -> Message | None:
    if isinstance(login, AwsRefused):
        return text("users.none") if login.aws_code == "NoSuchEntity" else None
    return text("users.days", n=_days_since(login["LoginProfile"]["CreateDate"]))


def _keys(found: list[Mapping[str, Any]]) -> Message:
    active = [each["CreateDate"] for each in found if each["Status"] == "Active"]
    if not active:
        return text("users.no_active_keys" if found else "users.none")
    return text("users.active_keys", n=len(active), days=_days_since(min(active)))


def _days_since(point: datetime) -> int:
    return max(0, (rehearsal().now() - point).days)
