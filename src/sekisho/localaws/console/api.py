"""The API of the console's pages: JSON in, JSON out.

    POST sign-in              {"account", "user", "password"}
    POST mfa                  {"ticket", "code", "serial"?}
    POST resync               {"ticket", "code1", "code2"}
    POST mfa-passkey-options  {"ticket", "origin"}
    POST mfa-passkey          {"ticket", "credential"}
    POST new-password         {"ticket", "oldPassword", "newPassword"}
    POST passkey-options      {"credentials", "name", "origin", "user"?}
    POST passkey-register     {"credentials", "ticket", "credential"}
    POST aws-login            {"credentials", "request"}

The steps of a sign-in answer `{"next": "mfa" | "new-password" | "done", "mfaUsed", "methods"?,
"ticket"?, "credentials"?}`; `methods` are the kinds of device that the person has: `totp`,
`passkey`. Options are `{"publicKey", "ticket"}`, for `PublicKeyCredential.parse…OptionsFromJSON` of
a browser; the `credential` is `toJSON()` of its answer. `passkey-register` answers `{"serial"}`.
`aws-login` lets that `aws login` in whose address has the query `request`: `{"redirect"}`.
An error is `{"error": {"code", "message", "cause"?}, "ticket"?}`; its ticket is for another try.

AWS has no such API: its page does the same steps in a browser.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from sekisho.lazy import dataclass
from sekisho.localaws.aws_login.authorization import (
    BadLoginRequest,
    LoginRequest,
    authorize_login,
)
from sekisho.localaws.console import registration, sign_in
from sekisho.localaws.console.errors import PageRefused, invalid_request
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.sealing import open_token
from sekisho.localaws.state.world import PAGE_SOURCE, VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.http_server import LOOPBACK
from sekisho.signin import CredentialKind

_LARGEST_BODY = 16_384
_Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Page:
    """The fields of a page, and the function that answers it.

    Attributes:
        needed: the fields that must be there.
        optional: the optional fields.
        objects: the fields that are JSON objects; the others are texts.
    """

    answer: Callable[[World, WSGIApplication, _Fields], dict[str, object]]
    needed: frozenset[str]
    optional: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()


_PAGES = {
    "/sign-in": _Page(
        lambda world, _, fields: sign_in.sign_in(world, fields),
        frozenset({"account", "user", "password"}),
    ),
    "/mfa": _Page(
        lambda world, _, fields: sign_in.give_code(world, fields),
        frozenset({"ticket", "code"}),
        frozenset({"serial"}),
    ),
    "/resync": _Page(sign_in.resync, frozenset({"ticket", "code1", "code2"})),
    "/mfa-passkey-options": _Page(
        lambda world, _, fields: sign_in.passkey_request(world, fields),
        frozenset({"ticket", "origin"}),
    ),
    "/mfa-passkey": _Page(
        lambda world, _, fields: sign_in.use_passkey(world, fields),
        frozenset({"ticket", "credential"}),
        objects=frozenset({"credential"}),
    ),
    "/new-password": _Page(
        sign_in.new_password, frozenset({"ticket", "oldPassword", "newPassword"})
    ),
    "/passkey-options": _Page(
        registration.passkey_options,
        frozenset({"credentials", "name", "origin"}),
        frozenset({"user"}),
        frozenset({"credentials"}),
    ),
    "/aws-login": _Page(
        lambda world, _, fields: let_in(world, fields),
        frozenset({"credentials", "request"}),
        objects=frozenset({"credentials"}),
    ),
    "/passkey-register": _Page(
        registration.register_passkey,
        frozenset({"credentials", "ticket", "credential"}),
        objects=frozenset({"credentials", "credential"}),
    ),
}


def signin_app(world: World, authorizer: WSGIApplication) -> WSGIApplication:
    """Return the sign-in API of `world` as a WSGI application in front of `authorizer`."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            # in a context of its own: a connection that has also called an API must not lend
            # that call's caller to the sessions that are minted here
            inside = Context()
            inside.run(PAGE_SOURCE.set, request.remote_addr or "")
            status, answer = HTTPStatus.OK, inside.run(_answer, world, authorizer, request)
        except PageRefused as refused:
            status, answer = refused.status, refused.answer()
        response = Response(json.dumps(answer), status, content_type="application/json")
        # an answer holds a ticket or credentials
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)

    return run


def _answer(world: World, authorizer: WSGIApplication, request: Request) -> dict[str, object]:
    page = _PAGES.get(request.path)
    if page is None:
        paths = ", ".join(f"`{path}`" for path in _PAGES)
        message = f"there is no `{request.path}` here, and no page for a browser: POST to {paths}"
        raise PageRefused("NotFound", message, HTTPStatus.NOT_FOUND)
    if request.method != "POST":
        raise PageRefused("MethodNotAllowed", "use POST", HTTPStatus.METHOD_NOT_ALLOWED)
    return page.answer(world, authorizer, _fields(page, _decode_json(_body(request))))


def _fields(page: _Page, given: Mapping[str, object]) -> _Fields:
    faults = [f"`{name}` is missing" for name in sorted(page.needed - given.keys())]
    unknown = given.keys() - page.needed - page.optional
    faults += [f"`{name}` is unknown" for name in sorted(unknown)]
    faults += [
        f"`{name}` is not {'an object' if name in page.objects else 'a text'}"
        for name, value in given.items()
        if not isinstance(value, dict if name in page.objects else str)
    ]
    if faults:
        raise invalid_request("; ".join(faults))
    return given


def _body(request: Request) -> bytes:
    request.max_content_length = _LARGEST_BODY
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        message = f"the body is longer than {_LARGEST_BODY} bytes"
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise PageRefused("RequestTooLarge", message, status) from None


def _decode_json(body: bytes) -> Mapping[str, object]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        # the cause would hold the body, and the body a password
        raise invalid_request("the body is not a JSON object") from None
    return given


def let_in(world: World, fields: Mapping[str, Any]) -> dict[str, object]:
    """Answer `aws-login`: the query of the address that `aws login` opens in a browser.

    Raises:
        PageRefused: if nobody is signed in, it is no such address, or policies do not allow it.
    """
    try:
        asked = LoginRequest.of(dict(parse_qsl(str(fields["request"]))))
    except BadLoginRequest as bad:
        raise invalid_request(str(bad)) from bad
    with world.lock:
        caller = _signed_in(world, fields["credentials"])
        try:
            code = authorize_login(world, caller, asked)
        except Refusal as refusal:
            status = HTTPStatus(refusal.status)
            raise PageRefused(refusal.code, refusal.message, status) from refusal
    return {"redirect": asked.redirect_address(code)}


def _signed_in(world: World, given: Mapping[str, Any]) -> VerifiedCaller:
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    key_id, secret, token = (str(given.get(name) or "") for name in names)
    try:
        claims = open_token(world, key_id, token)
    except (Refusal, ValueError) as refusal:
        raise _nobody() from refusal
    right = hmac.compare_digest(claims.secret.encode(), secret.encode("utf-8", "surrogatepass"))
    credential = moto_iam.current_credential(world, claims.credential)
    if not right or credential is None or credential.kind is not CredentialKind.CONSOLE_SESSION:
        raise _nobody()
    return VerifiedCaller(credential, key_id, (), LOOPBACK)


def _nobody() -> PageRefused:
    message = "`aws login` is let in by somebody who is signed in to the console."
    return PageRefused("NotSignedIn", message, HTTPStatus.FORBIDDEN)
