"""Refusing requests that two readers could read in two ways.

The authorizer decides about a request and moto answers it, each with parsers of its own: which of
two equal names counts, whether a plus is a space, where a path ends, what a second `Authorization`
is for. AWS has an answer to each; two Python libraries have two. So the forms that well-behaved
clients send are written down here, and a request of any other form is refused.

`check_line` and `check_headers` look at a request before its signature is checked; `content` looks
at the rest once the operation is known. `copy_source` is the one reading of a header that names an
object.

Source: RFC 3986 and RFC 9112; IAM User Guide, "Create a signed AWS API request"; Amazon S3 API
Reference, "CopyObject"; Amazon S3 User Guide, "Naming Amazon S3 objects".
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from sekisho.lazy import dataclass

REPEATED = "sekisho.repeated_header"
"""The environment key with the name of a header that is repeated or ambiguous."""

MAX_AUTHORIZATION = 8192
"""The longest Authorization header in characters; real ones list some dozens of headers."""

MAX_PARAMETERS = 10_000
"""The most parameters of a form or an address; no operation of AWS has more."""


class AmbiguousRequest(Exception):
    """A request that could be read in two ways; the text names the part and no value."""


_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*,;=:@/?]|%[0-9A-Fa-f]{2})*")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_SIGNING = frozenset(
    f"X-Amz-{name}"
    for name in (
        "Algorithm",
        "Credential",
        "Date",
        "Expires",
        "SignedHeaders",
        "Signature",
        "Security-Token",
    )
)
_UNSIGNED_BODY = ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
"""The member that the SDK for JavaScript adds to an address, which changes nothing."""

CHECKSUM_HEADERS = re.compile(
    r"x-amz-(checksum-mode|sdk-checksum-algorithm|checksum-[a-z0-9]{3,16})="
    r"((?:[A-Za-z0-9+/=]|%2[BbFf]|%3[Dd])+)"
)
"""The checksum members that it adds; only these are headers of S3 in any place."""


def check_line(path: str, query: str, *, s3: bool) -> None:
    """Refuse a path or query string that could be read in two ways.

    Args:
        path: as it came, percent-encoded.
        query: as it came, without `?`.
        s3: whether it is for S3, whose keys may hold what other paths may not.

    Raises:
        AmbiguousRequest: naming the fault.
    """
    if not _PATH.fullmatch(path):
        raise AmbiguousRequest("the path is not percent-encoded")
    decoded = _decode(path, "path")
    if s3:
        _check_s3_path(path)
    elif "%25" in path:
        raise AmbiguousRequest("the path is percent-encoded twice")
    parts = decoded[1:].split("/")
    if not s3 and "" in parts[:-1]:
        raise AmbiguousRequest("the path has an empty part")
    if "." in parts or ".." in parts:
        raise AmbiguousRequest("the path has a part `.` or `..`")
    _check_query(query, s3=s3)


def _check_s3_path(path: str) -> None:
    bucket, slash, _ = path[1:].partition("/")
    if "arn%3a" in bucket.lower() or bucket.startswith("arn:"):
        raise AmbiguousRequest("the local AWS has no access points: name the bucket")
    if (bucket or slash) and not _BUCKET.fullmatch(bucket):
        raise AmbiguousRequest("the path does not begin with a bucket's name")


def _check_query(query: str, *, s3: bool) -> None:
    if not _QUERY.fullmatch(query):
        raise AmbiguousRequest("the query string is not percent-encoded")
    _decode(query, "query string")
    names = [(part.partition("=")[0], part.partition("=")[2]) for part in query.split("&") if part]
    if len(names) > MAX_PARAMETERS:
        raise AmbiguousRequest(f"there are more than {MAX_PARAMETERS} parameters")
    decoded = [unquote_to_bytes(name).decode() for name, _ in names]
    if "" in decoded:
        raise AmbiguousRequest("a parameter has no name")
    refuse_cases(decoded)
    for name, (_, value) in zip(decoded, names, strict=True):
        if not name.lower().startswith("x-amz-"):
            continue
        checksum = s3 and CHECKSUM_HEADERS.fullmatch(f"{name}={value}")
        if name not in _SIGNING and (name, value) != _UNSIGNED_BODY and not checksum:
            raise AmbiguousRequest("a header of Amazon's is given in the address")
        if decoded.count(name) > 1:
            raise AmbiguousRequest("a part of the signature is given twice")


def _decode(text: str, what: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise AmbiguousRequest(f"the {what} is not UTF-8") from None
    if "\0" in decoded:
        raise AmbiguousRequest(f"the {what} holds a NUL")
    return decoded


def refuse_cases(names: Iterable[str]) -> None:
    """Refuse names that differ only in case; equal names are not checked here.

    Raises:
        AmbiguousRequest: if there are such.
    """
    different = set(names)
    if len({name.casefold() for name in different}) < len(different):
        raise AmbiguousRequest("two parameters' names differ by case alone")


_OWN_NAMES = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d+)?")
_WITH_PREFIX = re.compile(r"(?:[A-Za-z0-9-]+\.)*(?:127\.0\.0\.1|localhost)(?::\d+)?")


def check_headers(environ: WSGIEnvironment, *, s3: bool) -> None:
    """Refuse headers that could be read in two ways, and hosts that name a bucket.

    Raises:
        AmbiguousRequest: naming the fault.
    """
    if repeated := environ.get(REPEATED):
        raise AmbiguousRequest(
            f"the header {repeated} is given twice or is spelt with an underscore"
        )
    if len(str(environ.get("HTTP_AUTHORIZATION", ""))) > MAX_AUTHORIZATION:
        raise AmbiguousRequest(
            f"the Authorization header is longer than {MAX_AUTHORIZATION} characters"
        )
    host = str(environ.get("HTTP_HOST", ""))
    if not (_OWN_NAMES if s3 else _WITH_PREFIX).fullmatch(host):
        raise AmbiguousRequest(
            "the local AWS answers to 127.0.0.1 and localhost, and buckets are named in the path"
        )
    for name, value in environ.items():
        named = name.startswith("HTTP_X_AMZ") and not name.startswith("HTTP_X_AMZ_META_")
        if named and not str(value).isascii():
            raise AmbiguousRequest("a header of Amazon's is not ASCII")


@dataclass(frozen=True, slots=True)
class CopySource:
    """The object that a copy is made from."""

    bucket: str
    key: str
    version: str | None

    @property
    def header(self) -> str:
        """The normal form of the header."""
        path = f"/{self.bucket}/{quote(self.key, safe='/')}"
        return path if self.version is None else f"{path}?versionId={self.version}"


_COPY_PATH = re.compile(
    r"/?(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/|%2[Ff])"
    r"(?P<key>(?:[A-Za-z0-9\-._~!$&'()*,=:@/]|%[0-9A-Fa-f]{2})+)"
)
_VERSION = re.compile(r"versionId=([A-Za-z0-9._-]+)")


def copy_source(text: str) -> CopySource:
    """Return the object in `x-amz-copy-source`: `bucket/key`, or `bucket/key?versionId=…`.

    Raises:
        AmbiguousRequest: if it is of any other form, or an access point.
    """
    if text.lower().lstrip("/").startswith(("arn:", "arn%3a")):
        raise AmbiguousRequest(
            "the local AWS has no access points: name the bucket of the copy's source"
        )
    path, mark, query = text.partition("?")
    matched, version = _COPY_PATH.fullmatch(path), _VERSION.fullmatch(query)
    if matched is None or (mark and version is None):
        raise AmbiguousRequest(
            "the copy's source must be bucket/key or bucket/key?versionId=..., percent-encoded"
        )
    key = _decode(matched["key"], "copy's source")
    return CopySource(matched["bucket"], key, version[1] if version else None)
