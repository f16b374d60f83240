"""Runs commands of the AWS CLI one after the other in this process, which takes a second to start.

Reads a JSON list of command lines, and prints a list of `[exit code, stdout, stderr]`.
"""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver


class _Output(io.TextIOWrapper):
    """A standard stream; `s3 cp … -` writes bytes to it."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        found = self.buffer.getvalue()
        return found.decode("utf-8", "replace")


DRIVER = create_clidriver()


def run(arguments: list[str]) -> tuple[int, str, str]:
    out, err = _Output(), _Output()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = DRIVER.main(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return code, out.text(), err.text()


if __name__ == "__main__":
    sys.stdout.write(json.dumps([run(each) for each in json.load(sys.stdin)]))
