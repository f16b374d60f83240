"""A recording of a terminal as a drawing (SVG): text with ANSI colours, light or dark.

It is text and not pixels: sharp at any size, and read by who cannot see it. Each run of cells has
its place and width written down, so that Japanese takes two cells whatever the font.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby
from xml.sax.saxutils import escape

from sekisho.messages import cell_width

CELL, LINE, SIZE = 8.4, 20, 14
MARGIN, BAR = 18, 36
FONTS = (
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK JP', "
    "monospace"
)
_CODE = re.compile(r"\x1b\[([\d;]*)m")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# the bright ones are drawn as the others
_COLOURS = {start + place: name for start in (30, 90) for place, name in enumerate(_NAMES)}


class Theme(Enum):
    """The colours of a terminal: paper, edge, text, dim text, then ANSI's eight but the black.

    Every one of them is readable on its paper: a contrast of at least 4.5 to 1 (WCAG 2.2, AA).
    """

    LIGHT = (
        *("#ffffff", "#d0d7de", "#1f2328", "#59636e"),
        *("#b31d28", "#116329", "#7d4e00", "#0550ae", "#8250df", "#1b6a72", "#59636e"),
    )
    DARK = (
        *("#0d1117", "#30363d", "#e6edf3", "#9198a1"),
        *("#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#b1bac4"),
    )

    @property
    def paper(self) -> str:
        """The background."""
        return self.value[0]

    @property
    def edge(self) -> str:
        """The colour of the border."""
        return self.value[1]

    def ink(self, look: "Look") -> str:
        """Return the colour of a text."""
        if look.colour in _NAMES[1:]:
            return self.value[3 + _NAMES.index(look.colour)]
        return self.value[3 if look.dim else 2]


@dataclass(frozen=True)
class Look:
    """How a cell looks: the colour's name, "" for the usual one."""

    colour: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False


@dataclass(frozen=True)
class Run:
    """Cells that look alike, from a column on; all of them of one width."""

    column: int
    cells: int
    text: str
    look: Look


def recording(lines: Sequence[str], theme: Theme, title: str, columns: int) -> str:
    """Return an SVG of a terminal.

    Args:
        lines: what is seen, with ANSI's codes for colours; longer ones are broken as terminals do.
        theme: its colours.
        title: what the picture shows, for who cannot see it.
        columns: the width of the terminal in cells.
    """
    rows = [row for line in lines for row in _rows(line, columns)]
    width = round(columns * CELL + 2 * MARGIN)
    height = len(rows) * LINE + BAR + MARGIN
    drawn = [_drawn(run, number, theme) for number, row in enumerate(rows) for run in row]
    dots = "".join(
        f'<circle cx="{MARGIN + 4 + 18 * place}" cy="18" r="5.5" fill="{theme.edge}"/>'
        for place in range(3)
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" font-size="{SIZE}" '
            f'font-family="{FONTS}">',
            f"<title>{escape(title)}</title>",
            f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8" '
            f'fill="{theme.paper}" stroke="{theme.edge}"/>',
            dots,
            *drawn,
            "</svg>\n",
        ]
    )


def _drawn(run: Run, row: int, theme: Theme) -> str:
    look = run.look
    x, y = MARGIN + run.column * CELL, BAR + MARGIN / 2 + row * LINE + 6
    style = ' font-weight="bold"' * look.bold + ' font-style="italic"' * look.italic
    return (
        f'<text x="{x:.1f}" y="{y:g}" textLength="{run.cells * CELL:.1f}" '
        f'lengthAdjust="spacingAndGlyphs" fill="{theme.ink(look)}"{style} '
        f'xml:space="preserve">{escape(run.text)}</text>'
    )


def _rows(line: str, columns: int) -> Iterator[list[Run]]:
    """Yield a line's runs, row by row."""
    cells: list[tuple[int, str, Look]] = []
    column = 0
    for letter, look in _letters(line):
        wide = cell_width(letter)
        if column + wide > columns:
            yield _runs(cells)
            cells, column = [], 0
        cells.append((column, letter, look))
        column += wide
    yield _runs(cells)


def _runs(cells: Sequence[tuple[int, str, Look]]) -> list[Run]:
    runs = []
    for (look, wide), group in groupby(cells, key=lambda cell: (cell[2], cell_width(cell[1]))):
        found = list(group)
        text = "".join(letter for _, letter, _ in found)
        if text.strip():
            runs.append(Run(found[0][0], wide * len(found), text, look))
    return runs


def _letters(line: str) -> Iterator[tuple[str, Look]]:
    look = Look()
    for number, part in enumerate(_CODE.split(line)):
        if number % 2:
            for code in part.split(";"):
                look = _after(int(code or 0), look)
        else:
            yield from ((letter, look) for letter in part)


def _after(code: int, look: Look) -> Look:
    """Return how what follows a code looks.

    Raises:
        ValueError: if it is none that `sekisho` prints.
    """
    match code:
        case 0:
            return Look()
        case 1:
            return replace(look, bold=True)
        case 2:
            return replace(look, dim=True)
        case 3:
            return replace(look, italic=True)
        case _ if code in _COLOURS:
            return replace(look, colour=_COLOURS[code])
        case _:
            raise ValueError(f"a code that is not drawn: {code}")
