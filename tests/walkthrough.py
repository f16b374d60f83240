"""The commands that a document shows, played in order against the local AWS, and what one sees.

A block of `console` is one command and what it prints, at a terminal of 80 columns. The comment
before it says how much of that is shown: some lines of the beginning, some of the end.

    <!-- seen: first 6, last 2 -->
    ```console
    $ sekisho audit
    ```

`.venv/bin/python tests/transcript.py` plays the READMEs and writes what is seen into them.
"""

import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from golden.harness import Runner, local_aws, runner
from sekisho.messages import Language, cell_width

COLUMNS = 80
LEFT_OUT = "…"
_DIGEST = re.compile(r"\b([Pp]lan|計画) [0-9a-f]{12}\b")
_SOME_DIGEST = "9f1c60b7e2a4"
"""In a plan's digest each word of the plan counts: one for all, lest it differ every week."""
LOCALES = {Language.EN: "C.UTF-8", Language.JA: "ja_JP.UTF-8"}
FINE = {0, 2, 3}
"""Exit codes of a command that did what it is for: clean, changes wait, findings."""

_BLOCK = re.compile(
    r"(?m)^<!-- seen: first (\d+)(?:, last (\d+))? -->\n```console\n\$ (.*)\n((?:.*\n)*?)```$"
)
_STYLE = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class Block:
    """A command in a document, and what of its output is shown.

    Attributes:
        first: how many lines of the beginning.
        last: how many lines of the end.
        written: what the document shows.
    """

    command: str
    first: int
    last: int
    written: str

    @property
    def argv(self) -> tuple[str, ...]:
        """The arguments of `sekisho`."""
        name, *argv = shlex.split(self.command)
        assert name == "sekisho", self.command
        return tuple(argv)

    def of(self, lines: Sequence[str]) -> str:
        """Return what is to be shown of an output."""
        plain = [_STYLE.sub("", line).rstrip() for line in cut(lines, self.first, self.last)]
        return "".join(f"{line}\n" for line in plain)


def cut(lines: Sequence[str], first: int, last: int) -> list[str]:
    """Return the beginning and the end of an output, with a mark where something is left out."""
    if len(lines) <= first + last + 1:
        return list(lines)
    return [*lines[:first], LEFT_OUT, *lines[len(lines) - last :]]


def blocks(text: str) -> list[Block]:
    """Return the commands that a document shows, in order."""
    found = [
        Block(command, int(first), int(last or 0), written)
        for first, last, command, written in _BLOCK.findall(text)
    ]
    assert len(found) == text.count("```console"), "a block of `console` has no comment before it"
    return found


def rewritten(text: str, language: Language) -> str:
    """Return a document with what is seen of each of its commands."""
    shown = iter(screens(tuple(block.command for block in blocks(text)), language))

    def block(found: re.Match[str]) -> str:
        first, last, command, _ = found.groups()
        seen = Block(command, int(first), int(last or 0), "").of(next(shown))
        end = f", last {last}" if last else ""
        return f"<!-- seen: first {first}{end} -->\n```console\n$ {command}\n{seen}```"

    return _BLOCK.sub(block, text)


@cache
def screens(commands: tuple[str, ...], language: Language) -> tuple[tuple[str, ...], ...]:
    """Play commands in order and return the lines that are seen of each, in colour.

    They are played by the administrator of the example company, in a folder of their own, on one
    local AWS; questions are answered with yes.

    Raises:
        AssertionError: if one of them fails.
    """
    with _stage(language) as (process, folder, environment):
        return tuple(_screen(process, each, folder, environment) for each in commands)


@contextmanager
def _stage(language: Language) -> Iterator[tuple[Runner, Path, dict[str, str]]]:
    with (
        tempfile.TemporaryDirectory() as name,
        local_aws(Path(name), "") as local,
        runner(Path(name)) as process,
    ):
        own = {"LANG": LOCALES[language], "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
        yield process, Path(name), {**local.keys, **own}


def _screen(
    process: Runner, command: str, folder: Path, environment: dict[str, str]
) -> tuple[str, ...]:
    argv = Block(command, 0, 0, "").argv
    ran = process.at_a_terminal(argv, folder, environment)
    text = _DIGEST.sub(rf"\1 {_SOME_DIGEST}", ran.stdout.decode("utf-8"))
    assert ran.exit in FINE, f"{command} exits with {ran.exit}:\n{text}"
    lines = [_at_the_end(line) for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _at_the_end(line: str) -> str:
    """Return what is left of a line that was written over."""
    seen = ""
    for part in line.split("\r"):
        # what has only blanks rubs out what was there
        seen = part if cell_width(part) >= cell_width(seen) or part else seen
        seen = seen if seen.strip() else ""
    return seen
