"""Conditions as tests of a context, made before any request comes."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import assert_never

from sekisho.engine.compiled.templates import (
    Constants,
    NeedsEngine,
    Test,
    Values,
    parts_of,
    pieces_of,
    resolver,
    test_of,
)
from sekisho.engine.compiled.templates import constant_text as text_of
from sekisho.engine.matching import arns, conditions, glob
from sekisho.engine.matching.glob import Wild
from sekisho.engine.matching.variables import TemplatePart, Variable
from sekisho.errors import InternalError
from sekisho.policy import Condition, OperatorName, Quantifier, Version
from sekisho.policy import OperatorName as Op


def comparison(  # noqa: C901 - one case for each way to compare
    name: Op, texts: Sequence[str], version: Version | None
) -> Test:
    """Return the test of one value of the request against all values of the policy.

    The test returns True if any comparison (equal, like, less …) is true, else None if any has no
    result, else False. A negated operator has the test of the positive one.
    """
    name = conditions.NEGATIONS.get(name, name)
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
            return _undocumented
        case Op.BOOL | Op.BINARY_EQUALS:
            return _any([_plain(name, value) for value in texts])
        case (
            Op.NUMERIC_EQUALS
            | Op.NUMERIC_LESS_THAN
            | Op.NUMERIC_LESS_THAN_EQUALS
            | Op.NUMERIC_GREATER_THAN
            | Op.NUMERIC_GREATER_THAN_EQUALS
            | Op.DATE_EQUALS
            | Op.DATE_LESS_THAN
            | Op.DATE_LESS_THAN_EQUALS
            | Op.DATE_GREATER_THAN
            | Op.DATE_GREATER_THAN_EQUALS
        ):
            return _ordered(texts, *conditions.ORDERED[name])
        case (
            Op.STRING_NOT_EQUALS
            | Op.STRING_NOT_EQUALS_IGNORE_CASE
            | Op.STRING_NOT_LIKE
            | Op.NUMERIC_NOT_EQUALS
            | Op.DATE_NOT_EQUALS
            | Op.NOT_IP_ADDRESS
            | Op.ARN_NOT_EQUALS
            | Op.ARN_NOT_LIKE
            | Op.NULL
        ):
            raise InternalError(f"`{name.value}` compares nothing by itself")
        case _:
            assert_never(name)


def _undocumented(_: str, __: Values) -> bool | None:
    """Leave two undocumented points to the engine: variables in `Bool`, and short ARNs."""
    raise NeedsEngine


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
    compare, pattern = conditions.COMPARISONS[name], glob.literal(text)
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


def _unwild(parts: Sequence[TemplatePart]) -> tuple[str | Variable, ...]:
    literal = [part.value if isinstance(part, Wild) else part for part in parts]
    pieces = pieces_of(literal)
    # a malformed variable was refused before: there is one piece
    return pieces[0] if pieces else ()


def _arn(parts: Sequence[TemplatePart]) -> Test:
    """Return the test of an ARN part by part; a variable's value may contain the colons between."""
    segments: tuple[tuple[TemplatePart, ...], ...] = arns.parts_of(parts)
    if len(segments) < arns.PARTS and not any(isinstance(part, Variable) for part in parts):
        return _undocumented
    early = any(isinstance(part, Variable) for segment in segments[:-1] for part in segment)
    if early or len(segments) < arns.PARTS:
        return _arn_with_variables(parts)
    *head, tail = map(test_of, segments)

    def test(value: str, values: Values) -> bool | None:
        if not arns.is_arn(value):
            return None
        asked = arns.split(value)
        found = tail(asked[-1], values)
        if not found:
            return found
        return all(one(part, values) for one, part in zip(head, asked, strict=False))

    return test


def _arn_with_variables(parts: Sequence[TemplatePart]) -> Test:
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
        return conditions.COMPARISONS[Op.ARN_LIKE](value, tuple(tokens))

    return test


