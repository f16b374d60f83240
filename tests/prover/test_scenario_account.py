"""What a walk says of the account around it: the time, and groups that it does not try."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scenario_policies import HARDENED
from sekisho.cli.main import root
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import force_mfa, from_json, to_json
from sekisho.prover.scenarios import (
    ScenarioAnswer,
    Setting,
    Unexplored,
    run_scenario,
    scenario_of,
)

BEFORE = datetime(2026, 5, 31, 23, 0, tzinfo=UTC)
AFTER = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
CLOSED = "2026-06-01T00:00:00Z"


def hardened(*more: dict[str, Any], exempt: str = "") -> dict[str, Any]:
    """Return a hardened MFA enforcement with more statements, or another action that it exempts."""
    written: dict[str, Any] = json.loads(json.dumps(to_json(force_mfa(HARDENED))))
    for statement in written["Statement"]:
        if "NotAction" in statement and exempt:
            statement["NotAction"].append(exempt)
    written["Statement"] += more
    return written


def attached(document: dict[str, Any]) -> Policies:
    return Policies(identity=(AttachedPolicy("enforcement", from_json(document)),))


def until(operator: str, key: str) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {key: CLOSED}},
    }


@pytest.mark.parametrize(
    "closing",
    [
        until("DateGreaterThan", "aws:CurrentTime"),
        until("DateGreaterThanIfExists", "aws:EpochTime"),
        until("DateGreaterThan", "aws:TokenIssueTime"),
    ],
)
def test_a_scenario_takes_place_when_it_is_said_to(closing: dict[str, Any]) -> None:
    def found(now: datetime | None) -> ScenarioAnswer:
        return run_scenario(scenario_of("new-user"), attached(hardened(closing)), Setting(now=now))

    assert found(BEFORE).as_required
    assert found(AFTER).goes_wrong
    unknown = found(None).result
    assert isinstance(unknown, Unexplored)
    (key,) = closing["Condition"].popitem()[1]
    assert key in unknown.reason.en


def test_whether_there_is_a_time_of_sign_in_needs_no_time() -> None:
    """Hardened asks for no more."""
    assert run_scenario(scenario_of("new-user"), attached(hardened())).as_required


def test_a_command_is_about_now_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = until("DateGreaterThan", "aws:CurrentTime")
    closed["Condition"]["DateGreaterThan"]["aws:CurrentTime"] = "2000-01-01T00:00:00Z"
    path = tmp_path / "late.json"
    path.write_text(json.dumps(hardened(closed)), encoding="utf-8")
    args = ["prove", "policy", str(path), "--only", "people"]
    before = datetime.now(UTC).replace(microsecond=0)
    root.main([*args, "--format", "json"], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(said["asOf"]) >= before
    entering = [one for one in said["people"] if one["must"] == "gets in"]
    # no policy stops GetSessionToken or the sign-in of whoever has a password and a device, and a
    # Deny of the user's is not the administrator's
    helped = {"key-user-helped", "device-out-of-step-helped"}
    assert {one["id"] for one in entering if one["outcome"] == "gets in"} == helped
    root.main([*args, "--lang", "en", "-v"], standalone_mode=False)
    assert "All of this is as of 2" in capsys.readouterr().out


@pytest.mark.parametrize("exempt", ["iam:RemoveUserFromGroup", "iam:AddUserToGroup"])
def test_a_group_that_was_not_tried_is_never_proved_to_be_harmless(exempt: str) -> None:
    without_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    kept = {**until("", ""), "Action": "iam:DeactivateMFADevice", "Condition": without_mfa}
    around = Setting(enrolled=attached({"Version": "2012-10-17", "Statement": [kept]}).identity)
    policies = attached(hardened(exempt=exempt))
    for name in ("key-without-device", "key-with-device"):
        closed = run_scenario(scenario_of(name), attached(hardened()), around)
        assert closed.as_required
        found = run_scenario(scenario_of(name), policies, around)
        assert isinstance(found.result, Unexplored)
        assert exempt in found.result.reason.en
