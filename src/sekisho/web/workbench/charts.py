"""Time lines as SVG, made on the server: no script draws anything.

Every figure is beside its picture in text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Moment:
    """What begins on a day, and goes on from there.

    Attributes:
        kind: its class in the style sheet.
        count: how many people it is about.
        standing: how many of them have enrolled, and how many are enforced; None if not known.
        acted_on: whether the plan of this day acts on it, and when it began is not known.
    """

    name: str
    day: date
    kind: str
    count: int
    standing: tuple[int, int] | None = None
    acted_on: bool = False


@dataclass(frozen=True, slots=True)
class PlacedMoment:
    """A moment at its place on a line of days, in thousandths; and where the present day is."""

    moment: Moment
    start: float
    today: float

    @property
    def width(self) -> float:
        """How far it reaches: to the end of the line."""
        return _WIDTH - self.start


def placed_moments(moments: Sequence[Moment], today: date) -> tuple[PlacedMoment, ...]:
    """Return moments on one line of days that has the present day on it."""
    if not moments:
        return ()
    days = [today, *(each.day for each in moments)]
    first = min(days).toordinal()
    # the last one needs some room to be seen
    span = max(1.0, (max(days).toordinal() - first) * 1.25)

    def at(day: date) -> float:
        return _WIDTH * (day.toordinal() - first) / span

    return tuple(PlacedMoment(each, at(each.day), at(today)) for each in moments)
