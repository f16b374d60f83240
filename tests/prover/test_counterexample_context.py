"""What a counterexample tells of its context.

All that the policies ask about, wherever it is printed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from prover.questions import ALICE, NOW, identity
from sekisho.cli.main import root
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Question,
    Refuted,
    counterexample_text,
    prove_enforcement,
    prove_none,
)

KEY = "aws:PrincipalTag/break"


def allow(condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return {**statement, "Condition": condition, **more}


TOLD: dict[str, tuple[dict[str, Any], str]] = {
    "a tag": (allow({"StringEquals": {KEY: "glass"}}), f"with `{KEY}=glass`:"),
    "a tag of the resource": (
        allow({"StringEquals": {"s3:ExistingObjectTag/a": "b"}}),
        "with `s3:ExistingObjectTag/a=b`:",
    ),
    "a region": (
        allow({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        "with `aws:RequestedRegion=eu-west-1`:",
    ),
    "the time": (
        allow({"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),
        "with `aws:CurrentTime=2030-01-01T00:00:01Z`:",
    ),
    "an endpoint": (
        allow({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        "through a VPC endpoint (no aws:SourceIp), with `aws:SourceVpce=vpce-1`:",
    ),
    "several values": (
        allow(
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": False}},
            Action="ec2:CreateTags",
        ),
        "with `aws:TagKeys=[a]`:",
    ),
    "a variable": (
        allow({"StringEquals": {KEY: "b"}}, Resource=f"arn:aws:s3:::b/${{{KEY}}}"),
        f"with `{KEY}=b`:",
    ),
    "what a terminal would obey": (
        allow({"StringEquals": {KEY: "\x1b[2J`"}}),
        f"with `{KEY}=\\u001b[2J\\u0060`:",
    ),
    "nothing of what the credential settles": (
        allow({"StringEquals": {"aws:username": "alice"}, "Bool": {"aws:ViaAWSService": "false"}}),
        "from 203.0.113.9: s3:GetObject",
    ),
}


@pytest.mark.parametrize(("statement", "told"), TOLD.values(), ids=list(TOLD))
def test_a_counterexample_is_told_with_what_the_policies_ask_about(
    statement: dict[str, Any], told: str
) -> None:
    verdict = prove_enforcement(identity(statement), ALICE, NOW).direct
    assert isinstance(verdict, Refuted)
    said = counterexample_text(verdict.counterexample)
    assert told in said.en
    if "with `" in told:
        assert f"(リクエストコンテキスト: {told[told.index('`') : -1]})" in said.ja


def test_the_age_of_mfa_and_the_services_in_between_are_told() -> None:
    too_young = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "60"}}
    called = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}
    policies = identity(allow({**too_young, **called}))
    question = Question(ALICE, NOW, (CallerCredential.MFA_VIA_SERVICE,), allowed=policies)
    verdict = prove_none(question)
    assert isinstance(verdict, Refuted)
    said = counterexample_text(verdict.counterexample).en
    assert "`aws:MultiFactorAuthAge=61`" in said
    assert "`aws:CalledVia=[athena.amazonaws.com]`" in said


def test_what_is_asked_about_another_action_is_not_told() -> None:
    elsewhere = allow({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, Action="ec2:*")
    verdict = prove_enforcement(identity(allow({}), elsewhere), ALICE, NOW, ("ec2:*",)).direct
    assert isinstance(verdict, Refuted)
    said = counterexample_text(verdict.counterexample).en
    who = "alice's console session or session token without MFA, from 203.0.113.9: "
    assert said.startswith(who)
    assert "with" not in said.removeprefix(who)


@pytest.mark.parametrize(("known", "told"), [({}, True), ({"aws:userid": "AIDAALICE"}, False)])
def test_an_id_is_told_where_it_may_be_another(known: dict[str, str], told: bool) -> None:
    user = CallingUser.of(ALICE.arn, known)
    exempt = allow({"StringLike": {"aws:userid": "AIDA*"}})
    verdict = prove_enforcement(identity(exempt), user, NOW).direct
    assert isinstance(verdict, Refuted)
    assert ("`aws:userid=AIDA" in counterexample_text(verdict.counterexample).en) is told


FORMS = {
    "prove": ("prove", "policy", "{0}", "--only", "enforcement", "--lang", "en"),
    "prove of all": ("prove", "account", "--snapshot", "{account}", "--lang", "en"),
    "SARIF": (
        "prove",
        "policy",
        "{0}",
        "--only",
        "enforcement",
        "--lang",
        "en",
        "--format",
        "sarif",
    ),
    "diff": ("policy", "diff", "{0}", "{none}", "--lang", "en"),
    "audit": ("audit", "-v", "--snapshot", "{account}", "--lang", "en"),
    "HTML": ("audit", "--snapshot", "{account}", "--lang", "en", "--format", "html"),
}


@pytest.mark.parametrize("arguments", FORMS.values(), ids=list(FORMS))
def test_it_is_told_wherever_a_counterexample_is_printed(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = allow({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    policies = {
        "0": {"Version": "2012-10-17", "Statement": [statement]},
        "none": {"Version": "2012-10-17", "Statement": [{**statement, "Effect": "Deny"}]},
    }
    files = {name: tmp_path / f"{name}.json" for name in (*policies, "account")}
    for name, document in policies.items():
        files[name].write_text(json.dumps(document), encoding="utf-8")
    files["account"].write_text(json.dumps(an_account(policies["0"])), encoding="utf-8")
    given = ("{0}", "{none}", "{account}")
    names = [str(files[each[1:-1]]) if each in given else each for each in arguments]
    root.main(names, standalone_mode=False)
    assert "aws:RequestedRegion=eu-west-1" in capsys.readouterr().out


def an_account(document: dict[str, Any]) -> dict[str, Any]:
    user = {
        "UserName": "alice",
        "UserId": "AIDAIOSFODNN7EXAMPLE",
        "Path": "/",
        "Arn": ALICE.arn,
        "CreateDate": "2024-04-01T00:00:00Z",
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }
    return {
        "schema": "sekisho.account/1",
        "account": ALICE.account,
        "partition": ALICE.partition,
        "authorizationDetails": {"UserDetailList": [user]},
    }
