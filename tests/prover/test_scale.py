"""AWS's own managed policies, as moto ships them: every verdict is one, and the right one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from profiles import DEEP
from prover.questions import ALICE, NOW
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies, decide
from sekisho.policy import Preset, choices_of, force_mfa, from_json
from sekisho.prover import Proved, Refuted, expected_exempt, prove_enforcement

MANAGED: Mapping[str, Any] = json.loads(aws_managed_policies_data)
STEP = 1 if DEEP else 48
"""All of them in the deep profile."""

ENFORCEMENT = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
NOTHING_BEYOND_THE_LIST = ("AWSDenyAll", "AWSCompromisedKeyQuarantineV3", "IAMUserChangePassword")


def attached(name: str) -> AttachedPolicy:
    return AttachedPolicy(name, from_json(MANAGED[name]["Document"]))


@pytest.mark.parametrize("name", [*MANAGED][::STEP])
def test_force_mfa_shuts_the_enforcement_over_it_and_nothing_else_does(name: str) -> None:
    policy = attached(name)
    assert (
        prove_enforcement(Policies(identity=(policy, ENFORCEMENT)), ALICE, NOW).direct == Proved()
    )
    alone = Policies(identity=(policy,))
    verdict = prove_enforcement(alone, ALICE, NOW).direct
    if isinstance(verdict, Refuted):
        request = verdict.counterexample.request
        assert decide(request, alone).effect is DecisionEffect.ALLOWED
        assert request.action not in expected_exempt()
    else:
        # its Allow statements, if any, are for conditions that no user's request meets, or exempt
        assert verdict == Proved()


@pytest.mark.parametrize("name", NOTHING_BEYOND_THE_LIST)
def test_what_allows_nothing_beyond_the_exempt_actions_is_enforcement_by_itself(name: str) -> None:
    assert prove_enforcement(Policies(identity=(attached(name),)), ALICE, NOW).direct == Proved()
