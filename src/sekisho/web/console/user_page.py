"""The page of one user: permissions, groups, tags, security credentials; and small changes there.

Source: IAM User Guide, "Change permissions for an IAM user", "Tag IAM users", "Edit users in IAM
groups".
"""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import ConsoleCall, carry_out, console_call
from sekisho.web.console.credentials import panels
from sekisho.web.console.identities import IamIdentity, IdentityKind
from sekisho.web.console.permission_grants import (
    boundary_call,
    grant_fields,
    grant_of,
    grant_page,
    permissions_of,
)
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.session import (
    signed_in,
    state,
    try_reading,
    typed_for,
)
from sekisho.web.site import see_other, text

SCREEN = Blueprint("user_page", __name__)

_PATH = IdentityKind.USER.page_path
_LIST = IdentityKind.USER.list_path
_ADD = "/iam/user/add-permissions"
_BOUNDARY = "/iam/user/boundary"


class UserTab(StrEnum):
    """The tabs of a user's page."""

    PERMISSIONS = "permissions"
    GROUPS = "groups"
    TAGS = "tags"
    SECURITY = "security"


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show one user."""
    name, asked = request.args.get("name", ""), request.args.get("tab", "")
    if not name:
        return see_other(_LIST)
    return _page(name, UserTab(asked) if asked in list(UserTab) else UserTab.PERMISSIONS)


def _page(name: str, tab: UserTab, fault: Message | None = None) -> str:
    """Return a user's page; `fault` is what is wrong with the tag that was typed.

    Raises:
        AwsRefused: if there is no such user.
    """
    return IamIdentity(IdentityKind.USER, name).page(tab, {"fault": fault, **_of_tab(tab, name)})


def _of_tab(tab: UserTab, name: str) -> dict[str, Any]:
    """Return what a tab shows, each part read or refused."""
    match tab:
        case UserTab.PERMISSIONS:
            return _permissions(name)
        case UserTab.GROUPS:
            return {"groups": groups_of(name)}
        case UserTab.TAGS:
            return {"tags": IamIdentity(IdentityKind.USER, name).listed("ListUserTags", "Tags")}
        case UserTab.SECURITY:
            return panels(name)


def _permissions(name: str) -> dict[str, Any]:
    groups = groups_of(name)
    through = {} if isinstance(groups, AwsRefused) else {each: _of_group(each) for each in groups}
    return {**IamIdentity(IdentityKind.USER, name).policies(), "groups": groups, "through": through}


def groups_of(name: str) -> list[str] | AwsRefused:
    """Return the names of a user's groups, or what AWS refused."""
    read = IamIdentity(IdentityKind.USER, name).listed("ListGroupsForUser", "Groups")
    return read if isinstance(read, AwsRefused) else [each["GroupName"] for each in read]


def _of_group(group: str) -> dict[str, Any]:
    """Return what a group's members get by it."""
    return IamIdentity(IdentityKind.GROUP, group).policies()


