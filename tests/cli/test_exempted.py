"""`onboard`, `reset` and `offboard` take the exceptions file that `plan` and `audit` take."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rollout.staging import ADMIN, account
from sekisho.account import save_snapshot
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.errors import FaultyInput
from sekisho.messages import Language
from sekisho.rollout import Plan

FILE = """\
schema: sekisho.exceptions/1
exceptions:
  - {{user: {user}, kind: {kind}, why: a, owner: b, approvedBy: c, expires: {day}, ticket: d}}
"""
OVER = "2026-11-23"
"""The day before the account was read."""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    save_snapshot(account(), path)
    return path


def ran(
    saved: Path,
    words: tuple[str, ...],
    *,
    who: str = "glass",
    day: str = "2027-01-31",
    kind: str = "break-glass",
    form: tuple[str, ...] = ("--format", "json"),
) -> Result:
    file = saved.with_name("exceptions.yaml")
    file.write_text(FILE.format(user=who, day=day, kind=kind), encoding="utf-8")
    about = ("--snapshot", str(saved), "--caller", ADMIN.arn, "--mfa", *form)
    every = [*words, "--exceptions", str(file), *about]
    return CliRunner().invoke(root, every, standalone_mode=False)


@pytest.mark.parametrize("command", ["reset", "offboard"])
@pytest.mark.parametrize("day", ["2027-01-31", OVER])
def test_a_break_glass_user_of_the_file_is_not_touched(saved: Path, command: str, day: str) -> None:
    done = ran(saved, (command, "glass"), day=day)
    (proof,) = [
        each for each in json.loads(done.stdout)["proofs"] if each["id"] == "break-glass-untouched"
    ]
    assert proof["failed"] == ["glass"]
    assert done.return_value == Exit.FINDINGS


@pytest.mark.parametrize(
    "words",
    [("plan", "--all-users"), ("onboard", "jiro"), ("reset", "hanako"), ("offboard", "hanako")],
)
@pytest.mark.parametrize(("day", "expired"), [("2026-11-24", False), (OVER, True)])
def test_an_expired_exception_speaks_against_the_plan(
    saved: Path, words: tuple[str, ...], day: str, expired: bool
) -> None:
    done = ran(saved, words, day=day)
    found = Plan.from_json(done.stdout)
    notes = [note.names for note in found.reasons if note.id == "exception-expired"]
    assert notes == ([("glass",)] if expired else [])
    assert not any(" glass" in change.address for change in found.changes)
    assert [(each.user, each.ticket) for each in found.exceptions] == [("glass", "d")]
    if expired:
        assert not found.applicable
        accepting = (*words, "--accept", "exception-expired:glass=renewed tomorrow, SEC-9")
        made = Plan.from_json(ran(saved, accepting, day=day).stdout)
        assert "exception-expired:glass" in made.accepted
        assert not any(" glass" in change.address for change in made.changes)


@pytest.mark.parametrize(
    ("lang", "shown"),
    [
        (
            Language.EN,
            "  glass (break-glass, until 2027-01-31): a; owner: b, approved by: c, ticket: d",
        ),
        (Language.JA, "  glass (緊急用、2027-01-31 まで): a (責任者: b、承認者: c、チケット: d)"),
    ],
)
def test_exceptions_and_break_glass_users_are_shown(
    saved: Path, lang: Language, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    made = Plan.from_json(ran(saved, ("plan", "--all-users")).stdout)
    assert ("glass", "break-glass") in [(person.user, person.impact) for person in made.people]
    printed = ran(saved, ("plan", "--all-users", "--lang", lang.value), form=())
    assert shown in printed.stdout.splitlines()


def test_who_is_no_exception_of_the_plan_is_not_shown(saved: Path) -> None:
    made = Plan.from_json(
        ran(saved, ("plan", "--user", "hanako"), who="machine", kind="machine").stdout
    )
    assert made.exceptions == ()
    made = Plan.from_json(ran(saved, ("plan", "--all-users"), who="machine", kind="machine").stdout)
    assert [each.user for each in made.exceptions] == ["machine"]


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
