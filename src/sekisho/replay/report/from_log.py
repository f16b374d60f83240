"""The report of a log that was read and grouped: each group is judged once."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from sekisho.replay.judge import Judge
from sekisho.replay.outcome import CallOutcome
from sekisho.replay.report.model import (
    DayCount,
    FileFault,
    LogFigures,
    LoggedCalls,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    days_between,
    report_of_calls,
)

if TYPE_CHECKING:
    from sekisho.replay.reading import Reading, SkippedKind, TrailGroups
    from sekisho.replay.tables import Outcomes


def report_on(
    groups: "TrailGroups",
    judge: Judge,
    log: LogFigures,
    question: ReplayQuestion,
    made: MadeBy,
) -> ReplayReport:
    """Return the report of a log.

    Args:
        groups: the log.
        judge: says what would have become of the calls of a group.
        log: what was read: see `figures_of`.
        question: what was asked.
        made: of which version the report is.
    """
    from sekisho.replay.tables import LogTable  # noqa: PLC0415 - needs the extra

    table = LogTable(groups, judge)
    calls = LoggedCalls(table.keys(), table.details, _days(groups, table.outcomes))
    return report_of_calls(question, log, calls, made)


def figures_of(reading: "Reading", left_out: "Mapping[SkippedKind, int]") -> LogFigures:
    """Return what was read, as a report has it.

    Args:
        reading: what was read.
        left_out: the files that were not even opened, by what their paths say.
    """
    skipped = Counter({kind.value: count for kind, count in left_out.items()})
    skipped.update({kind.value: count for kind, count in reading.skipped.items()})
    return LogFigures(
        files=reading.files,
        size=reading.bytes,
        events=reading.events,
        skipped=dict(sorted(skipped.items())),
        outside=reading.outside_window,
        duplicates=reading.duplicates,
        faults=tuple(
            FileFault(each.file, each.place, each.what, each.records) for each in reading.faults
        ),
        notes=reading.notes,
    )


def _days(groups: "TrailGroups", outcomes: "Outcomes") -> tuple[DayCount, ...]:
    """Return how many events each day had, and how many of them would have been denied.

    A quarter of a large log has a million rows of days: they are added up by Arrow.
    """
    import pyarrow as pa  # noqa: PLC0415 - what is said of groups made by hand needs no Arrow

    is_denied = [each.outcome is CallOutcome.DENIED for each in outcomes.judgements]
    denied = pa.array(is_denied, pa.bool_()).take(outcomes.places).take(groups.days["group"])
    by_day: dict[date, int] = {}
    denied_by_day: dict[date, int] = {}
    for into, table in ((by_day, groups.days), (denied_by_day, groups.days.filter(denied))):
        summed = table.group_by("day").aggregate([("events", "sum")])
        days, events = summed["day"].to_pylist(), summed["events_sum"].to_pylist()
        into.update(zip(days, events, strict=True))
    return days_between(by_day, denied_by_day)
