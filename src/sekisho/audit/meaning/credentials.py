"""The credentials of a table, each with its request context, and the requests.

People ask "what can somebody do with an access key?", not "what if a condition key is absent?".
`signin` has the request context of each credential, except for a service that calls on a user's
behalf, which is no credential of the user: docs/signin.md.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from sekisho import catalogue
from sekisho.catalogue import Action, ResourceType
from sekisho.engine import Context, ContextValue, Request
from sekisho.engine.matching import arns
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
    login_session,
    sign_in_arn,
)

ACCOUNT = "111122223333"
NAME = "hanako"
COLLEAGUE = "taro"
PATH = "/staff/"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The fixed time of all probes, so that a policy always has the same answer."""

_SELF_ONLY = frozenset({"iam:ChangePassword"})
"""Actions whose call names no user: they cannot be tried on another user."""

_NEW = frozenset({"iam:CreateVirtualMFADevice"})
"""Actions on a device without an owner: another name is not another user's."""

_PLACE = re.compile(r"\$\{([^}]*)\}")


class ObjectOwner(StrEnum):
    """The owner of the object that is acted on."""

    OWN = "own"
    OWN_WITH_PATH = "own, user with a path"
    OWN_OTHER_NAME = "own, device not named like the user"
    COLLEAGUE = "another user's"
    ACCOUNT = "the account's"
    CONSOLE = "the console's own sign-in"


_SERVICE = "cloudformation.amazonaws.com"
_ARN_PARTS = 6
_DEFAULTS = SigninAssumptions()


class CredentialState(StrEnum):
    """The credential that is held, in the order of a table."""

    CONSOLE = "console without MFA"
    CONSOLE_MFA = "console with MFA"
    LOGIN = "aws login without MFA"
    LOGIN_MFA = "aws login with MFA"
    KEY = "long-term access key"
    TOKEN = "GetSessionToken without MFA"  # noqa: S105 - a kind, not a secret
    TOKEN_MFA = "GetSessionToken with MFA"  # noqa: S105 - a kind, not a secret
    ROLE = "role session"
    FEDERATED = "federated user session"
    SERVICE_FOR_KEY = "service on behalf of a key"
    SERVICE_FOR_MFA = "service on behalf of an MFA session"


_WITH_MFA = frozenset(
    {
        *(CredentialState.CONSOLE_MFA, CredentialState.LOGIN_MFA),
        *(CredentialState.TOKEN_MFA, CredentialState.SERVICE_FOR_MFA),
    }
)
_A_LOGIN = ("us-east-1", "11111111-2222-3333-4444-555555555555")
"""Where a session of `aws login` began, and its id."""


@dataclass(frozen=True, slots=True)
class Home:
    """The partition and account of the callers."""

    partition: str
    account: str


@dataclass(frozen=True, slots=True)
class ActionOnResource:
    """One question: an action on a resource, by a user whose ARN has this path."""

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
            elif arns.is_account(value):
                accounts[value] += 1
    # ties are decided by the order of the catalogue, not of the statements
    known = [each.id for each in catalogue.partitions()]
    own = sorted(filter(arns.is_account, accounts))
    return Home(
        partition or max(known, key=lambda each: partitions[each]),
        max(own, key=lambda each: accounts[each]) if own else ACCOUNT,
    )


def credential_of(state: CredentialState, home: Home, path: str = "/") -> Credential:
    """Return the credential that signs; temporary credentials were issued a minute ago."""
    user = Holder(
        HolderKind.USER, home.partition, home.account, NAME, path, "AIDAEXAMPLEHANAKO0000"
    )
    issued, ends = NOW - timedelta(minutes=1), NOW + timedelta(hours=1)
    mfa_at = issued if state in _WITH_MFA else None
    console = Credential(CredentialKind.CONSOLE_SESSION, user, issued, ends, mfa_at)
    match state:
        case (
            CredentialState.CONSOLE | CredentialState.CONSOLE_MFA | CredentialState.SERVICE_FOR_MFA
        ):
            return console
        case CredentialState.LOGIN | CredentialState.LOGIN_MFA:
            return login_session(console, sign_in_arn(console, *_A_LOGIN), issued)
        case CredentialState.KEY | CredentialState.SERVICE_FOR_KEY:
            return Credential(CredentialKind.LONG_TERM_KEY, user)
        case CredentialState.TOKEN | CredentialState.TOKEN_MFA:
            return replace(console, kind=CredentialKind.SESSION_TOKEN)
        case CredentialState.ROLE:
            role = Holder(
                HolderKind.ROLE, home.partition, home.account, "any", "/", "AROAEXAMPLEANY000000"
            )
            return Credential(
                CredentialKind.ROLE_SESSION, role, issued, ends, session_name="session"
            )
        case CredentialState.FEDERATED:
            federated = Holder(HolderKind.FEDERATED, home.partition, home.account, NAME)
            return Credential(CredentialKind.FEDERATED_SESSION, federated, issued, ends)


def request_of(
    state: CredentialState,
    ask: ActionOnResource,
    home: Home,
    assumptions: SigninAssumptions = _DEFAULTS,
) -> Request:
    """Return the question as a request with the credential of `state`."""
    arn, context = _shown(state, home, ask.path, assumptions)
    return Request(arn, ask.action, ask.resource, context, home.account)


