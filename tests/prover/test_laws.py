"""Proved ⇒ no request passes; Refuted ⇒ one does. Small worlds are asked wholly, others sampled.

The worlds are asked of the engine, request by request; nothing of the prover's reading is used.
"""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.questions import ALICE, NOW, WITHOUT_MFA, attached, identity, requests
from sekisho.engine import Context, DecisionEffect, Policies, Request, decide
from sekisho.engine.compiled import Compiler
from sekisho.policy import Document
from sekisho.prover import Proved, Refuted, Unknown, gate_shut
from sekisho.prover.credentials import situations

NAMES = ["iam:GetUser", "iam:ListUsers", "s3:GetObject", "s3:ListBucket"]
ARNS = [
    "*",
    ALICE.arn,
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/alice",
    "arn:aws:s3:::c/x",
    "arn:aws:s3:::b",
    "arn:aws:s3:::c",
]
OF: dict[str, tuple[str, ...]] = {
    "iam:GetUser": (ARNS[1], ARNS[2]),
    "iam:ListUsers": ("*",),
    "s3:GetObject": tuple(ARNS[3:6]),
    "s3:ListBucket": tuple(ARNS[6:]),
}
"""The resources that each action is checked against."""

VALUES: dict[str, list[str | tuple[str, ...] | None]] = {
    "aws:SourceIp": [None, "10.1.2.3", "203.0.113.9"],
    "aws:PrincipalTag/t": [None, "a", "alice", "x"],
    "s3:max-keys": [None, "4", "5", "6"],
    "aws:TagKeys": [None, ("a",), ("b",), ("a", "b")],
    "aws:SecureTransport": ["true", "false"],
}
MFA = "aws:MultiFactorAuthPresent"
CONDITIONS = [
    {"Bool": {MFA: "false"}},
    {"Bool": {MFA: "true"}},
    {"BoolIfExists": {MFA: "false"}},
    {"BoolIfExists": {MFA: "true"}},
    {"Null": {MFA: "true"}},
    {"StringNotEquals": {MFA: "true"}},
    {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "60"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalTag/t": ["a", "${aws:username}"]}},
    {"StringLikeIfExists": {"aws:PrincipalTag/t": "a*"}},
    {"StringNotLike": {"aws:PrincipalTag/t": "a*"}},
    {"NumericLessThan": {"s3:max-keys": "5"}},
    {"NumericGreaterThanEqualsIfExists": {"s3:max-keys": "5"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["a*", "b"]}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringEquals": {"aws:username": "alice"}},
    {"Null": {"aws:TokenIssueTime": "true"}},
]
ENTRIES = {
    "Action": ["*", "iam:*", "iam:Get*", "s3:GetObject", "*:List*", "iam:ListUsers"],
    "Resource": [
        "*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::*/${aws:username}",
        "arn:aws:s3:::c*",
        "arn:aws:iam::111122223333:*",
    ],
}


def _entries(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    values = st.lists(st.sampled_from(ENTRIES[kind]), min_size=1, max_size=2, unique=True)
    return st.tuples(st.sampled_from([kind, f"Not{kind}"]), values).map(lambda each: dict([each]))


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for operator, keys in part.items():
            found[operator] = {**found.get(operator, {}), **keys}
    return {"Condition": found} if found else {}


STATEMENTS = st.builds(
    lambda effect, action, resource, parts: {
        "Effect": effect,
        **action,
        **resource,
        **_joined(parts),
    },
    st.sampled_from(["Allow", "Deny"]),
    _entries("Action"),
    _entries("Resource"),
    st.lists(st.sampled_from(CONDITIONS), max_size=2, unique_by=str),
)
POLICIES = st.lists(STATEMENTS, min_size=1, max_size=3)


def world(keys: set[str]) -> Iterator[Request]:
    """Yield every request of the small world without MFA, with the keys that matter."""
    names = [key for key in VALUES if key.lower() in keys]
    for situation in situations(ALICE, NOW, WITHOUT_MFA):
        for values in product(*(VALUES[name] for name in names)):
            given_ = {k: v for k, v in zip(names, values, strict=True) if v is not None}
            context = situation.values.with_(given_)
            for name in NAMES:
                for resource in OF[name]:
                    yield Request(ALICE.arn, name, resource, context)


def keys_of(documents: list[Document]) -> set[str]:
    return {
        condition.key.lower()
        for document in documents
        for statement in document.statements
        for condition in statement.conditions
    }


def documents_of(policies: Policies) -> list[Document]:
    return [policy.document for policy in (*policies.identity, *(policies.boundaries or ()))]


def passes(policies: Policies) -> Request | None:
    """Return a request of the small world that passes, or None."""
    ask = Compiler().compiled(policies)
    keys = keys_of(documents_of(policies))
    return next((one for one in world(keys) if ask(one).effect is DecisionEffect.ALLOWED), None)


@given(POLICIES, st.one_of(st.none(), POLICIES))
def test_a_small_world_has_no_request_that_a_proof_denies(
    statements: list[dict[str, Any]], bounded: list[dict[str, Any]] | None
) -> None:
    boundaries = None if bounded is None else (attached(*bounded, name="boundary"),)
    policies = Policies(identity=identity(*statements).identity, boundaries=boundaries)
    verdict = gate_shut(policies, ALICE, NOW, ()).direct
    match verdict:
        case Proved():
            assert passes(policies) is None
        case Refuted(witness):
            assert decide(witness.request, policies).effect is DecisionEffect.ALLOWED
            assert witness.held in WITHOUT_MFA
            assert witness.request.context.get(MFA) in (None, "false")
        case Unknown():
            pytest.fail(f"nothing here is beyond the prover: {verdict.reason}")


@given(POLICIES)
def test_where_the_world_is_all_there_is_the_verdict_is_what_the_world_says(
    statements: list[dict[str, Any]],
) -> None:
    """Everything is denied but one action, and every resource of it is in the world."""
    fence = {"Effect": "Deny", "NotAction": ["iam:ListUsers"], "Resource": "*"}
    policies = identity(*statements, fence)
    verdict = gate_shut(policies, ALICE, NOW, ()).direct
    assert isinstance(verdict, Proved) is (passes(policies) is None)


@pytest.mark.parametrize("seed", range(4))
def test_a_proved_gate_withstands_samples_near_its_constants(seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - samples, no secrets
    gate = {
        "Effect": "Deny",
        "NotAction": "iam:GetUser",
        "Resource": "*",
        "Condition": {"BoolIfExists": {MFA: "false"}},
    }
    statements = [
        {
            "Effect": "Allow",
            "Action": random_.choice(ENTRIES["Action"]),
            "Resource": random_.choice(ENTRIES["Resource"]),
            "Condition": random_.choice(CONDITIONS),
        }
        for _ in range(4)
    ]
    policies = identity(gate, *statements)
    assert gate_shut(policies, ALICE, NOW, ("iam:GetUser",)).direct == Proved()
    ask = Compiler().compiled(policies)
    for held in WITHOUT_MFA:
        sampled = requests(policies, NAMES[1:], ARNS, held, random_)
        for _, request in zip(range(2_000), sampled, strict=False):
            assert ask(request).effect is not DecisionEffect.ALLOWED


def test_a_sample_can_pass_at_all() -> None:
    policies = identity({"Effect": "Allow", "Action": "*", "Resource": "*"})
    sampled = requests(policies, NAMES, ARNS, WITHOUT_MFA[0], random.Random(0))  # noqa: S311 - samples, no secrets
    assert decide(next(sampled), policies).effect is DecisionEffect.ALLOWED
    assert isinstance(next(sampled).context, Context)
