"""Groups as Arrow tables, judged and summed: Python objects are made only on access.

A column becomes the codes of its distinct values, several columns one number, and the numbers are
numbered again. Callers and the names of events are numbered so; the distinctions of each name's
calls (`Judge.grouping_key`) are computed once for all cases with equal ones, and one group of each
kind is judged for all. Resources and parameters become Python objects only where they can matter.

Sums by caller and key are made in Arrow. Rows, and the details of callers, are made from the groups
of a key on access, by the same code as everywhere (`rows_of`).
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.lazy import dataclass
from sekisho.replay.decide import failure_of
from sekisho.replay.event import CallerDetail, Column, Count, TrailEvent
from sekisho.replay.judge import Judge
from sekisho.replay.outcome import Judgement
from sekisho.replay.reading import TrailGroups
from sekisho.replay.reading.result import values_of
from sekisho.replay.rows import (
    CallRow,
    CallSum,
    Deferred,
    JudgedGroup,
    KeyCalls,
    LoggedCaller,
    caller_of,
    is_aws_login,
    is_sign_in,
    rows_of,
    sum_of,
    summed,
)

__all__ = ["LogTable", "Outcomes", "outcomes_of"]

_MOST = 1 << 62
"""The limit for numbers of combined codes."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """The numbering of rows: equal rows have one number, from 0 in order of first occurrence.

    Attributes:
        numbers: the number of each row (int32).
        rows: the first row of each number (int64).
    """

    numbers: pa.Array
    rows: pa.Array


def numbered(columns: Sequence[pa.Array | pa.ChunkedArray]) -> Numbered:
    """Return the numbering of rows by some columns; without a column all rows are equal."""
    combined, size = None, 1
    for column in columns:
        codes, count = _codes(column)
        if combined is None:
            combined, size = codes, count
            continue
        if size * count >= _MOST:
            combined, size = _codes(combined)
        combined = pc.add(pc.multiply(combined, count), codes)
        size *= count
    if combined is None:
        raise ValueError("nothing to tell rows apart by")
    numbers = combined.dictionary_encode().indices.cast(pa.int32())
    # numbers are assigned in order: a row is the first of its number where the maximum grows
    greatest = pc.cumulative_max(numbers)
    grows = pc.greater(greatest.slice(1), greatest.slice(0, max(len(numbers) - 1, 0)))
    others = pc.add(pc.indices_nonzero(grows).cast(pa.int64()), 1)
    first = pa.array([0][: len(numbers)], pa.int64())
    return Numbered(numbers, pa.concat_arrays([first, others]))


def _codes(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, int]:
    """Return a number for each value, including NULL, and the greatest possible count."""
    if pa.types.is_list(column.type):
        return _codes_of_lists(column)
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    count = len(column.dictionary)
    return column.indices.cast(pa.int64()).fill_null(count), count + 1


def _codes_of_lists(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, int]:
    codes: dict[tuple[str, ...] | None, int] = {}
    found = [
        codes.setdefault(None if each is None else tuple(each), len(codes))
        for each in column.to_pylist()
    ]
    return pa.array(found, pa.int64()), len(codes) + 1


def events_at(table: pa.Table, rows: pa.Array, names: Collection[str]) -> Iterator[TrailEvent]:
    """Yield the events in some rows, with some columns; other fields are None."""
    nothing = [None] * len(rows)
    columns = [
        values_of(table.column(each.name).take(rows)) if each.name in names else nothing
        for each in fields(TrailEvent)
    ]
    return map(TrailEvent, *columns)


_NAMED = (Column.SOURCE, Column.NAME)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The judgement on each group.

    Attributes:
        judgements: the distinct judgements, without the names of the actions.
        places: which of them each group has (int32).
    """

    judgements: tuple[Judgement, ...]
    places: pa.Array


