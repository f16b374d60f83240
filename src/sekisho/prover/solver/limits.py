"""Limits of the prover's search; an answer beyond them is `Unknown`, never a hang or a pass."""

from collections.abc import Callable

from sekisho.messages import Message
from sekisho.prover.solver.reasons import TOO_MANY_STEPS

MOST_STATES = 20_000
"""States of patterns read side by side, in one question about a text."""

MOST_CUBES = 64
"""Different conditions under which one action answers a question."""

MOST_DIGITS = 1_000
"""Digits of a number, before and after the point, with which a key is compared."""

MOST_NODES = 20_000
"""Choices in one search."""

MOST_SETS = 1_024
"""Sets of values of one multivalued key."""

MOST_ASSIGNMENTS = 64
"""Combinations of values that are tried for policy variables whose value is not known."""


MOST_STEPS = 20_000_000
"""Steps of all kinds in one question. Counted, not timed: a question always ends alike."""


MOST_LISTING_STEPS = 8_000_000
"""Steps for a list of what answers, once it is known that something does."""

MOST_BEYOND_STEPS = 8_000_000
"""Steps for what the catalogue does not know, once nothing that it knows answers."""


class LimitReached(Exception):
    """The answer lies beyond a limit, or needs a construct that is not handled.

    Does not leave `prover`: it becomes `Unknown` with this reason.

    Attributes:
        reason: in words.
    """

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.en)
        self.reason = reason


_MOST_KNOWN = 50_000
"""How many things that were found out are kept."""


class StepsSpent(LimitReached):
    """There are no steps left to a question: it is over, whatever else could be looked at."""

    def __init__(self) -> None:
        super().__init__(TOO_MANY_STEPS)


class Budget:
    """The steps that are left to one question; a step takes about a microsecond.

    All that is asked to answer the question spends from it: every item of a list, and the same
    question once more for each assumption.

    Attributes:
        known: what was found out by many steps; to look it up takes one.
        left: how many steps may still be spent.
        spent: how many were; what `limit_to` takes away was not.
    """

    __slots__ = ("known", "left", "spent")

    def __init__(self, steps: int | None = None) -> None:
        self.left = MOST_STEPS if steps is None else steps
        self.spent = 0
        self.known: dict[object, list[str]] = {}

    def cached(self, subject: object, find: Callable[[], list[str]]) -> list[str]:
        """Return the result of `find`, looked for once for each subject.

        Raises:
            StepsSpent: if there are no steps left.
        """
        self.spend(1)
        if subject not in self.known:
            texts = find()
            if len(self.known) >= _MOST_KNOWN:
                self.known.clear()
            self.known[subject] = texts
        return self.known[subject]

    def limit_to(self, steps: int) -> None:
        """Leave no more than some steps."""
        self.left = min(self.left, steps)

    def spend(self, steps: int) -> None:
        """Take steps away.

        Raises:
            StepsSpent: if there are none left.
        """
        self.left -= steps
        self.spent += steps
        if self.left < 0:
            raise StepsSpent
