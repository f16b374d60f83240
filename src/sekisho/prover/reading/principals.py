"""The callers that policies with `Principal` distinguish, and strangers, which they do not name.

Two callers are equivalent if all principals of some policies name them in the same way. So one
caller represents each account, user, role, session, service and identity provider that is named,
one user and one role the others of each account, and as many all other accounts.

A stranger is of no account, organisation, network or source that a resource-based policy names.
Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of
'public'": a policy that allows only fixed values of these keys is not public.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import NamedTuple

from sekisho.catalogue import partitions
from sekisho.engine import ArnSpan
from sekisho.engine.matching import Closeness, TrackedAssumptions, arns, principals
from sekisho.errors import FaultyRequest
from sekisho.lazy import dataclass
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    Principal,
    PrincipalKey,
    Quantifier,
    Statement,
    Version,
)
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import EXAMPLE_ROLE_ID, SESSION_NAME, USER_ID, CallingUser
from sekisho.prover.reading.policies import texts_of

SOME_USER, SOME_ROLE = "some-user", "some-role"
"""The names of a user and a role that no policy names."""
SOME_SERVICE = "some-service.amazonaws.com"
"""The name of a service that no policy names."""
_ANYONE = "*"


class RequesterKind(Enum):
    """The kinds of caller, by the evidence of MFA that they can give."""

    PEOPLE = auto()
    """IAM users, who may have MFA."""
    ROLE = auto()
    """Sessions of roles, which never have MFA."""
    PROVIDER = auto()
    """Callers that an identity provider authenticates: AWS does not see their MFA."""
    SERVICE = auto()
    """AWS services, which cannot have MFA."""
    NOBODY = auto()
    """A caller whose requests are not signed."""


@dataclass(frozen=True, slots=True)
class Requester:
    """One caller that represents all callers that some policies name in the same way.

    Attributes:
        name: the principal as a policy writes it; "" for whom none names.
        kind: the kind of the caller, by the evidence of MFA.
        user: the caller as the prover asks about one.
        exact: whether this is the only one, and not one of many.
        excluded_arns: users and roles that they are not: those are named themselves.
        excluded_accounts: accounts that the callers are not of; none: of the user's account.
    """

    name: str
    kind: RequesterKind
    user: CallingUser
    exact: bool = False
    excluded_accounts: tuple[str, ...] = ()
    excluded_arns: tuple[str, ...] = ()

    @property
    def of_identity(self) -> bool:
        """Whether the principal is a user or a role itself, and not a session of it."""
        return self.exact and not self.user.outside_principal and not self.user.unique_id


def some_providers(partition: str) -> dict[str, RequesterKind]:
    """Return identity providers that no policy names: one of OIDC, one of SAML."""
    saml = f"arn:{partition}:iam::444455556666:saml-provider/some-provider"
    return dict.fromkeys(("some-provider.example.com", saml), RequesterKind.PROVIDER)


def requesters(
    documents: Sequence[Document],
    partition: str,
    account: str,
    outside: Mapping[str, RequesterKind],
) -> tuple[tuple[Requester, ...], tuple[str, ...]]:
    """Return representatives of all callers, and the principals that are not handled.

    Args:
        documents: policies with principals.
        partition: where they are.
        account: an account whose users and roles are asked about, too.
        outside: further callers without an account, and not named, with their kinds.
    """
    named_requesters: dict[object, Requester] = {}
    unhandled: dict[str, None] = {}
    entries = tuple(dict.fromkeys(_entries(documents)))
    accounts: dict[str, str] = {account: ""}
    for key, value in entries:
        if value == _ANYONE:
            continue
        if _is_account(value):
            owner = _account(value)
            accounts[owner] = accounts.get(owner) or value
            continue
        requester = _requester_named(key, value, partition, account)
        if requester is None:
            unhandled[value] = None
        else:
            named_requesters.setdefault(
                (requester.user.arn, requester.user.outside_principal, requester.user.unique_id),
                requester,
            )
    others = (f"{number:012}" for number in range(444455556666, 444455999999))
    stranger = next(each for each in others if each not in accounts)
    anybody = _ANYONE if any(value == _ANYONE for _, value in entries) else ""
    several = [
        one
        for each, name in accounts.items()
        for one in _of_account(name or anybody, partition, each, excluded_accounts=())
    ]
    several += _of_account(anybody, partition, stranger, excluded_accounts=tuple(accounts))
    of_stranger = f"arn:{partition}:iam::{stranger}:user/{SOME_USER}"
    several += [
        Requester(
            anybody,
            kind,
            CallingUser(of_stranger, {}, outside_principal=name),
            exact=kind is RequesterKind.NOBODY,
        )
        for name, kind in outside.items()
    ]
    named = tuple(each.user.arn for each in named_requesters.values() if each.of_identity)
    many = (each if each.exact else replace(each, excluded_arns=named) for each in several)
    return (*named_requesters.values(), *many), tuple(unhandled)


def _entries(documents: Iterable[Document]) -> Iterator[tuple[PrincipalKey, str]]:
    for document in documents:
        for statement in document.statements:
            principal: Principal | None = statement.principal
            for key, values in principal.entries if principal is not None else ():
                yield from ((key, value) for value in values)


def names_any_provider(document: Document) -> bool:
    """Return whether all identity providers are named, and no other callers."""
    return (PrincipalKey.FEDERATED, _ANYONE) in _entries((document,))


def _is_account(value: str) -> bool:
    return arns.is_account(value) or arns.split(value)[5:] == ("root",)


def _account(value: str) -> str:
    """Return the account of a principal that names an account."""
    return value if arns.is_account(value) else arns.split(value)[4]


def _of_account(
    name: str, partition: str, account: str, *, excluded_accounts: tuple[str, ...]
) -> Iterator[Requester]:
    start = f"arn:{partition}:iam::{account}:"
    user = CallingUser.of(f"{start}user/{SOME_USER}")
    role = CallingUser.of_role(f"{start}role/{SOME_ROLE}")
    yield Requester(name, RequesterKind.PEOPLE, user, excluded_accounts=excluded_accounts)
    yield Requester(name, RequesterKind.ROLE, role, excluded_accounts=excluded_accounts)


def _requester_named(
    key: PrincipalKey, value: str, partition: str, account: str
) -> Requester | None:
    """Return the caller that a principal names; None if it is not handled."""
    match key:
        case PrincipalKey.SERVICE | PrincipalKey.FEDERATED:
            kind = RequesterKind.SERVICE if key is PrincipalKey.SERVICE else RequesterKind.PROVIDER
            # a provider's ARN has an account, which does not matter here
            arn = f"arn:{partition}:iam::{account}:user/{SOME_USER}"
            user = CallingUser(arn, {}, outside_principal=value)
            try:
                user.caller()
            except FaultyRequest:
                return None
            return Requester(value, kind, user, exact=True)
        case PrincipalKey.AWS:
            return _identity(value, partition, account)
        case PrincipalKey.ANYONE | PrincipalKey.CANONICAL_USER:
            return None


def _identity(value: str, partition: str, account: str) -> Requester | None:
    start = f"arn:{partition}:iam::{account}:"
    if value.startswith("AIDA"):
        user = CallingUser.of(f"{start}user/{SOME_USER}", {USER_ID: value})
        return Requester(value, RequesterKind.PEOPLE, user)
    if value.startswith("AROA"):
        known = {USER_ID: f"{value}:{SESSION_NAME}"}
        return Requester(
            value, RequesterKind.ROLE, CallingUser.of_role(f"{start}role/{SOME_ROLE}", known)
        )
    parts = arns.split(value)
    try:
        match (parts[2:3], parts[-1].split("/")):
            case (("iam",), ["user", *_]):
                return Requester(value, RequesterKind.PEOPLE, CallingUser.of(value), exact=True)
            case (("iam",), ["role", *_]):
                return Requester(value, RequesterKind.ROLE, CallingUser.of_role(value), exact=True)
            case (("sts",), ["assumed-role", name, session]) if session:
                role = CallingUser.of_role(f"arn:{parts[1]}:iam::{parts[4]}:role/{name}")
                known = {USER_ID: f"{EXAMPLE_ROLE_ID}:{session}"}
                return Requester(
                    value, RequesterKind.ROLE, replace(role, known_values=known), exact=True
                )
            case _:
                return None
    except (FaultyRequest, IndexError):
        return None


def statements_naming(
    document: Document,
    user: CallingUser,
    tracked: TrackedAssumptions,
    least: Closeness = Closeness.ACCOUNT,
) -> Document:
    """Return the statements that name a caller, in the form of the caller's own policy.

    Args:
        document: with principals; where it has no resources, it is about every one.
        user: the caller.
        tracked: the assumptions.
        least: how closely an Allow must name the caller.
    """
    caller = user.caller()
    statements = []
    for each in document.statements:
        closeness = Closeness.ITSELF
        if each.principal is not None:
            closeness = principals.closeness_of(each.principal, each.effect, caller, tracked)
        wanted = least if each.effect is Effect.ALLOW else Closeness.ACCOUNT
        if closeness >= wanted:
            resource = each.resource or Element((_ANYONE,))
            statements.append(replace(each, principal=None, resource=resource))
    return replace(document, statements=tuple(statements))


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
"""Keys whose value is the ARN of an object of the caller's or the sender's account."""

_OF_NAMES = frozenset(
    {
        *("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"),
        *("aws:sourcevpc", "aws:sourcevpce", "aws:ec2instancesourcevpc"),
        "aws:principalservicename",
    }
)
"""Keys whose values belong to one organisation, network or service."""

_OF_PATHS = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"})
_ORGANISATION = re.compile(r"(o-[a-z0-9]{10,32})/.*", re.DOTALL)
_SERVICES = "aws:principalservicenameslist"
_USER_ID = "aws:userid"
_ID = re.compile(r"[A-Z0-9]{16,}(:.*)?", re.DOTALL)
_ADDRESS = "aws:sourceip"
_SOURCE = "aws:sourcearn"
_MOST_ADDRESSES = {4: 2**24, 6: 2**96}
"""A `/8`, and a `/32` of IPv6: wider ranges together identify no network."""


def unnamed_account(document: Document) -> str:
    """Return an account whose id does not occur in the document."""
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
        yield from texts_of(statement)


def accounts_in(document: Document) -> tuple[str, ...]:
    """Return the accounts in a document: in ARNs, as principals, or in keys of accounts."""
    accounts: dict[str, None] = {}
    for text in _texts(document):
        accounts |= dict.fromkeys(filter(arns.is_account, arns.split(text)[4:5]))
    for statement in document.statements:
        if statement.principal is not None:
            entries = (text for _, values in statement.principal.entries for text in values)
            accounts |= dict.fromkeys(filter(arns.is_account, entries))
        for condition in statement.conditions:
            if condition.key.lower() in _OF_ACCOUNTS:
                accounts |= dict.fromkeys(filter(arns.is_account, condition.values))
    return tuple(accounts)


def partitions_in(document: Document) -> tuple[str, ...]:
    """Return the partitions in which the document may allow requests."""
    known = tuple(each.id for each in partitions())
    partition_ids: dict[str, None] = {}
    for statement in document.statements:
        if statement.effect is Effect.ALLOW:
            partition_ids |= dict.fromkeys(_partitions_of(statement, known))
    return tuple(partition_ids) or known[:1]


def _partitions_of(statement: Statement, known: tuple[str, ...]) -> Iterator[str]:
    if statement.resource is None or statement.resource.negated:
        yield from known
        return
    for entry in statement.resource.values:
        part = arns.split(entry)[1:2]
        yield from part if part and part[0] in known else known


def conditions_no_stranger_meets(
    document: Document, own: Document, *, span: ArnSpan
) -> Iterator[VersionedCondition]:
    """Yield conditions that no stranger's request satisfies.

    Args:
        document: the whole policy, which names accounts and the rest.
        own: the statements that are about strangers; only their keys matter.
        span: how ARNs are compared; where wildcards may take in colons, a pattern does not tell the
            account, and ARNs are not left out.
    """
    spelling = {each.key.lower(): each.key for one in own.statements for each in one.conditions}
    per_segment = span is ArnSpan.PER_SEGMENT
    for key, spelled in spelling.items():
        if key in _OF_ARNS and per_segment:
            entries = tuple(f"arn:*:*:*:{account}:*" for account in accounts_in(document))
            yield from _condition_of_values(OperatorName.ARN_LIKE, spelled, entries)
        naming = next((each for each in _NAMING_KEYS if key in each.keys), None)
        if naming is not None:
            yield from _condition_of_values(
                naming.operator, spelled, naming.values(document, key), naming.quantifier
            )


class _NamingKeys(NamedTuple):
    """The values by which a policy names objects, for some keys.

    Attributes:
        values: the named values, by document and key.
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


