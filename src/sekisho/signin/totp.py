"""Time-based one-time passwords: a virtual device is enabled, and its codes are verified.

SHA-1, 30 seconds, six digits, as RFC 6238 sets by default and authenticator apps assume; AWS names
the standard but not the parameters. A code is accepted once: neither it nor an older
one is taken again. The drift of a device's clock is learnt from the codes it is seen to give.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import field, replace
from datetime import datetime

from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.signin.model import SigninAssumptions
from sekisho.signin.refusal import ErrorCode, Refused, Rule

PERIOD = 30
"""The seconds for which a code is valid."""

DIGITS = 6
"""The length of a code."""

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_MINIMUM_SEED = 10  # bytes; RFC 4226 asks for 16, older authenticators made 10


def step_of(when: datetime) -> int:
    """Return the number of the 30-second step at `when`, counted from 1970."""
    if when.tzinfo is None:
        raise InternalError("a time without a zone for an MFA code")
    return int(when.timestamp() // PERIOD)


def code_at(seed: str, step: int) -> str:
    """Return the six-digit code of a base32 `seed` at `step`."""
    digest = hmac.digest(_secret_key(seed), step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def is_code(text: str) -> bool:
    """Return whether `text` has the form of a code: six ASCII digits."""
    return _CODE.fullmatch(text) is not None


def is_seed(text: str) -> bool:
    """Return whether `text` is a base32 seed that a device can have."""
    try:
        return len(_decoded(text)) >= _MINIMUM_SEED
    except (binascii.Error, ValueError):
        return False


def _decoded(seed: str) -> bytes:
    text = seed.replace(" ", "").rstrip("=").upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _secret_key(seed: str) -> bytes:
    try:
        return _decoded(seed)
    except (binascii.Error, ValueError):
        # the cause would contain the seed
        raise InternalError("a device whose seed is not base32") from None


@dataclass(frozen=True, slots=True)
class TotpDevice:
    """A virtual device's state for verifying codes.

    Attributes:
        seed: base32 text; a secret.
        drift: how many steps the device is ahead of the clock.
        last_step: the last step whose code was accepted, in the device's own count; no code of it
            or of an earlier one is accepted again. None: none was.
    """

    seed: str = field(repr=False)
    drift: int = 0
    last_step: int | None = None

    def enable(
        self, codes: tuple[str, str], now: datetime, assumptions: SigninAssumptions
    ) -> "TotpDevice | Refused":
        """Return the device synchronised by two consecutive codes, the older first.

        Codes may be older than at sign-in: AWS accepts codes that were submitted late, and counts
        the delay as drift (IAM User Guide, "Enable a virtual MFA device").
        """
        first, second = codes
        if not (is_code(first) and is_code(second)):
            return _wrong_code(Rule.TWO_CODES)
        for delta in _nearest_first(assumptions.resync_window):
            step = step_of(now) + self.drift + delta
            if self._fresh(step - 1) and self._gives(first, step - 1) & self._gives(second, step):
                return replace(self, drift=self.drift + delta, last_step=step)
        return _wrong_code(Rule.TWO_CODES)

    def resync(
        self, codes: tuple[str, str], now: datetime, assumptions: SigninAssumptions
    ) -> "TotpDevice | Refused":
        """Return the device synchronised again, by the same two codes as `enable`."""
        return self.enable(codes, now, assumptions)

    def verify(
        self, code: str, now: datetime, assumptions: SigninAssumptions
    ) -> "TotpDevice | Refused":
        """Return the device with `code` used up, or the refusal of a wrong, late or used code."""
        if not is_code(code):
            return _wrong_code(Rule.CODE_ONCE)
        for delta in _nearest_first(assumptions.totp_window):
            step = step_of(now) + self.drift + delta
            if self._fresh(step) and self._gives(code, step):
                return replace(self, drift=self.drift + delta, last_step=step)
        return _wrong_code(Rule.CODE_ONCE)

    def _fresh(self, step: int) -> bool:
        return step >= 0 and (self.last_step is None or step > self.last_step)

    def _gives(self, code: str, step: int) -> bool:
        return hmac.compare_digest(code_at(self.seed, step), code)


def _nearest_first(window: int) -> Iterable[int]:
    return sorted(range(-window, window + 1), key=lambda delta: (abs(delta), delta))


def _wrong_code(rule: Rule) -> Refused:
    return Refused(
        ErrorCode.INVALID_AUTHENTICATION_CODE,
        "Authentication code for device is not valid.",
        403,
        rule,
    )
