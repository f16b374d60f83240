"""Requests about several resources: each is asked about, and each must be allowed."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.asking import ALICE, answer_to, policy
from engine.test_compiled_laws import policies, requests
from sekisho.engine import (
    AttachedPolicy,
    DecisionEffect,
    Policies,
    Request,
    decide,
    decide_together,
    parts_of,
)
from sekisho.errors import FaultyRequest
from sekisho.policy import PolicyKind, from_json

ACCOUNT = "111122223333"
POINT = f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/reports"
THROUGH, BEHIND = f"{POINT}/object/k", "arn:aws:s3:::b/k"
ALLOWED, IMPLICIT, EXPLICIT = (
    DecisionEffect.ALLOWED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.EXPLICITLY_DENIED,
)


def on(effect: str, principal: Any, resource: str, **parts: Any) -> AttachedPolicy:
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": resource}
    document = from_json(
        {"Version": "2012-10-17", "Statement": {**statement, **parts}}, kind=PolicyKind.RESOURCE
    )
    return AttachedPolicy("policy", document)


DELEGATING = on(
    "Allow",
    {"AWS": "*"},
    "arn:aws:s3:::b/*",
    Condition={"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}},
)
"""A bucket policy that leaves it to the access points of an account (S3 User Guide, "Delegating
access control to access points")."""

FOR_ALICE = on("Allow", {"AWS": ALICE}, f"{POINT}/object/*")
OF_BOTH = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
OF_POINT = policy({"Effect": "Allow", "Action": "s3:*", "Resource": f"{POINT}/*"})
NOT_BY_POINT = on(
    "Deny", "*", "arn:aws:s3:::b/*", Condition={"Null": {"s3:DataAccessPointArn": "false"}}
)


@pytest.mark.parametrize(
    ("identity", "point", "bucket", "effects"),
    [
        ((OF_BOTH,), None, None, (ALLOWED, ALLOWED)),
        ((OF_POINT,), None, None, (ALLOWED, IMPLICIT)),
        ((OF_POINT,), None, DELEGATING, (ALLOWED, ALLOWED)),
        ((), FOR_ALICE, DELEGATING, (ALLOWED, ALLOWED)),
        ((), FOR_ALICE, None, (ALLOWED, IMPLICIT)),
        ((), None, DELEGATING, (IMPLICIT, ALLOWED)),
        ((OF_BOTH,), on("Deny", "*", f"{POINT}/object/*"), DELEGATING, (EXPLICIT, ALLOWED)),
        ((OF_BOTH,), FOR_ALICE, NOT_BY_POINT, (ALLOWED, EXPLICIT)),
    ],
)
def test_an_access_point_and_its_bucket_must_both_allow(
    identity: tuple[AttachedPolicy, ...],
    point: AttachedPolicy | None,
    bucket: AttachedPolicy | None,
    effects: tuple[DecisionEffect, DecisionEffect],
) -> None:
    asked = [Request(ALICE, "s3:GetObject", resource) for resource in (THROUGH, BEHIND)]
    found = decide_together(parts_of(asked, Policies(identity, resource=bucket), point))
    assert tuple(each.effect for each in found.decisions) == effects
    grave = [each for each in (EXPLICIT, IMPLICIT, ALLOWED) if each in effects]
    assert found.effect is grave[0]


@given(st.lists(requests, min_size=1, max_size=4), policies)
def test_the_whole_is_what_the_gravest_part_is(asked: list[Request], given_to: Policies) -> None:
    try:
        found = decide_together(parts_of(asked, given_to))
    except FaultyRequest:
        assume(False)
    assert list(found.decisions) == [decide(each, given_to) for each in asked]
    assert (found.effect is ALLOWED) is all(each.effect is ALLOWED for each in found.decisions)
    assert (found.effect is EXPLICIT) is any(each.effect is EXPLICIT for each in found.decisions)


def asked_of(request: dict[str, Any], **policies_of: Any) -> Any:
    statement = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statement}
    question = {
        "id": 1,
        "request": {"principal": ALICE, "action": "ec2:RunInstances", **request},
        "policies": {"identity": [document], **policies_of},
    }
    return answer_to(question)


IMAGE = "arn:aws:ec2:eu-west-1::image/ami-1"
SUBNET = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:subnet/subnet-1"


def test_a_line_about_several_resources_has_an_answer_for_each() -> None:
    found = asked_of({"resources": [IMAGE, {"resource": SUBNET, "action": "ec2:StartInstances"}]})
    assert (found["decision"], found["because"]) == ("ImplicitlyDenied", [])
    assert [(one["resource"], one["decision"]) for one in found["resources"]] == [
        (IMAGE, "Allowed"),
        (SUBNET, "ImplicitlyDenied"),
    ]
    both = asked_of({"resources": [IMAGE, SUBNET]})
    assert (both["decision"], len(both["because"])) == ("Allowed", 1)


@pytest.mark.parametrize(
    ("request_of", "at"),
    [
        ({"resources": []}, "request.resource"),
        ({"resources": [IMAGE, 7]}, "request.resources[1]"),
        ({"resources": [IMAGE, {"resource": SUBNET, "what": 1}]}, "request.resources[1].what"),
        ({"resource": IMAGE, "resources": [IMAGE]}, "request.resource"),
    ],
)
def test_a_fault_in_one_of_the_resources_is_named(request_of: dict[str, Any], at: str) -> None:
    error = asked_of(request_of)["error"]
    assert at in error["message"] or at in error["at"]
