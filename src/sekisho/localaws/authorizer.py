"""The authorizer: nothing reaches moto that was not verified, identified, classified and allowed.

One WSGI application in front of moto, and the only way to it. Whatever it does not understand, it
refuses; every refusal is written in the protocol of the request.
"""

import hmac
import io
import logging
import uuid
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, Request, environ_key_for_header
from moto.utilities.utils import get_partition

from sekisho.errors import InternalError, install_command
from sekisho.localaws.aws_login import signin_service
from sekisho.localaws.decision.authorize import authorize_call
from sekisho.localaws.decision.classify import (
    OWN_SERVICES,
    ApiCall,
    classify,
    is_served,
    protocol_of,
)
from sekisho.localaws.decision.request_tags import check_tags
from sekisho.localaws.decision.s3_rules import install_bucket_defaults
from sekisho.localaws.decision.service_checks import (
    check_place,
    check_region,
    refuse_resource_policy,
)
from sekisho.localaws.decision.service_refusals import refuse_by_service
from sekisho.localaws.forwarding.confinement import (
    confine,
    install_confinement,
    refuse_outside_service,
)
from sekisho.localaws.forwarding.dispatch import answer
from sekisho.localaws.forwarding.requests import (
    FORWARDED,
    PENDING,
    ForwardedCall,
    canonical_request,
    install_checks,
    move_checksums_to_headers,
    unchunked_request,
)
from sekisho.localaws.forwarding.serializers import install_serializers
from sekisho.localaws.overlay.checks import check_sts
from sekisho.localaws.state.identity import Identity, accept_code, identify, record_use
from sekisho.localaws.state.world import CALLER, WORLD, VerifiedCaller, World
from sekisho.localaws.wire import sigv4
from sekisho.localaws.wire.ambiguity import AmbiguousRequest, check_headers, check_line
from sekisho.localaws.wire.errors import (
    CommonError,
    Dialect,
    Refusal,
    WireProtocol,
    common_refusal,
    write_refusal,
)
from sekisho.localaws.wire.form_upload import is_form_upload, read_form
from sekisho.localaws.wire.http_requests import HEADER_NAMES, MAX_BODY_BYTES
from sekisho.localaws.wire.streaming import check_declared, unpack
from sekisho.signin import Refused, service_rule

_LOGGER = logging.getLogger("sekisho.localaws")
_OBJECTS = frozenset({"PutObject", "UploadPart"})
"""Operations whose checksums are of the body itself."""

_WITH_CODE = frozenset({"GetSessionToken", "AssumeRole"})
_OWN_PAGES = ("/moto-api", "/latest/", "/favicon.ico")
"""Paths that moto answers itself, without any account: reset, seed, metadata."""

_MISMATCHES = {
    sigv4.Mismatch.INCOMPLETE: CommonError.INCOMPLETE_SIGNATURE,
    sigv4.Mismatch.WRONG: CommonError.BAD_SIGNATURE,
    sigv4.Mismatch.OUT_OF_TIME: CommonError.OUT_OF_TIME,
    sigv4.Mismatch.DIGEST: CommonError.BAD_DIGEST,
    sigv4.Mismatch.UNSUPPORTED: CommonError.UNSUPPORTED_SIGNATURE,
    sigv4.Mismatch.CHECKSUM: CommonError.BAD_CHECKSUM,
    sigv4.Mismatch.FRAMING: CommonError.MALFORMED,
}

_Response = tuple[Iterable[bytes], str, list[tuple[str, str]]]


@dataclass(slots=True)
class _Exchange:
    """One request on its way through the authorizer.

    Attributes:
        environ: the request as it came, or rewritten.
        protocol: how a refusal is written: a guess, until the call is classified.
        request: the same request, as moto's parsers read it.
        body: its body, once it has been read.
    """

    environ: WSGIEnvironment
    protocol: WireProtocol
    request: Request
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> "_Exchange":
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = environ.get(HEADER_NAMES, {})
        return cls(
            environ, WireProtocol(head=environ["REQUEST_METHOD"] == "HEAD"), Request(environ)
        )

    def refusal(self, error: CommonError, message: str = "") -> Refusal:
        return common_refusal(error, self.protocol.dialect, message)


