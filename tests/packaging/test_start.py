"""start.py: what it installs besides Python packages and does without, and two of them at once."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import ModuleType

import pytest

from interrupts import taken_by_children

START = Path(__file__).parents[2] / "start.py"
Ran = list[tuple[str, ...]]


@pytest.fixture
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", START)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The programs that are there; the person is root, and names no browser."""
    programs = {"apt-get"}
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.delenv("SEKISHO_CHROMIUM", raising=False)
    return programs


def _installed(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, fails: str = "", error: type | None = None
) -> Ran:
    """Return what is run to install a browser; the step with the word `fails` fails."""
    ran: Ran = []

    def call(command: list[str], **how: object) -> int:
        # standard output is for what the tests say
        assert how["stdout"] is start.sys.stderr
        ran.append(tuple(command))
        failed = bool(fails) and fails in command
        if failed and error is not None:
            raise error(command, 1)
        # an installation is never broken off in the middle
        assert (how["timeout"] is None) == ("--no-download" in command)
        return 100 if failed else 0

    monkeypatch.setattr(subprocess, "call", call)
    start.install_browser()
    return ran


def test_chromium_and_a_font_are_installed_where_root_has_apt(
    start: ModuleType, there: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert there == {"apt-get"}
    update, download, install = _installed(start, monkeypatch)
    assert update[-1] == "update"
    for step in (download, install):
        assert {"chromium", "fonts-noto-cjk", "-y", "--no-install-recommends"} <= {*step}
    assert (download[-1], install[-1]) == ("--download-only", "--no-download")


@pytest.mark.parametrize(
    "has", ["chromium", "google-chrome", "SEKISHO_CHROMIUM", "no-root", "no-apt"]
)
def test_nothing_is_installed_where_there_is_one_or_it_may_not(
    start: ModuleType, there: set[str], has: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    match has:
        case "SEKISHO_CHROMIUM":
            monkeypatch.setenv(has, "/opt/chromium")
        case "no-root":
            monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
        case "no-apt":
            there.clear()
        case _:
            there.add(has)
    assert _installed(start, monkeypatch) == []


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("failure", "steps"),
    [
        (("update", None), 1),
        (("update", OSError), 1),
        (("--download-only", None), 2),
        (("--download-only", subprocess.TimeoutExpired), 2),
        (("--no-download", None), 3),
    ],
)
def test_the_run_goes_on_if_it_fails(
    start: ModuleType,
    failure: tuple[str, type | None],
    steps: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(_installed(start, monkeypatch, *failure)) == steps
    said = capsys.readouterr()
    assert "the tests in a browser are skipped" in said.err
    assert said.out == ""


@pytest.mark.parametrize(("code", "shown"), [(0, ""), (3, "a fault\n")])
def test_of_a_check_beside_the_tests_a_fault_is_shown_and_counts(
    start: ModuleType,
    code: int,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    python = Path(sys.executable)
    checked = (python.name, "-c", f"print('a fault'); raise SystemExit({code})")
    monkeypatch.setattr(start, "BESIDE", (("types", checked),))
    monkeypatch.setattr(start, "SCRIPTS", python.parent)
    monkeypatch.setattr(start, "install_browser", lambda: None)
    monkeypatch.setattr(start, "alone", nullcontext)
    monkeypatch.setattr(start, "run", lambda *_: 0)
    assert start.test([]) == bool(code)
    said = capsys.readouterr()
    assert said.out == shown
    assert ("failed: types" in said.err) is bool(code)


# --- two at once


OTHER = """
import importlib.util, pathlib, sys

spec = importlib.util.spec_from_file_location("start", sys.argv[1])
start = importlib.util.module_from_spec(spec)
spec.loader.exec_module(start)
start.LOCK, start.VENV = (pathlib.Path(name) for name in sys.argv[2:4])
start.PYTHON = start.VENV / "python"
start.make_environment = lambda: start.PYTHON.touch()
start.pip = lambda *_: start.say("installed")
"""


@pytest.fixture
def here(start: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`start` with an environment and a lock of its own."""
    monkeypatch.setattr(start, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(start, "VENV", tmp_path)
    monkeypatch.setattr(start, "PYTHON", tmp_path / "python")
    return start


@contextmanager
def other(here: ModuleType, then: str) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """Run another start.py, and give what it says."""
    command = [sys.executable, "-c", OTHER + then, str(START), str(here.LOCK), str(here.VENV)]
    with subprocess.Popen(  # noqa: S603 - this Python, and a text of this test
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            yield process, process.stderr
        finally:
            process.kill()


@pytest.mark.parametrize("meanwhile", [False, True])
def test_another_one_waits_and_installs_what_is_not_there_yet(
    here: ModuleType, meanwhile: bool
) -> None:
    with ExitStack() as stack:
        with here.alone():
            _, said = stack.enter_context(other(here, "start.install('dev')"))
            assert "another start.py is installing here; waiting for it" in next(said)
            assert not here.PYTHON.exists()
            if meanwhile:
                here.PYTHON.touch()
                noted = here.VENV / "sekisho-dev.installed"
                noted.write_text(here.wanted("dev"), encoding="ascii")
        assert ("start.py: installed\n" in list(said)) is not meanwhile
    assert here.is_installed("dev")


def test_one_that_is_killed_holds_up_nobody(
    here: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    holds = "with start.alone(): start.say('mine'); sys.stdin.read()"
    with other(here, holds) as (process, said):
        assert "mine" in next(said)
        with here.LOCK.open("ab") as file:
            assert not here.has_locked(file)
        process.kill()
        process.wait()
        with here.alone():
            assert capsys.readouterr().err == ""


def test_where_there_are_no_locks_it_goes_on(
    here: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    here.LOCK.mkdir()
    with here.alone():
        assert "it is not known whether another one installs" in capsys.readouterr().err


# --- Ctrl-C


LOADED = """
import importlib.util, sys

spec = importlib.util.spec_from_file_location("start", sys.argv[1])
start = importlib.util.module_from_spec(spec)
spec.loader.exec_module(start)
"""
ASKED = "import sys, time; print('asks', flush=True); time.sleep(60)"
ANSWERS = f"""
try:
    exec({ASKED!r})
except KeyboardInterrupt:
    print('nothing has been changed', flush=True)
    raise SystemExit(7)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no process group to interrupt")
def test_a_command_answers_ctrl_c_itself_and_nothing_is_added() -> None:
    then = f"sys.exit(start.hand_over(sys.executable, '-c', {ANSWERS!r}, env=None))"
    with (
        taken_by_children(),
        subprocess.Popen(  # noqa: S603 - this Python, and a text of this test
            [sys.executable, "-c", LOADED + then, str(START)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert next(process.stdout) == "asks\n"
        # as a terminal does: to start.py and to the command
        os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate(timeout=30)
    assert (said, complained, process.returncode) == ("nothing has been changed\n", "", 7)


def test_an_environment_that_was_used_without_pip_stays(
    here: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: Ran = []
    monkeypatch.setattr(here, "quiet", lambda *command: bool(ran.append(command)))
    here.PYTHON.touch()
    (here.VENV / "sekisho-run.installed").touch()
    here.make_environment()
    assert not any("--clear" in command for command in ran)


@pytest.mark.parametrize("has_pip", [True, False])
def test_an_environment_without_pip_is_made_anew(
    here: ModuleType, has_pip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: Ran = []

    def quiet(*command: object) -> bool:
        ran.append(tuple(map(str, command)))
        return has_pip or "import pip" not in command

    here.PYTHON.touch()
    monkeypatch.setattr(here, "quiet", quiet)
    here.make_environment()
    made = (sys.executable, "-m", "venv", "--clear", str(here.VENV))
    assert ran == [(str(here.PYTHON), "-c", "import pip"), *([] if has_pip else [made])]


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_an_environment_that_is_broken_off_is_not_taken_for_whole(
    here: ModuleType, fails: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, failed = tmp_path / "venv", iter([False] * fails)
    monkeypatch.setattr(here, "is_root_with_apt", lambda: True)
    monkeypatch.setattr(here, "run", lambda *_, **__: 0)
    monkeypatch.setattr(here, "VENV", venv)
    monkeypatch.setattr(here, "PYTHON", venv / "python")

    def broken_off(*_: object) -> bool:
        for answer in failed:
            return answer
        venv.mkdir()
        here.PYTHON.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(here, "quiet", broken_off)
    with pytest.raises(KeyboardInterrupt):
        here.make_environment()
    assert not venv.exists()
