"""Whether invariants hold of each user of an account; equal questions are asked once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sekisho.account import Snapshot, User, readings_of
from sekisho.audit.enforcement.likeness import Numbers, Traits, likeness, traits_of
from sekisho.audit.enforcement.users import named_of
from sekisho.engine import Assumptions, Policies
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.prover import (
    Conclusion,
    Invariant,
    Refuted,
    Unknown,
    about_resources,
    agreed,
    invariant_holds,
)


def invariants_of(
    snapshot: Snapshot, invariants: Sequence[Invariant], assumptions: Assumptions | None = None
) -> Mapping[str, tuple[Conclusion, ...]]:
    """Return whether each of some invariants holds, by user name.

    A counterexample is the user's own.

    What could not be read of a user's policies makes that user's answers unknown, and nobody
    else's.
    """
    caches = [_InvariantCache(snapshot, each, assumptions or Assumptions()) for each in invariants]
    numbers = Numbers()
    answers = {}
    for user in snapshot.users:
        readings = _readings(snapshot, user)
        answers[user.name] = tuple(each.of(user, readings, numbers) for each in caches)
    return answers


def _readings(snapshot: Snapshot, user: User) -> tuple[Policies, ...] | Unknown:
    try:
        return readings_of(snapshot, user)
    except FaultyAccount as error:
        return Unknown(error.reason)


class _InvariantCache:
    """What was found out about one invariant, by what of a user matters."""

    def __init__(self, snapshot: Snapshot, invariant: Invariant, assumptions: Assumptions) -> None:
        self._now = snapshot.taken_at
        self._invariant = invariant
        self._assumptions = assumptions
        self._about = about_resources(invariant)
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._answers: dict[tuple[object, ...], Conclusion] = {}

    def of(
        self, user: User, readings: tuple[Policies, ...] | Unknown, numbers: Numbers
    ) -> Conclusion:
        """Return the answer about one user."""
        if isinstance(readings, Unknown):
            return Conclusion(readings)
        return agreed([self._lookup(user, policies, numbers) for policies in readings])

    def _lookup(self, user: User, policies: Policies, numbers: Numbers) -> Conclusion:
        documents = numbers.of_all(policies)
        if documents not in self._traits:
            besides = replace(policies, identity=(*policies.identity, self._about))
            self._traits[documents] = traits_of(besides)
        alike = (documents, likeness(user, self._traits[documents]))
        found = self._answers.get(alike)
        if found is None or isinstance(found.verdict, Refuted):
            # what shows the contrary is a request of one user's own
            found = self._answers[alike] = self._prove(user, policies)
        return found

    def _prove(self, user: User, policies: Policies) -> Conclusion:
        named = named_of(user)
        try:
            return invariant_holds(self._invariant, policies, named, self._now, self._assumptions)
        except FaultyPolicy as error:
            return Conclusion(Unknown(error.reason))
