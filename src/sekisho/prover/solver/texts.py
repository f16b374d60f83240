"""Questions about all texts: is there one that some patterns match and others do not?

Patterns are read side by side, as `engine.matching.glob` reads one: the places that a text so far
can have reached are the bits of one integer. Texts that lead to the same places are equivalent to
the patterns, so one text for each set of places represents all texts. All characters that are in no
pattern are equivalent, too, and one of them represents the rest.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache, reduce
from itertools import chain, islice, takewhile

from sekisho.engine.matching import Wild
from sekisho.lazy import dataclass
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_STATES, Budget, LimitReached


class Segment(Enum):
    """The two wildcards where they do not match a colon: in the first five parts of an ARN."""

    STAR = "*"
    ANY = "?"


@dataclass(frozen=True, slots=True)
class Kind:
    """Any one character of a kind, or any number of them.

    Attributes:
        characters: the characters of the kind.
        many: whether it is any number, none as well.
    """

    characters: frozenset[str]
    many: bool = False


Token = str | frozenset[str] | Wild | Segment | Kind
"""Literal text, any one of some characters, or a wildcard."""

Tokens = Sequence[Token]
"""A pattern."""


def spelled(pattern: Tokens) -> list[Token]:
    """Return a pattern in which every literal character is a token."""
    return [one for token in pattern for one in (token if isinstance(token, str) else (token,))]


_ORDINARY = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ.+=,@"


def filler(used: Iterable[str]) -> str:
    """Return a character that is not among `used`, an ordinary one if possible."""
    known = set(used)
    found = next((char for char in _ORDINARY if char not in known), None)
    return found or next(chr(code) for code in range(0xA1, 0x2FFF) if chr(code) not in known)


class Machine:
    """Patterns that are read side by side; it accepts the texts that any of them matches.

    Attributes:
        start: the state before any character.
        accepting: the places at which the whole of a pattern has matched.
        kinds: the kinds of characters in the patterns: the places of one, and of any number.
        size: the number of places.
    """

    __slots__ = (
        "_any",
        "_reads",
        "_segment_any",
        "_segment_star",
        "_star",
        "accepting",
        "kinds",
        "size",
        "start",
    )

    def __init__(self, patterns: Iterable[Tokens]) -> None:
        self._star = self._segment_star = self._any = self._segment_any = 0
        self.start = self.accepting = self.size = 0
        self._reads: dict[str, int] = {}
        self.kinds: dict[frozenset[str], tuple[int, int]] = {}
        for pattern in patterns:
            self.start |= 1 << self.size
            self.size = self._add(pattern, self.size)
            self.accepting |= 1 << self.size
            self.size += 1

    def _add(self, pattern: Tokens, size: int) -> int:
        for token in spelled(pattern):
            place = 1 << size
            match token:
                case Wild.STAR:
                    self._star |= place
                    continue
                case Segment.STAR:
                    self._segment_star |= place
                    continue
                case Kind(characters, many):
                    one, several = self.kinds.get(characters, (0, 0))
                    of_many = (one, several | place)
                    self.kinds[characters] = of_many if many else (one | place, several)
                    size -= many
                case Wild.ANY:
                    self._any |= place
                case Segment.ANY:
                    self._segment_any |= place
                case _:
                    for char in token:
                        self._reads[char] = self._reads.get(char, 0) | place
            size += 1
        return size

    @property
    def characters(self) -> Iterable[str]:
        """The literal characters in the patterns."""
        return self._reads

    def step(self, state: int, char: str) -> int:
        """Return the state after one more character."""
        star, one = self._star, self._any | self._reads.get(char, 0)
        if char != ":":
            star, one = star | self._segment_star, one | self._segment_any
        for characters, (single, several) in self.kinds.items():
            if char in characters:
                star, one = star | several, one | single
        return (state & star) | (state & one) << 1

    def run(self, text: str) -> int:
        """Return the state after a whole text."""
        state = self.start
        for char in text:
            if not state:
                break
            state = self.step(state, char)
        return state

    def matches(self, text: str) -> bool:
        """Return whether any pattern matches the whole of `text`."""
        return bool(self.run(text) & self.accepting)

    def accepts_every_suffix(self, state: int) -> bool:
        """Return whether every continuation is accepted."""
        return bool(state & self.accepting & self._star)

    def canonical(self, state: int) -> int:
        """Return one representative for all states from which every continuation is accepted."""
        certain = state & self.accepting & self._star
        return certain & -certain or state

    def open(self, state: int) -> bool:
        """Return whether a character that is in no pattern may lead on from `state`."""
        wild = self._star | self._segment_star | self._any | self._segment_any
        return bool(state & wild) or any(state & (a | b) for a, b in self.kinds.values())

    def next(self, state: int) -> list[str]:
        """Return the literal characters of the patterns that lead on from `state`."""
        return [char for char, places in self._reads.items() if places & state]


MARK = "\u2026"
"""Represents every other character where it must lead away from all known words.

