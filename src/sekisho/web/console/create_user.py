"""The wizard that creates a user: details, permissions, review.

What was typed is kept after every step under the wizard's path, so that nothing is lost by going
back, by a reload, or by a session that ends: except a custom password, which is kept no longer
than the session and then asked for again. A step that only keeps what was typed answers with 302,
not 303: it may be sent again with something else.

Source: IAM User Guide, "Create an IAM user in your AWS account"; the console attaches
IAMUserChangePassword to a user who must change the password.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import CallResults, ConsoleCall, carry_out, console_call
from sekisho.web.console.console_access import (
    PasswordChoice,
    password_choice,
    password_fields,
    show_password,
)
from sekisho.web.console.identities import IamIdentity, IdentityKind
from sekisho.web.console.permission_grants import (
    Permissions,
    as_reviewed,
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
    rehearsal,
    signed_in,
    state,
    try_reading,
)
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("create_user", __name__)

_PATH = "/iam/users/create"
_DETAILS = f"{_PATH}/details"
_PERMISSIONS = f"{_PATH}/permissions"
_REVIEW = f"{_PATH}/review"
_LIST = "/iam/users"
_NEW = {
    "name": "",
    "console": "",
    "person": "identity-center",
    "kind": "auto",
    "must_change": "yes",
}
_TAG_ROWS = 50


@SCREEN.get(_PATH)
@signed_in
def begin() -> ResponseReturnValue:
    """Begin anew."""
    here = state()
    here.new_password = ""
    for path in (_PATH, _DETAILS, _PERMISSIONS, _REVIEW):
        here.typed.pop(path, None)
    return redirect(_DETAILS)


@SCREEN.get(_DETAILS)
@signed_in
def details() -> ResponseReturnValue:
    """Ask for the name, and whether the user may use the console."""
    return _details_page(_draft(), {})


@SCREEN.post(_DETAILS)
@signed_in
def with_details() -> ResponseReturnValue:
    """Keep the details, and go on to the permissions."""
    draft, here = _draft(), state()
    draft |= {each: request.form.get(each, "") for each in ("console", "person")}
    draft |= {"name": request.form.get("name", "").strip(), **password_fields()}
    here.typed[_PATH] = draft
    here.new_password = request.form.get("password", "") or here.new_password
    faults = _faults(draft)
    return _details_page(draft, faults) if faults else redirect(_PERMISSIONS)


@SCREEN.get(_PERMISSIONS)
@signed_in
def permissions() -> ResponseReturnValue:
    """Ask for the permissions."""
    return _unready(_draft()) or _permissions_page(_draft())


@SCREEN.post(_PERMISSIONS)
@signed_in
def with_permissions() -> ResponseReturnValue:
    """Keep the permissions, and go on to the review."""
    draft = _draft() | grant_fields()
    state().typed[_PATH] = draft
    if choice_lists.is_search():
        return redirect(_PERMISSIONS)
    grant = grant_of(draft)
    if grant.fault is not None or grant.boundary_fault is not None:
        return _permissions_page(draft, tried=True), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(_REVIEW)


@SCREEN.get(_REVIEW)
@signed_in
def review() -> ResponseReturnValue:
    """Show what is to be created, and ask for tags."""
    return _unready(_draft()) or _review_page(_draft())


@SCREEN.post(_REVIEW)
@signed_in
def create() -> ResponseReturnValue:
    """Create the user, the password and the permissions."""
    if changed_elsewhere(_reviewed_fields(_draft())):
        return redirect(_REVIEW)
    draft = _draft() | _tag_fields()
    state().typed[_PATH] = draft
    if request.form.get("do") == "tag":
        return _review_page(draft, rows=len(_tags(draft)) + 1)
    faults = names.tags(_tags(draft))
    if faults:
        return _review_page(draft, fault=faults_text(faults)), HTTPStatus.UNPROCESSABLE_ENTITY
    given = try_reading(lambda: permissions_of(grant_of(draft)))
    if isinstance(given, AwsRefused):
        return _review_page(draft, refused=given), HTTPStatus.UNPROCESSABLE_ENTITY
    return _unready(draft) or _create_user(draft, given)


def _create_user(draft: Mapping[str, str], given: Permissions) -> ResponseReturnValue:
    user, here = draft["name"], state()
    tags = [{"Key": key, "Value": value} for key, value in _tags(draft)]
    wanted = {"Tags": tags, "PermissionsBoundary": given.boundary}
    optional = {name: value for name, value in wanted.items() if value}
    answer = attempt("iam", "CreateUser", UserName=user, **optional)
    if isinstance(answer, AwsRefused):
        if answer.aws_code == "EntityAlreadyExists":
            return _details_page(draft, {"name": aws_text(answer.aws_message)})
        return _review_page(draft, refused=answer), HTTPStatus.UNPROCESSABLE_ENTITY
    choice = _choice(draft)
    password = choice.value() if choice is not None else ""
    here.new_password = ""
    del here.typed[_PATH]
    rest = replace(given, boundary="")
    outcome = carry_out(_follow_up_calls(user, password, choice, rest))
    _flash_results(user, outcome)
    if outcome.has_done("CreateLoginProfile"):
        return show_password(user, password, _LIST)
    tab = {"name": user, "tab": "permissions"}
    return see_other(_LIST) if outcome.whole else see_other("/iam/user", **tab)


def _follow_up_calls(
    user: str, password: str, choice: PasswordChoice | None, given: Permissions
) -> Iterator[ConsoleCall]:
    """Yield the calls that follow CreateUser."""
    if choice is not None:
        profile = {
            "UserName": user,
            "Password": password,
            "PasswordResetRequired": choice.must_change,
        }
        yield console_call("create_login", "CreateLoginProfile", profile, user=user)
        arn = _change_password_policy()
        if choice.must_change and arn not in given.policies:
            yield IamIdentity(IdentityKind.USER, user).attach_call(arn)
    yield from given.changes(user)


def _flash_results(user: str, outcome: CallResults) -> None:
    """Have the next page say that the user was created, and what was refused after it."""
    flash(FlashKind.SUCCESS, text("create_user.created", user=user))
    if not outcome.whole:
        outcome.flash(text("create_user.created", user=user))


def _change_password_policy() -> str:
    return f"arn:{rehearsal().account.partition}:iam::aws:policy/IAMUserChangePassword"


def _draft() -> dict[str, str]:
    """Return the input so far, including the input that an ended session interrupted."""
    here = state()
    draft = {**_NEW, **here.typed.get(_PATH, {})}
    if request.method == "GET":
        draft |= here.typed.pop(request.path, {})
        here.typed[_PATH] = draft
    return draft


def _reviewed_fields(draft: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parts of the draft that the review only shows."""
    shown = {name: value for name, value in draft.items() if name != "tags"}
    return as_reviewed(shown, grant_of(draft))


