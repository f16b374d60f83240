"""A calendar of denied calls as SVG: a column for each week, a square for each day.

Its colour is the stronger, the more calls would have been denied. Each square says in text
what it stands for, and the figures are in a table as well.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from sekisho.lazy import dataclass
from sekisho.replay.report.model import DayCount

_STEP = 15
"""The distance from one square to the next."""
_WEEKS = 53
"""The columns of one calendar."""
_LEVELS = 4
_LABEL_ROOM = 4
"""The columns that the name of a month needs."""
_DAYS = 7


@dataclass(frozen=True, slots=True)
class PlacedDay:
    """A day at its place.

    Attributes:
        x, y: of the square's upper left corner.
        level: 0: nothing was denied; 1 to 4: by quarters of the worst day; -1: no event at all.
    """

    count: DayCount
    x: int
    y: int
    level: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar of at most one year.

    Attributes:
        months: where a month begins, and its number with the year: `2026-08`.
    """

    days: tuple[PlacedDay, ...]
    months: tuple[tuple[int, str], ...]
    width: int
    height: int = _DAYS * _STEP


def calendars(days: Sequence[DayCount]) -> tuple[Calendar, ...]:
    """Return calendars, one after the other, until each day has a square."""
    if not days:
        return ()
    worst = max(each.denied for each in days)
    first = _week(days[0].day)
    blocks: dict[int, list[PlacedDay]] = {}
    for each in days:
        week = _week(each.day) - first
        x, y = week % _WEEKS * _STEP, each.day.weekday() * _STEP
        blocks.setdefault(week // _WEEKS, []).append(PlacedDay(each, x, y, _level(each, worst)))
    return tuple(
        Calendar(
            days=tuple(block),
            months=tuple(_months(block)),
            # the name of a month has its room, also where the log has one day
            width=max(_LABEL_ROOM * _STEP, max(each.x for each in block) + _STEP),
        )
        for block in blocks.values()
    )


def _week(day: date) -> int:
    """Return the number of a day's week: Monday is its first day."""
    return (day.toordinal() - 1) // _DAYS


def _level(day: DayCount, worst: int) -> int:
    if not day.events:
        return -1
    return -(-day.denied * _LEVELS // worst) if day.denied else 0


def _months(block: Sequence[PlacedDay]) -> Iterator[tuple[int, str]]:
    free, last = 0, ""
    for each in block:
        month = each.count.day.strftime("%Y-%m")
        if month != last and each.x >= free:
            yield each.x, month
            last, free = month, each.x + _LABEL_ROOM * _STEP
