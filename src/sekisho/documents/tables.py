"""Tables for a terminal: columns as wide as they need, narrower where the line is too short.

A cell that does not fit goes on below. Nothing in a cell is what a terminal would obey.
"""

from collections.abc import Iterable, Iterator, Sequence

from sekisho.lazy import dataclass
from sekisho.messages import cell_width, padded, printable, wrapped

_NARROWEST = 3
"""A column of one wide character, and a space beside it."""


@dataclass(frozen=True, slots=True)
class TableLines:
    """The lines of a table, none of which ends in a space.

    Attributes:
        headings: the first ones, more than one if a heading goes on below.
        rows: all others.
    """

    headings: tuple[str, ...]
    rows: tuple[str, ...]


def table_lines(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    width: int,
    gap: int = 2,
) -> TableLines:
    """Return the lines of a table without a frame.

    Args:
        columns: the headings.
        rows: a text for each column.
        width: how many cells of a terminal a line may take.
        gap: the cells between columns.
    """
    lines = _printable(columns, rows)
    # half of a gap belongs to each of its neighbours
    sides = [gap - gap // 2] + [gap] * (len(columns) - 2) + [gap // 2]
    return _lines(lines, _narrowed(_natural(lines), sides[-len(columns) :], width), gap)


def table_of_whole_words(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, width: int, longest: int
) -> TableLines | None:
    """Return the lines of a table without a frame; None if there is no room for its words.

    Args:
        columns: the headings.
        rows: a text for each column.
        width: how many cells of a terminal a line may take.
        longest: a word of more cells may be cut, like the name of a user. Texts without spaces
            get half as many cells at least.
    """
    lines = _printable(columns, rows)
    gap = 2
    widths = _natural(lines)
    least = [
        min(each, longest, max(longest // 2, *map(_longest_word, column)))
        for each, column in zip(widths, zip(*lines, strict=True), strict=True)
    ]
    excess = sum(widths) + gap * (len(widths) - 1) - width
    for _ in range(excess):
        able = [place for place, each in enumerate(widths) if each > least[place]]
        if not able:
            return None
        widths[max(able, key=widths.__getitem__)] -= 1
    return _lines(lines, widths, gap)


def _longest_word(text: str) -> int:
    return max(map(cell_width, wrapped(text, 1, whole=True)))


def _lines(lines: Sequence[Sequence[str]], widths: Sequence[int], gap: int) -> TableLines:
    headings, *others = (
        [(" " * gap).join(cells).rstrip() for cells in _below(line, widths)] for line in lines
    )
    return TableLines(tuple(headings), tuple(line for row in others for line in row))


def framed_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, width: int
) -> Iterator[str]:
    """Yield the lines of a table in a frame, with a line between rows.

    Args:
        columns: the headings.
        rows: a text for each column.
        width: how many cells of a terminal a line may take.
    """
    lines = _printable(columns, rows)
    widths = _narrowed(_natural(lines), [2] * len(columns), width - len(columns) - 1)

    def rule(left: str, line: str, between: str, right: str) -> str:
        return left + between.join(line * (each + 2) for each in widths) + right

    yield rule("┏", "━", "┳", "┓")
    yield from (f"┃ {' ┃ '.join(cells)} ┃" for cells in _below(lines[0], widths))
    yield rule("┡", "━", "╇", "┩")
    for number, line in enumerate(lines[1:]):
        if number:
            yield rule("├", "─", "┼", "┤")
        yield from (f"│ {' │ '.join(cells)} │" for cells in _below(line, widths))
    yield rule("└", "─", "┴", "┘")


def _printable(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[list[str]]:
    return [[printable(cell) for cell in line] for line in (columns, *rows)]


def _natural(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_width, column)) for column in zip(*lines, strict=True)]


def _narrowed(widths: Sequence[int], sides: Sequence[int], available: int) -> list[int]:
    """Return widths whose sum with the spaces beside them is at most `available`.

    The widest columns give first.
    """
    narrowed = [width + side for width, side in zip(widths, sides, strict=True)]
    while (excess := sum(narrowed) - available) > 0:
        widest = max(narrowed)
        if widest <= _NARROWEST:
            break
        second = max((each for each in narrowed if each != widest), default=1)
        giving = [place for place, each in enumerate(narrowed) if each == widest]
        most = max(1, widest - second)
        for left, place in zip(range(len(giving), 0, -1), giving, strict=True):
            gives = min(most, round(excess / left))
            narrowed[place] -= gives
            excess -= gives
    return [max(1, width - side) for width, side in zip(narrowed, sides, strict=True)]


def _below(cells: Sequence[str], widths: Sequence[int]) -> Iterator[list[str]]:
    """Yield the lines of one row: each its cells, padded."""
    parts = [wrapped(cell, max(width, 1)) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, parts))):
        yield [
            padded(part[number] if number < len(part) else "", width)
            for part, width in zip(parts, widths, strict=True)
        ]
