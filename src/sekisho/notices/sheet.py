"""Notices as a CSV for mail merge: one line for each person, safe to open in a spreadsheet."""

from collections.abc import Iterable

from sekisho.documents.report import Sheet, SheetColumn, sheet_text
from sekisho.messages import Language, Message
from sekisho.notices.rendering import NoticeContext

_COLUMNS = (
    SheetColumn(Message("user", "csv"), lambda line: line[0].user, foreign=True),
    SheetColumn(Message("send_to", "csv"), lambda line: line[0].owner, foreign=True),
    SheetColumn(Message("kind", "csv"), lambda line: line[0].kind),
    SheetColumn(Message("kinds", "csv"), lambda line: " ".join(line[0].kinds)),
    SheetColumn(Message("wave", "csv"), lambda line: line[0].wave, foreign=True),
    SheetColumn(Message("date", "csv"), lambda line: line[0].date),
    SheetColumn(Message("date_in_words", "csv"), lambda line: line[0].day, foreign=True),
    SheetColumn(Message("exception_expires", "csv"), lambda line: line[0].until),
    SheetColumn(Message("account", "csv"), lambda line: line[0].account, foreign=True),
    SheetColumn(Message("alias", "csv"), lambda line: line[0].alias, foreign=True),
    SheetColumn(Message("sign_in_address", "csv"), lambda line: line[0].address, foreign=True),
    SheetColumn(Message("device_name", "csv"), lambda line: line[0].device, foreign=True),
    SheetColumn(
        Message("device_name_exact", "csv"), lambda line: "yes" if line[0].device_exact else "no"
    ),
    SheetColumn(Message("contact", "csv"), lambda line: line[0].contact, foreign=True),
    SheetColumn(Message("language", "csv"), lambda line: line[0].language),
    SheetColumn(Message("subject", "csv"), lambda line: line[0].subject, foreign=True),
    SheetColumn(Message("text", "csv"), lambda line: line[1], foreign=True),
)
"""The columns; their order and English names do not change."""


def to_merge_csv(
    lines: Iterable[tuple[NoticeContext, str]],
    *,
    bom: bool = False,
    headings: Language = Language.EN,
) -> str:
    """Return one line for each notice.

    Args:
        lines: what each notice names, and its whole text.
        bom: begin with a byte order mark, by which Excel knows that it is UTF-8.
        headings: the language of the column names.
    """
    return sheet_text(Sheet(_COLUMNS, lines), bom=bom, headings=headings)
