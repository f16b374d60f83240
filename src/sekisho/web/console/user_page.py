"""The page of one user: permissions, groups, tags, security credentials; changes, and deletion.

IAM refuses to delete a user who has anything left (DeleteConflict). As the AWS console does, the
deletion takes off one thing after the other first; it stops at what is refused, and says what is
gone already.

Source: IAM User Guide, "Change permissions for an IAM user", "Tag IAM users", "Edit users in IAM
groups", "Remove or deactivate an IAM user".
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import ConsoleCall, carry_out, console_call
from sekisho.web.console.credentials import panels
from sekisho.web.console.identities import IamIdentity, IdentityKind
from sekisho.web.console.permission_grants import (
    as_reviewed,
    boundary_call,
    grant_fields,
    grant_of,
    grant_page,
    permissions_of,
    review_values,
)
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.session import (
    attempt,
    changed_elsewhere,
    mark_of,
    person,
    rehearsal,
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
_REVIEW = f"{_ADD}/review"
_BOUNDARY = "/iam/user/boundary"
_DELETE = "/iam/user/delete"


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
    return IamIdentity(IdentityKind.USER, name).page(
        tab, {"fault": fault, **_tab_content(tab, name)}
    )


def _tab_content(tab: UserTab, name: str) -> dict[str, Any]:
    """Return the content of a tab, each part read or refused."""
    match tab:
        case UserTab.PERMISSIONS:
            return _permissions(name)
        case UserTab.GROUPS:
            return {"groups": groups_of(name)}
        case UserTab.TAGS:
            return {"tags": IamIdentity(IdentityKind.USER, name).read_list("ListUserTags", "Tags")}
        case UserTab.SECURITY:
            return panels(name)


def _permissions(name: str) -> dict[str, Any]:
    groups = groups_of(name)
    known = () if isinstance(groups, AwsRefused) else groups
    through = {each: IamIdentity(IdentityKind.GROUP, each).policies() for each in known}
    return {**IamIdentity(IdentityKind.USER, name).policies(), "groups": groups, "through": through}


def groups_of(name: str) -> list[str] | AwsRefused:
    """Return the names of a user's groups, or what AWS refused."""
    read = IamIdentity(IdentityKind.USER, name).read_list("ListGroupsForUser", "Groups")
    return read if isinstance(read, AwsRefused) else [each["GroupName"] for each in read]


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
    state().typed[_ADD] = {"name": name, **fields}
    grant = grant_of(fields)
    fault = grant.fault or (text("permission_grants.nothing") if grant.empty else None)
    if fault is not None and not choice_lists.is_search():
        return _add_page(name, fields, fault), HTTPStatus.UNPROCESSABLE_ENTITY
    path = _ADD if choice_lists.is_search() else _REVIEW
    return redirect(f"{path}?{urlencode({'name': name})}")


