"""Groups of commands: listed and completed without importing any of them."""

import os
import subprocess
import sys

import click
import pytest

from sekisho.cli.group import Lazy, LazyGroup
from sekisho.messages import Message

PROGRAM = """
import sys
from sekisho.cli.main import main
try: main()
except SystemExit: pass
print(*(name for name in sys.modules if name.startswith("sekisho.")), file=sys.stderr)
"""


def complete(words: str) -> tuple[list[str], set[str]]:
    """Return what bash is offered for the last of some words, and what was imported for it."""
    asked = {"_SEKISHO_COMPLETE": "bash_complete", "COMP_WORDS": words}
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **asked, "COMP_CWORD": str(words.count(" "))},
        capture_output=True,
        text=True,
        check=True,
    )
    offered = [line.partition(",")[2] for line in done.stdout.splitlines()]
    return offered, set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sekisho pr", ["prove"]),
        ("sekisho o", ["onboard", "offboard", "orphans"]),
        ("sekisho policy li", ["lint"]),
        ("sekisho policy ", ["new", "summary", "lint", "diff"]),
    ],
)
def test_names_are_completed_without_importing_commands(words: str, offered: list[str]) -> None:
    found, imported = complete(words)
    assert found == offered
    assert "sekisho.engine" not in imported


def test_options_of_a_command_are_completed() -> None:
    offered, _ = complete("sekisho policy lint --for")
    assert offered == ["--format"]


def test_what_is_no_command_is_a_bug() -> None:
    group = LazyGroup("g", lazy={"exits": Lazy(Message("exits"), "exits", "Exit")})
    with pytest.raises(TypeError, match="no click command"):
        group.get_command(click.Context(group), "exits")
