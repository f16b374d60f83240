"""Text for a terminal: unstyled, and wrapped, Japanese between any two characters but some.

rich breaks lines at spaces only, of which Japanese has none. Here a line may end after any wide
character, but no line begins with a closing mark (the first rule of 禁則処理).
"""

import re

from rich.cells import cell_len
from rich.text import Text as RichText

from sekisho.messages import printable

_NOT_FIRST = "、。，．・：；？！」』）】〉》々ー)],."
_PIECE = re.compile(rf"(?:[^\s\u3000-\u9fff\uff00-\uffef]+|[^\s])[{re.escape(_NOT_FIRST)}]*|\s+")


def unstyled(text: str) -> RichText:
    """Return text without markup and with nothing in it that a terminal would obey."""
    return RichText(printable(text))


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; one word that is longer is cut."""
    lines, line = [], ""
    for piece in _pieces(text, width):
        if cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def hanging(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; all but the first begin two further in."""
    body = text.lstrip(" ")
    indent = len(text) - len(body)
    first, *others = wrapped(body, width - indent - 2)
    return [" " * indent + first, *(" " * (indent + 2) + line for line in others)]


def _pieces(text: str, width: int) -> list[str]:
    pieces = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        while cell_len(piece) > width:
            pieces.append(piece[: width // 2])
            piece = piece[width // 2 :]
        pieces.append(piece)
    return pieces
