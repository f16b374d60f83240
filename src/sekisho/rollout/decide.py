"""Asks the engine about people of a snapshot, in the sessions that they may have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sekisho.account import Snapshot, User, policies_of
from sekisho.engine import (
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninSwitches,
    context_of,
)

__all__ = ["Ask", "asked", "credentials_of", "is_administrator", "is_gated"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to decide: the action, the resource, and the keys that its parameters bring."""

    action: str
    resource: str
    context: Mapping[str, ContextValue]


def credentials_of(snapshot: Snapshot, user: User, *, mfa: bool) -> tuple[Credential, ...]:
    """Return the credentials that a user can hold: one with MFA, or the two kinds without.

    A long-term access key has no MFA key in the context, a console session without MFA has one
    that is false (fact §2.2): a gate has to hold against both.
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


def asked(
    snapshot: Snapshot,
    credential: Credential,
    policies: Policies,
    tags: Mapping[str, str],
    ask: Ask,
) -> Decision:
    """Return the engine's decision on what somebody asks of their own account."""
    context = context_of(credential, snapshot.taken_at, SigninSwitches())
    principal_tags = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    keys = {"aws:SecureTransport": "true", **principal_tags, **context, **ask.context}
    request = Request(
        credential.arn, ask.action, ask.resource, Context(keys), resource_account=snapshot.account
    )
    return decide(request, policies)


def _probes(user: User) -> tuple[Ask, ...]:
    """Return requests that no gate exempts: one of each of some services, one of IAM."""
    account, partition = user.arn.split(":")[4], user.arn.split(":")[1]
    return (
        Ask("ec2:DescribeInstances", "*", {}),
        Ask("iam:DeleteUser", user.arn, {}),
        Ask("s3:ListAllMyBuckets", "*", {}),
        Ask("sts:AssumeRole", f"arn:{partition}:iam::{account}:role/probe", {}),
    )


def is_gated(snapshot: Snapshot, user: User) -> bool:
    """Return whether explicit denies stop every probe without MFA, and not with it.

    This samples; that no request at all passes is for the prover to show.

    Raises:
        FaultyAccount: if a policy that applies is not in the snapshot.
    """
    return _denied(snapshot, user, mfa=False) and not _denied(snapshot, user, mfa=True)


def _denied(snapshot: Snapshot, user: User, *, mfa: bool) -> bool:
    policies = policies_of(snapshot, user.name)
    return all(
        asked(snapshot, credential, policies, user.tags, probe).effect
        is DecisionEffect.EXPLICITLY_DENIED
        for credential in credentials_of(snapshot, user, mfa=mfa)
        for probe in _probes(user)
    )


def is_administrator(snapshot: Snapshot, user: User) -> bool:
    """Return whether a user who signs in with MFA may change anybody's policies.

    Raises:
        FaultyAccount: if a policy that applies is not in the snapshot.
    """
    policies = policies_of(snapshot, user.name)
    anybody = user.arn.rsplit(":", 1)[0] + ":user/anybody"
    (credential,) = credentials_of(snapshot, user, mfa=True)
    return all(
        asked(snapshot, credential, policies, user.tags, Ask(action, anybody, {})).effect
        is DecisionEffect.ALLOWED
        for action in ("iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:PutUserPolicy")
    )
