"""Questions about all texts: is there one that these patterns match and those do not?

Patterns are read side by side, as `engine.glob` reads one: the places that a text so far can have
reached are the bits of one integer. Texts that lead to the same places are alike to the patterns,
so looking at one text for each set of places looks at all texts. All characters that stand in no
pattern are alike, too, and one of them stands for them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from sekisho.engine.glob import Wild
from sekisho.prover.limits import MOST_STATES, Limit

__all__ = [
    "MARK",
    "NO_WORDS",
    "Machine",
    "Segment",
    "Token",
    "Tokens",
    "Words",
    "filler",
    "find",
    "representatives",
]


class Segment(Enum):
    """The two wildcards where they do not match a colon: in the first five parts of an ARN."""

    STAR = "*"
    ANY = "?"


Token = str | frozenset[str] | Wild | Segment
"""One character, any one of some characters, or a wildcard."""

Tokens = Sequence[Token]
"""A pattern."""

_ORDINARY = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ.+=,@"


def filler(used: Iterable[str]) -> str:
    """Return a character that is not among `used`, an ordinary one if there is any."""
    taken = set(used)
    found = next((char for char in _ORDINARY if char not in taken), None)
    return found or next(chr(code) for code in range(0xA1, 0x2FFF) if chr(code) not in taken)


class Machine:
    """Patterns that are read side by side; it accepts what any of them matches.

    Attributes:
        start: the state before any character.
        finals: the bit of each pattern that says that the whole of it has matched.
        texts: the only texts that are matched, if no pattern has anything but characters.
    """

    __slots__ = (
        "_any",
        "_reads",
        "_segment_any",
        "_segment_star",
        "_star",
        "accepting",
        "finals",
        "start",
        "texts",
    )

    def __init__(self, patterns: Iterable[Tokens]) -> None:
        self._star = self._segment_star = self._any = self._segment_any = self.start = 0
        self._reads: dict[str, int] = {}
        self.finals: list[int] = []
        texts: list[str | None] = []
        size = 0
        for pattern in patterns:
            self.start |= 1 << size
            size = self._add(pattern, size)
            self.finals.append(1 << size)
            size += 1
            plain = [token for token in pattern if isinstance(token, str)]
            texts.append("".join(plain) if len(plain) == len(pattern) else None)
        self.accepting = sum(self.finals)
        known = tuple(text for text in texts if text is not None)
        self.texts: tuple[str, ...] | None = known if len(known) == len(texts) else None

    def _add(self, pattern: Tokens, size: int) -> int:
        for token in pattern:
            place = 1 << size
            match token:
                case Wild.STAR:
                    self._star |= place
                    continue
                case Segment.STAR:
                    self._segment_star |= place
                    continue
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
        """The characters that stand in the patterns."""
        return self._reads

    def step(self, state: int, char: str) -> int:
        """Return the state after one more character."""
        star, one = self._star, self._any | self._reads.get(char, 0)
        if char != ":":
            star, one = star | self._segment_star, one | self._segment_any
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
        """Tell whether any pattern matches the whole of `text`."""
        return bool(self.run(text) & self.accepting)

    def certain(self, state: int) -> bool:
        """Tell whether every continuation is accepted."""
        return bool(state & self.accepting & self._star)

    def open(self, state: int) -> bool:
        """Tell whether a character that stands in no pattern leads on from `state`."""
        return bool(state & (self._star | self._segment_star | self._any | self._segment_any))

    def next(self, state: int) -> list[str]:
        """Return the characters that stand in the patterns and lead on from `state`."""
        return [char for char, places in self._reads.items() if places & state]


MARK = "~"
"""Stands for every other character where it must lead away from all known words."""

_IN_NO_WORD = f"{MARK}!^%&;"


class Words:
    """Texts that are known, each character of which leads from one place to another."""

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
        """Return the place after one more character; -1 where no word goes on so."""
        return -1 if place < 0 else self._steps[place].get(char, -1)

    def ends(self, place: int) -> bool:
        """Tell whether the characters that lead to `place` are a word."""
        return place in self._ends

    def has(self, text: str) -> bool:
        """Tell whether a text is one of the words."""
        place = 0
        for char in text:
            place = self.step(place, char)
        return self.ends(place)


NO_WORDS = Words()
"""No text is known."""


def find(every: Sequence[Machine], none: Machine, words: Words = NO_WORDS) -> str | None:
    """Return a text that each machine of `every` accepts and `none` does not, or None.

    It is none of `words`, and one of the shortest, unless one of the machines accepts a few texts
    only.

    Raises:
        Limit: if there are too many states to look at.
    """
    for machine in every:
        if machine.texts is not None:
            others = [other for other in every if other is not machine]
            return next(
                (
                    text
                    for text in machine.texts
                    if not none.matches(text)
                    and not words.has(text)
                    and all(other.matches(text) for other in others)
                ),
                None,
            )
    return next(_search(every, none, words), None)


_State = tuple[int, ...]


def _search(every: Sequence[Machine], none: Machine, words: Words = NO_WORDS) -> Iterator[str]:
    """Yield an accepted text for each accepting state, the shortest first."""
    machines = [*every, none]
    alphabet = list(dict.fromkeys(char for machine in machines for char in machine.characters))
    # what stands for all other characters must lead away from every word
    outside = [char for char in _IN_NO_WORD if char not in alphabet]
    if words is not NO_WORDS and not outside:
        raise Limit("patterns with too many unusual characters")
    other = filler([*alphabet, ":"]) if words is NO_WORDS else outside[0]
    # the colon is unlike other characters to the wildcards of a segment
    alphabet = [other, *(char for char in alphabet if char != ":"), ":"]
    start = (*(machine.start for machine in machines), 0)
    came: dict[_State, tuple[_State, str] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        if none.certain(state[-2]):
            continue
        if all(s & m.accepting for s, m in zip(state, every, strict=False)) and not (
            state[-2] & none.accepting or words.ends(state[-1])
        ):
            yield _text(came, state)
        for char in _choices(every, state, alphabet):
            read = (m.step(s, char) for m, s in zip(machines, state, strict=False))
            after = (*read, words.step(state[-1], char))
            if all(after[:-2]) and after not in came:
                came[after] = (state, char)
                waiting.append(after)
        if len(came) > MOST_STATES:
            raise Limit("the patterns have too many states side by side")


def _choices(every: Sequence[Machine], state: _State, alphabet: list[str]) -> Iterable[str]:
    """Return the characters that may lead on: few, where a machine is inside literal text."""
    for machine, reached in zip(every, state, strict=False):
        if not machine.open(reached):
            return machine.next(reached)
    return alphabet


def _text(came: dict[_State, tuple[_State, str] | None], state: _State) -> str:
    chars: list[str] = []
    while (step := came[state]) is not None:
        state, char = step
        chars.append(char)
    return "".join(reversed(chars))


def representatives(patterns: Sequence[Tokens]) -> list[str]:
    """Return texts such that every text is matched by the same patterns as one of them.

    None of them is empty unless only the empty text is matched so.

    Raises:
        Limit: if there are too many states to look at.
    """
    machine = Machine(patterns)
    if machine.texts is not None:
        # longer than any of them, so unlike all of them
        unlike = filler(machine.characters) * (1 + max(map(len, machine.texts), default=0))
        return [*dict.fromkeys(machine.texts), unlike if machine.texts else "x"]
    found: dict[int, str] = {}
    for text in _search([Machine([(Wild.STAR,)])], _Never(patterns)):
        accepted = machine.run(text) & machine.accepting
        if not found.get(accepted):
            found[accepted] = text
    return list(found.values())


class _Never(Machine):
    """Tells states apart as its patterns do, and accepts nothing."""

    __slots__ = ()

    def __init__(self, patterns: Sequence[Tokens]) -> None:
        super().__init__(patterns)
        self.accepting = 0
