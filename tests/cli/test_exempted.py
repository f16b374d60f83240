"""`onboard`, `reset` and `offboard` take the exceptions file that `plan` and `audit` take."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rollout.staging import ADMIN, account
from sekisho.account import save_snapshot
from sekisho.cli.exits import Exit
from sekisho.cli.main import root
from sekisho.errors import FaultyInput

FILE = """\
schema: sekisho.exceptions/1
exceptions:
  - {{user: {user}, kind: break-glass, why: a, owner: b, approvedBy: c, expires: {day}, ticket: d}}
"""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    save_snapshot(account(), path)
    return path


def ran(
    saved: Path, words: tuple[str, ...], *, who: str = "glass", day: str = "2027-01-31"
) -> Result:
    file = saved.with_name("exceptions.yaml")
    file.write_text(FILE.format(user=who, day=day), encoding="utf-8")
    about = ("--snapshot", str(saved), "--caller", ADMIN.arn, "--mfa", "--format", "json")
    every = [*words, "--exceptions", str(file), *about]
    return CliRunner().invoke(root, every, standalone_mode=False)


@pytest.mark.parametrize("command", ["reset", "offboard"])
@pytest.mark.parametrize(("day", "touched"), [("2027-01-31", True), ("2026-11-23", False)])
def test_a_break_glass_user_of_the_file_is_not_touched(
    saved: Path, command: str, day: str, touched: bool
) -> None:
    done = ran(saved, (command, "glass"), day=day)
    (proof,) = [
        each for each in json.loads(done.stdout)["proofs"] if each["id"] == "break-glass-untouched"
    ]
    assert proof["failed"] == (["glass"] if touched else [])
    assert (done.return_value == Exit.FINDINGS) is touched


@pytest.mark.parametrize(
    "words", [("onboard", "jiro"), ("reset", "hanako"), ("offboard", "hanako")]
)
def test_others_are_planned_and_faults_of_the_file_are_told(
    saved: Path, words: tuple[str, ...]
) -> None:
    assert ran(saved, words).return_value == Exit.CHANGES
    for who, text in (("nobody", "no user"), ("admin", "force")):
        error = ran(saved, words, who=who).exception
        assert isinstance(error, FaultyInput)
        assert text in str(error)
