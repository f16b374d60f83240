"""The endpoint's two clocks.

Signatures are checked against real time, as clients sign with it; MFA codes, session expiry and
policy conditions go by a clock that a rehearsal may move forward instead of waiting.
"""

from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Real time plus an offset that only grows."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def wall(self) -> datetime:
        """Return real time, for signatures."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time for codes, sessions and policies."""
        return self.wall() + self._offset

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by `step`.

        Raises:
            ValueError: if `step` is negative: a session that ended must not come back.
        """
        if step < timedelta():
            raise ValueError("the clock only moves forward")
        self._offset += step
