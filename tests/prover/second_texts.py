"""Texts that globs tell apart, by derivatives: the second method's own, nothing of the prover's.

A pattern is a tuple of tokens: a set of characters, or a wildcard. What is left of it after a
character is a set of places; texts that leave the same places of all patterns are alike.
"""

import re
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto

__all__ = [
    "EVERYTHING",
    "SOMETHING",
    "Glob",
    "TooMuch",
    "arn_glob",
    "exactly",
    "like",
    "template",
    "texts",
]


class TooMuch(Exception):
    """The second method does not ask this."""


class Wild(Enum):
    ONE = auto()
    MANY = auto()
    ONE_INSIDE = auto()
    """No colon."""
    MANY_INSIDE = auto()
    ONE_OF_BUCKET = auto()
    """No colon and no slash."""
    MANY_OF_BUCKET = auto()


Token = frozenset[str] | Wild
Glob = tuple[Token, ...]

EVERYTHING: Glob = (Wild.MANY,)
SOMETHING: Glob = (Wild.ONE, Wild.MANY)
_MANY = (Wild.MANY, Wild.MANY_INSIDE, Wild.MANY_OF_BUCKET)
_NEVER = {
    Wild.ONE_INSIDE: ":",
    Wild.MANY_INSIDE: ":",
    Wild.ONE_OF_BUCKET: ":/",
    Wild.MANY_OF_BUCKET: ":/",
}
"""The characters that a wildcard does not take in."""
_MOST = 20_000


def exactly(text: str, *, any_case: bool = False) -> Glob:
    """Return the glob of one text."""
    return tuple(frozenset((c.lower(), c.upper()) if any_case else c) for c in text)


def like(text: str, *, inside: bool = False) -> Glob:
    """Return the glob of a text with wildcards; `\0` before one makes it a character."""
    wild = {"*": Wild.MANY_INSIDE, "?": Wild.ONE_INSIDE} if inside else _WILD
    found = re.findall(r"\0.|[^\0]", text, re.DOTALL)
    return tuple(wild.get(part, frozenset(part[-1])) for part in found)


_WILD = {"*": Wild.MANY, "?": Wild.ONE}


def arn_glob(text: str) -> Glob:
    """Return the glob of an ARN as a policy writes it, in the rest of which `*` crosses colons."""
    parts = text.split(":", 5)
    tokens: list[Token] = []
    for part in parts[:5]:
        tokens += [*like(part.lower(), inside=True), frozenset(":")]
    for _ in range(5 - len(parts)):
        tokens += [Wild.MANY_INSIDE, frozenset(":")]
    return (*tokens, *(like(parts[5]) if len(parts) > 5 else EVERYTHING))


def template(text: str, partition: str, account: str) -> Glob:
    """Return the glob of a resource type's ARN in one account."""
    parts = text.split(":", 5)
    tokens: list[Token] = []
    for number, part in enumerate(parts):
        for piece in re.findall(r"\$\{[^}]*\}|\*|[^$*]+", part):
            tokens += _piece(piece, number < 5, partition, account)
        tokens += [frozenset(":")] if number < 5 else []
    return tuple(tokens)


def _piece(piece: str, inside: bool, partition: str, account: str) -> Glob:
    if piece == "${Partition}":
        return exactly(partition)
    if piece.startswith("${") and "Account" in piece and inside:
        return exactly(account)
    if piece == "${BucketName}":
        return (Wild.ONE_OF_BUCKET, Wild.MANY_OF_BUCKET)
    if piece == "*" or piece.startswith("${"):
        one, many = (Wild.ONE_INSIDE, Wild.MANY_INSIDE) if inside else (Wild.ONE, Wild.MANY)
        return (many,) if piece == "*" else (one, many)
    return exactly(piece.lower() if inside else piece)


_Places = frozenset[int]


def _closed(glob: Glob, places: set[int]) -> _Places:
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place < len(glob) and glob[place] in _MANY and place + 1 not in places:
            places.add(place + 1)
            waiting.append(place + 1)
    return frozenset(places)


def _after(glob: Glob, places: _Places, char: str) -> _Places:
    found = set()
    for place in places:
        if place == len(glob):
            continue
        token = glob[place]
        if char not in token if isinstance(token, frozenset) else char in _NEVER.get(token, ""):
            continue
        found.add(place if token in _MANY else place + 1)
    return _closed(glob, found)


def _next(globs: Sequence[Glob], state: tuple[_Places, ...]) -> list[str]:
    """Return the characters that make a difference: those named next, `:`, `/`, and another."""
    named = {
        char
        for glob, places in zip(globs, state, strict=True)
        for place in places
        if place < len(glob) and isinstance(token := glob[place], frozenset)
        for char in token
    }
    other = next(c for c in map(chr, range(ord("a"), 0x2FFF)) if c not in named)
    return sorted({*named, other, ":", "/"})


def fits(glob: Glob, text: str) -> bool:
    """Tell whether a glob matches the whole of a text."""
    places = _closed(glob, {0})
    for char in text:
        places = _after(glob, places, char)
    return len(glob) in places


def texts(within: Glob, globs: Sequence[Glob]) -> dict[tuple[bool, ...], str]:
    """Return a text of `within` for each way in which `globs` can match texts of it."""
    every = (within, *globs)
    start = tuple(_closed(glob, {0}) for glob in every)
    waiting, seen = deque([(start, "")]), {start}
    found: dict[tuple[bool, ...], str] = {}
    while waiting:
        state, text = waiting.popleft()
        ends = [len(glob) in places for glob, places in zip(every, state, strict=True)]
        if ends[0]:
            found.setdefault(tuple(ends[1:]), text)
        for char in _next(every, state):
            after = tuple(_after(g, p, char) for g, p in zip(every, state, strict=True))
            if after[0] and after not in seen:
                seen.add(after)
                waiting.append((after, text + char))
        if len(seen) > _MOST:
            raise TooMuch("too many texts")
    return found
