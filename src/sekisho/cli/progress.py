"""How far a run has come: one line on stderr that is written over, on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sekisho.messages import cell_width


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """Return what shows how many are done of how many; at the end nothing of it is left.

    Args:
        label: what is being done.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    shown = label
    sys.stderr.write(shown)
    sys.stderr.flush()

    def show(done: int, total: int) -> None:
        nonlocal shown
        _over(shown)
        shown = f"{label} {done}/{total}"
        sys.stderr.write(shown)
        sys.stderr.flush()

    try:
        yield show
    finally:
        _over(shown)
        sys.stderr.flush()


def _over(shown: str) -> None:
    """Blank the line, without what only some terminals understand."""
    sys.stderr.write(f"\r{' ' * cell_width(shown)}\r")
