"""What an account has and moto does not keep: device seeds in step, passwords, boundaries.

One `World` per running endpoint; it is the only mutable state beside moto's own backend, and every
request holds `lock` while it reads or writes either.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from sekisho.engine.model import Assumptions
from sekisho.localaws.clock import Clock
from sekisho.localaws.log import DecisionLog
from sekisho.signin.model import SigninAssumptions

__all__ = ["DeviceState", "PasswordState", "Report", "World"]


@dataclass(slots=True)
class DeviceState:
    """A virtual device's seed and how far it is in step.

    Attributes:
        seed: base32 text, as CreateVirtualMFADevice returned it; a secret.
        drift: how many 30-second steps the device is ahead of the clock.
        last_step: the last step whose code was accepted: none at or before it ever is again.
        tags: the device's tags.
    """

    seed: str = field(repr=False)
    drift: int = 0
    last_step: int | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PasswordState:
    """A console password, hashed; a secret.

    Attributes:
        changed_at: when the password was set last.
        created_at: when the login profile was made; `changed_at` if not given.
        last_used: when somebody last signed in with it.
        former: hashes of earlier passwords, the newest first, for `PasswordReusePrevention`.
        session_seconds: `MaxSigninSessionDuration`, or None.
    """

    hash: str = field(repr=False)
    reset_required: bool
    changed_at: datetime
    last_used: datetime | None = None
    created_at: datetime | None = None
    former: tuple[str, ...] = field(default=(), repr=False)
    session_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A credential report as it was generated."""

    at: datetime
    content: str


@dataclass(slots=True)
class World:
    """The state beyond moto, for one account.

    Attributes:
        master: the key that session tokens and sign-in tickets are sealed with.
        devices: by serial number.
        passwords: by user name.
        boundaries: policy ARN by user name.
        root_mfa: whether the root user has MFA; AWS has demanded it of every account since 2025.
        report: the last credential report.
        spent: sign-in tickets that have been used, with the time when they expire.
        entropy: where seeds come from.
        log: who asked for what, and why it was answered so.
    """

    account: str
    partition: str
    clock: Clock
    engine: Assumptions = field(default_factory=Assumptions)
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)
    master: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    devices: dict[str, DeviceState] = field(default_factory=dict)
    passwords: dict[str, PasswordState] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    root_mfa: bool = True
    report: Report | None = None
    spent: dict[str, datetime] = field(default_factory=dict, repr=False)
    entropy: Callable[[int], bytes] = field(default=secrets.token_bytes, repr=False)
    log: DecisionLog = field(default_factory=DecisionLog, repr=False)
    lock: RLock = field(default_factory=RLock, repr=False)
