"""Is a user a person or a machine? The exceptions file decides; without it, evidence.

A name is no evidence, nor is a tag: both say what somebody once meant. A password and a device are
a person's; a key that is in use where there is neither is a machine's; everything else is unsure.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sekisho.account import Credentials
from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.messages import Message

__all__ = ["Nature", "nature_of"]


class Nature(StrEnum):
    """What a user is."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


_BY_FILE = Message("the exceptions file says so")
_HAS_PASSWORD = Message("has a console password")
_NO_PASSWORD = Message("has no console password")
_HAS_DEVICE = Message("has an MFA device")
_NO_DEVICE = Message("has no MFA device")
_KEY_IN_USE = Message("has an access key in use")
_KEY_IDLE = Message("has an active access key, unused for 90 days")
_KEY = Message("has an active access key; its use is not known")
_NO_KEY = Message("has no active access key")
_NEVER_IN = Message("has not signed in at the console")
_OTHERS = Message("has credentials for single services")
_NOT_KNOWN = Message("not known: {what}")


def nature_of(
    credentials: Credentials, exemption: Exemption | None, now: datetime
) -> tuple[Nature, tuple[Message, ...]]:
    """Return what a user is, and why."""
    if exemption is not None and exemption.kind is not ExceptionKind.OTHER:
        machine = exemption.kind is ExceptionKind.MACHINE
        return (Nature.MACHINE if machine else Nature.PERSON, (_BY_FILE,))
    return _judged(credentials, now), tuple(_evidence(credentials, now))


def _judged(credentials: Credentials, now: datetime) -> Nature:
    in_use = credentials.key_in_use(now)
    if credentials.enrolled:
        return Nature.PERSON
    if credentials.password:
        # a password that nobody uses beside a key that somebody does may be a leftover
        leftover = in_use and credentials.password_used is None
        return Nature.UNSURE if leftover else Nature.PERSON
    if credentials.password is False and credentials.enrolled is False and in_use:
        return Nature.MACHINE
    return Nature.UNSURE


def _evidence(credentials: Credentials, now: datetime) -> Iterator[Message]:
    if credentials.password is not None:
        yield _HAS_PASSWORD if credentials.password else _NO_PASSWORD
    if credentials.password and credentials.password_used is None:
        yield (
            _NEVER_IN
            if credentials.sign_ins_known
            else _NOT_KNOWN.filled(what="GetCredentialReport")
        )
    if credentials.enrolled is not None:
        yield _HAS_DEVICE if credentials.enrolled else _NO_DEVICE
    if credentials.active_keys is not None:
        yield _of_keys(credentials, now)
    if credentials.others:
        yield _OTHERS
    yield from (_NOT_KNOWN.filled(what=gap.operation) for gap in credentials.unread)


def _of_keys(credentials: Credentials, now: datetime) -> Message:
    if not credentials.active_keys:
        return _NO_KEY
    if credentials.key_in_use(now):
        return _KEY_IN_USE
    return _KEY_IDLE if credentials.use_known else _KEY
