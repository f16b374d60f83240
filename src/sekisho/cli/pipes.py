"""Output into a pipe whose reader may leave: `sekisho policy lint FILE | head -1`.

A command then goes on to its end, and its exit code says what it would have said anyhow: that
somebody has read enough is no error, and what was being done is not left half done.
"""

import errno
import io
import os
import stat
import sys
from typing import Any, TextIO

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
