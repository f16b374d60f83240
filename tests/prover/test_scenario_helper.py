"""What a helping administrator may do: all under enforcement, within the organisation's limits."""

from dataclasses import replace
from typing import Any

import pytest

from scenario_policies import attached
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, Preset, choices_of, from_json
from sekisho.prover.scenarios import (
    MoveKind,
    Reachable,
    ScenarioOutcome,
    ScenarioPrincipal,
    run_scenario,
    scenario_of,
)

Statement = dict[str, Any]

RECOMMENDED = attached(choices_of(Preset.RECOMMENDED))
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
OWN_USER, OWN_DEVICE = "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"
HELPED = ("lost-phone", "password-hard-expired")


def _policy(*statements: Statement, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return AttachedPolicy(kind.value, from_json(document, kind=kind))


def _outcomes(policies: Policies) -> set[ScenarioOutcome]:
    return {run_scenario(scenario_of(name), policies).outcome for name in HELPED}


ENROLLING = ["iam:ChangePassword", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]
WORKING = (
    {"Effect": "Allow", "Action": ["s3:*", "ec2:*", "iam:Get*", "iam:List*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ENROLLING, "Resource": ["arn:aws:iam::*:mfa/*", OWN_USER]},
)
NOT_FOR_USERS = {
    "Effect": "Deny",
    "Action": ["iam:DeactivateMFADevice", "iam:UpdateLoginProfile"],
    "Resource": "*",
}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_the_user_s_boundary_and_denies_are_not_the_administrator_s() -> None:
    boundary = _policy(*WORKING, kind=PolicyKind.BOUNDARY)
    assert _outcomes(replace(RECOMMENDED, boundaries=(boundary,))) == {ScenarioOutcome.GETS_IN}
    beside = (*RECOMMENDED.identity, _policy(NOT_FOR_USERS))
    assert _outcomes(replace(RECOMMENDED, identity=beside)) == {ScenarioOutcome.GETS_IN}


def test_service_control_policies_hold_the_administrator_too() -> None:
    level = Level("root", (_policy(ALL, NOT_FOR_USERS, kind=PolicyKind.SCP),))
    assert _outcomes(replace(RECOMMENDED, scps=(level,))) == {ScenarioOutcome.LOCKED_OUT}


@pytest.mark.parametrize("name", HELPED)
def test_an_administrator_is_enforced(name: str) -> None:
    """MFA enforcement that asks for a fresh code stops a helper whose session has none."""
    stale = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "-1"}}
    enforced = (*RECOMMENDED.identity, _policy({**NOT_FOR_USERS, "Condition": stale}))
    assert run_scenario(scenario_of(name), Policies(identity=enforced)).goes_wrong


def test_an_administrator_deletes_the_lost_device_as_well() -> None:
    """Users who may have their own name only, and may not delete it without MFA."""
    page = ["iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices"]
    exempt = [*ENROLLING, *page, "sts:GetSessionToken"]
    enforcement = _policy(
        {"Effect": "Allow", "Action": page, "Resource": "*"},
        {"Effect": "Allow", "Action": ENROLLING, "Resource": [OWN_USER, OWN_DEVICE]},
        {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": NO_MFA},
    )
    found = run_scenario(scenario_of("lost-phone"), Policies(identity=(enforcement,))).result
    assert isinstance(found, Reachable)
    deleted = [step.move for step in found.path if step.move.kind is MoveKind.DELETE_DEVICE]
    assert [move.holding.owner for move in deleted] == [ScenarioPrincipal.ADMINISTRATOR]
