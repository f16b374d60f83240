"""The effect of the policies in question on calls: each distinct call is decided once.

`Judge` remembers by what a judgement depends on, and decides with the compiled decider.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from operator import attrgetter

from sekisho.engine.compiled import CompiledDecider
from sekisho.replay.binding import Binding, Bound
from sekisho.replay.caller import TrailCaller
from sekisho.replay.case import (
    OF_CALLER,
    OF_CREDENTIALS,
    BoundCaller,
    CallCase,
    Case,
    JudgeSettings,
    Judging,
    asked_with,
    bound_caller,
)
from sekisho.replay.context import columns_of_key
from sekisho.replay.decide import Remembered, judgement
from sekisho.replay.difference import Difference, difference
from sekisho.replay.event import LISTS, OF_CALL, OF_IAM_CALL, OPTIONAL, Column, TrailEvent
from sekisho.replay.grouping import ActionsOf, RememberedActions, case_kind, grouping_key
from sekisho.replay.outcome import Judgement, OutcomeReason

_DEFAULTS = JudgeSettings()


def columns_of(binding: Binding) -> frozenset[Column]:
    """Return the columns, besides those always present, that the policies distinguish."""
    found: set[Column] = set()
    for bound in binding.all():
        changes = difference(bound)
        for key in changes.keys:
            found.update(columns_of_key(key))
        if changes.resources:
            found |= OF_IAM_CALL if changes.resources_of_iam else OF_CALL
    return frozenset(found - OF_IAM_CALL if found >= OF_CALL else found)


@dataclass(slots=True)
class _JudgedCase:
    """A case, its number, and its judgements.

    Attributes:
        kind: the number of the first case that separates calls as this one does.
    """

    number: int
    kind: int
    case: Case
    remembered: Remembered
    actions: ActionsOf | None
    by_call: dict[object, Judgement] = field(default_factory=dict)


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
        of_call = [one for one in optional if one in LISTS]
        credentials = [*OF_CREDENTIALS, *(one for one in optional if one not in of_call)]
        self.caller_columns = tuple(dict.fromkeys((*OF_CALLER, *credentials)))
        """The columns that determine a case."""
        self.call_columns = (Column.SOURCE, Column.NAME, *of_call)
        """The columns that, with failure, determine a judgement in a case."""
        self._caller = _values_of(*OF_CALLER)
        self._credentials = _values_of(*(one for one in credentials if one is not Column.KEY_ID))
        self._call = _values_of(*self.call_columns, Column.ERROR)
        self._callers: dict[object, BoundCaller | OutcomeReason] = {}
        self._by_caller: dict[object, _JudgedCase] = {}
        self._same: dict[object, _JudgedCase] = {}
        self._cases: list[_JudgedCase] = []
        self._kinds: dict[Hashable, int] = {}
        self._differences: dict[object, tuple[Bound, Difference]] = {}
        self._actions: dict[int, RememberedActions] = {}

    def judge(self, event: TrailEvent) -> Judgement:
        """Return the judgement on the calls that `event` represents."""
        known = self._case_of(event)
        by_call = self._call(event)
        found = known.by_call.get(by_call)
        if found is None:
            found = judgement(self._judging, known.case, event, known.remembered)
            known.by_call[by_call] = found
        return found

    def case(self, event: TrailEvent) -> int:
        """Return the number of the case for the `caller_columns` of an event."""
        return self._case_of(event).number

    @property
    def kinds(self) -> list[int]:
        """For each case, the first case with equal `grouping_key`s for all calls."""
        return [known.kind for known in self._cases]

    def grouping_key(self, case: int, source: str | None, name: str | None) -> Hashable | None:
        """Return the key of calls that are decided alike in a case; see `grouping.grouping_key`."""
        known = self._cases[case]
        return grouping_key(known.case, source, name, known.actions)

    def _case_of(self, event: TrailEvent) -> _JudgedCase:
        """Return the case of a caller; equivalent callers have the same case."""
        by_caller = self._caller(event)
        bound = self._callers.get(by_caller)
        if bound is None:
            bound = bound_caller(event, self._judging, self._difference)
            self._callers[by_caller] = bound
        if isinstance(bound, OutcomeReason):
            return self._same.get(bound) or self._new(bound, bound)
        # of a key's id, only whether it is a session's matters
        key = (bound.identity, event.key_id == "ASIA", self._credentials(event))
        known = self._by_caller.get(key)
        if known is None:
            case = asked_with(bound, event, self._judging)
            identity = case.identity(self._judging.settings.assumptions)
            known = self._same.get(identity) or self._new(identity, case)
            self._by_caller[key] = known
        return known

    def _new(self, identity: object, case: Case) -> _JudgedCase:
        changes = id(case.changes) if isinstance(case, CallCase) else 0
        actions = self._actions.setdefault(changes, RememberedActions())
        number = len(self._cases)
        kind = self._kinds.setdefault(case_kind(case), number)
        separated = None
        if isinstance(case, CallCase):
            separated = ActionsOf(case, self._judging.settings.assumptions, actions)
        known = _JudgedCase(number, kind, case, Remembered(actions), separated)
        self._same[identity] = known
        self._cases.append(known)
        return known

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
