"""What docs/reference says is all there is: commands, options and exits; ids: test_entries."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sekisho.cli import Exit
from sekisho.cli.main import root

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def _page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def _rows(page: str) -> dict[str, list[str]]:
    """Return the rows of a page's tables by their first cell, without its backticks."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for line in page.splitlines()
        if line.startswith("| `")
    ]
    assert len({row[0] for row in rows}) == len(rows), "one thing explained twice"
    return {row[0].strip("`"): row for row in rows}


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, f"{path} {name}")


def _sections() -> dict[str, str]:
    parts = re.split(r"(?m)^## ", _page("commands"))[1:]
    return {part.split("\n", 1)[0].strip("` "): part for part in parts}


ALL = list(_commands(root, "sekisho"))


def test_the_page_has_a_section_for_each_command_and_no_other() -> None:
    assert set(_sections()) == {path for path, _ in ALL}


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_option_is_documented_and_no_other(path: str, command: click.Command) -> None:
    section = _sections()[path]
    documented = set(re.findall(r"^\| `(--?[a-z][a-z-]*)", section, flags=re.MULTILINE))
    real = {
        max((*parameter.opts,), key=len)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }
    assert documented == real
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            assert f"`{parameter.make_metavar(click.Context(command))}`" in section


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_command_and_option_has_help(path: str, command: click.Command) -> None:
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts}"


def test_the_one_line_helps_are_sentences() -> None:
    assert all(each.line.en.endswith(".") for each in root.lazy.values())
    assert all(each.line.ja.endswith("。") for each in root.lazy.values())


def test_every_exit_code_is_explained_and_no_other() -> None:
    assert set(_rows(_page("exit-codes"))) == {str(code.value) for code in Exit}
