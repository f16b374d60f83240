"""Theories: the combinations of truths about one attribute of a request that are possible.

An action and a resource are texts, searched by their patterns; a context key has a list of values
of which one is enough.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from sekisho.engine import ContextValue
from sekisho.engine.matching import Wild
from sekisho.lazy import dataclass
from sekisho.prover.solver.limits import Budget
from sekisho.prover.solver.texts import NO_WORDS, Patterns, Words, find_text

KeyValues = Mapping[str, ContextValue]
"""Context keys and their values; `ACTION` and `RESOURCE` are no context keys."""

ACTION = "action"
RESOURCE = "resource"


class Theory(Protocol):
    """A theory of one attribute: which atoms can be true together."""

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return values for which the atoms of `true` hold and those of `false` do not.

        Both are bits, counted in the order in which the atoms were added.

        Raises:
            LimitReached: if the search is too large.
        """
        ...

    def holds(self, values: KeyValues, number: int) -> bool:
        """Return whether an atom holds for values that `solve` returned."""
        ...


def _numbers(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class Texts:
    """An action or a resource: a text of certain forms, which atoms compare with patterns.

    Args:
        name: `ACTION` or `RESOURCE`.
        forms: the patterns of all values.
        budget: the steps that are left.
        formless_value: a value of none of these forms, like the resource `*`.
        words: texts that no value equals.
    """

    def __init__(
        self,
        name: str,
        forms: Patterns,
        budget: Budget,
        formless_value: str | None = None,
        words: Words = NO_WORDS,
    ) -> None:
        self._name = name
        self._forms = forms
        self._budget = budget
        self._formless_value = formless_value
        self._words = words
        self._atoms: list[tuple[Patterns, bool]] = []
        self._hold_formless = 0
        self._solved: dict[tuple[int, int], KeyValues | None] = {}
        self._known: list[_Known] = []

    def add(self, patterns: Patterns, *, negated: bool, holds_formless: bool) -> int:
        """Add an atom: some pattern matches, or none if `negated`; return its number.

        `holds_formless` is whether the atom holds for the value of no form.
        """
        number = len(self._atoms)
        self._atoms.append((patterns, negated))
        self._hold_formless |= holds_formless << number
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

    def holds(self, values: KeyValues, number: int) -> bool:
        """Return whether an atom holds for a text."""
        text = str(values[self._name])
        if text == self._formless_value:
            return bool(self._hold_formless >> number & 1)
        known = next((each for each in self._known if each.text == text), None)
        if known is None:
            known = _Known(text)
            self._known = [known, *self._known[: _MOST_KNOWN - 1]]
        self._see(known, 1 << number)
        return bool(known.hold >> number & 1)

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return a text for which the atoms hold, or do not hold, as required."""
        if (true, false) not in self._solved:
            text = self._find(true, false)
            self._solved[true, false] = None if text is None else {self._name: text}
        return self._solved[true, false]

    def _find(self, true: int, false: int) -> str | None:
        # a text that answered before often answers again
        for known in self._known:
            if self._agrees(known, true, false):
                return known.text
        some: list[Patterns] = [self._forms]
        none: list[Patterns] = []
        for number in _numbers(true | false):
            patterns, negated = self._atoms[number]
            (some if bool(true >> number & 1) is not negated else none).append(patterns)
        result = find_text(some, none, self._budget, self._words) if self._forms.all else None
        if result is not None:
            self._known = [_Known(result), *self._known[: _MOST_KNOWN - 1]]
        elif self._formless_value is not None:
            hold = self._hold_formless
            if not true & ~hold and not false & hold:
                return self._formless_value
        return result

    def _agrees(self, known: "_Known", true: int, false: int) -> bool:
        """Return whether the atoms of `true` hold for a text and those of `false` do not."""
        self._see(known, true | false)
        return not true & ~known.hold and not false & known.hold

    def _see(self, known: "_Known", wanted: int) -> None:
        """Compute which of some atoms hold for a text."""
        unseen = wanted & ~known.seen
        self._budget.spend(1 + 2 * len(known.text) * unseen.bit_count())
        for number in _numbers(unseen):
            patterns, negated = self._atoms[number]
            known.hold |= (patterns.matches(known.text) is not negated) << number
        known.seen |= wanted


_MOST_KNOWN = 16


@dataclass(slots=True)
class _Known:
    """A text of the right form, and the atoms that hold for it among those `seen` so far."""

    text: str
    seen: int = 0
    hold: int = 0


class ListedTexts(NamedTuple):
    """The texts of a key that an atom is about, and whether it holds for all other texts."""

    key: str
    texts: frozenset[str]
    others: bool


class FiniteChoices:
    """One or several context keys that have one of a list of values.

    Args:
        values: the possible values, one for each combination of atoms that can hold.
    """

    def __init__(self, values: Sequence[KeyValues]) -> None:
        self._values = values
        self._holds: list[Callable[[KeyValues], bool]] = []
        self._listed: list[ListedTexts | None] = []
        self._places: dict[str, dict[str | None, int]] = {}
        self._hold: dict[int, int] = {}
        self._hold_for: dict[tuple[int, int], bool] = {}
        self._solved: dict[tuple[int, int], KeyValues | None] = {}

    def add(
        self,
        holds: Callable[[KeyValues], bool],
        listed: ListedTexts | None = None,
    ) -> int:
        """Add an atom; return its number. It is evaluated when it is first needed.

        Args:
            holds: whether it holds for some values.
            listed: the texts for which that need be asked; None: all values.
        """
        self._holds.append(holds)
        self._listed.append(listed)
        return len(self._holds) - 1

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return the first values for which the atoms hold, or do not hold, as required."""
        if (true, false) not in self._solved:
            self._solved[true, false] = self._first(true, false)
        return self._solved[true, false]

    def _first(self, true: int, false: int) -> KeyValues | None:
        numbers_left = (1 << len(self._values)) - 1
        for number in _numbers(true | false):
            hold = self._holding(number)
            numbers_left &= hold if true >> number & 1 else ~hold
            if not numbers_left:
                break
        return (
            self._values[(numbers_left & -numbers_left).bit_length() - 1] if numbers_left else None
        )

    def holds(self, values: KeyValues, number: int) -> bool:
        """Return whether an atom holds for some of the values."""
        key = (id(values), number)
        if key not in self._hold_for:
            self._hold_for[key] = self._holds[number](values)
        return self._hold_for[key]

    def is_alike(self, other: "FiniteChoices", number: int) -> bool:
        """Return whether an atom holds for the same values as in another theory of equal values."""
        if self is other:
            return True
        return self._values == other._values and self._holding(number) == other._holding(number)

    def _holding(self, number: int) -> int:
        """Return, as bits, the values for which an atom holds."""
        if number not in self._hold:
            self._hold[number] = self._evaluate(number, self._listed[number])
        return self._hold[number]

    def _evaluate(self, number: int, listed: ListedTexts | None) -> int:
        holds = self._holds[number]
        if listed is None:
            return sum(holds(each) << place for place, each in enumerate(self._values))
        by_text = self._by_text(listed.key)
        own = sum(by_text.get(text, 0) for text in (*listed.texts, None))
        others = ((1 << len(self._values)) - 1) & ~own if listed.others else 0
        return others | sum(holds(self._values[place]) << place for place in _numbers(own))

    def _by_text(self, key: str) -> Mapping[str | None, int]:
        """Return, as bits, the values with each text of a key; under None, those without a text."""
        if key not in self._places:
            by_text = self._places[key] = dict[str | None, int]()
            for place, values in enumerate(self._values):
                value = values.get(key)
                text = value if isinstance(value, str) else None
                by_text[text] = by_text.get(text, 0) | 1 << place
        return self._places[key]


class AnyText:
    """One context key that can be any text, or absent; a text is searched for when needed.

    Args:
        key: its name.
        budget: the steps that are left.
        may_be_absent: whether a request can lack it.
    """

    def __init__(self, key: str, budget: Budget, *, may_be_absent: bool) -> None:
        self._key = key
        self._texts = Texts(key, Patterns([(Wild.ANY, Wild.STAR)]), budget)
        self._absent = FiniteChoices([{}] if may_be_absent else [])
        self._empty = FiniteChoices([{key: ""}])

    def add(self, patterns: Patterns, *, negated: bool, without: bool, empty: bool) -> int:
        """Add an atom: some pattern matches, or none if `negated`; return its number.

        `without` is whether the atom holds if the key is absent, `empty` whether it holds for "".
        """
        self._absent.add(lambda _: without)
        self._empty.add(lambda _: empty)
        return self._texts.add(patterns, negated=negated, holds_formless=False)

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return the simplest values for which the atoms hold, or do not hold, as required."""
        for theory in (self._absent, self._texts, self._empty):
            if (result := theory.solve(true, false)) is not None:
                return result
        return None

    def holds(self, values: KeyValues, number: int) -> bool:
        """Return whether an atom holds for values that `solve` returned."""
        match values.get(self._key):
            case None:
                return self._absent.holds(values, number)
            case "":
                return self._empty.holds(values, number)
            case _:
                return self._texts.holds(values, number)


class FreeAtoms:
    """Atoms that are assumed to be independent: answers are never missed, but may be spurious."""

    def __init__(self) -> None:
        self._size = 0

    def add(self) -> int:
        """Add an atom; return its number."""
        self._size += 1
        return self._size - 1

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return no values; None if an atom must both hold and not hold."""
        return None if true & false else {}

    def holds(self, _values: KeyValues, _number: int) -> bool:
        """Return False: an atom that is not required to hold need not hold."""
        return False


Masks = dict[str, tuple[int, int]]
"""The atoms that must hold and those that must not, by theory."""


class KeyTheories(dict[str, Theory]):
    """The theories of context keys, by name."""

    def __init__(self) -> None:
        super().__init__()
        self._unasked: dict[str, KeyValues] = {}
        self._places: dict[str, int] = {}
        self._without: set[str] = set()

    def unasked(self) -> Mapping[str, KeyValues]:
        """Return the values of the theories that no demand is about, if they have any."""
        for name in [*self][len(self._places) :]:
            self._places[name] = len(self._places)
            values = self[name].solve(0, 0)
            if values is None:
                self._without.add(name)
            elif values:
                self._unasked[name] = values
        return self._unasked

    def place(self, name: str) -> int:
        """Return the index of a theory among the others."""
        return self._places.get(name, len(self))

    def any_without(self, exceptions: Container[str]) -> bool:
        """Return whether a theory has no values, apart from the exceptions."""
        return any(name not in exceptions for name in self._without)


@dataclass(frozen=True, slots=True)
class Theories:
    """The theories of every attribute of a request.

    Attributes:
        of_keys: of the context keys: there may be thousands, of which most are not asked about.
        of_texts: of the resource, and of the action if there are several.
    """

    of_keys: KeyTheories
    of_texts: Mapping[str, Theory]

    def __getitem__(self, name: str) -> Theory:
        """Return the theory of a name."""
        found = self.of_texts.get(name)
        return self.of_keys[name] if found is None else found

    def solve(self, masks: Masks) -> dict[str, KeyValues] | None:
        """Return values that fit some masks, by theory; theories without values are left out.

        None if there are none.

        Raises:
            LimitReached: if the search is too large.
        """
        unasked = self.of_keys.unasked()
        if self.of_keys.any_without(masks):
            return None
        result: dict[str, KeyValues] = {}
        asked = {name for name in masks if name not in self.of_texts}
        for name in (*sorted({*unasked, *asked}, key=self.of_keys.place), *self.of_texts):
            values = unasked.get(name) if name not in masks else None
            if values is None:
                values = self[name].solve(*masks.get(name, (0, 0)))
            if values is None:
                return None
            result[name] = values
        return result
