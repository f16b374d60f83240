"""Whose a virtual MFA device may be that nobody has enabled: a guess, by its name."""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.account import Device, Snapshot, User
from sekisho.messages import Message

_WITHOUT = Message("named like {user}, who has no device and may be setting it up just now")
_WITH = Message("named like {user}, who has another device")
_NOBODY = Message("named like nobody here")


@dataclass(frozen=True, slots=True)
class Guess:
    """Whose a device may be.

    Attributes:
        user: the user whose name its name begins with; "" if there is none.
        text: why, and what that user has.
    """

    user: str
    text: Message


def guesses(snapshot: Snapshot) -> Iterator[tuple[Device, Guess]]:
    """Yield each device that nobody has enabled, with whose it may be."""
    for device in snapshot.unassigned_devices:
        yield device, _guess(device.serial.rpartition("/")[2], snapshot.users)


def _guess(name: str, users: tuple[User, ...]) -> Guess:
    """Guess by the longest user name that the device's name is or begins with."""
    alike = [user for user in users if name == user.name or name.startswith(f"{user.name}-")]
    if not alike:
        return Guess("", _NOBODY)
    user = max(alike, key=lambda user: len(user.name))
    return Guess(user.name, (_WITH if user.devices else _WITHOUT).filled(user=user.name))
