"""The page of one user group: its users and permissions, each added and removed; and its deletion.

Source: IAM User Guide, "Add or remove users in an IAM group", "Attach a policy to an IAM user
group", "Delete an IAM user group".
"""

from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console import choosing
from sekisho.web.console.changes import Change, carry_out, named
from sekisho.web.console.groups import adding, attaching
from sekisho.web.console.managed_policies import folded
from sekisho.web.console.persons import (
    attempt,
    attempted,
    person,
    signed_in,
    state,
    typed_about,
)
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("group_page", __name__)

_PATH = "/iam/group"
_LIST = "/iam/groups"
_ADD_USERS = "/iam/group/add-users"
_ADD_POLICIES = "/iam/group/add-permissions"
_DELETE = "/iam/group/delete"
_BLOCK = 1000
_SHOWN = 100
"""How many users are shown at once; the search finds the others."""


class Tab(StrEnum):
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
    tab = Tab(asked) if asked in list(Tab) else Tab.USERS
    group = attempt("iam", "GetGroup", GroupName=name, MaxItems=1)
    if isinstance(group, AwsRefused) and group.aws_code == "NoSuchEntity":
        raise group
    return render_template(
        "group.html",
        navigation=_LIST,
        name=name,
        shown=group,
        tab=tab.value,
        tabs=[each.value for each in Tab],
        **_of_tab(tab, name),
    )


def _of_tab(tab: Tab, name: str) -> dict[str, Any]:
    """Return what a tab shows, each part read or refused."""
    match tab:
        case Tab.USERS:
            wanted = request.args.get("q", "")
            users = attempted(lambda: _items("GetGroup", "Users", name, MaxItems=_BLOCK))
            found = [] if isinstance(users, AwsRefused) else _fitting(users, wanted)
            refused = users if isinstance(users, AwsRefused) else None
            return {
                "wanted": wanted,
                "refused": refused,
                "found": len(found),
                "users": found[:_SHOWN],
            }
        case Tab.PERMISSIONS:
            return {
                "attached": _attached(name),
                "inline": attempted(lambda: _items("ListGroupPolicies", "PolicyNames", name)),
                "origin_word": choosing.origin_word,
            }


def _fitting(users: list[Any], wanted: str) -> list[str]:
    return [each["UserName"] for each in users if folded(wanted) in folded(each["UserName"])]


def _attached(name: str) -> Any:
    return attempted(lambda: _items("ListAttachedGroupPolicies", "AttachedPolicies", name))


def _items(operation: str, key: str, group: str, **more: object) -> list[Any]:
    return list(person().api.pages("iam", operation, key, GroupName=group, **more))


@SCREEN.route(_ADD_USERS, methods=["GET", "POST"])
@signed_in
def add_users() -> ResponseReturnValue:
    """Add users to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        fields, fault = typed_about(name), None
    else:
        fields, fault = choosing.sent("users"), text("group_page.choose_users")
        if choosing.searched():
            return _searching(name, fields)
        if chosen := choosing.chosen("users", fields):
            return _changed(list(adding(name, chosen)), name, Tab.USERS, "users_added")
    members = attempted(lambda: _items("GetGroup", "Users", name, MaxItems=_BLOCK))
    known = [] if isinstance(members, AwsRefused) else [each["UserName"] for each in members]
    return _adding("group_add_users.html", name, choosing.users("users", fields, known), fault)


@SCREEN.route(_ADD_POLICIES, methods=["GET", "POST"])
@signed_in
def add_policies() -> ResponseReturnValue:
    """Attach managed policies to a group."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        fields, fault = typed_about(name), None
    else:
        fields, fault = choosing.sent("policies"), text("group_page.choose_policies")
        if choosing.searched():
            return _searching(name, fields)
        if chosen := choosing.chosen("policies", fields):
            return _changed(list(attaching(name, chosen)), name, Tab.PERMISSIONS, "attached")
    has = _attached(name)
    known = [] if isinstance(has, AwsRefused) else [each["PolicyArn"] for each in has]
    return _adding(
        "group_add_policies.html", name, choosing.policies("policies", fields, known), fault
    )


def _searching(name: str, fields: dict[str, str]) -> ResponseReturnValue:
    """Keep what is chosen, and show the page again with what the search finds."""
    state().typed[request.path] = {"name": name, **fields}
    return redirect(f"{request.path}?{urlencode({'name': name})}")


def _adding(
    template: str, name: str, choices: choosing.Choices, fault: Message | None
) -> ResponseReturnValue:
    page = render_template(template, navigation=_LIST, name=name, choices=choices, fault=fault)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK


@SCREEN.post("/iam/group/remove-users")
@signed_in
def remove_users() -> ResponseReturnValue:
    """Take users out of a group."""
    name = request.form.get("name", "")
    changes = [
        named(
            "remove_from_group",
            "RemoveUserFromGroup",
            {"GroupName": name, "UserName": each},
            group=name,
            user=each,
        )
        for each in request.form.getlist("user")
    ]
    return _changed(changes, name, Tab.USERS, "users_removed")


@SCREEN.post("/iam/group/remove-permissions")
@signed_in
def remove_permissions() -> ResponseReturnValue:
    """Detach managed policies from a group, and delete inline ones."""
    name = request.form.get("name", "")
    return _changed(list(_removals(name)), name, Tab.PERMISSIONS, "removed")


def _removals(name: str) -> Iterator[Change]:
    for arn in request.form.getlist("policy"):
        gone = {"GroupName": name, "PolicyArn": arn}
        policy = choosing.policy_name(arn)
        yield named("detach", "DetachGroupPolicy", gone, policy=policy, name=name)
    for policy in request.form.getlist("inline"):
        gone = {"GroupName": name, "PolicyName": policy}
        yield named("delete_inline", "DeleteGroupPolicy", gone, policy=policy, name=name)


def _changed(changes: list[Change], name: str, tab: Tab, done: str) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    state().typed.pop(request.path, None)
    if changes:
        carry_out(changes).flash(text(f"group_page.{done}", group=name))
    else:
        flash(FlashKind.WARNING, text("user_page.choose"))
    return see_other(_PATH, name=name, tab=tab.value)


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
        "delete_group.html", navigation=_LIST, name=name, fault=fault, refused=refused
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault or refused else HTTPStatus.OK
