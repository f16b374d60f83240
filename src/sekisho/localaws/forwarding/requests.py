"""Forwarding a request to moto: rebuilt from verified parts, and limited to the decision.

The authorizer classifies the rebuilt request and moto answers it, so there is nothing else that
either could read: no second credential, no host that names a bucket or a region, no header in
place of a parameter, and a service that is chosen by the classification alone.

moto works out service, operation, region and parameters of a request a second time, by rules of
its own: a JSON body that holds `&Action=…` is enough to lead it elsewhere. So the authorizer says
what it let pass; region and account are set to that, and moto's dispatch is stopped if it has
another operation or another object in mind. Without a request of the authorizer, moto's classes
are as it made them.
"""

import io
import json
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, lru_cache, wraps
from typing import Any
from urllib.parse import quote, unquote
from wsgiref.types import WSGIEnvironment

from moto.core import responses
from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.kms import exceptions as kms
from moto.s3.responses import S3Response
from moto.utilities.utils import get_partition

from sekisho.lazy import dataclass
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.forwarding.dispatch import FORM_DIALECTS
from sekisho.localaws.wire.ambiguity import CHECKSUM_HEADERS, AmbiguousRequest, copy_source
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.sigv4 import ALGORITHM, SignatureClaims
from sekisho.localaws.wire.streaming import Payload


@dataclass(frozen=True, slots=True)
class ForwardedCall:
    """The call that the authorizer allowed."""

    call: ApiCall
    account: str


FORWARDED: ContextVar[ForwardedCall | None] = ContextVar("FORWARDED", default=None)
"""The call that moto is answering."""

PENDING: ContextVar[ForwardedCall | None] = ContextVar("PENDING", default=None)
"""The same, until moto has begun the operation: calls that moto makes then are its own."""

_MARK = "_sekisho_checked"
_SHARED = {"es": "opensearch"}
"""Services that moto answers with another service's class."""


def install_checks() -> None:
    """Install the check in moto's dispatch; repeated calls have no effect."""
    if hasattr(BaseResponse.call_action, _MARK):
        return
    call_action = _call_action(BaseResponse.call_action)
    setattr(call_action, _MARK, True)
    BaseResponse.call_action = call_action  # type: ignore[method-assign,assignment]  # on purpose
    BaseResponse.setup_class = _setup(BaseResponse.setup_class)  # type: ignore[method-assign]  # as above
    S3Response.setup_class = _setup_s3(_setup(S3Response.setup_class))  # type: ignore[method-assign]  # as above
    responses.parse_qsl = _no_json(responses.parse_qsl)  # type: ignore[attr-defined]  # as above
    denied: Any = kms.AccessDeniedException
    denied.__init__ = _with_message(denied.__init__)
    # moto looks through a class for every request, which is a tenth of what one costs; the overlay
    # replaces methods, and none comes or goes after that
    responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]  # as above
    underscored = lru_cache(maxsize=4096)(responses.camelcase_to_underscores)  # type: ignore[attr-defined]  # as above
    responses.camelcase_to_underscores = underscored  # type: ignore[attr-defined]  # as above


def _call_action(
    original: Callable[[BaseResponse], TYPE_RESPONSE],
) -> Callable[[BaseResponse], TYPE_RESPONSE]:
    @wraps(original)
    def call_action(self: BaseResponse) -> TYPE_RESPONSE:
        pending = PENDING.get()
        PENDING.set(None)
        if pending is not None:
            service = pending.call.service
            same = self.boto3_service_name in {service, _SHARED.get(service)}
            if not same or self._get_action() != _operation_name_in_moto(pending.call):
                raise _two_ways()
        return original(self)

    return call_action


def _operation_name_in_moto(call: ApiCall) -> str:
    if call.service != "xray":
        return call.operation
    # its operations have a path each, by which moto calls them
    operation = get_service_model("xray").operation_model(call.operation)
    return str(operation.http["requestUri"]).lstrip("/")


