"""The manual page: everything that the reference has, in roff that is right."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from tools.manual import manual_of

from sekisho.cli.main import root

ROOT = Path(__file__).parents[2]
PAGE = manual_of(ROOT)


def test_it_has_every_command_and_the_exit_codes() -> None:
    sections = re.findall(r'(?m)^\.SS "(.*)"$', PAGE)
    assert {f"sekisho {name}" for name in root.lazy} <= set(sections)
    assert ".SH EXIT STATUS" in PAGE
    for command in (root, *(lazy.load() for lazy in root.lazy.values())):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                name = max(parameter.opts, key=len).replace("-", "\\-")
                assert f"\\fB{name}" in PAGE, name


def test_what_is_built_is_this_page(built) -> None:
    (page,) = (text for name, text in built.members().items() if name.endswith("/sekisho.1"))
    assert page.decode() == PAGE


def test_no_markdown_is_left() -> None:
    assert not re.findall(r"`|\]\(|^#|^\|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a [link](x.md#y) and `code`", "a link and \\fBcode\\fR"),
        ("*so* and **thus**", "\\fIso\\fR and \\fIthus\\fR"),
        (".aws is a folder", "\\&.aws is a folder"),
        ("`--as` or C:\\x", "\\fB\\-\\-as\\fR or C:\\ex"),
    ],
)
def test_text_becomes_roff(text: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "docs" / "reference" / "exit-codes.md").write_text("# Exits\n", "utf-8")
    page = tmp_path / "docs" / "reference" / "commands.md"
    page.write_text(f"# Commands\n\nFirst.\n\n{text}\n", encoding="utf-8")
    assert shown in manual_of(tmp_path).splitlines()


def test_mandoc_finds_nothing(tmp_path: Path) -> None:
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("no mandoc on this machine")
    page = tmp_path / "sekisho.1"
    page.write_text(PAGE, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - a program of this machine
        [mandoc, "-T", "lint", "-W", "warning", str(page)],
        capture_output=True,
        text=True,
        check=False,
    )
    # a page that is built again and again has no date of its own
    found = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert not found
