"""The condition operators: how one value of the request is compared with one of the policy.

A comparison is true, false, or None where one of the two values is not of the operator's type.
A negated operator is no comparison of its own: `StringNotEquals` holds where `StringEquals` holds
for none of the values (`conditions` does that).

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
How it is read: docs/semantics.md#5-conditions.
"""

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from sekisho.engine.matching import arns, glob
from sekisho.engine.matching.glob import Pattern
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


def _arn_like(request: str, policy: Pattern) -> bool:
    """Compare part by part; what is not an ARN of six parts is like nothing."""
    parts, wanted = arns.split(request), arns.parts_of(policy)
    return len(parts) == len(wanted) == arns.PARTS and all(map(glob.matches, wanted, parts))


def _ip_in_range(request: str, policy: Pattern) -> bool | None:
    """Compare an address with a range; an address of the other family is in no range."""
    text = glob.text_of(policy)
    prefix = text.partition("/")[2]
    if "%" in text + request or not (prefix.isdigit() or "/" not in text):
        return None
    try:
        return ipaddress.ip_address(request) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


T = TypeVar("T")


def _typed(read: Callable[[str], T | None], holds: Callable[[T, T], bool]) -> Comparison:
    """Make a comparison of two values that `read` understands."""

    def compare_values(request: str, policy: Pattern) -> bool | None:
        left, right = read(request), read(glob.text_of(policy))
        return None if left is None or right is None else holds(left, right)

    return compare_values


COMPARISONS: Mapping[Op, Comparison] = {
    Op.STRING_EQUALS: _equals,
    Op.STRING_EQUALS_IGNORE_CASE: _equals_ignoring_case,
    Op.STRING_LIKE: _like,
    Op.NUMERIC_EQUALS: _typed(number, operator.eq),
    Op.NUMERIC_LESS_THAN: _typed(number, operator.lt),
    Op.NUMERIC_LESS_THAN_EQUALS: _typed(number, operator.le),
    Op.NUMERIC_GREATER_THAN: _typed(number, operator.gt),
    Op.NUMERIC_GREATER_THAN_EQUALS: _typed(number, operator.ge),
    Op.DATE_EQUALS: _typed(date, operator.eq),
    Op.DATE_LESS_THAN: _typed(date, operator.lt),
    Op.DATE_LESS_THAN_EQUALS: _typed(date, operator.le),
    Op.DATE_GREATER_THAN: _typed(date, operator.gt),
    Op.DATE_GREATER_THAN_EQUALS: _typed(date, operator.ge),
    Op.BOOL: _typed(boolean, operator.eq),
    Op.BINARY_EQUALS: _typed(_binary, operator.eq),
    Op.IP_ADDRESS: _ip_in_range,
    Op.ARN_EQUALS: _arn_like,
    Op.ARN_LIKE: _arn_like,
}
"""Every operator that is neither negated nor `Null`, which looks at no value of the request."""


def compare(name: Op, request: str, policy: Pattern) -> bool | None:
    """Compare two values by the operator `name`, or by the one that it negates."""
    return COMPARISONS[NEGATIONS.get(name, name)](request, policy)
