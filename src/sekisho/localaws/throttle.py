"""How often somebody may be wrong about a password or a code.

A code has six digits, and three of them are right at a time: whoever may try without end is in
within the hour. AWS throttles such tries and does not say how; here it is ten in five minutes for
one user or device. Tries are counted before they are checked, so that many at once are no way
round, and by the local AWS's own clock.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

MOST_WRONG = 10
"""Wrong tries that are taken in one window."""

WINDOW_OF_TRIES = timedelta(minutes=5)
MAX_SUBJECTS = 10_000
"""Whoever wants to make it forget one subject has to try so many others first."""


class Throttle:
    """Counts tries by subject, such as a user's name; it forgets those of the past."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[datetime, ...]] = OrderedDict()

    def spend(self, subject: str, now: datetime) -> bool:
        """Count a try, and tell whether it may be made."""
        recent = tuple(at for at in self._tries.get(subject, ()) if now - at < WINDOW_OF_TRIES)
        if len(recent) >= MOST_WRONG:
            return False
        self._tries[subject] = (*recent, now)
        self._tries.move_to_end(subject)
        while len(self._tries) > MAX_SUBJECTS:
            self._tries.popitem(last=False)
        return True

    def clear(self, subject: str) -> None:
        """Forget the tries of a subject that was right."""
        self._tries.pop(subject, None)
