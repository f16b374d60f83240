"""Public access of resource-based policies: cases, and a law against brute force."""

import json
import sys
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sekisho
from sekisho.cli.main import main
from sekisho.engine import (
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.errors import FaultyPolicy
from sekisho.policy import PolicyKind, from_json
from sekisho.prover import (
    ALLOW_EVERYTHING,
    Proved,
    Refuted,
    Unknown,
    no_public_access,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ACCOUNT = "111122223333"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
ORG = "o-abcdefghij"


def policy(*statements: dict[str, Any]) -> AttachedPolicy:
    value = {"Version": "2012-10-17", "Statement": list(statements)}
    return AttachedPolicy("p", from_json(value, kind=PolicyKind.RESOURCE))


def allow(principal: Any = "*", **more: Any) -> dict[str, Any]:
    base = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}
    return {**base, "Resource": "arn:aws:s3:::b/*", **more}


def when(operator: str, key: str, *values: str, **more: Any) -> dict[str, Any]:
    return allow(Condition={operator: {key: list(values)}}, **more)


def deny(**more: Any) -> dict[str, Any]:
    return allow(**{"Effect": "Deny", "Action": "s3:*", "Resource": "*", **more})


def sent(operator: str, key: str, *values: str) -> dict[str, Any]:
    return when(operator, key, *values, Action="sqs:SendMessage", Resource=QUEUE)


def but(principal: Any, **more: Any) -> dict[str, Any]:
    statement = {**allow(**more), "NotPrincipal": principal}
    del statement["Principal"]
    return statement


PULL = {"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
"""Of a repository of ECR, whose policies have no `Resource`."""

CASES: dict[str, tuple[tuple[dict[str, Any], ...], type]] = {
    "everybody": ((allow(),), Refuted),
    "everybody as AWS": ((allow({"AWS": "*"}),), Refuted),
    "a repository": (({**PULL, "Principal": "*"},), Refuted),
    "a repository for an account": (({**PULL, "Principal": {"AWS": ACCOUNT}},), Proved),
    "a repository denied to all": (
        ({**PULL, "Principal": "*"}, {**PULL, "Effect": "Deny", "Principal": "*"}),
        Proved,
    ),
    "an account": ((allow({"AWS": ACCOUNT}),), Proved),
    "a service": ((allow({"Service": "sns.amazonaws.com"}),), Proved),
    "a canonical user": ((allow({"CanonicalUser": "a" * 64}),), Proved),
    "a provider of identities": ((allow({"Federated": "accounts.google.com"}),), Unknown),
    "all but an account": ((but({"AWS": ACCOUNT}),), Refuted),
    "denied to all but an account": (
        (allow(), but({"AWS": ACCOUNT}, Effect="Deny")),
        Proved,
    ),
    "nothing allowed": ((deny(),), Proved),
    "all denied": ((allow(), deny()), Proved),
    "some denied": ((allow(), deny(Resource="arn:aws:s3:::b/x*")), Refuted),
    "denied to a service only": (
        (allow(), deny(Principal={"Service": "a.amazonaws.com"})),
        Refuted,
    ),
    # organisations
    "an organisation": ((when("StringEquals", "aws:PrincipalOrgID", ORG),), Proved),
    "any organisation": ((when("StringLike", "aws:PrincipalOrgID", "o-*"),), Refuted),
    "denied outside an organisation": (
        (
            allow(),
            deny(
                Resource=["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
                Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG}},
            ),
        ),
        Proved,
    ),
    "a part of an organisation": (
        (when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-ab12/*"),),
        Proved,
    ),
    "all paths of an organisation, or none": (
        (when("ForAllValues:StringLike", "aws:PrincipalOrgPaths", f"{ORG}/r-ab12/*"),),
        Refuted,
    ),
    "the resource's organisation": (
        (when("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"),),
        Unknown,
    ),
    # networks
    "a network": ((when("IpAddress", "aws:SourceIp", "203.0.113.0/24"),), Proved),
    "a wide network": ((when("IpAddress", "aws:SourceIp", "64.0.0.0/7"),), Refuted),
    "all addresses": ((when("IpAddress", "aws:SourceIp", "0.0.0.0/0"),), Refuted),
    "all addresses in pieces": (
        (when("IpAddress", "aws:SourceIp", *(f"{n}.0.0.0/8" for n in range(256))),),
        Refuted,
    ),
    "all but a network": ((when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),), Refuted),
    "no address, or a network": (
        (when("IpAddressIfExists", "aws:SourceIp", "203.0.113.0/24"),),
        Refuted,
    ),
    "an endpoint": ((when("StringEquals", "aws:SourceVpce", "vpce-1a"),), Proved),
    "any endpoint": ((when("StringLike", "aws:SourceVpce", "vpce-*"),), Refuted),
    "an endpoint or none": ((when("StringEqualsIfExists", "aws:SourceVpce", "vpce-1a"),), Refuted),
    "a VPC": ((when("StringEquals", "aws:SourceVpc", "vpc-1a"),), Proved),
    # sources
    "a source's account": ((sent("StringEquals", "aws:SourceAccount", ACCOUNT),), Proved),
    "topics of an account": (
        (sent("ArnLike", "aws:SourceArn", f"arn:aws:sns:*:{ACCOUNT}:*"),),
        Proved,
    ),
    "topics of any account": ((sent("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:t"),), Refuted),
    "a bucket": ((sent("ArnLike", "aws:SourceArn", "arn:aws:s3:::mine"),), Proved),
    "buckets": ((sent("ArnLike", "aws:SourceArn", "arn:aws:s3:*:*:mine*"),), Refuted),
    # keys of services
    "a key's callers": (
        (when("StringEquals", "kms:CallerAccount", ACCOUNT, Action="kms:Decrypt", Resource="*"),),
        Proved,
    ),
    "a key by a service": (
        (
            when(
                "StringEquals",
                "kms:ViaService",
                "s3.us-east-1.amazonaws.com",
                Action="kms:Decrypt",
                Resource="*",
            ),
        ),
        Refuted,
    ),
    # who calls
    "over TLS": ((when("Bool", "aws:SecureTransport", "true"),), Refuted),
    "signed": ((when("Null", "aws:PrincipalArn", "false"),), Refuted),
    "unsigned": ((when("Null", "aws:PrincipalArn", "true"),), Refuted),
    "roles of any account": (
        (when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Deploy*"),),
        Refuted,
    ),
    "roles of an account": (
        (when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/Deploy*"),),
        Proved,
    ),
    "any role": ((when("StringEquals", "aws:PrincipalType", "AssumedRole"),), Refuted),
    "a user's name": ((when("StringEquals", "aws:username", "alice"),), Refuted),
    "sessions of a role's id": (
        (when("StringLike", "aws:userid", "AROAIOSFODNN7EXAMPLF:*"),),
        Proved,
    ),
    "an account by key": ((when("StringEquals", "aws:PrincipalAccount", ACCOUNT),), Proved),
    "all but an account by key": (
        (when("StringNotEquals", "aws:PrincipalAccount", ACCOUNT),),
        Refuted,
    ),
    "some accounts": ((when("StringLike", "aws:PrincipalAccount", "1111*"),), Unknown),
    "a tag": ((when("StringEquals", "aws:PrincipalTag/team", "a"),), Refuted),
    "own folders": ((allow(Resource="arn:aws:s3:::b/${aws:username}/*"),), Refuted),
    "with MFA": ((when("Bool", "aws:MultiFactorAuthPresent", "true"),), Refuted),
    "a source identity": ((when("StringEquals", "aws:SourceIdentity", "x"),), Refuted),
    "any AWS service": ((when("Bool", "aws:PrincipalIsAWSService", "true"),), Unknown),
    "a service by key": (
        (when("StringEquals", "aws:PrincipalServiceName", "cloudtrail.amazonaws.com"),),
        Proved,
    ),
    # an action that AWS's pages list without a resource type
    "an action of no type": ((allow(Action="s3:ListAllMyBuckets"),), Unknown),
    "an action of nobody": ((allow(Action="s3:NoSuchThing"),), Unknown),
    "China": ((allow(Resource="arn:aws-cn:s3:::b/*"),), Refuted),
}


@pytest.mark.parametrize(("statements", "expected"), CASES.values(), ids=CASES)
def test_whether_a_policy_is_public(statements: tuple[dict[str, Any], ...], expected: type) -> None:
    verdict = no_public_access(policy(*statements), NOW).verdict
    assert type(verdict) is expected
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        assert found.decisions["allowed"].effect is DecisionEffect.ALLOWED
        assert ACCOUNT not in found.request.principal


def test_a_pattern_that_may_take_in_colons_does_not_tell_the_account() -> None:
    statement = sent("ArnLike", "aws:SourceArn", f"arn:aws:sns:*:{ACCOUNT}:*")
    assumptions = Assumptions(arn_span=ArnSpan.WHOLE_STRING)
    found = no_public_access(policy(statement), NOW, assumptions)
    assert not isinstance(found.verdict, Proved)


def test_a_policy_without_principals_is_refused() -> None:
    value = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    with pytest.raises(FaultyPolicy):
        no_public_access(AttachedPolicy("p", from_json(value)), NOW)


def test_the_api_takes_documents_and_files(tmp_path: Path) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow()]})
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8")
    assert isinstance(sekisho.no_public_access(path), Refuted)
    parsed = sekisho.parse_policy(text, kind="resource")
    assert isinstance(sekisho.no_public_access(parsed), Refuted)


COMMANDS: dict[str, tuple[tuple[str, ...], int]] = {
    "public": (("FILE",), 3),
    "as JSON": (("FILE", "--format", "json"), 3),
    "not a table": (("FILE", "--format", "sarif"), 64),
    "no policy": ((), 64),
    "another question": (("FILE", "--never", "s3:*"), 64),
    "another option": (("FILE", "--any-value"), 64),
    "no resource-based policy": (("IDENTITY",), 1),
}


@pytest.mark.parametrize(("arguments", "code"), COMMANDS.values(), ids=COMMANDS)
def test_the_command(
    arguments: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    identity = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for name, statement in (("FILE", allow()), ("IDENTITY", identity)):
        value = {"Version": "2012-10-17", "Statement": statement}
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sekisho", "prove", "resource", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert int(end.value.code or 0) == code
    out = capsys.readouterr().out
    assert ("s3:GetObject" in out) is (code == 3)


# A small world: every request of some strangers, against policies of a few parts.

STRANGER = "777766665555"
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"Service": "sns.amazonaws.com"},
    {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", "*"]},
)
CONDITIONS: tuple[dict[str, dict[str, Any]], ...] = (
    {"StringEquals": {"aws:PrincipalOrgID": ORG}},
    {"StringNotEquals": {"aws:PrincipalOrgID": ORG}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}},
    {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    {"Null": {"aws:PrincipalOrgID": "false"}},
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"StringEqualsIfExists": {"aws:PrincipalAccount": ACCOUNT}},
    {"Null": {"aws:PrincipalAccount": "true"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/R*"}},
    {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:*"}},
    {"StringEquals": {"aws:PrincipalType": "User"}},
    {"StringNotEquals": {"aws:PrincipalType": ["User", "AssumedRole"]}},
    {"StringEquals": {"aws:username": "alice"}},
    {"Null": {"aws:username": "true"}},
    {"StringLike": {"aws:userid": "AROA*"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1a"}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1a"}},
    {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1a"}},
    {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t*"}},
    {"ArnNotLikeIfExists": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}},
    {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
    {"StringEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}},
)
RESOURCES = ("*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/a*", "arn:aws:s3:::b/${aws:username}/*")
ACTIONS = ("s3:GetObject", "s3:*", "s3:PutObject")


def _strangers() -> list[tuple[str, dict[str, Any]]]:
    iam = {"aws:PrincipalAccount": STRANGER, "aws:PrincipalIsAWSService": "false"}
    user = f"arn:aws:iam::{STRANGER}:user/alice"
    role = f"arn:aws:iam::{STRANGER}:role/R1"
    session = {"aws:PrincipalArn": role, "aws:PrincipalType": "AssumedRole"}
    one = {**iam, "aws:PrincipalArn": user, "aws:PrincipalType": "User", "aws:username": "alice"}
    found = [
        ("anonymous", {}),
        (user, {**one, "aws:userid": "AIDAIOSFODNN7EXAMPLE"}),
        (
            f"arn:aws:sts::{STRANGER}:assumed-role/R1/s",
            {**iam, **session, "aws:userid": "AROAIOSFODNN7EXAMPLE:s"},
        ),
    ]
    more = [
        (who, {**keys, **extra})
        for who, keys in found[1:]
        for extra in (
            {"aws:PrincipalOrgID": "o-otherother"},
            {"aws:MultiFactorAuthPresent": "true", "aws:PrincipalTag/team": "alice"},
            {"aws:MultiFactorAuthPresent": "false", "aws:PrincipalTag/team": "a"},
        )
    ]
    service = {
        "aws:PrincipalIsAWSService": "true",
        "aws:SourceArn": f"arn:aws:sns:us-east-1:{STRANGER}:t1",
        "aws:SourceAccount": STRANGER,
    }
    return [*found, *more, ("sns.amazonaws.com", service)]


WHO = _strangers()
WHERE: tuple[dict[str, str], ...] = (
    {"aws:SourceIp": "198.51.100.7", "aws:SecureTransport": "true"},
    {"aws:SourceIp": "198.51.100.7", "aws:SecureTransport": "false"},
    {"aws:SourceVpce": "vpce-9z", "aws:SecureTransport": "true"},
)
WHAT = ("arn:aws:s3:::b/a", "arn:aws:s3:::b/alice/x", "arn:aws:s3:::b/z")


def _allowed(attached: AttachedPolicy) -> Request | None:
    """Return a request of this world that the policy allows, deciding every one."""
    for (who, keys), where, what, action in product(WHO, WHERE, WHAT, ACTIONS[::2]):
        context = Context({**keys, **where, "aws:RequestedRegion": "us-east-1"})
        request = Request(who, action, what, context, resource_account=ACCOUNT)
        own = (ALLOW_EVERYTHING,) if who.startswith("arn:") else ()
        decision = decide(request, Policies(identity=own, resource=attached))
        if decision.effect is DecisionEffect.ALLOWED:
            named_service = any("Service" in repr(one.sid) for one in decision.because)
            if not named_service:
                return request
    return None


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(("Allow", "Allow", "Deny")))
    principal = draw(st.sampled_from(PRINCIPALS))
    statement: dict[str, Any] = {
        "Effect": effect,
        "Action": draw(st.sampled_from(ACTIONS)),
        "Resource": draw(st.sampled_from(RESOURCES)),
    }
    by_service = isinstance(principal, dict) and "Service" in principal
    statement["Sid"] = "Service" if by_service else "Other"
    if draw(st.integers(0, 5)) == 0 and not by_service:
        statement["NotPrincipal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    else:
        statement["Principal"] = principal
    chosen = draw(st.lists(st.sampled_from(CONDITIONS), max_size=2))
    blocks: dict[str, dict[str, Any]] = {}
    for block in chosen:
        for operator, keys in block.items():
            blocks.setdefault(operator, {}).update(keys)
    if blocks:
        statement["Condition"] = blocks
    return statement


@given(st.lists(statements(), min_size=1, max_size=3))
def test_no_request_of_a_stranger_refutes_a_proof(written: list[dict[str, Any]]) -> None:
    attached = policy(*({**each, "Sid": f"{each['Sid']}{n}"} for n, each in enumerate(written)))
    verdict = no_public_access(attached, NOW).verdict
    found = _allowed(attached)
    match verdict:
        case Proved():
            assert found is None
        case Refuted(counterexample):
            request = counterexample.request
            own = (ALLOW_EVERYTHING,) if request.principal.startswith("arn:") else ()
            decision = decide(request, Policies(identity=own, resource=attached))
            assert decision.effect is DecisionEffect.ALLOWED
            assert ACCOUNT not in request.principal
        case Unknown():
            pass
