"""The wildcards of IAM: `*` is any run of characters, `?` is any one character.

A pattern is a tuple of tokens, so that a literal `*` (an escaped one, or one that came out of a
policy variable) is never taken for a wildcard. Matching reads each character of the value once and
never goes back: it keeps the set of pattern places that the value so far can have reached, as the
bits of one integer. No pattern, however many stars it has, is slow.

Source: IAM User Guide, "IAM JSON policy elements: Resource", "Using wildcards"; facts §6.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sekisho.engine.remembered import remembered

__all__ = ["Pattern", "Token", "Wild", "like", "literal", "matches", "text_of", "wildcards"]


class Wild(Enum):
    """The two wildcards."""

    STAR = "*"
    ANY = "?"


Token = str | Wild
"""One literal character, or a wildcard."""

Pattern = tuple[Token, ...]

_WILD: dict[str, Token] = {wild.value: wild for wild in Wild}


@remembered
def wildcards(text: str) -> Pattern:
    """Return `text` as a pattern in which every `*` and `?` is a wildcard."""
    return tuple(_WILD.get(char, char) for char in text)


def literal(text: str) -> Pattern:
    """Return `text` as a pattern that only matches itself."""
    return tuple(text)


def text_of(pattern: Pattern) -> str:
    """Return the pattern's characters with its wildcards read as literal `*` and `?`."""
    return "".join([token.value if isinstance(token, Wild) else token for token in pattern])


def like(text: str, value: str) -> bool:
    """Tell whether `value` matches `text`, in which every `*` and `?` is a wildcard."""
    if text in (value, "*"):
        return True
    if "*" in text or "?" in text:
        # most values differ at once
        return text[0] in (value[:1], "*", "?") and _run(_machine_of(text), value)
    return False


def matches(pattern: Pattern, value: str) -> bool:
    """Tell whether the whole of `value` matches `pattern`, case-sensitively."""
    if len(pattern) == len(value) and pattern == tuple(value):
        return True
    if pattern and pattern[0] not in (value[:1], Wild.STAR, Wild.ANY):
        return False
    return _run(_machine(pattern), value)


@dataclass(frozen=True, slots=True)
class _Machine:
    """A pattern, its places numbered: before each token that is no star, and at the end.

    Attributes:
        size: the place at the end, which a value that matches reaches.
        star: the places that a star lets every character stay at.
        any_one: the places that every character goes on from.
        reads: for each other character that a token reads, the places that it goes on from.
    """

    size: int
    star: int
    any_one: int
    reads: Mapping[str, int]


def _machine(pattern: Pattern) -> _Machine:
    star = any_one = size = 0
    reads: dict[str, int] = {}
    for token in pattern:
        place = 1 << size
        if token is Wild.STAR:
            star |= place
            continue
        size += 1
        if isinstance(token, Wild):
            any_one |= place
        else:
            reads[token] = reads.get(token, 0) | place
    return _Machine(size, star, any_one, reads)


@remembered
def _machine_of(text: str) -> _Machine:
    return _machine(wildcards(text))


def _run(machine: _Machine, value: str) -> bool:
    """Take one step for each character of `value`."""
    star, any_one, reads = machine.star, machine.any_one, machine.reads
    reached = 1
    for char in value:
        # a star stays where it is; every other token moves one place on
        reached = (reached & star) | (reached & (any_one | reads.get(char, 0))) << 1
        if not reached:
            return False
    return bool(reached >> machine.size & 1)
