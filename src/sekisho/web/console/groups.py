"""User groups: their list, creating one, and the page of one with its users and permissions.

Source: IAM User Guide, "Create IAM user groups", "View IAM user groups", "Add or remove users in an
IAM group", "Attach a policy to an IAM user group", "Delete an IAM user group".
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
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
from sekisho.web.console.managed_policies import matching
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.session import (
    attempt,
    person,
    signed_in,
    state,
    try_reading,
    typed_for,
)
from sekisho.web.site import aws_text, flash, see_other, term, text

SCREEN = Blueprint("groups", __name__)

_PATH = IdentityKind.GROUP.list_path
_CREATE = "/iam/groups/create"
_ROWS = 20
_AT_ONCE = 2
_PAGE = IdentityKind.GROUP.page_path
_ADD_USERS = "/iam/group/add-users"
_ADD_POLICIES = "/iam/group/add-permissions"
_DELETE = "/iam/group/delete"
_SHOWN = 100
"""How many users are shown at once; the search finds the others."""


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the user groups: those that were searched for, page by page."""
    wanted = request.args.get("q", "")
    read = try_reading(_groups)
    refused = read if isinstance(read, AwsRefused) else None
    groups = [] if isinstance(read, AwsRefused) else read
    found = matching(groups, wanted, lambda each: each["GroupName"])
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
    ).html()


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
    fields = {"name": name, **choice_lists.form_choices("users", "policies")}
    state().typed[_CREATE] = fields
    if choice_lists.is_search():
        return redirect(_CREATE)
    faults = names.group_name(name)
    if faults:
        fault = faults_text(faults) if name else text("groups.name_missing")
        return _form(fields, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    answer = attempt("iam", "CreateGroup", GroupName=name)
    if isinstance(answer, AwsRefused):
        exists = answer.aws_code == "EntityAlreadyExists"
        page = (
            _form(fields, fault=aws_text(answer.aws_message))
            if exists
            else _form(fields, refused=answer)
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    del state().typed[_CREATE]
    outcome = carry_out(_follow_up_calls(name, fields))
    outcome.flash(text("groups.created", group=name))
    return see_other(_PATH) if outcome.whole else see_other("/iam/group", name=name)


def _follow_up_calls(group: str, fields: Mapping[str, str]) -> Iterator[ConsoleCall]:
    yield from add_calls(group, choice_lists.values_chosen("users", fields))
    for arn in choice_lists.values_chosen("policies", fields):
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


class GroupTab(StrEnum):
    """The tabs of a group's page."""

    USERS = "users"
    PERMISSIONS = "permissions"


@SCREEN.get(_PAGE)
@signed_in
def page() -> ResponseReturnValue:
    """Show one user group."""
    name, asked = request.args.get("name", ""), request.args.get("tab", "")
    if not name:
        return see_other(_PATH)
    tab, group = (
        GroupTab(asked) if asked in list(GroupTab) else GroupTab.USERS,
        IamIdentity(IdentityKind.GROUP, name),
    )
    return group.page(tab, _tab_content(tab, group))


def _tab_content(tab: GroupTab, group: IamIdentity) -> dict[str, Any]:
    """Return the content of a tab, each part read or refused."""
    match tab:
        case GroupTab.USERS:
            wanted = request.args.get("q", "")
            users = _users(group)
            refused = users if isinstance(users, AwsRefused) else None
            names = [] if isinstance(users, AwsRefused) else [each["UserName"] for each in users]
            found = matching(names, wanted, str)
            return {
                "wanted": wanted,
                "refused": refused,
                "found": len(found),
                "users": found[:_SHOWN],
            }
        case GroupTab.PERMISSIONS:
            return group.policies()


def _users(group: IamIdentity) -> list[Any] | AwsRefused:
    return group.read_list("GetGroup", "Users", MaxItems=BLOCK)


@SCREEN.route(_ADD_USERS, methods=["GET", "POST"])
@signed_in
def add_users() -> ResponseReturnValue:
    """Add users to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_PATH)
    if request.method == "GET":
        fields, fault = typed_for(name), None
    else:
        fields, fault = choice_lists.form_choices("users"), text("group_page.choose_users")
        if choice_lists.is_search():
            return _redirect_to_search(name, fields)
        if chosen := choice_lists.values_chosen("users", fields):
            return _change_group(list(add_calls(name, chosen)), name, GroupTab.USERS, "users_added")
    members = _users(IamIdentity(IdentityKind.GROUP, name))
    known = [] if isinstance(members, AwsRefused) else [each["UserName"] for each in members]
    return _choice_page(
        "group_add_users.html", name, choice_lists.users("users", fields, known), fault
    )


@SCREEN.route(_ADD_POLICIES, methods=["GET", "POST"])
@signed_in
def add_policies() -> ResponseReturnValue:
    """Attach managed policies to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_PATH)
    if request.method == "GET":
        fields, fault = typed_for(name), None
    else:
        fields, fault = choice_lists.form_choices("policies"), text("group_page.choose_policies")
        if choice_lists.is_search():
            return _redirect_to_search(name, fields)
        if chosen := choice_lists.values_chosen("policies", fields):
            return _change_group(
                [IamIdentity(IdentityKind.GROUP, name).attach_call(each) for each in chosen],
                name,
                GroupTab.PERMISSIONS,
                "attached",
            )
    has = IamIdentity(IdentityKind.GROUP, name).policies()["attached"]
    known = [] if isinstance(has, AwsRefused) else [each["PolicyArn"] for each in has]
    return _choice_page(
        "group_add_policies.html", name, choice_lists.policies("policies", fields, known), fault
    )


def _redirect_to_search(name: str, fields: dict[str, str]) -> ResponseReturnValue:
    """Keep what is chosen, and show the page again with what the search finds."""
    state().typed[request.path] = {"name": name, **fields}
    return redirect(f"{request.path}?{urlencode({'name': name})}")


def _choice_page(
    template: str, name: str, choices: choice_lists.ChoiceList, fault: Message | None
) -> ResponseReturnValue:
    page = render_template(template, navigation=_PATH, name=name, choices=choices, fault=fault)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK


@SCREEN.post("/iam/group/remove-users")
@signed_in
def remove_users() -> ResponseReturnValue:
    """Take users out of a group."""
    name = request.form.get("name", "")
    changes = [
        console_call(
            "remove_from_group",
            "RemoveUserFromGroup",
            {"GroupName": name, "UserName": each},
            group=name,
            user=each,
        )
        for each in request.form.getlist("user")
    ]
    return _change_group(changes, name, GroupTab.USERS, "users_removed")


@SCREEN.post("/iam/group/remove-permissions")
@signed_in
def remove_permissions() -> ResponseReturnValue:
    """Detach managed policies from a group, and delete inline ones."""
    name = request.form.get("name", "")
    removals = list(IamIdentity(IdentityKind.GROUP, name).removals())
    return _change_group(removals, name, GroupTab.PERMISSIONS, "removed")


def _change_group(
    changes: list[ConsoleCall], name: str, tab: GroupTab, done: str
) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    state().typed.pop(request.path, None)
    return IamIdentity(IdentityKind.GROUP, name).make_changes(changes, tab.value, done)


@SCREEN.route(_DELETE, methods=["GET", "POST"])
@signed_in
def delete() -> ResponseReturnValue:
    """Delete a group; one that has users or policies is refused by AWS (DeleteConflict)."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_PATH)
    fault, refused = None, None
    if request.method == "POST":
        if request.form.get("confirm", "").strip() != name:
            fault = text("deletion.type_group")
        else:
            refused = attempt("iam", "DeleteGroup", GroupName=name)
            if not isinstance(refused, AwsRefused):
                flash(FlashKind.SUCCESS, text("group_page.deleted", group=name))
                return see_other(_PATH)
    page = render_template(
        "delete_identity.html",
        navigation=_PATH,
        kind=IdentityKind.GROUP.value,
        name=name,
        goes=(),
        fault=fault,
        refusals=[refused] if isinstance(refused, AwsRefused) else [],
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault or refused else HTTPStatus.OK
