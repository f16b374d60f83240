"""Completion in each shell: right, quick, and without importing a command.

Reads `sekisho.cli.completion` itself, because a shell calls it with variables of the environment,
and not by a command.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools.completion import completion_text

from sekisho.cli.completion import SHELLS, complete
from sekisho.cli.main import root

PROGRAM = """
import sys
from sekisho.cli.main import main
try: main()
except SystemExit: pass
print(*(name for name in sys.modules if name.startswith("sekisho.")), file=sys.stderr)
"""
SECONDS = 0.2
SOURCES = Path(__file__).parents[2] / "src" / "sekisho" / "cli" / "completion.json"


def offered(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Return what bash is offered for the last of some words."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert complete("bash_complete") == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sekisho pr", ["plain,prove"]),
        ("sekisho o", ["plain,onboard", "plain,offboard", "plain,orphans"]),
        ("sekisho policy li", ["plain,lint"]),
        ("sekisho policy ", ["plain,new", "plain,summary", "plain,lint", "plain,diff"]),
        ("sekisho policy lint --for", ["plain,--format"]),
        ("sekisho policy lint --format s", ["plain,sarif"]),
        ("sekisho policy lint pol", ["file,pol"]),
        ("sekisho policy new --no-user", ["plain,--no-user-paths"]),
        ("sekisho policy new --out ", ["file,"]),
        ("sekisho audit --policy ", ["file,"]),
        # a level stands before the file
        ("sekisho decide --scp ", [""]),
        ("sekisho completion p", ["plain,powershell"]),
        ("sekisho --ver", ["plain,--version"]),
    ],
)
def test_what_is_offered(
    words: str,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert offered(words, monkeypatch, capsys) == expected


def test_what_may_be_repeated_is_offered_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert offered("sekisho prove access --never a --nev", monkeypatch, capsys) == ["plain,--never"]
    assert offered("sekisho prove policy --scp a --s", monkeypatch, capsys) == [
        "plain,--session",
        "plain,--scp",
        "plain,--strict",
    ]


def test_what_is_completed_are_the_commands_as_they_are() -> None:
    assert SOURCES.read_text(encoding="utf-8") == completion_text(), "run tools/completion.py"


def _environment(**given: str) -> dict[str, str]:
    return {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **given}


def test_it_is_quick_and_imports_no_command() -> None:
    words = {"COMP_WORDS": "sekisho audit --", "COMP_CWORD": "2"}
    seconds = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", PROGRAM],
            env=_environment(_SEKISHO_COMPLETE="bash_complete", **words),
            capture_output=True,
            text=True,
            check=True,
        )
        after = os.times()
        seconds.append(
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
    assert "plain,--snapshot" in done.stdout.splitlines()
    imported = {name for name in done.stderr.split() if not name.startswith("sekisho.cli.")}
    assert imported <= {
        "sekisho.errors",
        "sekisho.lazy",
        "sekisho.messages",
        "sekisho.messages.cells",
        "sekisho.messages.site",
        "sekisho.cli",
    }
    assert min(seconds) <= SECONDS, seconds


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a program `sekisho`, and a file that can be completed."""
    (tmp_path / "bin").mkdir()
    run = tmp_path / "bin" / "sekisho"
    run.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sekisho "$@"\n', encoding="ascii")
    run.chmod(0o755)
    (tmp_path / "policy-of-mine.json").touch()
    return tmp_path


BASH = """
eval "$(sekisho completion bash)"
COMP_WORDS=(sekisho policy lint --form); COMP_CWORD=3; COMPREPLY=()
_sekisho_completion sekisho; echo "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { completer=$1 }
_describe() { print -l -- "${(@P)3}" }
source <(sekisho completion zsh)
words=(sekisho policy lint --form); CURRENT=4
$completer
"""
FISH = """
sekisho completion fish | source
complete --do-complete 'sekisho policy lint --form'
"""
IN_A_SHELL = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@pytest.mark.parametrize("shell", IN_A_SHELL)
def test_a_shell_completes(shell: str, program: Path) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} on this machine")
    folders = os.pathsep.join((str(program / "bin"), os.environ["PATH"]))
    done = subprocess.run(  # noqa: S603 - a shell of this machine, a program of ours
        [path, "-c", IN_A_SHELL[shell]],
        env=_environment(PATH=folders, HOME=str(program)),
        cwd=program,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--format" in done.stdout, done.stderr


def test_powershell_is_told_values_and_what_to_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMP_WORDS", "sekisho\npolicy\nlint\n--form")
    monkeypatch.setenv("COMP_INCOMPLETE", "--form")
    assert complete("powershell_complete") == 0
    ((value, shown),) = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert value == "--format"
    assert shown.startswith("Text for people")
    # names of files PowerShell completes itself, if nothing is offered
    monkeypatch.setenv("COMP_WORDS", "sekisho\npolicy\nlint")
    monkeypatch.setenv("COMP_INCOMPLETE", "")
    assert complete("powershell_complete") == 0
    assert not capsys.readouterr().out.strip()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_asks_sekisho(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root.main(["completion", shell], standalone_mode=False, prog_name="sekisho")
    script = capsys.readouterr().out
    assert f"{shell}_complete" in script
    assert "_SEKISHO_COMPLETE" in script
    assert "%(" not in script


def test_a_shell_that_click_does_not_know_is_an_error() -> None:
    assert complete("csh_complete") == 1
