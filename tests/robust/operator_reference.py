"""What each condition operator means, written from AWS's documented rules and nothing else.

Whoever wrote this had not read `sekisho.engine`. It is slow and naive on purpose: lists, regular
expressions, `datetime`, `ipaddress`. Source: IAM User Guide, "IAM JSON policy elements: Condition
operators" and "Conditions with multiple context keys or values"; where AWS is silent, the default
of docs/reference/assumptions.md. `None` as a result means: the documents do not say.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

__all__ = ["MODIFIERS", "NEGATED", "OPERATORS", "Asked", "holds"]

Asked = str | tuple[str, ...] | None
"""The request's value: none (the key is absent), one, or the set of a multivalued key."""

Matches = Callable[[str, str], bool | None]
"""Whether a request value (first) matches a policy value (second); None: one is malformed."""

MODIFIERS = ("", "IfExists", "ForAllValues:", "ForAnyValue:", "ForAllValues:…IfExists",
             "ForAnyValue:…IfExists")  # fmt: skip # one row reads best


def _glob(value: str, pattern: str) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, flags=re.DOTALL) is not None


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else None


def _date(text: str) -> datetime | None:
    if re.fullmatch(r"[0-9]{6,}", text):
        return datetime.fromtimestamp(int(text), tz=UTC)
    if not re.match(r"[0-9]{4}-[0-9]{2}", text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bool(text: str) -> str | None:
    return text.lower() if text.lower() in ("true", "false") else None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _ip(value: str, pattern: str) -> bool | None:
    try:
        address, network = ipaddress.ip_address(value), ipaddress.ip_network(pattern)
    except ValueError:
        return None
    return address.version == network.version and address in network


def _arn(value: str, pattern: str) -> bool | None:
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    if len(values) != 6 or len(patterns) != 6:
        return None
    return all(map(_glob, values, patterns))


_T = TypeVar("_T", str, bytes, Decimal, datetime)


def _comparing(read: Callable[[str], _T | None], compare: Callable[[_T, _T], bool]) -> Matches:
    def matches(value: str, pattern: str) -> bool | None:
        ours, theirs = read(value), read(pattern)
        return None if ours is None or theirs is None else compare(ours, theirs)

    return matches


_POSITIVE: dict[str, Matches] = {
    "StringEquals": lambda value, pattern: value == pattern,
    "StringEqualsIgnoreCase": lambda value, pattern: value.lower() == pattern.lower(),
    "StringLike": _glob,
    "Bool": _comparing(_bool, lambda ours, theirs: ours == theirs),
    "BinaryEquals": _comparing(_bytes, lambda ours, theirs: ours == theirs),
    "IpAddress": _ip,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
for _family, _read in (("Numeric", _number), ("Date", _date)):
    _POSITIVE[f"{_family}Equals"] = _comparing(_read, lambda ours, theirs: ours == theirs)
    _POSITIVE[f"{_family}LessThan"] = _comparing(_read, lambda ours, theirs: ours < theirs)
    _POSITIVE[f"{_family}LessThanEquals"] = _comparing(_read, lambda ours, theirs: ours <= theirs)
    _POSITIVE[f"{_family}GreaterThan"] = _comparing(_read, lambda ours, theirs: ours > theirs)
    _POSITIVE[f"{_family}GreaterThanEquals"] = _comparing(
        _read, lambda ours, theirs: ours >= theirs
    )

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
OPERATORS = (*_POSITIVE, *NEGATED, "Null")


def _one(operator: str, value: str, patterns: Sequence[str]) -> bool | None:
    """Tell whether one request value satisfies the operator against all policy values."""
    results = [_POSITIVE[NEGATED.get(operator, operator)](value, each) for each in patterns]
    if operator not in NEGATED:
        return any(results)
    if operator.startswith("Arn") and None in results:
        # "a pattern that is not six parts never matches" says nothing on the negated form
        return None if True not in results else False
    # a malformed value does not match, and makes a negated condition false
    return not any(result is None or result for result in results)


def _null(modifier: str, asked: Asked, patterns: Sequence[str]) -> bool | None:
    if modifier.startswith("ForA") and (not patterns or asked == ()):
        return None
    if modifier == "ForAllValues:":
        return True
    if modifier == "ForAnyValue:":
        return False
    if asked in ((), ""):
        return None
    return ("true" if asked is None else "false") in [each.lower() for each in patterns]


def holds(operator: str, modifier: str, asked: Asked, patterns: Sequence[str]) -> bool | None:
    """Tell whether a condition holds.

    Args:
        operator: the bare operator, like `StringNotEquals`.
        modifier: one of `MODIFIERS`.
        asked: what the request has for the key.
        patterns: the policy's values.
    """
    if operator == "Null":
        return _null(modifier, asked, patterns)
    if modifier.startswith("ForAllValues:"):
        return _for_all(operator, asked, patterns)
    if modifier.startswith("ForAnyValue:"):
        return _for_any(operator, modifier.endswith("IfExists"), asked, patterns)
    if asked == ():
        return None  # is a key without any value there, or absent?
    if asked is None and modifier:
        return True
    if not patterns:
        return False
    if asked is None:
        return operator in NEGATED
    # a plain operator on a multivalued key does not match, positive or negated
    return _one(operator, asked, patterns) if isinstance(asked, str) else False


def _for_all(operator: str, asked: Asked, patterns: Sequence[str]) -> bool | None:
    if asked is None:
        return True
    if not patterns:
        # an empty list "matches only if the key is missing"; is an empty set, or an empty text?
        return None if asked in ((), "", ("",)) else False
    values = (asked,) if isinstance(asked, str) else asked
    if values == ("",):
        return True  # "or if the key value resolves to an empty string"
    results = [_one(operator, value, patterns) for value in values]
    return False if False in results else None if None in results else True


def _for_any(operator: str, if_exists: bool, asked: Asked, patterns: Sequence[str]) -> bool | None:
    if if_exists and asked == ():
        return None
    if not asked and asked != "":
        return (True if patterns else None) if if_exists else False
    values = (asked,) if isinstance(asked, str) else asked
    results = [_one(operator, value, patterns) for value in values if patterns]
    return True if True in results else None if None in results else False