def _ordered(
    texts: Sequence[str],
    read: Callable[[str], Decimal | None],
    holds: Callable[[Decimal, Decimal], bool],
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
    networks = [found for found in map(conditions.ip_range, texts) if found is not None]
    unknown = False if len(networks) == len(texts) else None

    def test(value: str, _: Values) -> bool | None:
        asked = conditions.ip_address(value)
        if asked is None:
            return None
        return True if any(asked in network for network in networks) else unknown

    return test


Holds = Callable[[Values], bool]
"""The type of functions that test a condition; NeedsEngine where only the engine can decide."""

_Satisfies = Callable[[str, Values], bool]


def write_condition(source: Constants, condition: Condition, version: Version | None) -> str:
    """Return an expression for the condition, the shortest that its operator allows."""
    written = ""
    if condition.operator.quantifier is Quantifier.NONE and len(condition.values) == 1:
        if condition.operator.name is OperatorName.BOOL:
            written = _boolean(source, condition, version)
        elif condition.operator.name is OperatorName.STRING_EQUALS:
            written = _one_text(source, condition, version)
    return written or f"{source.constant(condition_test(condition, version))}(values)"


def _boolean(source: Constants, condition: Condition, version: Version | None) -> str:
    """Return the test of a `Bool`; values other than `true` and `false` take the general test."""
    wanted = conditions.boolean(condition.values[0])
    if wanted is None:
        return ""
    yes, no = source.constant(str(wanted).lower()), source.constant(str(not wanted).lower())
    long_way = source.constant(condition_test(condition, version))
    key = source.constant(condition.key.lower())
    holds = f"(v := values[{key}]) == {yes} or (v != {no} and {long_way}(values))"
    if condition.operator.if_exists:
        return f"({key} not in values or {holds})"
    return f"({key} in values and ({holds}))"


def _one_text(source: Constants, condition: Condition, version: Version | None) -> str:
    """Return the test of `StringEquals` with one text; a list of values takes the general test."""
    wanted = condition.values[0]
    if condition.operator.if_exists or ("${" in wanted and version is Version.V2012):
        return ""
    key = source.constant(condition.key.lower())
    long_way = source.constant(condition_test(condition, version))
    holds = f"(v := values[{key}]) == {source.constant(wanted)}"
    return f"({key} in values and ({holds} or v.__class__ is not str and {long_way}(values)))"


def condition_test(condition: Condition, version: Version | None) -> Holds:
    """Return a test of a condition by the context; it equals `engine.matching.conditions.holds`."""
    if condition.operator.name is OperatorName.NULL:
        return _null(condition)
    if not condition.values:
        return _without_values(condition)
    satisfies = _satisfies(condition, version)
    match condition.operator.quantifier:
        case Quantifier.NONE:
            return _single(condition, satisfies)
        case Quantifier.FOR_ALL_VALUES:
            return _for_all(condition, satisfies)
        case Quantifier.FOR_ANY_VALUE:
            return _for_any(condition, satisfies)


def _left_to_engine(_: Values) -> bool:
    raise NeedsEngine


def _satisfies(condition: Condition, version: Version | None) -> _Satisfies:
    """Return whether one value of the request satisfies the operator."""
    name = condition.operator.name
    compare = comparison(name, condition.values, version)
    negated = name in conditions.NEGATIONS
    if name in _OF_TEXTS:
        # a variable without a value equals and matches nothing
        return lambda value, values: compare(value, values) is True

    def satisfies(value: str, values: Values) -> bool:
        found = compare(value, values)
        if found is None:
            raise NeedsEngine
        return found is not negated

    return satisfies


_OF_TEXTS = frozenset({Op.STRING_EQUALS, Op.STRING_EQUALS_IGNORE_CASE, Op.STRING_LIKE})


def _single(condition: Condition, satisfies: _Satisfies) -> Holds:
    key, operator = condition.key.lower(), condition.operator
    missing = operator.if_exists or operator.name in conditions.NEGATIONS

    def holds(values: Values) -> bool:
        found = values.get(key)
        if found is None:
            return missing
        if isinstance(found, str):
            return satisfies(found, values)
        if found:
            # several values need a set operator, as far as is known
            raise NeedsEngine
        # no values count as an absent key
        return missing

    return holds


def _for_all(condition: Condition, satisfies: _Satisfies) -> Holds:
    key = condition.key.lower()

    def holds(values: Values) -> bool:
        found = values.get(key)
        if found is None:
            return True
        each = (found,) if isinstance(found, str) else found
        return each == ("",) or all(satisfies(one, values) for one in each)

    return holds


def _for_any(condition: Condition, satisfies: _Satisfies) -> Holds:
    key = condition.key.lower()
    missing = _left_to_engine if condition.operator.if_exists else _never

    def holds(values: Values) -> bool:
        found = values.get(key)
        if found is None or found == ():
            return missing(values)
        each = (found,) if isinstance(found, str) else found
        return any(satisfies(one, values) for one in each)

    return holds


def _never(_: Values) -> bool:
    return False


def _without_values(condition: Condition) -> Holds:
    """Return the test of a condition with an empty list of values."""
    key, operator = condition.key.lower(), condition.operator
    if operator.quantifier is Quantifier.NONE and not operator.if_exists:
        return _left_to_engine
    match operator.quantifier:
        case Quantifier.FOR_ANY_VALUE:
            missing = _left_to_engine if operator.if_exists else _never
        case Quantifier.FOR_ALL_VALUES | Quantifier.NONE:
            missing = _always
    return lambda values: _absent(key, values) and missing(values)


def _always(_: Values) -> bool:
    return True


def _absent(key: str, values: Values) -> bool:
    return values.get(key, ()) == ()


def _null(condition: Condition) -> Holds:
    key = condition.key.lower()
    match condition.operator.quantifier:
        case Quantifier.FOR_ALL_VALUES:
            return _always
        case Quantifier.FOR_ANY_VALUE:
            return _never
        case Quantifier.NONE if not condition.values:
            return _left_to_engine
        case Quantifier.NONE:
            wanted = frozenset(map(conditions.boolean, condition.values))
            return _left_to_engine if None in wanted else _is_null(key, wanted)


def _is_null(key: str, wanted: frozenset[bool | None]) -> Holds:
    def holds(values: Values) -> bool:
        found = values.get(key, ())
        if found == "":
            raise NeedsEngine
        return (found == ()) in wanted

    return holds
