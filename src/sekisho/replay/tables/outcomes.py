"""Judging groups by the table: only what policies can tell apart becomes Python objects.

Callers and calls are numbered in Arrow; each call is asked what tells it from others
(`Judge.told_apart`), once for all cases that say the same of it, and one group of each kind is
judged for all.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

from sekisho.replay.decide import failure_of
from sekisho.replay.event import Column
from sekisho.replay.judge import Judge
from sekisho.replay.outcome import CallOutcome, Judgement
from sekisho.replay.reading import TrailGroups
from sekisho.replay.tables.numbering import Numbered, events_at, numbered


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
    callers, calls = _by(table, judge.caller_columns), _by(table, judge.call_columns)
    who = events_at(table, callers.rows, judge.caller_columns)
    cases = pa.array(map(judge.case, who), pa.int32()).take(callers.numbers)
    alike = numbered([_alike(table, judge, cases, calls), _failures(table)])
    judgements = [
        replace(judge.judge(event), actions=())
        for event in events_at(table, alike.rows, groups.columns)
    ]
    numbers: dict[Judgement, int] = {}
    places = [numbers.setdefault(each, len(numbers)) for each in judgements]
    return Outcomes(tuple(numbers), pa.array(places, pa.int32()).take(alike.numbers))


def _by(table: pa.Table, columns: Iterable[Column]) -> Numbered:
    return numbered([table.column(each) for each in columns])


def _alike(table: pa.Table, judge: Judge, cases: pa.Array, calls: Numbered) -> pa.Array:
    """Return a number for each group: those with the same one are judged alike if they failed so.

    A call that anything may tell from others has a number of its own in its case.
    """
    events = list(events_at(table, calls.rows, judge.call_columns))
    kinds = pa.array(judge.kinds, pa.int32()).take(cases)
    asked = numbered([kinds, calls.numbers])
    places = (kinds.take(asked.rows), calls.numbers.take(asked.rows))
    numbers: dict[Hashable, int] = {}
    found = []
    for kind, call in zip(*(each.to_pylist() for each in places), strict=True):
        apart = judge.told_apart(kind, events[call])
        key = events[call] if apart is None else (apart,)
        found.append(numbers.setdefault(key, len(numbers)))
    return numbered([cases, pa.array(found, pa.int32()).take(asked.numbers)]).numbers


def _failures(table: pa.Table) -> pa.Array:
    """Return as what the calls of each group failed."""
    errors = _by(table, [Column.ERROR])
    texts = events_at(table, errors.rows, [Column.ERROR])
    found = pa.array([failure_of(each.error) for each in texts], pa.string())
    return found.take(errors.numbers)
