"""Tags that conditions compare with each other: a small world of texts is asked wholly."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.questions import (
    ALICE,
    ALLOW_ALL,
    NOW,
    WITHOUT_MFA,
    allowing,
    context_of,
    identity,
    limit_steps,
)
from sekisho.engine import ContextValue, Policies, Request
from sekisho.prover import (
    Proved,
    Refuted,
    enforcement_question,
    prove_enforcement,
    prove_none,
)

A, B, C, R = "aws:PrincipalTag/a", "aws:PrincipalTag/b", "s3:prefix", "aws:ResourceTag/r"
READ = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
TEXTS = (None, *("", "x", "y*", "alice"), *("y1", "y2", "y3"), *("p", "q", "r"))
"""Texts for each key: those that conditions name, as many others as there are keys, or none."""
_VALUES = (
    *("x", "y*", "${aws:PrincipalTag/a}", "${aws:PrincipalTag/b}", "${aws:PrincipalTag/b, 'x'}"),
    *("${s3:prefix}", "${AWS:principaltag/A, ''}", "${aws:username}"),
)
_OPERATORS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotEqualsIfExists", "Null")


def _condition(operator: str, key: str, values: list[str]) -> dict[str, Any]:
    return {operator: {key: ["true"] if operator == "Null" else values}}


_CONDITIONS = st.builds(
    _condition,
    st.sampled_from(_OPERATORS),
    st.sampled_from([A, B, C]),
    st.lists(st.sampled_from(_VALUES), min_size=1, max_size=2),
)


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for operator, of in part.items():
            found.setdefault(operator, {}).update(of)
    return found


_STATEMENTS = st.builds(
    lambda effect, parts: {**READ, "Effect": effect, "Condition": joined(parts)},
    st.sampled_from(["Allow", "Deny"]),
    st.lists(_CONDITIONS, min_size=1, max_size=2),
)


def world(*keys: str) -> Iterator[Request]:
    made = map(context_of, WITHOUT_MFA)
    for context, values in product(made, product(TEXTS, repeat=len(keys))):
        tags: dict[str, ContextValue] = {
            key: text for key, text in zip(keys, values, strict=True) if text is not None
        }
        yield Request(ALICE.arn, READ["Action"], READ["Resource"], context.with_(tags))


@given(st.lists(_STATEMENTS, min_size=1, max_size=3), st.booleans())
def test_the_verdict_is_what_the_small_world_says(
    statements: list[dict[str, Any]], allowed: bool
) -> None:
    policies = identity(*([READ] if allowed else []), *statements)
    passes = any(map(allowing(policies), world(A, B, C)))
    verdict = prove_none(enforcement_question(policies, ALICE, NOW, ()))
    assert type(verdict) is (Refuted if passes else Proved), verdict


def denying(*conditions: dict[str, Any]) -> Policies:
    return identity(
        ALLOW_ALL, *({**ALLOW_ALL, "Effect": "Deny", "Condition": c} for c in conditions)
    )


def unlike(key: str, *values: str) -> dict[str, Any]:
    return {"StringNotEquals": {key: list(values)}}


def like(key: str, *values: str) -> dict[str, Any]:
    return {"StringEquals": {key: list(values)}}


def tags(names: str) -> list[str]:
    return [f"aws:PrincipalTag/{name}" for name in names]


def chain(names: str, *last: dict[str, Any]) -> Policies:
    """Deny whatever has not all tags alike."""
    pairs = zip(tags(names), tags(names[1:]), strict=False)
    return denying(*(unlike(one, f"${{{other}}}") for one, other in pairs), *last)


THERE = {"Null": {A: "true"}}
CASES: dict[str, tuple[Policies, type]] = {
    "two tags and a default": (
        denying(unlike(A, "${aws:PrincipalTag/b, 'x'}"), like(A, "x")),
        Refuted,
    ),
    "a default and no other text": (
        denying(unlike(A, "${aws:PrincipalTag/b, 'x'}"), like(A, "x"), {"Null": {B: "false"}}),
        Proved,
    ),
    "three tags alike": (chain("abc", like(A, "x")), Refuted),
    "three tags alike, the last one not": (
        chain("abc", like(A, "x"), unlike(tags("c")[0], "x")),
        Proved,
    ),
    "five tags alike": (chain("abcde", like(A, "x"), unlike(tags("e")[0], "x")), Proved),
    "a ring": (
        identity(
            ALLOW_ALL,
            {**ALLOW_ALL, "Effect": "Deny", "Condition": like(A, "${aws:PrincipalTag/b}")},
            {**ALLOW_ALL, "Effect": "Deny", "Condition": unlike(A, "${aws:PrincipalTag/b}")},
        ),
        Proved,
    ),
    "the tag of the resource": (
        denying(unlike(R, "${aws:PrincipalTag/r}"), {"Null": {R: "true"}}),
        Refuted,
    ),
    "the resource's and a service's own key of its tag": (
        denying(
            unlike(R, "${aws:PrincipalTag/r}"),
            like("ec2:ResourceTag/r", "${aws:PrincipalTag/r}"),
            {"Null": {"ec2:ResourceTag/r": "true"}},
        ),
        Proved,
    ),
    "a text that only one can have": (
        denying(unlike(A, "x"), unlike(B, "x"), like(A, "${aws:PrincipalTag/b}")),
        Proved,
    ),
    "the user's name is a tag": (denying(unlike("aws:username", "${aws:PrincipalTag/a}")), Refuted),
    "the user's name is a tag, and another text": (
        denying(unlike("aws:username", "${aws:PrincipalTag/a}"), unlike(A, "x")),
        Proved,
    ),
    "a tag in the resource": (
        identity(
            {**READ, "Resource": "arn:aws:s3:::${aws:PrincipalTag/b, 'x'}"},
            {**ALLOW_ALL, "Effect": "Deny", "Condition": unlike(A, "${aws:PrincipalTag/b, 'x'}")},
            {**ALLOW_ALL, "Effect": "Deny", "Condition": like(A, "x")},
        ),
        Refuted,
    ),
    "a tag in the resource, and one of two texts": (
        identity(
            {**READ, "Resource": "arn:aws:s3:::${aws:PrincipalTag/b}"},
            {**ALLOW_ALL, "Effect": "Deny", "Condition": unlike(A, "${aws:PrincipalTag/b}")},
            {**ALLOW_ALL, "Effect": "Deny", "Condition": unlike(A, "x")},
            {**READ, "Effect": "Deny", "Resource": "arn:aws:s3:::x"},
        ),
        Proved,
    ),
    "several variables in a list": (
        denying(unlike(A, "${aws:PrincipalTag/b}", "${aws:PrincipalTag/c}"), THERE, like(A, "x")),
        Refuted,
    ),
}


@pytest.mark.parametrize(("policies", "expected"), CASES.values(), ids=list(CASES))
def test_equal_tags(policies: Policies, expected: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it takes few steps."""
    limit_steps(monkeypatch, 1_000_000)
    verdict = prove_enforcement(policies, ALICE, NOW, ()).direct
    assert type(verdict) is expected, verdict
