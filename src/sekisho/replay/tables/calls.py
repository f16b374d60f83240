"""Judged groups summed by caller and key, without an object for each group.

Sums are made in Arrow. Rows, and the details of callers, are made of the groups of a key when
somebody looks at them, by what makes them of groups everywhere (`rows_of`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.replay.event import CallerDetail, Column, Count, TrailEvent
from sekisho.replay.judge import Judge
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
from sekisho.replay.tables.numbering import Numbered, events_at, numbered
from sekisho.replay.tables.outcomes import outcomes_of

_CALLER = (
    Column.IDENTITY,
    Column.ACCOUNT,
    Column.PRINCIPAL,
    Column.USER,
    Column.INVOKED_BY,
    Column.KEY_ID,
)
"""What `caller_of` goes by, and the key; of a service the source counts as well."""
_SUM = (
    Column.IDENTITY,
    Column.MFA,
    Column.INVOKED_BY,
    Column.SIGN_IN_SESSION,
    Column.LOGIN_MFA,
    Column.LOGIN_RESULT,
)
"""What sums of one key are told apart by, besides the kind of event and the judgement."""

_Key = tuple[LoggedCaller, str]


class LogTable:
    """Groups, what would have become of each, and what they come to by caller and key."""

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
        """The number of each key, and which key each group has."""
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
        """Yield sums; of one key several may come to the same."""
        if not self._table.num_rows:
            return
        apart = [self._keys[1], self._kinds(), self.outcomes.places, *map(self._column, _SUM)]
        found = numbered(apart)
        tallies = [self._table.column(name) for name in ("events", "first", "last")]
        counted = pa.table([found.numbers, *tallies], names=["number", "events", "first", "last"])
        asked = [("events", "sum"), ("first", "min"), ("last", "max")]
        sums = counted.group_by("number").aggregate(asked).sort_by("number")
        counts = map(Count, *(values_of(sums.column(f"{name}_{how}")) for name, how in asked))
        judgements = self.outcomes.places.take(found.rows).to_pylist()
        for event, place, count in zip(self._events(found), judgements, counts, strict=True):
            yield sum_of(event, self.outcomes.judgements[place], count)

    def _kinds(self) -> pa.Array:
        """Return what kind of event each group is of, as far as sums tell kinds apart."""
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
        """Return what was counted of a principal's ARN and a key besides."""
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
        """Return the rows of a number, in their order."""
        begin, count = self._places[number]
        return self._order.slice(begin, count)
