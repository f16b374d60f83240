"""How a refusal looks on the wire: AWS's protocols, and the errors that every service shares.

The same fault has another code, status and text from one protocol to the next: an unknown access
key is `InvalidClientTokenId` to IAM, `UnrecognizedClientException` to DynamoDB,
`InvalidAccessKeyId` to S3 and `AuthFailure` to EC2.

Source: AWS, "Common error types"; the error pages of EC2 and S3; Smithy's protocol pages
(awsQuery, ec2Query, awsJson, restJson1, restXml).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from xml.sax.saxutils import escape

from sekisho.localaws.refusal import Refusal

__all__ = ["Answer", "CommonError", "Family", "WireForm", "common", "write"]


class Family(StrEnum):
    """The protocols, told apart as far as their errors differ."""

    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class WireForm:
    """How one service writes its errors.

    Attributes:
        json_version: `1.0` or `1.1`; only the JSON protocol has one.
        namespace: the XML namespace; "" for none.
        query_compatible: the service used to speak the query protocol, and clients still expect
            its error codes in a header of their own.
        head: the request was a HEAD, whose answer has no body.
    """

    family: Family = Family.QUERY
    json_version: str = "1.0"
    namespace: str = ""
    query_compatible: bool = False
    head: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class CommonError(Enum):
    """What can be wrong with a request before any operation sees it."""

    MISSING_AUTHENTICATION = "missing authentication"
    INCOMPLETE_SIGNATURE = "incomplete signature"
    UNSUPPORTED_SIGNATURE = "unsupported signature"
    UNKNOWN_KEY = "unknown key"
    BAD_SIGNATURE = "bad signature"
    OUT_OF_TIME = "signature out of time"
    EXPIRED_TOKEN = "expired token"  # noqa: S105 - a kind of error, not a secret
    BAD_DIGEST = "body differs from its digest"
    TOO_LARGE = "body too large"
    MALFORMED = "malformed request"
    UNKNOWN_OPERATION = "unknown operation"
    NOT_IMPLEMENTED = "not implemented"
    ACCESS_DENIED = "access denied"
    INTERNAL = "internal failure"


_Row = Mapping[Family, tuple[str, int]]

_CODES: Mapping[CommonError, _Row] = {
    CommonError.MISSING_AUTHENTICATION: {
        Family.QUERY: ("MissingAuthenticationToken", 403),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("MissingAuthenticationTokenException", 400),
        Family.REST_JSON: ("MissingAuthenticationTokenException", 403),
        Family.S3: ("AccessDenied", 403),
    },
    CommonError.INCOMPLETE_SIGNATURE: {
        Family.QUERY: ("IncompleteSignature", 400),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("IncompleteSignatureException", 400),
        Family.REST_JSON: ("IncompleteSignatureException", 403),
        Family.S3: ("AuthorizationHeaderMalformed", 400),
    },
    CommonError.UNSUPPORTED_SIGNATURE: {
        Family.QUERY: ("IncompleteSignature", 400),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("IncompleteSignatureException", 400),
        Family.REST_JSON: ("IncompleteSignatureException", 403),
        Family.S3: ("InvalidRequest", 400),
    },
    CommonError.UNKNOWN_KEY: {
        Family.QUERY: ("InvalidClientTokenId", 403),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("UnrecognizedClientException", 400),
        Family.REST_JSON: ("UnrecognizedClientException", 403),
        Family.S3: ("InvalidAccessKeyId", 403),
    },
    CommonError.BAD_SIGNATURE: {
        Family.QUERY: ("SignatureDoesNotMatch", 403),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("InvalidSignatureException", 400),
        Family.REST_JSON: ("InvalidSignatureException", 403),
    },
    CommonError.OUT_OF_TIME: {
        Family.QUERY: ("SignatureDoesNotMatch", 403),
        Family.EC2: ("RequestExpired", 400),
        Family.JSON: ("InvalidSignatureException", 400),
        Family.REST_JSON: ("InvalidSignatureException", 403),
        Family.S3: ("RequestTimeTooSkewed", 403),
    },
    CommonError.EXPIRED_TOKEN: {
        Family.QUERY: ("ExpiredToken", 403),
        Family.EC2: ("RequestExpired", 400),
        Family.JSON: ("ExpiredTokenException", 400),
        Family.REST_JSON: ("ExpiredTokenException", 403),
        Family.S3: ("ExpiredToken", 400),
    },
    CommonError.BAD_DIGEST: {
        Family.QUERY: ("SignatureDoesNotMatch", 403),
        Family.EC2: ("AuthFailure", 401),
        Family.JSON: ("InvalidSignatureException", 400),
        Family.REST_JSON: ("InvalidSignatureException", 403),
        Family.S3: ("XAmzContentSHA256Mismatch", 400),
    },
    CommonError.TOO_LARGE: {
        Family.QUERY: ("RequestEntityTooLarge", 413),
        Family.S3: ("EntityTooLarge", 400),
    },
    CommonError.MALFORMED: {
        Family.QUERY: ("MalformedQueryString", 400),
        Family.EC2: ("InvalidRequest", 400),
        Family.JSON: ("SerializationException", 400),
        Family.REST_JSON: ("SerializationException", 400),
        Family.S3: ("InvalidRequest", 400),
    },
    CommonError.UNKNOWN_OPERATION: {
        Family.QUERY: ("InvalidAction", 400),
        Family.JSON: ("UnknownOperationException", 400),
        Family.REST_JSON: ("UnknownOperationException", 404),
        Family.S3: ("MethodNotAllowed", 405),
    },
    CommonError.NOT_IMPLEMENTED: {Family.QUERY: ("NotImplemented", 501)},
    CommonError.ACCESS_DENIED: {
        Family.QUERY: ("AccessDenied", 403),
        Family.EC2: ("UnauthorizedOperation", 403),
        Family.JSON: ("AccessDeniedException", 400),
        Family.REST_JSON: ("AccessDeniedException", 403),
    },
    CommonError.INTERNAL: {
        Family.QUERY: ("InternalFailure", 500),
        Family.EC2: ("InternalError", 500),
        Family.S3: ("InternalError", 500),
    },
}
"""Code and status; a family that is not named answers as QUERY does."""

_WRONG_KEYS = "AWS was not able to validate the provided access credentials"
_MISMATCH = "The request signature we calculated does not match the signature you provided. "

_TEXTS: Mapping[CommonError, Mapping[Family, str]] = {
    CommonError.MISSING_AUTHENTICATION: {
        Family.QUERY: "Request is missing Authentication Token",
        Family.EC2: _WRONG_KEYS,
        Family.S3: "Access Denied",
    },
    CommonError.UNKNOWN_KEY: {
        Family.QUERY: "The security token included in the request is invalid.",
        Family.EC2: _WRONG_KEYS,
        Family.S3: "The AWS Access Key Id you provided does not exist in our records.",
    },
    CommonError.BAD_SIGNATURE: {
        Family.QUERY: _MISMATCH + "Check your AWS Secret Access Key and signing method. "
        "Consult the service documentation for details.",
        Family.EC2: _WRONG_KEYS,
        Family.S3: _MISMATCH + "Check your key and signing method.",
    },
    CommonError.OUT_OF_TIME: {
        Family.EC2: "Request has expired.",
        Family.S3: "The difference between the request time and the current time is too large.",
    },
    CommonError.EXPIRED_TOKEN: {
        Family.QUERY: "The security token included in the request is expired",
        Family.EC2: "Request has expired.",
        Family.S3: "The provided token has expired.",
    },
    CommonError.BAD_DIGEST: {
        Family.QUERY: _MISMATCH + "The body is not the one whose digest was signed.",
        Family.EC2: _WRONG_KEYS,
        Family.S3: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    },
}
"""AWS's own texts. Where a family has none, the text given with the fault is used if there is
one, and that of QUERY otherwise."""


def common(error: CommonError, family: Family, message: str = "") -> Refusal:
    """Return the refusal that a service of `family` gives for `error`.

    `message` says what exactly is wrong; it gives way where AWS's own text is fixed.
    """
    codes, texts = _CODES[error], _TEXTS.get(error, {})
    code, status = codes.get(family, codes[Family.QUERY])
    text = (texts.get(family) if family is not Family.QUERY else None) or message
    return Refusal(code, text or texts.get(Family.QUERY, error.value), status)


def write(refusal: Refusal, form: WireForm, request_id: str) -> Answer:
    """Return `refusal` as the HTTP answer that the service's clients expect."""
    as_json = form.family in {Family.JSON, Family.REST_JSON}
    answer = (_json if as_json else _xml)(refusal, form, request_id)
    if form.head:
        return Answer(answer.status, answer.headers, b"")
    return answer


