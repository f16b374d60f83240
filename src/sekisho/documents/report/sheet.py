"""The rows of a report as CSV: for programs, or to be opened in a spreadsheet."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO

from sekisho.documents.report.model import Row
from sekisho.documents.spreadsheet import inert_cell
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column.

    Attributes:
        name: its name; in English it is stable.
        cell: makes the cell of a row, in English.
        foreign: whether people, AWS or a log have chosen the texts: other forms are our own.
    """

    name: Message
    cell: Callable[[Row], str]
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns, and a line for each row.

    Attributes:
        others: lines of another kind after them, by English names; what is missing is empty.
    """

    columns: Sequence[SheetColumn]
    rows: Iterable[Row]
    others: Iterable[Mapping[str, str]] = ()


def sheet_text(sheet: Sheet, *, bom: bool = False, headings: Language = Language.EN) -> str:
    """Return a sheet as CSV, with English column names unless others are wanted.

    Args:
        sheet: the sheet.
        bom: it is for a spreadsheet: it begins with a byte order mark, by which Excel knows that it
            is UTF-8, and an apostrophe keeps a text that looks like a number as it is.
        headings: the language of the column names; what is in the columns stays English.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(each.name.into(headings) for each in sheet.columns)
    writer.writerows(
        [inert_cell(each.cell(row), foreign=bom and each.foreign) for each in sheet.columns]
        for row in sheet.rows
    )
    names = [each.name.english for each in sheet.columns]
    writer.writerows(
        [inert_cell(line.get(name, ""), foreign=bom) for name in names] for line in sheet.others
    )
    return ("\ufeff" if bom else "") + text.getvalue()
