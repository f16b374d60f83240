"""Runs a module by a clock that is put forward: `other_clock.py SECONDS MODULE ARGUMENT...`."""

import datetime
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any


def put_forward(seconds: int) -> None:
    """Put the clock of this process forward, for whatever is imported from now on."""
    now, earlier = time.time, datetime.datetime

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return earlier.now(tz) + datetime.timedelta(seconds=seconds)

    def without_time(convert: Callable[..., Any]) -> Callable[..., Any]:
        return lambda at=None: convert(time.time() if at is None else at)

    time.time = lambda: now() + seconds
    time.localtime, time.gmtime = without_time(time.localtime), without_time(time.gmtime)
    datetime.datetime = Later


if __name__ == "__main__":
    offset, module, *arguments = sys.argv[1:]
    if int(offset):
        put_forward(int(offset))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
