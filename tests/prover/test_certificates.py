"""Certificates are found, are right, and are refused where they are changed."""

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from prover.drawn_policies import ALICE, Drawn
from prover.open_branches import request_of
from sekisho import check_proof
from sekisho.check_proof import Claim, Invalid, Valid, check, layer_of
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Preset, choices_of, force_mfa, from_json
from sekisho.prover import expected_exempt
from sekisho.prover.certificates import (
    Certificate,
    OpenLeaf,
    WorkLimitReached,
    certify,
    claim_of,
    document_of,
    no_new_access_claim,
)

MANAGED: dict[str, Any] = json.loads(aws_managed_policies_data)
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
GATE = document_of(force_mfa(choices_of(Preset.AWS)))
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> Any:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return check_proof.read_json(text)


def denied(condition: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        **elements,
        "Condition": {**NO_MFA, **condition},
    }


def claim(*statements: dict[str, Any], kind: str = check_proof.ENFORCED, **about: Any) -> Claim:
    return Claim(kind, (layer_of("identity", [document(*statements)]),), **about)


@pytest.mark.parametrize("kind", [check_proof.ENFORCED, check_proof.NOTHING_ALLOWED])
def test_managed_policies_with_force_mfa_are_certified(kind: str) -> None:
    for name in [*MANAGED][:: 1 if DEEP else 60]:
        policy = check_proof.read_json(json.dumps(MANAGED[name]["Document"]))
        found = certify(
            Claim(kind, (layer_of("identity", [policy, GATE]),), exempt=expected_exempt())
        )
        assert isinstance(found, Certificate), name
        assert len(json.dumps(found.document)) < 100_000


