"""Signature Version 4, checked as AWS checks it.

Both places of a signature are read: the `Authorization` header and the query string of a
presigned URL. Nothing here knows who the caller is: `parse` says which key claims to have signed,
and `verify` whether that key's secret did.

Source: IAM User Guide, "AWS Signature Version 4 for API requests"; Amazon S3 API Reference,
"Authenticating Requests (AWS Signature Version 4)".
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from sekisho.lazy import dataclass

ALGORITHM = "AWS4-HMAC-SHA256"
WINDOW = timedelta(minutes=15)
_OLD_MECHANISM = (
    f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}."
)
"""S3's answer to older signatures, as for every bucket created since 2020."""

_MAX_PRESIGNED_SECONDS = 604_800
_STAMP = "%Y%m%dT%H%M%SZ"
_UNRESERVED = "-_.~"
_EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()
_UNSIGNED = "UNSIGNED-PAYLOAD"
_UNHASHED = frozenset(
    {
        _UNSIGNED,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    }
)
"""The texts that S3 alone accepts in place of a digest."""

_IN_ADDRESS = ("x-amz-", "awsaccesskeyid")
_FIELD = re.compile(r" *(Credential|SignedHeaders|Signature)=([^,\s]+) *")
_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


class Mismatch(Enum):
    """The ways in which a signature can be wrong."""

    INCOMPLETE = "incomplete"
    WRONG = "wrong"
    OUT_OF_TIME = "out of time"
    DIGEST = "body differs from its digest"
    UNSUPPORTED = "unsupported"
    CHECKSUM = "body differs from its checksum"
    FRAMING = "malformed frame of a chunked body"


class SignatureFault(Exception):
    """An invalid signature; the text contains no secret and no computed signature."""

    def __init__(self, mismatch: Mismatch, message: str = "") -> None:
        super().__init__(message or mismatch.value)
        self.mismatch = mismatch
        self.message = message


@dataclass(frozen=True, slots=True)
class Http:
    """The parts of a request that its signature covers.

    Attributes:
        path: as it came, still percent-encoded.
        query: as it came, without `?`.
        header: returns a header's value by its name in lower case, or None.
        names: the names of all headers, in lower case.
        body: the body, exactly as it came.
    """

    method: str
    path: str
    query: str
    header: Callable[[str], str | None] = field(repr=False)
    names: frozenset[str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignatureClaims:
    """The claims of a signature.

    Attributes:
        day: the date of the credential scope, `YYYYMMDD`.
        stamp: when it was signed, `YYYYMMDD'T'HHMMSS'Z'`.
        headers: the names of the headers that it covers, as listed.
        lifetime: how long a presigned URL holds; None for a signature in the header.
        token: the session token that came with it, or None.
    """

    access_key_id: str
    day: str
    region: str
    service: str
    stamp: str
    headers: tuple[str, ...]
    signature: str = field(repr=False)
    lifetime: timedelta | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def presigned(self) -> bool:
        """Whether the signature came in the query string."""
        return self.lifetime is not None


def parse(http: Http) -> SignatureClaims | None:
    """Return the claims of the request's signature; None if it has none.

    Raises:
        SignatureFault: INCOMPLETE if a part is missing or malformed; UNSUPPORTED for an older or
            asymmetric signature.
    """
    authorization = http.header("authorization")
    query = _decoded_query(http.query)
    if authorization and any(name.lower().startswith(_IN_ADDRESS) for name in query):
        raise SignatureFault(Mismatch.INCOMPLETE, "Only one auth mechanism allowed")
    if authorization:
        return _from_header(authorization, http)
    if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query:
        return _from_query(query)
    if "AWSAccessKeyId" in query:
        raise presigned_as_of_old()
    return None


def presigned_as_of_old() -> SignatureFault:
    """Return the fault of an address or form with boto3's default signature version."""
    hint = "With boto3: Config(signature_version='s3v4')."
    return SignatureFault(Mismatch.UNSUPPORTED, f"{_OLD_MECHANISM} {hint}")


def _from_header(authorization: str, http: Http) -> SignatureClaims:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureFault(Mismatch.UNSUPPORTED, _OLD_MECHANISM)
    fields = _fields(rest)
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if name not in fields
    ]
    stamp = http.header("x-amz-date") or http.header("date") or ""
    if not stamp:
        missing.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if missing:
        raise SignatureFault(Mismatch.INCOMPLETE, " ".join(missing))
    return SignatureClaims(
        *_credential(fields["Credential"]),
        stamp=stamp,
        headers=tuple(fields["SignedHeaders"].split(";")),
        signature=fields["Signature"],
        token=http.header("x-amz-security-token"),
    )


def _fields(text: str) -> dict[str, str]:
    """Return the three fields; an unknown or repeated one is refused as ambiguous."""
    found: dict[str, str] = {}
    for part in text.split(","):
        match = _FIELD.fullmatch(part)
        if match is None or match[1] in found:
            raise SignatureFault(
                Mismatch.INCOMPLETE,
                "The Authorization header must hold Credential, SignedHeaders and Signature, each "
                "once, and nothing else.",
            )
        found[match[1]] = match[2]
    return found