class Authorizer:
    """The authorizer of one world, as a WSGI application."""

    def __init__(self, world: World) -> None:
        install_checks()
        install_confinement()
        install_serializers()
        install_bucket_defaults()
        self._world = world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        exchange = _Exchange.of(environ)
        try:
            body, status, headers = self._serve(exchange)
        except sigv4.SignatureFault as error:
            wrong = exchange.refusal(_MISMATCHES[error.mismatch], error.message)
            body, status, headers = _refusal_response(wrong, exchange.protocol)
        except AmbiguousRequest as error:
            odd = exchange.refusal(CommonError.MALFORMED, str(error))
            body, status, headers = _refusal_response(odd, exchange.protocol)
        except Refusal as refusal:
            body, status, headers = _refusal_response(refusal, exchange.protocol)
        except (NotImplementedError, ImportError) as error:
            # moto lacks it, or needs packages for it that the extra does not bring: to name them
            # would lead people to an AWS that nobody has tried
            lacks = error if isinstance(error, NotImplementedError) else _not_brought()
            missing = exchange.refusal(CommonError.NOT_IMPLEMENTED, f"the local AWS: {lacks}")
            body, status, headers = _refusal_response(missing, exchange.protocol)
        except Exception as error:
            # the one boundary of this server: a fault of ours or moto's is an InternalFailure to
            # clients. The log names its place without its text or trace, which may hold secrets.
            where = InternalError.of(error)
            _LOGGER.error("a fault of the local AWS: %s", where)  # noqa: TRY400 - as above
            fault = exchange.refusal(CommonError.INTERNAL, f"the local AWS: {where}")
            body, status, headers = _refusal_response(fault, exchange.protocol)
        start_response(status, inert(headers))
        return body

    def _serve(self, exchange: _Exchange) -> _Response:
        exchange.protocol = _guess_protocol(exchange.request)
        if exchange.request.path.startswith(_OWN_PAGES):
            raise exchange.refusal(
                CommonError.ACCESS_DENIED, "the local AWS does not serve this path"
            )
        check_headers(exchange.environ, s3=exchange.protocol.dialect is Dialect.S3)
        http = _http(exchange)
        check_line(http.path, http.query, s3=exchange.protocol.dialect is Dialect.S3)
        signed = sigv4.parse(http)
        if signed is None and is_form_upload(http.method, exchange.environ):
            return self._serve_form(exchange)
        if signed is None:
            raise exchange.refusal(CommonError.MISSING_AUTHENTICATION)
        return self._serve_signed(exchange, http, signed)

    def _serve_signed(
        self, exchange: _Exchange, http: sigv4.Http, signed: sigv4.SignatureClaims
    ) -> _Response:
        """Verify and read a signed request without the lock; then decide and answer."""
        secret = self._secret(exchange, signed)
        _read_body(exchange)
        http = replace(http, body=exchange.body)
        sigv4.verify(http, signed, secret, self._world.clock.wall())
        self._check_scope(exchange, signed)
        payload = unpack(http, signed, secret)
        if payload is not None:
            exchange.environ, exchange.body = (
                unchunked_request(exchange.environ, payload),
                payload.body,
            )
        if "x-amz-" in http.query and signed.service == "s3":
            exchange.environ = move_checksums_to_headers(exchange.environ)
            http = _http(exchange)
        return self._classify_and_decide(exchange, http, signed, secret)

    def _serve_form(self, exchange: _Exchange) -> _Response:
        """Do the same as `_serve_signed` for an upload by a form, which has its key in the body."""
        exchange.protocol = WireProtocol(Dialect.S3)
        _read_body(exchange)
        form = read_form(exchange.environ, exchange.body)
        signed = form.claims
        secret = self._secret(exchange, signed)
        form.verify(signed, secret, self._world.clock.wall())
        self._check_scope(exchange, signed)
        exchange.environ, exchange.body = form.as_put(exchange.environ), form.body
        exchange.request = Request(exchange.environ)
        http = _http(exchange)
        check_line(http.path, http.query, s3=True)
        return form.answer(*self._classify_and_decide(exchange, http, signed, secret))

    def _secret(self, exchange: _Exchange, signed: sigv4.SignatureClaims) -> str:
        """Return the secret that belongs to the request's key.

        A key is two look-ups, which need no lock; a session is looked for among all users. The
        caller is identified once more, under the lock, before anything is decided.
        """
        with self._world.lock if signed.token is not None else nullcontext():
            return identify(self._world, signed, exchange.protocol.dialect).secret

    def _check_scope(self, exchange: _Exchange, signed: sigv4.SignatureClaims) -> None:
        if get_partition(signed.region) != self._world.partition:
            # a key is good in its own partition only
            raise exchange.refusal(CommonError.UNKNOWN_KEY)
        check_region(signed.region, exchange.protocol.dialect)

    def _classify_and_decide(
        self, exchange: _Exchange, http: sigv4.Http, signed: sigv4.SignatureClaims, secret: str
    ) -> _Response:
        """Rebuild and classify the request; then decide and answer, under the lock."""
        world, dialect = self._world, exchange.protocol.dialect
        # the decision is about exactly the request that moto gets
        exchange.request = Request(
            canonical_request(exchange.environ, exchange.body, signed, world.account)
        )
        exchange.request.__dict__["_cached_data"] = exchange.body
        call = classify(exchange.request, signed.service, signed.region)
        exchange.protocol = call.protocol
        if call.operation in _OBJECTS:
            check_declared(http, exchange.body)
        with world.lock:
            identity = identify(world, signed, dialect)
            if not hmac.compare_digest(identity.secret, secret):
                # the key now belongs to another user
                raise exchange.refusal(CommonError.UNKNOWN_KEY)
            return self._decide_and_answer(exchange, identity, signed, call)

    def _decide_and_answer(
        self,
        exchange: _Exchange,
        identity: Identity,
        signed: sigv4.SignatureClaims,
        call: ApiCall,
    ) -> _Response:
        """Return moto's answer to a call that passes all checks, in AWS's order of checks.

        Raises:
            Refusal: of the first check that it does not pass.
        """
        address = str(exchange.environ.get("REMOTE_ADDR") or "127.0.0.1")
        caller = VerifiedCaller(
            identity.credential,
            signed.access_key_id,
            identity.session_policies,
            address,
            identity.source,
        )
        try:
            if call.service == "sts":
                check_sts(call.operation, call.params, self._world.partition)
            check_place(self._world, call)
            caller = _check_mfa_code(self._world, caller, call)
            needed = authorize_call(self._world, caller, call)
            if not is_served(call.service, call.operation):
                raise exchange.refusal(
                    CommonError.NOT_IMPLEMENTED,
                    f"the local AWS does not serve {call.service}:{call.operation}; "
                    "the policies allow it",
                )
            check_tags(call)
            refuse_resource_policy(call)
            refuse_by_service(self._world, call, needed)
            refuse_outside_service(call)
            if call.service in OWN_SERVICES:
                return signin_service.answer(self._world, caller, call)
            return self._forward(exchange.request, caller, call)
        finally:
            # after the call: moto records its own time, and no refused calls
            record_use(self._world, identity.credential, signed)

    def _forward(self, request: Request, caller: VerifiedCaller, call: ApiCall) -> _Response:
        """Have moto answer, for the account and in the caller's name."""
        forwarded = ForwardedCall(call, self._world.account)
        reset = CALLER.set(caller), WORLD.set(self._world)
        tokens = FORWARDED.set(forwarded), PENDING.set(forwarded)
        try:
            with confine(call):
                answered = answer(request, call)
            ignored = PENDING.get() is not None
        finally:
            PENDING.reset(tokens[1])
            FORWARDED.reset(tokens[0])
            WORLD.reset(reset[1])
            CALLER.reset(reset[0])
        if ignored:
            raise NotImplementedError(f"{call.service}:{call.operation} has not been implemented")
        return answered


