"""Who gets what from two policies with principals: cases as data, and a small world."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sekisho
from cases import cases
from prover.questions import ACCOUNT, NOW
from sekisho.engine import (
    AttachedPolicy,
    Context,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.matching import arns
from sekisho.policy import PolicyKind, from_json
from sekisho.prover import (
    ALLOW_EVERYTHING,
    Refuted,
    Unknown,
    combine_verdicts,
    difference_of_grants,
    no_new_grants,
)

CASES = cases("prover/grants", ["kind", "old", "new", "expected"])
KINDS = {"resource": PolicyKind.RESOURCE, "trust": PolicyKind.TRUST}
OTHER, THIRD, OWNER = "999988887777", "444455556666", "555566667777"


def policy(statements: list[dict[str, Any]], kind: str = "resource") -> AttachedPolicy:
    value = {"Version": "2012-10-17", "Statement": statements}
    return AttachedPolicy("p", from_json(value, kind=KINDS[kind]))


@pytest.mark.parametrize("case", CASES)
def test_what_is_gained_and_lost(case: dict[str, Any]) -> None:
    kind, expected = case["kind"], case["expected"]
    old, new = (policy(case[each], kind) for each in ("old", "new"))
    found, unknown = difference_of_grants(old, new, KINDS[kind], NOW)
    assert not unknown
    gained = combine_verdicts([each.new_access for each in found])
    lost = combine_verdicts([each.lost_access for each in found])
    assert type(gained).__name__ == expected["gained"], gained
    assert type(lost).__name__ == expected["lost"], lost
    alone = no_new_grants(old, new, KINDS[kind], NOW)
    assert type(alone).__name__ == expected["gained"], alone
    if isinstance(gained, Refuted):
        request = gained.counterexample.request
        assert expected.get("principal_has", "") in request.principal
        assert expected.get("action", request.action) == request.action
        before, after = (said(each, request, kind) for each in (old, new))
        allowed = DecisionEffect.ALLOWED
        more = after.effect is allowed and before.effect is not allowed
        denied = DecisionEffect.EXPLICITLY_DENIED
        assert more or (before.effect is denied and after.effect is not denied)


def said(one: AttachedPolicy, request: Request, kind: str = "resource") -> Decision:
    """Return what a policy says by itself: the resource is another account's, which must allow."""
    signed = request.principal.startswith("arn:") and "-provider/" not in request.principal
    own = (ALLOW_EVERYTHING,) if signed else ()
    if kind == "trust":
        return decide(request, Policies(identity=own, trust=one))
    abroad = Request(request.principal, request.action, request.resource, request.context, OWNER)
    return decide(abroad, Policies(identity=own, resource=one))


PRINCIPALS: list[dict[str, Any]] = [
    {"Principal": "*"},
    {"Principal": {"AWS": ACCOUNT}},
    {"Principal": {"AWS": [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{ACCOUNT}:user/alice"]}},
    {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/first"}},
    {"Principal": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/first/bob"}},
    {"Principal": {"Service": "sns.amazonaws.com"}},
    {"Principal": {"Federated": "*"}},
    {"NotPrincipal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT]}},
]
CONDITIONS: list[dict[str, Any]] = [
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/alice"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
    {"StringEquals": {"aws:username": "alice"}},
    {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
]
ACTIONS = ["s3:GetObject", "s3:PutObject"]
SERVICES = ("sns.amazonaws.com", "sqs.amazonaws.com")
STATEMENTS = st.builds(
    lambda effect, principal, action, resource, condition: {
        "Effect": effect if "Principal" in principal else "Deny",
        **principal,
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(PRINCIPALS),
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique=True),
    st.sampled_from(["arn:aws:s3:::b/*", "arn:aws:s3:::b/x"]),
    st.just({}) | st.sampled_from(CONDITIONS),
)
POLICIES = st.lists(STATEMENTS, min_size=1, max_size=2)


def callers() -> Iterator[tuple[str, dict[str, str]]]:
    for account, name in product((ACCOUNT, OTHER, THIRD), ("alice", "carol")):
        arn = f"arn:aws:iam::{account}:user/{name}"
        own = {"aws:PrincipalArn": arn, "aws:username": name, "aws:PrincipalType": "User"}
        for mfa in ("true", "false", ""):
            key = {"aws:MultiFactorAuthPresent": mfa} if mfa else {}
            yield arn, {**own, "aws:PrincipalAccount": account, **key}
    for account, role, session in product((ACCOUNT, OTHER), ("first", "second"), ("bob", "eve")):
        own = {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/{role}"}
        own |= {"aws:PrincipalType": "AssumedRole", "aws:PrincipalAccount": account}
        for mfa in ({}, {"aws:MultiFactorAuthPresent": "false"}):
            yield f"arn:aws:sts::{account}:assumed-role/{role}/{session}", {**own, **mfa}
    yield from ((each, {}) for each in (*SERVICES, "idp.example.com", "anonymous"))


def world(keys: str) -> Iterator[Request]:
    """Yield every request that the policies can tell apart, with the keys that they ask for."""
    for principal, own in callers():
        orgs = ["", "o-a1b2c3d4e5", "o-zzzzzzzzzz"] if own and "OrgID" in keys else [""]
        # users and roles never have it
        called = principal in SERVICES and "SourceAccount" in keys
        sources = ["", ACCOUNT, OTHER] if called else [""]
        for org, source, secure in product(orgs, sources, ("true", "false")):
            context = {**own, "aws:SecureTransport": secure}
            context |= {"aws:PrincipalOrgID": org} if org else {}
            context |= {"aws:SourceAccount": source} if source else {}
            for action, name in product(ACTIONS, ("x", "y")):
                yield Request(principal, action, f"arn:aws:s3:::b/{name}", Context(context))


@settings(max_examples=settings.default.max_examples // 4)  # each is a whole world
@given(POLICIES, POLICIES)
def test_nothing_is_new_if_no_request_of_a_small_world_is(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    old, new = policy(before), policy(after)
    allowed, denied = DecisionEffect.ALLOWED, DecisionEffect.EXPLICITLY_DENIED
    gained = False
    for request in world(json.dumps([before, after])):
        first, second = (said(each, request).effect for each in (old, new))
        gained |= second is allowed and first is not allowed
        gained |= first is denied and second is not denied
    verdict = no_new_grants(old, new, PolicyKind.RESOURCE, NOW)
    assert not isinstance(verdict, Unknown), verdict.reason.en
    assert isinstance(verdict, Refuted) is gained, verdict


def test_the_api_says_who_gets_what(tmp_path: Path) -> None:
    first, second = (
        {**case.values[0], "expected": None}
        for case in CASES
        if case.values[0]["id"] in ("another-account", "trust/mfa-goes")
    )
    for case, kind in ((first, "resource"), (second, "trust")):
        paths = [tmp_path / f"{kind}-{each}.json" for each in ("old", "new")]
        for path, each in zip(paths, ("old", "new"), strict=True):
            value = {"Version": "2012-10-17", "Statement": case[each]}
            path.write_text(json.dumps(value), encoding="utf-8")
        assert isinstance(sekisho.no_new_grants(*paths, kind=kind), Refuted)
        assert sekisho.diff_grants(*paths, kind=kind)
        arn = f"arn:aws:iam::{ACCOUNT}:role/ops"
        if kind == "trust":
            assert isinstance(sekisho.ways_into(paths[1], arn).without_mfa, Refuted)
    assert arns.is_role(arn)
