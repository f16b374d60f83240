"""Signing in: name and password, MFA, the forced change of a password; and signing out.

A user whose device is out of sync resynchronises it on the way. The AWS CLI leads a browser
here for `aws login`: the code goes where the CLI waits, by a link that the person follows, since a
form's answer may lead to no other site.

Source: IAM User Guide, "How IAM users sign in to your AWS account", "MFA enabled sign-in",
"Resynchronize virtual and hardware MFA devices"; AWS Sign-In User Guide, "Login for AWS local
development using console credentials"; docs/signin.md, docs/localaws.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, ConsoleRefused, ShownPage
from sekisho.messages import Message
from sekisho.signin import CHANGE_REFUSED, SIGNIN_FAILED, MfaMethod, NextStep
from sekisho.web.browsers import FlashKind
from sekisho.web.console.mfa import TwoCodes
from sekisho.web.console.session import (
    PendingSignin,
    origin,
    person,
    rehearsal,
    sign_in_as,
    sign_out,
    signed_in,
    state,
)
from sekisho.web.site import (
    aws_text,
    flash,
    language,
    local_path,
    see_other,
    sent_json,
    term,
    text,
)

SCREEN = Blueprint("sign_in", __name__)

_HOME = "/console"
_MOST_PEOPLE = 30
"""How many of those who can sign in the help rail lists; the first page lists all."""
_PAGES: Mapping[NextStep, str] = {
    NextStep.NEEDS_MFA: "/signin/mfa",
    NextStep.NEEDS_NEW_PASSWORD: "/signin/new-password",
    NextStep.DONE: _HOME,
}


@SCREEN.get("/signin")
def page() -> ResponseReturnValue:
    """Ask for the account, the user name and the password."""
    return _signin_form(None)


@SCREEN.post("/signin")
def with_password() -> ResponseReturnValue:
    """Sign in with name and password."""
    client = ConsoleClient(rehearsal().url, request.form.get("account", "").strip())
    user = request.form.get("user", "").strip()
    try:
        answer = client.sign_in(user, request.form.get("password", ""))
    except AwsRefused as refused:
        return _signin_form(refused), _status(refused)
    return _go_on(user, answer)


@SCREEN.get("/signin/mfa")
def mfa_page() -> ResponseReturnValue:
    """Ask for MFA."""
    pending = _pending(NextStep.NEEDS_MFA)
    return _mfa_form(pending, None) if pending else redirect("/signin")


@SCREEN.post("/signin/mfa")
def with_code() -> ResponseReturnValue:
    """Go on with an MFA code."""
    pending = _pending(NextStep.NEEDS_MFA)
    if pending is None:
        return see_other("/signin")
    try:
        answer = _client().mfa(pending.ticket, "".join(request.form.get("code", "").split()))
    except AwsRefused as refused:
        return _keep_ticket(pending, refused) or (_mfa_form(pending, refused), _status(refused))
    return _go_on(pending.user, answer)


@SCREEN.route("/signin/resync", methods=["GET", "POST"])
def resync() -> ResponseReturnValue:
    """Bring a device back into step with two codes, and ask for a code again."""
    pending = _pending(NextStep.NEEDS_MFA)
    if pending is None:
        return see_other("/signin")
    if request.method == "GET":
        return _resync_form(pending, None)
    codes = TwoCodes.from_form()
    if faults := codes.faults:
        return _resync_form(pending, None, faults), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        answer = _client().resync(pending.ticket, *codes.codes)
    except AwsRefused as refused:
        return _keep_ticket(pending, refused) or (_resync_form(pending, refused), _status(refused))
    flash(FlashKind.SUCCESS, text("mfa.resynced"))
    return _go_on(pending.user, answer)


@SCREEN.post("/signin/passkey/options")
def passkey_options() -> ResponseReturnValue:
    """Answer the script with what a passkey is to sign."""
    pending = _pending(NextStep.NEEDS_MFA)
    if pending is None:
        return jsonify(next="/signin"), HTTPStatus.CONFLICT
    try:
        options = _client().passkey_request(pending.ticket, origin())
    except AwsRefused as refused:
        return jsonify(error=_spoken(refused)), _status(refused)
    state().pending = replace(pending, ticket=options.ticket)
    return jsonify(options.public_key)


@SCREEN.post("/signin/passkey")
def with_passkey() -> ResponseReturnValue:
    """Go on with what a passkey has signed."""
    pending = _pending(NextStep.NEEDS_MFA)
    signed = sent_json()
    if pending is None or not signed:
        return jsonify(next="/signin"), HTTPStatus.CONFLICT
    after = local_path(str(signed.get("next", "")), _HOME)
    try:
        answer = _client().mfa_passkey(pending.ticket, signed.get("credential", {}))
    except AwsRefused as refused:
        ended = _keep_ticket(pending, refused) is not None
        return jsonify(error=_spoken(refused), next="/signin" if ended else ""), _status(refused)
    return jsonify(next=_take_step(pending.user, answer, after))


@SCREEN.get("/signin/new-password")
def password_page() -> ResponseReturnValue:
    """Ask for a new password in place of a temporary one."""
    pending = _pending(NextStep.NEEDS_NEW_PASSWORD)
    return _password_form(pending, None) if pending else redirect("/signin")


@SCREEN.post("/signin/new-password")
def with_new_password() -> ResponseReturnValue:
    """Change the password that must be changed, and go on."""
    pending = _pending(NextStep.NEEDS_NEW_PASSWORD)
    if pending is None:
        return see_other("/signin")
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_form(pending, None, differs=True), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        answer = _client().new_password(pending.ticket, request.form.get("old", ""), new)
    except AwsRefused as refused:
        return _keep_ticket(pending, refused) or (
            _password_form(pending, refused),
            _status(refused),
        )
    return _go_on(pending.user, answer)


@SCREEN.post("/signout")
def out() -> ResponseReturnValue:
    """Sign out."""
    sign_out()
    return see_other("/signin")


@SCREEN.get("/aws-login")
@signed_in
def aws_login() -> ResponseReturnValue:
    """Ask whether `aws login` is to be let in."""
    asked = request.query_string.decode("latin-1")
    return render_template("aws_login.html", ticket=asked, address="")


@SCREEN.post("/aws-login")
@signed_in
def let_in() -> ResponseReturnValue:
    """Let `aws login` in, if the person's policies allow that, and lead to where it waits."""
    address = _client().let_in(person().keys, request.form.get("asked", ""))
    return render_template("aws_login.html", address=address)


