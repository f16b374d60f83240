"""The READMEs' commands are understood: the first and the last by start.py, the rest by sekisho."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from sekisho.cli.main import root

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.ja.md")
FILES = ("FILE", "OLD", "NEW", "plan.json")
_START = "python3 start.py "


def _by_start(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"(?m)^{_START}.*$", text)


def _inline() -> Iterator[tuple[str, str]]:
    """Yield each command in the text, with the README that has it."""
    for name in READMES:
        text = re.sub(r"(?ms)^```.*?^```$", "", (ROOT / name).read_text(encoding="utf-8"))
        for code in re.findall(r"`([^`]+)`", text):
            # where a shell puts what is printed is no part of the command
            command = code.removeprefix(_START).removeprefix("sekisho ").partition(" > ")[0]
            if command != code and command not in ("COMMAND", "コマンド"):
                yield name, command


@pytest.fixture
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ran(start: ModuleType, line: str, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return what start.py installs and starts for a line of the README, without doing either."""
    ran: list[list[str]] = []

    def call(command: list[object], **_: object) -> int:
        ran.append([str(part) for part in command])
        return 0

    monkeypatch.setattr(start, "make_environment", lambda: None)
    monkeypatch.setattr(start, "install_browser", lambda: None)
    monkeypatch.setattr(start, "install", lambda kind: ran.append([kind]))
    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(start, "hand_over", lambda *command, env: call([*command]))
    monkeypatch.setattr(sys, "argv", shlex.split(line)[1:])
    assert start.main() == 0
    return ran


def _understood(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sekisho read its arguments, and do nothing."""
    with TemporaryDirectory() as folder, monkeypatch.context() as patched:
        patched.chdir(folder)
        for name in FILES:
            Path(name).write_text("{}", encoding="utf-8")
        patched.setattr(click.Command, "invoke", lambda *_: 0)
        done = CliRunner().invoke(root, argv)
    assert done.exit_code == 0, (argv, done.output)


@pytest.mark.parametrize("name", READMES)
def test_the_first_command_runs_the_tour(
    name: str, start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, _ = _by_start(name)
    kind, command = _ran(start, line, monkeypatch)
    assert kind == ["run"]
    assert command[:4] == [str(start.PYTHON), "-m", "sekisho", "tour"]
    _understood(command[3:], monkeypatch)


@pytest.mark.parametrize("name", READMES)
def test_the_last_command_runs_every_check(
    name: str, start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, line = _by_start(name)
    kind, *commands = _ran(start, line, monkeypatch)
    assert kind == ["dev"]
    programs = [Path(command[0]).name for command in commands]
    assert programs == [command[0] for _, command in start.CHECKS] + ["pytest"]
    there = {script.name for script in entry_points(group="console_scripts")}
    # ruff is a program of its own
    assert set(programs) - {"ruff"} <= there


@pytest.mark.parametrize(("name", "command"), [*_inline()])
def test_a_command_in_the_text_is_understood(
    name: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _understood(shlex.split(command), monkeypatch)


@pytest.mark.parametrize("name", READMES)
def test_the_aws_cli_understands_what_it_is_to_set(name: str, tmp_path: Path) -> None:
    [command] = re.findall(r"`aws (configure set [^`]+)`", (ROOT / name).read_text("utf-8"))
    file = tmp_path / "config"
    aws = [sys.executable, "-m", "awscli", *shlex.split(command)]
    subprocess.run(aws, check=True, env={**os.environ, "AWS_CONFIG_FILE": str(file)})  # noqa: S603 - the command is the README's
    config = ConfigParser()
    config.read(file)
    process = shlex.split(config["profile sekisho"]["credential_process"])
    assert process[:3] == ["aws", "configure", "export-credentials"]
    assert f"--profile {config.sections()[0].removeprefix('profile ')}" in (ROOT / name).read_text(
        "utf-8"
    )


@pytest.mark.parametrize("command", ["nothing", "audit --nothing", "plan --preset nothing"])
def test_a_command_that_there_is_not_is_noticed(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError):
        _understood(shlex.split(command), monkeypatch)
