"""What would change a wrong scenario: our family in its place, and all else as it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sekisho.catalogue import iam_region, partitions
from sekisho.cli.main import root
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, Preset, choices_of, force_mfa, from_json, to_json
from sekisho.prover.scenarios import (
    PEOPLE,
    Reachable,
    ScenarioOutcome,
    Setting,
    blocking_statements,
    enforcement_in,
    fixing_choices,
    run_scenario,
    scenario_of,
    step_text,
    variants_that_fix,
)

Statement = dict[str, Any]

RECOMMENDED = choices_of(Preset.RECOMMENDED)
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOBODY_ENROLS = {
    "Sid": "NobodyEnrols",
    "Effect": "Deny",
    "Action": "iam:EnableMFADevice",
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}


def _policy(*statements: Statement, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return AttachedPolicy(kind.value, from_json(document, kind=kind))


def _beside(kind: PolicyKind, *statements: Statement) -> Policies:
    attached = _policy(*statements, kind=kind)
    match kind:
        case PolicyKind.BOUNDARY:
            return Policies(boundaries=(attached,))
        case PolicyKind.SCP:
            return Policies(scps=(Level("root", (attached,)),))
        case _:
            return Policies(identity=(attached,))


def _enforced(beside: Policies, choices: Any = RECOMMENDED) -> Policies:
    enforcement = AttachedPolicy("enforcement", force_mfa(choices))
    return replace(beside, identity=(enforcement, *beside.identity))


ALWAYS = {key: value for key, value in NOBODY_ENROLS.items() if key != "Condition"}
BLOCKING = {
    PolicyKind.BOUNDARY: (ALL, NOBODY_ENROLS),
    PolicyKind.SCP: (ALL, NOBODY_ENROLS),
    PolicyKind.IDENTITY: (ALWAYS,),
}


@pytest.mark.parametrize("kind", BLOCKING, ids=lambda kind: kind.value)
def test_no_change_of_enforcement_fixes_what_is_attached_beside_it(kind: PolicyKind) -> None:
    policies = _enforced(_beside(kind, *BLOCKING[kind]))
    new = scenario_of("new-user")
    assert run_scenario(new, policies).goes_wrong
    choices, beside = enforcement_in(policies)
    assert (choices, beside) == (RECOMMENDED, _beside(kind, *BLOCKING[kind]))
    assert fixing_choices(new, RECOMMENDED, beside) == ()
    assert variants_that_fix(new, beside) == ()
    (cause,) = blocking_statements(new, beside)
    assert (cause.sid, cause.policy) == ("NobodyEnrols", kind.value)


def test_another_s_enforcement_is_replaced_and_what_is_beside_stays() -> None:
    others = _policy({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", **_without_mfa()})
    beside = _policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    choices, kept = enforcement_in(Policies(identity=(others, beside)))
    assert (choices, kept) == (None, Policies(identity=(beside,)))
    assert variants_that_fix(scenario_of("new-user"), kept) == (
        "first-login",
        "recommended",
        "hardened",
    )
    assert blocking_statements(scenario_of("new-user"), kept) == ()


def _without_mfa() -> Statement:
    return {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}


@pytest.mark.parametrize("partition", [each.id for each in partitions()])
def test_a_enforcement_is_known_and_fixed_in_its_own_partition(partition: str) -> None:
    around = Setting(partition=partition)
    start = replace(choices_of(Preset.AWS), partition=partition)
    choices, beside = enforcement_in(_enforced(Policies(), start), partition)
    assert choices == start
    found = fixing_choices(scenario_of("new-user"), start, beside, around)
    assert found == (("password_change_without_mfa",),)


@pytest.mark.parametrize("partition", [each.id for each in partitions()])
def test_a_lock_on_the_partition_s_own_region_keeps_nobody_out(partition: str) -> None:
    for region, outcome in (
        (iam_region(partition), ScenarioOutcome.GETS_IN),
        ("eu-north-1", ScenarioOutcome.LOCKED_OUT),
    ):
        elsewhere = {"StringNotEquals": {"aws:RequestedRegion": region}}
        lock = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": elsewhere}
        beside = _beside(PolicyKind.SCP, ALL, lock)
        policies = _enforced(beside, replace(RECOMMENDED, partition=partition))
        found = run_scenario(scenario_of("new-user"), policies, Setting(partition=partition))
        assert found.outcome is outcome
    unknown = run_scenario(scenario_of("new-user"), policies, Setting(partition="aws-none"))
    assert unknown.outcome is ScenarioOutcome.UNKNOWN


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    root.main(
        ["prove", "policy", *arguments, "--only", "people", "--format", "json"],
        standalone_mode=False,
    )
    return {one["id"]: one for one in json.loads(capsys.readouterr().out)["people"]}


def _saved(path: Path, document: object) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_the_command_names_what_is_in_the_way(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    enforcement = _saved(tmp_path / "enforcement.json", to_json(force_mfa(RECOMMENDED)))
    limit = {"Version": "2012-10-17", "Statement": [ALL, NOBODY_ENROLS]}
    asked = (enforcement, "--boundary", _saved(tmp_path / "limit.json", limit))
    new = _told(capsys, *asked)["new-user"]
    assert (new["fixedBy"], new["rightWith"]) == ([], [])
    assert [cause["sid"] for cause in new["inTheWay"]] == ["NobodyEnrols"]
    root.main(
        ["prove", "policy", *asked, "--only", "people", "--lang", "en"], standalone_mode=False
    )
    assert "because of statement NobodyEnrols" in capsys.readouterr().out


def test_whoever_works_without_mfa_is_stopped_by_a_enforcement(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without any enforcement no attacker is one whom no policy can stop.

    But who has a role's session, or is the person to AWS.
    """
    allowing = [{"Effect": "Allow", "Action": ["s3:*", "iam:ChangePassword"], "Resource": "*"}]
    path = _saved(tmp_path / "none.json", {"Version": "2012-10-17", "Statement": allowing})
    found = _told(capsys, path)
    apart = {name for name, one in found.items() if one["noPolicyCanStop"]}
    assert apart == {"role-session", "login-cache"}
    assert found["temporary-password"]["counts"]
    root.main(["prove", "policy", path, "--only", "people", "--lang", "en"], standalone_mode=False)
    assert "Force_MFA stops these steps, but not this attack." in capsys.readouterr().out


def test_a_partition_without_a_force_mfa_has_no_fixes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = _saved(tmp_path / "enforcement.json", to_json(force_mfa(RECOMMENDED)))
    found = _told(capsys, path, "--principal", "arn:aws-iso:iam::111122223333:user/ken")
    assert set(found) >= {each.id for each in PEOPLE}
    assert {(*one["fixedBy"], *one["rightWith"]) for one in found.values()} == {()}


def test_a_passkey_gives_no_code() -> None:
    policies = _enforced(Policies())
    for name, said in (("passkey-only", "sign in with the passkey"), ("new-user", "enter the MFA")):
        found = run_scenario(scenario_of(name), policies).result
        assert isinstance(found, Reachable)
        assert step_text(found.path[-1]).en.startswith(said)
