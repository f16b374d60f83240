"""Who is calling, and in which world.

Set by the authorizer for one request, read by the overlay.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from sekisho.localaws.world import World
from sekisho.signin.model import Credential

__all__ = ["CALLER", "WORLD", "Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller of one request.

    Attributes:
        credential: what the request was signed with.
        access_key_id: the id of that credential (`AKIA…`, `ASIA…`).
        source_ip: the client's address.
        mfa_at: when the code that came *with this request* (GetSessionToken, AssumeRole) was
            accepted; None if it carried none. `credential.mfa_at` tells of an earlier one.
    """

    credential: Credential
    access_key_id: str
    source_ip: str = "127.0.0.1"
    mfa_at: datetime | None = None


CALLER: ContextVar[Caller] = ContextVar("CALLER")
WORLD: ContextVar[World] = ContextVar("WORLD")
