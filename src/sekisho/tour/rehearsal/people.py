"""The people of the rehearsal: what each one knows, and their phone."""

from dataclasses import dataclass, field

from sekisho.errors import InternalError
from sekisho.signin import code_at


@dataclass(slots=True)
class Phone:
    """An authenticator app: it holds seeds and shows a code for each 30-second step."""

    _seeds: dict[str, str] = field(default_factory=dict, repr=False)
    _used: dict[str, int] = field(default_factory=dict, repr=False)

    def add(self, serial: str, seed: str) -> None:
        """Add a device by its seed, as scanning its QR code or typing the seed in does."""
        self._seeds[serial] = seed

    @property
    def serials(self) -> tuple[str, ...]:
        """The devices in the app, in the order in which they were added."""
        return tuple(self._seeds)

    def code(self, serial: str, step: int) -> str:
        """Return the code that the app shows for a device in a 30-second step."""
        if serial not in self._seeds:
            raise InternalError(f"a phone that does not have `{serial}`")
        return code_at(self._seeds[serial], step)

    def use(self, serial: str, step: int) -> str:
        """Return the code of a step and remember that its owner has typed it somewhere."""
        self._used[serial] = step
        return self.code(serial, step)

    def used(self, serial: str) -> int | None:
        """Return the last step whose code was typed; None if none was."""
        return self._used.get(serial)


@dataclass(slots=True)
class RehearsedUser:
    """Somebody with a user name, perhaps a password, and a phone."""

    name: str
    password: str = field(default="", repr=False)
    phone: Phone = field(default_factory=Phone)
