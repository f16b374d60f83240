"""What may take minutes, in a process of its own that is ended when its time is up.

The pages share one interpreter. A proof that keeps it busy keeps every page waiting, and cannot be
stopped from outside. A process can: it gets `SECONDS` from the moment it is asked for, and one runs
at a time, so that many long policies take one processor and no more.
"""

import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from sekisho.errors import InternalError

SECONDS = 30
"""How long somebody waits for an answer, the start of the process included."""

_ONE = Lock()

Answer = TypeVar("Answer")


class NotDecided(Exception):
    """There is no answer within the time; an answer may be had by the command."""


def in_own_process(function: Callable[..., Answer], *texts: str) -> Answer:
    """Return what a function of a module returns for some texts.

    Raises:
        NotDecided: if that takes more than `SECONDS`, or more memory than there is.
        InternalError: if the function raises.
    """
    begin = time.monotonic()
    if not _ONE.acquire(timeout=SECONDS):
        raise NotDecided
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            # -P: nothing of the folder that the server was started in is imported
            [sys.executable, "-P", "-m", __name__],
            input=pickle.dumps((function, texts)),
            stdout=subprocess.PIPE,
            # a traceback may hold a policy
            stderr=subprocess.DEVNULL,
            timeout=SECONDS - (time.monotonic() - begin),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotDecided from None
    finally:
        _ONE.release()
    if done.returncode < 0:
        raise NotDecided
    if done.returncode:
        raise InternalError("a question in a process of its own was not answered")
    answer: Answer = pickle.loads(done.stdout)  # noqa: S301 - from our own process
    return answer


def main() -> None:
    """Answer the question on stdin."""
    _end_in_time()
    # only what `in_own_process` sends comes here
    function, texts = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
    pickle.dump(function(*texts), sys.stdout.buffer)


def _end_in_time() -> None:
    """End at the latest when the time is up, even if who asked is gone; not known to Windows."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


if __name__ == "__main__":
    main()
