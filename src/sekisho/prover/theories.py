"""What can be true together about one attribute of a request: its action, its resource, one key.

A theory holds atoms: the elements and conditions of all statements that are about its attribute.
Asked for some of them to hold and others not, it returns a value with which it is so, or None: no
value is like that. The engine is what says whether an atom holds for a value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sekisho.engine.model import ContextValue
from sekisho.prover.limits import Effort
from sekisho.prover.texts import NO_WORDS, Patterns, Words, find

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
        effort: what may still be spent.
        besides: a value of none of these forms, like the resource `*`.
        words: what no value is.
    """

    def __init__(
        self,
        name: str,
        forms: Patterns,
        effort: Effort,
        besides: str | None = None,
        words: Words = NO_WORDS,
    ) -> None:
        self._name = name
        self._forms = forms
        self._effort = effort
        self._besides = besides
        self._words = words
        self._atoms: list[tuple[Patterns, bool]] = []
        self._hold_besides = 0
        self._solved: dict[tuple[int, int], Values | None] = {}
        self._known: list[_Known] = []

    def add(self, patterns: Patterns, *, negated: bool, besides: bool) -> int:
        """Add an atom: some pattern matches, or none if `negated`; return its number.

        `besides` tells whether it holds for the value of no form.
        """
        number = len(self._atoms)
        self._atoms.append((patterns, negated))
        self._hold_besides |= besides << number
        return number

    @property
    def size(self) -> int:
        """The number of atoms."""
        return len(self._atoms)

    def holding(self, text: str) -> int:
        """Return, as bits, the atoms that hold for a text of these forms."""
        return sum(
            (patterns.matches(text) is not negated) << number
            for number, (patterns, negated) in enumerate(self._atoms)
        )

    def solve(self, true: int, false: int) -> Values | None:
        """Return a text with which the atoms hold, or do not, as wanted."""
        if (true, false) not in self._solved:
            text = self._find(true, false)
            self._solved[true, false] = None if text is None else {self._name: text}
        return self._solved[true, false]

    def _find(self, true: int, false: int) -> str | None:
        # a text that answered before often answers again
        for known in self._known:
            if self._is_so(known, true, false):
                return known.text
        some: list[Patterns] = [self._forms]
        none: list[Patterns] = []
        for number, (patterns, negated) in enumerate(self._atoms):
            if (true | false) >> number & 1:
                (some if bool(true >> number & 1) is not negated else none).append(patterns)
        found = find(some, none, self._effort, self._words) if self._forms.all else None
        if found is not None:
            self._known = [_Known(found), *self._known[: _MOST_KNOWN - 1]]
        elif self._besides is not None:
            hold = self._hold_besides
            if not true & ~hold and not false & hold:
                return self._besides
        return found

    def _is_so(self, known: "_Known", true: int, false: int) -> bool:
        """Tell whether the atoms of `true` hold for a text and those of `false` do not."""
        unseen = (true | false) & ~known.seen
        self._effort.spend(1 + 2 * len(known.text) * unseen.bit_count())
        while unseen:
            number = unseen.bit_length() - 1
            patterns, negated = self._atoms[number]
            known.hold |= (patterns.matches(known.text) is not negated) << number
            unseen ^= 1 << number
        known.seen |= true | false
        return not true & ~known.hold and not false & known.hold


_MOST_KNOWN = 16


@dataclass(slots=True)
class _Known:
    """A text of the right form; which of the atoms that have been `seen` hold for it."""

    text: str
    seen: int = 0
    hold: int = 0


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
