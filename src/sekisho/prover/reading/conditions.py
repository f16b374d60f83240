"""The values of one condition key that conditions can distinguish.

Each operator has a counterpart here: the engine evaluates a value, and this module lists one value
for each combination of results of the conditions on a key. Texts are separated by automata, numbers
and dates at the constants, addresses at the ends of the ranges.

Values are assumed to be of the operator's type: a number for `NumericLessThan`, an address for
`IpAddress`. Numbers are whole where the policy's are.
"""

import base64
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from enum import Enum, auto
from itertools import pairwise
from math import floor

from sekisho import check_proof
from sekisho.engine import Context
from sekisho.engine.matching import (
    Pattern,
    TrackedAssumptions,
    Wild,
    arns,
    conditions,
    glob,
    variables,
)
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.policy import Condition, Operator, OperatorName, Quantifier, Version
from sekisho.prover.reading import keys
from sekisho.prover.reading.credentials import (
    EXAMPLE_ID,
    EXAMPLE_ROLE_ID,
    SESSION_NAME,
    USER_ID,
)
from sekisho.prover.solver import names, reasons
from sekisho.prover.solver.limits import MOST_DIGITS, Budget, LimitReached
from sekisho.prover.solver.texts import Patterns, Segment, Token, representatives


class OperatorFamily(Enum):
    """The types that operators compare."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()
    BOOLEAN = auto()
    BINARY = auto()
    ADDRESS = auto()
    PRESENCE = auto()
    """`Null`, which ignores the key's value."""


@dataclass(frozen=True, slots=True)
class VersionedCondition:
    """A condition and the version of the document that it is in."""

    condition: Condition
    version: Version | None


def condition_on(name: OperatorName, key: str, *values: str) -> VersionedCondition:
    """Return the condition that compares a key with some values, in the current policy version."""
    return VersionedCondition(Condition(Operator(name), key, values), Version.V2012)


_ID_STARTS = "AIDA"
_ROLE_ID_STARTS = "AROA"
_PREFIXES = (
    ("String", OperatorFamily.TEXT),
    ("Arn", OperatorFamily.TEXT),
    ("Numeric", OperatorFamily.NUMBER),
    ("Date", OperatorFamily.DATE),
    ("Bool", OperatorFamily.BOOLEAN),
    ("Binary", OperatorFamily.BINARY),
    ("IpAddress", OperatorFamily.ADDRESS),
    ("NotIpAddress", OperatorFamily.ADDRESS),
    ("Null", OperatorFamily.PRESENCE),
)


def family_of(name: OperatorName) -> OperatorFamily:
    """Return the family of values that an operator compares."""
    return next(family for prefix, family in _PREFIXES if name.value.startswith(prefix))


def variables_in(text: str, version: Version | None) -> frozenset[str]:
    """Return the keys (in lower case) of the policy variables in a text."""
    if version is not Version.V2012 or "${" not in text:
        return frozenset()
    parts = variables.read(text)
    return frozenset(part.key.lower() for part in parts if isinstance(part, variables.Variable))


def keys_compared_with(asked: VersionedCondition, tracked: TrackedAssumptions) -> frozenset[str]:
    """Return the keys whose values a condition compares with, by policy variables."""
    condition, version = asked.condition, asked.version
    name = condition.operator.name
    if name is OperatorName.BOOL and any("${" in text for text in condition.values):
        if not tracked.bool_variables():
            return frozenset()
    elif name not in conditions.SUBSTITUTING:
        return frozenset()
    found = frozenset().union(*(variables_in(text, version) for text in condition.values))
    own = condition.key.lower()
    # whether a text matches itself is the same for all texts
    return found - {own} if own in found and _compares_itself(condition) else found


def _compares_itself(condition: Condition) -> bool:
    """Return whether a string condition compares a key with itself, at most once in each value."""
    if not condition.operator.name.value.startswith("String"):
        return False
    own = condition.key.lower()
    for text in condition.values:
        parts = variables.read(text)
        names = [part.key.lower() for part in parts if isinstance(part, variables.Variable)]
        if names.count(own) > 1:
            return False
    return True


