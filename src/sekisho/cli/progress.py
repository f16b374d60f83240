"""How far a run has come, on stderr: on a terminal one line that is written over."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn, TextIO, cast

import click

from sekisho.cli.help import language_of
from sekisho.cli.quiet import quiet
from sekisho.cli.terminal import terminal_width
from sekisho.messages import Language, Message, cell_width, cut_at, duration_text, verbatim
from sekisho.work import WORK, Task, working_on

EVERY = 10.0
"""Seconds between two lines where there is no terminal."""
PATIENCE, BETWEEN_LOOKS = 2.0, 0.25
"""Seconds without output after which a terminal shows progress, and between two looks at it."""
_BUSY = 0.05
"""Which share of a processor a program takes that does not wait for something."""
_MINUTE, _HOUR = 60, 3600
_WORKING = Message("Working")
_SO_FAR = Message("{label}: {time} so far")
_ITEMS = Message("{label}: {done} of {total}{left}")
_LOOKS = Message("Reading the account: {count} {count:item|items} so far")
_LEFT = Message(", about {time} left")


class ProgressDisplay:
    """Shows at a terminal how far a command is, once nothing was printed for two seconds.

    It says what is being done, how much of it, and how long the rest may take, or how long it has
    taken so far. Nothing is shown while somebody is asked; what is shown is cleared before
    anything is printed.

    Args:
        under_way: the work, see `sekisho.work`.
        ctx: of the run: its language, and whether it is quiet, are known once options are read.
        clock: tells the time in seconds.
        spent: tells the processor time in seconds: a program that waits spends none.
    """

    def __init__(
        self,
        under_way: Sequence[Task],
        ctx: click.Context,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._under_way, self._ctx, self._clock, self._spent = under_way, ctx, clock, spent
        self._printed_at = self._looked_at = clock()
        self._spent_before = spent()
        self._in_a_line = self._elsewhere = False
        self._seen: tuple[Task | None, float, int] = None, clock(), 0
        self._shown, self._terminal = "", sys.stderr
        self._turn = threading.RLock()

    def printing(self, text: str, *, terminal: bool = True) -> None:
        """Clear the terminal, as something will be printed.

        Args:
            text: what will be.
            terminal: whether it is seen there, and not by a program that may have the terminal.
        """
        with self._turn:
            self._show("")
            self._printed_at = self._clock()
            self._in_a_line = text[-1:] not in ("", "\n")
            self._elsewhere |= not terminal

    def look(self) -> None:
        """Show how far the work is now, if it is time for that."""
        with self._turn:
            now, spent = self._clock(), self._spent()
            works = spent - self._spent_before > _BUSY * (now - self._looked_at)
            self._spent_before, self._looked_at = spent, now
            work = self._under_way[-1] if self._under_way else None
            if self._seen[0] is not work:
                self._seen = work, now, work.done if work else 0
            # somebody is asked, or has still to type
            waits = not works and (work is None or self._in_a_line)
            if self._elsewhere or waits or quiet(self._ctx):
                self._show("")
            elif now - self._printed_at >= PATIENCE:
                self._show(self._text(work, now).into(language_of(self._ctx)))

    def _text(self, work: Task | None, now: float) -> Message:
        if work is not None and work.text is not None:
            return verbatim(work.text)
        _, since, before = self._seen
        if work is None or not work.total:
            label = _WORKING if work is None else work.label
            since = self._printed_at if work is None else since
            return _SO_FAR.filled(label=label, time=_rounded(now - since))
        done, total, left = work.done, work.total, verbatim("")
        if before < done < total:
            left = time_left((now - since) / (done - before) * (total - done))
        return _ITEMS.filled(label=work.label, done=f"{done:,}", total=f"{total:,}", left=left)

    def _show(self, text: str) -> None:
        shown, _ = cut_at(text, terminal_width() - 1) if text else ("", "")
        if shown != self._shown:
            # blanks, for a terminal that understands nothing else
            over = f"\r{' ' * cell_width(self._shown)}\r" if self._shown else ""
            self._terminal.write(over + shown)
            self._terminal.flush()
            self._shown = shown


class _Announced:
    """A stream that tells before something is written into it.

    click keeps what it writes into for a stream that has weak references, on Windows something
    past the stream. This one has none, and so click asks for its buffer each time.
    """

    __slots__ = ("_display", "_stream", "_terminal")

    def __init__(self, stream: TextIO, display: ProgressDisplay) -> None:
        self._stream, self._display, self._terminal = stream, display, stream.isatty()

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            self._display.printing("", terminal=self._terminal)
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        self._display.printing(text, terminal=self._terminal)
        return self._stream.write(text)


@contextmanager
def displayed_progress(ctx: click.Context) -> Iterator[None]:
    """Show on stderr, a terminal, how far the block is; see `ProgressDisplay`."""
    under_way: list[Task] = []
    display, over = ProgressDisplay(under_way, ctx), threading.Event()

    def watch() -> None:
        while not over.wait(BETWEEN_LOOKS):
            display.look()

    streams, before = (sys.stdout, sys.stderr), WORK.set(under_way)
    sys.stdout, sys.stderr = (cast("TextIO", _Announced(each, display)) for each in streams)
    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
        display.printing("")
        sys.stdout, sys.stderr = streams
        WORK.reset(before)


def serve() -> NoReturn:
    """Wait for Ctrl-C while a server answers, of which no progress is shown."""
    with working_on(verbatim("")) as work:
        work.text = ""
        while True:
            time.sleep(_HOUR)


class _LiveLine:
    """A line that changes: on a terminal it is the progress of work.

    Elsewhere there is a line every ten seconds: a log tells that the run is alive, and a short run
    writes none.
    """

    def __init__(self, work: Task, since: float) -> None:
        self._work, self._shown_at = work, since

    def show(self, line: str, now: float) -> None:
        """Show the line as it is now."""
        self._work.text = line
        if now - self._shown_at >= EVERY and not quiet() and not sys.stderr.isatty():
            self._shown_at = now
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


class Progress:
    """How many of a run's changes are made, and how long the rest may take.

    Before the first of them the account is read, of which nobody knows how long it takes.
    """

    def __init__(
        self,
        label: Message,
        total: int,
        work: Task,
        lang: Language,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._total, self._lang, self._clock = label, total, lang, clock
        self._began = clock()
        self._line = _LiveLine(work, self._began)
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

    def _text(self, done: int, now: float) -> str:
        left = self._time_left(done, now)
        words = {"label": self._label, "done": done, "total": self._total, "left": left}
        return _ITEMS.filled(**words).into(self._lang)

    def _time_left(self, done: int, now: float) -> Message:
        made = done - (self._first or 0)
        if done >= self._total or made <= 0:
            return verbatim("")
        return time_left((now - self._began) / made * (self._total - done))


_READ = Message("Reading logs: {done} of {total} MB, {files} {files:file|files}{left}")
_READ_AND_COUNTED = Message(
    "Reading logs: {done} of {total} MB, {files} {files:file|files}, {events} "
    "{events:event|events}{left}"
)
"""Events are known when a part of the logs has been counted."""
_MEGABYTE = 1_000_000


@contextmanager
def reading_progress(
    lang: Language, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int, int, int], None]]:
    """Yield a function that shows the progress while logs are read.

    It takes the bytes that are done, all bytes, the files that are done, and the events so far.
    """
    began = clock()

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

    with working_on(_WORKING) as work:
        line = _LiveLine(work, began)
        yield show


_LOOKED_UP = Message("Reading the event history of {region}: {events} {events:event|events}{left}")


@contextmanager
def history_progress(
    lang: Language, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str, int, float], None]]:
    """Yield a function that shows the progress while an event history is read.

    It takes the region, the events so far, and how much of the region's time is read.
    """
    began: dict[str, float] = {}

    def show(region: str, events: int, share: float) -> None:
        now = clock()
        since = began.setdefault(region, now)
        left = time_left((now - since) / share * (1 - share)) if share else verbatim("")
        words = {"region": region, "events": f"{events:,}", "left": left}
        line.show(_LOOKED_UP.filled(**words).into(lang), now)

    with working_on(_WORKING) as work:
        line = _LiveLine(work, clock())
        yield show


def time_left(seconds: float) -> Message:
    """Return how long something will still take."""
    return _LEFT.filled(time=_rounded(seconds))


def _rounded(seconds: float) -> Message:
    part = 1 if round(seconds) < 2 * _MINUTE else _MINUTE
    return duration_text(timedelta(seconds=round(seconds / part) * part))
