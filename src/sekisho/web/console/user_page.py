"""The page of one user: permissions, groups, tags, security credentials; and small changes there.

Source: IAM User Guide, "Change permissions for an IAM user", "Tag IAM users", "Edit users in IAM
groups".
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
from sekisho.web.console import choosing
from sekisho.web.console.changes import Change, carry_out, named
from sekisho.web.console.credentials import panels
from sekisho.web.console.granting import (
    grant_fields,
    grant_of,
    grant_page,
    permissions_of,
)
from sekisho.web.console.persons import (
    attempt,
    attempted,
    person,
    signed_in,
    state,
    typed_about,
)
from sekisho.web.console.policy_reading import faults_said
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("user_page", __name__)

_PATH = "/iam/user"
_LIST = "/iam/users"
_ADD = "/iam/user/add-permissions"


class Tab(StrEnum):
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
    return _page(name, Tab(asked) if asked in list(Tab) else Tab.PERMISSIONS)


def _page(name: str, tab: Tab, fault: Message | None = None) -> str:
    """Return a user's page; `fault` is what is wrong with the tag that was typed.

    Raises:
        AwsRefused: if there is no such user.
    """
    answer = attempt("iam", "GetUser", UserName=name)
    if isinstance(answer, AwsRefused) and answer.aws_code == "NoSuchEntity":
        raise answer
    return render_template(
        "user.html",
        navigation=_LIST,
        name=name,
        shown=answer,
        boundary=_boundary(answer),
        tab=tab.value,
        tabs=[each.value for each in Tab],
        fault=fault,
        **_of_tab(tab, name),
    )


def _of_tab(tab: Tab, name: str) -> dict[str, Any]:
    """Return what a tab shows, each part read or refused."""
    match tab:
        case Tab.PERMISSIONS:
            return _permissions(name)
        case Tab.GROUPS:
            return {"groups": groups_of(name)}
        case Tab.TAGS:
            return {"tags": attempted(lambda: _items("ListUserTags", "Tags", name))}
        case Tab.SECURITY:
            return panels(name)


def _permissions(name: str) -> dict[str, Any]:
    groups = groups_of(name)
    through = {} if isinstance(groups, AwsRefused) else {each: _of_group(each) for each in groups}
    return {
        "attached": attempted(lambda: _items("ListAttachedUserPolicies", "AttachedPolicies", name)),
        "inline": attempted(lambda: _items("ListUserPolicies", "PolicyNames", name)),
        "groups": groups,
        "through": through,
        "origin_word": choosing.origin_word,
    }


def groups_of(name: str) -> list[str] | AwsRefused:
    """Return the names of a user's groups, or what AWS refused."""
    read = attempted(lambda: _items("ListGroupsForUser", "Groups", name))
    return read if isinstance(read, AwsRefused) else [each["GroupName"] for each in read]


def _items(operation: str, key: str, user: str) -> list[Any]:
    return list(person().api.pages("iam", operation, key, UserName=user))


def _of_group(group: str) -> dict[str, Any]:
    """Return what a group's members get by it: attached and inline policies, read or refused."""
    pages = person().api.pages
    return {
        "attached": attempted(
            lambda: list(
                pages("iam", "ListAttachedGroupPolicies", "AttachedPolicies", GroupName=group)
            )
        ),
        "inline": attempted(
            lambda: list(pages("iam", "ListGroupPolicies", "PolicyNames", GroupName=group))
        ),
    }


