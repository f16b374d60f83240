"""What is proved withstands requests that are near to the policies' own constants.

A proof is asked 100,000 of them in the deep profile and 2,000 otherwise; each difference of two
managed policies 10,000 and 400.
"""

import os
import random
from itertools import islice
from pathlib import Path

import pytest

from prover.questions import ALICE, ALLOW_ALL, NOW, WITHOUT_MFA, allowing, attached
from prover.samples import REGION, samples
from prover.test_scale import ENFORCEMENT, MANAGED
from prover.test_scale import attached as managed
from sekisho.catalogue import load
from sekisho.engine import AttachedPolicy, Policies, Request
from sekisho.policy import Preset, choices_of, force_mfa, parse
from sekisho.prover import (
    SERVICE_EXEMPT,
    CallerCredential,
    Proved,
    Side,
    Unknown,
    expected_exempt,
    policy_difference,
    prove_enforcement,
)

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
OF_A_PROOF = 100_000 if DEEP else 2_000
OF_A_DIFFERENCE = 10_000 if DEEP else 400
_TRIES = 20
"""Samples for each that can be made."""
CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
EVERYTHING = attached(ALLOW_ALL, name="everything")


def published(name: str) -> AttachedPolicy:
    return AttachedPolicy(name, parse((CORPUS / f"{name}.json").read_text(encoding="utf-8")))


ENFORCEMENTS = {
    **{
        preset.value: (AttachedPolicy("enforcement", force_mfa(choices_of(preset))), EVERYTHING)
        for preset in Preset
    },
    "AWS's sample": (published("aws-self-manage"), EVERYTHING),
    **{name: (ENFORCEMENT, managed(name)) for name in [*MANAGED][7 :: 40 if DEEP else 400]},
}


def _sampled(sets: list[Policies], credential: CallerCredential, count: int) -> list[Request]:
    random_ = random.Random(f"{credential} {count}")  # noqa: S311 - samples, no secrets
    tried = islice(samples(sets, credential, random_), _TRIES * count)
    found = list(islice(filter(_is_made, tried), count))
    assert len(found) == count
    return found


def _is_made(request: Request) -> bool:
    """Tell whether there can be such a request, about what a policy can deny (docs/prover.md)."""
    action = load().action(request.action)
    if request.action in SERVICE_EXEMPT or action is None:
        return False
    folded = request.context.folded
    tagged = any(key.startswith("aws:resourcetag/") for key in folded)
    listed = any(key.startswith("aws:ResourceTag") for key in action.condition_keys)
    if request.resource == "*" and tagged and not listed:
        return False
    region = str(folded.get("aws:requestedregion", "us-east-1"))
    elsewhere = region != "us-east-1" and action.service == "iam"
    return REGION.fullmatch(region) is not None and not elsewhere


@pytest.mark.parametrize("name", ENFORCEMENTS)
def test_a_proved_enforcement_withstands_samples(name: str) -> None:
    policies = Policies(identity=ENFORCEMENTS[name])
    assert prove_enforcement(policies, ALICE, NOW).direct == Proved()
    exempt = {*expected_exempt(), *SERVICE_EXEMPT}
    allows = allowing(policies)
    for credential in WITHOUT_MFA:
        for request in _sampled([policies], credential, OF_A_PROOF // 2):
            if request.action not in exempt:
                assert not allows(request), request


def test_samples_find_a_hole_where_there_is_one() -> None:
    """Where they would not, the test above could not fail."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    enforcement = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": mfa}
    for statements in ([{**ALLOW_ALL, "Condition": mfa}], [ALLOW_ALL, enforcement]):
        policies = Policies(identity=(attached(*statements),))
        allows = allowing(policies)
        asked = [one for credential in WITHOUT_MFA for one in _sampled([policies], credential, 100)]
        assert any(map(allows, asked))


UNKNOWN = {
    "AWSDeadlineCloud-UserAccessQueues",
    "AWSEC2VssSnapshotPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "SageMakerStudioBedrockPromptUserRolePolicy",
    "SageMakerStudioEMRInstanceRolePolicy",
    "SageMakerStudioProjectRoleMachineLearningPolicy",
    "SageMakerStudioProjectUserRolePermissionsBoundary",
}
"""With these a side may be Unknown: a variable's value is whatever the caller or resource has."""

PAIRS = random.Random(4).sample([*MANAGED], 1_000 if DEEP else 20)  # noqa: S311 - samples, no secrets


@pytest.mark.parametrize(("first", "second"), [*zip(PAIRS[::2], PAIRS[1::2], strict=True)])
def test_a_difference_has_every_sample_that_only_one_side_allows(first: str, second: str) -> None:
    old, new = (Policies(identity=(managed(name),)) for name in (first, second))
    found = policy_difference(old, new, ALICE, NOW)
    listed = [
        None if {first, second} & UNKNOWN and _is_open(side) else _listed(side)
        for side in (found.only_in_old, found.only_in_new)
    ]
    asked = [allowing(each) for each in (old, new)]
    for credential in (
        CallerCredential.KEY,
        CallerCredential.SESSION,
        CallerCredential.MFA_SESSION,
    ):
        for request in _sampled([old, new], credential, OF_A_DIFFERENCE // 3):
            allowed = [allows(request) for allows in asked]
            for side, only in zip(
                listed, (allowed == [True, False], allowed == [False, True]), strict=True
            ):
                assert not only or side is None or (request.action, credential) in side, request


def _is_open(side: Side | Unknown) -> bool:
    return isinstance(side, Unknown) and "values the request does not determine" in side.reason.en


def _listed(side: Side | Unknown) -> set[tuple[str, CallerCredential]]:
    assert isinstance(side, Side), side
    return {
        (action, credential)
        for item in side.items
        for action in item.actions
        for credential in item.credentials
    }
