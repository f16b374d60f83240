"""The pages and endpoints of `aws login`, unsigned as AWS's are.

    GET, POST /v1/authorize              a page for the person's browser: sign in, and be led back
    POST      /v1/token                  {clientId, grantType, …} and a DPoP proof: tokens
    GET       /v1/sessions/confirmation  the page at the end of `aws login --remote`

An error of `/v1/token` is an exception of the service's model: `{"error", "message"}`.

Source: botocore's model of `signin`; the AWS CLI's own `aws login`, as it asks.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from sekisho.localaws.aws_login.authorizing import CONFIRMATION
from sekisho.localaws.aws_login.dpop import ProofFault, check_proof
from sekisho.localaws.aws_login.page import confirmation, sign_in_page
from sekisho.localaws.aws_login.tokens import TokenCall, TokenRefused, invalid, tokens
from sekisho.localaws.world import PAGE_SOURCE, World

_LARGEST_BODY = 32_768
LOGIN_PATH = "/v1/"
"""What all its paths begin with."""

_AUTHORIZE, _TOKEN = f"{LOGIN_PATH}authorize", f"{LOGIN_PATH}token"
_PATHS: Mapping[str, tuple[str, ...]] = {
    _AUTHORIZE: ("GET", "POST"),
    _TOKEN: ("POST",),
    CONFIRMATION: ("GET",),
}


def is_login(environ: WSGIEnvironment) -> bool:
    """Tell whether a request is for `aws login`.

    A signed call to one of its paths is another operation of the service, or of another one.
    """
    methods = _PATHS.get(environ.get("PATH_INFO", ""), ())
    return environ["REQUEST_METHOD"] in methods and "HTTP_AUTHORIZATION" not in environ


def login_app(world: World, authorizer: WSGIApplication) -> WSGIApplication:
    """Return what answers `aws login`; `authorizer` answers the calls that its page makes."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        try:
            # in a context of its own, as the console's pages
            inside = Context()
            inside.run(PAGE_SOURCE.set, request.remote_addr or "")
            response = inside.run(_ANSWERS[request.path], world, authorizer, request)
        except RequestEntityTooLarge:
            response = Response("the body is too long\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        # not `no-referrer`: the form's `Origin` would be `null`
        response.headers["Referrer-Policy"] = "same-origin"
        return response(environ, start_response)

    return run


def _token(world: World, authorizer: WSGIApplication, request: Request) -> Response:  # noqa: ARG001 - one signature for all
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
        raise invalid("the body is not a JSON object") from None
    given: Mapping[str, Any] = fields
    address = f"http://{request.host}{_TOKEN}"
    try:
        proof = check_proof(
            request.headers.get("DPoP", ""), request.method, address, world.clock.wall()
        )
    except ProofFault as fault:
        raise invalid(str(fault)) from fault
    return TokenCall(given, proof, request.headers.get("User-Agent", ""))


def _confirmation(world: World, authorizer: WSGIApplication, request: Request) -> Response:  # noqa: ARG001 - as above
    return confirmation(request)


_ANSWERS: Mapping[str, Callable[[World, WSGIApplication, Request], Response]] = {
    _AUTHORIZE: sign_in_page,
    _TOKEN: _token,
    CONFIRMATION: _confirmation,
}


def _json(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