It is in no name, and in no pattern of one: `counterexample` puts a letter or a digit in its place.
"""


class Words:
    """Known texts as a tree: each character leads from one place to another."""

    __slots__ = ("_ends", "_steps")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._steps: list[dict[str, int]] = [{}]
        self._ends: set[int] = set()
        for text in texts:
            place = 0
            for char in text:
                after = self._steps[place].setdefault(char, len(self._steps))
                if after == len(self._steps):
                    self._steps.append({})
                place = after
            self._ends.add(place)

    def step(self, place: int, char: str) -> int:
        """Return the place after one more character; -1 if no word continues with it."""
        return -1 if place < 0 else self._steps[place].get(char, -1)

    def ends(self, place: int) -> bool:
        """Return whether the characters that lead to `place` are a word."""
        return place in self._ends

    def has(self, text: str) -> bool:
        """Return whether a text is one of the words."""
        return self.ends(reduce(self.step, text, 0))


NO_WORDS = Words()
"""An empty set of known texts."""


class Patterns:
    """Patterns of which any may match; the machine is made when it is first needed.

    Attributes:
        all: every pattern.
        texts: the patterns that have nothing but characters.
    """

    __slots__ = ("_machine", "_starts", "_wild", "_wild_machine", "all", "texts")

    def __init__(self, patterns: Iterable[Tokens]) -> None:
        self.all = tuple(map(tuple, patterns))
        plain = [(pattern, _plain(pattern)) for pattern in self.all]
        self.texts = dict.fromkeys(text for _, text in plain if text is not None)
        self._wild = [pattern for pattern, text in plain if text is None]
        self._machine: Machine | None = None
        self._wild_machine: Machine | None = None
        self._starts: tuple[str, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether only `texts` are matched."""
        return not self._wild

    @property
    def machine(self) -> Machine:
        """The patterns side by side."""
        if self._machine is None:
            self._machine = Machine(self.all)
        return self._machine

    def matches(self, text: str) -> bool:
        """Return whether any pattern matches the whole of `text`."""
        if text in self.texts or not self._wild:
            return text in self.texts
        if self._wild_machine is None:
            self._wild_machine = Machine(self._wild)
            self._starts = tuple(dict.fromkeys(map(literal_start, self._wild)))
        return text.startswith(self._starts) and self._wild_machine.matches(text)


def literal_start(pattern: Tokens) -> str:
    """Return the common prefix of all texts that a pattern matches."""
    return "".join(takewhile(lambda token: isinstance(token, str), pattern))  # type: ignore[arg-type]  # these are texts


def _plain(pattern: Tokens) -> str | None:
    """Return a pattern as a text; None if it has a token that is not literal."""
    try:
        return "".join(pattern)  # type: ignore[arg-type]  # the quickest way to find out
    except TypeError:
        return None


def _instances(patterns: Patterns, char: str) -> Iterator[str]:
    """Yield texts that some patterns match, with `char` or nothing for each star."""
    for pattern in patterns.all[:_FEW]:
        for star in (char, ""):
            yield "".join(_instance(token, char, star) for token in pattern)


def _instance(token: Token, char: str, star: str) -> str:
    match token:
        case str():
            return token
        case frozenset():
            return min(token)
        case Kind(characters, many):
            nearest = char if char in characters else min(characters)
            return star and nearest if many else nearest
        case Wild.STAR | Segment.STAR:
            return star
        case Wild.ANY | Segment.ANY:
            return char


_FEW, _MANY = 4, 64
_NOTHING = Machine(())