@SCREEN.route(_REVIEW, methods=["GET", "POST"])
@signed_in
def review_permissions() -> ResponseReturnValue:
    """Show the permissions that are to be added, and add them."""
    name, draft = request.values.get("name", ""), state().typed.get(_ADD, {})
    if not name or draft.get("name") != name:
        return see_other(_ADD, name=name)
    grant, refused = grant_of(draft), None
    if request.method == "POST":
        if changed_elsewhere(as_reviewed(draft, grant)):
            return redirect(f"{_REVIEW}?{urlencode({'name': name})}")
        given = try_reading(lambda: permissions_of(grant))
        if not isinstance(given, AwsRefused):
            outcome = carry_out(given.changes(name))
            if outcome.done:
                del state().typed[_ADD]
                outcome.flash(text("user_page.permissions_added", user=name))
                return see_other(_PATH, name=name, tab=UserTab.PERMISSIONS.value)
            refused = outcome.refusals[0].refused if outcome.refusals else None
    page = render_template(
        "add_permissions_review.html",
        navigation=_LIST,
        name=name,
        mark=mark_of(as_reviewed(draft, grant)),
        refused=refused,
        **review_values(grant),
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if request.form else HTTPStatus.OK


def _add_page(name: str, fields: Mapping[str, str], fault: Message | None = None) -> str:
    has, member = IamIdentity(IdentityKind.USER, name).policies()["attached"], groups_of(name)
    policies = [] if isinstance(has, AwsRefused) else [each["PolicyArn"] for each in has]
    groups = [] if isinstance(member, AwsRefused) else member
    return render_template(
        "add_permissions.html",
        navigation=_LIST,
        name=name,
        fault=fault,
        **grant_page(fields, user=name, groups=groups, policies=policies),
    )


@SCREEN.post("/iam/user/remove-permissions")
@signed_in
def remove_permissions() -> ResponseReturnValue:
    """Detach managed policies from a user, and delete inline ones."""
    name = request.form.get("name", "")
    removals = list(IamIdentity(IdentityKind.USER, name).removals())
    return _change_user(removals, name, UserTab.PERMISSIONS, "removed")


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
    return _change_user(changes, name, UserTab.GROUPS, "left_groups")


@SCREEN.route(_BOUNDARY, methods=["GET", "POST"])
@signed_in
def boundary() -> ResponseReturnValue:
    """Choose the policy that is a user's permissions boundary, and set it."""
    name = request.values.get("name", "")
    if not name:
        return see_other(_LIST)
    fields, fault = typed_for(name), None
    if request.method == "POST":
        fields, fault = (
            choice_lists.form_choices("boundary"),
            text("permission_grants.choose_boundary"),
        )
        if choice_lists.is_search():
            state().typed[_BOUNDARY] = {"name": name, **fields}
            return redirect(f"{_BOUNDARY}?{urlencode({'name': name})}")
        if fields["boundary"]:
            state().typed.pop(_BOUNDARY, None)
            set_it = boundary_call(name, fields["boundary"])
            return _change_user([set_it], name, UserTab.PERMISSIONS, "boundary_changed")
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
    return _change_user([change], name, UserTab.PERMISSIONS, "boundary_changed")


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
    return _change_user([change], name, UserTab.TAGS, "tagged")


@SCREEN.post("/iam/user/untag")
@signed_in
def untag() -> ResponseReturnValue:
    """Take a tag off a user."""
    name, key = request.form.get("name", ""), request.form.get("key", "")
    gone = {"UserName": name, "TagKeys": [key]}
    return _change_user(
        [console_call("untag", "UntagUser", gone, tag=key, name=name)],
        name,
        UserTab.TAGS,
        "untagged",
    )


def _change_user(
    changes: list[ConsoleCall], name: str, tab: UserTab, done: str
) -> ResponseReturnValue:
    """Make changes, and lead back to the tab, which says what came of them."""
    return IamIdentity(IdentityKind.USER, name).make_changes(changes, tab.value, done)


@dataclass(frozen=True, slots=True)
class _Belonging:
    """Something of a user that has to go first.

    Attributes:
        listing, entries: the operation that lists it, and the key of its answer.
        operation: the operation that takes it off.
        name: what names it there, and in an entry that is not the name itself.
    """

    listing: str
    entries: str
    operation: str
    name: str


_BELONGINGS = (
    _Belonging("ListAttachedUserPolicies", "AttachedPolicies", "DetachUserPolicy", "PolicyArn"),
    _Belonging("ListUserPolicies", "PolicyNames", "DeleteUserPolicy", "PolicyName"),
    _Belonging("ListGroupsForUser", "Groups", "RemoveUserFromGroup", "GroupName"),
    _Belonging("ListAccessKeys", "AccessKeyMetadata", "DeleteAccessKey", "AccessKeyId"),
    _Belonging(
        "ListSigningCertificates", "Certificates", "DeleteSigningCertificate", "CertificateId"
    ),
    _Belonging("ListSSHPublicKeys", "SSHPublicKeys", "DeleteSSHPublicKey", "SSHPublicKeyId"),
    _Belonging(
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "DeleteServiceSpecificCredential",
        "ServiceSpecificCredentialId",
    ),
    _Belonging("ListMFADevices", "MFADevices", "DeactivateMFADevice", "SerialNumber"),
)
"""What is taken off, in this order."""


@SCREEN.get(_DELETE)
@signed_in
def ask_to_delete() -> ResponseReturnValue:
    """Show what is deleted with the user, and ask for the name."""
    name = request.args.get("name", "")
    return _delete_page(name) if name else see_other(_LIST)


@SCREEN.post(_DELETE)
@signed_in
def delete() -> ResponseReturnValue:
    """Take off what the user has, then delete the user."""
    name = request.form.get("name", "")
    if request.form.get("confirm", "").strip() != name:
        return _delete_page(name, fault=text("deletion.type_name")), HTTPStatus.UNPROCESSABLE_ENTITY
    changes = try_reading(lambda: list(_changes(name)))
    if isinstance(changes, AwsRefused):
        return _delete_page(name, refused=changes), HTTPStatus.UNPROCESSABLE_ENTITY
    outcome = carry_out(changes, stops=True)
    for each in outcome.done:
        if each.operation == "DeactivateMFADevice":
            rehearsal().phones.drop(name, str(each.parameters["SerialNumber"]))
    outcome.flash(text("deletion.user_deleted", user=name))
    return see_other(_LIST) if outcome.whole else see_other(_DELETE, name=name)


def _changes(user: str) -> Iterator[ConsoleCall]:
    """Yield the calls that delete a user.

    Raises:
        AwsRefused: if something that the user has may not be listed.
    """
    whom = {"UserName": user}
    login = attempt("iam", "GetLoginProfile", UserName=user)
    if not isinstance(login, AwsRefused):
        yield console_call("delete_login", "DeleteLoginProfile", whom, user=user)
    elif login.aws_code != "NoSuchEntity":
        raise login
    for kind in _BELONGINGS:
        for each in person().api.pages("iam", kind.listing, kind.entries, **whom):
            name = each if isinstance(each, str) else each[kind.name]
            yield console_call(
                kind.operation, kind.operation, {**whom, kind.name: name}, name=_short(name)
            )
            if kind.operation == "DeactivateMFADevice" and ":mfa/" in name:
                virtual = {"SerialNumber": name}
                yield console_call(
                    "delete_device", "DeleteVirtualMFADevice", virtual, name=_short(name)
                )
    yield console_call("delete_user", "DeleteUser", whom, user=user)


def _short(name: str) -> str:
    """Return the name in an ARN; any other text as it is."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name


def _delete_page(
    name: str, *, fault: Message | None = None, refused: AwsRefused | None = None
) -> str:
    changes: Any = try_reading(lambda: list(_changes(name)))
    unread = changes if isinstance(changes, AwsRefused) else None
    last = [] if unread else changes[:-1]
    return render_template(
        "delete_identity.html",
        navigation=_LIST,
        kind=IdentityKind.USER.value,
        name=name,
        goes=[each.said for each in last],
        fault=fault,
        refusals=[each for each in (unread or refused,) if each],
    )
