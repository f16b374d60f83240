"""Sessions with MFA for daily use: a `credential_process` for a key and a TOTP device.

A code is asked for on the terminal device and spent once; the session is kept in the system's
keyring, and handed out until it is nearly over. Changes nothing in AWS.
"""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily
from sekisho.session.keeping import KEYRING, FileStore, KeyringStore, Nowhere, Store, system_keyring
from sekisho.session.model import DeviceId, Session, SessionId
from sekisho.session.notes import DeviceNotes, Notes, SessionNote
from sekisho.session.source import SessionRequest, Source, source_of
from sekisho.session.terminal import TerminalDevice

if TYPE_CHECKING:
    from sekisho.session.broker import Broker, HandedOut, Surroundings
else:
    __getattr__ = lazily(
        __name__,
        {
            "broker": "Broker HandedOut Surroundings",
        },
    )

__all__ = [
    "KEYRING",
    "Broker",
    "DeviceId",
    "DeviceNotes",
    "FileStore",
    "HandedOut",
    "KeyringStore",
    "Notes",
    "Nowhere",
    "Session",
    "SessionId",
    "SessionNote",
    "SessionRequest",
    "Source",
    "Store",
    "Surroundings",
    "TerminalDevice",
    "source_of",
    "system_keyring",
]
