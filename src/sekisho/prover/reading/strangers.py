"""Whom and where a resource-based policy names, so that a stranger is none of it.

Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of
'public'": a policy is not public that lets in fixed values only, of these keys.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sekisho.catalogue import partitions
from sekisho.engine import ArnSpan
from sekisho.engine.matching import arns
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Operator,
    OperatorName,
    Quantifier,
    Statement,
    Version,
)
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import CallingUser

_OF_ACCOUNTS = frozenset(
    {
        *("aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:vpceaccount"),
        *("kms:calleraccount", "s3:dataaccesspointaccount"),
    }
)
"""Keys whose value is an account."""

_OF_ARNS = frozenset(
    {
        *("aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn", "s3:dataaccesspointarn"),
        *("ec2:sourceinstancearn", "lambda:sourcefunctionarn"),
    }
)
"""Keys whose value is the ARN of something of the caller's account, or of who sends the caller."""

_OF_NAMES = frozenset(
    {
        *("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"),
        *("aws:sourcevpc", "aws:sourcevpce", "aws:ec2instancesourcevpc"),
        "aws:principalservicename",
    }
)
"""Keys whose values are each one's: an organisation's, a network's, a service's."""

_OF_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"})
_ORGANISATION = re.compile(r"(o-[a-z0-9]{10,32})/.*", re.DOTALL)
_SERVICES = "aws:principalservicenameslist"
_USER_ID = "aws:userid"
_ID = re.compile(r"[A-Z0-9]{16,}(:.*)?", re.DOTALL)
_ADDRESS = "aws:sourceip"
_SOURCE = "aws:sourcearn"
_MOST_ADDRESSES = {4: 2**24, 6: 2**96}
"""A `/8`, and a `/32` of IPv6: what is wider in all names nobody."""


def unnamed_account(document: Document) -> str:
    """Return an account whose id is nowhere in the document."""
    texts = "\n".join(_texts(document))
    return next(
        account
        for number in range(999988887777, 999999999999)
        if (account := str(number)) not in texts
    )


def _texts(document: Document) -> Iterator[str]:
    for statement in document.statements:
        if statement.principal is not None:
            for _, values in statement.principal.entries:
                yield from values
        if statement.resource is not None:
            yield from statement.resource.values
        for condition in statement.conditions:
            yield from condition.values


def accounts_in(document: Document) -> tuple[str, ...]:
    """Return the accounts that a document names: in ARNs, as principals, or by keys of accounts."""
    found: dict[str, None] = {}
    for text in _texts(document):
        found |= dict.fromkeys(filter(arns.is_account, arns.split(text)[4:5]))
    for statement in document.statements:
        if statement.principal is not None:
            entries = (text for _, values in statement.principal.entries for text in values)
            found |= dict.fromkeys(filter(arns.is_account, entries))
        for condition in statement.conditions:
            if condition.key.lower() in _OF_ACCOUNTS:
                found |= dict.fromkeys(filter(arns.is_account, condition.values))
    return tuple(found)


def partitions_in(document: Document) -> tuple[str, ...]:
    """Return the partitions that what is allowed can be in."""
    known = tuple(each.id for each in partitions())
    found: dict[str, None] = {}
    for statement in document.statements:
        if statement.effect is Effect.ALLOW:
            found |= dict.fromkeys(_partitions_of(statement, known))
    return tuple(found) or known[:1]


def _partitions_of(statement: Statement, known: tuple[str, ...]) -> Iterator[str]:
    if statement.resource is None or statement.resource.negated:
        yield from known
        return
    for entry in statement.resource.values:
        part = arns.split(entry)[1:2]
        yield from part if part and part[0] in known else known


def excluded(named: Document, own: Document, *, span: ArnSpan) -> Iterator[VersionedCondition]:
    """Yield conditions that hold of no stranger's request.

    Args:
        named: the whole policy, which names accounts and the rest.
        own: those of its statements that are about strangers; of no other key it is said.
        span: how ARNs are compared; where wildcards may take in colons, a pattern does not tell the
            account, and ARNs are not left out.
    """
    asked = {each.key.lower(): each.key for one in own.statements for each in one.conditions}
    per_segment = span is ArnSpan.PER_SEGMENT
    for key, spelled in asked.items():
        if key in _OF_ARNS and per_segment:
            entries = tuple(f"arn:*:*:*:{account}:*" for account in accounts_in(named))
            yield from _one(OperatorName.ARN_LIKE, spelled, entries)
        way = next((each for each in _WAYS if key in each.keys), None)
        if way is not None:
            yield from _one(way.operator, spelled, way.values(named, key), way.quantifier)


class _Way(NamedTuple):
    """How what a policy names by some keys is told.

    Attributes:
        values: what is named, of a document and a key.
    """

    keys: frozenset[str]
    operator: OperatorName
    values: Callable[[Document, str], tuple[str, ...]]
    quantifier: Quantifier = Quantifier.NONE


