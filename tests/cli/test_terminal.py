"""Colour where it is wanted, lines as wide as the terminal, progress that leaves nothing.

Reads `sekisho.cli.terminal` and `progress` themselves, because a stream stands for the terminal.
"""

import os
import re
import runpy
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import click
import pytest
from click.testing import CliRunner

from in_process import sekisho
from sekisho.cli import progress
from sekisho.cli.commands import COMMANDS
from sekisho.cli.exits import Spoken
from sekisho.cli.main import root
from sekisho.cli.progress import ProgressDisplay
from sekisho.cli.terminal import command_lines, complain, next_command, show, terminal_width
from sekisho.messages import Language, Message, cell_width, cut_at, padded, type_as
from sekisho.work import WORK, Task, tracked, working_on

TOOLS = Path(__file__).parents[2] / "tools"
COMPANY = (
    Path(__file__).parents[1] / "golden" / "outputs" / "company" / "judged"
) / "collect.en.company.json"


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


@dataclass
class Watched:
    """A terminal at which a command works, and how long it has; time passes when it is told to."""

    terminal: Terminal
    now: float = 0.0
    spent: float = 0.0
    under_way: list[Task] = field(default_factory=list)
    spoken: Spoken = field(default_factory=lambda: Spoken(Language.EN))

    def __post_init__(self) -> None:
        self.ctx = click.Context(root, obj=self.spoken)
        self.display = ProgressDisplay(
            self.under_way, self.ctx, lambda: self.now, lambda: self.spent
        )

    def after(self, seconds: float, *, works: bool = True) -> str:
        """Return what stands in the line that is not ended, some seconds later."""
        self.now += seconds
        self.spent += seconds if works else 0.0
        self.display.look()
        return self.terminal.written.rpartition("\r")[2]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    watched = Watched(terminal)
    before = WORK.set(watched.under_way)
    yield watched
    WORK.reset(before)


def test_who_has_waited_for_two_seconds_sees_how_far_it_is(watched: Watched) -> None:
    users = iter(tracked([*range(5_000)], Message("Proving MFA enforcement")))
    next(users)
    assert watched.after(1) == ""
    for _ in range(1_000):
        next(users)
    assert watched.after(1) == "Proving MFA enforcement: 1,000 of 5,000, about 4 s left"
    # the time that is left is the work's; another work begins anew
    for _ in users:
        pass
    watched.spoken.language = Language.JA
    with working_on(Message("Looking for administrators"), 10):
        assert watched.after(1) == "管理者を調べています: 10 件中 0 件"
        watched.display.printing("a line\n")
        assert watched.terminal.written.endswith(f"\r{' ' * 34}\r"), "nothing is left of it"
        assert watched.after(1.5) == "", "somebody has something to read"
        assert watched.after(0.5) == "管理者を調べています: 10 件中 0 件"
    assert watched.under_way == []


def test_work_of_which_nobody_says_how_far_it_is(watched: Watched) -> None:
    assert watched.after(3) == "Working: 3 s so far"
    assert watched.after(1, works=False) == "", "it waits for somebody to paste a policy"
    assert watched.after(1) == "Working: 5 s so far"
    with working_on(Message("Reading the account")):
        watched.after(1, works=False)
        assert watched.after(6, works=False) == "Reading the account: 6 s so far"
    watched.display.printing("http://localhost:8080\n")
    assert watched.after(1) == ""
    assert watched.after(1) == "Working: 2 s so far", "since something was printed"


def test_a_server_shows_no_progress(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        assert watched.after(60) == "", "it answers"
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        progress.serve()
    assert watched.under_way == []


def test_nobody_who_is_asked_is_interrupted(watched: Watched) -> None:
    with working_on(Message("Reading the account")):
        watched.display.printing("Make these changes (4)? [y/N]: ")
        assert watched.after(60, works=False) == ""
        assert watched.after(1) == "Reading the account: 1 s so far", "it was answered"


def test_a_line_that_is_too_long_would_not_be_written_over(watched: Watched) -> None:
    watched.under_way.append(Task(Message("Reading " + "the account " * 9), 7))
    assert len(watched.after(2)) < 60


def test_no_progress_with_quiet_or_over_what_another_program_shows(watched: Watched) -> None:
    watched.ctx.meta["sekisho.quiet"] = True
    assert watched.after(60) == ""
    del watched.ctx.meta["sekisho.quiet"]
    with working_on(Message("Reading the account")):
        assert watched.after(1)
        watched.display.printing("to a pager\n", terminal=False)
        assert watched.after(60) == ""


def _screen(written: str) -> list[str]:
    """Return the lines of a terminal on which this was written."""
    lines = []
    for line in written.replace("\r\n", "\n").split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    return lines


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other terminals")
def test_at_a_terminal_nothing_is_left_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    import pty  # noqa: PLC0415 - not on Windows

    words = ["audit", "--snapshot", str(COMPANY)]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    usual = CliRunner().invoke(root, words, standalone_mode=False).stdout
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "BETWEEN_LOOKS", 0.001)
    screen, terminal = pty.openpty()
    seen = bytearray()

    def watch() -> None:
        # Linux says so that the other side is closed
        with suppress(OSError):
            while found := os.read(screen, 4096):
                seen.extend(found)

    watching = Thread(target=watch)
    watching.start()
    with os.fdopen(terminal, "w", encoding="utf-8") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        patch.setattr(sys, "stderr", file)
        root.main(words, standalone_mode=False)
    watching.join()
    os.close(screen)
    written = seen.decode()
    assert "Proving MFA enforcement: " in written
    assert _screen(written) == [line.rstrip() for line in usual.split("\n")]


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


