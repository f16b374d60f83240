"""Proofs of possession (DPoP): the client has the key that its tokens are bound to.

A proof is a small JWS that is good for one request: it names method, address and time, and carries
the public key. Only ES256 is taken, which is what the AWS CLI and the SDKs send.

Source: RFC 9449, sections 4.2, 4.3 and 6.1; RFC 7638 (thumbprints); RFC 7515, RFC 7518 section 3.4.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sekisho.lazy import dataclass

WINDOW = timedelta(minutes=5)
"""The greatest difference between a proof's time and ours; AWS's is not documented."""

_COORDINATE = 32
_PARTS = 3
_LONGEST = 4_096
_PRIVATE = "d"


class ProofFault(Exception):
    """An invalid proof; the text gives the reason without quoting the proof."""


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof with a valid signature.

    Attributes:
        thumbprint: of the key, by which tokens are bound to it.
        identifier: `jti`: no second proof of the same key may have it.
    """

    thumbprint: str
    identifier: str


def check_proof(header: str, method: str, url: str, now: datetime) -> DpopProof:
    """Return the valid proof in a `DPoP` header of a request.

    Args:
        header: the header; "" if there was none.
        method: of the request.
        url: its address without query and fragment.
        now: the time, with its zone.

    Raises:
        ProofFault: if it is none, is not signed by the key that it carries, or is for another
            request or another time.
    """
    parts = header.split(".")
    if len(parts) != _PARTS or len(header) > _LONGEST:
        raise ProofFault("the DPoP header is no JWS")
    head, payload = _object(parts[0]), _object(parts[1])
    if head.get("typ") != "dpop+jwt" or head.get("alg") != "ES256":
        raise ProofFault("a proof is of type dpop+jwt and signed with ES256")
    x, y = _coordinates(head.get("jwk"))
    _check_signature(x, y, f"{parts[0]}.{parts[1]}".encode(), _decode_base64url(parts[2]))
    if payload.get("htm") != method or payload.get("htu") != url:
        raise ProofFault("the proof is for another request")
    issued, identifier = payload.get("iat"), payload.get("jti")
    if type(issued) is not int or abs(now.timestamp() - issued) > WINDOW.total_seconds():
        raise ProofFault("the proof is of another time")
    if not isinstance(identifier, str) or not identifier:
        raise ProofFault("the proof has no jti")
    return DpopProof(_thumbprint(x, y), identifier)


def good_until(now: datetime) -> datetime:
    """Return the time until which an identifier must be remembered, so that it is used once."""
    return now.astimezone(UTC) + 2 * WINDOW


def _object(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_decode_base64url(part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProofFault("a part of the proof is no JSON object")
    return found


def _decode_base64url(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ProofFault("a part of the proof is not base64url") from None


def _coordinates(jwk: object) -> tuple[bytes, bytes]:
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise ProofFault("the key of a proof is of the curve P-256")
    if _PRIVATE in jwk:
        raise ProofFault("a proof carries no private key")
    x, y = (
        _decode_base64url(text) if isinstance(text := jwk.get(n), str) else b"" for n in ("x", "y")
    )
    if len(x) != _COORDINATE or len(y) != _COORDINATE:
        raise ProofFault("a coordinate of the key has 32 bytes")
    return x, y


def _check_signature(x: bytes, y: bytes, signed: bytes, signature: bytes) -> None:
    if len(signature) != 2 * _COORDINATE:
        raise ProofFault("the signature has 64 bytes")
    numbers = (int.from_bytes(each) for each in (signature[:_COORDINATE], signature[_COORDINATE:]))
    try:
        key = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()
        ).public_key()
        key.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        # ValueError: the point is not on the curve
        raise ProofFault("the signature is not of the key in the proof") from None


def _thumbprint(x: bytes, y: bytes) -> str:
    def text(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    members = {"crv": "P-256", "kty": "EC", "x": text(x), "y": text(y)}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return text(digest)
