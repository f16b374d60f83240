"""What the API is to somebody's own tests: a failed proof can be read where pytest shows it."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import sekisho
from rollout.staging import ADMIN, account
from sekisho.arguments import ForceMfaChoices
from sekisho.policy import Choices
from sekisho.rollout import read_plan

PYTEST_SHOWS = 240
"""How many characters of a value an assertion of pytest shows before it leaves out the middle."""
WIDE = sekisho.parse_policy(
    '{"Version": "2012-10-17", "Statement": {"Sid": "All", "Effect": "Allow", "Action": "s3:*", '
    '"Resource": "*"}}',
    source="wide.json",
)
OPEN = sekisho.policies(WIDE)
USER = "arn:aws:iam::111122223333:user/hanako"


@pytest.fixture
def plan(tmp_path: Path) -> sekisho.Plan:
    goal = tmp_path / "goal.yaml"
    goal.write_text("who: [{all: true}]\n", encoding="utf-8")
    return sekisho.plan(goal, account(), caller=ADMIN.arn, mfa=False)


def test_what_is_proved_passes() -> None:
    sekisho.assert_enforced(sekisho.policies(sekisho.force_mfa()))
    sekisho.assert_proved(sekisho.no_new_access(OPEN, OPEN))


def test_what_is_refuted_shows_the_request_and_what_allows_it() -> None:
    with pytest.raises(AssertionError) as caught:
        sekisho.assert_enforced(OPEN, user_arn=USER)
    lines = str(caught.value).splitlines()
    assert lines[0] == "refuted by this request:"
    assert lines[1].startswith("action: s3:")
    assert f"principal: {USER}" in lines
    assert lines[-1] == "allowed: Allowed by All of wide.json"


def test_what_is_unknown_does_not_pass() -> None:
    with pytest.raises(AssertionError, match=r"^unknown: too large$"):
        sekisho.assert_proved(sekisho.Unknown(sekisho.Message("too large")))
    verdict: Any = True
    with pytest.raises(sekisho.SekishoError, match="`verdict` must be"):
        sekisho.assert_proved(verdict)


def test_a_value_is_shown_whole(plan: sekisho.Plan) -> None:
    request = sekisho.Request(USER, "s3:ListAllMyBuckets", "*")
    shown = {
        "wide.json": [WIDE, OPEN],
        "s3:": [sekisho.prove(OPEN)],
        "[s3:": [sekisho.diff(OPEN, sekisho.policies()).only_in_old],
        "Allowed": [sekisho.decide(request, OPEN, now=datetime(2026, 1, 1, tzinfo=UTC))],
        "too large": [sekisho.Unknown(sekisho.Message("too large"))],
        "mfa.": [sekisho.lint(WIDE.to_json())],
        "users: ": [account(), sekisho.audit_account(account())],
        "refused: ": [plan],
    }
    for part, values in shown.items():
        for value in values:
            assert part in repr(value)
            assert len(repr(value)) <= PYTEST_SHOWS


def test_the_typed_choices_are_the_choices() -> None:
    of_class = get_type_hints(Choices)
    assert get_type_hints(ForceMfaChoices) == {
        each.name: of_class[each.name] for each in fields(Choices)
    }


@pytest.mark.parametrize(
    ("choice", "value"), [("mfa_age", "1h"), ("quiet_console", 1), ("partition", None)]
)
def test_a_choice_of_another_type_is_named(choice: str, value: object) -> None:
    choices: Any = {choice: value}
    with pytest.raises(sekisho.SekishoError, match=f"`{choice}` must be"):
        sekisho.force_mfa(**choices)


def test_what_is_written_is_read(plan: sekisho.Plan, tmp_path: Path) -> None:
    document = sekisho.force_mfa("aws")
    assert sekisho.parse_policy(document.to_json()) == document
    snapshot, saved = account(), tmp_path / "snapshot.json"
    snapshot.save(saved)
    assert sekisho.load_snapshot(saved) == snapshot
    plan.save(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").plan == plan
    for writable in (snapshot, plan):
        with pytest.raises(sekisho.SekishoError, match="already exists"):
            writable.save(saved)
        writable.save(saved, replace=True)
        assert saved.stat().st_mode & 0o777 == 0o600
