"""The time of the events that count."""

from datetime import datetime

from sekisho.lazy import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The time of the events that count, in UTC; None: no limit.

    Attributes:
        start: the first moment that counts.
        end: the first moment after it that does not.
    """

    start: datetime | None = None
    end: datetime | None = None

    def has(self, time: datetime) -> bool:
        """Tell whether an event of that time counts."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)


ALL_TIME = Window()
