"""Secrets given out or kept: sealed session tokens and hashed passwords.

A session token is the credential as JSON, compressed, under a message authentication code made
with the world's master key; the secret key is derived from the same bytes. So nothing needs to be
stored, a forged or altered token is told apart from a real one, and an expired one is known to be
expired. Passwords are kept as salted hashes only.

The form of both is sekisho's own: AWS does not document its tokens, and clients treat them as
opaque.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import zlib
from base64 import b64decode, b64encode
from dataclasses import field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.localaws.state.world import CALLER, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SessionTag,
)

SALT_BYTES = 16

# 4 MiB and some ten milliseconds a hash: an example company of a dozen users must start at once,
# and the passwords are those of a test account, in the memory of one process.
_COST, _BLOCK, _PARALLEL, _LENGTH = 2**12, 8, 1, 32

_REMEMBERED = 256
"""The number of session tokens that are cached opened."""


def hash_password(password: str, salt: bytes) -> str:
    """Return the scrypt hash of `password` as a text with its salt."""
    return f"{b64encode(salt).decode()}${b64encode(_derive(password, salt)).decode()}"


def hash_loaded(password: str, salt: bytes) -> str:
    """Return a cheap hash of a password that the account file has in plain text.

    The file is in memory as long as the account is, so a slow hash would hide nothing, and 900 of
    them take eleven seconds. It is keyed with a key that dies with the process.
    """
    return f"{b64encode(salt).decode()}${b64encode(_keyed_hash(password, salt)).decode()}${_LOADED}"


def password_matches(password: str, hashed: str) -> bool:
    """Return, in constant time, whether `password` is the hashed one."""
    encoded, digest, *loaded = hashed.split("$")
    salt = b64decode(encoded)
    # always: time must not tell how a password was hashed, and so who has changed it
    slow = _derive(password, salt)
    found = _keyed_hash(password, salt) if loaded == [_LOADED] else slow
    return hmac.compare_digest(found, b64decode(digest))


_LOADED = "loaded"
_PROCESS_KEY = secrets.token_bytes(32)


def _keyed_hash(password: str, salt: bytes) -> bytes:
    return hmac.digest(_PROCESS_KEY, salt + password.encode("utf-8", "surrogatepass"), "sha256")


@cache
def dummy_hash() -> str:
    """Return a hash for users without a password: checking it takes the same time."""
    return hash_password(secrets.token_hex(16), bytes(SALT_BYTES))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        # the hash inside fills keys up with zeros: without an end of its own, a password and the
        # same with a NUL behind it would be one
        password.encode("utf-8", "surrogatepass") + b"\x01",
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_PARALLEL,
        dklen=_LENGTH,
    )


_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TAG_BYTES = 32
_MAX_PLAIN_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class IssuedCredentials:
    """Credentials as STS returns them; the secret and the token stay out of the repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """The claims of a valid token.

    Attributes:
        source_key: the long-term key that asked for the session; "" if there was none.
    """

    credential: Credential
    secret: str = field(repr=False)
    session_policies: tuple[str, ...] = ()
    source_key: str = ""


def mint(
    world: World, credential: Credential, session_policies: tuple[str, ...] = ()
) -> IssuedCredentials:
    """Return a token that seals a temporary credential, with a key pair derived from it.

    `session_policies` are the JSON texts of the session policies, in order.

    Raises:
        InternalError: if `credential` never expires: only temporary credentials have a token.
    """
    if credential.expires_at is None:
        raise InternalError("a session token for a credential that never expires")
    caller = CALLER.get(None)
    source = caller.access_key_id if caller else ""
    access_key_id = "ASIA" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))
    claims = json.dumps([_claims(credential), list(session_policies), source])
    packed = zlib.compress(claims.encode(), 9)
    tag = _mac(world.master, "token", access_key_id, packed)
    return IssuedCredentials(
        access_key_id,
        _secret(world.master, access_key_id, packed),
        base64.b64encode(tag + packed).decode(),
        credential.expires_at,
    )


def open_token(world: World, access_key_id: str, token: str) -> SessionClaims:
    """Return the claims of `token`.

    Raises:
        Refusal: `InvalidClientTokenId` if it is not a token of this world for this key id;
            `ExpiredToken` if its time is over by the world's own clock.
    """
    claims = _open(world.master, access_key_id, token)
    expires_at = claims.credential.expires_at
    if expires_at is None or world.clock.now() >= expires_at:
        raise Refusal("ExpiredToken", "The security token included in the request is expired", 403)
    return claims


@lru_cache(maxsize=_REMEMBERED)
def _open(master: bytes, access_key_id: str, token: str) -> SessionClaims:
    """Return the claims of a token, also of an expired one.

    A request opens its token twice, and a session sends it with every request.

    Raises:
        Refusal: if it is not of this world or not for this key id; that is not remembered.
    """
    try:
        sealed = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    tag, packed = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _mac(master, "token", access_key_id, packed)):
        raise _invalid()
    plain = zlib.decompressobj().decompress(packed, _MAX_PLAIN_BYTES)
    claims, policies, source = json.loads(plain)
    return SessionClaims(
        _credential(claims),
        _secret(master, access_key_id, packed),
        tuple(policies),
        source if source.startswith("AKIA") else "",
    )


def _invalid() -> Refusal:
    message = "The security token included in the request is invalid."
    return Refusal("InvalidClientTokenId", message, 403)


def _mac(master: bytes, purpose: str, access_key_id: str, packed: bytes) -> bytes:
    return hmac.new(master, f"{purpose}\0{access_key_id}\0".encode() + packed, "sha256").digest()


def _secret(master: bytes, access_key_id: str, packed: bytes) -> str:
    # forty characters of base64, the form of AWS's own secret keys
    digest = _mac(master, "secret", access_key_id, packed)
    return base64.b64encode(hashlib.sha512(digest).digest()).decode()[:40]


def _claims(credential: Credential) -> list[object]:
    return [
        credential.kind.name,
        _holder_claims(credential.holder),
        _stamp(credential.issued_at),
        _stamp(credential.expires_at),
        _stamp(credential.mfa_at),
        credential.session_name,
        [[tag.key, tag.value, tag.transitive] for tag in credential.tags],
        _holder_claims(credential.made_by) if credential.made_by else None,
        credential.sign_in_arn,
        credential.source_identity,
    ]


def _holder_claims(holder: Holder) -> list[object]:
    return [
        holder.kind.name,
        holder.partition,
        holder.account,
        holder.name,
        holder.path,
        holder.unique_id,
    ]


def _holder(claims: list[Any]) -> Holder:
    return Holder(HolderKind[claims[0]], *claims[1:])


def _credential(claims: list[Any]) -> Credential:
    kind, holder, issued, expires, mfa, session, tags, maker, sign_in, identity = claims
    if not (isinstance(kind, str) and isinstance(holder, list) and isinstance(session, str)):
        raise InternalError("a sealed token with claims of another form")
    return Credential(
        CredentialKind[kind],
        _holder(holder),
        _time(issued),
        _time(expires),
        _time(mfa),
        session,
        tuple(SessionTag(*tag) for tag in tags),
        _holder(maker) if maker else None,
        sign_in,
        identity,
    )


def _stamp(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat() if when else None


def _time(stamp: object) -> datetime | None:
    return datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
