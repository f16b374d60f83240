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
from sekisho.localaws import ADMINISTRATOR, BUCKET, LocalAws
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
        code: the code of now; "" if it has been used.
        following: the code after it; "" if it has been used.
        seconds: how long the code of now is valid.
        wait: the seconds until there is a code that has not been used.
    """

    device: str
    code: str
    following: str
    seconds: int
    wait: int


@dataclass(slots=True)
class Phones:
    """The seeds on everybody's phone: user name -> serial number -> seed; secret.

    Attributes:
        last_step: tells the step of a device's last code that was accepted.
    """

    last_step: Callable[[str], int | None]
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
        """Return the codes that a user's phone shows now."""
        with self._lock:
            seeds = dict(self._seeds.get(user, {}))
        return tuple(
            self.code_of(serial.rpartition("/")[2], seed, now, self.last_step(serial))
            for serial, seed in seeds.items()
        )

    def code_of(
        self, device: str, seed: str, now: datetime, last_step: int | None = None
    ) -> PhoneCode:
        """Return the codes that a phone shows after scanning a device's QR code.

        Args:
            device: its name.
            seed: its seed.
            now: the time.
            last_step: the step of the last code that was accepted, or None.
        """
        step, left = step_of(now), STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS
        used = max(0, last_step - step + 1) if last_step is not None else 0
        first, second = (
            code_at(seed, each) if last_step is None or each > last_step else ""
            for each in (step, step + 1)
        )
        return PhoneCode(
            device, first, second, left, left + (used - 1) * STEP_SECONDS if used else 0
        )


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """A user who can sign in at the console with a password.

    Attributes:
        password: the password of the account file, which the rehearsal shows.
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
        local: where it runs.
        phones: everybody's phone.
        administrator: who prepares a user for the employee's path; "" if nobody is known to.
        prepared: the policies that were created for the employee's path alone.
        with_mfa: the users who have signed in with MFA.
        at_bucket: the users who have seen a bucket in a session with MFA.
    """

    account: AccountFile
    local: LocalAws
    phones: Phones
    administrator: str = ""
    prepared: set[str] = field(default_factory=set)
    with_mfa: set[str] = field(default_factory=set)
    at_bucket: set[str] = field(default_factory=set)

    @classmethod
    def at(cls, local: LocalAws, account: AccountFile) -> Self:
        """Return the rehearsal at a local AWS that runs, and spare its first pages the loading.

        The example company has a bucket in it.

        Args:
            local: where.
            account: what it was started with.
        """
        local.warm(_SERVICES)
        connect(credentials=_NOBODY, region=local.region, endpoint_url=local.url).warm(_SERVICES)
        known = {user.name for user in account.users}
        administrator = ADMINISTRATOR if ADMINISTRATOR in known else ""
        if administrator:
            local.add_bucket(BUCKET)
        return cls(account, local, Phones(local.last_step), administrator)

    def __post_init__(self) -> None:
        for user, credentials in self.account.credentials.items():
            for device in credentials.devices:
                if seed := self.account.seeds.get(device.serial):
                    self.phones.add(user, device.serial, seed)

    @property
    def url(self) -> str:
        """The local AWS's endpoint."""
        return self.local.url

    @property
    def region(self) -> str:
        """The region for which calls of IAM are signed."""
        return self.local.region

    def now(self) -> datetime:
        """Return the time of the clock."""
        return self.local.clock.now()

    def advance(self, step: timedelta) -> None:
        """Move the clock forward."""
        self.local.clock.advance(step)

    def people(self) -> tuple[ConsoleUser, ...]:
        """Return the users who can sign in with a password of the account file."""
        return tuple(
            ConsoleUser(name, known.password, known.reset_required, len(known.devices))
            for name, known in sorted(self.account.credentials.items())
            if known.password is not None
        )
