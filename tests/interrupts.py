"""Ctrl-C for programs that a test starts, wherever the tests themselves run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def taken_by_children() -> Iterator[None]:
    """Have programs that are started in the block end at Ctrl-C.

    A shell that runs the tests in the background has its children ignore it, and what is ignored
    is passed on; a program that handles it passes the default on.
    """
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
