"""The views of a question: requests made one way, about the resources of one account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sekisho.engine import ContextValue
from sekisho.engine.matching import TrackedAssumptions
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import CallerCredential, Situation, situations
from sekisho.prover.reading.resources import ResourcePlace
from sekisho.prover.reading.statements import About, ConditionReading
from sekisho.prover.search.formula import Question, StatementRule
from sekisho.prover.search.owners import Owner, Owners, owners_of
from sekisho.prover.solver.limits import Effort


@dataclass(frozen=True, slots=True)
class RequestView:
    """Requests that are made one way, about the resources of one account."""

    situation: Situation
    owner: Owner
    place: ResourcePlace
    reading: ConditionReading


class RequestViews:
    """The views of one question.

    Args:
        question: what is asked.
        rules: every statement of its policies.
        asked: every condition of the question.
        tracked: the assumptions.
        effort: what may still be spent.

    Attributes:
        readings: of conditions that were read before, by all that they depend on.
    """

    def __init__(
        self,
        question: Question,
        rules: Sequence[StatementRule],
        asked: tuple[VersionedCondition, ...],
        tracked: TrackedAssumptions,
        effort: Effort,
    ) -> None:
        self.readings: dict[object, ConditionReading] = {}
        self._question = question
        self._rules = rules
        self._asked = asked
        self._tracked = tracked
        self._effort = effort
        self._known: dict[tuple[CallerCredential, str], RequestView] = {}

    @cached_property
    def situations(self) -> list[Situation]:
        """The ways in which requests are made."""
        question = self._question
        return situations(question.user, question.now, question.credentials)

    @cached_property
    def owners(self) -> Owners:
        """The accounts that the resources are of."""
        return owners_of(self._question, self._rules, self._asked, self._tracked)

    def of(self, situation: Situation, owner: Owner) -> RequestView:
        """Return the view of requests that are made one way, about one account's resources."""
        key = (situation.credential, owner.account)
        if key not in self._known:
            first = self._known.get((situation.credential, self._question.user.account))
            # whose the resource is is read only where something asks for it
            keyed = self.owners.keyed
            if first and not keyed:
                reading = first.reading
            else:
                others = (view for (_, of), view in self._known.items() if of == owner.account)
                like = next((view.reading for view in others), None)
                reading = self.reading(situation, (owner,), like=like)
            self._known[key] = RequestView(situation, owner, self._place(owner), reading)
        return self._known[key]

    def reading(
        self,
        situation: Situation,
        owners: Sequence[Owner],
        assigned: Mapping[str, ContextValue | None] | None = None,
        like: ConditionReading | None = None,
    ) -> ConditionReading:
        """Return the conditions, read for requests that are made one way.

        Args:
            situation: with what.
            owners: whose resources they may be about; none: anybody's.
            assigned: values of the keys that policy variables name.
            like: the same of another situation, of which what is the same is taken over.
        """
        accounts = tuple(owner.account for owner in owners)
        question = self._question
        about = About(question.user, situation, question.now, self._tracked, assigned, accounts)
        return ConditionReading(about, self._asked, self._effort, like)

    def read_once(
        self, view: RequestView, assigned: Mapping[str, ContextValue | None] | None = None
    ) -> RequestView:
        """Return a view with its conditions read for all actions, and for values of some keys.

        Args:
            view: the view.
            assigned: values of the keys that policy variables name; None: they are not known.
        """
        values = None if assigned is None else frozenset(assigned.items())
        key = (self._asked, view.situation.credential, view.owner.account, values)
        if key not in self.readings:
            self.readings[key] = self.reading(view.situation, (view.owner,), assigned)
        return replace(view, reading=self.readings[key])

    def _place(self, owner: Owner) -> ResourcePlace:
        unsaid = owner.own or self.owners.keyed
        return ResourcePlace(self._question.user.partition, owner.account, owner.own, unsaid)
