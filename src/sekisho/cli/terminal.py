"""Text for a terminal: as wide as it is, wrapped, in colour where that is wanted."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import click

from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, cell_width, hanging, padded, printable, wrapped

_USUAL_WIDTH = 80
_NEXT = Message("Next: {command}")
_SHELL_WORD = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^ '\"]|['\"])+")
"""A word as a shell reads it; what is quoted may have spaces."""
_OPTION = re.compile(r"--[a-z-]+")
GOOD, BAD, OPEN = "green", "red", "yellow"
"""The colours of what is as it should be, of what is not, and of what is not known."""


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


def show_folded(lines: Iterable[str]) -> None:
    """Print lines, each folded to the terminal's width; nothing in them is what one would obey.

    A word that is longer than the terminal, such as an ARN, stays whole.
    """
    for folded in _folded(lines):
        show(folded)


def notice(*lines: str) -> None:
    """Print lines on stderr, folded like those of `show_folded`: what is no part of the result."""
    for folded in _folded(lines):
        click.echo(folded, err=True)


def complain(text: str) -> None:
    """Print an error on stderr: folded on a terminal, else in one line, which programs search."""
    lines = text.split("\n")
    if sys.stderr.isatty():
        width = terminal_width()
        lines = [each for line in lines for each in hanging(line, width, whole=True)]
    click.echo("\n".join(lines), err=True)


def _folded(lines: Iterable[str]) -> Iterator[str]:
    width = terminal_width()
    for line in lines:
        yield from hanging(printable(line), width, whole=True)


def _words(text: str, width: int) -> list[str]:
    """Return the words of a command, an option and what follows it in one."""
    words: list[str] = []
    for word in _SHELL_WORD.findall(text):
        pair = f"{words[-1]} {word}" if words and not word.startswith("-") else ""
        if pair and _OPTION.fullmatch(words[-1]) and cell_width(pair) <= width:
            words[-1] = pair
        else:
            words.append(word)
    return words


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
    """Return the last lines of an output: what to type next, as a shell takes it."""
    return command_lines(_NEXT.filled(command=command).into(lang), width)


def command_lines(text: str, width: int) -> list[str]:
    """Return a text that ends in a command to copy, in lines of at most `width` cells.

    A command that is longer than the line goes on below after a backslash, an option with its value
    if they fit; no word is cut, which a shell would not put together again.
    """
    lines: list[str] = []
    line = ""
    for word in _words(text, width - 4):
        longer = f"{line} {word}" if line else word
        if line and cell_width(longer) > width - 2:
            lines.append(f"{line} \\")
            line = f"  {word}"
        else:
            line = longer
    return [*lines, line]