@SCREEN.route(_ADD, methods=["GET", "POST"])
@signed_in
def add_permissions() -> ResponseReturnValue:
    """Add permissions: by groups, copied from a user, or by policies."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        way = request.args.get("way", "")
        return _add_page(name, typed_for(name) | ({"way": way} if way else {}))
    fields = grant_fields()
    if choice_lists.searched():
        state().typed[_ADD] = {"name": name, **fields}
        return redirect(f"{_ADD}?{urlencode({'name': name})}")
    grant = grant_of(fields)
    fault = text("granting.nothing") if grant.empty else None
    fault = grant.fault or fault
    if fault is not None:
        return _add_page(name, fields, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    given = try_reading(lambda: permissions_of(grant))
    if isinstance(given, AwsRefused):
        return _add_page(name, fields, refused=given), HTTPStatus.UNPROCESSABLE_ENTITY
    outcome = carry_out(given.changes(name))
    if not outcome.done:
        refused = outcome.refusals[0].refused if outcome.refusals else None
        return _add_page(name, fields, refused=refused), HTTPStatus.UNPROCESSABLE_ENTITY
    state().typed.pop(_ADD, None)
    outcome.flash(text("user_page.permissions_added", user=name))
    return see_other(_PATH, name=name, tab=UserTab.PERMISSIONS.value)


def _add_page(
    name: str,
    fields: Mapping[str, str],
    *,
    fault: Message | None = None,
    refused: AwsRefused | None = None,
) -> str:
    has, member = IamIdentity(IdentityKind.USER, name).policies()["attached"], groups_of(name)
    policies = [] if isinstance(has, AwsRefused) else [each["PolicyArn"] for each in has]
    groups = [] if isinstance(member, AwsRefused) else member
    return render_template(
        "add_permissions.html",
        navigation=_LIST,
        name=name,
        fault=fault,
        refused=refused,
        **grant_page(fields, user=name, groups=groups, policies=policies),
    )


@SCREEN.post("/iam/user/remove-permissions")
@signed_in
def remove_permissions() -> ResponseReturnValue:
    """Detach managed policies from a user, and delete inline ones."""
    name = request.form.get("name", "")
    removals = list(IamIdentity(IdentityKind.USER, name).removals())
    return _changed(removals, name, UserTab.PERMISSIONS, "removed")


@SCREEN.post("/iam/user/remove-from-groups")
@signed_in
def remove_from_groups() -> ResponseReturnValue:
    """Take a user out of groups."""
    name = request.form.get("name", "")
    changes = [
        console_call(
            "remove_from_group",
            "RemoveUserFromGroup",
            {"UserName": name, "GroupName": each},
            group=each,
            user=name,
        )
        for each in request.form.getlist("group")
    ]
    return _changed(changes, name, UserTab.GROUPS, "left_groups")


@SCREEN.route(_BOUNDARY, methods=["GET", "POST"])
@signed_in
def boundary() -> ResponseReturnValue:
    """Choose the policy that is a user's permissions boundary, and set it."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    fields, fault = typed_for(name), None
    if request.method == "POST":
        fields, fault = choice_lists.sent("boundary"), text("granting.choose_boundary")
        if choice_lists.searched():
            state().typed[_BOUNDARY] = {"name": name, **fields}
            return redirect(f"{_BOUNDARY}?{urlencode({'name': name})}")
        if fields["boundary"]:
            state().typed.pop(_BOUNDARY, None)
            set_it = boundary_call(name, fields["boundary"])
            return _changed([set_it], name, UserTab.PERMISSIONS, "boundary_changed")
    page = render_template(
        "set_boundary.html",
        navigation=_LIST,
        name=name,
        choices=choice_lists.policies("boundary", fields),
        fault=fault,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK


@SCREEN.post(f"{_BOUNDARY}/remove")
@signed_in
def remove_boundary() -> ResponseReturnValue:
    """Take a user's permissions boundary off."""
    name = request.form.get("name", "")
    whom = {"UserName": name}
    change = console_call("delete_boundary", "DeleteUserPermissionsBoundary", whom, user=name)
    return _changed([change], name, UserTab.PERMISSIONS, "boundary_changed")


@SCREEN.post("/iam/user/tag")
@signed_in
def tag() -> ResponseReturnValue:
    """Add a tag to a user, or give one another value."""
    name = request.form.get("name", "")
    pair = request.form.get("key", ""), request.form.get("value", "")
    faults = names.tags([pair])
    if faults:
        return _page(name, UserTab.TAGS, faults_text(faults)), HTTPStatus.UNPROCESSABLE_ENTITY
    tags = [{"Key": pair[0], "Value": pair[1]}]
    change = console_call(
        "tag", "TagUser", {"UserName": name, "Tags": tags}, tag=pair[0], name=name
    )
    return _changed([change], name, UserTab.TAGS, "tagged")


@SCREEN.post("/iam/user/untag")
@signed_in
def untag() -> ResponseReturnValue:
    """Take a tag off a user."""
    name, key = request.form.get("name", ""), request.form.get("key", "")
    gone = {"UserName": name, "TagKeys": [key]}
    return _changed(
        [console_call("untag", "UntagUser", gone, tag=key, name=name)],
        name,
        UserTab.TAGS,
        "untagged",
    )


def _changed(changes: list[ConsoleCall], name: str, tab: UserTab, done: str) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    return IamIdentity(IdentityKind.USER, name).changed(changes, tab.value, done)
