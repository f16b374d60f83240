"""Every operator has its twin: no value makes conditions come out as no representative does.

Reads `reading.conditions` itself: the values of one key, before any of them is in a request.
"""

import base64
from collections.abc import Iterable
from functools import cache
from itertools import combinations

import pytest

from profiles import sampled
from prover.questions import ALICE, NOW
from sekisho.engine import Assumptions, Context, Request
from sekisho.engine.matching import Caller, CallerKind, Scope, TrackedAssumptions, conditions
from sekisho.policy import Condition, Operator, OperatorName, Quantifier, Version
from sekisho.prover import VersionedCondition
from sekisho.prover.reading.conditions import OperatorFamily, family_of, values_for
from sekisho.prover.solver.limits import Budget

_TEXT = ["", "a", "A", "b", "ab", "Ab", "AB", "abc", "a*", "*", "a?", "zz", "k", "K"]
_ARN = [
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b",
    "arn:aws:s3:r:1:b/x",
    "arn:aws:s3:::",
    "x",
    "arn:aws:s3:::b:c",
    "arn:aws:sns:::b/x",
]
_NUMBER = ["-1", "0", "1", "2", "3", "4", "5", "6", "10", "99"]
_DATE = ["2025-01-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:01Z", "2030-06-01T00:00:00Z", "0"]
_ADDRESS = [
    "9.255.255.255",
    "10.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "11.0.0.0",
    "10.1.2.3",
    "2001:db8::1",
    "2001:db9::",
    "::1",
]
_BINARY = [base64.b64encode(text).decode() for text in (b"a", b"b", b"abc")]

VALUES = {
    OperatorFamily.TEXT: (["ab", "a*", "AB", "*", "a?", "k"], [*_TEXT, *_ARN]),
    OperatorFamily.NUMBER: (["1", "3", "4"], _NUMBER),
    OperatorFamily.DATE: (["2026-01-01", "2030-01-01T00:00:00Z"], _DATE),
    OperatorFamily.BOOLEAN: (["true", "false"], ["true", "false"]),
    OperatorFamily.BINARY: (_BINARY[:2], _BINARY),
    OperatorFamily.ADDRESS: (["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"], _ADDRESS),
}
_ARNS = ["arn:aws:s3:::b/*", "arn:*:s3:::b*", "arn:aws:s3:*:*:b/x", "*", "arn:aws:s3"]


def _constants(name: OperatorName) -> list[str]:
    return _ARNS if name.value.startswith("Arn") else VALUES[family_of(name)][0]


SETTINGS = (
    Assumptions(),
    Assumptions(short_arn_completed=True),
    Assumptions(malformed_arn_matches_negated=False),
    Assumptions(malformed_arn_as_text=True),
)


@cache
def _answers(condition: Condition, value: str) -> tuple[bool, ...]:
    """Return whether a condition holds for a value, in each of the settings.

    Each is asked about together with some hundred others, and never answers otherwise.
    """
    request = Request(ALICE.arn, "iam:GetUser", "*", Context({"k": value}))
    caller = Caller(ALICE.arn, CallerKind.USER)
    return tuple(
        conditions.holds(condition, Scope(request, caller, Version.V2012, TrackedAssumptions(each)))
        for each in SETTINGS
    )


def _seen(asked: list[VersionedCondition], values: Iterable[str]) -> set[tuple[int, object]]:
    """Return how conditions come out together for any of the values, with the setting's place."""
    return {
        (place, together)
        for value in values
        for place, together in enumerate(
            zip(*(_answers(each.condition, value) for each in asked), strict=True)
        )
    }


OPERATORS = [name for name in OperatorName if name is not OperatorName.NULL]


@pytest.mark.parametrize("name", OPERATORS, ids=lambda name: name.value)
def test_an_operator_alone_and_with_another_of_its_kind(name: OperatorName) -> None:
    family = family_of(name)
    for other in (one for one in OPERATORS if family_of(one) is family):
        for first in _constants(name):
            pairs = sampled(combinations(_constants(other), 2), every=3)
            for pair in [*pairs, (_constants(other)[0],)]:
                asked = [
                    VersionedCondition(Condition(Operator(name), "k", (first,)), Version.V2012),
                    VersionedCondition(Condition(Operator(other), "k", tuple(pair)), Version.V2012),
                ]
                values, exact = values_for(asked, Context(), NOW, Budget())
                assert exact
                assert _seen(asked, VALUES[family][1]) <= _seen(asked, values)


def test_two_types_on_one_key_are_not_all_told_apart() -> None:
    asked = [
        VersionedCondition(
            Condition(Operator(OperatorName.NUMERIC_EQUALS), "k", ("5",)), Version.V2012
        ),
        VersionedCondition(
            Condition(Operator(OperatorName.STRING_EQUALS), "k", ("5",)), Version.V2012
        ),
    ]
    assert not values_for(asked, Context(), NOW, Budget())[1]


TWINS = {
    OperatorFamily.TEXT: "StringEquals StringNotEquals StringEqualsIgnoreCase "
    "StringNotEqualsIgnoreCase "
    "StringLike StringNotLike ArnEquals ArnNotEquals ArnLike ArnNotLike",
    OperatorFamily.NUMBER: "NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals "
    "NumericGreaterThan NumericGreaterThanEquals",
    OperatorFamily.DATE: "DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan "
    "DateGreaterThanEquals",
    OperatorFamily.BOOLEAN: "Bool",
    OperatorFamily.BINARY: "BinaryEquals",
    OperatorFamily.ADDRESS: "IpAddress NotIpAddress",
    OperatorFamily.PRESENCE: "Null",
}
"""Each operator of the engine by what the prover splits its values by: a new one fails here."""


def test_every_operator_of_the_engine_has_its_twin() -> None:
    paired = {
        OperatorName(name): family for family, names in TWINS.items() for name in names.split()
    }
    assert set(paired) == set(OperatorName)
    assert {name: family_of(name) for name in OperatorName} == paired
    assert {quantifier.value for quantifier in Quantifier} == {"", "ForAnyValue", "ForAllValues"}