_INERT = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""An object may be a page with scripts, and the sign-in is on the same origin: a browser that shows
an answer gives it an origin of its own and runs nothing."""


def inert(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of an answer that a browser does not treat as a page of this origin."""
    ours = {name.lower() for name in _INERT}
    return [*(pair for pair in headers if pair[0].lower() not in ours), *_INERT.items()]


def _not_brought() -> str:
    return f"what this call needs is not part of what `{install_command('local')}` installs"


def _refusal_response(refusal: Refusal, protocol: WireProtocol) -> _Response:
    answer = write_refusal(refusal, protocol, str(uuid.uuid4()))
    phrase = next((s.phrase for s in HTTPStatus if s.value == answer.status), "")
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    return [answer.body], f"{answer.status} {phrase}", headers


def _check_mfa_code(world: World, caller: VerifiedCaller, call: ApiCall) -> VerifiedCaller:
    """Return the caller, with the time of a valid MFA code if an STS call has one.

    The code is checked before any policy is evaluated.

    Raises:
        Refusal: if the code or the serial number is wrong.
    """
    if call.service != "sts" or call.operation not in _WITH_CODE:
        return caller
    if isinstance(
        service_rule(caller.credential, call.actions[0], world.signin_assumptions), Refused
    ):
        # the call will be refused anyway; its code must not be used up
        return caller
    serial, code = (str(call.params.get(name) or "") for name in ("SerialNumber", "TokenCode"))
    if not serial and not code:
        return caller
    at = accept_code(world, caller.credential.holder, serial, code, caller.source)
    return replace(caller, mfa_at=at)


