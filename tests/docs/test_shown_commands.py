"""Every command that a document shows is one that runs; output that is shown is what it prints."""

import re
import shlex
from pathlib import Path

import click
import pytest

from sekisho.cli.main import root
from shown import DOCS, EXITS, JAPANESE, Block, blocks, commands, run, same

PAGES = sorted(DOCS.rglob("*.md"))
ENGLISH = [page for page in PAGES if not page.is_relative_to(JAPANESE)]
TRANSLATED = [page for page in PAGES if page.is_relative_to(JAPANESE)]


def _of(page: Path) -> list[Block]:
    return [each for each in blocks(page.read_text(encoding="utf-8")) if isinstance(each, Block)]


def _run(page: Path) -> list[str]:
    return [line for block in _of(page) if block.kind == "sh" for line in commands(block)]


def _name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


RUN = [page for page in ENGLISH if _run(page)]
SHOWING = [
    page
    for page in PAGES
    if page in RUN or any(block.directive and block.directive[0] == "output" for block in _of(page))
]


@pytest.mark.parametrize("page", SHOWING, ids=_name)
def test_what_a_page_shows_runs_and_prints_that(page: Path) -> None:
    """If the output is another now: `.venv/bin/python tests/shown.py`."""
    for block, output in run(page):
        assert same(block.text) == same(output)


def test_the_guides_are_run() -> None:
    kinds = ("tutorial", "how-to")
    guides = [page for page in RUN if page.parent.name in kinds]
    assert len(guides) >= 5


@pytest.mark.parametrize("page", TRANSLATED, ids=_name)
def test_a_translation_shows_the_same_commands(page: Path) -> None:
    original = DOCS / page.relative_to(JAPANESE)
    if _run(page) or original.exists():
        assert _run(page) == _run(original)


@pytest.mark.parametrize("page", [page for page in PAGES if _of(page)], ids=_name)
def test_what_is_not_run_is_no_command_of_ours(page: Path) -> None:
    for block in _of(page):
        if block.kind == "shell":
            assert not re.search(r"(?m)^sekisho\b", block.text), block.text


def _shown_commands(page: Path) -> list[str]:
    """Return each line that is a command of sekisho, in whatever kind of code."""
    text = page.read_text(encoding="utf-8")
    blocks_of_commands = [block for block in _of(page) if block.kind in {"", "sh", "console"}]
    code = "".join(block.text.replace("\\\n", " ") for block in blocks_of_commands)
    lines = re.findall(r"(?m)^(?:\$ )?((?:sekisho|python3? start\.py) .*)$", code)
    lines += re.findall(r"(?m)^ {4}(?:\$ )?((?:sekisho|python3? start\.py) .*)$", text)
    inline = re.findall(r"`(sekisho [^`\n]*)`", text)
    return [EXITS.sub("", each) for each in (*lines, *inline) if "…" not in each]


def _fault(line: str) -> str | None:
    """Return what is wrong with the names of commands and options of a line."""
    words = shlex.split(re.sub(r"python3? start\.py", "sekisho", line), comments=True)
    words = [word for word in words if word not in {"&", "|", ">"}][1:]
    command: click.Command = root
    context = click.Context(root, info_name="sekisho")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        if inner is None:
            return None if words[0] in {"test", "docs", "COMMAND"} else f"no command {words[0]}"
        command, words = inner, words[1:]
    names = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    known = {*names, "--help", "-h"}
    wrong = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"{command.name} has no {wrong}" if wrong else None


@pytest.mark.parametrize("page", [page for page in PAGES if _shown_commands(page)], ids=_name)
def test_a_command_has_the_options_that_a_page_gives_it(page: Path) -> None:
    faults = {line: fault for line in _shown_commands(page) if (fault := _fault(line))}
    assert not faults


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("sekisho plan --all-users --mfa", False),
        ("sekisho plan --everybody", True),
        ("sekisho policy new --no-user-paths", False),
        ("sekisho polish", True),
        ("python3 start.py test", False),
    ],
)
def test_a_wrong_option_is_found(line: str, wrong: bool) -> None:
    assert bool(_fault(line)) == wrong
