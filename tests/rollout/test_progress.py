"""What is shown while a plan is applied and taken back, and how one declines.

Reads `cli.progress.Progress` itself, because its clock is passed in.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from administered import iam_of
from rollout.at_the_terminal import GOAL, Terminal, environment
from rollout.staging import company
from sekisho.cli import Exit, progress
from sekisho.cli.progress import Progress
from sekisho.localaws import LocalAws
from sekisho.messages import Language, verbatim
from sekisho.work import Task


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam_of(running).create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        yield running


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    goal = terminal.write("goal.yaml", GOAL)
    made = terminal.run("plan", goal, "--mfa", "--out", terminal.path("plan"))
    assert made.return_value == Exit.CHANGES, made.output
    return terminal


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_who_declines_has_changed_nothing_and_is_told_so(
    terminal: Terminal, local: LocalAws, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    on_a_terminal(monkeypatch)
    before = iam_of(local).list_groups()["Groups"]
    done = terminal.run("apply", terminal.path("plan"), stdin=answer)
    code = done.exception.code if isinstance(done.exception, SystemExit) else done.return_value
    assert code == Exit.CHANGES
    assert "Make these changes (4)? [y/N]" in done.stderr
    assert done.stderr.endswith("Nothing has been changed.\n")
    assert done.stderr.count("Nothing has been changed") == 1
    assert iam_of(local).list_groups()["Groups"] == before
    assert not Path(terminal.path("plan.journal")).exists()


def test_the_line_of_a_terminal_is_about_one_thing_at_a_time(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    lines: list[str] = []
    monkeypatch.setattr(Task, "text", property(None, lambda _, text: lines.append(text)))
    done = terminal.run("apply", terminal.path("plan"), stdin="y\n")
    assert done.return_value == Exit.CLEAN, done.output
    *read, first, _, _, last = filter(None, lines)
    assert re.fullmatch(r"Reading the account: \d+ items? so far", read[-1])
    assert re.fullmatch(r"Applying: 1 of 4, about (\d+ min )?\d+ s left", first)
    assert last == "Applying: 4 of 4"
    assert not re.search("Reading|Applying", done.stderr), "it took no two seconds"
    assert "Changes: 4" in done.stderr, "who is asked sees the plan"
    back = terminal.run("rollback", terminal.path("plan"), stdin="y\n")
    assert back.return_value == Exit.CLEAN, back.output
    assert lines[-1] == "Rolling back: 4 of 4"


def test_a_log_gets_a_line_now_and_then(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = terminal.run("apply", terminal.path("plan"), "--yes")
    assert "Applying" not in quiet.stderr, "it took no ten seconds"
    assert "Reading" not in quiet.stderr
    monkeypatch.setattr(progress, "EVERY", 0.0)
    again = terminal.run("apply", terminal.path("plan"), "--yes")
    read = [line for line in again.stderr.splitlines() if line.startswith("Reading")]
    assert read[0] == "Reading the account: 1 item so far"
    assert "\r" not in again.stderr
    back = terminal.run("rollback", terminal.path("plan"), "--yes")
    lines = [line for line in back.stderr.splitlines() if line.startswith("Rolling back")]
    assert lines[-1] == "Rolling back: 4 of 4"
    assert len(lines) == 4
    assert "\r" not in back.stderr


def test_what_is_left_goes_by_what_this_run_has_done(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 10.0, 12.0, 40.0]).__next__
    shown = Progress(label := verbatim("Applying"), 1000, Task(label), Language.EN, clock)
    # 100 were made before
    shown.show(101)
    shown.show(102)
    shown.show(140)
    assert capsys.readouterr().err.splitlines() == [
        "Applying: 101 of 1000, about 2 h 30 min left",
        "Applying: 140 of 1000, about 14 min left",
    ]


def test_quiet_says_the_verdict_whose_account_it_is_and_no_more(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    plan_file = terminal.path("plan")
    applied = terminal.run("apply", plan_file, "--yes", "-q")
    assert applied.stdout == "The plan is applied.\n"
    assert applied.stderr.count("\n") == 1
    assert applied.stderr.startswith("Account ")
    status = terminal.run("status", plan_file, "-q")
    assert (status.stdout, status.stderr) == ("No drift: the account matches the plan.\n", "")
    collected = terminal.run("collect", "--out", terminal.path("snapshot"), "-q")
    assert (collected.output, collected.exception) == ("", None)
    undone = terminal.run("rollback", plan_file, "-q", stdin="y\n")
    assert undone.stdout == "Undone: 4\n"
    assert "Will be undone" in undone.stderr, "who is asked must know what about"
    assert "Next" not in undone.output


def test_threads_that_read_at_once_share_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    def show(_: object, line: str, now: float) -> None:
        # another thread has its turn before
        sleep(0)
        lines.append(line)

    monkeypatch.setattr(progress._LiveLine, "show", show)
    shown = Progress(label := verbatim("Applying"), 1, Task(label), Language.EN)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(200):
            pool.submit(shown.read)
    counts = ["1 item", *(f"{count} items" for count in range(2, 201))]
    assert lines == [f"Reading the account: {count} so far" for count in counts]
