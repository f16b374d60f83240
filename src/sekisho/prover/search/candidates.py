"""The search: is there one request that fits all of a list of demands?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sekisho.engine import ContextValue
from sekisho.prover.search import reasons
from sekisho.prover.search.limits import MOST_NODES, Effort, LimitReached
from sekisho.prover.values.texts import NO_WORDS, Patterns, Words, find

KeyValues = Mapping[str, ContextValue]
"""Context keys and their values; `ACTION` and `RESOURCE` are no context keys."""

ACTION = "action"
RESOURCE = "resource"


class Theory(Protocol):
    """What can be true together about one attribute."""

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return values with which the atoms of `true` hold and those of `false` do not.

        Both are bits, counted in the order in which the atoms were added.

        Raises:
            LimitReached: if that is too much to find out.
        """
        ...

    def holds(self, values: KeyValues, number: int) -> bool:
        """Tell whether an atom holds for values that `solve` returned."""
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
        self._solved: dict[tuple[int, int], KeyValues | None] = {}
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

    def holds(self, values: KeyValues, number: int) -> bool:
        """Tell whether an atom holds for a text."""
        text = str(values[self._name])
        if text == self._besides:
            return bool(self._hold_besides >> number & 1)
        known = next((each for each in self._known if each.text == text), None)
        if known is None:
            known = _Known(text)
            self._known = [known, *self._known[: _MOST_KNOWN - 1]]
        self._see(known, 1 << number)
        return bool(known.hold >> number & 1)

    def solve(self, true: int, false: int) -> KeyValues | None:
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
        self._see(known, true | false)
        return not true & ~known.hold and not false & known.hold

    def _see(self, known: "_Known", wanted: int) -> None:
        """Find out which of some atoms hold for a text."""
        unseen = wanted & ~known.seen
        self._effort.spend(1 + 2 * len(known.text) * unseen.bit_count())
        while unseen:
            number = unseen.bit_length() - 1
            patterns, negated = self._atoms[number]
            known.hold |= (patterns.matches(known.text) is not negated) << number
            unseen ^= 1 << number
        known.seen |= wanted


_MOST_KNOWN = 16


@dataclass(slots=True)
class _Known:
    """A text of the right form; which of the atoms that have been `seen` hold for it."""

    text: str
    seen: int = 0
    hold: int = 0


class FiniteChoices:
    """One or several context keys that take one of a list of values.

    Args:
        values: what the keys can be; every way in which atoms can hold together is among them.
    """

    def __init__(self, values: Sequence[KeyValues]) -> None:
        self._values = values
        self._holds: list[Callable[[KeyValues], bool]] = []
        self._hold: dict[int, int] = {}
        self._hold_for: dict[tuple[int, int], bool] = {}

    def add(self, holds: Callable[[KeyValues], bool]) -> int:
        """Add an atom; return its number. It is asked of the values when it is first needed."""
        self._holds.append(holds)
        return len(self._holds) - 1

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return the first values with which the atoms hold, or do not, as wanted."""
        left = (1 << len(self._values)) - 1
        asked = true | false
        while asked and left:
            number = (asked & -asked).bit_length() - 1
            asked &= asked - 1
            hold = self._holding(number)
            left &= hold if true >> number & 1 else ~hold
        return self._values[(left & -left).bit_length() - 1] if left else None

    def holds(self, values: KeyValues, number: int) -> bool:
        """Tell whether an atom holds for some of the values."""
        key = (id(values), number)
        if key not in self._hold_for:
            self._hold_for[key] = self._holds[number](values)
        return self._hold_for[key]

    def _holding(self, number: int) -> int:
        """Return, as bits, the values for which an atom holds."""
        if number not in self._hold:
            holds = self._holds[number]
            self._hold[number] = sum(
                holds(each) << place for place, each in enumerate(self._values)
            )
        return self._hold[number]


class Loose:
    """Atoms that are taken to be free of each other: never too few answers, maybe too many."""

    def __init__(self) -> None:
        self._size = 0

    def add(self) -> int:
        """Add an atom; return its number."""
        self._size += 1
        return self._size - 1

    def solve(self, true: int, false: int) -> KeyValues | None:
        """Return no value; None if one atom shall both hold and not."""
        return None if true & false else {}

    def holds(self, _values: KeyValues, _number: int) -> bool:
        """Return False: what nobody asked to hold need not."""
        return False


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


_LONG = 64
"""Alternatives beyond which those of a demand are not counted."""

_MANY = 32
"""Demands beyond which an example says which of them need a choice."""

_EXTENDING = 8
"""Steps for each literal that is added."""


@dataclass(slots=True)
class _Run:
    """One search; `reason` keeps the first limit that was met."""

    theories: Mapping[str, Theory]
    effort: Effort
    nodes: int = 0
    reason: LimitReached | None = field(default=None)

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
        except LimitReached as reason:
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
        """Return the ways to meet one more demand, each with those left; None if all are met."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.reason = self.reason or LimitReached(reasons.TOO_MANY_COMBINATIONS)
            return iter(())
        open_ = [one for one in demands if not any(_implied(masks, each) for each in one)]
        if not open_:
            return None
        if len(open_) > _MANY:
            return self._guided(masks, open_)
        short = [one for one in open_ if len(one) <= _LONG]
        if not short:
            # most often the first alternatives will do, so that the rest is not looked at
            first, *rest = open_
            found = ((self.extended(masks, one), rest) for one in first)
            return ((way, left) for way, left in found if way is not None)
        chosen, ways = short[0], list[_Masks]()
        for place, demand in enumerate(short):
            found_ways = [way for one in demand if (way := self.extended(masks, one)) is not None]
            if place == 0 or len(found_ways) < len(ways):
                chosen, ways = demand, found_ways
            if len(found_ways) <= 1:
                break
        left = [demand for demand in open_ if demand is not chosen]
        return iter([(way, left) for way in ways])

    def _guided(
        self, masks: _Masks, demands: Sequence[Demand]
    ) -> Iterator[tuple[_Masks, Sequence[Demand]]] | None:
        """Return the same of many demands: the ways to meet one that an example does not.

        Most of many demands are met by whatever fits the others. So values that fit the masks are
        looked at, and a choice is made only where these do not do. None if they do.
        """
        units = [one for one in demands if len(one) == 1]
        if units:
            rest = [one for one in demands if len(one) != 1]
            way = self.extended(masks, tuple(literal for (one,) in units for literal in one))
            return iter([] if way is None else [(way, rest)])
        try:
            example = _Example.of(masks, self.theories)
        except LimitReached as reason:
            self.reason = self.reason or reason
            return iter(())
        self.effort.spend(sum(map(len, demands)))
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

    masks: _Masks
    theories: Mapping[str, Theory]
    values: Mapping[str, KeyValues]

    @classmethod
    def of(cls, masks: _Masks, theories: Mapping[str, Theory]) -> "_Example | None":
        """Return values that fit some masks, or None: there are none.

        Raises:
            LimitReached: if that is too much to find out.
        """
        found: dict[str, KeyValues] = {}
        for name, theory in theories.items():
            values = theory.solve(*masks.get(name, (0, 0)))
            if values is None:
                return None
            found[name] = values
        return cls(masks, theories, found)

    def meets(self, demand: Demand) -> bool:
        """Tell whether the values meet a demand."""
        return any(map(self.fits, demand))

    def fits(self, alternative: Alternative) -> bool:
        """Tell whether all literals of an alternative hold."""
        return all(map(self._is_so, alternative))

    def _is_so(self, literal: Literal) -> bool:
        theory, number, holds = literal
        true, false = self.masks.get(theory, (0, 0))
        if (true | false) >> number & 1:
            return bool(true >> number & 1) is holds
        return self.theories[theory].holds(self.values[theory], number) is holds


