"""Limits of the local AWS that tests come up against: this file alone knows where they are."""

from sekisho.localaws.console.tickets import MOST_TRIES, TICKET_LIFETIME
from sekisho.localaws.state.world import WINDOW_OF_TRIES
from sekisho.localaws.wire.http_requests import MAX_BODY_BYTES

__all__ = ["MAX_BODY_BYTES", "MOST_TRIES", "TICKET_LIFETIME", "WINDOW_OF_TRIES"]
