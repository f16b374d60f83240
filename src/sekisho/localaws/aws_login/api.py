"""The addresses of `aws login`, unsigned as at AWS, and the tokens that they give.

    GET   /v1/authorize              leads the browser to the sign-in at the rehearsal console
    POST  /v1/token                  {clientId, grantType, …} and a DPoP proof: tokens
    GET   /v1/sessions/confirmation  the page at the end of `aws login --remote`: the code to copy

An error of `/v1/token` is an exception of the service's model: `{"error", "message"}`.

A refresh token is bound to the key whose proof came with the code, is good once, and is asked about
again by the person's policies each time (`signin:CreateOAuth2Token`). What AWS does with a refresh
token that was used before is not documented: here it is refused like one that has expired.

Source: botocore's model of `signin`, CreateOAuth2Token; RFC 9449 section 5; the AWS CLI's own
`aws login`, as it asks; docs/signin.md#sessions-of-aws-login.
"""

import base64
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from markupsafe import Markup
from moto.iam.models import User
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from sekisho.lazy import dataclass
from sekisho.localaws.aws_login.authorization import (
    CONFIRMATION,
    BadLoginRequest,
    LoginRequest,
    digest,
    remote_login_code,
    verifier_matches,
)
from sekisho.localaws.aws_login.dpop import DpopProof, ProofFault, check_proof, good_until
from sekisho.localaws.decision.authorize import authorize_signin_step
from sekisho.localaws.state.moto_iam import iam_of
from sekisho.localaws.state.sealing import mint
from sekisho.localaws.state.world import LoginSessionState, VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.http_server import LOOPBACK
from sekisho.messages import Language, Message
from sekisho.signin import (
    CREATE_TOKEN,
    LOGIN_ACCESS,
    LOGIN_SESSION,
    Credential,
    LoginClient,
    login_session,
    sign_in_arn,
)

TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - an error code
USER_CREDENTIALS_CHANGED = "USER_CREDENTIALS_CHANGED"
INSUFFICIENT_PERMISSIONS = "INSUFFICIENT_PERMISSIONS"
AUTHCODE_EXPIRED = "AUTHCODE_EXPIRED"
_LARGEST_BODY = 32_768
LOGIN_PATH = "/v1/"
"""The prefix of all its paths."""
_AUTHORIZE, _TOKEN = f"{LOGIN_PATH}authorize", f"{LOGIN_PATH}token"
_METHODS: Mapping[str, str] = {_AUTHORIZE: "GET", _TOKEN: "POST", CONFIRMATION: "GET"}
_TITLE = Message("Sign in for the AWS CLI (local AWS)")
_COPY = Message("Copy this code to the AWS CLI that asks for it. Give it to nobody else.")
_CANNOT = Message("This address was not made by `aws login`: {reason}")
_NO_CONSOLE = Message(
    "The rehearsal console is where you sign in. Start the local AWS with `--console`, and then "
    "`aws login` again."
)
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}"
    "code{overflow-wrap:anywhere}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


class TokenRefused(Exception):
    """No token is given.

    Attributes:
        kind: the exception of the service's model.
        error: the code that clients look at.
        message: the reason; never a secret.
    """

    def __init__(
        self, error: str, message: str, kind: str = "AccessDeniedException", status: int = 400
    ) -> None:
        super().__init__(f"{error}: {message}")
        self.kind = kind
        self.error = error
        self.message = message
        self.status = status


def invalid_token_request(message: str) -> TokenRefused:
    """Return the refusal of a malformed request for tokens."""
    return TokenRefused("INVALID_REQUEST", message, "ValidationException")


@dataclass(frozen=True, slots=True)
class TokenCall:
    """A call for tokens.

    Attributes:
        fields: the fields of the body; they contain secrets.
        proof: the proof in the DPoP header.
        agent: the client's `User-Agent`.
    """

    fields: Mapping[str, Any]
    proof: DpopProof
    agent: str = ""

    def text(self, name: str) -> str:
        """Return a field that must be a text.

        Raises:
            TokenRefused: if it is missing.
        """
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_token_request(f"`{name}` is missing")
        return value


