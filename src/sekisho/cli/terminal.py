"""Text for a terminal: unstyled, wrapped, and in tables of columns without a frame.

rich breaks lines at spaces only, of which Japanese has none. Here a line may end after any wide
character, but no line begins with a closing mark (the first rule of 禁則処理).
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.text import Text as RichText

from sekisho.messages import printable

_NOT_FIRST = "、。，．・：；？！」』）】〉》々ー)],."
_PIECE = re.compile(rf"(?:[^\s\u3000-\u9fff\uff00-\uffef]+|[^\s])[{re.escape(_NOT_FIRST)}]*|\s+")


def unstyled(text: str) -> RichText:
    """Return text without markup and with nothing in it that a terminal would obey."""
    return RichText(printable(text))


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; one word that is longer is cut."""
    lines, line = [], ""
    for piece in _pieces(text, width):
        if cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def hanging(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; all but the first begin two further in."""
    body = text.lstrip(" ")
    indent = len(text) - len(body)
    first, *others = wrapped(body, width - indent - 2)
    return [" " * indent + first, *(" " * (indent + 2) + line for line in others)]


def _pieces(text: str, width: int) -> list[str]:
    pieces = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        while cell_len(piece) > width:
            pieces.append(piece[: width // 2])
            piece = piece[width // 2 :]
        pieces.append(piece)
    return pieces


def table_lines(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    width: int,
    gap: int = 2,
) -> list[Text]:
    """Return the lines of a table, the first with its bold headings; none ends in a space.

    Nothing in a cell is markup, and nothing is what a terminal would obey.

    Args:
        columns: the headings.
        rows: a text for each column.
        width: how many cells of a terminal a line may take; what does not fit goes on below.
        gap: the cells between columns.
    """
    left = gap // 2
    table = Table(box=None, pad_edge=False, padding=(0, gap - left, 0, left), header_style="bold")
    for column in columns:
        table.add_column(unstyled(column), overflow="fold")
    for row in rows:
        table.add_row(*map(unstyled, row))
    # nothing is printed by this console: it measures
    lines = []
    for segments in Console(width=width).render_lines(table, pad=False):
        line = Text.assemble(*((part.text, part.style or "") for part in segments))
        line.rstrip()
        lines.append(line)
    return lines
