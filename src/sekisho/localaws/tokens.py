"""Session credentials that carry their own meaning: sealed tokens instead of a table of sessions.

A token is the credential as JSON, compressed, under a message authentication code made with the
world's master key; the secret key is derived from the same bytes. So nothing needs to be stored,
a forged or altered token is told apart from a real one, and an expired one is known to be expired.

The form is sekisho's own: AWS does not document its tokens, and clients treat them as opaque.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sekisho.errors import InternalError
from sekisho.localaws.caller import CALLER
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.world import World
from sekisho.signin.model import Credential, CredentialKind, Holder, HolderKind

__all__ = ["Issued", "Opened", "mint", "open_token"]

_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TAG_BYTES = 32
_MAX_PLAIN_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials as STS hands them out; the secret and the token stay out of the repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token says, once it is known to be real and in time.

    Attributes:
        source_key: the long-term key that asked for the session; "" if there was none.
    """

    credential: Credential
    secret: str = field(repr=False)
    session_policies: tuple[str, ...] = ()
    source_key: str = ""


def mint(world: World, credential: Credential, session_policies: tuple[str, ...] = ()) -> Issued:
    """Seal a temporary credential into a token and derive its key pair.

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
    return Issued(
        access_key_id,
        _secret(world.master, access_key_id, packed),
        base64.b64encode(tag + packed).decode(),
        credential.expires_at,
    )


def open_token(world: World, access_key_id: str, token: str) -> Opened:
    """Return what `token` says.

    Raises:
        Refusal: `InvalidClientTokenId` if it is not a token of this world for this key id;
            `ExpiredToken` if its time is over by the world's own clock.
    """
    try:
        sealed = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    tag, packed = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _mac(world.master, "token", access_key_id, packed)):
        raise _invalid()
    plain = zlib.decompressobj().decompress(packed, _MAX_PLAIN_BYTES)
    claims, policies, source = json.loads(plain)
    credential = _credential(claims)
    if credential.expires_at is None or world.clock.now() >= credential.expires_at:
        raise Refusal("ExpiredToken", "The security token included in the request is expired", 403)
    return Opened(
        credential,
        _secret(world.master, access_key_id, packed),
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
    holder = credential.holder
    return [
        credential.kind.name,
        [
            holder.kind.name,
            holder.partition,
            holder.account,
            holder.name,
            holder.path,
            holder.unique_id,
        ],
        _stamp(credential.issued_at),
        _stamp(credential.expires_at),
        _stamp(credential.mfa_at),
        credential.session_name,
    ]


def _credential(claims: list[object]) -> Credential:
    kind, holder, issued, expires, mfa, session = claims
    if not (isinstance(kind, str) and isinstance(holder, list) and isinstance(session, str)):
        raise InternalError("a sealed token with claims of another form")
    return Credential(
        CredentialKind[kind],
        Holder(HolderKind[holder[0]], *holder[1:]),
        _time(issued),
        _time(expires),
        _time(mfa),
        session,
    )


def _stamp(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat() if when else None


def _time(stamp: object) -> datetime | None:
    return datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
