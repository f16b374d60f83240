"""Asks the engine about people of a snapshot, in the sessions that they may have."""

from collections.abc import Mapping
from itertools import chain

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.enforcement import question_as_policy
from sekisho.engine import (
    Assumptions,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    cached_by_identity,
    decide,
)
from sekisho.engine.matching import TrackedAssumptions, actions
from sekisho.lazy import dataclass
from sekisho.policy import Document, Effect
from sekisho.signin import (
    Credential,
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
"""An action and a resource of each service that has its own credentials.

Any other credential may sign the requests that an access key signs.
"""

_RESOURCES = [_ROLE, *(on for _, on in SERVICES.values() if on != "*")]
SCOPE = question_as_policy(on.format(partition="*", account="*") for on in _RESOURCES)
"""The resources that users are decided about here, besides themselves."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One request to decide: the action, the resource, and the keys that its parameters bring."""

    action: str
    resource: str
    context: Mapping[str, ContextValue]


def decide_request(
    snapshot: Snapshot,
    credential: Credential,
    policies: Policies,
    tags: Mapping[str, str],
    ask: SampleRequest,
) -> Decision:
    """Return the engine's decision on what somebody asks of their own account."""
    context = context_of(credential, snapshot.taken_at, SigninAssumptions())
    principal_tags = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    keys = {"aws:SecureTransport": "true", **principal_tags, **context, **ask.context}
    request = Request(
        credential.arn, ask.action, ask.resource, Context(keys), resource_account=snapshot.account
    )
    return decide(request, policies)


_SAMPLED = ("ec2:DescribeInstances", "iam:DeleteUser", "s3:ListAllMyBuckets", "sts:AssumeRole")


def sample_requests(user: User) -> tuple[SampleRequest, ...]:
    """Return requests that no MFA enforcement exempts: one of each of some services, one of IAM."""
    account, partition = user.arn.split(":")[4], user.arn.split(":")[1]
    role = _ROLE.format(partition=partition, account=account)
    resources = ("*", user.arn, "*", role)
    return tuple(
        SampleRequest(action, resource, {})
        for action, resource in zip(_SAMPLED, resources, strict=True)
    )


def may_allow_more(before: Policies, after: Policies, action: str) -> bool:
    """Return whether something may allow an action that did not: else nobody gains it.

    That is so where a statement that allows it has come or one that denies it has gone, whatever
    their conditions, or where what limits both is not the same.
    """
    if (before.boundaries, before.scps) != (after.boundaries, after.scps):
        return True
    then, now = (
        {id(each.document): each.document for each in one.identity} for one in (before, after)
    )
    came = (document for key, document in now.items() if key not in then)
    gone = (document for key, document in then.items() if key not in now)
    return any(Effect.ALLOW in _effects(each)[action] for each in came) or any(
        Effect.DENY in _effects(each)[action] for each in gone
    )


@cached_by_identity
def _effects(document: Document) -> Mapping[str, frozenset[Effect]]:
    """Return the effects of a document's statements that are about each of the sampled actions."""
    tracked = TrackedAssumptions(Assumptions())
    return {
        action: frozenset(
            each.effect for each in actions.statements_about(document, action, tracked)
        )
        for action in _SAMPLED
    }


def names_resources(policies: Policies, action: str) -> bool:
    """Return whether a statement about an action tells resources apart."""
    levels = (each.policies for each in policies.scps)
    sets = (policies.identity, policies.boundaries or (), policies.session or (), *levels)
    tracked = TrackedAssumptions(Assumptions())
    return any(
        statement.resource is None
        or statement.resource.negated
        or {*statement.resource.values} != {"*"}
        for policy in chain.from_iterable(sets)
        for statement in actions.statements_about(policy.document, action, tracked)
    )


def is_allowed(snapshot: Snapshot, user: User, credential: Credential, ask: SampleRequest) -> bool:
    """Return whether a user with this credential is allowed what is decided.

    Raises:
        FaultyAccount: if a policy that applies is not in the snapshot.
    """
    policies = policies_of(snapshot, user.name)
    decision = decide_request(snapshot, credential, policies, user.tags, ask)
    return decision.effect is DecisionEffect.ALLOWED