def find_text(
    every: Sequence[Patterns], none: Sequence[Patterns], budget: Budget, words: Words = NO_WORDS
) -> str | None:
    """Return a text that each of `every` matches and none of `none`; None if there is none.

    It is none of `words`, and one of the shortest, unless `every` has few texts only, or the
    shortest text that `none` could forbid is not forbidden.

    Raises:
        LimitReached: if the search is too large.
    """
    fewest = min((one for one in every if one.finite), key=lambda one: len(one.texts), default=None)
    if fewest is not None:
        others = [one for one in every if one is not fewest]
        budget.spend(len(fewest.texts) * (len(none) + len(others)))
        found = (text for text in fewest.texts if all(one.matches(text) for one in others))
        return next((text for text in found if not _forbidden(text, none, words)), None)
    # the same is asked of each way to call, and for each class of actions
    about = (tuple(one.all for one in every), tuple(one.all for one in none), words)
    return next(iter(budget.cached(about, lambda: _searched(every, none, budget, words))), None)


def _searched(
    every: Sequence[Patterns], none: Sequence[Patterns], budget: Budget, words: Words
) -> list[str]:
    """Return the result of `find_text` if `every` has more than a few texts: a text, or nothing."""
    # texts of both are forbidden: two versions of a policy differ in a few of many actions
    refused = dict.fromkeys(pattern for each in none for pattern in each.all)
    if any(pattern in refused for one in every for pattern in one.all):
        every = [Patterns(each for each in one.all if each not in refused) for one in every]
    for text in _likely(every, budget, words):
        if not _forbidden(text, none, words):
            return [text]
    machines = [one.machine for one in every]
    first = next(_search(machines, _NOTHING, budget, words), None)
    if first is None or not _forbidden(first, none, words):
        return [] if first is None else [first]
    return [*islice(_search(machines, Machine(refused), budget, words), 1)]


def _forbidden(text: str, none: Sequence[Patterns], words: Words) -> bool:
    return words.has(text) or any(each.matches(text) for each in none)


def _likely(every: Sequence[Patterns], budget: Budget, words: Words) -> Iterator[str]:
    """Yield texts that each of `every` matches and that are found quickly."""
    # most often an instance of one of the patterns will do
    for pattern in every:
        others = [other for other in every if other is not pattern]
        for text in _instances(pattern, "x" if words is NO_WORDS else MARK):
            budget.spend(len(text) * len(every))
            if all(other.matches(text) for other in others):
                yield text
    if any(len(one.all) > _MANY for one in every):
        # if one of many is enough, the first ones usually are
        few = [Machine(one.all[:_FEW]) if len(one.all) > _MANY else one.machine for one in every]
        yield from islice(_search(few, _NOTHING, budget, words), 1)


_State = tuple[int, ...]

_PLACES_A_STEP = 512
"""The number of places that one step can examine."""


def _search(
    every: Sequence[Machine],
    none: Machine,
    budget: Budget,
    words: Words = NO_WORDS,
    *,
    each: bool = False,
) -> Iterator[str]:
    """Yield an accepted text for each accepting state, the shortest first.

    Without `each`, texts that differ from others only for patterns of `none` are left out.
    """
    machines, wordy = [*every, none], words is not NO_WORDS
    alphabet = _Alphabet.of(machines, wordy=wordy, whole=each or wordy)
    start = (*(machine.start for machine in machines), 0)
    came: dict[_State, tuple[_State, str] | None] = {start: None}
    waiting = deque([start])
    # one step over thousands of places takes longer than over a few
    cost = sum(map(_cost, machines))
    while waiting:
        state = waiting.popleft()
        if none.accepts_every_suffix(state[-2]):
            continue
        if all(s & m.accepting for s, m in zip(state, every, strict=False)) and not (
            state[-2] & none.accepting or words.ends(state[-1])
        ):
            yield _text(came, state)
        choices = _choices(every, state, alphabet)
        budget.spend(cost * len(choices))
        for char in choices:
            read = [m.canonical(m.step(s, char)) for m, s in zip(machines, state, strict=False)]
            if 0 in read[:-1]:
                continue
            after = (*read, words.step(state[-1], char) if wordy else 0)
            if after not in came:
                came[after] = (state, char)
                waiting.append(after)
        if len(came) > MOST_STATES:
            raise LimitReached(reasons.TOO_MANY_STATES)


def _cost(machine: Machine) -> int:
    """Return the steps to read one character."""
    return 1 + machine.size // _PLACES_A_STEP


