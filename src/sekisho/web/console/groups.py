"""The list of user groups, and creating one with users and policies.

Source: IAM User Guide, "Create IAM user groups", "View IAM user groups".
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.policy import names
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import ConsoleCall, carry_out, console_call
from sekisho.web.console.identities import (
    BLOCK,
    IamIdentity,
    IdentityKind,
    IdentityList,
    ListedIdentity,
    distinct_denials,
)
from sekisho.web.console.managed_policies import fold_text
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.session import attempt, person, signed_in, state, try_reading
from sekisho.web.site import see_other, term, text

SCREEN = Blueprint("groups", __name__)

_PATH = IdentityKind.GROUP.list_path
_CREATE = "/iam/groups/create"
_ROWS = 20
_AT_ONCE = 2


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the user groups: those that were searched for, page by page."""
    wanted = request.args.get("q", "")
    read = try_reading(_groups)
    refused = read if isinstance(read, AwsRefused) else None
    groups = [] if isinstance(read, AwsRefused) else read
    found = [each for each in groups if fold_text(wanted) in fold_text(each["GroupName"])]
    pages = max(1, -(-len(found) // _ROWS))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    shown = found[(page - 1) * _ROWS : page * _ROWS]
    answers = _count_for_groups(person().api, [each["GroupName"] for each in shown])
    return IdentityList(
        kind=IdentityKind.GROUP,
        columns=(term("users"), term("policies"), text("credentials.created")),
        rows=tuple(map(_row, shown, answers)),
        refused=refused,
        denials=distinct_denials(chain.from_iterable(answers)),
        wanted=wanted,
        page=page,
        more=page < pages,
        found=len(found),
    ).shown()


def _groups() -> list[Mapping[str, Any]]:
    return list(person().api.pages("iam", "ListGroups", "Groups", MaxItems=BLOCK))


def _count_for_groups(api: Boto3Api, groups: Iterable[str]) -> list[tuple[int | AwsRefused, ...]]:
    """Return how many users and policies each group has; several are asked about at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(partial(_counts, api), groups))


def _counts(api: Boto3Api, group: str) -> tuple[int | AwsRefused, ...]:
    def count(*listings: tuple[str, str]) -> int:
        return sum(
            1
            for operation, key in listings
            for _ in api.pages("iam", operation, key, GroupName=group)
        )

    policies = (
        ("ListAttachedGroupPolicies", "AttachedPolicies"),
        ("ListGroupPolicies", "PolicyNames"),
    )
    return (
        try_reading(lambda: count(("GetGroup", "Users"))),
        try_reading(lambda: count(*policies)),
    )


def _row(group: Mapping[str, Any], counts: Iterable[int | AwsRefused]) -> ListedIdentity:
    cells = [None if isinstance(each, AwsRefused) else str(each) for each in counts]
    return ListedIdentity(group["GroupName"], (*cells, f"{group['CreateDate']:%Y-%m-%d}"))


@SCREEN.get(_CREATE)
@signed_in
def new() -> ResponseReturnValue:
    """Ask for the name, the users and the policies of a new group."""
    if request.args.get("begin"):
        state().typed.pop(_CREATE, None)
        return redirect(_CREATE)
    return _form(state().typed.get(_CREATE, {}))


@SCREEN.post(_CREATE)
@signed_in
def create() -> ResponseReturnValue:
    """Create a group, then add the users and attach the policies."""
    name = request.form.get("name", "").strip()
    fields = {"name": name, **choice_lists.sent("users", "policies")}
    state().typed[_CREATE] = fields
    if choice_lists.searched():
        return redirect(_CREATE)
    faults = names.group_name(name)
    if faults:
        fault = faults_text(faults) if name else text("groups.name_missing")
        return _form(fields, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    answer = attempt("iam", "CreateGroup", GroupName=name)
    if isinstance(answer, AwsRefused):
        exists = answer.aws_code == "EntityAlreadyExists"
        page = (
            _form(fields, fault=verbatim(answer.aws_message))
            if exists
            else _form(fields, refused=answer)
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    del state().typed[_CREATE]
    outcome = carry_out(_follow_up_calls(name, fields))
    outcome.flash(text("groups.created", group=name))
    return see_other(_PATH) if outcome.whole else see_other("/iam/group", name=name)


def _follow_up_calls(group: str, fields: Mapping[str, str]) -> Iterator[ConsoleCall]:
    yield from add_calls(group, choice_lists.chosen("users", fields))
    for arn in choice_lists.chosen("policies", fields):
        yield IamIdentity(IdentityKind.GROUP, group).attach_call(arn)


def add_calls(group: str, users: Iterable[str]) -> Iterator[ConsoleCall]:
    """Yield the calls that add users to a group."""
    for user in users:
        both = {"GroupName": group, "UserName": user}
        yield console_call("add_to_group", "AddUserToGroup", both, group=group, user=user)


def _form(
    fields: Mapping[str, str],
    *,
    fault: Message | None = None,
    refused: AwsRefused | None = None,
) -> str:
    return render_template(
        "create_group.html",
        navigation=_PATH,
        name=fields.get("name", ""),
        user_choices=choice_lists.users("users", fields),
        policy_choices=choice_lists.policies("policies", fields),
        fault=fault,
        refused=refused,
    )
