"""Colour where it is wanted, lines as wide as the terminal, progress that leaves nothing.

Reads `sekisho.cli.terminal` and `progress` themselves, because a stream stands for the terminal.
"""

import os
import shlex
import sys

import pytest

from sekisho.cli.progress import counting
from sekisho.cli.terminal import command_lines, complain, next_command, show, terminal_width
from sekisho.messages import Language, cell_width, cut_at, padded


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("settings", "terminal", "coloured"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
    ],
)
def test_colour_only_where_it_is_wanted(
    settings: dict[str, str], terminal: bool, coloured: bool, clean, capsys
) -> None:
    for name, value in settings.items():
        clean.setenv(name, value)
    clean.setattr(sys.stdout, "isatty", lambda: terminal)
    show("text", "bold red")
    assert capsys.readouterr().out == ("\x1b[31m\x1b[1mtext\x1b[0m\n" if coloured else "text\n")


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("200", 200), ("0", 80), ("x", 80)])
def test_a_line_is_as_wide_as_columns_says(columns: str, width: int, clean) -> None:
    def no_terminal(stream: int) -> os.terminal_size:
        raise OSError

    clean.setattr(os, "get_terminal_size", no_terminal)
    clean.setenv("COLUMNS", columns)
    assert terminal_width() == width


def test_a_line_is_as_wide_as_the_terminal_that_one_of_the_streams_is(clean) -> None:
    def only_errors(stream: int) -> os.terminal_size:
        if stream != 2:
            raise OSError
        return os.terminal_size((132, 40))

    clean.setattr(os, "get_terminal_size", only_errors)
    assert terminal_width() == 132


def test_progress_is_written_over_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def fails() -> None:
        with counting("読み取り中") as count:
            count(1, 20)
            count(2, 20)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    parts = terminal.written.split("\r")
    assert [part for part in parts if part.strip()] == [
        "読み取り中",
        "読み取り中 1/20",
        "読み取り中 2/20",
    ]
    assert parts[-2:] == [" " * cell_width("読み取り中 2/20"), ""]


def test_nothing_of_progress_is_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # a file may be coloured, but nothing in it moves
    monkeypatch.setenv("FORCE_COLOR", "1")
    with counting("reading") as count:
        count(1, 2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("yuki", 4),
        ("美香", 4),
        ("ﾐｶ", 2),
        # a voiced kana written as two characters
        ("か\u3099", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("zero\u200bwidth", 9),
        ("💡", 2),
        ("→ ×3", 4),
    ],
)
def test_how_wide_a_text_is(text: str, width: int) -> None:
    assert cell_width(text) == width
    assert cell_width(padded(text, 12)) == 12
    fits, rest = cut_at(text + "長い", width + 1)
    assert (fits, rest) == (text, "長い")


def test_an_error_is_folded_on_a_terminal_alone(clean, capsys) -> None:
    clean.setenv("COLUMNS", "30")
    error = "sekisho: file.unreadable: plan.json: cannot be read"
    complain(error)
    assert capsys.readouterr().err == f"{error}\n"
    clean.setattr(sys.stderr, "isatty", lambda: True)
    complain(error)
    assert capsys.readouterr().err == ("sekisho: file.unreadable:\n  plan.json: cannot be read\n")


def test_an_option_stays_with_its_value() -> None:
    said = command_lines("sekisho plan --all-users --mfa --except deploy-bot", 46)
    assert said == ["sekisho plan --all-users --mfa \\", "  --except deploy-bot"]
    # where only one of them fits
    said = command_lines("sekisho plan --except deploy-bot", 22)
    assert said == ["sekisho plan \\", "  --except \\", "  deploy-bot"]


def test_the_next_command_begins_as_the_program_was_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEKISHO_PROGRAM", "python3 start.py")
    assert next_command("sekisho audit", Language.EN, 80) == ["Next: python3 start.py audit"]
    assert next_command("sh check.sh", Language.EN, 80) == ["Next: sh check.sh"]


def test_the_next_command_is_one_that_a_shell_puts_together_again() -> None:
    words = [
        "sekisho",
        "plan",
        "--accept",
        'gap:a=nobody knows, it\'s "so"',
        "--accept",
        "b c=d e f",
    ]
    command = shlex.join(words)
    for width in (20, 40, 200):
        lines = "\n".join(next_command(command, Language.EN, width))
        assert shlex.split(lines.removeprefix("Next: ").replace("\\\n", "")) == words
