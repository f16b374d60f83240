"""The principals that a role's trust policy names, and the calls by which each assumes it.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "Methods to assume a role"; what
each of them shows of MFA is in docs/signin.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum, StrEnum

from sekisho.audit.meaning.credentials import NOW, CredentialState, Home, credential_of
from sekisho.engine import Context, ContextValue, Request
from sekisho.engine.matching import arns
from sekisho.lazy import dataclass
from sekisho.policy import Document, Effect, Principal, PrincipalKey, Statement
from sekisho.signin import (
    MFA_IN_CALL,
    Credential,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)


class TrustWay(StrEnum):
    """Ways of assuming a role that no credential shows by itself."""

    KEY_AND_CODE = "long-term access key and an MFA code in the call"
    SAML = "SAML assertion"
    WEB_IDENTITY = "web identity token"
    SERVICE = "AWS service"


_OF_USERS = (
    CredentialState.CONSOLE,
    CredentialState.CONSOLE_MFA,
    CredentialState.LOGIN,
    CredentialState.LOGIN_MFA,
    CredentialState.KEY,
    TrustWay.KEY_AND_CODE,
    CredentialState.TOKEN,
    CredentialState.TOKEN_MFA,
)
_ASSUME = "sts:AssumeRole"


class TrustedKind(Enum):
    """The kinds of principal in a trust policy: (word, their credentials, their call)."""

    USER = ("user", _OF_USERS, _ASSUME)
    ROLE = ("role", (CredentialState.ROLE,), _ASSUME)
    ACCOUNT = ("account", (*_OF_USERS, CredentialState.ROLE), _ASSUME)
    ANYONE = ("anyone", (*_OF_USERS, CredentialState.ROLE), _ASSUME)
    FEDERATED_USER = ("federated user", (CredentialState.FEDERATED,), _ASSUME)
    SAML = ("SAML provider", (TrustWay.SAML,), "sts:AssumeRoleWithSAML")
    WEB_IDENTITY = ("OIDC provider", (TrustWay.WEB_IDENTITY,), "sts:AssumeRoleWithWebIdentity")
    SERVICE = ("service", (TrustWay.SERVICE,), _ASSUME)

    def __init__(
        self, word: str, credentials: tuple[CredentialState | TrustWay, ...], action: str
    ) -> None:
        self.word = word
        self.credentials = credentials
        self.action = action

    @property
    def people(self) -> bool:
        """Whether principals of this kind can have MFA."""
        return self.credentials[0] in _OF_USERS


@dataclass(frozen=True, slots=True)
class Trusted:
    """A principal that a trust policy names; an example person or role represents an account.

    Attributes:
        name: the principal, as the policy writes it.
        home: where they live.
        holder: the user, role or federated user; None where an example asks, or no identity of IAM.
        session_name: of a role's session that is named itself; else "".
    """

    name: str
    kind: TrustedKind
    home: Home
    holder: Holder | None = None
    session_name: str = ""

    def credential(self, state: CredentialState | TrustWay) -> Credential | None:
        """Return the credential that signs the call; None if no credential of IAM signs it."""
        if isinstance(state, TrustWay) and state is not TrustWay.KEY_AND_CODE:
            return None
        example = credential_of(
            state if isinstance(state, CredentialState) else CredentialState.KEY, self.home
        )
        if self.holder is None:
            return example
        holder = replace(self.holder, unique_id=example.holder.unique_id)
        session_name = self.session_name or example.session_name
        return replace(example, holder=holder, session_name=session_name)

    def request(
        self, state: CredentialState | TrustWay, role: str, assumptions: SigninAssumptions
    ) -> Request:
        """Return the call that assumes the role with this ARN."""
        credential = self.credential(state)
        if credential is None:
            values: Mapping[str, ContextValue] = {"aws:ViaAWSService": "false"}
            return Request(self.name, self.kind.action, role, Context(values))
        values = context_of(credential, NOW, assumptions)
        if state is TrustWay.KEY_AND_CODE:
            values = {**values, **MFA_IN_CALL}
        return Request(credential.arn, self.kind.action, role, Context(values))


def trusted_in(document: Document, home: Home, most: int) -> tuple[list[Trusted], list[str]]:
    """Return the first principal of each kind in each statement, and the names of the others.

    Args:
        document: a role's trust policy.
        home: the account of the role.
        most: how many are returned at most.
    """
    found: dict[str, Trusted] = {}
    names: dict[str, None] = {}
    # principals of Allows come first
    ordered = sorted(document.statements, key=lambda each: (each.effect is Effect.DENY, each.index))
    for statement in ordered:
        kinds: set[TrustedKind] = set()
        for name, trusted in _of_statement(statement, home):
            if trusted is None or trusted.kind in kinds or len(found) == most:
                names[name] = None
            else:
                kinds.add(trusted.kind)
                found.setdefault(name, trusted)
    return list(found.values()), [name for name in names if name not in found]


def _of_statement(statement: Statement, home: Home) -> Iterator[tuple[str, Trusted | None]]:
    principal = statement.principal
    if principal is None:
        return
    for name, trusted in named_by(principal, home):
        # a Deny of everybody names no one in particular
        of_all = trusted is not None and trusted.kind is TrustedKind.ANYONE
        if statement.effect is Effect.ALLOW or not of_all:
            yield name, trusted


def named_by(principal: Principal, home: Home) -> Iterator[tuple[str, Trusted | None]]:
    """Yield the principals that a statement names, with None for those that cannot call.

    `NotPrincipal` is about everybody.
    """
    if principal.negated:
        yield "*", Trusted("*", TrustedKind.ANYONE, home)
        return
    for key, values in principal.entries:
        for value in values:
            yield value, _trusted(key, value, home)


def _trusted(key: PrincipalKey, value: str, home: Home) -> Trusted | None:
    match key:
        case PrincipalKey.ANYONE | PrincipalKey.AWS if value == "*":
            return Trusted(value, TrustedKind.ANYONE, home)
        case PrincipalKey.AWS if arns.is_account(value):
            return Trusted(value, TrustedKind.ACCOUNT, Home(home.partition, value))
        case PrincipalKey.SERVICE if _is_domain(value):
            return Trusted(value, TrustedKind.SERVICE, home)
        case PrincipalKey.FEDERATED if _is_domain(value):
            return Trusted(value, TrustedKind.WEB_IDENTITY, home)
        case PrincipalKey.AWS:
            return _identity(value)
        case PrincipalKey.FEDERATED:
            read = _arn_of_iam(value)
            kind = _PROVIDERS.get(read.what) if read and read.name else None
            return Trusted(value, kind, read.home) if read and kind else None
        case _:
            return None


def _is_domain(value: str) -> bool:
    return "." in value and ":" not in value and not value.startswith("arn")


_PROVIDERS = {
    ("iam", "saml-provider"): TrustedKind.SAML,
    ("iam", "oidc-provider"): TrustedKind.WEB_IDENTITY,
}
_IDENTITIES = {
    ("iam", "user"): (TrustedKind.USER, HolderKind.USER),
    ("iam", "role"): (TrustedKind.ROLE, HolderKind.ROLE),
    ("sts", "federated-user"): (TrustedKind.FEDERATED_USER, HolderKind.FEDERATED),
}


@dataclass(frozen=True, slots=True)
class _Arn:
    """The parts of an ARN of IAM or STS: (service, kind of resource), path and name."""

    home: Home
    what: tuple[str, str]
    path: tuple[str, ...]
    name: str


def _arn_of_iam(value: str) -> _Arn | None:
    parts = arns.split(value)
    if len(parts) < arns.PARTS or parts[0] != "arn" or not arns.is_account(parts[4]):
        return None
    kind, _, rest = parts[5].partition("/")
    *path, name = rest.split("/")
    return _Arn(Home(parts[1], parts[4]), (parts[2], kind), tuple(path), name)


def _identity(value: str) -> Trusted | None:
    """Return the user, role, session or account that an ARN under `AWS` names."""
    read = _arn_of_iam(value)
    if read is None:
        return None
    home = read.home
    if read.what == ("iam", "root"):
        return Trusted(value, TrustedKind.ACCOUNT, home)
    if not read.name:
        return None
    if read.what == ("sts", "assumed-role") and len(read.path) == 1:
        role = Holder(HolderKind.ROLE, home.partition, home.account, read.path[0])
        return Trusted(value, TrustedKind.ROLE, home, role, read.name)
    if read.what not in _IDENTITIES:
        return None
    kind, of = _IDENTITIES[read.what]
    path = "/".join(("", *read.path, ""))
    return Trusted(value, kind, home, Holder(of, home.partition, home.account, read.name, path))
