"""What the policies in question would have done to calls: each distinct one is decided once.

`Judge` remembers by what a judgement depends on, and decides with the compiled decider;
`judge_plainly` decides one event with the plain engine, and remembers nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from operator import attrgetter

from sekisho.engine import Engine
from sekisho.engine.compiled import CompiledDecider
from sekisho.replay.binding import Binding, Bound
from sekisho.replay.caller import TrailCaller
from sekisho.replay.case import OF_CALL, OF_CALLER, Asked, Case, JudgeSettings, Judging, case_of
from sekisho.replay.context import columns_of_key, with_same
from sekisho.replay.decide import Remembered, judgement
from sekisho.replay.difference import Difference, difference
from sekisho.replay.event import OPTIONAL, Column, TrailEvent
from sekisho.replay.outcome import Judgement

_DEFAULTS = JudgeSettings()
_RESOURCE_ACCOUNT = "aws:resourceaccount"


def columns_of(binding: Binding) -> frozenset[Column]:
    """Return the columns, besides those that are always there, that the policies tell apart."""
    found: set[Column] = set()
    for bound in binding.all():
        changes = difference(bound)
        for key in changes.keys:
            found.update(columns_of_key(key))
        if changes.resources or _RESOURCE_ACCOUNT in with_same(changes.keys):
            found |= OF_CALL
    return frozenset(found)


@dataclass(slots=True)
class _Known:
    """A case, and the judgements in it."""

    case: Case
    by_call: dict[object, Judgement] = field(default_factory=dict)
    remembered: Remembered = field(default_factory=dict)


class Judge:
    """Judges events.

    Args:
        binding: which policies bind whom.
        columns: the columns that the events are grouped by, besides `ALWAYS`.
        settings: the assumptions.
    """

    def __init__(
        self,
        binding: Binding,
        columns: Collection[Column],
        settings: JudgeSettings = _DEFAULTS,
    ) -> None:
        decider = CompiledDecider(settings.assumptions)
        self._judging = Judging(binding, frozenset(columns), settings, decider)
        optional = [one for one in OPTIONAL if one in self._judging.columns]
        of_call = [one for one in optional if one in OF_CALL]
        self._caller = _values_of(*OF_CALLER, *(one for one in optional if one not in OF_CALL))
        self._call = _values_of(Column.SOURCE, Column.NAME, Column.ERROR, *of_call)
        self._by_caller: dict[object, _Known] = {}
        self._same: dict[object, _Known] = {}
        self._differences: dict[object, tuple[Bound, Difference]] = {}

    def judge(self, event: TrailEvent) -> Judgement:
        """Return what would have become of the calls that `event` stands for."""
        by_caller = self._caller(event)
        known = self._by_caller.get(by_caller)
        if known is None:
            known = self._by_caller[by_caller] = self._known(event)
        by_call = self._call(event)
        found = known.by_call.get(by_call)
        if found is None:
            found = judgement(self._judging, known.case, event, known.remembered)
            known.by_call[by_call] = found
        return found

    def _known(self, event: TrailEvent) -> _Known:
        """Return the case of a caller; those that nothing tells apart have one."""
        case = case_of(event, self._judging, self._difference)
        assumptions = self._judging.settings.assumptions
        identity = case.identity(assumptions) if isinstance(case, Asked) else case
        return self._same.setdefault(identity, _Known(case))

    def _difference(self, bound: Bound, caller: TrailCaller) -> Difference:
        key = (id(bound.before), id(bound.after), caller.kind)
        if key not in self._differences:
            # the bound is kept too, so that the ids stay its policies' own
            self._differences[key] = bound, _difference(bound, caller)
        return self._differences[key][1]


def _difference(bound: Bound, caller: TrailCaller) -> Difference:
    return difference(bound, caller.kind)


def _values_of(*columns: Column) -> Callable[[TrailEvent], object]:
    return attrgetter(*(one.value for one in columns))


def judge_plainly(
    event: TrailEvent,
    binding: Binding,
    columns: Collection[Column],
    settings: JudgeSettings = _DEFAULTS,
) -> Judgement:
    """Return the same as `Judge.judge` by the plain engine."""
    judging = Judging(binding, frozenset(columns), settings, Engine(settings.assumptions))
    return judgement(judging, case_of(event, judging, _difference), event)
