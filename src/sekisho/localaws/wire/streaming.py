"""The body of a chunked upload to S3: its signatures, its length and its checksum.

Such a body is framed (`aws-chunked`): the length of each chunk, its signature if the chunks are
signed, the chunk; at the end a chunk of no length, and trailing headers if the request says so.
Each signature covers the one before it, the first that of the request itself. What is taken out of
the frame goes on as a plain body, so that nobody reads the frame a second time.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
Payload in Multiple Chunks", the same "Including trailing headers"; "Checking object integrity".
"""

import hashlib
import hmac
import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache, reduce

from sekisho.lazy import dataclass
from sekisho.localaws.wire.sigv4 import (
    Http,
    Mismatch,
    SignatureClaims,
    SignatureFault,
    signing_key,
)

_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()
_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?")
_LONGEST_LINE = 512
_TRAILER_SIGNATURE = "x-amz-trailer-signature"
_CHECKSUM = "x-amz-checksum-"


@dataclass(frozen=True, slots=True)
class Payload:
    """The content of a chunked body, without its frame.

    Attributes:
        headers: the trailing headers, by name in lower case.
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str]


def unpack(http: Http, signed: SignatureClaims, secret: str) -> Payload | None:
    """Return the verified content of a chunked body; None if it is not chunked.

    Raises:
        SignatureFault: WRONG for a signature, CHECKSUM for a checksum, FRAMING for the rest.
    """
    kind = http.header("x-amz-content-sha256")
    if signed.service != "s3" or kind not in {_UNSIGNED, _SIGNED, _SIGNED_TRAILER}:
        if "aws-chunked" in (http.header("content-encoding") or ""):
            raise _framing_fault("aws-chunked without its x-amz-content-sha256")
        return None
    reader = _Reader(http.body, None if kind == _UNSIGNED else _Signer(signed, secret))
    body = b"".join(iter(reader.chunk, b""))
    trailer = reader.trailer()
    wanted = (http.header("x-amz-trailer") or "").lower().split(",") if kind != _SIGNED else []
    names = {name.strip() for name in wanted} - {""}
    if names != trailer.keys():
        raise _framing_fault("the trailing headers are not those that x-amz-trailer names")
    if str(len(body)) != http.header("x-amz-decoded-content-length"):
        raise _framing_fault("x-amz-decoded-content-length is not the length of the chunks")
    for name, value in trailer.items():
        check_sum(name, value, body)
    return Payload(body, trailer)


def _framing_fault(message: str) -> SignatureFault:
    return SignatureFault(Mismatch.FRAMING, message)


class _Signer:
    """The chain of signatures of one body."""

    def __init__(self, signed: SignatureClaims, secret: str) -> None:
        self._scope = f"{signed.day}/{signed.region}/{signed.service}/aws4_request"
        self._stamp = signed.stamp
        self._key = signing_key(secret, signed.day, signed.region, signed.service)
        self._last = signed.signature

    def check(self, given: str, kind: str, *digests: str) -> None:
        text = "\n".join(
            (f"AWS4-HMAC-SHA256-{kind}", self._stamp, self._scope, self._last, *digests)
        )
        self._last = hmac.new(self._key, text.encode(), "sha256").hexdigest()
        if not hmac.compare_digest(self._last, given):
            raise SignatureFault(Mismatch.WRONG)


class _Reader:
    """A reader of a framed body, from its start to its end."""

    def __init__(self, body: bytes, signer: _Signer | None) -> None:
        self._body, self._at, self._signer = body, 0, signer

    def chunk(self) -> bytes:
        """Return the next chunk; b"" is the last."""
        head = _HEAD.fullmatch(self._line())
        if head is None or (head[2] is None) is not (self._signer is None):
            raise _framing_fault("a chunk does not begin with its length and signature")
        size = int(head[1], 16)
        data = self._body[self._at : self._at + size]
        if len(data) < size:
            raise _framing_fault("the body ends within a chunk")
        if self._signer is not None:
            digest = hashlib.sha256(data).hexdigest()
            self._signer.check(head[2].decode(), "PAYLOAD", _EMPTY_DIGEST, digest)
        if size:
            self._at += size
            if self._line():
                raise _framing_fault("a chunk is longer than it says")
        return data

    def trailer(self) -> dict[str, str]:
        """Return the trailing headers; nothing may follow them."""
        found: dict[str, str] = {}
        signature = ""
        while line := self._line().rstrip(b"\n"):
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or signature or name in found:
                raise _framing_fault("the trailing headers are malformed")
            if name == _TRAILER_SIGNATURE:
                signature = value
            else:
                found[name.lower()] = value.strip()
        if self._at < len(self._body):
            raise _framing_fault("something follows the last chunk")
        if self._signer is not None and found:
            text = "".join(f"{name}:{value}\n" for name, value in sorted(found.items()))
            self._signer.check(signature, "TRAILER", hashlib.sha256(text.encode()).hexdigest())
        elif signature:
            raise _framing_fault("the trailing headers are malformed")
        return found

    def _line(self) -> bytes:
        end = self._body.find(b"\r\n", self._at, self._at + _LONGEST_LINE)
        if end < 0:
            raise _framing_fault("the body ends before its last chunk")
        line, self._at = self._body[self._at : end], end + 2
        return line


def check_sum(name: str, value: str, body: bytes) -> None:
    """Check a checksum of Amazon's, or Content-MD5.

    Raises:
        SignatureFault: CHECKSUM if it is another one, FRAMING if it is not known how to make it.
    """
    make = _SUMS.get(name)
    if make is None:
        raise _framing_fault(f"the local AWS cannot verify {name}")
    if not hmac.compare_digest(b64encode(make(body)), value.encode("utf-8", "replace")):
        raise SignatureFault(
            Mismatch.CHECKSUM, f"The {name} you specified did not match the calculated checksum."
        )


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    def step(value: int, _: int) -> int:
        return value >> 1 ^ (polynomial if value & 1 else 0)

    return tuple(reduce(step, range(8), byte) for byte in range(256))


def _crc(body: bytes, polynomial: int, size: int) -> bytes:
    """Return a reflected CRC, for the two of S3's that Python's standard library lacks."""
    table, mask = _table(polynomial), (1 << 8 * size) - 1
    value = mask
    for byte in body:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return (value ^ mask).to_bytes(size, "big")


_SUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "content-md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    f"{_CHECKSUM}crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    f"{_CHECKSUM}crc32c": lambda body: _crc(body, 0x82F63B78, 4),
    f"{_CHECKSUM}crc64nvme": lambda body: _crc(body, 0x9A6C9329AC4BC9B5, 8),
    f"{_CHECKSUM}sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    f"{_CHECKSUM}sha256": lambda body: hashlib.sha256(body).digest(),
}


def check_declared(http: Http, body: bytes) -> None:
    """Check the checksums of an object that the request's own headers state.

    Raises:
        SignatureFault: as `check_sum`.
    """
    for name in sorted(http.names):
        about = name.startswith(_CHECKSUM) and name not in _ABOUT_SUMS
        if (about or name == "content-md5") and (value := http.header(name)) is not None:
            check_sum(name, value, body)


_ABOUT_SUMS = frozenset({f"{_CHECKSUM}algorithm", f"{_CHECKSUM}mode", f"{_CHECKSUM}type"})