def _implied(masks: _Masks, alternative: Alternative) -> bool:
    return all(
        (masks.get(theory, (0, 0))[0 if holds else 1] >> number) & 1
        for theory, number, holds in alternative
    )


def _units_first(demands: Sequence[Demand]) -> list[Demand]:
    """Return the demands, those that leave no choice first: most often they settle it."""
    return sorted(demands, key=lambda demand: len(demand) > 1)


def search(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> dict[str, ContextValue] | None:
    """Return values that meet all demands, or None: there are none.

    Raises:
        LimitReached: if nothing was found and not everything could be looked at.
    """
    masks = _solved(demands, theories, effort)
    example = None if masks is None else _Example.of(masks, theories)
    if example is None:
        return None
    return {key: value for values in example.values.values() for key, value in values.items()}


def implicant(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> Alternative | None:
    """Return literals that can hold together and meet all demands, or None: there are none.

    Raises:
        LimitReached: as `search`.
    """
    masks = _solved(demands, theories, effort)
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


def _meeting(
    masks: _Masks, demands: Sequence[Demand], theories: Mapping[str, Theory]
) -> _Masks | None:
    """Return masks that imply all demands, read off values that fit `masks` and meet them."""
    example = _Example.of(masks, theories)
    if example is None:
        return None
    found = dict(masks)
    for demand in demands:
        if not any(_implied(found, each) for each in demand):
            for theory, number, holds in next(filter(example.fits, demand)):
                true, false = found.get(theory, (0, 0))
                bit = 1 << number
                found[theory] = (true | bit, false) if holds else (true, false | bit)
    return found


def _solved(
    demands: Sequence[Demand], theories: Mapping[str, Theory], effort: Effort
) -> _Masks | None:
    run = _Run(theories, effort)
    masks = run.met(_units_first(demands))
    if masks is None and run.reason is not None:
        raise run.reason
    return masks


@dataclass(frozen=True, slots=True)
class NoCandidate:
    """Nothing answers, not even of more than there can be: a proof."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What answers of more than there can be; whether a real request does is not known yet.

    Attributes:
        values: the action, the resource and the keys, by attribute.
    """

    values: Mapping[str, ContextValue]


@dataclass(frozen=True, slots=True)
class LimitHit:
    """It was too much to look at at once; it may be little enough action by action."""


Looked = NoCandidate | Candidate | LimitHit