def values_for(
    key_conditions: Sequence[VersionedCondition], context: Context, now: datetime, budget: Budget
) -> tuple[list[str], bool]:
    """Return values of a key, and whether they cover all that the conditions can distinguish.

    They are not if the key is compared as two types at once, or ignoring the case of letters
    beyond ASCII.

    Args:
        key_conditions: the conditions on the key.
        context: the values of policy variables; a missing one has no value.
        now: a date for which there is no constant.
        budget: the steps that are left.

    Raises:
        LimitReached: if the search is too large.
    """
    families = {family_of(each.condition.operator.name) for each in key_conditions} - {
        OperatorFamily.PRESENCE
    }
    values: list[str] = []
    for family in sorted(families, key=lambda family: family.value):
        own = [each for each in key_conditions if family_of(each.condition.operator.name) is family]
        values += (
            _texts(own, context, budget)
            if family is OperatorFamily.TEXT
            else _values(family, own, now)
        )
    exact = len(families) <= 1 and not any(map(_folds_beyond_ascii, key_conditions))
    key = key_conditions[0].condition.key if key_conditions else ""
    return list(dict.fromkeys(values)) or ordinary_values(key), exact


def ordinary_values(key: str) -> list[str]:
    """Return values of `key` that no condition names."""
    if key.lower() in _OF_ADDRESSES:
        return [*_NICE_ADDRESSES]
    return [keys.EXAMPLES.get(key.lower(), "x")]


_OF_NO_USER = "*:*"
_OF_USERS = condition_on(OperatorName.STRING_LIKE, USER_ID, f"{_ID_STARTS}*", _OF_NO_USER)
_OF_SESSIONS = condition_on(
    OperatorName.STRING_LIKE, USER_ID, f"{_ROLE_ID_STARTS}*:??*", "*:*:*", "*:*/*"
)
_USER_ID = re.compile(f"{_ID_STARTS}[^:]*", re.DOTALL)
_SESSION_ID = re.compile(f"{_ROLE_ID_STARTS}[^:]*:[^:/]{{2,}}", re.DOTALL)
_EXAMPLE_SESSION = f"{EXAMPLE_ROLE_ID}:{SESSION_NAME}"


def ids_for(
    key_conditions: Sequence[VersionedCondition],
    context: Context,
    now: datetime,
    budget: Budget,
    *,
    of_role: bool = False,
) -> tuple[list[str], bool]:
    """Return the values of `aws:userid` as `values_for` does: a user's ids, an ordinary one first.

    With `of_role`, the values are those of a role's sessions.

    Source: IAM User Guide, "Unique identifiers": a user's begins with `AIDA`, a role's with `AROA`;
    only those of sessions have a colon, after which the session is named.
    """
    form, ordinary_id = (_SESSION_ID, _EXAMPLE_SESSION) if of_role else (_USER_ID, EXAMPLE_ID)
    texts, exact = values_for(
        [*key_conditions, _OF_SESSIONS if of_role else _OF_USERS], context, now, budget
    )
    return list(dict.fromkeys([ordinary_id, *filter(form.fullmatch, texts)])), exact


_OF_TEXTS = frozenset({OperatorFamily.TEXT, OperatorFamily.PRESENCE})


def regions_for(
    key_conditions: Sequence[VersionedCondition], context: Context, partition: str, budget: Budget
) -> tuple[list[str], bool]:
    """Return the values of `aws:RequestedRegion` as `values_for` does: known Regions first."""
    known = keys.regions_of(partition)
    if not _compare_texts(key_conditions):
        # compared as another type, all regions are equivalent
        return list(known) or ["x"], values_for(key_conditions, context, _NEVER, budget)[1]
    return _formed(known, names.regions(partition), key_conditions, context, budget)


def formed_for(
    key: str, key_conditions: Sequence[VersionedCondition], context: Context, budget: Budget
) -> tuple[list[str], bool] | None:
    """Return values as `values_for` does, in the form of the key's values; None: it has no form.

    None as well where it is compared as something else than a text.
    """
    if key not in names.OF_KEYS or not _compare_texts(key_conditions):
        return None
    return _formed(
        [keys.EXAMPLES.get(key, "")], names.OF_KEYS[key], key_conditions, context, budget
    )


def _compare_texts(key_conditions: Sequence[VersionedCondition]) -> bool:
    return {family_of(each.condition.operator.name) for each in key_conditions} <= _OF_TEXTS


def _formed(
    known: Sequence[str],
    forms: tuple[tuple[Token, ...], ...],
    key_conditions: Sequence[VersionedCondition],
    context: Context,
    budget: Budget,
) -> tuple[list[str], bool]:
    texts = texts_of_forms(known, forms, patterns_of(key_conditions, context), budget)
    return texts, is_exact(key_conditions)


def texts_of_forms(
    known: Sequence[str],
    forms: tuple[tuple[Token, ...], ...],
    patterns: Sequence[tuple[Token, ...]],
    budget: Budget,
) -> list[str]:
    """Return texts of given forms that the patterns can distinguish, known ones first."""
    every = (*patterns, *forms)
    texts = budget.cached(every, lambda: representatives(every, budget))
    return list(dict.fromkeys(filter(Patterns(forms).matches, (*known, *texts))))


