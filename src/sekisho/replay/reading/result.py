"""The result of reading logs: groups, days, details, and faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import (
    LISTS,
    CallerDetail,
    CallGroup,
    Column,
    DetailKind,
    Tally,
    TrailEvent,
)
from sekisho.replay.reading.files import SkippedKind

_ROWS_AT_ONCE = 10_000

_TIME = pa.timestamp("us", tz="UTC")
TALLY = (
    pa.field("events", pa.int64()),
    pa.field("first", _TIME),
    pa.field("last", _TIME),
    pa.field("first_id", pa.string()),
    pa.field("last_id", pa.string()),
)
"""The columns of a `Tally`."""
DAYS = pa.schema([("group", pa.int32()), ("day", pa.date32()), ("events", pa.int64())])
DETAILS = pa.schema(
    [
        *((name, pa.string()) for name in ("principal", "key_id", "kind", "value")),
        *TALLY,
    ]
)


def kind_of(column: Column) -> pa.DataType:
    """Return the type of a column."""
    return pa.list_(pa.string()) if column in LISTS else pa.string()


def groups_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the schema of `TrailGroups.groups`."""
    return pa.schema([*((str(column), kind_of(column)) for column in columns), *TALLY])


@dataclass(frozen=True, slots=True)
class LogFault:
    """An unreadable file or part of a file; the rest was read.

    Attributes:
        file: the name of the log file.
        place: where in it, like `record 17` or `line 3`; "" for the whole file.
        what: the fault; it contains no value of the file.
        records: how many records are lost by it; 0: it is not known, or none.
    """

    file: str
    place: str
    what: Message
    records: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures and faults of a reading.

    Attributes:
        files: the files that were read, faulty ones included.
        bytes: their sizes as they are stored.
        events: the events in the groups.
        skipped: the files that hold no calls, by kind.
        faults: the parts that could not be read.
        outside_window: the events that the time asked for does not hold.
        duplicates: the events that were dropped because their `eventID` was there before; 0 unless
            that was asked for.
        notes: facts about the source of the events that users must know.
    """

    files: int = 0
    bytes: int = 0
    events: int = 0
    skipped: Mapping[SkippedKind, int] = field(default_factory=dict)
    faults: tuple[LogFault, ...] = ()
    outside_window: int = 0
    duplicates: int = 0
    notes: tuple[Message, ...] = ()

    @property
    def lost(self) -> int:
        """The number of records that could not be read, as far as that is known."""
        return sum(fault.records for fault in self.faults)


@dataclass(frozen=True, slots=True)
class TrailGroups:
    """Calls in groups.

    Attributes:
        columns: the columns by which they are grouped.
        groups: one row for each group, in the order of its columns: the columns, named as in
            `TrailEvent`, and those of a `Tally`. Texts may be encoded as dictionaries.
        days: `group` (a row of `groups`), `day` (in UTC) and `events`.
        details: the fields of `CallerDetail` and `Tally`.
    """

    columns: tuple[Column, ...]
    groups: pa.Table
    days: pa.Table
    details: pa.Table
    reading: Reading

    def call_groups(self) -> Iterator[CallGroup]:
        """Yield each row of `groups`, in its order."""
        asked = frozenset(map(str, self.columns))
        names = [each.name if each.name in asked else None for each in fields(TrailEvent)]
        for values, tally in _rows(self.groups, names):
            yield CallGroup(TrailEvent(*values), tally)

    def accounts(self) -> frozenset[str]:
        """Return the accounts that have records of their own callers."""
        own = self.groups.filter(pc.equal(self.groups["account"], self.groups["recipient"]))
        return frozenset(values_of(pc.unique(own["account"])))

    def principals_after(self, moment: datetime) -> frozenset[str]:
        """Return the ARNs of the callers after a time."""
        later = self.groups.filter(pc.greater(self.groups["last"], pa.scalar(moment, _TIME)))
        return frozenset(filter(None, values_of(pc.unique(later["principal"]))))

    def caller_details(self) -> Iterator[CallerDetail]:
        """Yield each row of `details`, in its order."""
        for values, tally in _rows(self.details, ["principal", "key_id", "kind", "value"]):
            principal, key_id, kind, value = values
            yield CallerDetail(principal, key_id, DetailKind(kind), value, tally)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _rows(table: pa.Table, names: Sequence[str | None]) -> Iterator[tuple[tuple[Any, ...], Tally]]:
    """Yield the named values and the tally of each row; None for a name that is None.

    Whole columns become Python's values at once: there are rows by the hundred thousand.
    """
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        values = [repeat(None) if name is None else values_of(batch.column(name)) for name in names]
        tallies = map(Tally, *(values_of(batch.column(each.name)) for each in TALLY))
        # the tallies end where the batch does; a column that is not there never ends
        for tally, mine in zip(tallies, zip(*values, strict=False), strict=False):
            yield mine, tally


def values_of(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return the values of a column; lists of texts as tuples, times with their zone."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        # Arrow's own way over time zones takes ten times as long
        moments = column.cast(pa.int64()).to_pylist()
        return [_EPOCH + timedelta(microseconds=each) for each in moments]
    if pa.types.is_list(column.type):
        return [None if each is None else tuple(each) for each in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
