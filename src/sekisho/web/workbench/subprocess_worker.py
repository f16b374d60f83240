"""Proofs that may take minutes, in a process of their own that is ended when its time is up.

The pages share one interpreter. A proof that keeps it busy keeps every page waiting, and cannot be
stopped from outside. A process can: a question has `SECONDS` from the moment it is asked, and one
is answered at a time, so that many questions take one processor and no more. How long one takes is
not to be seen by its length, so that all are asked there; the process is kept, and started anew
after a question that it was ended for.
"""

import atexit
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Event, Lock, Timer
from typing import Any, TypeVar

from sekisho.errors import InternalError

SECONDS = 30
"""How long somebody waits for an answer, the start of the process included."""

Answer = TypeVar("Answer")


class NotDecided(Exception):
    """There is no answer within the time; an answer may be had by the command."""


class _OwnProcess:
    """The process, while there is one."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, seconds: float) -> Any:
        """Return the answer to a question; the lock must be held.

        Raises:
            NotDecided: if there is none within the seconds, or it takes more memory than there is.
            InternalError: if the question cannot be answered.
        """
        process = self._running = self._running or _start_process()
        over = Event()

        def end() -> None:
            over.set()
            process.kill()

        timer = Timer(max(seconds, 0), end)
        timer.start()
        try:
            return _answer(process, question)
        except (EOFError, OSError, pickle.UnpicklingError):
            if process.wait() < 0:
                raise NotDecided from None
            raise InternalError("a question in a process of its own was not answered") from None
        finally:
            timer.cancel()
            timer.join()
            if over.is_set() or process.poll() is not None:
                self.end()

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._running = self._running, None
        if process is not None:
            process.kill()
            process.communicate()


def _start_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        # -P: nothing of the folder that the server was started in is imported
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # a traceback may hold a policy
        stderr=subprocess.DEVNULL,
    )


def _answer(process: subprocess.Popen[bytes], question: bytes) -> Any:
    asked: Any = process.stdin
    answered: Any = process.stdout
    asked.write(question)
    asked.flush()
    return pickle.load(answered)  # noqa: S301 - from our own process


_PROCESS = _OwnProcess()
atexit.register(_PROCESS.end)


def run_in_worker(function: Callable[..., Answer], *texts: str) -> Answer:
    """Return what a function of a module returns for some texts.

    Raises:
        NotDecided: if that takes more than `SECONDS`, or more memory than there is.
        InternalError: if the function raises.
    """
    begin = time.monotonic()
    if not _PROCESS.lock.acquire(timeout=SECONDS):
        raise NotDecided
    try:
        left = SECONDS - (time.monotonic() - begin)
        answer: Answer = _PROCESS.ask(pickle.dumps((function, texts)), left)
        return answer
    finally:
        _PROCESS.lock.release()


def main() -> None:
    """Answer the questions on stdin, until there are no more."""
    while True:
        try:
            # only what `run_in_worker` sends comes here
            function, texts = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
        except EOFError:
            return
        _end_in_time()
        pickle.dump(function(*texts), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _end_in_time() -> None:
    """End at the latest when the time is up, even if who asked is gone; not known to Windows."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    used = int(time.process_time()) + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS, most))


if __name__ == "__main__":
    main()
