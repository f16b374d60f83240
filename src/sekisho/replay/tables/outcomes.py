"""Judging groups by the table: only what policies can tell apart becomes Python objects.

Callers and the names of events are numbered in Arrow; each name is asked what tells its calls from
others (`Judge.told_apart`), once for all cases that say the same of it, and one group of each kind
is judged for all. Resources and parameters become Python objects only where they can matter.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.replay.decide import failure_of
from sekisho.replay.event import Column
from sekisho.replay.judge import Judge
from sekisho.replay.outcome import CallOutcome, Judgement
from sekisho.replay.reading import TrailGroups
from sekisho.replay.reading.result import values_of
from sekisho.replay.tables.numbering import Numbered, events_at, numbered

_NAMED = (Column.SOURCE, Column.NAME)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What would have become of each group.

    Attributes:
        judgements: those that there are; without the names of the actions.
        places: which of them each group has (int32).
    """

    judgements: tuple[Judgement, ...]
    places: pa.Array

    def events(self, groups: TrailGroups) -> dict[CallOutcome, int]:
        """Return how many events of the groups have each outcome that some have."""
        counted = pa.table([self.places, groups.groups.column("events")], names=["place", "events"])
        sums = counted.group_by("place").aggregate([("events", "sum")])
        found: Counter[CallOutcome] = Counter()
        for place, events in zip(*(each.to_pylist() for each in sums.columns), strict=True):
            found[self.judgements[place].outcome] += events
        return dict(found)


def outcomes_of(groups: TrailGroups, judge: Judge) -> Outcomes:
    """Return what `judge` says of each group."""
    table = groups.groups
    if not table.num_rows:
        return Outcomes((), pa.array([], pa.int32()))
    callers = _by(table, judge.caller_columns)
    who = events_at(table, callers.rows, judge.caller_columns)
    cases = pa.array(map(judge.case, who), pa.int32()).take(callers.numbers)
    alike = numbered([cases, *_apart(table, judge, cases), _failures(table)])
    judgements = [
        replace(judge.judge(event), actions=())
        for event in events_at(table, alike.rows, groups.columns)
    ]
    numbers: dict[Judgement, int] = {}
    places = [numbers.setdefault(each, len(numbers)) for each in judgements]
    return Outcomes(tuple(numbers), pa.array(places, pa.int32()).take(alike.numbers))


def _by(table: pa.Table, columns: Iterable[Column]) -> Numbered:
    return numbered([table.column(each) for each in columns])


def _apart(table: pa.Table, judge: Judge, cases: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return two numbers for each group: those with the same ones in a case are judged alike.

    The first one is by the event's source and name. Where everything of a call may tell it from
    others, the second one is by all of it; elsewhere it is 0.
    """
    names = _by(table, _NAMED)
    events = [values_of(table.column(each).take(names.rows)) for each in _NAMED]
    named = list(zip(*events, strict=True))
    kinds = pa.array(judge.kinds, pa.int32()).take(cases)
    asked = numbered([kinds, names.numbers])
    places = (kinds.take(asked.rows), names.numbers.take(asked.rows))
    numbers: dict[Hashable, int] = {}
    found, whole = [], []
    for kind, name in zip(*(each.to_pylist() for each in places), strict=True):
        apart = judge.told_apart(kind, *named[name])
        whole.append(apart is None)
        found.append(numbers.setdefault(named[name] if apart is None else (apart,), len(numbers)))
    by_name = pa.array(found, pa.int32()).take(asked.numbers)
    return by_name, _by_call(table, judge, pa.array(whole).take(asked.numbers))


def _by_call(table: pa.Table, judge: Judge, whole: pa.Array) -> pa.Array:
    """Return a number for each group by what was called, where `whole` is true, and 0 elsewhere."""
    numbers = pa.repeat(pa.scalar(0, pa.int32()), table.num_rows)
    if not pc.any(whole).as_py():
        return numbers
    return pc.replace_with_mask(
        numbers, whole, _by(table.filter(whole), judge.call_columns).numbers
    )


def _failures(table: pa.Table) -> pa.Array:
    """Return as what the calls of each group failed."""
    errors = _by(table, [Column.ERROR])
    texts = events_at(table, errors.rows, [Column.ERROR])
    found = pa.array([failure_of(each.error) for each in texts], pa.string())
    return found.take(errors.numbers)