def conditions_of_value_forms(own: Document, user: CallingUser) -> Iterator[VersionedCondition]:
    """Yield conditions that the requests of `user` satisfy, if a key is present."""
    spelling = {each.key.lower(): each.key for one in own.statements for each in one.conditions}
    iam = f"arn:{user.partition}:iam::{user.account}"
    likes: dict[str, tuple[str, ...]] = {
        "aws:sourcevpc": ("vpc-?*",),
        "aws:sourcevpce": ("vpce-?*",),
        "aws:userid": ("AIDA????????????*", "AROA????????????*:?*"),
        **dict.fromkeys(("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"), ("o-?*",)),
    }
    for key, spelled in spelling.items():
        if key in _OF_ACCOUNTS:
            yield from _condition_of_values(
                OperatorName.STRING_EQUALS, spelled, (user.account,), if_exists=True
            )
        elif key == "aws:principalarn":
            entries = (f"{iam}:user/?*", f"{iam}:role/?*")
            yield from _condition_of_values(OperatorName.ARN_LIKE, spelled, entries, if_exists=True)
        elif key in _OF_ARNS:
            start = f"arn:{user.partition}"
            # only a bucket's ARN has no account
            entries = (f"{start}:?*:*:{user.account}:?*", f"{start}:s3:::?*")
            yield from _condition_of_values(OperatorName.ARN_LIKE, spelled, entries, if_exists=True)
        elif key in likes:
            yield from _condition_of_values(
                OperatorName.STRING_LIKE, spelled, likes[key], if_exists=True
            )


