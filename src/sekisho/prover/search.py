"""The search: is there one request that fits all of a list of demands?

A demand is met by any one of its alternatives, an alternative by all of its literals, and a literal
says of one atom of one theory that it holds or does not. The search takes the demands one after
another, the one with the fewest alternatives left first, and asks the theory each time it adds a
literal. It is exact: it looks at every combination that no theory has refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sekisho.engine.model import ContextValue
from sekisho.prover import reasons
from sekisho.prover.limits import MOST_NODES, Effort, Limit
from sekisho.prover.theories import Theory

__all__ = ["Alternative", "Demand", "Literal", "implicant", "search"]


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

_Masks = dict[str, tuple[int, int]]
"""By theory: the atoms that shall hold and those that shall not."""


_EXTENDING = 8
"""Steps for each literal that is added."""


@dataclass(slots=True)
class _Run:
    """One search; `reason` keeps the first limit that was met."""

    theories: Mapping[str, Theory]
    effort: Effort
    nodes: int = 0
    reason: Limit | None = field(default=None)

    def extended(self, masks: _Masks, alternative: Alternative) -> _Masks | None:
        """Return the masks with an alternative added; None if a theory refuses."""
        self.effort.spend(_EXTENDING * (1 + len(alternative)))
        after = dict(masks)
        for theory, number, holds in alternative:
            true, false = after.get(theory, (0, 0))
            bit = 1 << number
            if (false if holds else true) & bit:
                return None
            after[theory] = (true | bit, false) if holds else (true, false | bit)
        for theory in {literal.theory for literal in alternative}:
            if after[theory] != masks.get(theory) and not self._possible(theory, after[theory]):
                return None
        return after

    def _possible(self, theory: str, masks: tuple[int, int]) -> bool:
        try:
            return self.theories[theory].solve(*masks) is not None
        except Limit as reason:
            self.reason = self.reason or reason
            return False

    def met(self, demands: Sequence[Demand]) -> _Masks | None:
        """Return masks that meet all of `demands`, or None."""
        untried: list[Iterator[tuple[_Masks, Sequence[Demand]]]] = [iter([({}, demands)])]
        while untried:
            at = next(untried[-1], None)
            if at is None:
                untried.pop()
                continue
            ways = self._ways(*at)
            if ways is None:
                return at[0]
            untried.append(ways)
        return None

    def _ways(
        self, masks: _Masks, demands: Sequence[Demand]
    ) -> Iterator[tuple[_Masks, Sequence[Demand]]] | None:
        """Return the ways to meet one more demand, each with those that are left; None: all are."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.reason = self.reason or Limit(reasons.TOO_MANY_COMBINATIONS)
            return iter(())
        fewest: tuple[int, list[_Masks]] | None = None
        left: list[Demand] = []
        for place, demand in enumerate(demands):
            if any(_implied(masks, alternative) for alternative in demand):
                continue
            ways = [way for one in demand if (way := self.extended(masks, one)) is not None]
            if fewest is None or len(ways) < len(fewest[1]):
                fewest = (len(left), ways)
            left.append(demand)
            if len(ways) <= 1:
                left += demands[place + 1 :]
                break
        if fewest is None:
            return None
        del left[fewest[0]]
        return iter([(way, left) for way in fewest[1]])


def _implied(masks: _Masks, alternative: Alternative) -> bool:
    return all(
        (masks.get(theory, (0, 0))[0 if holds else 1] >> number) & 1
        for theory, number, holds in alternative
    )


def search(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> dict[str, ContextValue] | None:
    """Return values that meet all demands, or None: there are none.

    Raises:
        Limit: if nothing was found and not everything could be looked at.
    """
    masks = _solved(demands, theories, effort)
    if masks is None:
        return None
    found: dict[str, ContextValue] = {}
    for name, theory in theories.items():
        values = theory.solve(*masks.get(name, (0, 0)))
        if values is None:
            return None
        found.update(values)
    return found


def implicant(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> Alternative | None:
    """Return literals that can hold together and meet all demands, or None: there are none.

    Raises:
        Limit: as `search`.
    """
    masks = _solved(demands, theories, effort)
    if masks is None:
        return None
    return tuple(
        Literal(theory, number, holds)
        for theory, each in masks.items()
        for mask, holds in zip(each, (True, False), strict=True)
        for number in range(mask.bit_length())
        if mask >> number & 1
    )


def _solved(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> _Masks | None:
    run = _Run(theories, effort)
    masks = run.met(demands)
    if masks is None and run.reason is not None:
        raise run.reason
    return masks