def is_exact(asked: Sequence[VersionedCondition]) -> bool:
    """Return whether all conditions compare texts in ways that are known for every text."""
    return _compare_texts(asked) and not any(map(_folds_beyond_ascii, asked))


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _folds_beyond_ascii(condition: VersionedCondition) -> bool:
    """Return whether case is ignored in letters beyond ASCII, some of which fold unevenly."""
    return "IgnoreCase" in condition.condition.operator.name.value and not all(
        text.isascii() for text in condition.condition.values
    )


def _values(
    family: OperatorFamily, asked: Sequence[VersionedCondition], now: datetime
) -> Iterable[str]:
    constants = [text for each in asked for text in each.condition.values]
    match family:
        case OperatorFamily.NUMBER:
            values = _around(_read(conditions.number, constants))
            whole = {each.condition.key.lower() for each in asked} <= _WHOLE_NUMBERS
            # between two whole numbers is none that the key can have, but for those near both
            near = {floor(value) + step for value in values for step in (0, 1)}
            return map(str, sorted(near)) if whole else map(_number, values)
        case OperatorFamily.DATE:
            dates = [*_read(conditions.date, constants), Decimal(int(now.timestamp()))]
            return [_date(value) for value in _around(dates)]
        case OperatorFamily.BOOLEAN:
            return ["true", "false"]
        case OperatorFamily.BINARY:
            return [*constants, _other_binary(constants)]
        case OperatorFamily.ADDRESS:
            return _addresses(constants)
        case OperatorFamily.TEXT | OperatorFamily.PRESENCE:
            return []


_WHOLE_NUMBERS = frozenset(check_proof.FACTS["integers"]["keys"])


def _read(read: Callable[[str], Decimal | None], constants: Iterable[str]) -> Iterable[Decimal]:
    return [value for value in map(read, constants) if value is not None]


def _around(constants: Iterable[Decimal]) -> list[Decimal]:
    """Return a value at, before, after and between all constants, with all digits."""
    cuts = sorted(set(constants)) or [Decimal(0)]
    with localcontext(prec=_digits(cuts)):
        values = {*cuts, cuts[0] - 1, cuts[-1] + 1}
        for low, high in pairwise(cuts):
            whole = low == low.to_integral_value() and high == high.to_integral_value()
            if high - low > 1:
                values.add(low + 1)
            elif not whole:
                values.add((low + high) / 2)
    return sorted(values)


def _digits(numbers: Sequence[Decimal]) -> int:
    """Return the number of digits that exact arithmetic with these numbers needs."""
    before = max(0, *(number.adjusted() for number in numbers))
    after = max(0, *(-int(number.as_tuple().exponent) for number in numbers))
    if before + after > MOST_DIGITS:
        raise LimitReached(reasons.TOO_MANY_DIGITS)
    return before + after + _CARRIED


_CARRIED = 4
"""The digits that a sum or a half can have in addition to its operands'."""


def _number(value: Decimal) -> str:
    return format(value, "f")


def _date(value: Decimal) -> str:
    try:
        whole = value == value.to_integral_value()
        when = datetime.fromtimestamp(int(value), UTC)
    except (OverflowError, ValueError, OSError):
        return _number(value)
    ordinary = whole and when.year >= 1000  # noqa: PLR2004 - four digits, as the form demands
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if ordinary else _number(value)


def _other_binary(constants: Iterable[str]) -> str:
    longest = max(map(len, constants), default=0)
    return base64.b64encode(b"x" * (longest + 1)).decode("ascii")


_NICE_ADDRESSES = ("203.0.113.9", "198.51.100.7", "2001:db8::9")
_OF_ADDRESSES = frozenset({"aws:sourceip", "aws:vpcsourceip"})
"""The keys whose values are addresses, regardless of the operator."""


def _addresses(constants: Iterable[str]) -> list[str]:
    """Return the first address of every interval between the ends of the ranges."""
    result = [*_NICE_ADDRESSES, "0.0.0.0", "::"]  # noqa: S104 - an address to ask about
    for text in constants:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        result += [str(network[0]), str(network[-1])]
        if int(network[-1]) < 2**network.max_prefixlen - 1:
            result.append(str(network[-1] + 1))
    return result


def _texts(
    key_conditions: Sequence[VersionedCondition], context: Context, budget: Budget
) -> list[str]:
    patterns = patterns_of(key_conditions, context)
    return budget.cached(patterns, lambda: representatives(patterns, budget))


