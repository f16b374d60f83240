"""Bars as SVG, made on the server: no script draws anything.

Every figure is beside its picture in text.
"""

from collections.abc import Sequence

from sekisho.lazy import dataclass

BAR_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of a bar.

    Attributes:
        name: what it stands for.
        count: how many.
        kind: its class in the style sheet: `good`, `bad`, `open`, `waits` or `none`.
    """

    name: str
    count: int
    kind: str


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part of a bar at its place, in thousandths of the width."""

    part: BarPart
    start: float
    width: float


def placed(parts: Sequence[BarPart], whole: int | None = None) -> tuple[PlacedPart, ...]:
    """Return the parts of a bar that are not empty, one after the other.

    Args:
        parts: what the bar is made of.
        whole: how many the whole width stands for; all parts together if not given.
    """
    total = whole or sum(each.count for each in parts)
    placed_parts, start = [], 0.0
    for each in parts:
        if each.count:
            width = BAR_WIDTH * each.count / total
            placed_parts.append(PlacedPart(each, start, width))
            start += width
    return tuple(placed_parts)
