"""What a helping administrator may do: all under enforcement, within the organisation's limits."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, Preset, choices_of, from_json
from sekisho.prover.scenarios import Reachable, WalkVerdict, answer, story
from sekisho.prover.scenarios.model import Act, Who
from walk_policies import attached

Statement = dict[str, Any]

RECOMMENDED = attached(choices_of(Preset.RECOMMENDED))
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
OWN_USER, OWN_DEVICE = "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"
HELPED = ("lost-phone", "password-hard-expired")


def _policy(*statements: Statement, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return AttachedPolicy(kind.value, from_json(document, kind=kind))


def _verdicts(policies: Policies) -> set[WalkVerdict]:
    return {answer(story(name), policies).verdict for name in HELPED}


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
    assert _verdicts(replace(RECOMMENDED, boundaries=(boundary,))) == {WalkVerdict.PROVED}
    beside = (*RECOMMENDED.identity, _policy(NOT_FOR_USERS))
    assert _verdicts(replace(RECOMMENDED, identity=beside)) == {WalkVerdict.PROVED}


def test_service_control_policies_hold_the_administrator_too() -> None:
    level = Level("root", (_policy(ALL, NOT_FOR_USERS, kind=PolicyKind.SCP),))
    assert _verdicts(replace(RECOMMENDED, scps=(level,))) == {WalkVerdict.REFUTED}


@pytest.mark.parametrize("name", HELPED)
def test_an_administrator_is_enforced(name: str) -> None:
    """MFA enforcement that asks for a fresh code stops a helper whose session has none."""
    stale = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "-1"}}
    enforced = (*RECOMMENDED.identity, _policy({**NOT_FOR_USERS, "Condition": stale}))
    assert answer(story(name), Policies(identity=enforced)).verdict is WalkVerdict.REFUTED


def test_an_administrator_deletes_the_lost_device_as_well() -> None:
    """Users who may have their own name only, and may not delete it without MFA."""
    exempt = [*ENROLLING, "iam:GetUser", "iam:ListMFADevices", "sts:GetSessionToken"]
    enforcement = _policy(
        {"Effect": "Allow", "Action": ENROLLING, "Resource": [OWN_USER, OWN_DEVICE]},
        {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": NO_MFA},
    )
    found = answer(story("lost-phone"), Policies(identity=(enforcement,))).result
    assert isinstance(found, Reachable)
    deleted = [step.move for step in found.path if step.move.act is Act.DELETE_DEVICE]
    assert [move.by.who for move in deleted] == [Who.ADMINISTRATOR]
