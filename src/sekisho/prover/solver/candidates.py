"""Values for the attributes of one request that together meet all of a list of demands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from sekisho.engine import ContextValue
from sekisho.lazy import dataclass
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_NODES, Budget, LimitReached
from sekisho.prover.solver.theories import KeyValues, Masks, Theories


class Literal(NamedTuple):
    """An atom, by the name of its theory and its number, and whether it shall hold."""

    theory: str
    number: int
    holds: bool

    def negated(self) -> "Literal":
        """Return the opposite."""
        return Literal(self.theory, self.number, not self.holds)


Alternative = tuple[Literal, ...]
Demand = tuple[Alternative, ...]

_LONG = 64
"""The number of alternatives beyond which those of a demand are not counted."""

_MANY = 32
"""The number of demands beyond which an example shows which of them need a choice."""

_EXTENDING = 8
"""The steps for each literal that is added."""


@dataclass(slots=True)
class _Run:
    """One search; `reason` keeps the first limit that was reached."""

    theories: Theories
    budget: Budget
    nodes: int = 0
    reason: LimitReached | None = field(default=None)

    def extended(self, masks: Masks, alternative: Alternative) -> Masks | None:
        """Return the masks with an alternative added; None if a theory refuses."""
        self.budget.spend(_EXTENDING * (1 + len(alternative)))
        after = dict(masks)
        for theory, number, holds in alternative:
            true, false = after.get(theory, (0, 0))
            bit = 1 << number
            if (false if holds else true) & bit:
                return None
            after[theory] = (true | bit, false) if holds else (true, false | bit)
        for theory in dict.fromkeys(literal.theory for literal in alternative):
            if after[theory] != masks.get(theory) and not self._possible(theory, after[theory]):
                return None
        return after

    def _possible(self, theory: str, masks: tuple[int, int]) -> bool:
        try:
            return self.theories[theory].solve(*masks) is not None
        except LimitReached as reason:
            self.reason = self.reason or reason
            return False

    def met(self, demands: Sequence[Demand]) -> Masks | None:
        """Return masks that meet all of `demands`, or None."""
        untried: list[Iterator[tuple[Masks, Sequence[Demand]]]] = [iter([({}, demands)])]
        while untried:
            at = next(untried[-1], None)
            if at is None:
                untried.pop()
                continue
            ways = self._choices(*at)
            if ways is None:
                return at[0]
            untried.append(ways)
        return None

    def _choices(
        self, masks: Masks, demands: Sequence[Demand]
    ) -> Iterator[tuple[Masks, Sequence[Demand]]] | None:
        """Return the ways to meet one more demand, each with the rest; None if all are met."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.reason = self.reason or LimitReached(reasons.TOO_MANY_COMBINATIONS)
            return iter(())
        open_ = [one for one in demands if not any(_implied(masks, each) for each in one)]
        if not open_:
            return None
        if units := [literal for one in open_ if len(one) == 1 for literal in one[0]]:
            way = self.extended(masks, tuple(units))
            return iter([] if way is None else [(way, [one for one in open_ if len(one) != 1])])
        return self._guided(masks, open_) if len(open_) > _MANY else self._fewest(masks, open_)

    def _fewest(
        self, masks: Masks, demands: Sequence[Demand]
    ) -> Iterator[tuple[Masks, Sequence[Demand]]]:
        """Return the ways to meet the demand that has the fewest, each with the rest."""
        short = [one for one in demands if len(one) <= _LONG]
        if not short:
            # most often the first alternatives will do, so that the rest is not looked at
            first, *rest = demands
            found = ((self.extended(masks, one), rest) for one in first)
            return ((way, demands_left) for way, demands_left in found if way is not None)
        chosen, ways = short[0], list[Masks]()
        for place, demand in enumerate(short):
            found_ways = [way for one in demand if (way := self.extended(masks, one)) is not None]
            if place == 0 or len(found_ways) < len(ways):
                chosen, ways = demand, found_ways
            if len(found_ways) <= 1:
                break
        demands_left = [demand for demand in demands if demand is not chosen]
        return iter([(way, demands_left) for way in ways])

    def _guided(
        self, masks: Masks, demands: Sequence[Demand]
    ) -> Iterator[tuple[Masks, Sequence[Demand]]] | None:
        """Return the ways to meet a demand that an example does not, each with the rest.

        Most of many demands are met by any values that fit the others. So an example that fits the
        masks is checked first, and a choice is made only for an unmet demand. None if all are met.
        """
        try:
            example = _Example.of(masks, self.theories)
        except LimitReached as reason:
            self.reason = self.reason or reason
            return iter(())
        self.budget.spend(sum(map(len, demands)))
        unmet = [] if example is None else [one for one in demands if not example.meets(one)]
        if example is None or not unmet:
            return iter(()) if example is None else None
        chosen = min((one for one in unmet if len(one) <= _LONG), key=len, default=unmet[0])
        left = [demand for demand in demands if demand is not chosen]
        found = (self.extended(masks, one) for one in chosen)
        return ((way, left) for way in found if way is not None)