def patterns_of(
    key_conditions: Sequence[VersionedCondition], context: Context
) -> tuple[tuple[Token, ...], ...]:
    """Return the patterns with which conditions compare a text."""
    patterns = dict.fromkeys(
        tokens
        for each in key_conditions
        if family_of(each.condition.operator.name) is OperatorFamily.TEXT
        for text in each.condition.values
        if (tokens := tokens_of(each, text, context)) is not None
    )
    patterns |= dict.fromkeys(_patterns_of_no_arns(key_conditions, context))
    return tuple(patterns)


def _patterns_of_no_arns(
    key_conditions: Sequence[VersionedCondition], context: Context
) -> Iterator[tuple[Token, ...]]:
    """Yield patterns that separate ARNs from other texts, if that may matter."""
    of_arns = [
        each for each in key_conditions if each.condition.operator.name in conditions.OF_ARNS
    ]
    wild = [
        pattern
        for each in of_arns
        for text in each.condition.values
        if (pattern := variables.substitute(text, each.version, context)) is not None
        and not _matches_arns_only(pattern)
    ]
    # compared as texts, if that is assumed
    yield from wild
    if wild or any(each.condition.operator.name in _NOT_ARNS for each in of_arns):
        yield _arn(("arn:", Wild.STAR))


def _matches_arns_only(pattern: Pattern) -> bool:
    """Return whether every text that matches a pattern has the form of an ARN."""
    parts = arns.parts_of(pattern)
    return len(parts) == arns.PARTS and parts[0] == ("arn",)


def tokens_of(
    condition: VersionedCondition, text: str, context: Context
) -> tuple[Token, ...] | None:
    """Return a value of a text or ARN condition as a pattern; None if it matches nothing."""
    pattern = variables.substitute(text, condition.version, context)
    if pattern is None:
        return None
    name = conditions.NEGATIONS.get(
        condition.condition.operator.name, condition.condition.operator.name
    )
    match name:
        case OperatorName.STRING_EQUALS:
            return tuple(glob.text_of(pattern))
        case OperatorName.STRING_EQUALS_IGNORE_CASE:
            return tuple(map(_casings, glob.text_of(pattern)))
        case OperatorName.STRING_LIKE:
            return pattern
        case OperatorName.ARN_EQUALS | OperatorName.ARN_LIKE:
            return _arn(pattern)
        case other:
            raise InternalError(f"`{other.value}` compares no texts")


_NOT_ARNS = frozenset({OperatorName.ARN_NOT_EQUALS, OperatorName.ARN_NOT_LIKE})
_KELVIN = "\u212a"
"""The only character beyond ASCII whose lower case is one ASCII letter."""


def _casings(char: str) -> Token:
    cases = {char.lower(), char.upper(), char} | ({_KELVIN} if char in "kK" else set())
    return frozenset(c for c in cases if len(c) == 1) if len(cases) > 1 else char


_INSIDE: dict[object, Token] = {Wild.STAR: Segment.STAR, Wild.ANY: Segment.ANY}


def _arn(pattern: Pattern) -> tuple[Token, ...]:
    parts = arns.parts_of(pattern)
    # the matches of a short one are an assumption: its texts are distinguished in any case
    parts = (*parts, *((Wild.STAR,) for _ in range(arns.PARTS - len(parts))))
    tokens: list[Token] = []
    for part in parts[:-1]:
        tokens += [*(_INSIDE.get(token, token) for token in part), ":"]
    return (*tokens, *parts[-1])


def likely_for(
    name: str, key_conditions: Sequence[VersionedCondition]
) -> Iterator[Mapping[str, str]]:
    """Yield values that some conditions match, for conditions too many to separate.

    They prove nothing and may refute. Only tags have any, since a tag can be any text.
    """
    for each in key_conditions if "tag/" in name else ():
        for pattern in each.condition.values:
            text = pattern.replace("*", "").replace("?", "x")
            if text and variables.OPEN not in text:
                yield {each.condition.key: text}


def split_by_quantifier(key_conditions: Sequence[VersionedCondition]) -> tuple[int, int]:
    """Return the conditions that must hold for some value, and those that must for every value.

    A negated operator without a set operator must hold for every value, if there is any.
    """
    some = every = 0
    for number, each in enumerate(key_conditions):
        operator = each.condition.operator
        if operator.quantifier is Quantifier.FOR_ALL_VALUES or (
            operator.quantifier is Quantifier.NONE and operator.name in conditions.NEGATIONS
        ):
            every |= 1 << number
        else:
            some |= 1 << number
    return some, every
