"""Errors on the wire: AWS's protocols, and the errors that every service shares.

The same fault has another code, status and text from one protocol to the next: an unknown access
key is `InvalidClientTokenId` to IAM, `UnrecognizedClientException` to DynamoDB,
`InvalidAccessKeyId` to S3 and `AuthFailure` to EC2.

Source: AWS, "Common error types"; the error pages of EC2 and S3; Smithy's protocol pages
(awsQuery, ec2Query, awsJson, restJson1, restXml).
"""

import json
from collections.abc import Mapping
from enum import Enum, StrEnum
from http import HTTPStatus
from xml.sax.saxutils import escape

from sekisho.lazy import dataclass


class Refusal(Exception):
    """An error for a client, in AWS's words.

    It may be raised anywhere between the authorizer and moto's methods; the authorizer writes it in
    the form of the request's protocol (`write_refusal`). It belongs to the wire, not to sekisho's
    own error tree: nothing in sekisho has gone wrong.

    Attributes:
        code: AWS's error code, like `NoSuchEntity`.
        message: AWS's message; never a secret.
        status: the HTTP status.
        region: where S3 has the bucket that was looked for elsewhere; empty for all else.
    """

    def __init__(self, code: str, message: str, status: int, region: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.region = region
        self.code = code
        self.message = message
        self.status = status


def throttling_error() -> Refusal:
    """Return a service's refusal after too many wrong attempts."""
    return Refusal("Throttling", "Rate exceeded", 400)


class Dialect(StrEnum):
    """The protocols, as far as their errors differ."""

    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class WireProtocol:
    """The protocol of a request, with what its errors need.

    Attributes:
        dialect: how codes, statuses and texts are written.
        json_version: `1.0` or `1.1`; only the JSON protocol has one.
        namespace: the XML namespace; "" for none.
        query_compatible: the service used to speak the query protocol, and clients still expect
            its error codes in a header of their own.
        head: the request was a HEAD, whose answer has no body.
    """

    dialect: Dialect = Dialect.QUERY
    json_version: str = "1.0"
    namespace: str = ""
    query_compatible: bool = False
    head: bool = False


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class CommonError(Enum):
    """The faults of a request that are found before any operation sees it."""

    MISSING_AUTHENTICATION = "missing authentication"
    INCOMPLETE_SIGNATURE = "incomplete signature"
    UNSUPPORTED_SIGNATURE = "unsupported signature"
    UNKNOWN_KEY = "unknown key"
    BAD_SIGNATURE = "bad signature"
    OUT_OF_TIME = "signature out of time"
    EXPIRED_TOKEN = "expired token"  # noqa: S105 - a kind of error, not a secret
    BAD_DIGEST = "body differs from its digest"
    BAD_CHECKSUM = "body differs from its checksum"
    TOO_LARGE = "body too large"
    MALFORMED = "malformed request"
    INVALID_VALUE = "invalid value"
    UNKNOWN_OPERATION = "unknown operation"
    NOT_IMPLEMENTED = "not implemented"
    ACCESS_DENIED = "access denied"
    INTERNAL = "internal failure"


_Row = Mapping[Dialect, tuple[str, int]]

_CODES: Mapping[CommonError, _Row] = {
    CommonError.MISSING_AUTHENTICATION: {
        Dialect.QUERY: ("MissingAuthenticationToken", 403),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("MissingAuthenticationTokenException", 400),
        Dialect.REST_JSON: ("MissingAuthenticationTokenException", 403),
        Dialect.S3: ("AccessDenied", 403),
    },
    CommonError.INCOMPLETE_SIGNATURE: {
        Dialect.QUERY: ("IncompleteSignature", 400),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("IncompleteSignatureException", 400),
        Dialect.REST_JSON: ("IncompleteSignatureException", 403),
        Dialect.S3: ("AuthorizationHeaderMalformed", 400),
    },
    CommonError.UNSUPPORTED_SIGNATURE: {
        Dialect.QUERY: ("IncompleteSignature", 400),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("IncompleteSignatureException", 400),
        Dialect.REST_JSON: ("IncompleteSignatureException", 403),
        Dialect.S3: ("InvalidRequest", 400),
    },
    CommonError.UNKNOWN_KEY: {
        Dialect.QUERY: ("InvalidClientTokenId", 403),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("UnrecognizedClientException", 400),
        Dialect.REST_JSON: ("UnrecognizedClientException", 403),
        Dialect.S3: ("InvalidAccessKeyId", 403),
    },
    CommonError.BAD_SIGNATURE: {
        Dialect.QUERY: ("SignatureDoesNotMatch", 403),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("InvalidSignatureException", 400),
        Dialect.REST_JSON: ("InvalidSignatureException", 403),
    },
    CommonError.OUT_OF_TIME: {
        Dialect.QUERY: ("SignatureDoesNotMatch", 403),
        Dialect.EC2: ("RequestExpired", 400),
        Dialect.JSON: ("InvalidSignatureException", 400),
        Dialect.REST_JSON: ("InvalidSignatureException", 403),
        Dialect.S3: ("RequestTimeTooSkewed", 403),
    },
    CommonError.EXPIRED_TOKEN: {
        Dialect.QUERY: ("ExpiredToken", 403),
        Dialect.EC2: ("RequestExpired", 400),
        Dialect.JSON: ("ExpiredTokenException", 400),
        Dialect.REST_JSON: ("ExpiredTokenException", 403),
        Dialect.S3: ("ExpiredToken", 400),
    },
    CommonError.BAD_DIGEST: {
        Dialect.QUERY: ("SignatureDoesNotMatch", 403),
        Dialect.EC2: ("AuthFailure", 401),
        Dialect.JSON: ("InvalidSignatureException", 400),
        Dialect.REST_JSON: ("InvalidSignatureException", 403),
        Dialect.S3: ("XAmzContentSHA256Mismatch", 400),
    },
    CommonError.BAD_CHECKSUM: {Dialect.QUERY: ("BadDigest", 400)},
    CommonError.TOO_LARGE: {
        Dialect.QUERY: ("RequestEntityTooLarge", 413),
        Dialect.S3: ("EntityTooLarge", 400),
    },
    CommonError.MALFORMED: {
        Dialect.QUERY: ("MalformedQueryString", 400),
        Dialect.EC2: ("InvalidRequest", 400),
        Dialect.JSON: ("SerializationException", 400),
        Dialect.REST_JSON: ("SerializationException", 400),
        Dialect.S3: ("InvalidRequest", 400),
    },
    CommonError.INVALID_VALUE: {
        Dialect.QUERY: ("ValidationError", 400),
        Dialect.EC2: ("InvalidParameterValue", 400),
        Dialect.JSON: ("ValidationException", 400),
        Dialect.REST_JSON: ("ValidationException", 400),
        Dialect.S3: ("MalformedXML", 400),
    },
    CommonError.UNKNOWN_OPERATION: {
        Dialect.QUERY: ("InvalidAction", 400),
        Dialect.JSON: ("UnknownOperationException", 400),
        Dialect.REST_JSON: ("UnknownOperationException", 404),
        Dialect.S3: ("MethodNotAllowed", 405),
    },
    CommonError.NOT_IMPLEMENTED: {Dialect.QUERY: ("NotImplemented", 501)},
    CommonError.ACCESS_DENIED: {
        Dialect.QUERY: ("AccessDenied", 403),
        Dialect.EC2: ("UnauthorizedOperation", 403),
        Dialect.JSON: ("AccessDeniedException", 400),
        Dialect.REST_JSON: ("AccessDeniedException", 403),
    },
    CommonError.INTERNAL: {
        Dialect.QUERY: ("InternalFailure", 500),
        Dialect.EC2: ("InternalError", 500),
        Dialect.S3: ("InternalError", 500),
    },
}
"""Code and status; a dialect that is not named has those of QUERY."""

_WRONG_KEYS = "AWS was not able to validate the provided access credentials"
_MISMATCH = "The request signature we calculated does not match the signature you provided. "

_TEXTS: Mapping[CommonError, Mapping[Dialect, str]] = {
    CommonError.MISSING_AUTHENTICATION: {
        Dialect.QUERY: "Request is missing Authentication Token",
        Dialect.EC2: _WRONG_KEYS,
        Dialect.S3: "Access Denied",
    },
    CommonError.UNKNOWN_KEY: {
        Dialect.QUERY: "The security token included in the request is invalid.",
        Dialect.EC2: _WRONG_KEYS,
        Dialect.S3: "The AWS Access Key Id you provided does not exist in our records.",
    },
    CommonError.BAD_SIGNATURE: {
        Dialect.QUERY: _MISMATCH + "Check your AWS Secret Access Key and signing method. "
        "Consult the service documentation for details.",
        Dialect.EC2: _WRONG_KEYS,
        Dialect.S3: _MISMATCH + "Check your key and signing method.",
    },
    CommonError.OUT_OF_TIME: {
        Dialect.EC2: "Request has expired.",
        Dialect.S3: "The difference between the request time and the current time is too large.",
    },
    CommonError.EXPIRED_TOKEN: {
        Dialect.QUERY: "The security token included in the request is expired",
        Dialect.EC2: "Request has expired.",
        Dialect.S3: "The provided token has expired.",
    },
    CommonError.BAD_DIGEST: {
        Dialect.QUERY: _MISMATCH + "The body is not the one whose digest was signed.",
        Dialect.EC2: _WRONG_KEYS,
        Dialect.S3: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    },
}
"""AWS's own texts. Where a dialect has none, the text given with the fault is used if there is
one, and that of QUERY otherwise."""


def common_refusal(error: CommonError, dialect: Dialect, message: str = "") -> Refusal:
    """Return the refusal that a service of `dialect` gives for `error`.

    `message` describes the fault exactly; where AWS's own text is fixed, it is not used.
    """
    codes, texts = _CODES[error], _TEXTS.get(error, {})
    code, status = codes.get(dialect, codes[Dialect.QUERY])
    text = (texts.get(dialect) if dialect is not Dialect.QUERY else None) or message
    return Refusal(code, text or texts.get(Dialect.QUERY, error.value), status)


def write_refusal(refusal: Refusal, protocol: WireProtocol, request_id: str) -> HttpAnswer:
    """Return `refusal` as the HTTP answer in the form for the service's clients."""
    as_json = protocol.dialect in {Dialect.JSON, Dialect.REST_JSON}
    answer = (_json if as_json else _xml)(refusal, protocol, request_id)
    if protocol.head:
        return HttpAnswer(answer.status, answer.headers, b"")
    return answer


def _json(refusal: Refusal, protocol: WireProtocol, request_id: str) -> HttpAnswer:
    headers = [
        (
            "Content-Type",
            f"application/x-amz-json-{protocol.json_version}"
            if protocol.dialect is Dialect.JSON
            else "application/json",
        ),
        ("X-Amzn-Errortype", refusal.code),
        ("x-amzn-RequestId", request_id),
    ]
    if protocol.query_compatible:
        fault = _at_fault(refusal)
        headers.append(("x-amzn-query-error", f"{refusal.code};{fault}"))
    body = {"__type": refusal.code, "message": refusal.message}
    if protocol.dialect is Dialect.JSON:
        # services of this protocol differ in the spelling, and clients read either
        body["Message"] = refusal.message
    return HttpAnswer(refusal.status, tuple(headers), json.dumps(body).encode())


def _xml(refusal: Refusal, protocol: WireProtocol, request_id: str) -> HttpAnswer:
    code, message = escape(refusal.code), escape(_printable(refusal.message))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    namespace = f' xmlns="{escape(protocol.namespace)}"' if protocol.namespace else ""
    match protocol.dialect:
        case Dialect.S3:
            where = f"<Region>{refusal.region}</Region>" if refusal.region else ""
            text = (
                f"<Error>{error}{where}<RequestId>{request_id}</RequestId>"
                "<HostId>local</HostId></Error>"
            )
        case Dialect.EC2:
            text = (
                f"<Response><Errors><Error>{error}</Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case _:
            kind = _at_fault(refusal)
            text = (
                f"<ErrorResponse{namespace}><Error><Type>{kind}</Type>{error}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    names = (
        ("x-amz-request-id", "x-amz-id-2")
        if protocol.dialect is Dialect.S3
        else ("x-amzn-RequestId",)
    )
    place = (("x-amz-bucket-region", refusal.region),) if refusal.region else ()
    headers = (("Content-Type", "text/xml"), *((name, request_id) for name in names), *place)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return HttpAnswer(refusal.status, headers, body.encode())


def _at_fault(refusal: Refusal) -> str:
    """Return AWS's word for the party at fault."""
    return "Sender" if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"


def _printable(text: str) -> str:
    """Return a text with characters replaced that XML 1.0 cannot contain."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
