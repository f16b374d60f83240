"""Who is calling: set by the guard for one request, read by the overlay in the same thread."""

from contextvars import ContextVar
from dataclasses import dataclass

from sekisho.signin.model import Credential

__all__ = ["CALLER", "Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller of one request.

    Attributes:
        credential: what the request was signed with.
        access_key_id: the id of that credential (`AKIA…`, `ASIA…`).
        source_ip: the client's address.
    """

    credential: Credential
    access_key_id: str
    source_ip: str = "127.0.0.1"


CALLER: ContextVar[Caller] = ContextVar("CALLER")