def tokens(world: World, call: TokenCall) -> dict[str, object]:
    """Answer a call for tokens.

    Args:
        world: the state of the local AWS; its lock is held.
        call: the call.

    Raises:
        TokenRefused: if there are none to be had.
    """
    _spend(world, call.proof)
    client = next((each for each in LoginClient if each.id == call.text("clientId")), None)
    if client is None:
        raise invalid_token_request("`clientId` is none of the two of `aws login`")
    match call.text("grantType"):
        case "authorization_code":
            session, ident = _begin_session(world, call, client)
            return _issue_tokens(world, session) | {"idToken": ident}
        case "refresh_token":
            return _issue_tokens(world, _renew_session(world, call, client))
        case _:
            raise TokenRefused(
                "unsupported_grant_type", "`grantType` is not known", "ValidationException"
            )


def _spend(world: World, proof: DpopProof) -> None:
    now, known = world.clock.wall(), f"dpop {proof.thumbprint} {proof.identifier}"
    world.proofs = {each: ends for each, ends in world.proofs.items() if ends > now}
    if known in world.proofs:
        raise invalid_token_request("the proof was used before")
    world.proofs[known] = good_until(now)


def _begin_session(
    world: World, call: TokenCall, client: LoginClient
) -> tuple[LoginSessionState, str]:
    """Return the session that a code begins, and the identity token of its user."""
    code = world.login_codes.pop(digest(call.text("code")), None)
    now = world.clock.now()
    if code is None or code.expires_at <= now:
        raise TokenRefused(AUTHCODE_EXPIRED, "The authorization code has expired.")
    right = (code.client, code.redirect_uri) == (client.value, call.text("redirectUri"))
    if not right or not verifier_matches(code.challenge, call.text("codeVerifier")):
        raise invalid_token_request("the code was given to another client")
    arn = sign_in_arn(code.console, world.region, str(uuid.UUID(bytes=world.entropy(16))))
    session = LoginSessionState(
        arn=arn,
        console=code.console,
        client=client.value,
        key=call.proof.thumbprint,
        begun_at=now,
        ends_at=min(now + LOGIN_SESSION, code.console.expires_at or now + LOGIN_SESSION),
        region=world.region,
        agent=call.agent[:_LONGEST_AGENT],
    )
    _check(world, session, "authorization_code")
    world.login_sessions[arn] = session
    return session, _identity(world, session, now)


_LONGEST_AGENT = 256


def _renew_session(world: World, call: TokenCall, client: LoginClient) -> LoginSessionState:
    kept = digest(call.text("refreshToken"))
    sessions = (
        each
        for each in world.login_sessions.values()
        if each.refresh and hmac.compare_digest(each.refresh, kept)
    )
    session = next(sessions, None)
    now = world.clock.now()
    if session is None or session.revoked or session.ends_at <= now:
        raise TokenRefused(TOKEN_EXPIRED, "The session has expired. Please sign in again.")
    if session.key != call.proof.thumbprint or session.client != client.value:
        raise invalid_token_request("the refresh token is bound to another key")
    _check(world, session, "refresh_token")
    session.used_at = now
    return session


def _check(world: World, session: LoginSessionState, grant: str) -> None:
    """Ask the user's current policies.

    Raises:
        TokenRefused: if they do not allow it, or the password is another one.
    """
    if _are_credentials_changed(world, session):
        message = "The user's credentials have changed. Please sign in again."
        raise TokenRefused(USER_CREDENTIALS_CHANGED, message)
    client = LoginClient(session.client)
    resource = client.resource(world.partition, session.region, world.account)
    context = {"signin:OAuthClientId": client.id, "signin:OAuthGrantType": grant}
    try:
        authorize_signin_step(
            world,
            VerifiedCaller(session.console, "", (), LOOPBACK),
            CREATE_TOKEN,
            resource,
            context,
        )
    except Refusal as refusal:
        raise TokenRefused(INSUFFICIENT_PERMISSIONS, refusal.message) from refusal


def _are_credentials_changed(world: World, session: LoginSessionState) -> bool:
    """Return whether the user or the password has changed since the sign-in.

    The code is AWS's; when it gives it is not documented.
    """
    holder = session.console.holder
    user: User | None = iam_of(world).users.get(holder.name)
    password, issued = world.passwords.get(holder.name), session.console.issued_at
    if user is None or user.id != holder.unique_id or password is None or issued is None:
        return True
    return password.changed_at > issued