def test_a_file_that_lint_cannot_read_is_folded_like_any_error(clean, capsys) -> None:
    clean.setenv("COLUMNS", "40")
    clean.setattr(sys.stderr, "isatty", lambda: True)
    ended = root.main(["policy", "lint", "missing.json", "--lang", "en"], standalone_mode=False)
    lines = capsys.readouterr().err.splitlines()
    assert ended == 1
    assert lines[0] == "sekisho: file.unreadable:"
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)


def test_an_option_stays_with_its_value() -> None:
    said = command_lines("sekisho plan --all-users --mfa --except deploy-bot", 46)
    assert said == ["sekisho plan --all-users --mfa \\", "  --except deploy-bot"]
    # where only one of them fits
    said = command_lines("sekisho plan --except deploy-bot", 22)
    assert said == ["sekisho plan \\", "  --except \\", "  deploy-bot"]


STARTED = "python3 start.py"


@pytest.fixture
def started_by_another() -> Iterator[None]:
    type_as(STARTED, COMMANDS)
    yield
    type_as("", ())


def test_the_next_command_begins_as_the_program_was_started(started_by_another: None) -> None:
    assert next_command("sekisho audit", Language.EN, 80) == ["Next: python3 start.py audit"]
    assert next_command("sh check.sh", Language.EN, 80) == ["Next: sh check.sh"]


def test_every_command_in_a_sentence_begins_as_the_program_was_started(
    started_by_another: None,
) -> None:
    """What is read by programs, such as a plan, is the same however sekisho was started."""
    named = re.compile(rf"`sekisho (?:{'|'.join(COMMANDS)})\b")
    catalogue = runpy.run_path(str(TOOLS / "catalogues.py"))["catalogue"]()
    several = [each for each in catalogue if named.search(str(each.id))]
    assert len(several) > 60
    for each in several:
        message = Message(str(each.id), str(each.context or ""))
        for language in Language:
            assert not named.search(message.into(language)), each.id
            assert named.search(message.to_json()[language.value]), each.id
        assert named.search(message.en)
    assert Message("another `sekisho`, sekisho: error").into(Language.EN) == (
        "another `sekisho`, sekisho: error"
    )


@pytest.mark.parametrize(
    "command",
    ["policy", "plan --help", "--lang ja audit --help", "lint x.json", "explain no-break-glass"],
)
def test_a_command_begins_everywhere_as_the_program_was_started(
    started_by_another: None, command: str
) -> None:
    done = sekisho(*command.split(), SEKISHO_PROGRAM=STARTED)
    said = done.stdout + done.stderr
    assert f"{STARTED} " in said
    assert not re.search(rf"\bsekisho (?:{'|'.join(COMMANDS)}|\[)\b", said)


@pytest.mark.parametrize(
    ("locale", "typed", "named"),
    [
        ("C", "--lang ja lint x.json", "`sekisho --lang ja policy lint`"),
        ("C", "policy new --lang ja", "sekisho --lang ja policy new --out "),
        ("ja_JP.UTF-8", "policy new --lang en", "sekisho --lang en policy new --out "),
        ("ja_JP.UTF-8", "policy new --lang ja", ": sekisho policy new --out "),
        ("ja_JP.UTF-8", "policy new", ": sekisho policy new --out "),
        ("C", "policy new --lang en", ": sekisho policy new --out "),
    ],
)
def test_a_language_that_is_not_the_locales_goes_with_every_command(
    locale: str, typed: str, named: str
) -> None:
    done = sekisho(*typed.split(), LC_ALL=locale)
    assert named in done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("--lang") == named.count("--lang")


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