@dataclass(frozen=True, slots=True)
class _Alphabet:
    """The characters to examine.

    A character that a pattern of `every` matches with a wildcard can be exchanged for one of the
    same kinds that is in no pattern: each pattern without it that matches the new text matched the
    old one, too. So a text that only some of `none` would refuse need not be examined.

    Attributes:
        others: characters that stand for all that is in no pattern, one of each set of kinds; and
            the colon, which is unlike other characters to the wildcards of a segment.
        known: the characters of the patterns for which none of these stands.
    """

    others: tuple[str, ...]
    known: tuple[str, ...]

    @classmethod
    def of(cls, machines: Sequence[Machine], *, wordy: bool, whole: bool) -> "_Alphabet":
        """Return the characters of some machines.

        Args:
            machines: the machines that are read side by side.
            wordy: whether some words must be avoided.
            whole: whether every character is looked at.
        """
        characters = dict.fromkeys(char for machine in machines for char in machine.characters)
        kinds = tuple(dict.fromkeys(kind for machine in machines for kind in machine.kinds))
        of_kinds = _one_of_each_kind(kinds, frozenset({*characters, ":"}))
        # the representative of all other characters must lead away from every word
        other = MARK if wordy else filler([*characters, ":", *chain.from_iterable(kinds)])
        known = tuple(char for char in characters if char != ":")
        if whole:
            return cls((*(() if wordy else of_kinds), other, ":"), known)
        sets = {tuple(char in kind for kind in kinds) for char in (*of_kinds, other)}
        left = (char for char in known if tuple(char in kind for kind in kinds) not in sets)
        return cls((*of_kinds, other, ":"), tuple(left))


@lru_cache(maxsize=1_024)
def _one_of_each_kind(kinds: tuple[frozenset[str], ...], known: frozenset[str]) -> tuple[str, ...]:
    """Return a character for every possible set of kinds that no known character has."""
    by_kinds: dict[tuple[bool, ...], str] = {}
    places = {char: place for place, char in enumerate(_ORDINARY)}
    left = sorted(frozenset().union(*kinds) - known)
    for char in sorted(left, key=lambda char: places.get(char, len(places))):
        by_kinds.setdefault(tuple(char in kind for kind in kinds), char)
    return tuple(by_kinds.values())


def _choices(every: Sequence[Machine], state: _State, alphabet: _Alphabet) -> list[str]:
    """Return the characters that may lead on: few if a machine is within literal text."""
    read: dict[str, None] = {}
    for machine, reached in zip(every, state, strict=False):
        if not machine.open(reached):
            return machine.next(reached)
        if not machine.accepts_every_suffix(reached):
            read |= dict.fromkeys(machine.next(reached))
    return [*dict.fromkeys((*alphabet.others[:-1], *read, *alphabet.known, alphabet.others[-1]))]


def _text(came: dict[_State, tuple[_State, str] | None], state: _State) -> str:
    chars: list[str] = []
    while (step := came[state]) is not None:
        state, char = step
        chars.append(char)
    return "".join(reversed(chars))


def representatives(patterns: Sequence[Tokens], budget: Budget) -> list[str]:
    """Return texts such that the patterns match every text as they match one of these.

    None of them is empty unless only the empty text is matched so.

    Raises:
        LimitReached: if the search is too large.
    """
    all_patterns = Patterns(patterns)
    if all_patterns.finite:
        # longer than any of them, so matched by none of them
        used = {char for text in all_patterns.texts for char in text}
        unlike = filler(used) * (1 + max(map(len, all_patterns.texts), default=0))
        return [*all_patterns.texts, unlike if all_patterns.texts else "x"]
    by_accepted: dict[int, str] = {}
    # the empty text is separate: equivalent matches are texts, too
    for text in _search([Machine([(Wild.STAR,)])], _Never([*patterns, ()]), budget, each=True):
        budget.spend(_cost(all_patterns.machine) * len(text))
        accepted = all_patterns.machine.run(text) & all_patterns.machine.accepting
        if not by_accepted.get(accepted):
            by_accepted[accepted] = text
    return list(by_accepted.values())


class _Never(Machine):
    """Distinguishes the same states as its patterns, and accepts nothing."""

    __slots__ = ()

    def __init__(self, patterns: Sequence[Tokens]) -> None:
        super().__init__(patterns)
        self.accepting = 0
