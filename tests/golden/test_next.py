"""Every command that an output names is typed as it is printed, on the state that it is for.

What is printed next is followed to its end: no wrong use, no circle, and no plan that is refused
after one that was. What needs AWS is read to its last option and no further: from there the
roll-out's tests follow at a local one. A command that was followed already is not followed again.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from golden.cases import CASES
from golden.harness import OUTPUTS, Ran, Runner, furnished, write_all
from sekisho.cli import Exit
from sekisho.cli.main import root

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the outputs have the paths and the shell of POSIX"
)
NEXT = re.compile(r"^Next: (sekisho (?:.*\\\n)*.*)$", re.MULTILINE)
NAMED = re.compile(r"`(sekisho [a-z][^`…]*)`")
REPLACED = {"sekisho notify --due"}
"""What is named because it is no command any more."""
REFUSED = "This plan is refused"
READING = ("audit", "plan", "campaign", "notify", "onboard", "reset", "offboard", "orphans")
"""Commands that read an account: AWS, if no snapshot is given."""
PASTED = (Path(__file__).parent / "inputs/policies/force-mfa.json").read_text("utf-8")
"""What is typed where a command reads a policy from standard input."""


def _next_of(text: str) -> str:
    """Return the command that a text ends with, in one line; "" if there is none."""
    found = NEXT.findall(text)
    return shlex.join(shlex.split(found[-1].replace("\\\n", " "))) if found else ""


def _printed() -> dict[str, None]:
    """Return the commands that English outputs end with."""
    cases = [case for case in CASES if case.language != "ja" and not case.id.startswith("help/")]
    paths = [OUTPUTS / name for case in cases for name in (case.stdout, case.stderr)]
    texts = [path.read_text("utf-8") for path in paths if path.exists()]
    return dict.fromkeys(filter(None, map(_next_of, texts)))


PRINTED = _printed()


def parsed(words: list[str], *, whole: bool) -> None:
    """Read a command as it is typed, and call nothing.

    Args:
        words: the command without `sekisho`.
        whole: whether it must have all that it needs.

    Raises:
        click.UsageError: if there is no such command or option; or if something is missing.
    """
    command: click.Command = root
    context = click.Context(root, info_name="sekisho")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        context = click.Context(found, parent=context, info_name=found.name)
        command = found
    if whole:
        command.make_context(command.name, [*words], parent=context.parent)
    else:
        command.make_parser(context).parse_args([*words])


def needs_aws(words: list[str]) -> bool:
    """Return whether a command, without `sekisho`, reads or changes an account in AWS."""
    reads = words[0] in READING and "--snapshot" not in words
    return reads or words[0] in ("apply", "status", "rollback") or words[:2] == ["collect", "--out"]


def _walk(first: str, sekisho: Runner, folder: Path) -> Iterator[tuple[str, Ran]]:
    """Yield a command and those that follow from it, until nothing follows or AWS is needed."""
    command, typed = first, list[str]()
    while command:
        words = shlex.split(command)[1:]
        assert command not in typed, f"a circle: {typed}"
        typed.append(command)
        if needs_aws(words):
            parsed(words, whole=True)
            return
        ran = sekisho.typed(words, folder, PASTED if "-" in words else "")
        assert ran.exit not in (Exit.ERROR, Exit.USAGE), (typed, ran.stderr.decode())
        yield command, ran
        command = _next_of(ran.stderr.decode()) or _next_of(ran.stdout.decode())


def test_what_is_printed_next_comes_to_an_end(sekisho: Runner, tmp_path: Path) -> None:
    folder = write_all(furnished(tmp_path))
    sekisho.typed(shlex.split("logs usage logs/company.json --out usage.json"), folder)
    there, followed = {*folder.rglob("*")}, set[str]()
    for first in PRINTED:
        refused = False
        for command, ran in _walk(first, sekisho, folder):
            if command in followed and {*folder.rglob("*")} == there:
                break
            followed.add(command)
            again = command.startswith("sekisho plan") and REFUSED in ran.stdout.decode()
            assert not (refused and again), command
            refused = again
        for path in {*folder.rglob("*")} - there:
            path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)


def test_a_command_within_a_sentence_is_one() -> None:
    texts = (path.read_text("utf-8", "replace") for path in OUTPUTS.rglob("*") if path.is_file())
    named = {" ".join(each.split()) for text in texts for each in NAMED.findall(text)}
    for command in named - REPLACED:
        if "COMMAND" not in command:
            parsed(shlex.split(command)[1:], whole=False)
