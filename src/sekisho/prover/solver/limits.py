"""Limits of the prover's search; an answer beyond them is `Unknown`, never a hang or a pass."""

from collections.abc import Callable

from sekisho.messages import Message
from sekisho.prover.solver.reasons import TOO_MANY_STEPS

MOST_STATES = 20_000
"""The states of patterns that are read side by side, in one question about a text."""

MOST_CUBES = 64
"""The different conditions under which one action answers a question."""

MOST_DIGITS = 1_000
"""The digits of a number, before and after the point, that a key is compared with."""

MOST_NODES = 20_000
"""The choices in one search."""

MOST_SETS = 1_024
"""The sets of values of one multivalued key."""

MOST_ASSIGNMENTS = 64
"""The combinations of values that are tried for policy variables with unknown values."""


MOST_STEPS = 20_000_000
"""The steps in one question. Counted and not timed, so that a question always ends alike."""


MOST_LISTING_STEPS = 8_000_000
"""The steps for a list of answers, after it is known that there is one."""

MOST_BEYOND_STEPS = 8_000_000
"""The steps for requests outside the catalogue, if no request in it answers."""


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
"""The number of results that are cached."""


class StepsSpent(LimitReached):
    """A question has no steps left: it ends, whatever else could be examined."""

    def __init__(self) -> None:
        super().__init__(TOO_MANY_STEPS)


class Budget:
    """The steps that are left for one question; a step takes about a microsecond.

    All work on the question is taken from it: every item of a list, and the same question once more
    for each assumption.

    Attributes:
        known: cached results of many steps each; a look-up takes one.
        left: how many steps may still be spent.
        spent: how many were; what `limit_to` takes away was not.
    """

    __slots__ = ("known", "left", "spent")

    def __init__(self, steps: int | None = None) -> None:
        self.left = MOST_STEPS if steps is None else steps
        self.spent = 0
        self.known: dict[object, list[str]] = {}

    def cached(self, subject: object, find: Callable[[], list[str]]) -> list[str]:
        """Return the result of `find`, computed once for each subject.

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
        """Limit the steps that are left."""
        self.left = min(self.left, steps)

    def spend(self, steps: int) -> None:
        """Use up steps.

        Raises:
            StepsSpent: if there are none left.
        """
        self.left -= steps
        self.spent += steps
        if self.left < 0:
            raise StepsSpent
