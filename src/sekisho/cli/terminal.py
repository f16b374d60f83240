"""Text for a terminal: as wide as it is, wrapped, in colour where that is wanted.

A line may end after any wide character, of which Japanese has no spaces between, but no line begins
with a closing mark, and none ends with an opening one (the first rules of 禁則処理).
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import click

from sekisho.messages import Language, Message, cell_width, cut_at, padded, printable

_USUAL_WIDTH = 80
_NEXT = Message("Next: {command}")
_SHELL_WORD = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^ '\"]|['\"])+")
"""A word as a shell reads it; what is quoted may have spaces."""
GOOD, BAD, OPEN = "green", "red", "yellow"
"""The colours of what is as it should be, of what is not, and of what is not known."""
_NOT_FIRST = "、。，．・：；？！」』）】〉》々ー)],.:;"
_NOT_LAST = "「『（【〈《(["
_NARROW = r"\s\u3000-\u9fff\uff00-\uffef"
_PIECE = re.compile(
    rf"(?:[^{_NARROW}{re.escape(_NOT_LAST)}]*[{re.escape(_NOT_LAST)}]+)*"
    rf"(?:[^{_NARROW}]+|[^\s])[{re.escape(_NOT_FIRST)}]*|\s+"
)


def terminal_width() -> int:
    """Return how many cells a line may take: as `COLUMNS` says, or the terminal, or 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    for stream in (0, 1, 2):
        with suppress(OSError):
            if width := os.get_terminal_size(stream).columns:
                return width
    return _USUAL_WIDTH


def styled(text: str, style: str = "") -> str:
    """Return a text in a style, which `show` leaves out where no colour is wanted.

    Args:
        text: has nothing in it that a terminal would obey: see `printable`.
        style: `bold`, `dim`, `italic` and names of colours, with spaces between.
    """
    if not style or not text:
        return text
    looks = {"bold", "dim", "italic"}
    words = style.split()
    on = {word: True for word in words if word in looks}
    colour = next((word for word in words if word not in looks), None)
    return click.style(text, fg=colour, **on)


def show(line: str = "", style: str = "") -> None:
    """Print a line on standard output, in colour only on a terminal that shows it."""
    click.echo(styled(line, style), color=colour_wanted())


def colour_wanted() -> bool:
    """Tell whether colour is wanted: https://no-color.org, https://force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells; one word that is longer is cut."""
    lines, line = [], ""
    for piece in _pieces(text, width):
        if cell_width(line) + cell_width(piece.rstrip()) > width:
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


def show_folded(lines: Iterable[str]) -> None:
    """Print lines, each folded to the terminal's width; nothing in them is what one would obey."""
    for folded in _folded(lines):
        show(folded)


def notice(*lines: str) -> None:
    """Print lines on stderr, folded like those of `show_folded`: what is no part of the result."""
    for folded in _folded(lines):
        click.echo(folded, err=True)


def _folded(lines: Iterable[str]) -> Iterator[str]:
    width = terminal_width()
    for line in lines:
        yield from hanging(printable(line), width)


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A text after a word of the same column.

    Attributes:
        label: the word, such as a verdict.
        text: what it is said of.
        style: how the word looks: see `styled`.
    """

    label: str
    text: str
    style: str = ""


def labelled(lines: Iterable[LabelledLine], width: int, *, indent: int = 2) -> Iterator[str]:
    """Yield lines in two columns: the words, and the texts folded beside them."""
    rows = [(printable(line.label), printable(line.text), line.style) for line in lines]
    column = max((cell_width(label) for label, _, _ in rows), default=0)
    beside = width - indent - column - 2
    for label, text, style in rows:
        first, *others = wrapped(text, beside)
        yield f"{' ' * indent}{styled(padded(label, column), style)}  {first}"
        yield from (" " * (indent + column + 2) + other for other in others)


def next_command(command: str, lang: Language, width: int) -> list[str]:
    """Return the last lines of an output: what to type next, as a shell takes it.

    A command that is longer than the line goes on below after a backslash; no word is cut, which
    a shell would not put together again.
    """
    lines: list[str] = []
    line = ""
    for word in _SHELL_WORD.findall(_NEXT.filled(command=command).into(lang)):
        longer = f"{line} {word}" if line else word
        if line and cell_width(longer) > width - 2:
            lines.append(f"{line} \\")
            line = f"  {word}"
        else:
            line = longer
    return [*lines, line]


def _pieces(text: str, width: int) -> list[str]:
    pieces = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        while cell_width(piece) > width:
            fits, piece = cut_at(piece, max(width, 2))
            pieces.append(fits)
        pieces.append(piece)
    return pieces
