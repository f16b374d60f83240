"""Keys that tell the same, or parts of the same: no verdict rests on a request that mixes them."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import cases
from prover.aws_requests import faults_of
from prover.questions import ALICE, NOW, allowing, context_of, identity
from sekisho.engine import Assumptions, CatalogueComplete, Context, ContextValue, Request
from sekisho.prover import (
    CallerCredential,
    Proved,
    Question,
    Refuted,
    Verdict,
    policy_difference,
    prove_none,
)

COMPLETE = Assumptions(catalogue_complete=CatalogueComplete.YES)
HERE, AWAY = "111122223333", "444455556666"
OWN = ("o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/ou-ab12-1/")
OTHER = ("o-z9y8x7w6v5", "o-z9y8x7w6v5/r-cd34/")
INSTANCE = f"arn:aws:ec2:us-east-1:{HERE}:instance/i-1"
REQUESTS = {
    "ec2:StopInstances": (INSTANCE, INSTANCE.replace(HERE, AWAY)),
    "ec2:CreateTags": (INSTANCE,),
    "ec2:DescribeInstances": ("*",),
    "s3:GetObject": ("arn:aws:s3:::b/x",),
    "s3:ListAllMyBuckets": ("*",),
    "kms:Decrypt": (f"arn:aws:kms:us-east-1:{HERE}:key/k", f"arn:aws:kms:us-east-1:{AWAY}:key/k"),
    "iam:TagUser": (f"arn:aws:iam::{HERE}:user/bob",),
}
"""Actions, and what they are about."""
DIRECT = (CallerCredential.KEY, CallerCredential.SESSION)
VIA = (CallerCredential.KEY_VIA_SERVICE, CallerCredential.SESSION_VIA_SERVICE)

VALUES: dict[str, list[str]] = {
    "ec2:Region": ["us-east-1", "eu-west-1", "eu-*", "${aws:RequestedRegion}"],
    "aws:RequestedRegion": ["us-east-1", "eu-west-1", "*-1", "${ec2:Region}"],
    "kms:CallerAccount": [HERE, AWAY, "4*", "${aws:PrincipalAccount}"],
    "s3:ResourceAccount": [HERE, AWAY, "${aws:ResourceAccount}"],
    "aws:ResourceAccount": [HERE, AWAY, "${s3:ResourceAccount}", "${kms:CallerAccount}"],
    "aws:PrincipalAccount": [HERE, "${kms:CallerAccount}"],
    "aws:PrincipalOrgID": [OWN[0], OTHER[0], "o-z*", "*"],
    "aws:ResourceOrgID": [OWN[0], OTHER[0], "${aws:PrincipalOrgID}"],
    "aws:RequestTag/team": ["red", "blue", "${aws:PrincipalTag/team}"],
    "aws:ResourceTag/team": ["red", "blue", "${ec2:ResourceTag/team}"],
    "ec2:ResourceTag/team": ["red", "r*", "${aws:PrincipalTag/team}"],
    "iam:ResourceTag/team": ["red", "${aws:ResourceTag/team}"],
    "aws:PrincipalTag/team": ["red", "blue"],
    "aws:SourceVpc": ["vpc-1", "vpc-2", "vpc-*"],
    "aws:SourceVpcArn": [f"arn:aws:ec2:us-east-1:{HERE}:vpc/vpc-1", "arn:aws:ec2:*:*:vpc/*2"],
    "aws:CalledViaFirst": ["athena.amazonaws.com", "bob", "a*"],
    "aws:CalledViaLast": ["athena.amazonaws.com", "s3.amazonaws.com"],
    "kms:ViaService": ["s3.us-east-1.amazonaws.com", "s3.*", "x"],
    "aws:SourceAccount": [HERE],
    "aws:ViaAWSService": ["true", "false"],
}
LISTS: dict[str, list[str]] = {
    "aws:PrincipalOrgPaths": [OWN[1], f"{OTHER[0]}/*", "*/r-ab12/*"],
    "aws:ResourceOrgPaths": [OWN[1], "o-*/r-cd34/*"],
    "aws:TagKeys": ["team", "Team", "dept", "t*"],
    "aws:CalledVia": ["athena.amazonaws.com", "*.amazonaws.com", "bob"],
}
OPERATORS = [
    *("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"),
    *("StringEqualsIfExists", "StringNotLikeIfExists", "StringEqualsIgnoreCase", "Null"),
]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a condition on keys that are tied to others."""
    found: dict[str, dict[str, Any]] = {}
    for key in draw(st.lists(st.sampled_from([*VALUES, *LISTS]), min_size=1, max_size=3)):
        operator = draw(st.sampled_from(OPERATORS))
        values = draw(st.lists(st.sampled_from((VALUES | LISTS)[key]), min_size=1, max_size=2))
        if operator == "Null":
            values = [draw(st.sampled_from(["true", "false"]))]
        elif key in LISTS:
            operator = f"{draw(st.sampled_from(['ForAnyValue', 'ForAllValues']))}:{operator}"
        found.setdefault(operator, {})[key] = values
    return found


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw an Allow, and maybe a Deny, with such conditions."""
    entries = st.lists(
        st.sampled_from([*REQUESTS, "ec2:*Tags", "s3:*"]), min_size=1, max_size=3, unique=True
    )
    statements = []
    for effect in ("Allow", *draw(st.lists(st.just("Deny"), max_size=1))):
        statement = {"Effect": effect, "Action": draw(entries), "Resource": "*"}
        statements.append({**statement, "Condition": draw(conditions())})
    return statements


def _requests(credential: CallerCredential, chance: random.Random) -> Iterator[Request]:
    """Yield requests without end as AWS puts them together."""
    base = context_of(credential)
    while True:
        action = chance.choice([*REQUESTS])
        resource = chance.choice(REQUESTS[action])
        service = action.partition(":")[0]
        found = {**_whole(action, resource, chance), **_from(chance)}
        if not credential.direct:
            found |= _between(service, chance)
        request = Request(ALICE.arn, action, resource, Context({**base, **found}))
        assert faults_of(request, direct=credential.direct) == [], request
        yield request


def _whole(action: str, resource: str, chance: random.Random) -> dict[str, ContextValue]:
    """Return the keys of what is asked."""
    service = action.partition(":")[0]
    region = "us-east-1" if service == "iam" else chance.choice(["us-east-1", "eu-west-1"])
    owner = HERE if ":" not in resource else resource.split(":")[4] or HERE
    found: dict[str, ContextValue] = {"aws:RequestedRegion": region}
    found |= {"ec2:Region": region} if service == "ec2" else {}
    found |= {"kms:CallerAccount": HERE} if service == "kms" else {}
    if resource != "*":
        found["aws:ResourceAccount"] = owner
        found |= {"s3:ResourceAccount": owner} if service == "s3" else {}
        tag = chance.choice([None, "red", "blue", "green"])
        if tag and service in ("ec2", "iam"):
            found |= {"aws:ResourceTag/team": tag, f"{service}:ResourceTag/team": tag}
    if (own := chance.choice([None, "red", "blue"])) is not None:
        found["aws:PrincipalTag/team"] = own
    if action in ("ec2:CreateTags", "iam:TagUser"):
        found |= _tags(chance)
    return {**found, **_organisations(owner if resource != "*" else "", chance)}


def _organisations(owner: str, chance: random.Random) -> dict[str, ContextValue]:
    """Return the keys of the organisations of the caller and of whom the resource is."""
    found: dict[str, ContextValue] = {}
    mine = chance.choice([None, OWN, OTHER])
    if mine:
        found |= {"aws:PrincipalOrgID": mine[0], "aws:PrincipalOrgPaths": (mine[1],)}
    theirs = mine if owner == HERE else chance.choice([None, OWN, OTHER])
    if owner and theirs and chance.random() < 0.7:
        found |= {"aws:ResourceOrgID": theirs[0], "aws:ResourceOrgPaths": (theirs[1],)}
    return found


def _tags(chance: random.Random) -> dict[str, ContextValue]:
    """Return the keys of the tags in a call; one that takes them away has no values."""
    key = chance.choice(["team", "Team"])
    ways: list[dict[str, ContextValue]] = [
        {"aws:TagKeys": ("dept",)},
        {"aws:TagKeys": (key,), f"aws:RequestTag/{key}": chance.choice(["red", "blue"])},
        {"aws:TagKeys": (key, "dept"), f"aws:RequestTag/{key}": "green"},
    ]
    return chance.choice(ways)


def _from(chance: random.Random) -> dict[str, ContextValue]:
    """Return the keys of where a request is from."""
    if chance.random() < 0.5:
        return {"aws:SourceIp": "203.0.113.9"}
    vpc = chance.choice(["vpc-1", "vpc-2"])
    arn = {"aws:SourceVpcArn": f"arn:aws:ec2:us-east-1:{HERE}:vpc/{vpc}"}
    through = {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": vpc, "aws:VpcSourceIp": "10.0.0.9"}
    return {**through, **(arn if chance.random() < 0.5 else {})}


def _between(service: str, chance: random.Random) -> dict[str, ContextValue]:
    """Return the keys of a service that calls on the user's behalf."""
    names = [f"{name}.amazonaws.com" for name in ("athena", "s3", "cloudformation")]
    chain = tuple(chance.sample(names, chance.randint(0, 2)))
    found: dict[str, ContextValue] = {}
    if chain:
        ends = {"aws:CalledViaFirst": chain[0], "aws:CalledViaLast": chain[-1]}
        found |= {"aws:CalledVia": chain, **ends}
    if service == "kms" and chance.random() < 0.5:
        found["kms:ViaService"] = "s3.us-east-1.amazonaws.com"
    return found