def _choice(draft: Mapping[str, str]) -> PasswordChoice | None:
    """Return the choices for the password, or None without console access."""
    return password_choice(draft, state().new_password) if draft["console"] == "yes" else None


def _faults(draft: Mapping[str, str]) -> dict[str, Message]:
    """Return the faults of the details, by the field's name."""
    name, faults = draft["name"], {}
    if not name:
        faults["name"] = text("create_user.name_missing")
    elif wrong := names.user_name(name):
        faults["name"] = faults_text(wrong)
    choice = _choice(draft)
    if choice is None:
        return faults
    if draft["person"] != "iam-user":
        faults["person"] = text("create_user.no_identity_center")
    elif fault := choice.fault(name):
        faults["password"] = fault
    return faults


def _unready(draft: Mapping[str, str]) -> ResponseReturnValue | None:
    """Lead back to the details where they are missing, as a custom password after a session."""
    if not draft["name"]:
        return redirect(_DETAILS)
    choice = _choice(draft)
    if choice is not None and choice.custom and not choice.password:
        flash(FlashKind.INFO, text("create_user.password_again"))
        return redirect(_DETAILS)
    return None


def _details_page(draft: Mapping[str, str], faults: Mapping[str, Message]) -> ResponseReturnValue:
    page = render_template(
        "create_user_details.html",
        navigation=_LIST,
        draft=draft,
        faults=faults,
        password_kept=bool(state().new_password) and "password" not in faults,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK


def _permissions_page(draft: Mapping[str, str], *, tried: bool = False) -> str:
    grant = grant_of(draft)
    return render_template(
        "create_user_permissions.html",
        navigation=_LIST,
        draft=draft,
        fault=grant.fault if tried else None,
        boundary_fault=grant.boundary_fault if tried else None,
        boundary_choices=choice_lists.policies("boundary", draft),
        **grant_page(draft),
    )


def _review_page(
    draft: Mapping[str, str],
    *,
    fault: Message | None = None,
    refused: AwsRefused | None = None,
    rows: int = 0,
) -> str:
    choice = _choice(draft)
    changes_it = choice is not None and choice.must_change
    besides = Permissions(policies=(_change_password_policy(),) if changes_it else ())
    return render_template(
        "create_user_review.html",
        navigation=_LIST,
        draft=draft,
        choice=choice,
        **review_values(grant_of(draft), *besides.summary()),
        mark=mark_of(_reviewed_fields(draft)),
        tags=_tags(draft),
        rows=rows,
        fault=fault,
        refused=refused,
    )


def _tag_fields() -> dict[str, str]:
    """Return the tags that were sent, without empty rows."""
    rows = [
        (request.form.get(f"tag-key-{index}", ""), request.form.get(f"tag-value-{index}", ""))
        for index in range(_TAG_ROWS + 1)
    ]
    return {"tags": urlencode([(key, value) for key, value in rows if key or value])}


def _tags(draft: Mapping[str, str]) -> list[tuple[str, str]]:
    return parse_qsl(draft.get("tags", ""), keep_blank_values=True)
