"""A user's console access: enabled, taken away, or given a new password, which is shown once.

Source: IAM User Guide, "Manage passwords for IAM users", "Set an account password policy for IAM
users".
"""

import csv
import io
import secrets
import string
from collections.abc import Mapping
from dataclasses import field
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account import password_policy
from sekisho.documents import inert_cell
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.signin import PasswordPolicy, password_faults
from sekisho.web.browsers import FlashKind
from sekisho.web.console.credentials import home_of
from sekisho.web.console.dashboard import account_alias, sign_in_address
from sekisho.web.console.session import (
    attempt,
    show_once,
    shown_once_values,
    signed_in,
)
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("console_access", __name__)

_PATH = "/iam/console-access"
_SHOWN = "/iam/console-password"
_CSV_HEADS = ("User name", "Password", "Console sign-in URL")
"""What AWS's own file has on top, in every language."""
_LENGTH = 16
_SYMBOLS = "!#%*+-_?"
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SYMBOLS)


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show whether a user has console access, and what can be changed."""
    user = request.args.get("user", "")
    return _page(user) if user else redirect("/iam/users")


@SCREEN.post(_PATH)
@signed_in
def change() -> ResponseReturnValue:
    """Enable console access, set a new password, or take console access away."""
    user = request.form.get("user", "")
    match request.form.get("do", ""):
        case "enable":
            return _set("CreateLoginProfile", user)
        case "reset":
            return _set("UpdateLoginProfile", user)
        case "disable":
            return _disable_access(user)
        case _:
            return see_other(_PATH, user=user)


def show_password(user: str, password: str, home: str) -> ResponseReturnValue:
    """Lead to the page that shows a new password once; `home` is where it leads then."""
    show_once(_SHOWN, {"user": user, "password": password, "home": home})
    return see_other(_SHOWN)


@SCREEN.get(_SHOWN)
@signed_in
def new_password_page() -> ResponseReturnValue:
    """Show a new password, on the page or as a .csv file."""
    values = shown_once_values()
    if values is None:
        flash(FlashKind.INFO, text("console_access.shown_before"))
        return redirect("/iam/users")
    address = sign_in_address(account_alias())
    if request.args.get("form") == "csv":
        return _csv(values, address)
    return render_template(
        "retrieve_password.html", navigation="/iam/users", address=address, **values
    )


def _csv(values: Mapping[str, str], address: str) -> Response:
    written = io.StringIO()
    rows = csv.writer(written)
    # a password stays as it is, to be copied; one that is generated begins with no sign
    user = inert_cell(values["user"], foreign=True)
    rows.writerows([_CSV_HEADS, (user, values["password"], address)])
    name = "".join(each for each in values["user"] if each.isascii() and each.isprintable())
    # without what would end the quoted name
    name = name.replace('"', "").replace("\\", "")
    return Response(
        written.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}_credentials.csv"'},
    )


def _set(operation: str, user: str) -> ResponseReturnValue:
    """Give a user a password."""
    choice = password_choice(password_fields(), request.form.get("password", ""))
    fault = choice.fault(user)
    if fault is not None:
        return _page(user, fault=fault)
    password = choice.value()
    answer = attempt(
        "iam",
        operation,
        UserName=user,
        Password=password,
        PasswordResetRequired=choice.must_change,
    )
    if isinstance(answer, AwsRefused):
        if answer.aws_code == "PasswordPolicyViolation":
            return _page(user, fault=aws_text(answer.aws_message))
        return _page(user, refused=answer)
    enabled = operation == "CreateLoginProfile"
    flash(FlashKind.SUCCESS, text("console_access.enabled" if enabled else "console_access.reset"))
    return show_password(user, password, home_of(user))


def _disable_access(user: str) -> ResponseReturnValue:
    answer = attempt("iam", "DeleteLoginProfile", UserName=user)
    if isinstance(answer, AwsRefused):
        return _page(user, refused=answer)
    flash(FlashKind.SUCCESS, text("console_access.disabled", user=user))
    return see_other(home_of(user))


def _page(
    user: str, *, fault: Message | None = None, refused: AwsRefused | None = None
) -> ResponseReturnValue:
    login: Any = attempt("iam", "GetLoginProfile", UserName=user)
    none = isinstance(login, AwsRefused) and login.aws_code == "NoSuchEntity"
    page = render_template(
        "console_access.html",
        navigation="/iam/users",
        user=user,
        home=home_of(user),
        login=None if none else login,
        fault=fault,
        refused=refused,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault or refused else HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class PasswordChoice:
    """The choices in the form about a new password.

    Attributes:
        custom: whether it was written by hand; otherwise it is generated.
        password: what was written; secret.
        must_change: whether it must be changed at the next sign-in.
    """

    custom: bool
    password: str = field(repr=False)
    must_change: bool

    def fault(self, user: str) -> Message | None:
        """Return the fault of a password that was typed, as far as the person may know.

        The account's password policy is asked for, as the console does. Who may not read it is
        told by AWS when the password is set.
        """
        if not self.custom:
            return None
        if not self.password:
            return text("new_passwords.missing")
        policy = _policy()
        if isinstance(policy, AwsRefused):
            return None
        faults = password_faults(self.password, user, policy)
        return aws_text(", ".join(faults)) if faults else None

    def value(self) -> str:
        """Return the password: what was written, or a new one that the account's policy takes."""
        if self.custom:
            return self.password
        policy = _policy()
        known = policy if isinstance(policy, PasswordPolicy) else PasswordPolicy()
        return _generated(max(_LENGTH, known.minimum_length))


def password_choice(fields: Mapping[str, str], password: str) -> PasswordChoice:
    """Return the choice in the fields of a form or a draft.

    Args:
        fields: what was typed, without the password.
        password: the password.
    """
    custom = fields.get("kind") == "custom"
    return PasswordChoice(custom, password if custom else "", fields.get("must_change") == "yes")


def password_fields() -> dict[str, str]:
    """Return the fields about a password that were sent, without the password itself."""
    return {each: request.form.get(each, "") for each in ("kind", "must_change")}


def _policy() -> PasswordPolicy | AwsRefused | None:
    """Return the account's password policy, None for the default one, or what AWS refused."""
    answer = attempt("iam", "GetAccountPasswordPolicy")
    if isinstance(answer, AwsRefused):
        return None if answer.aws_code == "NoSuchEntity" else answer
    return password_policy(answer["PasswordPolicy"])


def _generated(length: int) -> str:
    """Return a password of this length, of every class that a password policy can ask for."""
    letters = [secrets.choice(each) for each in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    # a spreadsheet takes a cell of the .csv file that begins with a sign for a formula
    first = next(index for index, each in enumerate(letters) if each.isalnum())
    letters[0], letters[first] = letters[first], letters[0]
    return "".join(letters)
