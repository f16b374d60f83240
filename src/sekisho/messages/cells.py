"""How many cells of a terminal a text takes: Japanese takes two for a character, a mark none.

The widths are those of Unicode's annex 11 (East Asian Width), as Python's `unicodedata` has them.
"""

from functools import lru_cache
from unicodedata import category, east_asian_width

_WIDE = ("W", "F")
_NOTHING = ("Mn", "Me", "Cf", "Cc")
"""Marks on the character before, and what a terminal does not show."""


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
