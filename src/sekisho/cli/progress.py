"""How far a run has come, on stderr: on a terminal one line that is written over."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sekisho.cli.quiet import quiet
from sekisho.messages import Language, Message, cell_width, verbatim

EVERY = 10.0
"""Seconds between two lines where there is no terminal."""
_MINUTE = 60
_ITEMS = Message("{label}: {done} of {total}{left}")
_LOOKS = Message("Reading the account: {count} items so far")
_SECONDS = Message(", about {count} s left")
_MINUTES = Message(", about {count} min left")


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """Return what shows how many are done of how many; at the end nothing of it is left.

    Args:
        label: what is being done.
    """
    if quiet() or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    last_label = label
    sys.stderr.write(last_label)
    sys.stderr.flush()

    def show(done: int, total: int) -> None:
        nonlocal last_label
        _blank_out(last_label)
        last_label = f"{label} {done}/{total}"
        sys.stderr.write(last_label)
        sys.stderr.flush()

    try:
        yield show
    finally:
        _blank_out(last_label)
        sys.stderr.flush()


class _LiveLine:
    """A line on stderr that changes.

    On a terminal it is written over, elsewhere there is a line every ten seconds: a log tells that
    the run is alive, and a short run writes none.
    """

    def __init__(self, since: float) -> None:
        self._shown_at = since
        self._shown = ""

    def show(self, line: str, now: float) -> None:
        """Show the line as it is now."""
        if quiet():
            return
        if sys.stderr.isatty():
            self.clear()
            sys.stderr.write(line)
            sys.stderr.flush()
            self._shown = line
        elif now - self._shown_at >= EVERY:
            self._shown_at = now
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def clear(self) -> None:
        """Blank the line, so that something else can be written there."""
        if self._shown:
            _blank_out(self._shown)
            sys.stderr.flush()
            self._shown = ""


class Progress:
    """How many of a run's changes are made, and how long the rest may take.

    Before the first of them the account is read, of which nobody knows how long it takes.
    """

    def __init__(
        self,
        label: Message,
        total: int,
        lang: Language,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._total, self._lang, self._clock = label, total, lang, clock
        self._began = clock()
        self._line = _LiveLine(self._began)
        self._first: int | None = None
        self._looked = 0
        self._reading = threading.Lock()

    def show(self, done: int) -> None:
        """Say how many are made."""
        now = self._clock()
        if self._first is None:
            # what an earlier run has made took this one no time, nor did reading
            self._first = done - 1
        self._line.show(self._text(done, now), now)

    def read(self) -> None:
        """Count an item that AWS tells; until the first change is made, say how many there are.

        Several threads read at once, and there is one line.
        """
        with self._reading:
            if self._first is None:
                self._looked += 1
                # the time that is left goes by the changes alone
                self._began = self._clock()
                text = _LOOKS.filled(count=f"{self._looked:,}").into(self._lang)
                self._line.show(text, self._began)

    def clear(self) -> None:
        """Blank the line, so that something else can be written there."""
        self._line.clear()

    def _text(self, done: int, now: float) -> str:
        left = self._time_left(done, now)
        words = {"label": self._label, "done": done, "total": self._total, "left": left}
        return _ITEMS.filled(**words).into(self._lang)

    def _time_left(self, done: int, now: float) -> Message:
        made = done - (self._first or 0)
        if done >= self._total or made <= 0:
            return verbatim("")
        return time_left((now - self._began) / made * (self._total - done))


_READ = Message("Reading logs: {done} of {total} MB, {files} files{left}")
_READ_AND_COUNTED = Message(
    "Reading logs: {done} of {total} MB, {files} files, {events} events{left}"
)
"""Events are known when a part of the logs has been counted."""
_MEGABYTE = 1_000_000


@contextmanager
def reading_progress(
    lang: Language, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int, int, int], None]]:
    """Return what shows how far the reading of logs is; at the end nothing of it is left.

    It takes the bytes that are done, all bytes, the files that are done, and the events so far.
    """
    began = clock()
    line = _LiveLine(began)

    def show(done: int, total: int, files: int, events: int) -> None:
        now = clock()
        remaining = time_left((now - began) / done * (total - done)) if done else verbatim("")
        text = (_READ_AND_COUNTED if events else _READ).filled(
            events=f"{events:,}",
            done=f"{done / _MEGABYTE:,.0f}",
            total=f"{total / _MEGABYTE:,.0f}",
            files=f"{files:,}",
            left=remaining,
        )
        line.show(text.into(lang), now)

    try:
        yield show
    finally:
        line.clear()


_LOOKED_UP = Message("Reading the event history of {region}: {events} events{left}")


@contextmanager
def history_progress(
    lang: Language, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str, int, float], None]]:
    """Return what shows how far the reading of an event history is; at the end nothing is left.

    It takes the region, the events so far, and how much of the region's time is read.
    """
    line = _LiveLine(clock())
    began: dict[str, float] = {}

    def show(region: str, events: int, share: float) -> None:
        now = clock()
        since = began.setdefault(region, now)
        left = time_left((now - since) / share * (1 - share)) if share else verbatim("")
        words = {"region": region, "events": f"{events:,}", "left": left}
        line.show(_LOOKED_UP.filled(**words).into(lang), now)

    try:
        yield show
    finally:
        line.clear()


def time_left(seconds: float) -> Message:
    """Return how long something will still take."""
    whole = round(seconds)
    if whole < 2 * _MINUTE:
        return _SECONDS.filled(count=whole)
    return _MINUTES.filled(count=round(whole / _MINUTE))


def _blank_out(shown: str) -> None:
    """Blank the line, without what only some terminals understand."""
    sys.stderr.write(f"\r{' ' * cell_width(shown)}\r")
