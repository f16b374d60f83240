"""Tickets that connect the pages of a sign-in: sealed, short-lived, valid for one use.

What a ticket says needs to be stored nowhere: only that it was used, until it is late anyway.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any

from sekisho.lazy import dataclass
from sekisho.localaws.state.world import World
from sekisho.signin import NextStep

TICKET_LIFETIME = timedelta(minutes=5)
"""The time limit of a sign-in, from the password to its end."""

MOST_TRIES = 5
"""The number of wrong codes or refused passwords that one sign-in allows."""

_SEAL_BYTES = 32
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Ceremony:
    """The challenge for one answer of an authenticator; its ticket is valid once.

    Attributes:
        challenge: random bytes.
        origin: the page's, like `http://localhost:8080`.
    """

    challenge: bytes
    origin: str


@dataclass(frozen=True, slots=True)
class SigninTicket:
    """The state of a sign-in between two of its pages.

    Attributes:
        user_id: the unique id of the user whose password was right.
        step: the only step that the ticket is good for.
        expires_at: the end of the whole sign-in, by the policy clock.
        mfa_at: when a code was accepted; None if none was yet.
        tries: how many attempts at this step have failed.
        ceremony: the ceremony of the passkey's answer; None if none was begun.
    """

    user_id: str
    step: NextStep
    expires_at: datetime
    mfa_at: datetime | None = None
    tries: int = 0
    ceremony: Ceremony | None = None


@dataclass(frozen=True, slots=True)
class PasskeyTicket:
    """The registration of a passkey, from its challenge to the authenticator's answer.

    Attributes:
        access_key_id: of the console session that began it; no other may end it.
        user_id: the unique id of the user who is to have the passkey.
        serial: the serial number that it will have.
        ceremony: the ceremony of the authenticator's answer.
    """

    access_key_id: str
    user_id: str
    serial: str
    ceremony: Ceremony
    expires_at: datetime


def seal_ticket(world: World, ticket: SigninTicket) -> str:
    """Return the ticket as a sealed text that only this world can make."""
    claims = (
        ticket.user_id,
        ticket.step.value,
        ticket.mfa_at.timestamp() if ticket.mfa_at else None,
        ticket.tries,
        _ceremony_claims(ticket.ceremony) if ticket.ceremony else None,
    )
    return _seal(world, "sign-in", ticket.expires_at, claims)


def redeem_ticket(world: World, text: str, step: NextStep) -> SigninTicket | None:
    """Return the ticket, and use it up; None if it is forged, used, late or for another step."""
    opened = _open(world, "sign-in", text)
    if opened is None or opened.claims[1] != step.value:
        return None
    user_id, _, mfa, tries, ceremony = opened.claims
    _spend(world, opened)
    return SigninTicket(
        user_id,
        step,
        opened.expires_at,
        datetime.fromtimestamp(mfa, UTC) if mfa is not None else None,
        tries,
        _ceremony(ceremony) if ceremony else None,
    )


def seal_passkey_ticket(world: World, ticket: PasskeyTicket) -> str:
    """Return the ticket as a sealed text that only this world can make."""
    claims = (
        ticket.access_key_id,
        ticket.user_id,
        ticket.serial,
        _ceremony_claims(ticket.ceremony),
    )
    return _seal(world, "passkey", ticket.expires_at, claims)


def redeem_passkey_ticket(world: World, text: str, access_key_id: str) -> PasskeyTicket | None:
    """Return the ticket, and use it up; None if it is forged, used, late or of another session."""
    opened = _open(world, "passkey", text)
    if opened is None or opened.claims[0] != access_key_id:
        return None
    _, user_id, serial, ceremony = opened.claims
    _spend(world, opened)
    return PasskeyTicket(access_key_id, user_id, serial, _ceremony(ceremony), opened.expires_at)


def _ceremony_claims(ceremony: Ceremony) -> list[str]:
    return [ceremony.challenge.hex(), ceremony.origin]


def _ceremony(claims: list[str]) -> Ceremony:
    challenge, origin = claims
    return Ceremony(bytes.fromhex(challenge), origin)


@dataclass(frozen=True, slots=True)
class _OpenedTicket:
    nonce: str
    expires_at: datetime
    claims: tuple[Any, ...] = field(repr=False)


def _seal(world: World, purpose: str, expires_at: datetime, claims: tuple[object, ...]) -> str:
    nonce = world.entropy(_NONCE_BYTES).hex()
    plain = json.dumps([nonce, expires_at.timestamp(), *claims]).encode()
    return urlsafe_b64encode(_ticket_seal(world, purpose, plain) + plain).decode()


def _open(world: World, purpose: str, text: str) -> _OpenedTicket | None:
    """Return the contents of a ticket; None if it is forged, used or late."""
    try:
        sealed = urlsafe_b64decode(text.encode())
    except (NotBase64, ValueError):
        return None
    given, plain = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(given, _ticket_seal(world, purpose, plain)):
        return None
    nonce, expires, *claims = json.loads(plain)
    ends = datetime.fromtimestamp(expires, UTC)
    if world.clock.now() >= ends or nonce in world.spent:
        return None
    return _OpenedTicket(nonce, ends, tuple(claims))


def _spend(world: World, opened: _OpenedTicket) -> None:
    now = world.clock.now()
    world.spent = {known: ends for known, ends in world.spent.items() if ends > now}
    world.spent[opened.nonce] = opened.expires_at


def _ticket_seal(world: World, purpose: str, plain: bytes) -> bytes:
    return hmac.digest(world.master, f"{purpose} ticket\0".encode() + plain, "sha256")
