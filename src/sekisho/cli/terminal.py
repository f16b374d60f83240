"""Text for a terminal, and output into a pipe whose reader may leave.

A command whose reader leaves (`sekisho policy lint FILE | head -1`) goes on to its end, and its
exit code says what it would have said anyhow: what was being done is not left half done.

rich breaks lines at spaces only, of which Japanese has none. Here a line may end after any wide
character, but no line begins with a closing mark (the first rule of 禁則処理).
"""

import errno
import io
import os
import re
import stat
import sys
from typing import Any, TextIO

from rich.cells import cell_len
from rich.text import Text as RichText

from sekisho.messages import printable

_LEFT = (errno.EPIPE, errno.EINVAL)
"""How writing into a pipe fails that nobody reads; the second is Windows'."""


class _Pipe(io.FileIO):
    """A pipe into which can be written, whether or not somebody reads."""

    left = False

    def write(self, data: Any, /) -> int:
        """Write, or drop what nobody reads."""
        size = memoryview(data).nbytes
        if self.left:
            return size
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _LEFT:
                raise
            self.left = True
            return size


def stdio() -> None:
    """Make standard output and error take any text, as UTF-8, also where nobody reads it."""
    sys.stdout, sys.stderr = _tolerant(sys.stdout), _tolerant(sys.stderr)


def reader_left() -> bool:
    """Tell whether nobody reads the standard output any more."""
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return isinstance(raw, _Pipe) and raw.left


def _tolerant(stream: TextIO) -> TextIO:
    if isinstance(stream, io.TextIOWrapper):
        # Windows consoles and C locales would otherwise refuse Japanese text
        stream.reconfigure(encoding="utf-8", errors="replace")
        if _is_pipe(stream):
            raw = _Pipe(stream.fileno(), "w", closefd=False)
            through, lines = stream.write_through, stream.line_buffering
            # with `python -u` nothing is kept back, neither as text nor as bytes
            buffer: Any = raw if through else io.BufferedWriter(raw)
            return io.TextIOWrapper(
                buffer, "utf-8", "replace", line_buffering=lines, write_through=through
            )
    return stream


def _is_pipe(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except OSError:
        # text that is kept in memory is in no file
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


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
