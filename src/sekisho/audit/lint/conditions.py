"""Access Analyzer's checks of conditions, and keys that no action carries.

Source: IAM User Guide, "Access Analyzer policy check reference".
"""

import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.spelling import Speller, global_keys
from sekisho.errors import quoted
from sekisho.messages import Message, verbatim
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    OperatorName,
    Quantifier,
    Statement,
    Version,
)

_STRING_OR_ARN = ("String", "Arn")
_VARIABLE = "${"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?")
_EPOCH = re.compile(r"\d{1,12}")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_WELL_FORMED = re.compile(r"\$\{(?:[*?$]|[^\s{}$'*?,]+(?:, '[^'}]*')?)\}")
_MOST_VALUES = 600
_DEPRECATED = "aws:arn"
_IN_A_VPC = "aws:vpcsourceip"
_WHICH_VPC = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"})
"""IAM User Guide, "AWS global condition context keys", on `aws:VpcSourceIp`."""


def condition_checks(
    document: Document, statement: Statement, speller: Speller
) -> Iterator[Finding]:
    """Yield the findings on a statement's conditions, and on variables in its resources."""
    for condition in statement.conditions:
        where = f"Condition.{condition.operator}.{quoted(condition.key)[1:-1]}"
        for name, fact, fix in (
            *_key(condition, speller),
            *_operator(statement, condition),
            *_values(condition, document),
        ):
            yield found(
                name,
                place_in(document, statement, path=where, position=condition.position),
                fact,
                fix,
            )
    for condition in _unpaired(statement):
        where = f"Condition.{condition.operator}.{quoted(condition.key)[1:-1]}"
        place = place_in(document, statement, path=where, position=condition.position)
        yield found(FindingId.MISSING_PAIRED_KEYS, place, quoted(condition.key))
    resource = statement.resource
    for value in resource.values if resource else ():
        if document.version is Version.V2012 and _malformed(value.split(":", 5)[-1]):
            yield found(
                FindingId.INVALID_VARIABLE,
                place_in(
                    document,
                    statement,
                    path="Resource",
                    position=resource.position if resource else None,
                ),
                quoted(value),
            )


_Fact = tuple[FindingId, Message, Message | None]


def looks_like_mfa(key: str) -> bool:
    """Return whether a key that AWS does not have was probably meant as a key of MFA."""
    letters = re.sub(r"[^a-z]", "", key.lower())
    return "mfa" in letters or "multif" in letters or "factorauth" in letters


def _key(condition: Condition, speller: Speller) -> Iterator[_Fact]:
    key = condition.key.lower()
    if not key.startswith("aws:"):
        return
    base, slash, tag = key.partition("/")
    known = {each.lower() for each in global_keys()[0]}
    if f"{base}/" in known:
        if not slash or not tag:
            yield FindingId.MISSING_TAG_KEY, verbatim(quoted(condition.key)), None
        return
    if key == _DEPRECATED:
        yield FindingId.DEPRECATED_GLOBAL_KEY, verbatim(quoted(condition.key)), None
        return
    # a misspelled MFA key is reported by its effect on MFA
    if key not in known and not looks_like_mfa(key):
        near = speller.near_global_key(condition.key)
        fix = Message("Write `{near}`.").filled(near=near) if near else None
        yield FindingId.INVALID_GLOBAL_KEY, verbatim(quoted(condition.key)), fix


def _operator(statement: Statement, condition: Condition) -> Iterator[_Fact]:
    operator = condition.operator
    fact = _under(condition.key, str(operator))
    key = condition.key.lower()
    several = operator.name is not OperatorName.NULL and operator.quantifier is Quantifier.NONE
    if several and key in _several_values():
        yield FindingId.MISSING_QUALIFIER, fact, None
    if operator.name is OperatorName.NULL and operator.quantifier is not Quantifier.NONE:
        yield FindingId.NULL_WITH_QUALIFIER, fact, None
    single = {each.lower() for each in global_keys()[0] - global_keys()[1]}
    # for the MFA keys, `mfa.allow-for-all-values` reports it if the engine finds it open
    if (
        operator.quantifier is Quantifier.FOR_ALL_VALUES
        and statement.effect is Effect.ALLOW
        and not key.startswith("aws:multifactorauth")
        and (key in single or f"{key.partition('/')[0]}/" in single)
    ):
        yield FindingId.FOR_ALL_VALUES, fact, None
    if not condition.values:
        yield FindingId.EMPTY_ARRAY_CONDITION, fact, None