@lru_cache(maxsize=256)
def _shown(
    state: CredentialState, home: Home, path: str, assumptions: SigninAssumptions
) -> tuple[str, Context]:
    """Return the principal of a request, and the request context of its credential."""
    credential = credential_of(state, home, path)
    values: dict[str, ContextValue] = dict(context_of(credential, NOW, assumptions))
    if state in (CredentialState.SERVICE_FOR_KEY, CredentialState.SERVICE_FOR_MFA):
        values |= {
            "aws:ViaAWSService": "true",
            "aws:CalledVia": (_SERVICE,),
            "aws:CalledViaFirst": _SERVICE,
            "aws:CalledViaLast": _SERVICE,
        }
    if state is CredentialState.SERVICE_FOR_KEY:
        # the key is there and false when a service uses a user's long-term credentials (row 18)
        values["aws:MultiFactorAuthPresent"] = "false"
    return credential.arn, Context(values)


Task = tuple[Message, tuple[ActionOnResource, ...]]
"""A task of a user, and the requests that it needs."""


def tasks_of(home: Home) -> Iterator[Task]:
    """Yield the tasks of a policy's table, each with the calls that it needs."""
    iam = f"arn:{home.partition}:iam::{home.account}"
    own, device = f"{iam}:user/{NAME}", f"{iam}:mfa/{NAME}"
    yield (
        Message("set up MFA for oneself"),
        (
            ActionOnResource("iam:CreateVirtualMFADevice", device),
            ActionOnResource("iam:EnableMFADevice", own),
        ),
    )
    for title, action in (
        (Message("change one's own password"), "iam:ChangePassword"),
        (Message("remove one's own MFA"), "iam:DeactivateMFADevice"),
        (Message("make an access key for oneself"), "iam:CreateAccessKey"),
    ):
        yield title, (ActionOnResource(action, own),)
    yield (
        Message("enable MFA for another user"),
        (ActionOnResource("iam:EnableMFADevice", f"{iam}:user/{COLLEAGUE}"),),
    )
    yield (
        Message("assume a role"),
        (ActionOnResource("sts:AssumeRole", f"{iam}:role/any"),),
    )
    yield (
        Message("create IAM users"),
        (ActionOnResource("iam:CreateUser", f"{iam}:user/any"),),
    )
    yield Message("everything else"), _everything(home)


def _everything(home: Home) -> tuple[ActionOnResource, ...]:
    where = f"arn:{home.partition}"
    return (
        ActionOnResource("s3:ListAllMyBuckets", "*"),
        ActionOnResource("s3:GetObject", f"{where}:s3:::any/any"),
        ActionOnResource("ec2:RunInstances", f"{where}:ec2:any:{home.account}:instance/any"),
        ActionOnResource(
            "lambda:InvokeFunction", f"{where}:lambda:any:{home.account}:function:any"
        ),
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """One action on one object, and the object's owner."""

    ask: ActionOnResource
    target: ObjectOwner


def probes_of(action: Action, home: Home) -> Iterator[Probe]:
    """Yield the probes of one action of the catalogue.

    An action on a user or an MFA device has a probe for the person's own, one for a person with a
    path (which samples written for `user/${aws:username}` forget), and one for a colleague's; any
    other action has one for each of its resource types.
    """
    if not action.resource_types:
        yield Probe(ActionOnResource(str(action), "*"), ObjectOwner.ACCOUNT)
    for kind in action.resource_types:
        match (action.service, kind.name):
            case ("iam", "user"):
                yield from _about_users(action, kind, home)
            case ("iam", "mfa"):
                yield Probe(ActionOnResource(str(action), _arn(kind, home, NAME)), ObjectOwner.OWN)
                other = ObjectOwner.OWN_OTHER_NAME if str(action) in _NEW else ObjectOwner.COLLEAGUE
                yield Probe(ActionOnResource(str(action), _arn(kind, home, COLLEAGUE)), other)
            case ("signin", "console"):
                ask = ActionOnResource(str(action), _arn(kind, home, "any"))
                yield Probe(ask, ObjectOwner.CONSOLE)
            case _:
                yield Probe(
                    ActionOnResource(str(action), _arn(kind, home, "any")), ObjectOwner.ACCOUNT
                )


def _about_users(action: Action, kind: ResourceType, home: Home) -> Iterator[Probe]:
    own, with_path = (credential_of(CredentialState.KEY, home, path).arn for path in ("/", PATH))
    yield Probe(ActionOnResource(str(action), own), ObjectOwner.OWN)
    yield Probe(ActionOnResource(str(action), with_path, PATH), ObjectOwner.OWN_WITH_PATH)
    if str(action) not in _SELF_ONLY:
        yield Probe(
            ActionOnResource(str(action), _arn(kind, home, COLLEAGUE)), ObjectOwner.COLLEAGUE
        )


def _arn(kind: ResourceType, home: Home, name: str) -> str:
    """Fill a kind's ARN template; every place but partition and account gets `name`."""
    values = {"Partition": home.partition, "Account": home.account}
    return _PLACE.sub(lambda place: values.get(place.group(1), name), kind.arn)
