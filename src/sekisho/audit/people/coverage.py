"""Enabled, enforced, used: three figures that are often taken for one.

Enabled: who has a device. Enforced: who is proved enforced. Used: whose last sign-in is known to
have
been with MFA. A snapshot tells the last only of the console: who has a device is asked for it there
(fact §12, 9); whether an access key was used in a session with MFA, CloudTrail knows alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.account import Credentials
from sekisho.audit.enforcement import Enforced
from sekisho.audit.people.rows import Row

__all__ = ["Coverage", "coverage_of"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many users, of `users`.

    Attributes:
        enabled: have a device; of `enabled_unknown` it is not known.
        console: have a console password; `console_enabled` of them have a device.
        enforced: are proved enforced; of `enforced_unknown` it could not be found out.
        exempt: are not enforced, and are an exception that has not expired.
        used: signed in at the console last when they had a device.
        used_unknown: all others: who never signed in there, who works with access keys, and who has
            no device now, but may have had one then.
    """

    users: int
    enabled: int
    enabled_unknown: int
    console: int
    console_enabled: int
    enforced: int
    enforced_unknown: int
    exempt: int
    used: int
    used_unknown: int


def coverage_of(rows: Iterable[Row]) -> Coverage:
    """Return the figures of these users."""
    found = list(rows)
    used = [_used(row.credentials) for row in found]
    return Coverage(
        users=len(found),
        enabled=sum(row.credentials.enrolled is True for row in found),
        enabled_unknown=sum(row.credentials.enrolled is None for row in found),
        console=sum(row.credentials.password is True for row in found),
        console_enabled=sum(
            bool(row.credentials.password and row.credentials.enrolled) for row in found
        ),
        enforced=sum(row.enforcement.enforced is Enforced.PROVED for row in found),
        enforced_unknown=sum(row.enforcement.enforced is Enforced.UNKNOWN for row in found),
        exempt=sum(row.exempt and row.enforcement.enforced is not Enforced.PROVED for row in found),
        used=sum(used),
        used_unknown=len(found) - sum(used),
    )


def _used(credentials: Credentials) -> bool:
    """Tell whether it is known that the last sign-in at the console was with MFA.

    It was if one of today's devices was there already: who has a device is asked for it.
    """
    enabled = [device.enabled_at for device in credentials.devices if device.enabled_at is not None]
    signed_in = credentials.password_used
    return signed_in is not None and bool(enabled) and signed_in >= min(enabled)
