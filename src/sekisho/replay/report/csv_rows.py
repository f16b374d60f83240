"""A replay's rows as CSV, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO

from sekisho.documents import inert_cell
from sekisho.messages import Language, Message
from sekisho.replay.report.model import NOT_OPENED, LogFigures, ReplayReport
from sekisho.replay.report.rows import CallRow, cause_name

_COLUMNS = (
    Message("account", "csv"),
    Message("caller_kind", "csv"),
    Message("caller", "csv"),
    Message("arn", "csv"),
    Message("access_key", "csv"),
    Message("mfa", "csv"),
    Message("service", "csv"),
    Message("event", "csv"),
    Message("actions", "csv"),
    Message("invoked_by", "csv"),
    Message("outcome", "csv"),
    Message("reason", "csv"),
    Message("unknown_keys", "csv"),
    Message("statements", "csv"),
    Message("sign_in", "csv"),
    Message("aws_login", "csv"),
    Message("guessed_action", "csv"),
    Message("assumed", "csv"),
    Message("events", "csv"),
    Message("first", "csv"),
    Message("last", "csv"),
    Message("first_event_id", "csv"),
    Message("last_event_id", "csv"),
)
_OURS = frozenset({"events", "first", "last", "outcome", "reason", "aws_login", "guessed_action"})
"""The columns whose forms are our own; all others have what a log says."""


_NOT_READ = "not read"


def to_csv(report: ReplayReport, *, bom: bool = False, headings: Language = Language.EN) -> str:
    """Return one line for each row, and for each place that was not read.

    The column names are English unless others are wanted. What was not read has the outcome `not
    read`, the file as its event, and how many records are lost if that is known.

    Args:
        report: the replay.
        bom: begin with a byte order mark, by which Excel knows that it is UTF-8.
        headings: the language of the column names; what is in the columns stays English.
    """
    text = StringIO()
    writer = csv.DictWriter(text, [each.english for each in _COLUMNS], lineterminator="\r\n")
    writer.writerow({each.english: each.into(headings) for each in _COLUMNS})
    for row in report.rows:
        line = _line(row)
        writer.writerow(
            {name: inert_cell(cell, foreign=name not in _OURS) for name, cell in line.items()}
        )
    for line in _not_read(report.log):
        writer.writerow({name: inert_cell(cell, foreign=True) for name, cell in line.items()})
    return ("\ufeff" if bom else "") + text.getvalue()


def _not_read(log: LogFigures) -> Iterator[Mapping[str, str]]:
    for each in log.faults:
        place = f" ({each.place})" if each.place else ""
        yield {
            "event": f"{each.file}{place}",
            "outcome": _NOT_READ,
            "reason": str(each.what),
            "events": str(each.records or ""),
        }
    if log.not_opened:
        yield {"outcome": _NOT_READ, "reason": f"{NOT_OPENED}: {log.not_opened} files"}


def _line(row: CallRow) -> Mapping[str, str]:
    caller, said, seen = row.caller, row.judgement, row.tally
    return {
        "account": caller.account,
        "caller_kind": caller.kind.value,
        "caller": caller.name,
        "arn": caller.arn,
        "access_key": row.key_id,
        "mfa": row.mfa,
        "service": row.service,
        "event": row.event,
        "actions": " ".join(said.actions),
        "invoked_by": row.invoked_by,
        "outcome": said.outcome.value,
        "reason": said.reason.value if said.reason else "",
        "unknown_keys": " ".join(said.keys),
        "statements": "; ".join(cause_name(each) for each in said.causes),
        "sign_in": row.sign_in.value if row.sign_in else "",
        "aws_login": "yes" if row.aws_login else "",
        "guessed_action": "yes" if said.guessed_action else "",
        "assumed": " ".join(said.assumed),
        "events": str(seen.events),
        "first": _time(seen.first),
        "last": _time(seen.last),
        "first_event_id": seen.first_id,
        "last_event_id": seen.last_id,
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
