"""What a person has and may on the command line: devices, keys, and whether `aws login` is theirs.

Whether somebody may use `aws login` is decided by their own policies, on the two calls that it
makes, in a session with MFA. What was not read or is not known leaves it unknown.

Source: AWS Sign-In User Guide, "Login for AWS local development using console credentials".
"""

from dataclasses import dataclass
from datetime import datetime

from sekisho.account import (
    AccessKey,
    Credentials,
    Device,
    Snapshot,
    User,
    credentials_of,
    gap_reasons,
    user_of,
)
from sekisho.audit.impact import MayLogin, may_login
from sekisho.messages import Message
from sekisho.signin import DeviceKind

_ABOUT = ("GetLoginProfile", "ListAccessKeys", "ListMFADevices")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of.

    Attributes:
        authenticators: the devices that give codes.
        passkeys: the devices that give none.
        keys: the active access keys that are known.
        has_key, has_password, has_device: None if it is not known.
        others: how many credentials for single services there are; None if that is not known.
        login: whether `aws login` may be used, and why not or why it is not known.
        unread: why there may be more; None if everything was read.
    """

    user: User
    account: str
    partition: str
    read_at: datetime
    authenticators: tuple[Device, ...]
    passkeys: tuple[Device, ...]
    keys: tuple[AccessKey, ...]
    has_key: bool | None
    has_password: bool | None
    has_device: bool | None
    others: int | None
    login: MayLogin
    login_reason: Message | None = None
    unread: Message | None = None


def card_facts(snapshot: Snapshot, name: str) -> CardFacts:
    """Return the facts for the card of a user.

    Raises:
        FaultyAccount: if there is no such user.
    """
    user = user_of(snapshot, name)
    credentials = credentials_of(snapshot, user)
    login, reason = may_login(snapshot, user)
    return CardFacts(
        user=user,
        account=snapshot.account,
        partition=snapshot.partition,
        read_at=snapshot.taken_at,
        authenticators=_devices(credentials, codes=True),
        passkeys=_devices(credentials, codes=False),
        keys=tuple(key for key in credentials.keys if key.active),
        has_key=None if credentials.active_keys is None else credentials.active_keys > 0,
        has_password=credentials.password,
        has_device=credentials.enrolled,
        others=credentials.others_count,
        login=login,
        login_reason=reason,
        unread=_unread(credentials),
    )


def _unread(credentials: Credentials) -> Message | None:
    """Return why something that the card is about is not known; when a key was used is not."""
    gaps = tuple(each for each in credentials.unread if each.operation in _ABOUT)
    return gap_reasons(gaps) if gaps else None


def _devices(credentials: Credentials, *, codes: bool) -> tuple[Device, ...]:
    return tuple(
        each for each in credentials.devices if (each.kind is not DeviceKind.FIDO) is codes
    )