def _pending(step: NextStep) -> PendingSignin | None:
    """Return the sign-in of this browser, if it is at `step`."""
    pending = state().pending
    return pending if pending is not None and pending.step is step else None


def _signin_form(refused: AwsRefused | None) -> str:
    place = rehearsal()
    return render_template(
        "signin.html",
        account=place.account.account,
        people=place.people()[:_MOST_PEOPLE],
        administrator=place.administrator,
        rail_more="signin_people.html",
        refused=_refusal_text(refused),
    )


def _mfa_form(pending: PendingSignin, refused: AwsRefused | None) -> str:
    place = rehearsal()
    return render_template(
        "mfa.html",
        user=pending.user,
        codes=place.phones.codes(pending.user, place.now()),
        by_code=MfaMethod.TOTP in pending.methods,
        by_passkey=MfaMethod.PASSKEY in pending.methods,
        refused=_refusal_text(refused),
    )


def _resync_form(
    pending: PendingSignin,
    refused: AwsRefused | None,
    faults: Mapping[str, Message] = MappingProxyType({}),
) -> str:
    place = rehearsal()
    return render_template(
        "signin_resync.html",
        user=pending.user,
        codes=place.phones.codes(pending.user, place.now()),
        refused=_refusal_text(refused),
        faults=faults,
    )


def _password_form(
    pending: PendingSignin, refused: AwsRefused | None, *, differs: bool = False
) -> str:
    cause = refused if isinstance(refused, ConsoleRefused) and refused.cause_code else None
    return render_template(
        "new_password.html",
        user=pending.user,
        refused=_refusal_text(refused),
        cause=cause,
        differs=differs,
    )


def _client() -> ConsoleClient:
    place = rehearsal()
    return ConsoleClient(place.url, place.account.account)


def _spoken(refused: AwsRefused) -> str:
    """Return for the script what the page would say of a refusal."""
    said = _refusal_text(refused)
    return "" if said is None else said.into(language())


def _refusal_text(refused: AwsRefused | None) -> Message | None:
    """Return the page's text for a refusal, in its language if the console has it."""
    match refused.aws_message if refused else None:
        case None:
            return None
        case message if message == CHANGE_REFUSED:
            return term("change_refused")
        case message if message == SIGNIN_FAILED:
            return term("signin_failed")
        case message:
            return aws_text(message)


def _status(refused: AwsRefused) -> int:
    return refused.status or HTTPStatus.BAD_GATEWAY


def _keep_ticket(pending: PendingSignin, refused: AwsRefused) -> ResponseReturnValue | None:
    """Keep the ticket for another try; without one the sign-in begins anew, and says why."""
    again = refused.ticket if isinstance(refused, ConsoleRefused) else ""
    if again:
        state().pending = replace(pending, ticket=again)
        return None
    state().pending = None
    flash(FlashKind.ERROR, text("sign_in.begin_again"), refused.aws_message)
    return see_other("/signin")


def _go_on(user: str, answer: ShownPage) -> ResponseReturnValue:
    """Lead to the page that comes next."""
    return see_other(_take_step(user, answer, local_path(request.form.get("next", ""), _HOME)))


def _take_step(user: str, answer: ShownPage, after: str) -> str:
    """Take a step of the sign-in, and return the address of the next page."""
    if answer.keys is not None:
        sign_in_as(user, answer.keys, mfa=answer.mfa_used)
        return after
    state().pending = PendingSignin(user, answer.next, answer.ticket, answer.methods)
    return _with_next(_PAGES[answer.next], after)


def _with_next(path: str, after: str) -> str:
    return path if after == _HOME else f"{path}?{urlencode({'next': after})}"