def _guess_protocol(request: Request) -> WireProtocol:
    """Return the protocol that a request appears to use, before its signature is read."""
    service = _claimed_service(request)
    if service:
        return protocol_of(request, service)
    head = request.method == "HEAD"
    if "X-Amz-Target" in request.headers:
        return WireProtocol(Dialect.JSON, head=head)
    # an unsigned request that is no form can only be meant for S3
    is_form = request.method == "POST" or "Action" in request.args
    return WireProtocol(Dialect.QUERY if is_form else Dialect.S3, head=head)


def _claimed_service(request: Request) -> str:
    """Return the service in the credential scope; "" if it cannot be read."""
    _, named, scope = request.headers.get("Authorization", "").partition("Credential=")
    if not named:
        _, _, scope = request.query_string.decode("latin-1").partition("X-Amz-Credential=")
        scope = unquote(scope.partition("&")[0])
    parts = scope.partition(",")[0].split("/", _SCOPE_PARTS)
    return parts[_SERVICE] if len(parts) > _SERVICE + 1 else ""


_SCOPE_PARTS, _SERVICE = 5, 3


def _read_body(exchange: _Exchange) -> None:
    """Read the body into memory, unless it is too long."""
    environ = exchange.environ
    length = environ.get("CONTENT_LENGTH") or ""
    if length and not (length.isascii() and length.isdigit()):
        raise exchange.refusal(CommonError.MALFORMED, "Content-Length is not a number")
    too_long = f"the body is longer than {MAX_BODY_BYTES} bytes, the most that the local AWS takes"
    if length and (len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES):
        raise exchange.refusal(CommonError.TOO_LARGE, too_long)
    if length:
        exchange.body = environ["wsgi.input"].read(int(length))
        if len(exchange.body) < int(length):
            raise exchange.refusal(CommonError.MALFORMED, "the body ends before its Content-Length")
    elif environ.get("wsgi.input_terminated"):
        exchange.body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
        if len(exchange.body) > MAX_BODY_BYTES:
            raise exchange.refusal(CommonError.TOO_LARGE, too_long)
    # the parsers consume their input: they get a copy
    copy = {**environ, "wsgi.input": io.BytesIO(exchange.body)}
    copy["CONTENT_LENGTH"] = str(len(exchange.body))
    exchange.request = Request(copy)


def _http(exchange: _Exchange) -> sigv4.Http:
    environ = exchange.environ
    preserved: dict[str, str] = environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY) or {}
    keys = [key for key in environ if key.startswith("HTTP_")]
    names = {preserved.get(key, key[5:].replace("_", "-")).lower() for key in keys}
    return sigv4.Http(
        exchange.request.method,
        exchange.request.raw_path,
        environ.get("QUERY_STRING", ""),
        _header(environ),
        frozenset(names),
        exchange.body,
    )


def _header(environ: WSGIEnvironment) -> Callable[[str], str | None]:
    def header(name: str) -> str | None:
        value = environ.get(environ_key_for_header(name))
        # WSGI decodes header bytes as Latin-1
        return value.encode("latin-1").decode("utf-8", "surrogateescape") if value else value

    return header