@cache
def _several_values() -> frozenset[str]:
    return frozenset(key.lower() for key in global_keys()[1])


def _unpaired(statement: Statement) -> Iterator[Condition]:
    """Yield the conditions of an Allow on addresses in a VPC without a condition on the VPC."""
    keys = {condition.key.lower() for condition in statement.conditions}
    if statement.effect is Effect.ALLOW and keys.isdisjoint(_WHICH_VPC):
        for condition in statement.conditions:
            if condition.key.lower() == _IN_A_VPC:
                yield condition


def _values(condition: Condition, document: Document) -> Iterator[_Fact]:
    name = condition.operator.name
    texts = condition.values[:_MOST_VALUES]
    if name is OperatorName.BOOL and {text.lower() for text in texts} >= {"true", "false"}:
        shown = quoted(condition.key)
        fact = Message("{shown}: true and false").filled(shown=shown)
        yield FindingId.MULTIPLE_BOOLEAN, fact, None
    for text in texts:
        if _VARIABLE in text and document.version is Version.V2012:
            found = _variable(name, text)
        else:
            found = _literal(name, condition.key, text)
        if found is not None:
            yield found, _under(text, name.value), None


def _under(text: str, operator: str) -> Message:
    """Return the text of a key or a value with its operator."""
    shown = quoted(text)
    return Message("{shown} under `{operator}`").filled(shown=shown, operator=operator)


def _variable(name: OperatorName, text: str) -> FindingId | None:
    if not name.value.startswith(_STRING_OR_ARN):
        return FindingId.VARIABLE_FOR_OPERATOR
    return FindingId.INVALID_VARIABLE if _malformed(text) else None


def _literal(name: OperatorName, key: str, text: str) -> FindingId | None:
    kind = name.value
    if not _fits(name, text):
        return FindingId.TYPE_MISMATCH
    if kind.startswith("Date") and _EPOCH.fullmatch(text):
        return FindingId.DATE_AS_EPOCH
    if key.lower() == "aws:sourceip" and _private(text):
        return FindingId.PRIVATE_IP
    if kind in _EXACT and _has_wildcard(text):
        return FindingId.WILDCARD_WITHOUT_LIKE
    return None


_EXACT = frozenset(
    name.value
    for name in OperatorName
    if "StringEquals" in name.value or "StringNotE" in name.value
)


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def _malformed(text: str) -> bool:
    return _VARIABLE in _WELL_FORMED.sub("", text)


def _fits(name: OperatorName, text: str) -> bool:
    """Return whether the operator can read a value of the policy."""
    kind = name.value
    if kind.startswith("Numeric"):
        return _NUMBER.fullmatch(text) is not None
    if kind.startswith("Date"):
        return _EPOCH.fullmatch(text) is not None or _is_date(text)
    match name:
        case OperatorName.BOOL | OperatorName.NULL:
            return text.lower() in ("true", "false")
        case OperatorName.IP_ADDRESS | OperatorName.NOT_IP_ADDRESS:
            return _network(text) is not None
        case _:
            return True


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _private(text: str) -> bool:
    """Return whether an address is a private one (RFC 1918, and the like in IPv6)."""
    network = _network(text)
    if network is None or network.prefixlen == 0:
        return False
    return any(network.version == inner.version and network.subnet_of(inner) for inner in _PRIVATE)  # type: ignore[arg-type] # the versions are equal


_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
