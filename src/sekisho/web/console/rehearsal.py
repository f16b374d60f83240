"""A rehearsal behind the console: the local AWS, its users, their phones, the clock.

Nothing here is part of AWS. A phone shows the codes of the devices whose seeds it knows: those of
the account file, and those that a person has enrolled in this console. A real phone that has
scanned the QR code works as well.
"""

from collections.abc import Callable
from dataclasses import field
from datetime import datetime, timedelta
from threading import Lock
from typing import Self

from sekisho.account import AccountFile
from sekisho.account.aws import Keys, connect
from sekisho.lazy import dataclass
from sekisho.localaws import ADMINISTRATOR, LocalAws
from sekisho.signin import code_at, step_of

STEP_SECONDS = 30

_SERVICES = ("iam", "sts", "s3")
"""What the console calls."""

_NOBODY = Keys("nobody", "")
"""Of a client that calls nothing."""


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """One entry of an authenticator app.

    Attributes:
        device: the device's name.
        code: the code of now.
        following: the code after it.
        seconds: how long the code of now is valid.
    """

    device: str
    code: str
    following: str
    seconds: int


@dataclass(slots=True)
class Phones:
    """The seeds on everybody's phone: user name -> serial number -> seed; secret."""

    _seeds: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, user: str, serial: str, seed: str) -> None:
        """Have a user's phone show the codes of a device."""
        with self._lock:
            self._seeds.setdefault(user, {})[serial] = seed

    def drop(self, user: str, serial: str) -> None:
        """Take a device off a user's phone."""
        with self._lock:
            self._seeds.get(user, {}).pop(serial, None)

    def codes(self, user: str, now: datetime) -> tuple[PhoneCode, ...]:
        """Return what a user's phone shows now."""
        with self._lock:
            seeds = dict(self._seeds.get(user, {}))
        return tuple(
            self.code_of(serial.rpartition("/")[2], seed, now) for serial, seed in seeds.items()
        )

    def code_of(self, device: str, seed: str, now: datetime) -> PhoneCode:
        """Return what a phone shows now that has scanned a device's QR code."""
        step, left = step_of(now), STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS
        return PhoneCode(device, code_at(seed, step), code_at(seed, step + 1), left)


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """A user who can sign in at the console with a password.

    Attributes:
        password: the password of the account file; whoever rehearses is shown it.
        temporary: whether it must be changed at the first sign-in.
        devices: how many MFA devices the user has at the start.
    """

    name: str
    password: str = field(repr=False)
    temporary: bool
    devices: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A running local AWS with the users, phones and clock of a rehearsal at its console.

    Attributes:
        account: the account file that it was started with.
        url: its endpoint.
        region: the region for which calls of IAM are signed.
        now: what its clock shows.
        advance: moves its clock forward.
        phones: everybody's phone.
        administrator: who prepares a user for the employee's path; "" if nobody is known to.
    """

    account: AccountFile
    url: str
    region: str
    now: Callable[[], datetime]
    advance: Callable[[timedelta], None]
    phones: Phones = field(default_factory=Phones)
    administrator: str = ""

    @classmethod
    def at(cls, local: LocalAws, account: AccountFile) -> Self:
        """Return the rehearsal at a local AWS that runs, and spare its first pages the loading.

        Args:
            local: where.
            account: what it was started with.
        """
        clock, url, region = local.clock, local.url, local.region
        local.warm(_SERVICES)
        connect(credentials=_NOBODY, region=region, endpoint_url=url).warm(_SERVICES)
        known = {user.name for user in account.users}
        administrator = ADMINISTRATOR if ADMINISTRATOR in known else ""
        return cls(account, url, region, clock.now, clock.advance, administrator=administrator)

    def __post_init__(self) -> None:
        for user, credentials in self.account.credentials.items():
            for device in credentials.devices:
                if seed := self.account.seeds.get(device.serial):
                    self.phones.add(user, device.serial, seed)

    def people(self) -> tuple[ConsoleUser, ...]:
        """Return who can sign in with a password of the account file."""
        return tuple(
            ConsoleUser(name, known.password, known.reset_required, len(known.devices))
            for name, known in sorted(self.account.credentials.items())
            if known.password is not None
        )
