"""How often somebody may be wrong about a password or a code.

A code has six digits, and three of them are right at a time: whoever may try without end is in
within the hour. AWS throttles such tries and does not say how; here it is ten in five minutes for
one user or device, from one source. Tries are counted before they are checked, so that many at once
are no way round, and by the local AWS's own clock.

A source is what the tries come with and nobody can choose freely: the key that signs, the sign-in
of somebody whose password was right, or an address. So nobody is kept out by what others try with
another key. An address of this computer can be chosen, and many of them would be many times ten
tries: all that were never right have fifty together.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MOST_WRONG = 10
"""Wrong tries from one source that are taken in one window."""

MOST_OF_STRANGERS = 50
"""Wrong tries that are taken in one window from all sources that were never right."""

WINDOW_OF_TRIES = timedelta(minutes=5)
MAX_SUBJECTS = 10_000
"""Whoever wants to make it forget one subject has to try so many others first."""

SIGN_IN = "sign-in"
"""The source of what is typed into the sign-in after the password was right."""


@dataclass(frozen=True, slots=True)
class _Source:
    tries: tuple[datetime, ...] = ()
    was_right: bool = False


class Throttle:
    """Counts tries by subject, such as a user's name, and source; it forgets those of the past."""

    def __init__(self) -> None:
        self._sources: OrderedDict[str, dict[str, _Source]] = OrderedDict()

    def spend(self, subject: str, source: str, now: datetime) -> bool:
        """Count a try, and tell whether it may be made."""
        sources = {
            name: replace(each, tries=recent)
            for name, each in self._sources.get(subject, {}).items()
            if (recent := _recent(each.tries, now)) or each.was_right
        }
        mine = sources.get(source, _Source())
        strangers = sum(len(each.tries) for each in sources.values() if not each.was_right)
        if len(mine.tries) >= MOST_WRONG or (strangers >= MOST_OF_STRANGERS and not mine.was_right):
            return False
        self._sources[subject] = sources | {source: replace(mine, tries=(*mine.tries, now))}
        self._sources.move_to_end(subject)
        while len(self._sources) > MAX_SUBJECTS:
            self._sources.popitem(last=False)
        return True

    def clear(self, subject: str, source: str) -> None:
        """Forget the tries of a source that was right."""
        self._sources.setdefault(subject, {})[source] = _Source(was_right=True)


def _recent(tries: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in tries if now - at < WINDOW_OF_TRIES)
