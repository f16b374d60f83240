"""One condition: an operator, a key and its values.

A comparison of one value with one is true, false, or None where one of the two is not of the
operator's type. A negated operator is no comparison of its own: `StringNotEquals` holds where
`StringEquals` holds for none of the values.

The conditions of a statement are joined by AND, the values of one by OR; under a negated operator
none of the values may match.

Source: IAM User Guide, "Condition operators", "Conditions with multiple context keys or values",
"Set operators for multivalued context keys".
How they are read: docs/semantics.md#5-conditions.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import TypeVar

from sekisho.engine.matching import arns, glob, variables
from sekisho.engine.matching.caller import Scope
from sekisho.engine.matching.glob import Pattern, Wild
from sekisho.engine.model.caching import cached_by_text
from sekisho.engine.model.evaluation import ContextValue
from sekisho.policy import Condition, Operator, Quantifier
from sekisho.policy import OperatorName as Op

Comparison = Callable[[str, Pattern], bool | None]
"""(value in the request, value in the policy) → whether they match, None if one is malformed."""

NEGATIONS: Mapping[Op, Op] = {
    Op.STRING_NOT_EQUALS: Op.STRING_EQUALS,
    Op.STRING_NOT_EQUALS_IGNORE_CASE: Op.STRING_EQUALS_IGNORE_CASE,
    Op.STRING_NOT_LIKE: Op.STRING_LIKE,
    Op.NUMERIC_NOT_EQUALS: Op.NUMERIC_EQUALS,
    Op.DATE_NOT_EQUALS: Op.DATE_EQUALS,
    Op.NOT_IP_ADDRESS: Op.IP_ADDRESS,
    Op.ARN_NOT_EQUALS: Op.ARN_EQUALS,
    Op.ARN_NOT_LIKE: Op.ARN_LIKE,
}
"""Each negated operator and the operator that it negates."""

SUBSTITUTING: frozenset[Op] = frozenset(
    name for name in Op if name.value.startswith(("String", "Arn"))
)
"""The operators in whose values variables are substituted: string and ARN operators only."""

OF_ARNS = frozenset({Op.ARN_EQUALS, Op.ARN_LIKE, Op.ARN_NOT_EQUALS, Op.ARN_NOT_LIKE})
"""The operators that compare ARNs part by part."""

_BOOLEANS = {"true": True, "false": False}


def boolean(text: str) -> bool | None:
    """Read `true` or `false` in any case."""
    return _BOOLEANS.get(text.lower())


def number(text: str) -> Decimal | None:
    """Read an integer or decimal number, exactly."""
    # Decimal also reads `NaN`, `1_000` and the digits of other scripts
    if not text or not set(text) <= set("0123456789+-.eE"):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_W3C_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d))?)?)?",
    re.ASCII,
)


def date(text: str) -> Decimal | None:
    """Read a date as seconds since 1970: ISO 8601 in the W3C's profile, or epoch seconds.

    Four digits alone are a year.
    """
    found = _W3C_DATE.fullmatch(text)
    if found is None:
        return number(text)
    part = found.groupdict()
    zone = "+00:00" if part["zone"] in (None, "Z") else part["zone"]
    try:
        when = datetime.fromisoformat(
            f"{part['year']}-{part['month'] or '01'}-{part['day'] or '01'}"
            f"T{part['hour'] or '00'}:{part['minute'] or '00'}:{part['second'] or '00'}{zone}"
        )
    except ValueError:
        return None
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = Decimal(since.days * 86_400 + since.seconds)
    return seconds + Decimal(f"0.{part['fraction']}") if part["fraction"] else seconds


def _binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _equals(request: str, policy: Pattern) -> bool:
    return request == glob.text_of(policy)


def _equals_ignoring_case(request: str, policy: Pattern) -> bool:
    return request.lower() == glob.text_of(policy).lower()


def _like(request: str, policy: Pattern) -> bool:
    return glob.matches(policy, request)


def _arn_like(request: str, policy: Pattern) -> bool | None:
    """Compare part by part; None if one of the two is not an ARN of six parts."""
    wanted = arns.parts_of(policy)
    if not arns.is_arn(request) or len(wanted) < arns.PARTS:
        return None
    parts = arns.split(request)
    return all(map(glob.matches, wanted, parts))


def _ip_in_range(request: str, policy: Pattern) -> bool | None:
    """Compare an address with a range; an address of the other family is in no range."""
    range_, address = ip_range(glob.text_of(policy)), ip_address(request)
    return None if range_ is None or address is None else address in range_


@cached_by_text
def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address without a zone."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


@cached_by_text
def ip_range(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read an address, or a range in CIDR notation."""
    prefix = text.partition("/")[2]
    if "%" in text or not (prefix.isdigit() or "/" not in text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


T = TypeVar("T")


def _typed(read: Callable[[str], T | None], holds: Callable[[T, T], bool]) -> Comparison:
    """Make a comparison of two values that `read` understands."""

    def compare_values(request: str, policy: Pattern) -> bool | None:
        left, right = read(request), read(glob.text_of(policy))
        return None if left is None or right is None else holds(left, right)

    return compare_values


ORDERED: Mapping[Op, tuple[Callable[[str], Decimal | None], Callable[[Decimal, Decimal], bool]]] = {
    Op.NUMERIC_EQUALS: (number, eq),
    Op.NUMERIC_LESS_THAN: (number, lt),
    Op.NUMERIC_LESS_THAN_EQUALS: (number, le),
    Op.NUMERIC_GREATER_THAN: (number, gt),
    Op.NUMERIC_GREATER_THAN_EQUALS: (number, ge),
    Op.DATE_EQUALS: (date, eq),
    Op.DATE_LESS_THAN: (date, lt),
    Op.DATE_LESS_THAN_EQUALS: (date, le),
    Op.DATE_GREATER_THAN: (date, gt),
    Op.DATE_GREATER_THAN_EQUALS: (date, ge),
}
"""The operators that compare numbers and times: the reader of values, and the comparison."""

COMPARISONS: Mapping[Op, Comparison] = {
    Op.STRING_EQUALS: _equals,
    Op.STRING_EQUALS_IGNORE_CASE: _equals_ignoring_case,
    Op.STRING_LIKE: _like,
    **{name: _typed(*both) for name, both in ORDERED.items()},
    Op.BOOL: _typed(boolean, eq),
    Op.BINARY_EQUALS: _typed(_binary, eq),
    Op.IP_ADDRESS: _ip_in_range,
    Op.ARN_EQUALS: _arn_like,
    Op.ARN_LIKE: _arn_like,
}
"""Every operator that is neither negated nor `Null`, which ignores the request's values."""


def compare(name: Op, request: str, policy: Pattern) -> bool | None:
    """Compare two values by the operator `name`; a negated one compares as the one it negates."""
    return COMPARISONS[NEGATIONS.get(name, name)](request, policy)


def holds(condition: Condition, scope: Scope) -> bool:
    """Return whether the condition holds in the request's context."""
    operator = condition.operator
    value = scope.request.context.folded.get(condition.key.lower())
    if operator.name is Op.NULL:
        return _null(condition, value, scope)
    # a multivalued key without values is as good as missing
    present = value is not None and value != ()
    if not condition.values:
        return _without_values(operator, scope, present=present)
    if value is None or not present:
        return _missing(operator, scope)
    each = (value,) if isinstance(value, str) else value
    match operator.quantifier:
        case Quantifier.NONE:
            if isinstance(value, str):
                return _satisfies(value, condition, scope)
            # a multivalued key needs a set operator: without one, neither X nor NotX holds
            together = all if operator.name in NEGATIONS else any
            found = together(_satisfies(one, condition, scope) for one in each)
            return found and not scope.tracked.list_needs_set_operator()
        case Quantifier.FOR_ALL_VALUES:
            # an empty string counts as an empty set (page "Set operators")
            return each == ("",) or all(_satisfies(one, condition, scope) for one in each)
        case Quantifier.FOR_ANY_VALUE:
            return any(_satisfies(one, condition, scope) for one in each)


def _missing(operator: Operator, scope: Scope) -> bool:
    """Evaluate a condition whose key is not in the request."""
    match operator.quantifier:
        case Quantifier.FOR_ALL_VALUES:
            return True
        case Quantifier.FOR_ANY_VALUE:
            return operator.if_exists and scope.tracked.any_value_if_exists_when_missing()
        case Quantifier.NONE:
            return operator.if_exists or operator.name in NEGATIONS


def _without_values(operator: Operator, scope: Scope, *, present: bool) -> bool:
    """Evaluate a condition with an empty list of values (Access Analyzer, "Empty array")."""
    if operator.quantifier is Quantifier.NONE and not operator.if_exists:
        return scope.tracked.empty_value_list_matches()
    return not present and _missing(operator, scope)


def _null(condition: Condition, value: ContextValue | None, scope: Scope) -> bool:
    """Evaluate `Null`: "true" means that the key is missing, "false" that it is present."""
    match condition.operator.quantifier:
        case Quantifier.FOR_ALL_VALUES:
            return True
        case Quantifier.FOR_ANY_VALUE:
            return False
        case Quantifier.NONE if not condition.values:
            return scope.tracked.empty_value_list_matches()
        case Quantifier.NONE:
            missing = value in (None, ()) or (value == "" and scope.tracked.empty_string_is_null())
            return missing in [_truth(text, scope) for text in condition.values]


def _truth(text: str, scope: Scope) -> bool | None:
    """Read `true` or `false`; whether anything else is false is an assumption."""
    found = boolean(text)
    return False if found is None and scope.tracked.bool_other_is_false() else found


def _satisfies(value: str, condition: Condition, scope: Scope) -> bool:
    """Return whether one value of the request satisfies the operator, given the policy's values."""
    name = condition.operator.name
    if len(condition.values) > _MANY and NEGATIONS.get(name, name) is Op.STRING_EQUALS:
        texts = _plain_texts(condition.values)
        if texts is not None:
            return (value in texts) is (name is Op.STRING_EQUALS)
    results = [_compare(name, value, text, scope) for text in condition.values]
    if True in results:
        return name not in NEGATIONS
    return _over_malformed(name, scope) if None in results else name in NEGATIONS


def _over_malformed(name: Op, scope: Scope) -> bool:
    """Return whether an operator holds over a value that is not of its type; AWS does not say."""
    match name:
        case Op.ARN_EQUALS | Op.ARN_LIKE | Op.BOOL:
            return False
        case Op.ARN_NOT_EQUALS | Op.ARN_NOT_LIKE:
            return scope.tracked.malformed_arn_matches_negated()
        case _ if name in NEGATIONS:
            return scope.tracked.malformed_value_matches_negated()
        case _:
            return scope.tracked.malformed_value_matches()


_MANY = 16


@lru_cache(maxsize=1_024)
def _plain_texts(values: tuple[str, ...]) -> frozenset[str] | None:
    """Return a long list of values as a set; None if one of them has a variable."""
    return None if any(variables.OPEN in text for text in values) else frozenset(values)


def _compare(name: Op, value: str, text: str, scope: Scope) -> bool | None:
    """Compare one value with one; a variable without a value matches nothing."""
    pattern: Pattern | None = glob.literal(text)
    if name in SUBSTITUTING or (
        # the page on operators says yes, the page on variables and Access Analyzer say no
        name is Op.BOOL and "${" in text and scope.tracked.bool_variables()
    ):
        pattern = variables.substitute(text, scope.version, scope.request.context)
    if pattern is None:
        return False
    if name is Op.BOOL:
        left, right = _truth(value, scope), _truth(glob.text_of(pattern), scope)
        return None if left is None or right is None else left is right
    if name in OF_ARNS:
        return _compare_arns(name, value, pattern, scope)
    return compare(name, value, pattern)


def _compare_arns(name: Op, value: str, pattern: Pattern, scope: Scope) -> bool | None:
    """Compare ARNs; whether a text that is no ARN is compared as text is an assumption."""
    found = compare(name, value, _completed(pattern, scope))
    if found is None and scope.tracked.malformed_arn_as_text():
        return glob.matches(pattern, value)
    return found


def _completed(pattern: Pattern, scope: Scope) -> Pattern:
    """Return a pattern of ARNs; a short one is completed with `*` if that is assumed."""
    lacking = arns.PARTS - len(arns.parts_of(pattern))
    if not lacking or not scope.tracked.short_arn_completed():
        return pattern
    return (*pattern, *(":", Wild.STAR) * lacking)
