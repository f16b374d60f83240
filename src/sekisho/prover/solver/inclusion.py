"""Inclusion between entries of elements, as far as their text tells.

Nothing is searched: if the text is not sufficient, an entry does not count as included in another
one, and two entries may match the same text.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

from sekisho.engine.matching import arns, glob, variables
from sekisho.lazy import dataclass

ACTIONS, RESOURCES = -2, -1
"""The places of a statement's elements; its conditions have the places from 0 on."""

_STAR, _ANY, _VARIABLE = "*", "?", "$"
END = "\0"
"""Follows a text that is complete, and replaces a variable; it is in no pattern."""


class Entries:
    """The entries of an element, and the texts that they match, as far as their text shows.

    Args:
        values: the entries.
        place: `ACTIONS` or `RESOURCES`.

    Attributes:
        open: whether one of them has a variable.
    """

    def __init__(self, values: tuple[str, ...], place: int) -> None:
        self.open = any(variables.OPEN in value for value in values)
        self._place = place
        self._fold = str.lower if place == ACTIONS else str
        folded = list(map(self._fold, values))
        self._exact = frozenset(folded)
        self._wild: dict[str, list[tuple[str, str]]] = {}
        for entry in folded:
            if _STAR in entry:
                fragment = _longest_fragment(entry, place)
                self._wild.setdefault(literal_start(entry), []).append((entry, fragment))
        self._lengths = sorted(set(map(len, self._wild)))
        self._starts = sorted({_every_start(entry, place) for entry in values})
        self._known_starts = frozenset(self._starts)
        self._start_lengths = sorted(set(map(len, self._starts)))

    def covers(self, entry: str) -> bool:
        """Return whether one of these entries matches all texts that `entry` matches."""
        return self._fold(entry) in self._exact or self.covers_properly(entry)

    def covers_properly(self, entry: str) -> bool:
        """Return whether another one of these entries matches all texts that `entry` matches."""
        folded = self._fold(entry)
        matching = _action_is_in if self._place == ACTIONS else _resource_is_in
        return any(
            fragment in folded and other != folded and matching(folded, other)
            for length in self._lengths
            if length <= len(folded)
            for other, fragment in self._wild.get(folded[:length], ())
        )

    def are_disjoint_from(self, entries: Iterable[str]) -> bool:
        """Return whether no text matches both one of these and one of some other entries."""
        for start in (_every_start(entry, self._place) for entry in entries):
            if any(start[:length] in self._known_starts for length in self._start_lengths):
                return False
            place = bisect_left(self._starts, start)
            if place < len(self._starts) and self._starts[place].startswith(start):
                return False
        return True


entries_of = lru_cache(maxsize=4_096)(Entries)


def starts_of(entries: Iterable[str], place: int) -> Iterator[str]:
    """Yield the prefixes of the texts that some entries match; one may begin another.

    Where no start begins another one, no text is matched by the entries of both.
    """
    for entry in entries:
        yield _every_start(entry, place)


def literal_start(entry: str) -> str:
    """Return the common prefix of all texts that an entry matches: up to its first wildcard."""
    ends = [place for place in map(entry.find, (_STAR, _ANY, _VARIABLE)) if place >= 0]
    return entry[: min(ends)] if ends else entry


def _longest_fragment(entry: str, place: int) -> str:
    """Return the longest literal text after the head that every match of an entry contains."""
    parts = (entry,) if place == ACTIONS else arns.split(entry)[arns.PARTS - 1 :]
    fragments = parts[0].replace(_ANY, _STAR).split(_STAR) if parts else [""]
    return "" if _VARIABLE in entry else max(fragments, key=len)


def _every_start(entry: str, place: int) -> str:
    """Return the literal prefix in lower case, with an end mark if the entry is just that text.

    An ARN of fewer than six parts gets no end mark: more can follow it.
    """
    if not entry.isascii():
        # the lower case of a letter may depend on what comes after it
        return ""
    start = literal_start(entry).lower()
    whole = len(start) == len(entry) and (place == ACTIONS or len(arns.split(entry)) == arns.PARTS)
    return start + END if whole else start


def _action_is_in(entry: str, other: str) -> bool:
    # with one colon each, service stands against service and name against name
    colons = entry.count(":"), other.count(":")
    return colons == (1, 1) and _ANY not in other and glob.like(other, entry)


def _resource_is_in(entry: str, other: str) -> bool:
    """Return whether an entry's ARNs are among those of another one, part by part.

    So they are if the entries are read as one string, too. A wildcard of the one is matched by a
    `*` of the other alone, and so is a variable.
    """
    mine, its = _parts(entry), _parts(other)
    if mine is None or its is None or _ANY in other or _VARIABLE in other or mine.tail is None:
        return False
    return (mine.head == its.head or all(map(glob.like, its.head, mine.head))) and glob.like(
        its.last, mine.tail
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """An entry of six parts; only the last may have a variable.

    Attributes:
        head: the first five, in lower case.
        last: the last one as written.
        tail: the same with each variable as one character; None if it is faulty.
    """

    head: tuple[str, ...]
    last: str
    tail: str | None


@lru_cache(maxsize=16_384)
def _parts(entry: str) -> _Parts | None:
    *head, last = arns.split(entry)
    if len(head) + 1 != arns.PARTS or any(_VARIABLE in part for part in head):
        return None
    return _Parts(tuple(map(str.lower, head)), last, _written_out(last))


def _written_out(tail: str) -> str | None:
    """Return the last part of an ARN with each variable as one character; None if it is faulty."""
    if variables.OPEN not in tail:
        return tail
    characters: list[str] = []
    for part in variables.read(tail):
        match part:
            case str():
                characters.append(part)
            case glob.Wild():
                characters.append(part.value)
            case variables.Variable():
                characters.append(END)
            case variables.Malformed():
                return None
    return "".join(characters)