def _from_query(query: Mapping[str, str]) -> SignatureClaims:
    names = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    missing = [name for name in names if not query.get(f"X-Amz-{name}")]
    if missing:
        raise SignatureFault(
            Mismatch.INCOMPLETE, f"the query string lacks X-Amz-{', X-Amz-'.join(missing)}"
        )
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise SignatureFault(Mismatch.UNSUPPORTED, f"X-Amz-Algorithm only supports {ALGORITHM}")
    seconds = query["X-Amz-Expires"]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= len("604800")):
        raise SignatureFault(Mismatch.INCOMPLETE, "X-Amz-Expires should be a number")
    if int(seconds) > _MAX_PRESIGNED_SECONDS:
        raise SignatureFault(
            Mismatch.INCOMPLETE, "X-Amz-Expires must be less than a week (in seconds)"
        )
    return SignatureClaims(
        *_credential(query["X-Amz-Credential"]),
        stamp=query["X-Amz-Date"],
        headers=tuple(query["X-Amz-SignedHeaders"].split(";")),
        signature=query["X-Amz-Signature"],
        lifetime=timedelta(seconds=int(seconds)),
        token=query.get("X-Amz-Security-Token"),
    )


def claims_of_scope(
    credential: str, stamp: str, signature: str, token: str | None
) -> SignatureClaims:
    """Return the claims of a signature that is neither in a header nor in an address.

    Raises:
        SignatureFault: INCOMPLETE, if the credential is malformed.
    """
    return SignatureClaims(
        *_credential(credential), stamp=stamp, headers=(), signature=signature, token=token
    )


def _credential(text: str) -> tuple[str, str, str, str]:
    match = _CREDENTIAL.fullmatch(text)
    if match is None:
        raise SignatureFault(
            Mismatch.INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term",
        )
    key, day, region, service = match.groups()
    return key, day, region, service.lower()


def verify(http: Http, signed: SignatureClaims, secret: str, now: datetime) -> None:
    """Check that `secret` made the signature, that it is in time, and that it fits the body.

    `now` is the real time, whatever clock the local AWS uses otherwise.

    Raises:
        SignatureFault: naming the fault.
    """
    _check_time(signed, now)
    _check_headers(http, signed)
    digest = _payload_digest(http, signed)
    canonical = "\n".join(
        (
            http.method,
            _canonical_path(http.path, signed.service),
            _canonical_query(http.query),
            *(f"{name}:{' '.join((http.header(name) or '').split())}" for name in signed.headers),
            "",
            ";".join(signed.headers),
            digest,
        )
    )
    scope = f"{signed.day}/{signed.region}/{signed.service}/aws4_request"
    summary = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"{ALGORITHM}\n{signed.stamp}\n{scope}\n{summary}"
    key = signing_key(secret, signed.day, signed.region, signed.service)
    expected = hmac.new(key, text.encode(), "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), signed.signature.encode("utf-8", "replace")):
        raise SignatureFault(Mismatch.WRONG)


def _check_time(signed: SignatureClaims, now: datetime) -> None:
    try:
        at = _moment(signed.stamp)
    except ValueError as error:
        raise SignatureFault(
            Mismatch.INCOMPLETE,
            "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from error
    if signed.day != signed.stamp[:8]:
        raise SignatureFault(
            Mismatch.WRONG, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version"
        )
    if at > now + WINDOW:
        raise SignatureFault(
            Mismatch.OUT_OF_TIME,
            f"Signature not yet current: {signed.stamp} is still later than "
            f"{now + WINDOW:{_STAMP}} ({now:{_STAMP}} + 15 min.)",
        )
    if now > at + (signed.lifetime if signed.lifetime is not None else WINDOW):
        raise SignatureFault(
            Mismatch.OUT_OF_TIME,
            f"Signature expired: {signed.stamp} is now earlier than {now - WINDOW:{_STAMP}} "
            f"({now:{_STAMP}} - 15 min.)",
        )


@lru_cache(maxsize=64)
def _moment(stamp: str) -> datetime:
    """Return the time in a signature's stamp, which has whole seconds."""
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _check_headers(http: Http, signed: SignatureClaims) -> None:
    """Check that the signature covers every header that changes the request's meaning."""
    covered = frozenset(signed.headers)
    if len(covered) < len(signed.headers):
        raise SignatureFault(Mismatch.INCOMPLETE, "SignedHeaders names a header twice.")
    needed = {name for name in http.names if name.startswith("x-amz")} | {"host"}
    # clients leave the trace out of their signatures, and it is not forwarded
    needed -= {"x-amzn-trace-id"}
    if unsigned := sorted(needed - covered):
        raise SignatureFault(
            Mismatch.WRONG,
            "There were headers present in the request which were not signed: "
            + ", ".join(unsigned),
        )


def _payload_digest(http: Http, signed: SignatureClaims) -> str:
    claimed = http.header("x-amz-content-sha256")
    if claimed is None and signed.presigned and signed.service == "s3":
        return _UNSIGNED
    if claimed in _UNHASHED and signed.service == "s3":
        # a chunked upload: this signature begins the chain of those of its chunks (`streaming`)
        return claimed
    actual = hashlib.sha256(http.body).hexdigest() if http.body else _EMPTY_DIGEST
    if claimed is not None and claimed != actual:
        raise SignatureFault(Mismatch.DIGEST)
    return actual


def _canonical_path(path: str, service: str) -> str:
    """Return the canonical URI: encoded once for S3, normalised and encoded twice elsewhere."""
    if service in {"s3", "s3-object-lambda", "s3express"}:
        return quote(unquote_to_bytes(path), safe="/" + _UNRESERVED) or "/"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in {"", "."}:
            parts.append(part)
    trailing = "/" if parts and path.endswith("/") else ""
    return quote("/" + "/".join(parts) + trailing, safe="/" + _UNRESERVED)


def _canonical_query(query: str) -> str:
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_percent_encode(name), _percent_encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _percent_encode(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)


def _decoded_query(query: str) -> dict[str, str]:
    """Return the query's parameters; of a repeated one, the first."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        found.setdefault(_text(name), _text(value))
    return found


def _text(encoded: str) -> str:
    return unquote_to_bytes(encoded).decode("utf-8", "replace")


@lru_cache(maxsize=256)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the key that signs requests of one day to one service in one region."""
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return key
