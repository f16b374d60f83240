"""Output into a pipe comes when it comes where nothing was to be kept back.

Reads `sekisho.cli.pipes` itself, because only here a stream can be opened in each way.
"""

import io
import os
import sys
from typing import Any

import pytest

from sekisho.cli.pipes import reader_left, stdio


def opened(file: int, *, unbuffered: bool) -> io.TextIOWrapper:
    """Return a stream as Python opens it, with `-u` and without."""
    raw = io.FileIO(file, "w", closefd=False)
    buffer: Any = raw if unbuffered else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, "ascii", write_through=unbuffered)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipe there is read without waiting")
@pytest.mark.parametrize("unbuffered", [True, False])
def test_what_is_written_is_kept_back_only_where_it_was(
    monkeypatch: pytest.MonkeyPatch, unbuffered: bool
) -> None:
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, opened(writes, unbuffered=unbuffered))
    stdio()
    sys.stdout.write("関所")
    if not unbuffered:
        with pytest.raises(BlockingIOError):
            os.read(reads, 9)
        sys.stdout.flush()
    assert os.read(reads, 9).decode() == "関所"
    assert not reader_left()
    os.close(reads)
    sys.stdout.write("nobody")
    sys.stdout.flush()
    assert reader_left()
    os.close(writes)
