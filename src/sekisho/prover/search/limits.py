"""What the prover does not search beyond; what lies there is `Unknown`, never a hang or a pass."""

from collections.abc import Callable

from sekisho.messages import Message
from sekisho.prover.search.reasons import TOO_MANY_STEPS

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


class LimitReached(Exception):
    """The answer lies beyond a limit, or needs a construct that is not handled.

    Does not leave `prover`: it becomes `Unknown` with this reason.

    Attributes:
        reason: in words.
    """

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.en)
        self.reason = reason


class Effort:
    """How many steps are left to one question; a step takes about a microsecond.

    Attributes:
        known: what was found out by many steps, and how many; found again, it takes as many.
    """

    __slots__ = ("known", "left")

    def __init__(self, steps: int | None = None) -> None:
        self.left = MOST_STEPS if steps is None else steps
        self.known: dict[object, tuple[list[str], int]] = {}

    def once(self, about: object, find: Callable[[], list[str]]) -> list[str]:
        """Return what `find` finds about something; found again, it is not looked for.

        Raises:
            LimitReached: if there are no steps left.
        """
        if about in self.known:
            found, steps = self.known[about]
            self.spend(steps)
            return found
        before = self.left
        found = find()
        self.known[about] = found, before - self.left
        return found

    def spend(self, steps: int) -> None:
        """Take steps away.

        Raises:
            LimitReached: if there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise LimitReached(TOO_MANY_STEPS)
