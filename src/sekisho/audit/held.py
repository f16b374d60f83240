"""The credentials that people ask about, each as a request is made with it.

People ask "what can somebody do with an access key?", not "what if a condition key is absent?".
Each `Held` is one row of the table of fact §2.2; what it puts into the request context comes from
`signin`, except for a service that calls on somebody's behalf (fact §2.5), which is nobody's
credential.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from sekisho import catalogue
from sekisho.audit.probes import ACCOUNT, NAME, NOW
from sekisho.engine import Context, ContextValue, Request
from sekisho.policy import Document
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

__all__ = ["Ask", "Held", "Home", "credential_of", "home_of", "request_of"]

_SERVICE = "cloudformation.amazonaws.com"
_ACCOUNT_DIGITS = 12
_ARN_PARTS = 6
_DEFAULTS = SigninAssumptions()


class Held(StrEnum):
    """What somebody holds, in the order in which a table shows it."""

    CONSOLE = "console without MFA"
    CONSOLE_MFA = "console with MFA"
    KEY = "long-term access key"
    TOKEN = "GetSessionToken without MFA"  # noqa: S105 - a kind, not a secret
    TOKEN_MFA = "GetSessionToken with MFA"  # noqa: S105 - a kind, not a secret
    ROLE = "role session"
    FEDERATED = "federated user session"
    SERVICE_FOR_KEY = "service on behalf of a key"
    SERVICE_FOR_MFA = "service on behalf of an MFA session"


@dataclass(frozen=True, slots=True)
class Home:
    """Where the people live who ask: partition and account."""

    partition: str
    account: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: an action on a resource, by a person whose ARN has this path."""

    action: str
    resource: str
    path: str = "/"


def home_of(document: Document, partition: str | None = None) -> Home:
    """Return the partition and account that a document's own ARNs name most often."""
    partitions: Counter[str] = Counter()
    accounts: Counter[str] = Counter()
    for statement in document.statements:
        principal = statement.principal
        values = list(statement.resource.values) if statement.resource else []
        values += [value for _, each in (principal.entries if principal else ()) for value in each]
        for value in values:
            parts = [value.partition(":")[0], *value.split(":")[1:_ARN_PARTS]]
            if parts[0] == "arn" and len(parts) == _ARN_PARTS:
                partitions[parts[1]] += 1
                accounts[parts[4]] += 1
            elif _is_account(value):
                accounts[value] += 1
    # between equals the order of the catalogue decides, not that of the statements
    known = [each.id for each in catalogue.partitions()]
    own = sorted(filter(_is_account, accounts))
    return Home(
        partition or max(known, key=lambda each: partitions[each]),
        max(own, key=lambda each: accounts[each]) if own else ACCOUNT,
    )


def _is_account(text: str) -> bool:
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()


def credential_of(held: Held, home: Home, path: str = "/") -> Credential:
    """Return what signs the request; temporary credentials were issued a minute ago."""
    user = Holder(
        HolderKind.USER, home.partition, home.account, NAME, path, "AIDAEXAMPLEHANAKO0000"
    )
    issued, ends = NOW - timedelta(minutes=1), NOW + timedelta(hours=1)
    match held:
        case Held.CONSOLE:
            return Credential(CredentialKind.CONSOLE_SESSION, user, issued, ends)
        case Held.CONSOLE_MFA | Held.SERVICE_FOR_MFA:
            return Credential(CredentialKind.CONSOLE_SESSION, user, issued, ends, issued)
        case Held.KEY | Held.SERVICE_FOR_KEY:
            return Credential(CredentialKind.LONG_TERM_KEY, user)
        case Held.TOKEN:
            return Credential(CredentialKind.SESSION_TOKEN, user, issued, ends)
        case Held.TOKEN_MFA:
            return Credential(CredentialKind.SESSION_TOKEN, user, issued, ends, issued)
        case Held.ROLE:
            role = Holder(
                HolderKind.ROLE, home.partition, home.account, "any", "/", "AROAEXAMPLEANY000000"
            )
            return Credential(
                CredentialKind.ROLE_SESSION, role, issued, ends, session_name="session"
            )
        case Held.FEDERATED:
            federated = Holder(HolderKind.FEDERATED, home.partition, home.account, NAME)
            return Credential(CredentialKind.FEDERATED_SESSION, federated, issued, ends)


def request_of(
    held: Held, ask: Ask, home: Home, assumptions: SigninAssumptions = _DEFAULTS
) -> Request:
    """Return the question as it is asked with what is held."""
    arn, context = _shown(held, home, ask.path, assumptions)
    return Request(arn, ask.action, ask.resource, context, home.account)


@lru_cache(maxsize=256)
def _shown(
    held: Held, home: Home, path: str, assumptions: SigninAssumptions
) -> tuple[str, Context]:
    """Return who is seen to ask, and the request context that the credential brings."""
    credential = credential_of(held, home, path)
    values: dict[str, ContextValue] = dict(context_of(credential, NOW, assumptions))
    if held in (Held.SERVICE_FOR_KEY, Held.SERVICE_FOR_MFA):
        values |= {
            "aws:ViaAWSService": "true",
            "aws:CalledVia": (_SERVICE,),
            "aws:CalledViaFirst": _SERVICE,
            "aws:CalledViaLast": _SERVICE,
        }
    if held is Held.SERVICE_FOR_KEY:
        # the key is there and false when a service uses a user's long-term credentials (row 18)
        values["aws:MultiFactorAuthPresent"] = "false"
    return credential.arn, Context(values)