def outcomes_of(groups: TrailGroups, judge: Judge) -> Outcomes:
    """Return the judgements of `judge` on each group."""
    table = groups.groups
    if not table.num_rows:
        return Outcomes((), pa.array([], pa.int32()))
    callers = _numbered_by(table, judge.caller_columns)
    events = events_at(table, callers.rows, judge.caller_columns)
    cases = pa.array(map(judge.case, events), pa.int32()).take(callers.numbers)
    kinds = numbered([cases, *_distinctions(table, judge, cases), _failures(table)])
    judgements = [
        replace(judge.judge(event), actions=())
        for event in events_at(table, kinds.rows, groups.columns)
    ]
    numbers: dict[Judgement, int] = {}
    places = [numbers.setdefault(each, len(numbers)) for each in judgements]
    return Outcomes(tuple(numbers), pa.array(places, pa.int32()).take(kinds.numbers))


def _numbered_by(table: pa.Table, columns: Iterable[Column]) -> Numbered:
    return numbered([table.column(each) for each in columns])


def _distinctions(table: pa.Table, judge: Judge, cases: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return two numbers for each group: groups of a case with equal ones are judged alike.

    The first number is by the event's source and name. If any part of a call may distinguish it
    from others, the second number is by all of them; otherwise it is 0.
    """
    names = _numbered_by(table, _NAMED)
    events = [values_of(table.column(each).take(names.rows)) for each in _NAMED]
    named = list(zip(*events, strict=True))
    kinds = pa.array(judge.kinds, pa.int32()).take(cases)
    asked = numbered([kinds, names.numbers])
    places = (kinds.take(asked.rows), names.numbers.take(asked.rows))
    numbers: dict[Hashable, int] = {}
    found, whole = [], []
    for kind, name in zip(*(each.to_pylist() for each in places), strict=True):
        key = judge.grouping_key(kind, *named[name])
        whole.append(key is None)
        found.append(numbers.setdefault(named[name] if key is None else (key,), len(numbers)))
    by_name = pa.array(found, pa.int32()).take(asked.numbers)
    return by_name, _by_call(table, judge, pa.array(whole).take(asked.numbers))


def _by_call(table: pa.Table, judge: Judge, whole: pa.Array) -> pa.Array:
    """Return a number for each group by its call where `whole` is true, and 0 elsewhere."""
    numbers = pa.repeat(pa.scalar(0, pa.int32()), table.num_rows)
    if not pc.any(whole).as_py():
        return numbers
    return pc.replace_with_mask(
        numbers, whole, _numbered_by(table.filter(whole), judge.call_columns).numbers
    )


def _failures(table: pa.Table) -> pa.Array:
    """Return the reason of failure of each group's calls."""
    errors = _numbered_by(table, [Column.ERROR])
    texts = events_at(table, errors.rows, [Column.ERROR])
    found = pa.array([failure_of(each.error) for each in texts], pa.string())
    return found.take(errors.numbers)


_CALLER = (
    Column.IDENTITY,
    Column.ACCOUNT,
    Column.PRINCIPAL,
    Column.USER,
    Column.INVOKED_BY,
    Column.KEY_ID,
)
"""The columns that `caller_of` reads, and the key; for services also the source."""
_SUM = (
    Column.IDENTITY,
    Column.MFA,
    Column.INVOKED_BY,
    Column.SIGN_IN_SESSION,
    Column.LOGIN_MFA,
    Column.LOGIN_RESULT,
)
"""The columns by which sums of one key differ, besides kind of event and judgement."""

_Key = tuple[LoggedCaller, str]


class LogTable:
    """Groups with their judgements, and their sums by caller and key."""

    def __init__(self, groups: TrailGroups, judge: Judge) -> None:
        self._groups, self._table, self._judge = groups, groups.groups, judge
        self.outcomes = outcomes_of(groups, judge)

    def keys(self) -> list[KeyCalls]:
        """Return the calls of each key, in order."""
        sums: dict[_Key, list[CallSum]] = {key: [] for key in sorted(self._keys[0])}
        for each in self._sums():
            sums[each.caller, each.key_id].append(each)
        return [
            KeyCalls(*key, tuple(summed(theirs)), Deferred(self._rows_of(self._keys[0][key])))
            for key, theirs in sums.items()
        ]

    def _column(self, column: Column) -> pa.ChunkedArray:
        return self._table.column(column)

    def _events(self, found: Numbered) -> Iterator[TrailEvent]:
        return events_at(self._table, found.rows, self._groups.columns)

    @cached_property
    def _keys(self) -> tuple[dict[_Key, int], pa.Array]:
        """The number of each key, and the key of each group."""
        identity = self._column(Column.IDENTITY)
        is_service = pc.or_kleene(pc.is_null(identity), pc.equal(identity, "AWSService"))
        source = pc.if_else(is_service, self._column(Column.SOURCE), None)
        found = numbered([*map(self._column, _CALLER), source])
        numbers: dict[_Key, int] = {}
        places = [
            numbers.setdefault((caller_of(event), event.key_id or ""), len(numbers))
            for event in self._events(found)
        ]
        return numbers, pa.array(places, pa.int32()).take(found.numbers)

    def _sums(self) -> Iterator[CallSum]:
        """Yield sums; several may be equal for one key."""
        if not self._table.num_rows:
            return
        columns = [self._keys[1], self._kinds(), self.outcomes.places, *map(self._column, _SUM)]
        found = numbered(columns)
        tallies = [self._table.column(name) for name in ("events", "first", "last")]
        counted = pa.table([found.numbers, *tallies], names=["number", "events", "first", "last"])
        asked = [("events", "sum"), ("first", "min"), ("last", "max")]
        sums = counted.group_by("number").aggregate(asked).sort_by("number")
        counts = map(Count, *(values_of(sums.column(f"{name}_{how}")) for name, how in asked))
        judgements = self.outcomes.places.take(found.rows).to_pylist()
        for event, place, count in zip(self._events(found), judgements, counts, strict=True):
            yield sum_of(event, self.outcomes.judgements[place], count)

    def _kinds(self) -> pa.Array:
        """Return the kind of each group's event, as far as sums distinguish kinds."""
        found = numbered([self._column(Column.SOURCE), self._column(Column.NAME)])
        kinds = [2 * is_sign_in(each) + is_aws_login(each) for each in self._sources(found)]
        return pa.array(kinds, pa.int8()).take(found.numbers)

    def _sources(self, found: Numbered) -> Iterator[TrailEvent]:
        return events_at(self._table, found.rows, (Column.SOURCE, Column.NAME))

    @cached_property
    def _groups_of_keys(self) -> "_Parts":
        return _Parts(self._keys[1])

    def _rows_of(self, key: int) -> Callable[[], Sequence[CallRow]]:
        def rows() -> Sequence[CallRow]:
            theirs = self._table.take(self._groups_of_keys.rows(key))
            groups = replace(self._groups, groups=theirs).call_groups()
            return rows_of(JudgedGroup(each, self._judge.judge(each.event)) for each in groups)

        return rows

    def details(self, arn: str, key_id: str) -> Sequence[CallerDetail]:
        """Return the counted details of a principal's ARN and a key."""
        numbers, parts = self._details
        rows = [parts.rows(number) for number in numbers.get((arn, key_id), ())]
        if not rows:
            return ()
        theirs = self._groups.details.take(pa.concat_arrays(rows))
        return tuple(replace(self._groups, details=theirs).caller_details())

    @cached_property
    def _details(self) -> tuple[dict[tuple[str, str], list[int]], "_Parts"]:
        """The numbers of a principal's and a key's details, and the rows of each."""
        table = self._groups.details
        columns = [table.column("principal"), table.column("key_id")]
        found = numbered(columns)
        numbers: dict[tuple[str, str], list[int]] = {}
        pairs = zip(*(values_of(each.take(found.rows)) for each in columns), strict=True)
        for number, (principal, key_id) in enumerate(pairs):
            numbers.setdefault((principal or "", key_id or ""), []).append(number)
        return numbers, _Parts(found.numbers)


class _Parts:
    """The rows of each number."""

    def __init__(self, numbers: pa.Array) -> None:
        self._order = pc.sort_indices(numbers)
        counted = pc.value_counts(numbers.take(self._order))
        ends = pc.cumulative_sum(counted.field("counts"))
        places = zip(
            counted.field("values").to_pylist(),
            pc.subtract(ends, counted.field("counts")).to_pylist(),
            counted.field("counts").to_pylist(),
            strict=True,
        )
        self._places = {number: (begin, count) for number, begin, count in places}

    def rows(self, number: int) -> pa.Array:
        """Return the rows of a number, in order."""
        begin, count = self._places[number]
        return self._order.slice(begin, count)