def asked(statements: list[dict[str, Any]], credential: CallerCredential) -> Verdict:
    question = Question(ALICE, NOW, (credential,), allowed=identity(*statements))
    return prove_none(question.in_catalogue)


@given(policies(), st.sampled_from([*DIRECT, *VIA]), st.integers(0, 2**32))
def test_policies_at_random(
    statements: list[dict[str, Any]], credential: CallerCredential, seed: int
) -> None:
    verdict = asked(statements, credential)
    if isinstance(verdict, Refuted):
        request = verdict.counterexample.request
        assert faults_of(request, direct=credential.direct) == [], request
        return
    allows = allowing(identity(*statements))
    requests = _requests(credential, random.Random(seed))  # noqa: S311 - examples, not secrets
    for _ in range(150 if isinstance(verdict, Proved) else 0):
        request = next(requests)
        assert not allows(request), request


@settings(max_examples=max(10, settings.default.max_examples // 10))  # a list asks many times
@given(policies(), policies())
def test_differences_at_random(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    found = policy_difference(identity(*old), identity(*new), ALICE, NOW, COMPLETE)
    for side in (found.only_in_old, found.only_in_new):
        for item in getattr(side, "items", ()):
            request = item.counterexample.request
            direct = item.counterexample.credential.direct
            assert faults_of(request, direct=direct) == [], request


@pytest.mark.parametrize("case", cases("prover/tied", ["statements", "expected"], ["calls"]))
def test_the_corpus(case: dict[str, Any]) -> None:
    ways = VIA if case.get("calls") == "service" else DIRECT
    question = Question(ALICE, NOW, ways, allowed=identity(*case["statements"]))
    # which keys are tied to an action that the catalogue does not know is not known
    verdict = prove_none(question.in_catalogue)
    assert type(verdict).__name__ == case["expected"]
    if isinstance(verdict, Refuted):
        counterexample = verdict.counterexample
        direct = counterexample.credential.direct
        assert faults_of(counterexample.request, direct=direct) == []
