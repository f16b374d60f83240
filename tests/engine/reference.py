"""The operators once more, written from AWS's pages and not from the engine: slow, short, plain.

Nothing of `sekisho.engine` is imported here. Values are read by other means than the engine's:
fractions, hand-made dates, integers for addresses, recursion for wildcards.
"""

import base64
import re
import socket
from calendar import timegm
from fractions import Fraction
from functools import lru_cache

MALFORMED = object()
MISSING = None


@lru_cache(maxsize=100_000)
def like(pattern: str, value: str) -> bool:
    """`*` is any run of characters, `?` is any one; straight from the page on `StringLike`."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return like(pattern[1:], value) or (value != "" and like(pattern, value[1:]))
    return value != "" and pattern[0] in ("?", value[0]) and like(pattern[1:], value[1:])


def _number(text: str) -> object:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return MALFORMED
    return Fraction(text)


def _date(text: str) -> object:
    day = re.fullmatch(r"([0-9]{4})(-[0-9]{2})?(-[0-9]{2})?", text)
    moment = re.fullmatch(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(:[0-9]{2}(\.[0-9]+)?)?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})",
        text,
    )
    if day:
        year, month, date = int(day[1]), int((day[2] or "-01")[1:]), int((day[3] or "-01")[1:])
        return _seconds((year, month, date), (0, 0, Fraction(0)), 0)
    if not moment:
        return _number(text)
    seconds = Fraction((moment[6] or ":00")[1:])
    zone = moment[8]
    offset = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[4:]))
    day_of = (int(moment[1]), int(moment[2]), int(moment[3]))
    return _seconds(day_of, (int(moment[4]), int(moment[5]), seconds), offset)


def _seconds(date: tuple[int, int, int], time: tuple[int, int, Fraction], offset: int) -> object:
    (year, month, day), (hour, minute, seconds) = date, time
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if not (1 <= month <= 12 and 1 <= day <= days[month - 1]):
        return MALFORMED
    if hour > 23 or minute > 59 or seconds >= 60:
        return MALFORMED
    return timegm((year, month, day, hour, minute, 0)) + seconds - offset * 60


def _bool(text: str) -> object:
    return {"true": 1, "false": 0}.get(text.lower(), MALFORMED)


def _binary(text: str) -> object:
    if len(text) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text):
        return MALFORMED
    return base64.b64decode(text)


def _address(text: str) -> object:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except OSError:
            continue
        return (len(packed) * 8, int.from_bytes(packed, "big"))
    return MALFORMED


def _in_range(request: str, policy: str) -> object:
    host, slash, prefix = policy.partition("/")
    wanted, asked = _address(host), _address(request)
    if MALFORMED in (wanted, asked) or (slash and not re.fullmatch("[0-9]+", prefix)):
        return MALFORMED
    bits = int(prefix) if slash else wanted[0]
    if bits > wanted[0]:
        return MALFORMED
    return wanted[0] == asked[0] and wanted[1] >> wanted[0] - bits == asked[1] >> asked[0] - bits


def _arn_like(request: str, policy: str) -> object:
    asked, wanted = request.split(":", 5), policy.split(":", 5)
    if len(asked) < 6 or len(wanted) < 6 or asked[0] != "arn":
        return False
    return all(like(want, ask) for want, ask in zip(wanted, asked, strict=True))


def _ordered(read, sign):
    def compare(request: str, policy: str) -> object:
        left, right = read(request), read(policy)
        if MALFORMED in (left, right):
            return MALFORMED
        return sign(left, right)

    return compare


_SIGNS = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
POSITIVE = {
    "StringEquals": lambda r, p: r == p,
    "StringEqualsIgnoreCase": lambda r, p: r.lower() == p.lower(),
    "StringLike": lambda r, p: like(p, r),
    "Bool": _ordered(_bool, _SIGNS["Equals"]),
    "BinaryEquals": _ordered(_binary, _SIGNS["Equals"]),
    "IpAddress": _in_range,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    **{f"Numeric{name}": _ordered(_number, sign) for name, sign in _SIGNS.items()},
    **{f"Date{name}": _ordered(_date, sign) for name, sign in _SIGNS.items()},
}
NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
NAMES = [*POSITIVE, *NEGATIVE, "Null"]


def holds(operator: str, values: list[str], found: str | list[str] | None) -> bool:
    """Tell whether a condition holds; `found` is None for a key that is not in the request."""
    quantifier, _, rest = operator.rpartition(":")
    if_exists = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists")
    missing = found is None or found == []
    if name == "Null":
        if quantifier:
            return quantifier == "ForAllValues"
        return ("true" if missing else "false") in [value.lower() for value in values]
    if missing:
        return _missing(name, quantifier, if_exists=if_exists, empty=not values)
    if not values:
        return False
    if not quantifier:
        return isinstance(found, str) and _one(name, found, values)
    each = [found] if isinstance(found, str) else found
    if quantifier == "ForAllValues":
        return each == [""] or all(_one(name, value, values) for value in each)
    return any(_one(name, value, values) for value in each)


def _missing(name: str, quantifier: str, *, if_exists: bool, empty: bool) -> bool:
    if quantifier == "ForAllValues":
        return True
    if empty and not quantifier and not if_exists:
        return False
    return if_exists or (not quantifier and name in NEGATIVE)


def _one(name: str, request: str, values: list[str]) -> bool:
    results = [POSITIVE[NEGATIVE.get(name, name)](request, value) for value in values]
    if name not in NEGATIVE:
        return True in results
    return not any(result is True or result is MALFORMED for result in results)
