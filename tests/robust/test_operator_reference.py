"""Every operator in every form, over a grid of values, against the independent reference."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from robust.operator_reference import MODIFIERS, NEGATED, OPERATORS, Asked, holds
from sekisho.engine import (
    AttachedPolicy,
    Context,
    Decider,
    DecisionEffect,
    Engine,
    Policies,
    Request,
)
from sekisho.engine.compiled import CompiledDecider
from sekisho.policy import from_json

PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"
KEY = "ex:Key"
VALUES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "String": (
        ("alpha", "ALPHA", "al*", "a?pha", "*", "日本\n語", "alphabet"),
        ("", " alpha", "al*"),
    ),
    "Numeric": (("10", "10.0", "9.99", "-3", "0", "100000000000000000001"), ("ten", "", "NaN")),
    "Date": (
        ("2024-01-01T00:00:00Z", "1704067200", "2024-01-01T09:00:00+09:00", "2023-12-31"),
        ("not-a-date", "", "2024-13-01T00:00:00Z", "2024-02-30"),
    ),
    "Bool": (("true", "false", "TRUE", "False"), ("yes", "", "1")),
    "Binary": (("QmluYXJ5", "QmluYXJ6", "AA=="), ("not base64!", "QmluYXJ")),
    "Ip": (
        ("203.0.113.9", "203.0.113.9/32", "203.0.113.0/24", "2001:db8::/32", "2001:DB8:0::1",
         "0.0.0.0/0", "::/0"),
        ("203.0.113.0/33", "somewhere", "", "203.0.113"),
    ),
    "Arn": (
        ("arn:aws:iam::111122223333:user/alice", "arn:aws:iam::*:user/*",
         "arn:*:iam::1111????3333:user/alice", "arn:aws:s3:::bucket/a:b:c", "arn:*:*:*:*:*",
         "arn:aws:iam::111122223333:user/ALICE", "arn:aws:*:*:user/alice"),
        ("*", "arn:aws:iam", ""),
    ),
    "Null": (("true", "false"), ("yes",)),
}  # fmt: skip # one family a row
"""By family of operators: values that can be read, and values that cannot (or look odd)."""


def _family(operator: str) -> str:
    return next(name for name in VALUES if name in operator)


def _policies(family: str) -> Iterator[tuple[str, ...]]:
    good, bad = VALUES[family]
    yield ()
    yield from ((each,) for each in (*good, *bad))
    yield good[:2]
    yield good[-2:]
    yield (bad[0], good[0])
    yield (good[1], bad[0])


def _requests(family: str) -> Iterator[Asked]:
    good, bad = VALUES[family]
    yield None
    yield ()
    yield from (*good, *bad)
    yield from ((each,) for each in (*good, *bad))
    yield good[:2]
    yield good[-2:]
    yield good
    yield (bad[0], good[0])
    yield (good[0], bad[0])


def _written(operator: str, modifier: str) -> str:
    return (
        modifier.replace("…", operator)
        if "…" in modifier
        else (f"{modifier}{operator}" if modifier.endswith(":") else f"{operator}{modifier}")
    )


def _policy(written: str, patterns: tuple[str, ...]) -> Policies:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {written: {KEY: list(patterns)}},
    }
    document = from_json({"Version": "2012-10-17", "Statement": [statement]}, source="grid")
    return Policies(identity=(AttachedPolicy("grid", document),))


def _answer(decider: Decider, policies: Policies, asked: Asked) -> bool:
    context = Context({} if asked is None else {KEY: asked})
    request = Request("arn:aws:iam::111122223333:user/alice", "iam:GetUser", "*", context)
    return decider.decide(request, policies).effect is DecisionEffect.ALLOWED


FORMS = [
    (operator, modifier)
    for operator, modifier in product(OPERATORS, MODIFIERS)
    if not (operator == "Null" and "IfExists" in modifier)
]


@pytest.mark.parametrize("decider", [Engine(), CompiledDecider()], ids=["plain", "compiled"])
@pytest.mark.parametrize(("operator", "modifier"), FORMS, ids=[_written(*form) for form in FORMS])
def test_the_engine_equals_the_reference(operator: str, modifier: str, decider: Decider) -> None:
    family = _family(operator)
    different = []
    for patterns in _policies(family):
        policies = _policy(_written(operator, modifier), patterns)
        for asked in _requests(family):
            expected = holds(operator, modifier, asked, patterns)
            if expected is not None and _answer(decider, policies, asked) is not expected:
                different.append((patterns, asked, expected))
    assert not different


def test_the_grid_is_as_large_as_the_page_says() -> None:
    said = [
        holds(operator, modifier, asked, patterns)
        for operator, modifier in FORMS
        for patterns in _policies(_family(operator))
        for asked in _requests(_family(operator))
    ]
    assert f"{len(said):,} cases, {said.count(None):,} of them" in PAGE.read_text("utf-8")


def test_every_negated_operator_has_a_positive_one() -> None:
    assert set(NEGATED) | set(NEGATED.values()) <= set(OPERATORS)
