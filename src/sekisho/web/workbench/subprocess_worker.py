"""Proofs that may take minutes, in a process of their own that is ended when its time is up.

The pages share one interpreter. A proof that keeps it busy keeps every page waiting, and cannot be
stopped from outside. A process can: a question has `SECONDS` from the moment it is asked, and one
is answered at a time, so that many questions take one processor and no more. How long one takes is
not to be seen by its length, so that all are asked there; the process is kept, and started anew
after a question that it was ended for.

A page does not wait for it: it is sent without the answer after `PATIENCE`, and the answer is
fetched when it is there (`Answers`).
"""

import atexit
import pickle
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Event, Lock, Thread, Timer
from typing import Any, TypeVar

from sekisho.errors import InternalError

SECONDS = 30
"""How long somebody waits for an answer, the start of the process included."""
PATIENCE = 0.7
"""Seconds after which a page is sent without an answer that is not there yet."""
_MOST_KEPT = 32

Answer = TypeVar("Answer")


class NotDecided(Exception):
    """There is no answer within the time; an answer may be had by the command."""


class StillWorking(Exception):
    """There is no answer yet; the same question, asked again, gets it."""


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


def run_in_worker(function: Callable[..., Answer], *values: object) -> Answer:
    """Return the result of a module's function for some values.

    Raises:
        NotDecided: if that takes more than `SECONDS`, or more memory than there is.
        InternalError: if the function raises.
    """
    begin = time.monotonic()
    if not _PROCESS.lock.acquire(timeout=SECONDS):
        raise NotDecided
    try:
        left = SECONDS - (time.monotonic() - begin)
        answer: Answer = _PROCESS.ask(pickle.dumps((function, values)), left)
        return answer
    finally:
        _PROCESS.lock.release()


class Answers:
    """What is asked of the worker, and what it has answered lately: the same is asked once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def find(
        self,
        key: Hashable,
        patience: float | None,
        function: Callable[..., Answer],
        *values: object,
    ) -> Answer:
        """Return an answer.

        Args:
            key: what is asked; the same for the same answer.
            patience: how many seconds to wait for it; None: as long as it takes.
            function: of a module.
            *values: its arguments.

        Raises:
            StillWorking: if it is not there by then.
            NotDecided: as `run_in_worker`; the same question, asked again, starts anew.
            InternalError: the same.
        """
        with self._lock:
            future = self._asked.get(key)
            if future is None:
                future = self._asked[key] = Future()
                # a daemon: the workbench ends without waiting for a proof
                Thread(target=_answer_into, args=(future, function, *values), daemon=True).start()
            self._asked.move_to_end(key)
            while len(self._asked) > _MOST_KEPT:
                self._asked.popitem(last=False)
        try:
            answer: Answer = future.result(patience)
        except TimeoutError:
            raise StillWorking from None
        except (NotDecided, InternalError):
            with self._lock:
                if self._asked.get(key) is future:
                    del self._asked[key]
            raise
        return answer


def _answer_into(future: Future[Any], function: Callable[..., Any], *values: object) -> None:
    try:
        future.set_result(run_in_worker(function, *values))
    except (NotDecided, InternalError) as error:
        future.set_exception(error)
    finally:
        if not future.done():
            future.set_exception(InternalError("a question could not be put to the worker"))


def main() -> None:
    """Answer the questions on stdin, until there are no more."""
    while True:
        try:
            # only what `run_in_worker` sends comes here
            function, values = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
        except EOFError:
            return
        _end_in_time()
        pickle.dump(function(*values), sys.stdout.buffer)
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
