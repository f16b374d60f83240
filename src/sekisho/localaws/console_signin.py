"""Signing in to the console, as a small JSON API: password, code, forced change of the password.

    POST sign-in       {"account", "user", "password"}
    POST mfa           {"ticket", "code", "serial"?}
    POST new-password  {"ticket", "oldPassword", "newPassword"}

Each answers `{"next": "mfa" | "new-password" | "done", "mfaUsed", "ticket"?, "credentials"?}`, or
`{"error": {"code", "message", "cause"?}, "ticket"?}`; the ticket in an error is for another try.

AWS has no such API: its page does the same steps in a browser. What comes next is for `signin` to
say. The page for a new password has no right of its own: the change is the user's own call of
iam:ChangePassword, a signed request, so that the authorizer decides on it like on any other.

Source: IAM User Guide, "How IAM users sign in", "MFA enabled sign-in"; docs/signin.md.
"""

import json
from collections.abc import Iterable, Mapping
from contextvars import Context
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import User, iam_backends
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Request, Response

from sekisho.localaws.identify import authenticate, enabled_serials
from sekisho.localaws.sealing import (
    MOST_TRIES,
    TICKET_LIFETIME,
    IssuedCredentials,
    SigninTicket,
    hash_of_nobody,
    matches,
    mint,
    redeem_ticket,
    seal_ticket,
)
from sekisho.localaws.wire import Refusal, throttled
from sekisho.localaws.world import PasswordState, World
from sekisho.signin import (
    CHANGE_REFUSED,
    SIGNIN_FAILED,
    Credential,
    Holder,
    HolderKind,
    NextStep,
    console_session,
    start,
)


def change_as_user(
    world: World,
    authorizer: WSGIApplication,
    session: IssuedCredentials,
    passwords: tuple[str, str],
) -> Refusal | None:
    """Call ChangePassword with the session's credentials; return what refused it, or None.

    Args:
        world: the state of the local AWS; its lock must be free.
        authorizer: what every request goes through; this one is signed like any other.
        session: the user's console session.
        passwords: the present one, and the one that is to replace it.
    """
    old, new = passwords
    form = {
        "Action": "ChangePassword",
        "Version": "2010-05-08",
        "OldPassword": old,
        "NewPassword": new,
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Host": "localhost",
    }
    request = AWSRequest("POST", "http://localhost/", headers, urlencode(form).encode())
    keys = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    SigV4Auth(keys, "iam", world.region).add_auth(request)
    environ = create_environ(
        "/",
        "http://localhost/",
        method="POST",
        headers=dict(request.headers.items()),
        data=request.body,
    )
    body, status, _ = run_wsgi_app(authorizer, environ, buffered=True)
    code = int(status[:3])
    return None if code == HTTPStatus.OK else _refusal_in(code, b"".join(body))


def _refusal_in(status: int, body: bytes) -> Refusal:
    found = {
        "Code": "InternalFailure",
        "Message": "the answer of ChangePassword has no error in it",
    }
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - our own server wrote it
    except ElementTree.ParseError:
        return Refusal(found["Code"], found["Message"], status)
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in found and element.text:
            found[name] = element.text
    return Refusal(found["Code"], found["Message"], status)


_LARGEST_BODY = 16_384
_FIELDS = {
    "/sign-in": ({"account", "user", "password"}, set[str]()),
    "/mfa": ({"ticket", "code"}, {"serial"}),
    "/new-password": ({"ticket", "oldPassword", "newPassword"}, set[str]()),
}


