"""Whom policies with `Principal` tell apart as callers, and what they say of one of them.

Two callers are alike to all principals of some policies if these name them alike. So one caller
stands for each account, user, role, session, service and identity provider that is named, one user
and one role for those of each account that are not, and as many for all other accounts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from sekisho.engine.matching import Named, TrackedAssumptions, arns, principals
from sekisho.errors import FaultyRequest
from sekisho.policy import Document, Effect, Element, Principal, PrincipalKey
from sekisho.prover.reading.credentials import EXAMPLE_ROLE_ID, SESSION_NAME, USER_ID, CallingUser

SOME_USER, SOME_ROLE = "some-user", "some-role"
"""Names of whom no policy names."""
SOME_SERVICE = "some-service.amazonaws.com"
"""Likewise of a service."""
_ANYONE = "*"


class RequesterKind(Enum):
    """The kinds of caller, by what they can show of MFA."""

    PEOPLE = auto()
    """Users of IAM, who may have MFA."""
    ROLE = auto()
    """Sessions of roles, which never have."""
    PROVIDER = auto()
    """Those for whom an identity provider vouches: AWS sees no MFA of theirs."""
    SERVICE = auto()
    """AWS services, of which nobody can ask for MFA."""
    NOBODY = auto()
    """Who signs nothing."""


@dataclass(frozen=True, slots=True)
class Requester:
    """One caller who stands for all whom the principals of some policies name alike.

    Attributes:
        name: the principal as a policy writes it; "" for whom none names.
        kind: what they can show of MFA.
        user: the caller as the prover asks about one.
        exact: whether this is the only one, and not one of many.
        others: the ARNs of users and roles that they are not: those are named themselves.
        besides: of these accounts they are not, but of any other; none: of the user's account.
    """

    name: str
    kind: RequesterKind
    user: CallingUser
    exact: bool = False
    besides: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def of_identity(self) -> bool:
        """Whether a user or a role is named itself, and no session of it."""
        return self.exact and not self.user.outside and not self.user.unique_id


def some_providers(partition: str) -> dict[str, RequesterKind]:
    """Return identity providers whom no policy names: of OIDC, and of SAML."""
    saml = f"arn:{partition}:iam::444455556666:saml-provider/some-provider"
    return dict.fromkeys(("some-provider.example.com", saml), RequesterKind.PROVIDER)


def requesters(
    documents: Sequence[Document],
    partition: str,
    account: str,
    outside: Mapping[str, RequesterKind],
) -> tuple[tuple[Requester, ...], tuple[str, ...]]:
    """Return who stands for all callers, and the principals that are not handled.

    Args:
        documents: policies with principals.
        partition: where they are.
        account: an account whose users and roles are asked about, too.
        outside: who is asked about beside, of no account and not named, and of what kind.
    """
    found: dict[object, Requester] = {}
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
        one = _named(key, value, partition, account)
        if one is None:
            unhandled[value] = None
        else:
            found.setdefault((one.user.arn, one.user.outside, one.user.unique_id), one)
    others = (f"{number:012}" for number in range(444455556666, 444455999999))
    stranger = next(each for each in others if each not in accounts)
    anybody = _ANYONE if any(value == _ANYONE for _, value in entries) else ""
    several = [
        one
        for each, name in accounts.items()
        for one in _of_account(name or anybody, partition, each, besides=())
    ]
    several += _of_account(anybody, partition, stranger, besides=tuple(accounts))
    of_stranger = f"arn:{partition}:iam::{stranger}:user/{SOME_USER}"
    several += [
        Requester(
            anybody,
            kind,
            CallingUser(of_stranger, {}, outside=name),
            exact=kind is RequesterKind.NOBODY,
        )
        for name, kind in outside.items()
    ]
    named = tuple(each.user.arn for each in found.values() if each.of_identity)
    many = (each if each.exact else replace(each, others=named) for each in several)
    return (*found.values(), *many), tuple(unhandled)


def _entries(documents: Iterable[Document]) -> Iterator[tuple[PrincipalKey, str]]:
    for document in documents:
        for statement in document.statements:
            principal: Principal | None = statement.principal
            for key, values in principal.entries if principal is not None else ():
                yield from ((key, value) for value in values)


def names_any_provider(document: Document) -> bool:
    """Tell whether all identity providers are named, and no others with them."""
    return (PrincipalKey.FEDERATED, _ANYONE) in _entries((document,))


def _is_account(value: str) -> bool:
    return arns.is_account(value) or arns.split(value)[5:] == ("root",)


def _account(value: str) -> str:
    """Return the account that a principal is."""
    return value if arns.is_account(value) else arns.split(value)[4]


def _of_account(
    name: str, partition: str, account: str, *, besides: tuple[str, ...]
) -> Iterator[Requester]:
    start = f"arn:{partition}:iam::{account}:"
    user = CallingUser.of(f"{start}user/{SOME_USER}")
    role = CallingUser.of_role(f"{start}role/{SOME_ROLE}")
    yield Requester(name, RequesterKind.PEOPLE, user, besides=besides)
    yield Requester(name, RequesterKind.ROLE, role, besides=besides)


def _named(key: PrincipalKey, value: str, partition: str, account: str) -> Requester | None:
    """Return who is named; None if that is not handled."""
    match key:
        case PrincipalKey.SERVICE | PrincipalKey.FEDERATED:
            kind = RequesterKind.SERVICE if key is PrincipalKey.SERVICE else RequesterKind.PROVIDER
            # an ARN of the provider tells its account, which nothing is asked of
            arn = f"arn:{partition}:iam::{account}:user/{SOME_USER}"
            user = CallingUser(arn, {}, outside=value)
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
                return Requester(value, RequesterKind.ROLE, replace(role, known=known), exact=True)
            case _:
                return None
    except (FaultyRequest, IndexError):
        return None


def about(
    document: Document,
    user: CallingUser,
    tracked: TrackedAssumptions,
    least: Named = Named.ACCOUNT,
) -> Document:
    """Return the statements that are about a caller, as those of a policy of the caller's own.

    Args:
        document: with principals; where it has no resources, it is about every one.
        user: who calls.
        tracked: the assumptions.
        least: how closely an Allow must name the caller.
    """
    caller = user.caller()
    statements = []
    for each in document.statements:
        closeness = Named.ITSELF
        if each.principal is not None:
            closeness = principals.named(each.principal, each.effect, caller, tracked)
        wanted = least if each.effect is Effect.ALLOW else Named.ACCOUNT
        if closeness >= wanted:
            resource = each.resource or Element((_ANYONE,))
            statements.append(replace(each, principal=None, resource=resource))
    return replace(document, statements=tuple(statements))
