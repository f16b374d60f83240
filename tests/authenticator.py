"""An authenticator in software: it makes passkeys and signs with them, well or badly.

What it sends is what a browser's `PublicKeyCredential.toJSON()` gives. The bytes are put together
here, after the standard (W3C, "Web Authentication", sections 5.8.1, 6.1 and 6.5), and not by the
library that takes them apart at the other end.
"""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost:8080"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Told:
    """What an authenticator and its browser tell; each may be a lie.

    Attributes:
        challenge: None for that of the options.
        count: the count of signatures; None for one more than the last.
        handle: of the user, in an assertion; None for that of the registration.
    """

    origin: str = ORIGIN
    party: str = "localhost"
    challenge: str | None = None
    flags: int = PRESENT | VERIFIED
    count: int | None = None
    kind: str = ""
    cross: bool = False
    algorithm: int = -7
    point: bytes | None = None
    attested: bool = True
    raw_id: bytes | None = None
    handle: bytes | None = None
    signature: bytes | None = None


@dataclass
class Authenticator:
    """One passkey, once it is made."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    identifier: bytes = field(default_factory=lambda: os.urandom(32))
    handle: bytes = b""
    count: int = 0

    def make(self, options: Mapping[str, Any], told: Told | None = None) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        told = told or Told()
        assert (
            told.algorithm != -7 or {"type": "public-key", "alg": -7} in options["pubKeyCredParams"]
        )
        self.handle = decoded(options["user"]["id"])
        data = self._data(told, ATTESTED if told.attested else 0)
        if told.attested:
            data += bytes(16) + struct.pack(">H", len(self.identifier)) + self.identifier
            data += self._cose(told)
        # CBOR: a map of `fmt`, which is `none`, an empty `attStmt`, and `authData`
        attestation = b"\xa3cfmtdnonegattStmt\xa0hauthData" + _bytes(data)
        return self._answer(
            told,
            {
                "clientDataJSON": self._client("webauthn.create", options, told),
                "attestationObject": encoded(attestation),
                "transports": ["internal"],
                "publicKeyAlgorithm": told.algorithm,
                "authenticatorData": encoded(data),
            },
        )

    def sign(self, options: Mapping[str, Any], told: Told | None = None) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        told = told or Told()
        data = self._data(told, 0)
        client = self._client("webauthn.get", options, told)
        signed = data + hashlib.sha256(decoded(client)).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        handle = self.handle if told.handle is None else told.handle
        return self._answer(
            told,
            {
                "clientDataJSON": client,
                "authenticatorData": encoded(data),
                "signature": encoded(told.signature or signature),
                "userHandle": encoded(handle),
            },
        )

    def _data(self, told: Told, more: int) -> bytes:
        count = self.count + 1 if told.count is None else told.count
        self.count = max(self.count, count)
        party = hashlib.sha256(told.party.encode()).digest()
        return party + struct.pack(">BI", told.flags | more, count)

    def _client(self, kind: str, options: Mapping[str, Any], told: Told) -> str:
        data = {
            "type": told.kind or kind,
            "challenge": told.challenge or options["challenge"],
            "origin": told.origin,
            "crossOrigin": told.cross,
        }
        return encoded(json.dumps(data).encode())

    def _cose(self, told: Told) -> bytes:
        point = told.point or self.key.public_key().public_numbers()
        if isinstance(point, bytes):
            x, y = point[:32], point[32:]
        else:
            x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        algorithm = -1 - told.algorithm
        # COSE: a key of two coordinates (1) for an algorithm (3), on P-256 (-1), x (-2), y (-3)
        head = b"\xa5\x01\x02\x03" + (
            bytes([0x20 | algorithm]) if algorithm < 24 else b"\x39" + struct.pack(">H", algorithm)
        )
        return head + b"\x20\x01\x21" + _bytes(x) + b"\x22" + _bytes(y)

    def _answer(self, told: Told, response: dict[str, Any]) -> dict[str, Any]:
        identifier = encoded(told.raw_id or self.identifier)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }


def _bytes(content: bytes) -> bytes:
    """Return a byte string of CBOR."""
    if len(content) < 24:
        return bytes([0x40 | len(content)]) + content
    if len(content) < 256:
        return bytes([0x58, len(content)]) + content
    return b"\x59" + struct.pack(">H", len(content)) + content