class _Refused(Exception):
    """An answer that is an error; `ticket` allows another try."""

    def __init__(
        self,
        code: str,
        message: str,
        status: HTTPStatus = HTTPStatus.UNAUTHORIZED,
        *,
        ticket: str = "",
        cause: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.ticket = ticket
        self.cause = cause


def signin_app(world: World, authorizer: WSGIApplication) -> WSGIApplication:
    """Return the sign-in API of `world` as a WSGI application; `authorizer` is the rest of it."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            # in a context of its own: a connection that has also called an API must not lend
            # that call's caller to the sessions that are minted here
            status, answer = HTTPStatus.OK, Context().run(_answer, world, authorizer, request)
        except _Refused as refused:
            status, answer = refused.status, _error(refused)
        response = Response(json.dumps(answer), status, content_type="application/json")
        # an answer holds a ticket or credentials
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)

    return run


def _answer(world: World, authorizer: WSGIApplication, request: Request) -> dict[str, object]:
    fields = _fields(request)
    match request.path:
        case "/sign-in":
            return _sign_in(world, fields)
        case "/mfa":
            with world.lock:
                return _mfa(world, fields)
        case _:
            # not under the lock: the authorizer takes it itself
            return _new_password(world, authorizer, fields)


def _fields(request: Request) -> Mapping[str, str]:
    known = _FIELDS.get(request.path)
    if known is None:
        paths = ", ".join(f"`{path}`" for path in _FIELDS)
        message = f"there is no `{request.path}` here, and no page for a browser: POST to {paths}"
        raise _Refused("NotFound", message, HTTPStatus.NOT_FOUND)
    if request.method != "POST":
        raise _Refused("MethodNotAllowed", "use POST", HTTPStatus.METHOD_NOT_ALLOWED)
    given = _decoded(_body(request))
    needed, optional = known
    faults = [f"`{name}` is missing" for name in sorted(needed - given.keys())]
    faults += [f"`{name}` is unknown" for name in sorted(given.keys() - needed - optional)]
    faults += [f"`{name}` is not a text" for name, value in given.items() if _no_text(value)]
    if faults:
        raise _Refused("ValidationError", "; ".join(faults), HTTPStatus.BAD_REQUEST)
    return {name: str(value) for name, value in given.items()}


def _body(request: Request) -> bytes:
    request.max_content_length = _LARGEST_BODY
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        message = f"the body is longer than {_LARGEST_BODY} bytes"
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise _Refused("RequestTooLarge", message, status) from None


def _decoded(body: bytes) -> Mapping[str, object]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        message = "the body is not a JSON object"
        # the cause would hold the body, and the body a password
        raise _Refused("ValidationError", message, HTTPStatus.BAD_REQUEST) from None
    return given


def _no_text(value: object) -> bool:
    return not isinstance(value, str)


def _sign_in(world: World, fields: Mapping[str, str]) -> dict[str, object]:
    name, subject = fields["user"], f"password {fields['user'][:_LONGEST_NAME]}"
    with world.lock:
        if not world.throttle.spend(subject, world.clock.now()):
            raise _too_many()
        asked = world.passwords.get(name)
    # not under the lock, which others wait for. With no such user a hash is computed all the same:
    # time must not tell who exists
    right = matches(fields["password"], asked.hash if asked else hash_of_nobody())
    with world.lock:
        backend = iam_backends[world.account][world.partition]
        known_account = fields["account"] in {world.account, *backend.account_aliases}
        user: User | None = backend.users.get(name)
        state = world.passwords.get(name)
        same = state is not None and asked is not None and state.hash == asked.hash
        if not (right and known_account and user and state and same):
            raise _Refused("SigninFailed", SIGNIN_FAILED)
        world.throttle.clear(subject)
        _refuse_hard_expired(world, state)
        world.passwords[user.name] = replace(state, last_used=world.clock.now())
        ends = world.clock.now() + TICKET_LIFETIME
        return _go_on(world, user, SigninTicket(user.id, NextStep.DONE, ends))


_LONGEST_NAME = 128


def _too_many(ticket: str = "") -> _Refused:
    message = "Too many failed attempts. Please wait some minutes and try again."
    return _Refused("TooManyAttempts", message, HTTPStatus.TOO_MANY_REQUESTS, ticket=ticket)


def _mfa(world: World, fields: Mapping[str, str]) -> dict[str, object]:
    ticket, user = _redeemed(world, fields["ticket"], NextStep.NEEDS_MFA)
    holder = _holder(world, user)
    chosen = fields.get("serial")
    serials = [chosen] if chosen else enabled_serials(world, holder)
    for serial in serials:
        try:
            passed = authenticate(world, holder, serial, fields["code"])
        except Refusal as refusal:
            if refusal.code == throttled().code:
                raise _too_many(_again(world, ticket)) from refusal
            continue
        return _go_on(world, user, replace(ticket, mfa_at=passed, tries=0))
    raise _Refused("SigninFailed", SIGNIN_FAILED, ticket=_again(world, ticket))


def _new_password(
    world: World, authorizer: WSGIApplication, fields: Mapping[str, str]
) -> dict[str, object]:
    with world.lock:
        ticket, user = _redeemed(world, fields["ticket"], NextStep.NEEDS_NEW_PASSWORD)
        session = mint(world, _session(world, user, ticket.mfa_at))
    passwords = fields["oldPassword"], fields["newPassword"]
    refusal = change_as_user(world, authorizer, session, passwords)
    with world.lock:
        if refusal is None:
            return _go_on(world, user, replace(ticket, tries=0))
        again = _again(world, ticket)
    raise _Refused(refusal.code, CHANGE_REFUSED, HTTPStatus.FORBIDDEN, ticket=again, cause=refusal)


def _go_on(world: World, user: User, ticket: SigninTicket) -> dict[str, object]:
    """Return the answer for a sign-in that has come as far as `ticket` tells."""
    devices = len(enabled_serials(world, _holder(world, user)))
    step = start(
        True,
        devices,
        _must_change(world, world.passwords[user.name]),
        world.signin,
        mfa_passed=ticket.mfa_at is not None,
    )
    answer: dict[str, object] = {"next": step.value, "mfaUsed": ticket.mfa_at is not None}
    if step is not NextStep.DONE:
        return answer | {"ticket": seal_ticket(world, replace(ticket, step=step))}
    issued = mint(world, _session(world, user, ticket.mfa_at))
    return answer | {
        "credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at.isoformat(timespec="seconds"),
        }
    }


def _redeemed(world: World, text: str, step: NextStep) -> tuple[SigninTicket, User]:
    ticket = redeem_ticket(world, text, step)
    users: Iterable[User] = iam_backends[world.account][world.partition].users.values()
    user = next((each for each in users if ticket and each.id == ticket.user_id), None)
    if ticket is None or user is None or user.name not in world.passwords:
        raise _Refused("SigninExpired", "Your sign-in has expired. Please sign in again.")
    return ticket, user


def _again(world: World, ticket: SigninTicket) -> str:
    """Return a ticket for another try, or "" after too many."""
    tried = replace(ticket, tries=ticket.tries + 1)
    return seal_ticket(world, tried) if tried.tries < MOST_TRIES else ""


def _session(world: World, user: User, mfa_at: datetime | None) -> Credential:
    session = console_session(_holder(world, user), world.clock.now(), mfa_at)
    seconds = world.passwords[user.name].session_seconds
    if seconds is None:
        return session
    return replace(session, expires_at=world.clock.now() + timedelta(seconds=seconds))


def _holder(world: World, user: User) -> Holder:
    return Holder(HolderKind.USER, world.partition, world.account, user.name, user.path, user.id)


def _must_change(world: World, state: PasswordState) -> bool:
    return state.reset_required or _expired(world, state)


def _expired(world: World, state: PasswordState) -> bool:
    policy = iam_backends[world.account][world.partition].account_password_policy
    days = policy.max_password_age if policy else 0
    return bool(days) and world.clock.now() - state.changed_at > timedelta(days=days)


def _refuse_hard_expired(world: World, state: PasswordState) -> None:
    policy = iam_backends[world.account][world.partition].account_password_policy
    if policy and policy.hard_expiry and _expired(world, state):
        message = "Your password has expired. Please contact your administrator."
        raise _Refused("PasswordExpired", message, HTTPStatus.FORBIDDEN)


def _error(refused: _Refused) -> dict[str, object]:
    error: dict[str, object] = {"code": refused.code, "message": refused.message}
    if refused.cause is not None:
        error["cause"] = {"code": refused.cause.code, "message": refused.cause.message}
    return {"error": error} | ({"ticket": refused.ticket} if refused.ticket else {})
