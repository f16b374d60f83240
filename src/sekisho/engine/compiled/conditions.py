"""Conditions as tests of a context: what they look for is settled before any request comes."""

from collections.abc import Callable

from sekisho.engine import operators
from sekisho.engine.compiled.comparisons import comparison
from sekisho.engine.compiled.source import Source
from sekisho.engine.compiled.templates import Unsure, Values
from sekisho.policy.document import Condition, OperatorName, Quantifier, Version

__all__ = ["Holds", "condition_test", "write_condition"]

Holds = Callable[[Values], bool]
"""Tells whether a condition holds; raises Unsure where only the engine decides."""

_Satisfies = Callable[[str, Values], bool]


def write_condition(source: Source, condition: Condition, version: Version | None) -> str:
    """Return an expression for the condition, the shortest that its operator allows."""
    written = ""
    if condition.operator.quantifier is Quantifier.NONE and len(condition.values) == 1:
        if condition.operator.name is OperatorName.BOOL:
            written = _boolean(source, condition, version)
        elif condition.operator.name is OperatorName.STRING_EQUALS:
            written = _one_text(source, condition, version)
    return written or f"{source.constant(condition_test(condition, version))}(values)"


def _boolean(source: Source, condition: Condition, version: Version | None) -> str:
    """Write `Bool`; what is neither `true` nor `false` in lower case goes the long way."""
    wanted = operators.boolean(condition.values[0])
    if wanted is None:
        return ""
    yes, no = source.constant(str(wanted).lower()), source.constant(str(not wanted).lower())
    long_way = source.constant(condition_test(condition, version))
    key = source.constant(condition.key.lower())
    holds = f"(v := values[{key}]) == {yes} or (v != {no} and {long_way}(values))"
    if condition.operator.if_exists:
        return f"({key} not in values or {holds})"
    return f"({key} in values and ({holds}))"


def _one_text(source: Source, condition: Condition, version: Version | None) -> str:
    """Write `StringEquals` with one text; a list of values is equal to no text."""
    wanted = condition.values[0]
    if condition.operator.if_exists or ("${" in wanted and version is Version.V2012):
        return ""
    key = source.constant(condition.key.lower())
    return f"({key} in values and values[{key}] == {source.constant(wanted)})"


def condition_test(condition: Condition, version: Version | None) -> Holds:
    """Return what `engine.conditions.holds` says, as a test of the context alone."""
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


def _unsure(_: Values) -> bool:
    raise Unsure


def _satisfies(condition: Condition, version: Version | None) -> _Satisfies:
    """Return whether one value of the request satisfies the operator."""
    name = condition.operator.name
    compare = comparison(name, condition.values, version)
    if name not in operators.NEGATIONS:
        return lambda value, values: compare(value, values) is True

    def satisfies(value: str, values: Values) -> bool:
        found = compare(value, values)
        if found is None:
            raise Unsure
        return not found

    return satisfies


def _single(condition: Condition, satisfies: _Satisfies) -> Holds:
    key, operator = condition.key.lower(), condition.operator
    missing = operator.if_exists or operator.name in operators.NEGATIONS

    def holds(values: Values) -> bool:
        found = values.get(key)
        if found is None:
            return missing
        if isinstance(found, str):
            return satisfies(found, values)
        # no values are as good as no key; several need a set operator
        return missing and not found

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
    missing = _unsure if condition.operator.if_exists else _never

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
        return _unsure
    match operator.quantifier:
        case Quantifier.FOR_ANY_VALUE:
            missing = _unsure if operator.if_exists else _never
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
            return _unsure
        case Quantifier.NONE:
            wanted = frozenset(map(operators.boolean, condition.values))
            return lambda values: _absent(key, values) in wanted
