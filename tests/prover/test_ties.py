"""What goes together in a request: no verdict rests on what nobody's credential brings."""

from typing import Any

import pytest

from prover.questions import ALICE, NOW, identity
from sekisho.catalogue import load, partitions
from sekisho.prover import (
    ActionGroup,
    CallerCredential,
    CallingUser,
    Proved,
    Question,
    Refuted,
    Unknown,
    Verdict,
    enforcement_question,
    exempt_list,
    prove_none,
)

REGION = "aws:RequestedRegion"
TAG = "aws:ResourceTag/team"


def user(partition: str) -> CallingUser:
    return CallingUser.of(ALICE.arn.replace(":aws:", f":{partition}:"))


def asked(
    action: str | list[str], condition: dict[str, Any], partition: str = "aws", **more: Any
) -> Verdict:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}
    policies = identity({**statement, **more})
    # what is searched; that a partition has some Regions is no fact of certificates
    return prove_none(enforcement_question(policies, user(partition), NOW, ()))


def of_pattern(action: str, condition: dict[str, Any], partition: str) -> Verdict:
    """Ask of a pattern that takes in names that the catalogue does not know."""
    policies = identity(
        {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}
    )
    question = enforcement_question(policies, user(partition), NOW, ())
    assert prove_none(question.in_catalogue) == Proved()
    return prove_none(question)


def of(region: str) -> dict[str, Any]:
    return {"StringEquals": {REGION: region}}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_iam_is_called_in_the_one_region_where_it_is(partition: str) -> None:
    home, *others = next(each.regions for each in partitions() if each.id == partition)
    assert isinstance(asked("iam:CreateUser", of(home), partition), Refuted)
    for region in others:
        assert asked("iam:CreateUser", of(region), partition) == Proved()
        assert asked(["iam:ListUsers", "iam:GetUser"], of(region), partition) == Proved()
        # a name that does not exist yet may be checked in a call to another service
        future = of_pattern("iam:Get*", of(region), partition)
        assert isinstance(future, Unknown)
        assert future.beyond is not None


@pytest.mark.parametrize("action", ["iam:PassRole", "iam:CreateServiceLinkedRole", "ec2:Stop*"])
def test_what_is_checked_in_calls_to_other_services_may_be_anywhere(action: str) -> None:
    verdict = asked(action, of("eu-west-1"))
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.context[REGION] == "eu-west-1"


def test_where_a_service_calls_for_the_user_is_not_documented() -> None:
    condition = {**of("eu-west-1"), "Bool": {"aws:ViaAWSService": "true"}}
    statement = {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}
    policies = identity({**statement, "Condition": condition})
    question = Question(ALICE, NOW, (CallerCredential.KEY_VIA_SERVICE,), allowed=policies)
    assert isinstance(prove_none(question), Refuted)


@pytest.mark.parametrize(
    ("partition", "pattern", "some"),
    [
        ("aws", "cn-*", False),
        ("aws", "us-gov-*", False),
        ("aws", "eu-new-9", True),
        ("aws-cn", "cn-new-*", True),
        ("aws-cn", "us-*", False),
        ("aws-cn", "*-1", True),
        ("aws-us-gov", "us-*", True),
        ("aws-us-gov", "us-east-1", False),
        ("aws-iso", "us-iso-*", True),
        ("aws-iso", "cn-*", False),
    ],
)
def test_a_request_stays_in_the_partition(partition: str, pattern: str, some: bool) -> None:
    like = {"StringLike": {REGION: pattern}}
    verdict = asked("ec2:StopInstances", like, partition)
    assert isinstance(verdict, Refuted if some else Proved)
    if isinstance(verdict, Refuted):
        # and what the policies leave open is one region, there and in the ARN
        request = verdict.counterexample.request
        assert request.resource.split(":")[3] == request.context[REGION]


@pytest.mark.parametrize(("partition", "region"), [("aws", "us-east-1"), ("aws-cn", "cn-north-1")])
def test_an_arn_is_of_a_region_that_there_is(partition: str, region: str) -> None:
    verdict = asked("ec2:StopInstances", {}, partition)
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.resource.startswith(f"arn:{partition}:ec2:{region}:")


def test_the_request_goes_to_where_the_resource_is_if_it_can() -> None:
    arn = "arn:aws:ec2:eu-west-1:*:instance/*"
    elsewhere = {"StringNotEquals": {REGION: "us-west-2"}}
    verdict = asked("ec2:StopInstances", elsewhere, Resource=arn)
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.context[REGION] == "eu-west-1"
    # a trail of another region is found from here, so it is not taken to be impossible
    trail = "arn:aws:cloudtrail:us-east-1:*:trail/*"
    assert isinstance(asked("cloudtrail:GetTrailStatus", of("eu-west-1"), Resource=trail), Refuted)


def test_what_is_about_no_resource_shows_no_tags() -> None:
    tagged = {"StringEquals": {TAG: "x"}}
    policies = identity(
        {"Effect": "Allow", "Action": ["iam:ListUsers", "s3:ListAllMyBuckets"], "Resource": "*"}
        | {"Condition": tagged}
    )
    question = enforcement_question(policies, ALICE, NOW, ())
    assert prove_none(question.in_catalogue) == Proved()
    # that no resource is theirs is the catalogue's word
    assert isinstance(prove_none(question), Unknown)
    untagged = {"StringNotEquals": {TAG: "x"}}
    assert isinstance(asked("iam:ListUsers", untagged), Refuted)
    # AWS says that what is created brings its tags
    assert isinstance(asked("appsync:CreateApi", tagged), Refuted)


def test_an_action_with_and_without_a_resource_shows_tags_of_the_resource() -> None:
    action = next(
        one
        for one in load().expand("ec2:*")
        if one.resource_types
        and not any(kind.required for kind in one.resource_types)
        and not any(key.startswith("aws:ResourceTag") for key in one.condition_keys)
    )
    verdict = asked(str(action), {"StringEquals": {TAG: "x"}})
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.resource != "*"
    statement = {"Effect": "Allow", "Action": str(action), "Resource": "*"}
    tagged = identity({**statement, "Condition": {"StringEquals": {TAG: "x"}}})
    exempt = exempt_list(tagged, ALICE, NOW)
    assert isinstance(exempt, tuple)
    (item,) = exempt
    assert item.resources == ("*",)
    assert [one.subject for one in item.conditions] == [TAG]


def test_a_list_of_items_tells_apart_who_is_where() -> None:
    statement = {"Effect": "Allow", "Action": ["iam:ListUsers", "s3:ListAllMyBuckets"]}
    policies = identity({**statement, "Resource": "*", "Condition": of("us-east-1")})
    exempt = exempt_list(policies, ALICE, NOW)
    assert isinstance(exempt, tuple)
    found: dict[str, ActionGroup] = {action: item for item in exempt for action in item.actions}
    assert found["iam:ListUsers"].conditions == ()
    assert [one.subject for one in found["s3:ListAllMyBuckets"].conditions] == [REGION]
    assert found["iam:ListUsers"].credentials == (CallerCredential.SESSION, CallerCredential.KEY)


def test_a_session_was_issued_when_mfa_was_passed() -> None:
    old = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": old}
    question = Question(ALICE, NOW, (CallerCredential.MFA_SESSION,), allowed=identity(statement))
    verdict = prove_none(question)
    assert isinstance(verdict, Refuted)
    context = verdict.counterexample.request.context
    assert context["aws:MultiFactorAuthAge"] == "3601"
    assert context["aws:CurrentTime"] == "2026-11-24T00:00:00Z"
    assert context["aws:TokenIssueTime"] == "2026-11-23T22:59:59Z"
