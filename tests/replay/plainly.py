"""The plain way: what grouping, judging and reporting come to, record by record.

It holds every record at once and remembers nothing. The fast ways are held against it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import compress
from operator import not_

from sekisho.engine import Engine
from sekisho.replay import (
    ALWAYS,
    CallerDetail,
    CallGroup,
    CallOutcome,
    Column,
    DetailKind,
    Judgement,
    JudgeSettings,
    OutcomeReason,
    RecordFault,
    Tally,
    TrailEvent,
    TrailRecord,
    Window,
    read_record,
)
from sekisho.replay.binding import Binding
from sekisho.replay.case import Judging, asked_with, bound_caller
from sekisho.replay.decide import judgement
from sekisho.replay.difference import difference
from sekisho.replay.reading import TrailGroups
from sekisho.replay.report.model import (
    DayCount,
    LogFigures,
    LoggedCalls,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    report_of_calls,
)
from sekisho.replay.report.usage import CountedLogs
from sekisho.replay.rows import CallRow, JudgedGroup, KeyCalls, LoggedCaller, rows_of, summed
from sekisho.replay.tables import Outcomes
from sekisho.replay.window import ALL_TIME

_DEFAULTS = JudgeSettings()


@dataclass(frozen=True)
class PlainGroups:
    """Records in groups.

    Attributes:
        groups: in the order in which each was first met.
        days: how many events of a group, by its place, there were on a day in UTC.
        details: of the calls of IAM users and root; where the calls came from, and when.
        faults: the faulty records, by their place among all.
        outside_window: how many records were of another time.
        copies: how many records were of calls that another record tells more of; see `copies_in`.
    """

    groups: tuple[CallGroup, ...]
    days: dict[tuple[int, date], int]
    details: tuple[CallerDetail, ...] = ()
    faults: tuple[tuple[int, RecordFault], ...] = ()
    outside_window: int = 0
    copies: int = 0


@dataclass(slots=True)
class _Counted:
    first: TrailRecord
    last: TrailRecord
    events: int = 0
    days: dict[date, int] = field(default_factory=dict)

    def add(self, record: TrailRecord) -> None:
        self.events += 1
        if (record.time, record.id) < (self.first.time, self.first.id):
            self.first = record
        # of several at one time, the first as a text
        if record.time > self.last.time or (
            record.time == self.last.time and record.id < self.last.id
        ):
            self.last = record
        day = record.time.date()
        self.days[day] = self.days.get(day, 0) + 1

    def tally(self) -> Tally:
        first, last = self.first, self.last
        return Tally(self.events, first.time, last.time, first.id, last.id)


def copies_in(events: Sequence[TrailEvent]) -> list[bool]:
    """Return for each event whether another one has more details of the same call.

    A call that passed a VPC endpoint, or is about another account's resource, can have a record
    with each of them, and all have one `sharedEventID`. The service's own record, in the caller's
    account, has the parameters; an owner's can lack the caller's name. What names another caller
    or another action is no copy, whatever it shares.
    """
    best: dict[tuple[object, ...], tuple[bool, bool]] = {}
    for event in (each for each in events if each.shared is not None):
        for key in (_call(event, event.principal), _call(event, None)):
            best[key] = min(_detail_left_out(event), best.get(key, (True, True)))
    return [
        event.shared is not None and _detail_left_out(event) > best[_call(event, event.principal)]
        for event in events
    ]


def _call(event: TrailEvent, principal: str | None) -> tuple[object, ...]:
    return event.shared, event.account, event.source, event.name, principal


def _detail_left_out(event: TrailEvent) -> tuple[bool, bool]:
    return event.from_elsewhere, event.of_network


def group_plainly(
    records: Iterable[object], columns: Collection[Column] = ALWAYS, window: Window = ALL_TIME
) -> PlainGroups:
    """Return decoded records in groups of equal `columns`, each call counted once for each time.

    `ALWAYS` is among the columns whether it is given or not.
    """
    counted: dict[TrailEvent, _Counted] = {}
    detailed: dict[_Detail, _Counted] = {}
    faults: list[tuple[int, RecordFault]] = []
    read: list[TrailRecord] = []
    outside = 0
    others = {each.name: None for each in fields(TrailEvent)}
    for column in {*ALWAYS, *columns} - {Column.SHARED}:
        others.pop(column.value, None)
    for place, raw in enumerate(records):
        record = read_record(raw)
        if isinstance(record, RecordFault):
            faults.append((place, record))
        elif not window.has(record.time):
            outside += 1
        else:
            read.append(record)
            for detail in _details(record):
                detailed.setdefault(detail, _Counted(record, record)).add(record)
    copies = copies_in([record.event for record in read])
    for record in compress(read, map(not_, copies)):
        event = replace(record.event, **others)
        counted.setdefault(event, _Counted(record, record)).add(record)
    groups = tuple(CallGroup(event, one.tally()) for event, one in counted.items())
    days = {
        (place, day): events
        for place, one in enumerate(counted.values())
        for day, events in one.days.items()
    }
    details = tuple(CallerDetail(*detail, one.tally()) for detail, one in detailed.items())
    return PlainGroups(groups, days, details, tuple(faults), outside, sum(copies))


_Detail = tuple[str | None, str | None, DetailKind, str]
_DETAILED = frozenset({"IAMUser", "Root"})
_HOURS = 24


def _details(record: TrailRecord) -> Iterator[_Detail]:
    """Yield the details of the caller that are counted besides the group."""
    event = record.event
    if event.identity in _DETAILED:
        hour = record.time.weekday() * _HOURS + record.time.hour
        for kind, value in (
            (DetailKind.ADDRESS, event.address),
            (DetailKind.AGENT, event.agent),
            (DetailKind.REGION, event.region),
            (DetailKind.HOUR_OF_WEEK, str(hour)),
        ):
            yield event.principal, event.key_id, kind, value or ""


def judge_plainly(
    event: TrailEvent,
    binding: Binding,
    columns: Collection[Column],
    settings: JudgeSettings = _DEFAULTS,
) -> Judgement:
    """Return the same as `Judge.judge` by the plain engine."""
    judging = Judging(binding, frozenset(columns), settings, Engine(settings.assumptions))
    who = bound_caller(event, judging, lambda bound, caller: difference(bound, caller.kind))
    case = who if isinstance(who, OutcomeReason) else asked_with(who, event, judging)
    return judgement(judging, case, event)


def plain_logs(plain: PlainGroups) -> CountedLogs:
    """Return logs that were grouped in plain Python."""

    def days(owners: Sequence[int]) -> Iterator[tuple[int, date, int]]:
        summed: Counter[tuple[int, date]] = Counter()
        for (place, day), events in plain.days.items():
            summed[owners[place], day] += events
        return ((owner, day, count) for (owner, day), count in summed.items() if owner >= 0)

    return CountedLogs(plain.groups, plain.details, days, faults=len(plain.faults))


@dataclass(frozen=True)
class Counted:
    """What was counted of groups besides their tallies.

    Attributes:
        days: every day from the first event to the last; see `days_between`.
        details: where from, with what and when callers called.
    """

    days: Sequence[DayCount] = ()
    details: Iterable[CallerDetail] = ()


def report_of(
    question: ReplayQuestion,
    log: LogFigures,
    judged: Sequence[JudgedGroup],
    counted: Counted,
    made: MadeBy,
) -> ReplayReport:
    """Return the report of judged groups.

    Args:
        question: what was asked.
        log: what was read.
        judged: every group, each once.
        counted: what was counted besides.
        made: of which version the report is.

    Raises:
        InternalError: if the groups are not all events: no figure would be right.
    """
    of_key: dict[tuple[str, str], list[CallerDetail]] = {}
    for detail in counted.details:
        of_key.setdefault((detail.principal or "", detail.key_id or ""), []).append(detail)
    calls = LoggedCalls(
        calls_of(rows_of(judged)), lambda arn, key_id: of_key.get((arn, key_id), ()), counted.days
    )
    return report_of_calls(question, log, calls, made)


def calls_of(rows: Iterable[CallRow]) -> tuple[KeyCalls, ...]:
    """Return the calls of each key, in order; `rows` are in theirs."""
    of_key: dict[tuple[LoggedCaller, str], list[CallRow]] = {}
    for row in rows:
        of_key.setdefault((row.caller, row.key_id), []).append(row)
    return tuple(
        KeyCalls(*key, tuple(summed(of_key[key])), tuple(of_key[key])) for key in sorted(of_key)
    )


def events_by_outcome(groups: TrailGroups, outcomes: Outcomes) -> dict[CallOutcome, int]:
    """Return the number of events with each outcome that occurs."""
    found: Counter[CallOutcome] = Counter()
    places = outcomes.places.to_pylist()
    for place, events in zip(places, groups.groups.column("events").to_pylist(), strict=True):
        found[outcomes.judgements[place].outcome] += events
    return dict(found)
