"""Condition operators whose policy values are read once, before any request comes."""

import ipaddress
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sekisho.engine import arns, glob, operators
from sekisho.engine.compiled.templates import (
    Test,
    Unsure,
    Values,
    parts_of,
    pieces_of,
    resolver,
    test_of,
)
from sekisho.engine.compiled.templates import text as text_of
from sekisho.engine.glob import Wild
from sekisho.engine.variables import Part, Variable
from sekisho.policy.document import OperatorName as Op
from sekisho.policy.document import Version

__all__ = ["comparison"]

T = TypeVar("T")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def comparison(name: Op, texts: Sequence[str], version: Version | None) -> Test:
    """Return the test of one value of the request against all values of the policy.

    It answers True if any of them compares equal (or like, or less …), else None if any of the
    comparisons has no answer, else False. A negated operator has the test of what it negates.
    """
    name = operators.NEGATIONS.get(name, name)
    match name:
        case Op.STRING_EQUALS:
            return _equal(texts, version, lambda value: value)
        case Op.STRING_EQUALS_IGNORE_CASE:
            return _equal(texts, version, str.lower)
        case Op.STRING_LIKE:
            return _any([test_of(parts_of(value, version)) for value in texts])
        case Op.ARN_EQUALS | Op.ARN_LIKE:
            return _any([_arn(parts_of(value, version)) for value in texts])
        case Op.IP_ADDRESS:
            return _address(texts)
        case Op.BOOL if any("${" in value for value in texts):
            return _unsure
        case Op.BOOL | Op.BINARY_EQUALS:
            return _any([_plain(name, value) for value in texts])
        case _:
            read = operators.date if name.value.startswith("Date") else operators.number
            holds = _ORDERS.get(name.value.removeprefix("Date").removeprefix("Numeric"))
            return _ordered(texts, read, holds or operator.eq)


def _unsure(_: str, __: Values) -> bool | None:
    """Leave variables under `Bool` to the engine: AWS's pages contradict each other."""
    raise Unsure


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(value: str, values: Values) -> bool | None:
        answer: bool | None = False
        for one in tests:
            found = one(value, values)
            if found:
                return True
            if found is None:
                answer = None
        return answer

    return test


def _plain(name: Op, text: str) -> Test:
    compare, pattern = operators.COMPARISONS[name], glob.literal(text)
    return lambda value, _: compare(value, pattern)


def _equal(texts: Sequence[str], version: Version | None, fold: Callable[[str], str]) -> Test:
    """Compare text; wildcards are literal text here, variables are not."""
    pieces = [_unwild(parts_of(text, version)) for text in texts]
    constants = frozenset(fold(one) for one in map(text_of, pieces) if one is not None)
    templates = [resolver(piece) for piece in pieces if text_of(piece) is None]

    def test(value: str, values: Values) -> bool | None:
        value = fold(value)
        if value in constants:
            return True
        answer: bool | None = False
        for resolve in templates:
            found = resolve(values)
            if found is None:
                answer = None
            elif fold(found) == value:
                return True
        return answer

    return test


def _unwild(parts: Sequence[Part]) -> tuple[str | Variable, ...]:
    literal = [part.value if isinstance(part, Wild) else part for part in parts]
    pieces = pieces_of(literal)
    # a malformed variable was refused before: there is one piece
    return pieces[0] if pieces else ()


def _arn(parts: Sequence[Part]) -> Test:
    """Compare ARNs part by part; what a variable brings in may hold the colons that part them."""
    segments: tuple[tuple[Part, ...], ...] = arns.parts_of(parts)
    early = any(isinstance(part, Variable) for segment in segments[:-1] for part in segment)
    if early or len(segments) < arns.PARTS:
        return _arn_with_variables(parts)
    *head, tail = map(test_of, segments)

    def test(value: str, values: Values) -> bool | None:
        asked = arns.split(value)
        found = tail(asked[-1], values)
        if not found or len(asked) < arns.PARTS:
            return found and False
        return all(one(part, values) for one, part in zip(head, asked, strict=False))

    return test


def _arn_with_variables(parts: Sequence[Part]) -> Test:
    def test(value: str, values: Values) -> bool | None:
        tokens: list[glob.Token] = []
        for part in parts:
            if isinstance(part, Variable):
                one = resolver((part,))(values)
                if one is None:
                    return None
                tokens.append(one)
            elif isinstance(part, str | Wild):
                tokens.append(part)
        return operators.COMPARISONS[Op.ARN_LIKE](value, tuple(tokens))

    return test


def _ordered(
    texts: Sequence[str],
    read: Callable[[str], T | None],
    holds: Callable[[T, T], bool],
) -> Test:
    known = [found for found in map(read, texts) if found is not None]
    unknown = False if len(known) == len(texts) else None

    def test(value: str, _: Values) -> bool | None:
        asked = read(value)
        if asked is None:
            return None
        return True if any(holds(asked, one) for one in known) else unknown

    return test


def _address(texts: Sequence[str]) -> Test:
    networks = [found for found in map(_network, texts) if found is not None]
    unknown = False if len(networks) == len(texts) else None

    def test(value: str, _: Values) -> bool | None:
        if "%" in value:
            return None
        try:
            asked = ipaddress.ip_address(value)
        except ValueError:
            return None
        return True if any(asked in network for network in networks) else unknown

    return test


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    prefix = text.partition("/")[2]
    if "%" in text or not (prefix.isdigit() or "/" not in text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