def _boundary(shown: Any) -> str:
    if isinstance(shown, AwsRefused):
        return ""
    arn: str = shown["User"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    return arn


@SCREEN.route(_ADD, methods=["GET", "POST"])
@signed_in
def add_permissions() -> ResponseReturnValue:
    """Add permissions: by groups, copied from a user, or by policies."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    if request.method == "GET":
        way = request.args.get("way", "")
        return _add_page(name, typed_about(name) | ({"way": way} if way else {}))
    fields = grant_fields()
    if choosing.searched():
        state().typed[_ADD] = {"name": name, **fields}
        return redirect(f"{_ADD}?{urlencode({'name': name})}")
    grant = grant_of(fields)
    fault = text("granting.nothing") if grant.empty else None
    fault = grant.fault or fault
    if fault is not None:
        return _add_page(name, fields, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    given = attempted(lambda: permissions_of(grant))
    if isinstance(given, AwsRefused):
        return _add_page(name, fields, refused=given), HTTPStatus.UNPROCESSABLE_ENTITY
    outcome = carry_out(given.changes(name))
    if not outcome.done:
        refused = outcome.refusals[0].refused if outcome.refusals else None
        return _add_page(name, fields, refused=refused), HTTPStatus.UNPROCESSABLE_ENTITY
    state().typed.pop(_ADD, None)
    outcome.flash(text("user_page.permissions_added", user=name))
    return see_other(_PATH, name=name, tab=Tab.PERMISSIONS.value)


def _add_page(
    name: str,
    fields: Mapping[str, str],
    *,
    fault: Message | None = None,
    refused: AwsRefused | None = None,
) -> str:
    has, member = _permissions(name)["attached"], groups_of(name)
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
    return _changed(list(_removals(name)), name, Tab.PERMISSIONS, "removed")


def _removals(name: str) -> Iterator[Change]:
    for arn in request.form.getlist("policy"):
        gone = {"UserName": name, "PolicyArn": arn}
        policy = choosing.policy_name(arn)
        yield named("detach", "DetachUserPolicy", gone, policy=policy, name=name)
    for policy in request.form.getlist("inline"):
        gone = {"UserName": name, "PolicyName": policy}
        yield named("delete_inline", "DeleteUserPolicy", gone, policy=policy, name=name)


@SCREEN.post("/iam/user/remove-from-groups")
@signed_in
def remove_from_groups() -> ResponseReturnValue:
    """Take a user out of groups."""
    name = request.form.get("name", "")
    changes = [
        named(
            "remove_from_group",
            "RemoveUserFromGroup",
            {"UserName": name, "GroupName": each},
            group=each,
            user=name,
        )
        for each in request.form.getlist("group")
    ]
    return _changed(changes, name, Tab.GROUPS, "left_groups")


@SCREEN.post("/iam/user/boundary")
@signed_in
def boundary() -> ResponseReturnValue:
    """Set a user's permissions boundary, or take it off where no policy is named."""
    name, arn = request.form.get("name", ""), request.form.get("boundary", "").strip()
    if arn:
        bound = {"UserName": name, "PermissionsBoundary": arn}
        policy = choosing.policy_name(arn)
        change = named(
            "put_boundary", "PutUserPermissionsBoundary", bound, policy=policy, user=name
        )
    else:
        bound = {"UserName": name}
        change = named("delete_boundary", "DeleteUserPermissionsBoundary", bound, user=name)
    return _changed([change], name, Tab.PERMISSIONS, "boundary_changed")


@SCREEN.post("/iam/user/tag")
@signed_in
def tag() -> ResponseReturnValue:
    """Add a tag to a user, or give one another value."""
    name = request.form.get("name", "")
    pair = request.form.get("key", ""), request.form.get("value", "")
    faults = names.tags([pair])
    if faults:
        return _page(name, Tab.TAGS, faults_said(faults)), HTTPStatus.UNPROCESSABLE_ENTITY
    tags = [{"Key": pair[0], "Value": pair[1]}]
    change = named("tag", "TagUser", {"UserName": name, "Tags": tags}, tag=pair[0], name=name)
    return _changed([change], name, Tab.TAGS, "tagged")


@SCREEN.post("/iam/user/untag")
@signed_in
def untag() -> ResponseReturnValue:
    """Take a tag off a user."""
    name, key = request.form.get("name", ""), request.form.get("key", "")
    gone = {"UserName": name, "TagKeys": [key]}
    return _changed(
        [named("untag", "UntagUser", gone, tag=key, name=name)], name, Tab.TAGS, "untagged"
    )


def _changed(changes: list[Change], name: str, tab: Tab, done: str) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    if changes:
        carry_out(changes).flash(text(f"user_page.{done}", user=name))
    else:
        flash(FlashKind.WARNING, text("user_page.choose"))
    return see_other(_PATH, name=name, tab=tab.value)