def _condition_of_values(
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
    """Return the values of a key in conditions that have one form."""
    matching = (
        value
        for statement in document.statements
        for condition in statement.conditions
        if condition.key.lower() == key and condition.operator.name in _TEXTUAL
        for value in condition.values
        if is_one(value)
    )
    return tuple(dict.fromkeys(matching))


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


_TEXTUAL = frozenset(name for name in OperatorName if name.value.startswith(("String", "Arn")))


def _is_literal(text: str) -> bool:
    return bool(text) and not set(text) & set("*?$")


def _is_literal_arn(text: str) -> bool:
    return _is_literal(text) and text.startswith("arn:") and len(arns.split(text)) == arns.PARTS


def _networks(document: Document, key: str) -> tuple[str, ...]:
    """Return the networks in a document, if they have few addresses in total."""
    networks: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
    for statement in document.statements:
        for condition in statement.conditions:
            if condition.key.lower() == key:
                for text in condition.values:
                    try:
                        networks[text] = ipaddress.ip_network(text, strict=False)
                    except ValueError:
                        continue
    few: list[str] = []
    for version, most in _MOST_ADDRESSES.items():
        own = {text: one for text, one in networks.items() if one.version == version}
        own = {text: one for text, one in own.items() if one.num_addresses <= most}
        if sum(one.num_addresses for one in own.values()) <= most:
            few += own
    return tuple(few)


_NAMING_KEYS = (
    _NamingKeys(_OF_ACCOUNTS, OperatorName.STRING_EQUALS, _accounts),
    _NamingKeys(frozenset({_SOURCE}), OperatorName.ARN_EQUALS, _whole_arns),
    _NamingKeys(_OF_NAMES, OperatorName.STRING_EQUALS, _names),
    _NamingKeys(
        frozenset({_SERVICES}), OperatorName.STRING_EQUALS, _names, Quantifier.FOR_ANY_VALUE
    ),
    _NamingKeys(_OF_PATHS, OperatorName.STRING_LIKE, _organisations, Quantifier.FOR_ANY_VALUE),
    _NamingKeys(frozenset({_USER_ID}), OperatorName.STRING_LIKE, _ids),
    _NamingKeys(frozenset({_ADDRESS}), OperatorName.IP_ADDRESS, _networks),
)
