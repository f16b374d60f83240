"""The disk is not waited for: what a process has written, it and the next one read without that.

Only a machine that loses power forgets it, which no test of ours can be. That files are written so
that even then they are whole is asked of the calls themselves: a test that fails `os.fsync`
replaces this one (`rollout/test_damaged_records.py`, `rollout/test_person_commands.py`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def not_waited_for() -> Iterator[None]:
    """Let `os.fsync` return at once; it still fails for what is no open file."""
    # raises the same OSError for a descriptor that is closed
    with patch("os.fsync", os.fstat):
        yield
