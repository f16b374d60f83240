"""Asks the engine about people of a snapshot, in the sessions that they may have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.enforcement import asked_about
from sekisho.engine import (
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.prover import CallerCredential
from sekisho.signin import (
    Credential,
    CredentialKind,
    DeviceKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

_ROLE = "arn:{partition}:iam::{account}:role/probe"

SERVICES: Mapping[str, tuple[str, str]] = {
    "codecommit.amazonaws.com": (
        "codecommit:GitPull",
        "arn:{partition}:codecommit:us-east-1:{account}:any",
    ),
    "cassandra.amazonaws.com": (
        "cassandra:Select",
        "arn:{partition}:cassandra:us-east-1:{account}:/keyspace/any/table/any",
    ),
    "bedrock.amazonaws.com": ("bedrock:CallWithBearerToken", "*"),
    "logs.amazonaws.com": ("logs:CallWithBearerToken", "*"),
}
"""What a credential for one service is needed for; any other may sign what an access key does."""

_RESOURCES = [_ROLE, *(on for _, on in SERVICES.values() if on != "*")]
ASKED = asked_about(on.format(partition="*", account="*") for on in _RESOURCES)
"""What users are decided about here besides themselves."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to decide: the action, the resource, and the keys that its parameters bring."""

    action: str
    resource: str
    context: Mapping[str, ContextValue]


def credentials_of(snapshot: Snapshot, user: User, *, mfa: bool) -> tuple[Credential, ...]:
    """Return the credentials that a user can hold: one with MFA, or the two kinds without.

    A long-term access key has no MFA key in the context, a console session without MFA has one
    that is false (fact §2.2): MFA enforcement has to hold against both.
    """
    holder = Holder(
        HolderKind.USER, snapshot.partition, snapshot.account, user.name, user.path, user.id
    )
    at = snapshot.taken_at
    until = at + timedelta(hours=12)
    if mfa:
        return (Credential(CredentialKind.SESSION_TOKEN, holder, at, until, mfa_at=at),)
    return (
        Credential(CredentialKind.LONG_TERM_KEY, holder),
        Credential(CredentialKind.CONSOLE_SESSION, holder, at, until),
    )


def kind_of_credential(credential: Credential) -> CallerCredential:
    """Return what the prover calls a user's credential."""
    if credential.kind is CredentialKind.LONG_TERM_KEY:
        return CallerCredential.KEY
    return CallerCredential.SESSION if credential.mfa_at is None else CallerCredential.MFA_SESSION


def usable_credentials(snapshot: Snapshot, user: User, *, enters: bool) -> tuple[Credential, ...]:
    """Return what a user can really work with, by the password, keys and devices that they have.

    A passkey gives no code that GetSessionToken would take, so it needs a password beside it
    (fact §4.1).

    Args:
        snapshot: the account.
        user: one of its users.
        enters: whether the password opens the console.
    """
    key, console = credentials_of(snapshot, user, mfa=False)
    has_key = any(known.active for known in user.keys)
    gives_codes = any(device.kind is not DeviceKind.FIDO for device in user.devices)
    found = [key] if has_key else []
    if enters and not user.devices:
        found.append(console)
    if user.devices and (enters or (has_key and gives_codes)):
        found += credentials_of(snapshot, user, mfa=True)
    return tuple(found)


def decided(
    snapshot: Snapshot,
    credential: Credential,
    policies: Policies,
    tags: Mapping[str, str],
    ask: Ask,
) -> Decision:
    """Return the engine's decision on what somebody asks of their own account."""
    context = context_of(credential, snapshot.taken_at, SigninAssumptions())
    principal_tags = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    keys = {"aws:SecureTransport": "true", **principal_tags, **context, **ask.context}
    request = Request(
        credential.arn, ask.action, ask.resource, Context(keys), resource_account=snapshot.account
    )
    return decide(request, policies)


def probes(user: User) -> tuple[Ask, ...]:
    """Return requests that no MFA enforcement exempts: one of each of some services, one of IAM."""
    account, partition = user.arn.split(":")[4], user.arn.split(":")[1]
    return (
        Ask("ec2:DescribeInstances", "*", {}),
        Ask("iam:DeleteUser", user.arn, {}),
        Ask("s3:ListAllMyBuckets", "*", {}),
        Ask("sts:AssumeRole", _ROLE.format(partition=partition, account=account), {}),
    )


def may(snapshot: Snapshot, user: User, credential: Credential, ask: Ask) -> bool:
    """Return whether a user with this credential is allowed what is decided.

    Raises:
        FaultyAccount: if a policy that applies is not in the snapshot.
    """
    policies = policies_of(snapshot, user.name)
    decision = decided(snapshot, credential, policies, user.tags, ask)
    return decision.effect is DecisionEffect.ALLOWED
