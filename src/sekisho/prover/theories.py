"""What can be true together about one attribute of a request: its action, its resource, one key.

A theory holds atoms: the elements and conditions of all statements that are about its attribute.
Asked for some of them to hold and others not, it returns a value with which it is so, or None: no
value is like that. The engine is what says whether an atom holds for a value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sekisho.engine.model import ContextValue
from sekisho.prover.texts import NO_WORDS, Machine, Tokens, Words, find

__all__ = ["ACTION", "RESOURCE", "Choices", "Loose", "Texts", "Theory", "Values"]

Values = Mapping[str, ContextValue]
"""Context keys and their values; `ACTION` and `RESOURCE` are no context keys."""

ACTION = "action"
RESOURCE = "resource"


class Theory(Protocol):
    """What can be true together about one attribute."""

    def solve(self, true: int, false: int) -> Values | None:
        """Return values with which the atoms of `true` hold and those of `false` do not.

        Both are bits, counted in the order in which the atoms were added.

        Raises:
            Limit: if that is too much to find out.
        """
        ...


class Texts:
    """An action or a resource: a text of certain forms, which atoms compare with patterns.

    Args:
        name: `ACTION` or `RESOURCE`.
        forms: what every value is like.
        besides: a value of none of these forms, like the resource `*`.
        words: what no value is.
    """

    def __init__(
        self,
        name: str,
        forms: Sequence[Tokens],
        besides: str | None = None,
        words: Words = NO_WORDS,
    ) -> None:
        self._name = name
        self._forms = Machine(forms) if forms else None
        self._besides = besides
        self._words = words
        self._atoms: list[tuple[tuple[Tokens, ...], bool]] = []
        self._hold_besides = 0
        self._solved: dict[tuple[int, int], Values | None] = {}

    def add(self, patterns: tuple[Tokens, ...], *, negated: bool, besides: bool) -> int:
        """Add an atom: some pattern matches, or none if `negated`; return its number.

        `besides` tells whether it holds for the value of no form.
        """
        number = len(self._atoms)
        self._atoms.append((patterns, negated))
        self._hold_besides |= besides << number
        return number

    def solve(self, true: int, false: int) -> Values | None:
        """Return a text with which the atoms hold, or do not, as wanted."""
        if (true, false) not in self._solved:
            text = self._find(true, false)
            self._solved[true, false] = None if text is None else {self._name: text}
        return self._solved[true, false]

    def _find(self, true: int, false: int) -> str | None:
        some: list[Machine] = []
        none: list[Tokens] = []
        for number, (patterns, negated) in enumerate(self._atoms):
            if not (true | false) >> number & 1:
                continue
            if bool(true >> number & 1) is not negated:
                some.append(Machine(patterns))
            else:
                none += patterns
        found = (
            None if self._forms is None else find([*some, self._forms], Machine(none), self._words)
        )
        if found is None and self._besides is not None:
            hold = self._hold_besides
            if not true & ~hold and not false & hold:
                return self._besides
        return found


class Choices:
    """One or several context keys that take one of a list of values.

    Args:
        values: what the keys can be; every way in which atoms can hold together is among them.
    """

    def __init__(self, values: Sequence[Values]) -> None:
        self._values = values
        self._hold: list[int] = []

    def add(self, holds: Callable[[Values], bool]) -> int:
        """Add an atom; return its number."""
        self._hold.append(sum(holds(each) << place for place, each in enumerate(self._values)))
        return len(self._hold) - 1

    def solve(self, true: int, false: int) -> Values | None:
        """Return the first values with which the atoms hold, or do not, as wanted."""
        left = (1 << len(self._values)) - 1
        for number, hold in enumerate(self._hold):
            if true >> number & 1:
                left &= hold
            elif false >> number & 1:
                left &= ~hold
        return self._values[(left & -left).bit_length() - 1] if left else None


class Loose:
    """Atoms that are taken to be free of each other: never too few answers, maybe too many."""

    def __init__(self) -> None:
        self._size = 0

    def add(self) -> int:
        """Add an atom; return its number."""
        self._size += 1
        return self._size - 1

    def solve(self, true: int, false: int) -> Values | None:
        """Return no value; None if one atom shall both hold and not."""
        return None if true & false else {}
