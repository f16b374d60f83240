"""Notices as a CSV for mail merge: one line for each person, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from sekisho.documents import inert_cell
from sekisho.messages import Language, Message
from sekisho.notices.rendering import NoticeContext

_COLUMNS = (
    Message("user", "csv"),
    Message("send_to", "csv"),
    Message("kind", "csv"),
    Message("kinds", "csv"),
    Message("wave", "csv"),
    Message("date", "csv"),
    Message("date_in_words", "csv"),
    Message("exception_expires", "csv"),
    Message("account", "csv"),
    Message("alias", "csv"),
    Message("sign_in_address", "csv"),
    Message("device_name", "csv"),
    Message("device_name_exact", "csv"),
    Message("contact", "csv"),
    Message("language", "csv"),
    Message("subject", "csv"),
    Message("text", "csv"),
)
"""The columns; their order and English names do not change."""

_OURS = ("kind", "kinds", "date", "exception_expires", "device_name_exact", "language")
"""The columns whose forms are our own; all others have texts with values of the account."""


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
    return written_csv(_COLUMNS, map(_line, lines), _OURS, bom=bom, headings=headings)


def written_csv(
    columns: tuple[Message, ...],
    lines: Iterable[Mapping[str, str]],
    ours: tuple[str, ...],
    *,
    bom: bool,
    headings: Language,
) -> str:
    """Return lines by English column names as CSV; cells that are not `ours` are made inert."""
    text = StringIO()
    writer = csv.DictWriter(text, [each.english for each in columns], lineterminator="\r\n")
    writer.writerow({each.english: each.into(headings) for each in columns})
    writer.writerows(
        {name: inert_cell(cell, foreign=name not in ours) for name, cell in line.items()}
        for line in lines
    )
    return ("\ufeff" if bom else "") + text.getvalue()


def _line(notice: tuple[NoticeContext, str]) -> Mapping[str, str]:
    context, text = notice
    return {
        "user": context.user,
        "send_to": context.owner,
        "kind": context.kind,
        "kinds": " ".join(context.kinds),
        "wave": context.wave,
        "date": context.date,
        "date_in_words": context.day,
        "exception_expires": context.until,
        "account": context.account,
        "alias": context.alias,
        "sign_in_address": context.address,
        "device_name": context.device,
        "device_name_exact": "yes" if context.device_exact else "no",
        "contact": context.contact,
        "language": context.language,
        "subject": context.subject,
        "text": text,
    }
