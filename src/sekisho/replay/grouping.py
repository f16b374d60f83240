"""The grouping of calls that the policies in question decide alike, before the decisions.

Policies distinguish little of a log: callers matter by the results of the conditions, and actions
by the statements that are about them.
"""

from collections.abc import Hashable, Mapping
from dataclasses import field

from sekisho.engine import Assumptions
from sekisho.lazy import dataclass
from sekisho.replay.actions import called_actions
from sekisho.replay.caller import exempt_by_name
from sekisho.replay.case import CallCase, Case
from sekisho.replay.context import depends_on_action
from sekisho.replay.outcome import OutcomeReason

NOT_DENIABLE = frozenset(
    {
        OutcomeReason.SIGN_IN,
        OutcomeReason.SERVICE_EVENT,
        OutcomeReason.AWS_SERVICE,
        OutcomeReason.UNSIGNED,
        OutcomeReason.SERVICE_LINKED_ROLE,
    }
)
EXEMPT = ("sts:GetCallerIdentity",)
SESSION_TOKEN = ("sts:GetSessionToken",)
_EXEMPTIONS = (EXEMPT, SESSION_TOKEN)
NO_SERVICE = "unknown"
"""The service of an action of which only the name is known."""


@dataclass(frozen=True, slots=True)
class RememberedActions:
    """The cached distinctions of actions under one change of policies.

    Attributes:
        statements: the statements that are about an action; see `Difference.statements_key`.
        resources: whether the resource matters to an action; see `Difference.names_resources`.
        first_of_each: the first of several actions of each kind, by the id of their tuple. A
            service has hundreds, too many to look them up.
    """

    statements: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    resources: dict[str, bool] = field(default_factory=dict)
    first_of_each: dict[int, tuple[tuple[str, ...], dict[Hashable, str]]] = field(
        default_factory=dict
    )


class ActionsOf:
    """The distinctions of actions in one case.

    Args:
        case: the caller and the situation.
        assumptions: the engine's.
        known: cached distinctions; None: nothing is cached.
    """

    __slots__ = ("_assumptions", "_case", "_depends", "_known")

    def __init__(
        self, case: CallCase, assumptions: Assumptions, known: RememberedActions | None
    ) -> None:
        self._case, self._assumptions, self._known = case, assumptions, known
        self._depends = depends_on_action(case.facts)

    def asks_resource(self, action: str) -> bool:
        """Return whether the resource matters to an action."""
        changes = self._case.changes
        if self._known is None or not changes.resources:
            return changes.names_resources(action, self._assumptions)
        known = self._known.resources
        if action not in known:
            known[action] = changes.names_resources(action, self._assumptions)
        return known[action]

    def statements_key(self, action: str) -> tuple[int, ...] | None:
        """Return the statements about an action; None if more than they distinguish it.

        Also None if no answers are cached.
        """
        if self._known is None or self._depends or self.asks_resource(action):
            return None
        known = self._known.statements
        if action not in known:
            known[action] = self._case.changes.statements_key(action, self._assumptions)
        return known[action]

    def distinguishable(self, actions: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of some actions that may be distinguished."""
        if self._known is None or self._depends:
            return actions
        return tuple(self._first_of_each(actions, self._known).values())

    def call_key(self, source: str | None, name: str | None) -> Hashable | None:
        """Return the key of calls of an event that are decided alike; None if more decides."""
        if self._known is None or self._depends:
            return None
        called = called_actions(source, name)
        if called.asked:
            about = tuple(map(self.statements_key, called.asked))
            return None if None in about else about
        if called.either:
            first = self._first_of_each(called.either, self._known)
            if any(map(self.asks_resource, first.values())):
                return None
            return called.guessed, tuple(first)
        # never equal to the reason of an exemption, which is a text as well
        return None if self.asks_resource(f"{NO_SERVICE}:{name}") else (NO_SERVICE, name)

    def _first_of_each(
        self, actions: tuple[str, ...], known: RememberedActions
    ) -> Mapping[Hashable, str]:
        """Return the first of each kind of actions, by the key of the kind."""
        if id(actions) not in known.first_of_each:
            first: dict[Hashable, str] = {}
            for action in actions:
                about = self.statements_key(action)
                first.setdefault(action if about is None else about, action)
            known.first_of_each[id(actions)] = actions, first
        return known.first_of_each[id(actions)][1]


def case_kind(case: Case) -> Hashable:
    """Return the facts of a case on which `grouping_key` depends: equal facts, equal keys."""
    if isinstance(case, OutcomeReason):
        return case in NOT_DENIABLE
    return id(case.changes), depends_on_action(case.facts)


def grouping_key(
    case: Case, source: str | None, name: str | None, actions: ActionsOf | None
) -> Hashable | None:
    """Return the key of the calls of an event that are decided alike in a case.

    Calls for which it is the same, and which failed as much, have the same judgement but for the
    names of the actions. None: everything of a call may separate it from others.

    Args:
        case: the caller and the situation.
        source: the event's source.
        name: the event's name.
        actions: the distinctions of actions in the case; None if no policies are asked.
    """
    if isinstance(case, OutcomeReason) and case in NOT_DENIABLE:
        return ()
    asked = called_actions(source, name).asked
    exempt = exempt_by_name(source, name) or (asked if asked in _EXEMPTIONS else None)
    if exempt or actions is None:
        return exempt or ()
    return actions.call_key(source, name)
