"""start.py: what it installs besides Python packages, and that it does without."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

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
