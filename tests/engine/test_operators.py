"""The engine's operators and the reference, compared over a grid of operators and values."""

import itertools

import pytest

from engine import reference
from engine.asking import condition_holds
from sekisho.engine.matching import conditions
from sekisho.policy import OperatorName

TEXTS = ["", "a", "A", "ab", "a*", "*", "?b", "営業"]
NUMBERS = ["0", "10", "10.0", "-0.5", "1e1", "9007199254740993", "9007199254740992", "x", "NaN"]
DATES = [
    "2024",
    "2024-01",
    "2024-02-29",
    "2023-02-29",
    "2024-01-01T00:00Z",
    "2024-01-01T09:00:00+09:00",
    "2024-01-01T00:00:00.5Z",
    "2024-01-01T00:00:00",
    "2024-01-01 00:00:00Z",
    "1704067200",
    "1704067200.5",
    "-1",
    "soon",
]
BOOLEANS = ["true", "false", "TRUE", "yes", ""]
BINARIES = ["QUJD", "QUJE", "qujd", "QQ==", "QQ=", "*", ""]
ADDRESSES = [
    "203.0.113.9",
    "203.0.113.0/24",
    "203.0.113.9/24",
    "0.0.0.0/0",
    "10.0.0.0/33",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/",
    "2001:db8::1",
    "2001:DB8:0:0::1",
    "2001:db8::/32",
    "::ffff:203.0.113.9",
    "fe80::1%eth0",
    "300.1.1.1",
    "010.0.0.1",
]
ARNS = [
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/Alice",
    "arn:aws:iam::*:user/*",
    "arn:*:iam::*:user/alic?",
    "arn:aws:logs:eu-west-1:111122223333:log-group:a:b",
    "arn:aws:*:log-group:*",
    "*",
    "alice",
]
GRID = {
    "String": TEXTS,
    "Numeric": NUMBERS,
    "Date": DATES,
    "Bool": BOOLEANS,
    "Binary": BINARIES,
    "Ip": ADDRESSES,
    "NotIp": ADDRESSES,
    "Arn": ARNS,
    "Null": BOOLEANS,
}


def _values(name: str) -> list[str]:
    return next(values for prefix, values in GRID.items() if name.startswith(prefix))


def test_both_know_the_same_operators() -> None:
    names = {name.value for name in OperatorName}
    assert set(reference.NAMES) == names
    assert {name.value for name in {*conditions.COMPARISONS, *conditions.NEGATIONS}} == (
        names - {"Null"}
    )
    assert {a.value: b.value for a, b in conditions.NEGATIONS.items()} == reference.NEGATIVE


def _forms(name: str) -> list[str]:
    """Return the operator alone, and with every prefix and suffix that it may have."""
    suffixes = [""] if name == "Null" else ["", "IfExists"]
    return [
        f"{prefix}{name}{suffix}"
        for prefix in ("", "ForAllValues:", "ForAnyValue:")
        for suffix in suffixes
    ]


@pytest.mark.parametrize("name", reference.NAMES)
def test_one_value(name: str) -> None:
    values = _values(name)
    for asked, written in itertools.product(values, values):
        expected = reference.holds(name, [written], asked)
        assert condition_holds(name, "k", [written], {"k": asked}) is expected, (asked, written)


@pytest.mark.parametrize("name", reference.NAMES)
def test_many_values(name: str) -> None:
    values = _values(name)
    some = [values[0], values[1], values[-1]]
    lists = [[], *([one] for one in some), *map(list, itertools.combinations(some, 2))]
    found: list[object] = [None, "", *some, [], *lists[1:], ["", some[0]]]
    for form, written, asked in itertools.product(_forms(name), lists, found):
        context = {} if asked is None else {"k": asked}
        expected = reference.holds(form, written, asked)
        assert condition_holds(form, "k", written, context) is expected, (form, written, asked)