# Each statement counts: without one of them a person would be let in.
X, B = "aws:PrincipalTag/a", "${aws:PrincipalTag/b}"
CERTIFIED: dict[str, Callable[[], Claim]] = {
    "two halves of a condition": lambda: claim(
        denied({"StringEquals": {X: "x"}}), denied({"StringNotEquals": {X: "x"}})
    ),
    "equal attributes": lambda: claim(
        denied({"StringNotEquals": {X: B}}),
        denied({"StringEquals": {X: "x"}}),
        denied({"StringNotEquals": {"aws:PrincipalTag/b": "x"}}),
    ),
    "a default": lambda: claim(
        denied({"StringNotEquals": {X: "${aws:PrincipalTag/b, 'x'}"}}),
        denied({"Null": {"aws:PrincipalTag/b": "false"}}),
        denied({"StringEquals": {X: "x"}}),
    ),
    "tied keys": lambda: claim(
        denied({"Null": {"aws:ResourceTag/t": "true"}}),
        denied({"Null": {"ec2:ResourceTag/t": "true"}}),
        denied({"StringEquals": {"aws:ResourceTag/t": "x"}}),
        denied({"StringNotEquals": {"ec2:ResourceTag/t": "x"}}),
    ),
    "numbers": lambda: claim(
        denied({"NumericLessThan": {"s3:max-keys": "10"}}),
        denied({"NumericGreaterThanEqualsIfExists": {"s3:max-keys": "10.0"}}),
    ),
    "addresses": lambda: claim(
        denied({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "::/0"]}}),
        denied({"NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "::/0"]}}),
    ),
    "dates": lambda: claim(
        denied({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
        denied({"DateGreaterThanEquals": {"aws:CurrentTime": "1798761600"}}),
    ),
    "set operators": lambda: claim(
        denied({"ForAllValues:StringEquals": {"aws:TagKeys": ["x", "y"]}}),
        denied({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["x", "y"]}}),
    ),
    "a boundary": lambda: Claim(
        check_proof.ENFORCED,
        (
            layer_of("identity", [document(EVERYTHING)]),
            layer_of(
                "boundary/0",
                [
                    document(
                        {
                            **EVERYTHING,
                            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                        }
                    )
                ],
            ),
        ),
    ),
    "a level of the organisation": lambda: Claim(
        check_proof.NOTHING_ALLOWED,
        (
            layer_of("identity", [document(EVERYTHING)]),
            layer_of("scp/Root", [document(EVERYTHING)]),
            layer_of("scp/OU", [document({**EVERYTHING, "Action": "iam:Get*"})]),
        ),
        exempt=("iam:*",),
    ),
    "the age alone": lambda: claim(
        {
            **denied({}),
            "Condition": {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
        }
    ),
    "calls of the user": lambda: claim(
        denied({"Bool": {"aws:ViaAWSService": "false"}}), calls="direct"
    ),
    "a role has no MFA": lambda: claim(
        {**EVERYTHING, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        kind=check_proof.NOTHING_ALLOWED,
        role=True,
    ),
    "who it is": lambda: claim(
        denied({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/breakglass/*"}}),
        known=check_proof.known_of("arn:aws:iam::111122223333:user/dev/alice"),
    ),
    "no other tags": lambda: claim(denied({"StringNotEquals": {X: "free"}}), all_tags=True),
    "an empty list and another condition": lambda: claim(
        denied({"StringEquals": {X: []}}), denied({})
    ),
}
OPEN: dict[str, Callable[[], Claim]] = {
    "without Deny": lambda: claim({**EVERYTHING, "Action": "iam:GetUser"}),
    "Bool": lambda: claim(
        {**denied({}), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    ),
    "Null": lambda: claim(
        {**denied({}), "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}}
    ),
    "a missing half": lambda: claim(
        denied({"StringEquals": {X: "x"}}),
        denied({"StringNotEqualsIfExists": {X: "x"}, "Null": {X: "false"}}),
    ),
    "an unequal default": lambda: claim(
        denied({"StringNotEquals": {X: "${aws:PrincipalTag/b, 'x'}"}}),
        denied({"StringEquals": {X: "x"}}),
    ),
    "an empty list": lambda: claim(denied({"StringEquals": {X: []}})),
    "resources that AWS owns": lambda: claim(
        {
            **EVERYTHING,
            "Action": "ssm:GetParameter",
            "Resource": "arn:aws:ssm:us-east-1::parameter/aws/*",
        },
        kind=check_proof.NOTHING_ALLOWED,
    ),
    "a Deny of ARNs alone": lambda: claim(denied({}, Resource="arn:*")),
    "calls by services": lambda: claim(denied({"Bool": {"aws:ViaAWSService": "false"}})),
    "no exempt action": lambda: claim(
        {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA}
    ),
    "an operator that is not known": lambda: claim(denied({"StringAlmostEquals": {X: "x"}})),
    "a number that is none": lambda: claim(
        denied({"NumericLessThanIfExists": {"s3:max-keys": "ten"}})
    ),
    "a variable without a value": lambda: claim(
        {
            "Effect": "Deny",
            "Action": "*",
            "NotResource": "arn:aws:s3:::${aws:PrincipalTag/b}/*",
            "Condition": NO_MFA,
        }
    ),
}


@pytest.mark.parametrize("name", CERTIFIED)
def test_it_is_certified(name: str) -> None:
    assert isinstance(certify(CERTIFIED[name]()), Certificate)


@pytest.mark.parametrize("name", OPEN)
def test_it_is_left_open(name: str) -> None:
    assert isinstance(certify(OPEN[name]()), OpenLeaf)


def test_an_assumption_is_a_premise() -> None:
    found = certify(
        claim(
            {**denied({}), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
            {**denied({}), "Condition": {"Null": {"aws:TokenIssueTime": "true"}}},
            calls="direct",
        )
    )
    assert isinstance(found, Certificate)
    assert "fact.session-has-mfa-key" in found.premises
    assert check_proof.premise_of("fact.session-has-mfa-key")["assumed"] == "aws_login_mfa"


# ----------------------------------------------------------------- drawn policies, and the engine


@pytest.mark.parametrize("seed", range(8 if DEEP else 2))
def test_what_is_certified_is_allowed_by_no_request(seed: int) -> None:
    drawn = Drawn(seed)
    certified = confirmed = 0
    for _ in range(60):
        old, new = drawn.change()
        for before in (None, old):
            wanted = (
                claim_of(new, ALICE, check_proof.NOTHING_ALLOWED, ["iam:GetUser"])
                if before is None
                else no_new_access_claim(before, new, ALICE)
            )
            found = certify(wanted)
            if isinstance(found, Certificate):
                certified += 1
                for _ in range(25):
                    request = drawn.request(with_mfa=before is not None)
                    assert not drawn.is_against(request, new, before), found.document
            else:
                assert isinstance(found, OpenLeaf)
                candidate = request_of(found)
                confirmed += candidate is not None and drawn.is_against(
                    drawn.as_request(candidate), new, before
                )
    # what is left open is open, but where AWS says too little
    assert certified > 20
    assert confirmed > 0.6 * (120 - certified)


# ------------------------------------------------------------------------------------- mutations


def _changed(steps: list[list[str]], drawn: random.Random, names: list[str]) -> list[list[str]]:
    """Return steps with one change."""
    steps = [[*one] for one in steps]
    at = drawn.randrange(len(steps))
    match drawn.randrange(5):
        case 0:
            del steps[at]
        case 1:
            steps.insert(at, [*drawn.choice(steps)])
        case 2:
            steps[at][-1] = drawn.choice(names)
        case 3:
            other = drawn.randrange(len(steps))
            steps[at], steps[other] = steps[other], steps[at]
        case _:
            steps = steps[:at]
    return steps


def test_changed_certificates_are_refused() -> None:
    drawn = random.Random(5)  # noqa: S311 - samples, no secrets
    found = {name: certify(make()) for name, make in CERTIFIED.items()}
    refused = accepted = 0
    for name in [*found] * (1_100 // len(found)):
        certificate = found[name]
        assert isinstance(certificate, Certificate)
        known = [*certificate.claim.statements, "action", "resource", X.lower(), "fact.user-arn"]
        steps = certificate.document["trees"]["any"]
        changed = _changed(steps, drawn, known)
        if changed == steps:
            continue
        verdict = check(certificate.claim, {**certificate.document, "trees": {"any": changed}})
        refused += isinstance(verdict, Invalid)
        accepted += isinstance(verdict, Valid)
    assert refused > 900
    # the others close the same branches in another way: the claim is true, so no harm is done
    assert accepted < 0.06 * refused


@pytest.mark.parametrize("name", CERTIFIED)
def test_a_certificate_of_other_policies_is_refused(name: str) -> None:
    found = certify(CERTIFIED[name]())
    assert isinstance(found, Certificate)
    other = {**found.document, "policies": {"identity": ["0" * 64]}}
    assert isinstance(check(found.claim, other), Invalid)


def test_the_claim_is_never_read_from_the_certificate() -> None:
    found = certify(
        claim(
            {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA},
            exempt=("iam:GetUser",),
        )
    )
    assert isinstance(found, Certificate)
    stricter = claim(
        {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA}
    )
    assert isinstance(check(found.claim, found.document), Valid)
    assert isinstance(check(stricter, {**found.document, "exempt": ["iam:GetUser"]}), Invalid)


def test_a_policy_printed_again_has_the_same_hash() -> None:
    for name in [*MANAGED][:: 1 if DEEP else 40]:
        raw = check_proof.read_json(json.dumps(MANAGED[name]["Document"]))
        printed = document_of(from_json(MANAGED[name]["Document"]))
        assert layer_of("identity", [raw]) == layer_of("identity", [printed]), name


def test_layers_are_named_as_on_the_command_line() -> None:
    policies = Policies(identity=(), boundaries=(), session=())
    assert [one.name for one in claim_of(policies, None).layers] == ["identity", "session"]


def test_of_a_caller_who_cannot_be_nothing_is_certified() -> None:
    asks = {"StringLike": {"aws:userid": "*"}}
    text = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": asks}
    document = from_json({"Version": "2012-10-17", "Statement": [text]})
    policies = Policies(identity=(AttachedPolicy("p", document),))
    user = replace(ALICE, known_values={**ALICE.known_values, "aws:userid": "987654321098"})
    found = certify(claim_of(policies, user, check_proof.NOTHING_ALLOWED))
    assert isinstance(found, OpenLeaf)


def test_what_texts_cost_is_counted() -> None:
    """Infixes side by side: twice the work for one more, all of it in a few looks."""
    infixes = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
    fenced = [
        {
            **EVERYTHING,
            "Effect": "Deny",
            "Condition": {"StringNotLike": {"aws:PrincipalTag/t": f"*{one}*"}},
        }
        for one in infixes
    ]
    six, seven, eight = (
        claim(EVERYTHING, *fenced[:count], kind=check_proof.NOTHING_ALLOWED) for count in (6, 7, 8)
    )
    spent = [certify(each).work for each in (six, seven, eight)]
    assert spent[2] - spent[1] > 1.8 * (spent[1] - spent[0]) > 10_000
    # and is at an end where it was said to be
    assert certify(eight, spent[0] + 1_000) == WorkLimitReached(spent[0] + 1_000)