def _accounts(document: Document, _: str) -> tuple[str, ...]:
    return accounts_in(document)


def _names(document: Document, key: str) -> tuple[str, ...]:
    return _values(document, key, _is_literal)


def _whole_arns(document: Document, key: str) -> tuple[str, ...]:
    return _values(document, key, _is_literal_arn)


def _organisations(document: Document, key: str) -> tuple[str, ...]:
    found = map(_ORGANISATION.fullmatch, _values(document, key, bool))
    return tuple(f"{match[1]}/*" for match in found if match)


def _ids(document: Document, key: str) -> tuple[str, ...]:
    found = (text.partition(":") for text in _values(document, key, _is_id))
    return tuple(f"{start}{':*' if colon else ''}" for start, colon, _ in found)


def shaped(own: Document, user: CallingUser) -> Iterator[VersionedCondition]:
    """Yield conditions that hold of requests of `user` as they can be, where a key is there."""
    asked = {each.key.lower(): each.key for one in own.statements for each in one.conditions}
    iam = f"arn:{user.partition}:iam::{user.account}"
    likes: dict[str, tuple[str, ...]] = {
        "aws:sourcevpc": ("vpc-?*",),
        "aws:sourcevpce": ("vpce-?*",),
        "aws:userid": ("AIDA????????????*", "AROA????????????*:?*"),
        **dict.fromkeys(("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"), ("o-?*",)),
    }
    for key, spelled in asked.items():
        if key in _OF_ACCOUNTS:
            yield from _one(OperatorName.STRING_EQUALS, spelled, (user.account,), if_exists=True)
        elif key == "aws:principalarn":
            entries = (f"{iam}:user/?*", f"{iam}:role/?*")
            yield from _one(OperatorName.ARN_LIKE, spelled, entries, if_exists=True)
        elif key in _OF_ARNS:
            start = f"arn:{user.partition}"
            # only a bucket's ARN has no account
            entries = (f"{start}:?*:*:{user.account}:?*", f"{start}:s3:::?*")
            yield from _one(OperatorName.ARN_LIKE, spelled, entries, if_exists=True)
        elif key in likes:
            yield from _one(OperatorName.STRING_LIKE, spelled, likes[key], if_exists=True)


def _one(
    name: OperatorName,
    key: str,
    values: tuple[str, ...],
    quantifier: Quantifier = Quantifier.NONE,
    *,
    if_exists: bool = False,
) -> Iterator[VersionedCondition]:
    if values:
        operator = Operator(name, quantifier, if_exists)
        yield VersionedCondition(Condition(operator, key, values), Version.V2012)


def _values(document: Document, key: str, is_one: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the values of a key in conditions, those of one form."""
    found = (
        value
        for statement in document.statements
        for condition in statement.conditions
        if condition.key.lower() == key and condition.operator.name in _TEXTUAL
        for value in condition.values
        if is_one(value)
    )
    return tuple(dict.fromkeys(found))


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


_TEXTUAL = frozenset(name for name in OperatorName if name.value.startswith(("String", "Arn")))


def _is_literal(text: str) -> bool:
    return bool(text) and not set(text) & set("*?$")


def _is_literal_arn(text: str) -> bool:
    return _is_literal(text) and text.startswith("arn:") and len(arns.split(text)) == arns.PARTS


def _networks(document: Document, key: str) -> tuple[str, ...]:
    """Return the networks that a document names, if they are few addresses in all."""
    found: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
    for statement in document.statements:
        for condition in statement.conditions:
            if condition.key.lower() == key:
                for text in condition.values:
                    try:
                        found[text] = ipaddress.ip_network(text, strict=False)
                    except ValueError:
                        continue
    few: list[str] = []
    for version, most in _MOST_ADDRESSES.items():
        own = {text: one for text, one in found.items() if one.version == version}
        own = {text: one for text, one in own.items() if one.num_addresses <= most}
        if sum(one.num_addresses for one in own.values()) <= most:
            few += own
    return tuple(few)


_WAYS = (
    _Way(_OF_ACCOUNTS, OperatorName.STRING_EQUALS, _accounts),
    _Way(frozenset({_SOURCE}), OperatorName.ARN_EQUALS, _whole_arns),
    _Way(_OF_NAMES, OperatorName.STRING_EQUALS, _names),
    _Way(frozenset({_SERVICES}), OperatorName.STRING_EQUALS, _names, Quantifier.FOR_ANY_VALUE),
    _Way(_OF_PATHS, OperatorName.STRING_LIKE, _organisations, Quantifier.FOR_ANY_VALUE),
    _Way(frozenset({_USER_ID}), OperatorName.STRING_LIKE, _ids),
    _Way(frozenset({_ADDRESS}), OperatorName.IP_ADDRESS, _networks),
)
