"""One bad input of many costs that one only, and `--format json` has what is wrong with it.

Where several inputs are one question together, a part of it is no answer: all faults of all of them
are told at once, and nothing is answered.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from in_process import sekisho
from sekisho.cli.commands import COMMANDS
from sekisho.cli.group import CommandGroup, Lazy
from sekisho.cli.main import root
from sekisho.cli.policy import lint as lint_command

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
GOOD = (CORPUS / "force-mfa-first-login.json").read_text(encoding="utf-8")
BUCKET = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "111122223333"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::records/*",
            }
        ],
    }
)
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

BAD: dict[str, bytes | None] = {
    "missing.json": None,
    "binary.json": b"\xff\xfe\x00\x01",
    "cut.json": b'{"Version": ',
    "empty.json": b"",
    "number.json": b"1",
    "secret.json": f'{{"Statement": {SECRET}'.encode(),
}

ALONE = {
    # each file is a question of its own
    ("policy", "lint"): (GOOD, "reports"),
    ("prove", "resource"): (BUCKET, "policies"),
}
"""Commands that examine each file for itself: a good file, and where JSON has what is found."""

TOGETHER = {
    # the policies of one user: without one of them another user would be proved
    ("prove", "policy"): (GOOD, ()),
    ("prove", "access"): (GOOD, ("--never", "s3:GetObject")),
    # two sides of one comparison
    ("policy", "diff"): (GOOD, ()),
}
"""Commands to which several files are one question, with the options that they need."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in BAD.items():
        if content is not None:
            Path(name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("command", ALONE, ids=" ".join)
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_costs_itself_only(command: tuple[str, ...], bad: str, folder: Path) -> None:
    text, found = ALONE[command]
    for name in ("first.json", "last.json"):
        Path(name).write_text(text, encoding="utf-8")
    done = sekisho(*command, "--format", "json", "first.json", bad, "last.json")
    assert done.returncode == 1
    value = json.loads(done.stdout)
    assert len(value[found]) == 2
    assert {each["file"] for each in value["errors"]} == {bad}
    assert f": {bad}: " in done.stderr
    assert SECRET not in done.stdout + done.stderr
    text_form = sekisho(*command, "first.json", bad, "last.json")
    assert text_form.returncode == 1
    assert "first.json: " in text_form.stdout
    assert "last.json: " in text_form.stdout


@pytest.mark.parametrize("command", TOGETHER, ids=" ".join)
@pytest.mark.parametrize("bad", BAD)
def test_of_one_question_every_faulty_file_is_named(
    command: tuple[str, ...], bad: str, folder: Path
) -> None:
    _, options = TOGETHER[command]
    done = sekisho(*command, *options, "--format", "json", bad, "cut.json")
    assert done.returncode == 1
    value = json.loads(done.stdout)
    assert value["schema"] == "sekisho.error/1"
    assert value["error"] == value["errors"][0]
    assert {each["file"] for each in value["errors"]} == {bad, "cut.json"}
    assert len(done.stderr.splitlines()) == len(value["errors"])
    assert SECRET not in done.stdout + done.stderr


def test_a_bug_in_one_file_costs_that_one_and_alone_has_its_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lint_command.lint

    def faulty(text: str, *rest: Any, source: str, **more: Any) -> Any:
        if source == "bug.json":
            raise IndexError(SECRET)
        return whole(text, *rest, source=source, **more)

    monkeypatch.setattr(lint_command, "lint", faulty)
    for name in ("first.json", "bug.json"):
        Path(name).write_text(GOOD, encoding="utf-8")
    done = CliRunner().invoke(
        root, ["policy", "lint", "--format", "json", "bug.json", "first.json"]
    )
    value = json.loads(done.stdout)
    assert [each["source"] for each in value["reports"]] == ["first.json"]
    (error,) = value["errors"]
    assert (error["code"], error["file"]) == ("internal", "bug.json")
    assert SECRET not in done.output
    alone = CliRunner().invoke(root, ["policy", "lint", "bug.json"])
    assert isinstance(alone.exception, IndexError)


def _with_json() -> Iterator[tuple[str, ...]]:
    """Yield every command whose `--format` has `json`."""

    def walk(path: tuple[str, ...], each: Lazy | CommandGroup) -> Iterator[tuple[str, ...]]:
        if isinstance(each, CommandGroup):
            for name, one in each.commands.items():
                yield from walk((*path, name), one)
            return
        for option in each.load().params:
            if "--format" in option.opts and "json" in getattr(option.type, "choices", ()):
                yield path

    for name, each in COMMANDS.items():
        yield from walk((name,), each)


@pytest.mark.parametrize("command", sorted(_with_json()), ids=" ".join)
def test_an_error_is_json_in_every_command_that_has_json(
    command: tuple[str, ...], folder: Path
) -> None:
    """Also in what goes wrong before the options are read."""
    for wrong in (["--no-such-option"], ["--lang", "fr"]):
        done = sekisho(*command, *wrong, "--format", "json")
        assert done.returncode == 64
        value = json.loads(done.stdout)
        assert {each["code"] for each in value["errors"]} == {"usage"}
        assert value["error"]["message"] in done.stderr
        # only what is asked for is printed
        assert not sekisho(*command, *wrong).stdout


def test_without_json_an_error_is_on_stderr_only(folder: Path) -> None:
    done = sekisho("prove", "policy", "cut.json", "--format", "json", "--format", "text")
    assert (done.returncode, done.stdout) == (1, "")
    done = sekisho("prove", "policy", "cut.json", "--lang", "ja", "--format=json")
    # a program reads English, whatever the person reads
    assert json.loads(done.stdout)["error"]["message"].isascii()
    assert not done.stderr.isascii()


def test_a_log_that_is_none_is_named(folder: Path) -> None:
    Path("policy.json").write_text(GOOD, encoding="utf-8")
    done = sekisho("impact", "binary.json", "--policy", "policy.json", "--lang", "en")
    assert done.returncode == 4
    first = " ".join(done.stdout.split())
    assert "no result: binary.json is not a CloudTrail log." in first
    done = sekisho("logs", "usage", "binary.json", "--lang", "en")
    assert "binary.json: is not a CloudTrail log" in done.stderr


def test_one_unknown_id_of_several_costs_its_own_explanation(folder: Path) -> None:
    done = sekisho("explain", "usage", "no-such-id", "internal", "--format", "json")
    assert done.returncode == 4
    found = json.loads(done.stdout)["entries"]
    assert [each and each["id"] for each in found] == ["usage", None, "internal"]
    assert os.linesep in sekisho("explain", "usage", "internal", "-q").stdout
