"""Grouping in plain Python: what every engine's grouping comes to, record by record.

It holds every record at once. It is the reference, and serves where there are few records: answers
of LookupEvents, tests.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field, fields, replace
from datetime import date, datetime
from itertools import compress
from operator import not_

from sekisho.lazy import dataclass
from sekisho.replay.event import (
    ALWAYS,
    CallerDetail,
    CallGroup,
    Column,
    DetailKind,
    Tally,
    TrailEvent,
)
from sekisho.replay.record import RecordFault, TrailRecord, read_record


@dataclass(frozen=True, slots=True)
class Window:
    """The time of the events that count, in UTC; None: no limit.

    Attributes:
        start: the first moment that counts.
        end: the first moment after it that does not.
    """

    start: datetime | None = None
    end: datetime | None = None

    def has(self, time: datetime) -> bool:
        """Tell whether an event of that time counts."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)


@dataclass(frozen=True, slots=True)
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


_ALL = Window()


def copies_in(events: Sequence[TrailEvent]) -> list[bool]:
    """Return of each event whether another one of them tells more of the same call.

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
    records: Iterable[object], columns: Collection[Column] = ALWAYS, window: Window = _ALL
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
    """Yield what is counted of the caller besides the group."""
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
