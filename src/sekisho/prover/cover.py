"""Which requests answer a question, exactly: a shortest list of conditions on them.

A *cube* is a list of literals that a request must fit. A list of cubes is made that takes in every
request that answers and no other; no condition can be left out of any, and no cube out of the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sekisho.engine.model import ContextValue
from sekisho.prover import reasons
from sekisho.prover.limits import MOST_CUBES, Effort, Limit
from sekisho.prover.search import Demand, Literal, implicant, search
from sekisho.prover.targets import Target
from sekisho.prover.theories import Theory

__all__ = ["Cube", "Look"]

Cube = tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What one class of actions, in one situation, must fit to answer, and not to.

    Attributes:
        target: what says which literals are about what.
        theories: of every attribute of a request.
        within: what every request that is asked about fits.
        ways: lists of demands; who meets one answers.
        others: the same for requests that do not answer.
        effort: what may still be spent.
        reached: what has been found out about the resources of this class of actions.
    """

    target: Target
    theories: Mapping[str, Theory]
    within: Sequence[Demand]
    ways: Sequence[Sequence[Demand]]
    others: Sequence[Sequence[Demand]]
    effort: Effort
    reached: dict[object, tuple[str, ...]]

    def cubes(self) -> list[Cube]:
        """Return the cubes.

        Raises:
            Limit: if there are too many, or something could not be found out.
        """
        found: list[Cube] = []
        for way in self.ways:
            while True:
                besides = [_not(cube) for cube in found]
                held = implicant([*self.within, *way, *besides], self.theories, self.effort)
                if held is None:
                    break
                found.append(self._shortened(held))
                if len(found) > MOST_CUBES:
                    raise Limit(reasons.TOO_MANY_CONDITIONS)
        return self._needed(found)

    def found_in(self, cube: Cube) -> dict[str, ContextValue] | None:
        """Return values that fit a cube and answer, or None."""
        for way in self.ways:
            demands = [*self.within, *way, *self._all(cube)]
            if (found := search(demands, self.theories, self.effort)) is not None:
                return found
        return None

    def fits(self, cube: Cube, none: Sequence[Cube] = ()) -> bool:
        """Tell whether a request of the question fits a cube, and none of some others."""
        demands = [*self.within, *self._all(cube), *map(_not, none)]
        return search(demands, self.theories, self.effort) is not None

    def _shortened(self, held: Cube) -> Cube:
        """Return a cube without the literals that are not needed: who fits it answers."""
        # what a statement demands says more than what another one does not
        plain = [one for one in held if not self.target.is_implied(one)]
        lists = self.target.lists
        cube = sorted(plain, key=lambda one: (lists(one), one.holds))
        for literal in tuple(cube):
            rest = [one for one in cube if one is not literal]
            # which resources they are is said in any case: it is what a reader looks for
            last = lists(literal) and not any(map(lists, rest))
            if not last and not self._admits_another(rest):
                cube = rest
        return tuple(reversed(cube))

    def _admits_another(self, cube: Sequence[Literal]) -> bool:
        """Tell whether a request that does not answer fits a cube."""
        return any(
            search([*self.within, *self._all(cube), *other], self.theories, self.effort) is not None
            for other in self.others
        )

    def _all(self, literals: Sequence[Literal]) -> list[Demand]:
        """Return the demand that all of some literals hold, and what they imply."""
        implied = filter(None, map(self.target.implication, literals))
        return [((literal,),) for literal in (*literals, *implied)]

    def _needed(self, cubes: list[Cube]) -> list[Cube]:
        """Return the cubes without those that the others take in together."""
        needed = list(cubes)
        for cube in cubes if len(cubes) > 1 else ():
            rest = [one for one in needed if one is not cube]
            if not self.fits(cube, rest):
                needed = rest
        return needed


def _not(cube: Cube) -> Demand:
    return tuple((literal.negated(),) for literal in cube)
