"""`sekisho` run as a program is, but in this process: what it says is tested without its start.

That a process of its own says the same: tests/golden, and `cli/test_main.py`.
"""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest.mock import patch

from sekisho.cli.main import main
from sekisho.messages import type_as


def sekisho(*arguments: str, given: str = "", **variables: str) -> CompletedProcess[str]:
    """Run one command, with a standard input and variables of the environment.

    Raises:
        BaseException: what a program would end with a traceback for.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    argv, code = ["sekisho", *arguments], None
    with (
        patch.object(sys, "argv", argv),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8")),
        # whatever terminal the tests run at
        patch.dict(os.environ, {"COLUMNS": "80", **variables}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            # a process has one command line
            type_as("", ())
    assert isinstance(code, int), code
    return CompletedProcess(argv, code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