def _json(refusal: Refusal, form: WireForm, request_id: str) -> Answer:
    headers = [
        (
            "Content-Type",
            f"application/x-amz-json-{form.json_version}"
            if form.family is Family.JSON
            else "application/json",
        ),
        ("X-Amzn-Errortype", refusal.code),
        ("x-amzn-RequestId", request_id),
    ]
    if form.query_compatible:
        fault = "Sender" if refusal.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's classes
        headers.append(("x-amzn-query-error", f"{refusal.code};{fault}"))
    body = {"__type": refusal.code, "message": refusal.message}
    if form.family is Family.JSON:
        # services of this protocol differ in the spelling, and clients read either
        body["Message"] = refusal.message
    return Answer(refusal.status, tuple(headers), json.dumps(body).encode())


def _xml(refusal: Refusal, form: WireForm, request_id: str) -> Answer:
    code, message = escape(refusal.code), escape(_printable(refusal.message))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    namespace = f' xmlns="{escape(form.namespace)}"' if form.namespace else ""
    match form.family:
        case Family.S3:
            text = (
                f"<Error>{error}<RequestId>{request_id}</RequestId><HostId>local</HostId></Error>"
            )
        case Family.EC2:
            text = (
                f"<Response><Errors><Error>{error}</Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        case _:
            kind = "Sender" if refusal.status < 500 else "Receiver"  # noqa: PLR2004 - as above
            text = (
                f"<ErrorResponse{namespace}><Error><Type>{kind}</Type>{error}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    names = (
        ("x-amz-request-id", "x-amz-id-2") if form.family is Family.S3 else ("x-amzn-RequestId",)
    )
    headers = (("Content-Type", "text/xml"), *((name, request_id) for name in names))
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return Answer(refusal.status, headers, body.encode())


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold: a message may quote any input."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