def _issue_tokens(world: World, session: LoginSessionState) -> dict[str, object]:
    now = world.clock.now()
    until = min(now + LOGIN_ACCESS, session.ends_at)
    credential = _credential(session, now, until)
    # nobody is calling: the session is not asked for by a key whose end it would share
    issued = mint(world, credential)
    refresh = f"ASOR{secrets.token_urlsafe(48)}"
    session.refresh = digest(refresh)
    return {
        "accessToken": {
            "accessKeyId": issued.access_key_id,
            "secretAccessKey": issued.secret_access_key,
            "sessionToken": issued.session_token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": max(1, int((until - now).total_seconds())),
        "refreshToken": refresh,
    }


def _credential(session: LoginSessionState, now: datetime, until: datetime) -> Credential:
    made = login_session(session.console, session.arn, now)
    return made if made.expires_at == until else replace(made, expires_at=until)


def _identity(world: World, session: LoginSessionState, now: datetime) -> str:
    """Return a JWT that identifies the session's user; clients read its `sub` without checks."""
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {
        "sub": session.console.arn,
        "iss": "sekisho",
        "aud": LoginClient(session.client).id,
        "iat": int(now.timestamp()),
        "exp": int(session.ends_at.timestamp()),
    }
    signed = ".".join(_part(json.dumps(each).encode()) for each in (head, claims))
    return f"{signed}.{_part(hmac.digest(world.master, b'id token' + signed.encode(), 'sha256'))}"


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def is_login(environ: WSGIEnvironment) -> bool:
    """Return whether a request is for `aws login`.

    A signed call to one of its paths is another operation of the service, or of another one.
    """
    method = _METHODS.get(environ.get("PATH_INFO", ""))
    return environ["REQUEST_METHOD"] == method and "HTTP_AUTHORIZATION" not in environ


def login_app(world: World) -> WSGIApplication:
    """Return the application that answers `aws login`."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        try:
            # in a context of its own, as the console's pages
            response = Context().run(_ANSWERS[request.path], world, request)
        except RequestEntityTooLarge:
            response = Response("the body is too long\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response(environ, start_response)

    return run


def _authorize(world: World, request: Request) -> Response:
    """Redirect the browser to the page on which the user signs in and authorizes the client."""
    query = request.query_string.decode("latin-1")
    try:
        LoginRequest.of(dict(parse_qsl(query)))
    except BadLoginRequest as bad:
        return _page(request, _CANNOT.filled(reason=str(bad)), status=HTTPStatus.BAD_REQUEST)
    if not world.console_site:
        return _page(request, _NO_CONSOLE, status=HTTPStatus.NOT_FOUND)
    response = Response(status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = f"{world.console_site}aws-login?{query}"
    return response


def _token(world: World, request: Request) -> Response:
    try:
        with world.lock:
            return _json(tokens(world, _call(world, request)))
    except TokenRefused as refused:
        response = _json({"error": refused.error, "message": refused.message}, refused.status)
        response.headers["x-amzn-errortype"] = refused.kind
        return response


def _call(world: World, request: Request) -> TokenCall:
    try:
        fields = json.loads(request.get_data())
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        # the cause would hold the body, and the body a refresh token
        raise invalid_token_request("the body is not a JSON object") from None
    given: Mapping[str, Any] = fields
    address = f"http://{request.host}{_TOKEN}"
    try:
        proof = check_proof(
            request.headers.get("DPoP", ""), request.method, address, world.clock.wall()
        )
    except ProofFault as fault:
        raise invalid_token_request(str(fault)) from fault
    return TokenCall(given, proof, request.headers.get("User-Agent", ""))


def _json(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _confirmation(world: World, request: Request) -> Response:  # noqa: ARG001 - one signature for all
    """Show the code of `aws login --remote` in the form that the CLI accepts."""
    code = remote_login_code(request.args.get("state", ""), request.args.get("code", ""))
    return _page(request, _COPY, more=Markup("<p><code>{}</code></p>").format(code))


def _page(
    request: Request, message: Message, *, more: Markup | str = "", status: int = HTTPStatus.OK
) -> Response:
    best = request.accept_languages.best_match([each.value for each in Language])
    language = Language(best) if best else Language.EN
    title = _TITLE.into(language)
    text = Markup(
        '<!DOCTYPE html><html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style></head><body><main><h1>{}</h1><p>{}</p>{}</main></body></html>"
    ).format(language.value, title, Markup(_STYLE), title, message.into(language), more)  # noqa: S704 - our own style
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


_ANSWERS: Mapping[str, Callable[[World, Request], Response]] = {
    _AUTHORIZE: _authorize,
    _TOKEN: _token,
    CONFIRMATION: _confirmation,
}
