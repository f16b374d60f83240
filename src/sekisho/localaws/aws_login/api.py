"""The addresses of `aws login`, unsigned as AWS's are.

    GET   /v1/authorize              leads the browser to the sign-in at the rehearsal console
    POST  /v1/token                  {clientId, grantType, …} and a DPoP proof: tokens
    GET   /v1/sessions/confirmation  the page at the end of `aws login --remote`: the code to copy

An error of `/v1/token` is an exception of the service's model: `{"error", "message"}`.

Source: botocore's model of `signin`; the AWS CLI's own `aws login`, as it asks.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from sekisho.localaws.aws_login.authorization import (
    CONFIRMATION,
    BadLoginRequest,
    LoginRequest,
    remote_login_code,
)
from sekisho.localaws.aws_login.dpop import ProofFault, check_proof
from sekisho.localaws.aws_login.tokens import TokenCall, TokenRefused, invalid_token_request, tokens
from sekisho.localaws.state.world import World
from sekisho.messages import Language, Message

_LARGEST_BODY = 32_768
LOGIN_PATH = "/v1/"
"""What all its paths begin with."""

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


def is_login(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is for `aws login`.

    A signed call to one of its paths is another operation of the service, or of another one.
    """
    method = _METHODS.get(environ.get("PATH_INFO", ""))
    return environ["REQUEST_METHOD"] == method and "HTTP_AUTHORIZATION" not in environ


def login_app(world: World) -> WSGIApplication:
    """Return what answers `aws login`."""

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
    """Lead the browser to the page where the person signs in and allows it."""
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
    """Show the code of `aws login --remote`, as the CLI takes it."""
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
