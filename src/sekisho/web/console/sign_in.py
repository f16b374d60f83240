"""Signing in: name and password, MFA, the forced change of a password; and signing out.

Source: IAM User Guide, "How IAM users sign in to your AWS account"; docs/signin.md.
"""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, ShownPage
from sekisho.signin import NextStep
from sekisho.web.console.persons import PendingSignin, rehearsal, sign_in_as, sign_out, state
from sekisho.web.site import local_path, see_other

SCREEN = Blueprint("sign_in", __name__)

_HOME = "/console"


@SCREEN.get("/signin")
def page() -> ResponseReturnValue:
    """Ask for the account, the user name and the password."""
    return render_template("signin.html", account=rehearsal().account.account, refused=None)


@SCREEN.post("/signin")
def with_password() -> ResponseReturnValue:
    """Sign in with name and password."""
    account, user = request.form.get("account", ""), request.form.get("user", "")
    client = ConsoleClient(rehearsal().url, account)
    try:
        answer = client.sign_in(user, request.form.get("password", ""))
    except AwsRefused as refused:
        return _again("signin.html", refused, account=account)
    return _go_on(user, answer)


@SCREEN.get("/signin/mfa")
def mfa_page() -> ResponseReturnValue:
    """Ask for an MFA code."""
    pending = state().pending
    if pending is None:
        return redirect("/signin")
    return _mfa_form(pending, None)


@SCREEN.post("/signin/mfa")
def with_code() -> ResponseReturnValue:
    """Go on with an MFA code."""
    pending = state().pending
    if pending is None:
        return redirect("/signin")
    try:
        answer = _client().mfa(pending.ticket, request.form.get("code", "").replace(" ", ""))
    except AwsRefused as refused:
        return _mfa_form(pending, refused), refused.status
    return _go_on(pending.user, answer)


@SCREEN.get("/signin/new-password")
def password_page() -> ResponseReturnValue:
    """Ask for a new password in place of a temporary one."""
    if state().pending is None:
        return redirect("/signin")
    return render_template("new_password.html", refused=None)


@SCREEN.post("/signout")
def out() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return see_other("/signin")


def _mfa_form(pending: PendingSignin, refused: AwsRefused | None) -> str:
    place = rehearsal()
    codes = place.phones.codes(pending.user, place.now())
    return render_template("mfa.html", user=pending.user, codes=codes, refused=refused)


def _client() -> ConsoleClient:
    place = rehearsal()
    return ConsoleClient(place.url, place.account.account)


def _again(template: str, refused: AwsRefused, **values: str) -> ResponseReturnValue:
    return render_template(template, refused=refused, **values), refused.status or 502


def _go_on(user: str, answer: ShownPage) -> ResponseReturnValue:
    """Lead to the page that comes next."""
    after = local_path(request.form.get("next", ""), _HOME)
    match answer.next:
        case NextStep.DONE if answer.keys is not None:
            sign_in_as(user, answer.keys, mfa=answer.mfa_used)
            return see_other(after)
        case NextStep.NEEDS_MFA:
            state().pending = PendingSignin(user, answer.ticket)
            return see_other("/signin/mfa", next=after)
        case _:
            state().pending = PendingSignin(user, answer.ticket)
            return see_other("/signin/new-password", next=after)
