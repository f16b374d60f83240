"""Tables for a terminal, in columns without a frame."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sekisho.cli.wrap import unstyled


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
