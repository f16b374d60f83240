"""The page of one user group: its users and permissions, each added and removed; and its deletion.

Source: IAM User Guide, "Add or remove users in an IAM group", "Attach a policy to an IAM user
group", "Delete an IAM user group".
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import ConsoleCall, console_call
from sekisho.web.console.groups import add_calls
from sekisho.web.console.identities import BLOCK, IamIdentity, IdentityKind
from sekisho.web.console.managed_policies import fold_text
from sekisho.web.console.session import (
    attempt,
    signed_in,
    state,
    typed_for,
)
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("group_page", __name__)

_PATH = IdentityKind.GROUP.page_path
_LIST = IdentityKind.GROUP.list_path
_ADD_USERS = "/iam/group/add-users"
_ADD_POLICIES = "/iam/group/add-permissions"
_DELETE = "/iam/group/delete"
_SHOWN = 100
"""How many users are shown at once; the search finds the others."""


class GroupTab(StrEnum):
    """The tabs of a group's page."""

    USERS = "users"
    PERMISSIONS = "permissions"


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show one user group."""
    name, asked = request.args.get("name", ""), request.args.get("tab", "")
    if not name:
        return see_other(_LIST)
    tab, group = (
        GroupTab(asked) if asked in list(GroupTab) else GroupTab.USERS,
        IamIdentity(IdentityKind.GROUP, name),
    )
    return group.page(tab, _of_tab(tab, group))


def _of_tab(tab: GroupTab, group: IamIdentity) -> dict[str, Any]:
    """Return what a tab shows, each part read or refused."""
    match tab:
        case GroupTab.USERS:
            wanted = request.args.get("q", "")
            users = _users(group)
            found = [] if isinstance(users, AwsRefused) else _fitting(users, wanted)
            refused = users if isinstance(users, AwsRefused) else None
            return {
                "wanted": wanted,
                "refused": refused,
                "found": len(found),
                "users": found[:_SHOWN],
            }
        case GroupTab.PERMISSIONS:
            return group.policies()


def _fitting(users: list[Any], wanted: str) -> list[str]:
    return [each["UserName"] for each in users if fold_text(wanted) in fold_text(each["UserName"])]


def _users(group: IamIdentity) -> list[Any] | AwsRefused:
    return group.listed("GetGroup", "Users", MaxItems=BLOCK)


@SCREEN.route(_ADD_USERS, methods=["GET", "POST"])
@signed_in
def add_users() -> ResponseReturnValue:
    """Add users to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        fields, fault = typed_for(name), None
    else:
        fields, fault = choice_lists.sent("users"), text("group_page.choose_users")
        if choice_lists.searched():
            return _searching(name, fields)
        if chosen := choice_lists.chosen("users", fields):
            return _changed(list(add_calls(name, chosen)), name, GroupTab.USERS, "users_added")
    members = _users(IamIdentity(IdentityKind.GROUP, name))
    known = [] if isinstance(members, AwsRefused) else [each["UserName"] for each in members]
    return _adding("group_add_users.html", name, choice_lists.users("users", fields, known), fault)


@SCREEN.route(_ADD_POLICIES, methods=["GET", "POST"])
@signed_in
def add_policies() -> ResponseReturnValue:
    """Attach managed policies to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        fields, fault = typed_for(name), None
    else:
        fields, fault = choice_lists.sent("policies"), text("group_page.choose_policies")
        if choice_lists.searched():
            return _searching(name, fields)
        if chosen := choice_lists.chosen("policies", fields):
            return _changed(
                [IamIdentity(IdentityKind.GROUP, name).attach_call(each) for each in chosen],
                name,
                GroupTab.PERMISSIONS,
                "attached",
            )
    has = IamIdentity(IdentityKind.GROUP, name).policies()["attached"]
    known = [] if isinstance(has, AwsRefused) else [each["PolicyArn"] for each in has]
    return _adding(
        "group_add_policies.html", name, choice_lists.policies("policies", fields, known), fault
    )


def _searching(name: str, fields: dict[str, str]) -> ResponseReturnValue:
    """Keep what is chosen, and show the page again with what the search finds."""
    state().typed[request.path] = {"name": name, **fields}
    return redirect(f"{request.path}?{urlencode({'name': name})}")


def _adding(
    template: str, name: str, choices: choice_lists.ChoiceList, fault: Message | None
) -> ResponseReturnValue:
    page = render_template(template, navigation=_LIST, name=name, choices=choices, fault=fault)
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
    return _changed(changes, name, GroupTab.USERS, "users_removed")


@SCREEN.post("/iam/group/remove-permissions")
@signed_in
def remove_permissions() -> ResponseReturnValue:
    """Detach managed policies from a group, and delete inline ones."""
    name = request.form.get("name", "")
    removals = list(IamIdentity(IdentityKind.GROUP, name).removals())
    return _changed(removals, name, GroupTab.PERMISSIONS, "removed")


def _changed(
    changes: list[ConsoleCall], name: str, tab: GroupTab, done: str
) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    state().typed.pop(request.path, None)
    return IamIdentity(IdentityKind.GROUP, name).changed(changes, tab.value, done)


@SCREEN.route(_DELETE, methods=["GET", "POST"])
@signed_in
def delete() -> ResponseReturnValue:
    """Delete a group; one that has users or policies is refused by AWS (DeleteConflict)."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    fault, refused = None, None
    if request.method == "POST":
        if request.form.get("confirm", "").strip() != name:
            fault = text("deleting.type_group")
        else:
            refused = attempt("iam", "DeleteGroup", GroupName=name)
            if not isinstance(refused, AwsRefused):
                flash(FlashKind.SUCCESS, text("group_page.deleted", group=name))
                return see_other(_LIST)
    page = render_template(
        "delete_owner.html",
        navigation=_LIST,
        kind=IdentityKind.GROUP.value,
        name=name,
        goes=(),
        fault=fault,
        refusals=[refused] if isinstance(refused, AwsRefused) else [],
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault or refused else HTTPStatus.OK
