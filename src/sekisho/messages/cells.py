"""How many cells of a terminal a text takes: Japanese takes two for a character, a mark none.

The widths are those of Unicode's annex 11 (East Asian Width), as Python's `unicodedata` has them.

A line may end after any wide character, of which Japanese has no spaces between, but no line begins
with a closing mark, and none ends with an opening one (the first rules of JIS X 4051).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category, east_asian_width

_WIDE = ("W", "F")
_NOTHING = ("Mn", "Me", "Cf", "Cc")
"""Marks on the character before, and what a terminal does not show."""
_NOT_FIRST = "、。，．・：；？！」』）】〉》々ー)],.:;"
_NOT_LAST = "「『（【〈《(["
_NARROW = r"\s\u3000-\u9fff\uff00-\uffef"
_PIECE = (
    rf"(?:[^{_NARROW}{re.escape(_NOT_LAST)}]*[{re.escape(_NOT_LAST)}]+)*"
    rf"(?:[^{_NARROW}]+|[^\s])[{re.escape(_NOT_FIRST)}]*|\s+"
)
"""What stays on one line; `re` compiles it for who folds a text, which takes a while."""


@lru_cache(4096)
def _cell(character: str) -> int:
    if category(character) in _NOTHING and character != "\u00ad":
        return 0
    return 2 if east_asian_width(character) in _WIDE else 1


def cell_width(text: str) -> int:
    """Return how many cells a text takes that has no control characters."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_cell, text))


def padded(text: str, width: int) -> str:
    """Return a text that is not wider than `width` with spaces after it, to be just as wide."""
    return text + " " * (width - cell_width(text))


def cut_at(text: str, width: int) -> tuple[str, str]:
    """Return what of a text goes into so many cells, and the rest."""
    if text.isascii() and text.isprintable():
        return text[:width], text[width:]
    taken = 0
    for index, character in enumerate(text):
        taken += _cell(character)
        if taken > width:
            return text[:index], text[index:]
    return text, ""


def wrapped(text: str, width: int, *, whole: bool = False) -> list[str]:
    """Return a text in lines of at most `width` cells.

    Args:
        text: without control characters.
        width: how wide a line may be.
        whole: whether a word that is longer than a line stays as it is, to be copied; else it is
            cut.
    """
    lines, line = [], ""
    for piece in _pieces(text, width, whole=whole):
        if line and cell_width(line) + cell_width(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def hanging(text: str, width: int, *, whole: bool = False) -> list[str]:
    """Return what `wrapped` does of a text; all lines but the first begin two cells further in."""
    body = text.lstrip(" ")
    indent = len(text) - len(body)
    first, *others = wrapped(body, width - indent - 2, whole=whole)
    return [" " * indent + first, *(" " * (indent + 2) + line for line in others)]


def _pieces(text: str, width: int, *, whole: bool) -> Iterator[str]:
    for found in re.finditer(_PIECE, text):
        piece = found[0]
        while not whole and cell_width(piece) > width:
            fits, piece = cut_at(piece, max(width, 2))
            yield fits
        yield piece