@dataclass(frozen=True, slots=True)
class _Example:
    """Values that fit some masks, by theory."""

    masks: Masks
    theories: Theories
    values: Mapping[str, KeyValues]

    @classmethod
    def of(cls, masks: Masks, theories: Theories) -> "_Example | None":
        """Return values that fit some masks; None if there are none.

        Raises:
            LimitReached: if the search is too large.
        """
        found = theories.solve(masks)
        return None if found is None else cls(masks, theories, found)

    def meets(self, demand: Demand) -> bool:
        """Return whether the values meet a demand."""
        return any(map(self.fits, demand))

    def fits(self, alternative: Alternative) -> bool:
        """Return whether all literals of an alternative hold."""
        return all(map(self._agrees, alternative))

    def _agrees(self, literal: Literal) -> bool:
        theory, number, holds = literal
        true, false = self.masks.get(theory, (0, 0))
        if (true | false) >> number & 1:
            return bool(true >> number & 1) is holds
        return self.theories[theory].holds(self.values.get(theory, {}), number) is holds


def _implied(masks: Masks, alternative: Alternative) -> bool:
    return all(
        (masks.get(theory, (0, 0))[0 if holds else 1] >> number) & 1
        for theory, number, holds in alternative
    )


def solve(
    demands: Sequence[Demand], theories: Theories, budget: Budget
) -> dict[str, ContextValue] | None:
    """Return values that meet all demands; None if there are none.

    Raises:
        LimitReached: if nothing was found and not everything could be looked at.
    """
    masks = _solved(demands, theories, budget)
    example = None if masks is None else _Example.of(masks, theories)
    if example is None:
        return None
    return {key: value for values in example.values.values() for key, value in values.items()}


def implicant(demands: Sequence[Demand], theories: Theories, budget: Budget) -> Alternative | None:
    """Return literals that can hold together and meet all demands; None if there are none.

    Raises:
        LimitReached: as `solve`.
    """
    masks = _solved(demands, theories, budget)
    if masks is not None and len(demands) > _MANY:
        masks = _meeting(masks, demands, theories)
    if masks is None:
        return None
    return tuple(
        Literal(theory, number, holds)
        for theory, each in masks.items()
        for mask, holds in zip(each, (True, False), strict=True)
        for number in range(mask.bit_length())
        if mask >> number & 1
    )


def _meeting(masks: Masks, demands: Sequence[Demand], theories: Theories) -> Masks | None:
    """Return masks that imply all demands, taken from values that fit `masks` and meet them."""
    example = _Example.of(masks, theories)
    if example is None:
        return None
    result = dict(masks)
    for demand in demands:
        if not any(_implied(result, each) for each in demand):
            for theory, number, holds in next(filter(example.fits, demand)):
                true, false = result.get(theory, (0, 0))
                bit = 1 << number
                result[theory] = (true | bit, false) if holds else (true, false | bit)
    return result


def _solved(demands: Sequence[Demand], theories: Theories, budget: Budget) -> Masks | None:
    run = _Run(theories, budget)
    # demands without a choice decide most often, and so come first
    masks = run.met(sorted(demands, key=lambda demand: len(demand) > 1))
    if masks is None and run.reason is not None:
        raise run.reason
    return masks


@dataclass(frozen=True, slots=True)
class NoCandidate:
    """Nothing answers, not even among more than the real requests: a proof."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Values that answer, possibly of no real request.

    Attributes:
        values: the action, the resource and the keys, by attribute.
    """

    values: Mapping[str, ContextValue]


@dataclass(frozen=True, slots=True)
class LimitHit:
    """It was too much to search at once; it may be little enough action by action."""


CandidateResult = NoCandidate | Candidate | LimitHit
