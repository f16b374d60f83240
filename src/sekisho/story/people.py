"""The people of the story: what each one knows, and the phone in their pocket."""

from dataclasses import dataclass, field
from datetime import datetime

from sekisho.errors import InternalError
from sekisho.signin import totp

__all__ = ["Person", "Phone"]


@dataclass(slots=True)
class Phone:
    """An authenticator app: it holds seeds and gives codes for a time that it is told."""

    _seeds: dict[str, str] = field(default_factory=dict, repr=False)

    def scan(self, serial: str, seed: str) -> None:
        """Keep the seed of a device, as scanning its QR code does."""
        self._seeds[serial] = seed

    @property
    def serials(self) -> tuple[str, ...]:
        """The devices in the app."""
        return tuple(self._seeds)

    def code(self, serial: str, now: datetime) -> str:
        """Return the code that the app shows for a device at `now`."""
        if serial not in self._seeds:
            raise InternalError(f"a phone that never scanned `{serial}`")
        return totp.code_at(self._seeds[serial], totp.step_of(now))


@dataclass(slots=True)
class Person:
    """Somebody with a user name, perhaps a password, and a phone."""

    name: str
    password: str = field(default="", repr=False)
    phone: Phone = field(default_factory=Phone)