def _setup(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def setup_class(self: BaseResponse, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if (given := FORWARDED.get()) is not None:
            # moto would take a region out of any text in the address
            self.region, self.partition = given.call.region, get_partition(given.call.region)
            self.current_account = given.account

    return setup_class


def _setup_s3(original: Callable[..., None]) -> Callable[..., None]:
    """Limit S3's own dispatch to the decided bucket and key."""

    @wraps(original)
    def setup_class(self: S3Response, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        pending = PENDING.get()
        PENDING.set(None)
        if pending is None:
            return
        call, key = pending.call, pending.call.params.get("Key")
        if call.service != "s3" or (self.bucket_name or "") != call.params.get("Bucket", ""):
            raise _two_ways()
        if key is not None and self.parse_key_name() != key:
            raise _two_ways()

    return setup_class


def _no_json(original: Callable[..., list[tuple[str, str]]]) -> Callable[..., Any]:
    """Keep moto from reading parameters in a body that is not a form."""

    @wraps(original)
    def parse_qsl(text: Any, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        given = FORWARDED.get()
        if given is not None and given.call.protocol.dialect not in FORM_DIALECTS:
            # not empty: moto would look into the headers next
            return [("", "")]
        return original(text, *args, **kwargs)

    return parse_qsl


def _with_message(original: Callable[..., None]) -> Callable[..., None]:
    """Add the reason why KMS cannot decrypt a ciphertext, which moto has and omits."""

    @wraps(original)
    def init(self: Any, message: str) -> None:
        original(self, message)
        if FORWARDED.get() is not None:
            self.description = json.dumps({"__type": self.error_type, "message": message})

    return init


def _two_ways() -> Refusal:
    return Refusal("InvalidRequest", "The request can be read in two ways.", 400)


_HEADERS = frozenset(
    f"HTTP_{name}"
    for name in (
        "ACCEPT",
        "CACHE_CONTROL",
        "CONTENT_DISPOSITION",
        "CONTENT_ENCODING",
        "CONTENT_LANGUAGE",
        "CONTENT_MD5",
        "EXPIRES",
        "IF_MATCH",
        "IF_MODIFIED_SINCE",
        "IF_NONE_MATCH",
        "IF_UNMODIFIED_SINCE",
        "RANGE",
    )
)
"""The headers that an API reads, besides AWS's own, all of which are signed. moto reads a header as
a parameter if a request has no other, so the rest is removed."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PATH = "/%-_.~:@!$&'()*+,="
_BYPASS = "HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION"


def canonical_request(
    environ: WSGIEnvironment, body: bytes, signed: SignatureClaims, account: str
) -> WSGIEnvironment:
    """Return the request that is classified and, if allowed, answered.

    Raises:
        AmbiguousRequest: if the source of a copy is not what it must be.
    """
    made = {
        name: value
        for name, value in environ.items()
        if not name.startswith("HTTP_") or name.startswith("HTTP_X_AMZ") or name in _HEADERS
    }
    for name in ("werkzeug.request", "wsgi.input_terminated", "HTTP_X_AMZN_TRACE_ID"):
        # clients leave the trace unsigned, and no service reads it
        made.pop(name, None)
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        made["HTTP_X_AMZ_COPY_SOURCE"] = copy_source(source).header
    if environ.get(_BYPASS, "").lower() != "true":
        # moto goes by whether the header is there
        made.pop(_BYPASS, None)
    # a raw `;` or `#` would end the path for some of moto's readers and not for others
    path, query = quote(Request(environ).raw_path, safe=_PATH), environ.get("QUERY_STRING", "")
    made |= {
        "RAW_URI": f"{path}?{query}" if query else path,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
        "HTTP_USER_AGENT": "sekisho",
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "HTTP_AUTHORIZATION": (
            f"{ALGORITHM} Credential={signed.access_key_id}/{signed.day}/{signed.region}/"
            f"{signed.service}/aws4_request, SignedHeaders=host, Signature=0"
        ),
    }
    if signed.service != "s3":
        # moto would read an unpacked body where the authorizer read the packed one
        made.pop("HTTP_CONTENT_ENCODING", None)
    elif str(made.get("CONTENT_TYPE", "")).lower().startswith(_FORMS):
        # an object's bytes are no form, and moto would take a form's fields for parameters
        made["CONTENT_TYPE"] = "application/octet-stream"
    return made | {"wsgi.input": io.BytesIO(body)}


def move_checksums_to_headers(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Return a request with checksum headers moved from its address to the headers.

    The SDK for JavaScript puts them into addresses that it signs.

    Raises:
        AmbiguousRequest: if one is there as well.
    """
    kept, made = [], {**environ}
    for part in environ.get("QUERY_STRING", "").split("&"):
        if (found := CHECKSUM_HEADERS.fullmatch(part)) is None:
            kept.append(part)
            continue
        name = f"HTTP_X_AMZ_{found[1].upper().replace('-', '_')}"
        if name in environ:
            raise AmbiguousRequest("a checksum is in the address and in a header")
        made[name] = unquote(found[2])
    return made | {"QUERY_STRING": "&".join(kept)}


def unchunked_request(environ: WSGIEnvironment, payload: Payload) -> WSGIEnvironment:
    """Return a chunked upload as the equivalent plain one."""
    made = {name: value for name, value in environ.items() if name not in _FRAME}
    encodings = [one.strip() for one in str(environ.get("HTTP_CONTENT_ENCODING", "")).split(",")]
    made["HTTP_CONTENT_ENCODING"] = ",".join(one for one in encodings if one != "aws-chunked")
    if not made["HTTP_CONTENT_ENCODING"]:
        del made["HTTP_CONTENT_ENCODING"]
    made |= {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in payload.headers.items()
    }
    return made | {"HTTP_X_AMZ_CONTENT_SHA256": "UNSIGNED-PAYLOAD"}


_FRAME = frozenset({"HTTP_X_AMZ_DECODED_CONTENT_LENGTH", "HTTP_X_AMZ_TRAILER"})
