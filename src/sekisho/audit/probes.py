"""The requests that a policy is asked, so that what it says can be told from what it does.

Three people ask: `hanako`, whose ARN has no path; the same person with a path, whom samples written
for `user/${aws:username}` forget (fact §1.7); and both of them about a colleague's things. Each
asks in three credential states (fact §2.2).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sekisho.catalogue import Action, ResourceType
from sekisho.engine import Context, Request
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

__all__ = ["CredentialState", "Probe", "Target", "credential", "probes_of", "requests_of"]

ACCOUNT = "111122223333"
NAME = "hanako"
COLLEAGUE = "taro"
PATH = "/staff/"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Probes ask at one fixed instant, so that a policy always gets the same answer."""

_SELF_ONLY = frozenset({"iam:ChangePassword"})
"""Actions whose call names no user: nobody can try them on another one."""

_NEW = frozenset({"iam:CreateVirtualMFADevice"})
"""Actions on a device that nobody has yet: another name is not another user's."""

_PLACE = re.compile(r"\$\{([^}]*)\}")


class CredentialState(StrEnum):
    """What is held: the three states of `aws:MultiFactorAuthPresent`."""

    LONG_TERM_KEY = "long-term access key"
    CONSOLE_WITHOUT_MFA = "console session without MFA"
    WITH_MFA = "session with MFA"


class Target(StrEnum):
    """Whose thing is acted on."""

    OWN = "own"
    OWN_WITH_PATH = "own, user with a path"
    OWN_OTHER_NAME = "own, device not named like the user"
    COLLEAGUE = "another user's"
    ACCOUNT = "the account's"


@dataclass(frozen=True, slots=True)
class Probe:
    """One action on one thing, asked by one person in every credential state."""

    action: str
    target: Target
    resource: str
    holder: Holder


def _holder(partition: str, path: str, account: str = ACCOUNT) -> Holder:
    return Holder(HolderKind.USER, partition, account, NAME, path, "AIDAEXAMPLEHANAKO0000")


def credential(state: CredentialState, holder: Holder) -> Credential:
    """Return what `holder` signs with in `state`; temporary ones were issued a minute ago."""
    issued, ends = NOW - timedelta(minutes=1), NOW + timedelta(hours=1)
    match state:
        case CredentialState.LONG_TERM_KEY:
            return Credential(CredentialKind.LONG_TERM_KEY, holder)
        case CredentialState.CONSOLE_WITHOUT_MFA:
            return Credential(CredentialKind.CONSOLE_SESSION, holder, issued, ends)
        case CredentialState.WITH_MFA:
            return Credential(CredentialKind.CONSOLE_SESSION, holder, issued, ends, mfa_at=issued)


def requests_of(probe: Probe) -> Mapping[CredentialState, Request]:
    """Return the request of `probe` in each credential state."""
    requests = {}
    for state in CredentialState:
        held = credential(state, probe.holder)
        values = context_of(held, NOW, SigninAssumptions())
        requests[state] = Request(held.arn, probe.action, probe.resource, Context(values), ACCOUNT)
    return requests


def probes_of(action: Action, partition: str, account: str = ACCOUNT) -> Iterator[Probe]:
    """Yield what to ask about one action of the catalogue.

    An action on a user or on an MFA device is asked for the person's own, for that of a person
    with a path, and for a colleague's; any other action for one thing of each of its kinds.
    """
    plain = _holder(partition, "/", account)
    if not action.resource_types:
        yield Probe(str(action), Target.ACCOUNT, "*", plain)
    for kind in action.resource_types:
        match (action.service, kind.name):
            case ("iam", "user"):
                yield from _about_users(action, kind, plain)
            case ("iam", "mfa"):
                yield Probe(str(action), Target.OWN, _arn(kind, plain, NAME), plain)
                other = Target.OWN_OTHER_NAME if str(action) in _NEW else Target.COLLEAGUE
                yield Probe(str(action), other, _arn(kind, plain, COLLEAGUE), plain)
            case _:
                yield Probe(str(action), Target.ACCOUNT, _arn(kind, plain, "any"), plain)


def _about_users(action: Action, kind: ResourceType, plain: Holder) -> Iterator[Probe]:
    with_path = _holder(plain.partition, PATH, plain.account)
    yield Probe(str(action), Target.OWN, plain.arn, plain)
    yield Probe(str(action), Target.OWN_WITH_PATH, with_path.arn, with_path)
    if str(action) not in _SELF_ONLY:
        yield Probe(str(action), Target.COLLEAGUE, _arn(kind, plain, COLLEAGUE), plain)


def _arn(kind: ResourceType, home: Holder, name: str) -> str:
    """Fill a kind's ARN template; every place but partition and account gets `name`."""
    values = {"Partition": home.partition, "Account": home.account}
    return _PLACE.sub(lambda place: values.get(place.group(1), name), kind.arn)
