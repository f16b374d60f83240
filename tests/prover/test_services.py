"""Calls by AWS services for a user are asked about where policies can tell them apart."""

from typing import Any

import pytest
from hypothesis import given

from prover.questions import ALICE, ALLOW_ALL, NOW, identity
from prover.worlds import POLICIES
from sekisho.engine import Policies
from sekisho.prover import (
    Proved,
    Refuted,
    Side,
    distinguishes_services,
    enforcement_question,
    lost_with_mfa,
    policy_difference,
    prove_enforcement,
    prove_none,
    via_service,
)

MFA = "aws:MultiFactorAuthPresent"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def deny(**condition: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def tagged(text: str) -> dict[str, Any]:
    return {**READ, "Condition": {"StringEquals": {"aws:PrincipalTag/x": text}}}


APART = {
    "a condition": (identity(deny(Bool={"aws:ViaAWSService": "true"})), True),
    "a variable in a value": (identity(tagged("${aws:CalledViaFirst}")), True),
    "a variable in a resource": (
        identity({**READ, "Resource": "arn:aws:s3:::b/${aws:calledvialast}/*"}),
        True,
    ),
    "the time of a session": (identity(deny(Null={"aws:TokenIssueTime": "true"})), True),
    "the region of a call": (identity(deny(StringEquals={"aws:RequestedRegion": "x"})), True),
    "the region of no call to IAM": (
        identity({**READ, "Condition": {"StringEquals": {"aws:RequestedRegion": "x"}}}),
        False,
    ),
    "the region of a call like IAM's": (
        identity({**tagged("${aws:RequestedRegion}"), "Action": ["s3:*", "I?M:Get*"]}),
        True,
    ),
    "MFA alone": (identity(deny(Null={MFA: "true"}), deny(Bool={MFA: "false"})), False),
    "another variable": (identity(tagged("${aws:username}")), False),
}


@pytest.mark.parametrize(("policies", "apart"), APART.values(), ids=list(APART))
def test_policies_tell_the_calls_of_services_apart_or_they_do_not(
    policies: Policies, apart: bool
) -> None:
    assert distinguishes_services(policies) is apart


def test_a_enforcement_in_two_halves_is_open_to_services_that_act_for_an_access_key() -> None:
    session = {"Bool": {MFA: "false"}, "Null": {"aws:TokenIssueTime": "false"}}
    enforcement = prove_enforcement(
        identity(ALLOW_ALL, deny(Null={MFA: "true"}), deny(**session)), ALICE, NOW
    )
    assert enforcement.direct == Proved()
    assert isinstance(enforcement.via_service, Refuted)


def test_iam_is_called_by_services_from_other_regions() -> None:
    elsewhere = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    made = {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*", "Condition": elsewhere}
    enforcement = prove_enforcement(identity(made), ALICE, NOW)
    assert isinstance(enforcement.via_service, Refuted)
    assert isinstance(enforcement.direct, Proved)
    # some are asked about in calls to other services
    passed = prove_enforcement(identity({**made, "Action": "iam:PassRole"}), ALICE, NOW)
    assert not isinstance(passed.direct, Proved)


def test_what_only_calls_of_services_lose_is_lost() -> None:
    served = deny(Bool={"aws:ViaAWSService": "true"})
    before, after = identity(ALLOW_ALL), identity(ALLOW_ALL, served)
    for later in (after, Policies(identity=(*before.identity, *identity(served).identity))):
        assert isinstance(prove_none(lost_with_mfa(before, later, ALICE, NOW)), Refuted)


def test_a_difference_is_asked_of_services_whose_names_are_in_a_variable() -> None:
    old = identity({**READ, "Resource": "arn:aws:s3:::b/*"}, tagged("${aws:CalledViaFirst}"))
    found = policy_difference(old, identity({**READ, "Resource": "arn:aws:s3:::b/*"}), ALICE, NOW)
    assert found.only_in_old != Side(None, ())


@given(POLICIES)
def test_where_they_are_not_told_apart_the_verdict_is_the_users_own(
    statements: list[dict[str, Any]],
) -> None:
    policies = identity(*statements, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"})
    if not distinguishes_services(policies):
        question = enforcement_question(policies, ALICE, NOW, ())
        direct, served = prove_none(question), prove_none(via_service(question))
        assert isinstance(served, Proved) or type(direct) is type(served)
