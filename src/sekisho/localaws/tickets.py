"""Tickets that carry a sign-in from one page to the next: sealed, short-lived, good for one use."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sekisho.localaws.world import World
from sekisho.signin.console import NextStep

__all__ = ["LIFETIME", "MOST_TRIES", "Ticket", "redeem", "seal"]

LIFETIME = timedelta(minutes=5)
"""How long a sign-in may take from the password to its end."""

MOST_TRIES = 5
"""How many wrong codes or refused passwords one sign-in survives."""

_SEAL_BYTES = 32
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a sign-in stands.

    Attributes:
        user_id: the unique id of the user whose password was right.
        step: the only step that the ticket is good for.
        expires_at: the end of the whole sign-in, by the policy clock.
        mfa_at: when a code was accepted; None if none was yet.
        tries: how many attempts at this step have failed.
    """

    user_id: str
    step: NextStep
    expires_at: datetime
    mfa_at: datetime | None = None
    tries: int = 0


def seal(world: World, ticket: Ticket) -> str:
    """Return the ticket as text that only this world can have written."""
    plain = json.dumps(
        [
            world.entropy(_NONCE_BYTES).hex(),
            ticket.user_id,
            ticket.step.value,
            ticket.expires_at.timestamp(),
            ticket.mfa_at.timestamp() if ticket.mfa_at else None,
            ticket.tries,
        ]
    ).encode()
    return urlsafe_b64encode(_seal_of(world, plain) + plain).decode()


def redeem(world: World, text: str, step: NextStep) -> Ticket | None:
    """Return the ticket, and spend it; None if it is forged, spent, late or for another step."""
    try:
        sealed = urlsafe_b64decode(text.encode())
    except (NotBase64, ValueError):
        return None
    given, plain = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(given, _seal_of(world, plain)):
        return None
    nonce, user_id, written, expires, mfa, tries = json.loads(plain)
    ticket = Ticket(
        user_id,
        NextStep(written),
        datetime.fromtimestamp(expires, UTC),
        datetime.fromtimestamp(mfa, UTC) if mfa is not None else None,
        tries,
    )
    now = world.clock.now()
    if ticket.step is not step or now >= ticket.expires_at or nonce in world.spent:
        return None
    world.spent = {known: ends for known, ends in world.spent.items() if ends > now}
    world.spent[nonce] = ticket.expires_at
    return ticket


def _seal_of(world: World, plain: bytes) -> bytes:
    return hmac.digest(world.master, b"sign-in ticket\0" + plain, "sha256")
