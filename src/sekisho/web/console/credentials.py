"""Security credentials: one's own, and for an administrator those of a user.

MFA devices, the console password, access keys. `panels` reads them for a page.

Source: IAM User Guide, "Assign MFA devices in the AWS Management Console", "How IAM users change
their own password", "Manage access keys for IAM users".
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.signin import WRONG_OLD_PASSWORD, ErrorCode
from sekisho.web.browsers import FlashKind
from sekisho.web.console.session import (
    attempt,
    person,
    show_once,
    shown_once_values,
    signed_in,
)
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("credentials", __name__)

OWN = "/iam/security-credentials"
_NEW_KEY = "/iam/access-key-created"


def panels(user: str) -> dict[str, Any]:
    """Return the panels of a user's security credentials, each read or refused."""
    devices = attempt("iam", "ListMFADevices", UserName=user)
    keys = attempt("iam", "ListAccessKeys", UserName=user)
    return {
        "user": user,
        "own": user == person().user,
        "login": _login(user),
        "devices": devices,
        "keys": keys,
        "used": {} if isinstance(keys, AwsRefused) else _last_used(keys),
    }


def home_of(user: str) -> str:
    """Return the address of the page with a user's security credentials."""
    if user == person().user:
        return OWN
    return f"/iam/user?{urlencode({'name': user, 'tab': 'security'})}"


def _login(user: str) -> Any:
    """Return the login profile, None if there is no console password, or what AWS refused."""
    answer = attempt("iam", "GetLoginProfile", UserName=user)
    if isinstance(answer, AwsRefused) and answer.aws_code == "NoSuchEntity":
        return None
    return answer


def _last_used(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    ids = [each["AccessKeyId"] for each in keys["AccessKeyMetadata"]]
    return {each: attempt("iam", "GetAccessKeyLastUsed", AccessKeyId=each) for each in ids}


@SCREEN.get(OWN)
@signed_in
def page() -> ResponseReturnValue:
    """Show one's own security credentials."""
    me = person().user
    return render_template("credentials.html", arn=_arn(), **panels(me))


def _arn() -> str:
    answer = attempt("sts", "GetCallerIdentity")
    return "" if isinstance(answer, AwsRefused) else str(answer["Arn"])


@SCREEN.route("/iam/update-password", methods=["GET", "POST"])
@signed_in
def password() -> ResponseReturnValue:
    """Change one's own password."""
    if request.method == "GET":
        return _password_form({})
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_form({"again": text("sign_in.differs")})
    old = request.form.get("current", "")
    answer = attempt("iam", "ChangePassword", OldPassword=old, NewPassword=new)
    if isinstance(answer, AwsRefused):
        at = _field_of(answer)
        return _password_form({at: aws_text(answer.aws_message)} if at else {}, answer)
    flash(FlashKind.SUCCESS, text("credentials.password_changed"))
    return see_other(OWN)


def _field_of(refused: AwsRefused) -> str:
    """Return the field whose value AWS refuses; "" if it is the call that is refused.

    A wrong old password has the code of a call that no policy allows.
    """
    if refused.aws_code == ErrorCode.PASSWORD_POLICY_VIOLATION:
        return "new"
    return "current" if refused.aws_message == WRONG_OLD_PASSWORD.message else ""


def _password_form(
    faults: Mapping[str, Message], refused: AwsRefused | None = None
) -> ResponseReturnValue:
    page = render_template(
        "update_password.html", refused=None if faults else refused, faults=faults
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faults or refused else HTTPStatus.OK


@SCREEN.post("/iam/access-key/create")
@signed_in
def create_key() -> ResponseReturnValue:
    """Create an access key; its secret is shown once."""
    user = request.form.get("user", "")
    answer = attempt("iam", "CreateAccessKey", UserName=user)
    if isinstance(answer, AwsRefused):
        return _not_done(user, answer)
    key = answer["AccessKey"]
    show_once(_NEW_KEY, {"user": user, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"]})
    return see_other(_NEW_KEY)


@SCREEN.get(_NEW_KEY)
@signed_in
def created_key() -> ResponseReturnValue:
    """Show the secret of a new access key, once."""
    values = shown_once_values()
    if values is None:
        flash(FlashKind.INFO, text("credentials.key_shown"))
        return redirect(OWN)
    return render_template("access_key.html", home=home_of(values["user"]), **values)


@SCREEN.post("/iam/access-key/<any(activate, deactivate, delete):change>")
@signed_in
def change_key(change: str) -> ResponseReturnValue:
    """Activate, deactivate or delete an access key."""
    user, key = request.form.get("user", ""), request.form.get("key", "")
    which = {"UserName": user, "AccessKeyId": key}
    match change:
        case "delete":
            answer = attempt("iam", "DeleteAccessKey", **which)
        case "activate":
            answer = attempt("iam", "UpdateAccessKey", Status="Active", **which)
        case _:
            answer = attempt("iam", "UpdateAccessKey", Status="Inactive", **which)
    if isinstance(answer, AwsRefused):
        return _not_done(user, answer)
    flash(FlashKind.SUCCESS, text(f"credentials.key_{change}", key=key))
    return see_other(home_of(user))


def _not_done(user: str, refused: AwsRefused) -> ResponseReturnValue:
    flash(FlashKind.ERROR, text("frame.not_done"), refused.aws_message)
    return see_other(home_of(user))
