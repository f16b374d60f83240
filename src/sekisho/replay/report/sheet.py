"""A replay's rows as a sheet: one line for each row, and for each place that was not read."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sekisho.documents.report import Sheet, SheetColumn
from sekisho.messages import Message
from sekisho.replay.report.model import NOT_OPENED, LogFigures, ReplayReport
from sekisho.replay.rows import cause_name

_NOT_READ = "not read"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


_COLUMNS = (
    SheetColumn(Message("account", "csv"), lambda row: row.caller.account, foreign=True),
    SheetColumn(Message("caller_kind", "csv"), lambda row: row.caller.kind.value, foreign=True),
    SheetColumn(Message("caller", "csv"), lambda row: row.caller.name, foreign=True),
    SheetColumn(Message("arn", "csv"), lambda row: row.caller.arn, foreign=True),
    SheetColumn(Message("access_key", "csv"), lambda row: row.key_id, foreign=True),
    SheetColumn(Message("mfa", "csv"), lambda row: row.mfa, foreign=True),
    SheetColumn(Message("service", "csv"), lambda row: row.service, foreign=True),
    SheetColumn(Message("event", "csv"), lambda row: row.event, foreign=True),
    SheetColumn(
        Message("actions", "csv"), lambda row: " ".join(row.judgement.actions), foreign=True
    ),
    SheetColumn(Message("invoked_by", "csv"), lambda row: row.invoked_by, foreign=True),
    SheetColumn(Message("outcome", "csv"), lambda row: row.judgement.outcome.value),
    SheetColumn(
        Message("reason", "csv"),
        lambda row: row.judgement.reason.value if row.judgement.reason else "",
    ),
    SheetColumn(
        Message("unknown_keys", "csv"), lambda row: " ".join(row.judgement.keys), foreign=True
    ),
    SheetColumn(
        Message("statements", "csv"),
        lambda row: "; ".join(cause_name(each) for each in row.judgement.causes),
        foreign=True,
    ),
    SheetColumn(
        Message("sign_in", "csv"),
        lambda row: row.sign_in.value if row.sign_in else "",
        foreign=True,
    ),
    SheetColumn(Message("aws_login", "csv"), lambda row: "yes" if row.aws_login else ""),
    SheetColumn(
        Message("guessed_action", "csv"), lambda row: "yes" if row.judgement.guessed_action else ""
    ),
    SheetColumn(
        Message("assumed", "csv"), lambda row: " ".join(row.judgement.assumed), foreign=True
    ),
    SheetColumn(Message("events", "csv"), lambda row: str(row.tally.events)),
    SheetColumn(Message("first", "csv"), lambda row: _time(row.tally.first)),
    SheetColumn(Message("last", "csv"), lambda row: _time(row.tally.last)),
    SheetColumn(Message("first_event_id", "csv"), lambda row: row.tally.first_id, foreign=True),
    SheetColumn(Message("last_event_id", "csv"), lambda row: row.tally.last_id, foreign=True),
)


def replay_sheet(report: ReplayReport) -> Sheet:
    """Return one line for each row, and for each place that was not read.

    What was not read has the outcome `not read`, the file as its event, and how many records are
    lost if that is known.
    """
    return Sheet(_COLUMNS, report.rows, _not_read(report.log))


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
