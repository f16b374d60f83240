"""Run `sekisho` at a fixed time: once, or again and again in one process.

    python runner.py TIME ARGUMENT...    one command, on this process's standard streams
    python runner.py                     a command for each line of JSON on standard input

The second form saves the imports, which take longer than most commands. With `terminal` in its
line, a number of columns, a command runs at a terminal of its own, where questions are answered
with yes. Of sekisho it uses `main` and nothing else, so that it outlives every change of what is
behind; but the tour is performed once, whatever form its steps are told in. The time is fixed
before sekisho is imported; a sleep moves it, and takes none.
"""

import base64
import datetime as datetime_module
import json
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, BinaryIO, ClassVar

_REAL = datetime_module.datetime
_UTC = datetime_module.UTC


class _Kind(type):
    """Takes every date with a time for one of the class, however it was made."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)


class _Stopped(_REAL, metaclass=_Kind):
    """A datetime whose present is set from outside."""

    at: ClassVar[datetime_module.datetime]

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> "_Stopped":
        local = cls.at if tz is None else cls.at.astimezone(tz)
        return cls.combine(local.date(), local.time(), tz)

    @classmethod
    def utcnow(cls) -> "_Stopped":
        return cls.now()


def _stop(at: str) -> None:
    _Stopped.at = _REAL.fromisoformat(at).astimezone(_UTC)


def _sleep(seconds: float) -> None:
    _Stopped.at += datetime_module.timedelta(seconds=seconds)


def _once(at: str, argv: list[str]) -> None:
    _stop(at)
    from sekisho.cli.main import main  # noqa: PLC0415 - after the clock has stopped

    sys.argv = ["sekisho", *argv]
    main()


@cache
def _perform_the_tour_once() -> None:
    from sekisho.errors import MissingExtra  # noqa: PLC0415 - after the clock has stopped

    try:
        from sekisho.tour import rehearsal  # noqa: PLC0415 - as above
    except (ImportError, MissingExtra):
        # a copy without the tour, or without what it needs: the command says so itself
        return
    steps = cache(lambda *preset: tuple(perform(*preset)))
    perform, rehearsal.tour = rehearsal.tour, lambda *preset: iter(steps(*preset))


@contextmanager
def _streams(files: Iterable[BinaryIO]) -> Iterator[None]:
    """Make files the standard streams of this process, and of what it starts."""
    own = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, closefd=False)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, file in enumerate(own):
            os.dup2(file, number)
            os.close(file)


def _code(argv: list[str], at: str) -> int:
    if argv[:1] == ["tour"]:
        _perform_the_tour_once()
    try:
        _once(at, argv)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    raise RuntimeError("`main` did not exit")


def _answer(request: Mapping[str, Any]) -> dict[str, object]:
    if request.get("terminal"):
        return _at_a_terminal(request)
    with ExitStack() as opened:
        files = [opened.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(request["stdin"].encode())
        files[0].seek(0)
        code = _placed(request, files)
        out, err = (base64.b64encode(_all(file)).decode() for file in files[1:])
    return {"exit": code, "stdout": out, "stderr": err}


def _placed(request: Mapping[str, Any], files: Iterable[BinaryIO]) -> int:
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    with _streams(files):
        return _code(request["argv"], request["at"])


def _at_a_terminal(request: Mapping[str, Any]) -> dict[str, object]:
    """Run a command at a terminal of its own; all that is seen there is its standard output."""
    import pty  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415 - as above

    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, request["terminal"]))
    seen = bytearray()
    watching = threading.Thread(target=_watch, args=(screen, seen))
    watching.start()
    with open(terminal, "r+b", buffering=0) as file:
        code = _placed(request, [file] * 3)
    watching.join()
    os.close(screen)
    return {"exit": code, "stdout": base64.b64encode(seen).decode(), "stderr": ""}


def _watch(screen: int, seen: bytearray) -> None:
    """Read what comes on a screen until nobody writes any more, and say yes where one is asked."""
    while True:
        try:
            found = os.read(screen, 4096)
        except OSError:  # how Linux says that the other side is closed
            return
        if not found:
            return
        seen.extend(found)
        if seen.endswith((b"[y/N]: ", b"[y/N] ", b"[y/N]:")):
            os.write(screen, b"y\n")


def _all(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _serve() -> None:
    time.sleep = _sleep
    asked, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w")
    for line in asked:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


# Arrow's compiled code looks at the class when it is imported; what it makes are plain ones
warnings.filterwarnings("ignore", message="datetime.datetime size changed")
datetime_module.datetime = _Stopped  # before sekisho is imported
os.fsync = os.fstat  # as `disk.py` has it: what is written is read without waiting for the disk
if __name__ == "__main__":
    if len(sys.argv) == 1:
        _serve()
    else:
        _once(sys.argv[1], sys.argv[2:])
