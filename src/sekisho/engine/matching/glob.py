"""The wildcards of IAM: `*` is any run of characters, `?` is any one character.

A pattern is a tuple of literal text and wildcards, so that a literal `*` (an escaped one, or one
that came out of a policy variable) is never taken for a wildcard. It is cut at its stars, and each
piece is looked for where the one before it ended. One with `?` reads each character of the value
once and never goes back: it keeps the set of pattern places that the value so far can have reached,
as the bits of one integer. No pattern, however many stars it has, is slow.

Source: IAM User Guide, "IAM JSON policy elements: Resource", "Using wildcards".
How it is read: docs/semantics.md#3-actions-and-resources.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum

from sekisho.engine.model.caching import cached_by_text
from sekisho.lazy import dataclass


class Wild(Enum):
    """The two wildcards."""

    STAR = "*"
    ANY = "?"


Token = str | Wild
"""Literal text, or a wildcard."""

Pattern = tuple[Token, ...]

_WILD: dict[str, Token] = {wild.value: wild for wild in Wild}
_BETWEEN = re.compile("([*?])")


@cached_by_text
def wildcards(text: str) -> Pattern:
    """Return `text` as a pattern in which every `*` and `?` is a wildcard."""
    return tuple([_WILD.get(part, part) for part in _BETWEEN.split(text) if part])


def literal(text: str) -> Pattern:
    """Return `text` as a pattern that only matches itself."""
    return (text,)


def text_of(pattern: Pattern) -> str:
    """Return the pattern's characters with its wildcards read as literal `*` and `?`."""
    return "".join([token if isinstance(token, str) else token.value for token in pattern])


def like(text: str, value: str) -> bool:
    """Return whether `value` matches `text`, in which every `*` and `?` is a wildcard."""
    if text in (value, "*"):
        return True
    if "?" in text:
        machine = _machine_of(text)
        return _accepts(machine, _run(machine, value))
    return "*" in text and in_order(text.split("*"), value)


def matches(pattern: Pattern, value: str) -> bool:
    """Return whether the whole of `value` matches `pattern`, case-sensitively."""
    if Wild.ANY in pattern:
        machine = _machine(pattern)
        return _accepts(machine, _run(machine, value))
    if Wild.STAR not in pattern:
        return value == text_of(pattern)
    pieces: list[list[str]] = [[]]
    for token in pattern:
        if isinstance(token, str):
            pieces[-1].append(token)
        else:
            pieces.append([])
    return in_order(["".join(piece) for piece in pieces], value)


def matches_in_two(pattern: Pattern, loose: str, exact: str) -> bool:
    """Return whether `pattern` matches both texts joined, ignoring the case of the first."""
    machine = _machine(pattern)
    reached = _run(_machine(pattern, str.lower), map(str.lower, loose))
    return _accepts(machine, _run(machine, exact, reached))


def in_order(pieces: Sequence[str], value: str) -> bool:
    """Return whether `value` consists of the pieces in order, with any text between them."""
    if len(pieces) == 1:
        return value == pieces[0]
    first, last = pieces[0], pieces[-1]
    end = len(value) - len(last)
    place = len(first)
    if place > end or not value.startswith(first) or not value.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


@dataclass(frozen=True, slots=True)
class _Machine:
    """A pattern, its places numbered: before each character and each `?`, and at the end.

    Attributes:
        size: the place at the end, which a value that matches reaches.
        star: the places that a star lets every character stay at.
        any_one: the places that every character goes on from.
        reads: for each other character that is read, the places that it goes on from.
    """

    size: int
    star: int
    any_one: int
    reads: Mapping[str, int]


def _machine(pattern: Pattern, fold: Callable[[str], str] = str) -> _Machine:
    star = any_one = size = 0
    reads: dict[str, int] = {}
    for token in pattern:
        if token is Wild.STAR:
            star |= 1 << size
        elif isinstance(token, Wild):
            any_one |= 1 << size
            size += 1
        else:
            for char in map(fold, token):
                reads[char] = reads.get(char, 0) | 1 << size
                size += 1
    return _Machine(size, star, any_one, reads)


@cached_by_text
def _machine_of(text: str) -> _Machine:
    return _machine(wildcards(text))


def _run(machine: _Machine, value: Iterable[str], reached: int = 1) -> int:
    """Return the places that are reached after reading each character of `value`."""
    star, any_one, reads = machine.star, machine.any_one, machine.reads
    for char in value:
        # a star stays where it is; every other token moves one place on
        reached = (reached & star) | (reached & (any_one | reads.get(char, 0))) << 1
        if not reached:
            break
    return reached


def _accepts(machine: _Machine, reached: int) -> bool:
    return bool(reached >> machine.size & 1)


_STAR, _ANY = "\0", "\1"


def meet(one: Pattern, other: Pattern, *, ignoring_case: bool = True) -> bool:
    """Return whether some text matches both patterns.

    For operators without wildcards it returns True too often, which is the safe side.
    """
    first, second = (_characters(each, ignoring_case=ignoring_case) for each in (one, other))
    reached = _after_stars({0}, second)
    for token in first:
        if token == _STAR:
            reached = {at for start in reached for at in range(start, len(second) + 1)}
        else:
            reached = _after_stars(set(_steps(token, reached, second)), second)
    return len(second) in reached


def _characters(pattern: Pattern, *, ignoring_case: bool) -> str:
    """Return a pattern as a text in which two special characters stand for the wildcards."""
    wild = {Wild.STAR: _STAR, Wild.ANY: _ANY}
    text = "".join(one if isinstance(one, str) else wild[one] for one in pattern)
    return text.lower() if ignoring_case else text


def _steps(token: str, reached: Iterable[int], other: str) -> Iterator[int]:
    for at in reached:
        if other[at : at + 1] == _STAR:
            yield at
        elif at < len(other) and (token == _ANY or other[at] in (_ANY, token)):
            yield at + 1


def _after_stars(places: Iterable[int], other: str) -> set[int]:
    """Return the places, and those that are reached from them over stars."""
    found = set(places)
    for start in sorted(found):
        stars = len(other[start:]) - len(other[start:].lstrip(_STAR))
        found |= set(range(start, start + stars + 1))
    return found
