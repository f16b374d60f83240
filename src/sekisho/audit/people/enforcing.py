"""What MFA enforcements a user, and the calls that would take it away.

The engine is asked for two requests that no MFA enforcement exempts and that are allowed with MFA,
by access
key and in a session without MFA: what stops them there, and not with MFA, MFA enforcements. Where
the usual
ones are not allowed even with MFA, as under a boundary that names certain resources, the prover
finds others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice

from sekisho.account import Group, Snapshot, User
from sekisho.audit.enforcement import EVERYTHING, named_of
from sekisho.audit.people.asks import Ask, Key
from sekisho.engine import Context, Decision, DecisionEffect, Policies, Request, decide
from sekisho.policy import PolicyKind
from sekisho.prover import (
    CallerCredential,
    Refuted,
    enforcement_question,
    expected_exempt,
    prove_none,
)
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

__all__ = ["BOUNDARY", "POLICY", "VERSIONS", "edits_of", "enforcing_of", "own_boundary"]

BOUNDARY = "iam:PermissionsBoundary"
"""The boundary that is set; in other calls about a user, the one that the user has."""

POLICY = "iam:PolicyARN"
"""The policy that is attached or detached."""

VERSIONS = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
"""What changes what a managed policy says."""

_SESSION = timedelta(hours=12)
_PROBES = (
    *("s3:ListAllMyBuckets", "ec2:DescribeInstances", "lambda:ListFunctions", "sqs:ListQueues"),
    *("dynamodb:ListTables", "rds:DescribeDBInstances", "logs:DescribeLogGroups", "iam:ListRoles"),
)
_OF_SESSION = ("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime")
_ASKED = 2
"""How many are asked for: the first that are allowed; a boundary may allow few at all."""


def enforcing_of(snapshot: Snapshot, user: User, policies: Policies) -> tuple[str, ...]:
    """Return the names of the policies that enforce MFA for a user, the boundary among them.

    Several may be MFA enforcement only together, such as one for access keys and one for sessions.
    """
    open_to_all = replace(policies, identity=(*policies.identity, EVERYTHING))
    key, session, mfa = _credentials(snapshot, user)
    answer = partial(_answer, snapshot, user, open_to_all)
    usual = [Request(user.arn, each, "*", Context({}), snapshot.account) for each in _PROBES]
    allowed = (each for each in usual if answer(mfa, each).effect is DecisionEffect.ALLOWED)
    probes = (
        tuple(islice(allowed, _ASKED))
        or tuple(_others(snapshot, user, open_to_all))
        # nothing is allowed even with MFA
        or tuple(usual[:_ASKED])
    )
    with_mfa = [_stopping(answer(mfa, probe), open_to_all) for probe in probes]
    stops = [
        [
            {name for name, _ in _stopping(answer(credential, probe), open_to_all) - also}
            for probe, also in zip(probes, with_mfa, strict=True)
        ]
        for credential in (key, session)
    ]
    shut = _shut_by(stops)
    own = (*policies.identity, *(policies.boundaries or ()))
    return tuple(name for name in dict.fromkeys(each.name for each in own) if name in shut)


def _others(snapshot: Snapshot, user: User, policies: Policies) -> Iterator[Request]:
    """Yield other requests that no enforcement exempts and that are allowed with MFA.

    If there are any.

    Their contexts have all but what the session with MFA brings.
    """
    exempt = expected_exempt()
    for _ in range(_ASKED):
        asked = enforcement_question(policies, named_of(user), snapshot.taken_at, exempt)
        found = prove_none(replace(asked, held=(CallerCredential.MFA_SESSION,)))
        if not isinstance(found, Refuted):
            return
        request = found.counterexample.request
        left = {
            key: each for key, each in request.context.items() if key.lower() not in _OF_SESSION
        }
        yield replace(request, context=Context(left))
        exempt = (*exempt, request.action)


def _shut_by(stops: Sequence[Sequence[set[str]]]) -> set[str]:
    """Return what stops every probe with every credential; else what does so together."""
    every = [each for probes in stops for each in probes]
    if not all(every):
        return set()
    whole = set.intersection(*every)
    # one policy may be for access keys, another for sessions; a policy for one probe is for neither
    pieces = (set.intersection(*probes) or set.union(*probes) for probes in stops)
    return whole or set().union(*pieces)


def _credentials(snapshot: Snapshot, user: User) -> tuple[Credential, Credential, Credential]:
    """Return a user's access key, a session without MFA, and one with it."""
    home = (snapshot.partition, snapshot.account)
    holder = Holder(HolderKind.USER, *home, user.name, user.path, user.id)
    now, kind = snapshot.taken_at, CredentialKind.CONSOLE_SESSION
    session = Credential(kind, holder, now, now + _SESSION)
    return Credential(CredentialKind.LONG_TERM_KEY, holder), session, replace(session, mfa_at=now)


def _answer(
    snapshot: Snapshot, user: User, policies: Policies, credential: Credential, probe: Request
) -> Decision:
    values = context_of(credential, snapshot.taken_at, SigninAssumptions())
    context = Context({**values, **named_of(user).known}).with_(probe.context)
    return decide(replace(probe, context=context), policies)


def _stopping(decision: Decision, policies: Policies) -> set[tuple[str, int | None]]:
    """Return what keeps an action from being allowed: policy, and statement if it is a Deny."""
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        return {(cause.policy, cause.index) for cause in decision.because}
    if decision.blocked_by is PolicyKind.BOUNDARY:
        return {(each.name, None) for each in policies.boundaries or ()}
    return set()


def own_boundary(user: User) -> Key:
    """Return the boundary of the user whom a call is about, as the request context tells it."""
    return Key(BOUNDARY, () if user.boundary is None else (user.boundary,))


def edits_of(snapshot: Snapshot, user: User, enforcing: tuple[str, ...]) -> Iterator[Ask]:
    """Yield the calls, each of one action on one resource.

    That take away what enforces MFA for a user.
    """
    groups = [each for each in snapshot.groups if each.name in user.groups]
    for name in enforcing:
        yield from _edits_user(user, name)
        for group in groups:
            yield from _edits_group(group, name)
        if name.startswith("arn:"):
            yield from (Ask((action,), (name,)) for action in VERSIONS)


def _edits_user(user: User, name: str) -> Iterator[Ask]:
    on, bounded = (user.arn,), own_boundary(user)
    if name == user.boundary:
        yield Ask(("iam:DeleteUserPermissionsBoundary",), on, keys=(bounded,))
        other = Key(BOUNDARY, (name,), holds=False)
        yield Ask(("iam:PutUserPermissionsBoundary",), on, keys=(other,))
    if name in user.attached:
        yield Ask(("iam:DetachUserPolicy",), on, keys=(bounded, Key(POLICY, (name,))))
    if any(policy.name == name for policy in user.inline):
        for action in ("iam:DeleteUserPolicy", "iam:PutUserPolicy"):
            yield Ask((action,), on, keys=(bounded,))


def _edits_group(group: Group, name: str) -> Iterator[Ask]:
    on, inline = (group.arn,), any(policy.name == name for policy in group.inline)
    if name in group.attached or inline:
        yield Ask(("iam:RemoveUserFromGroup",), on)
    if name in group.attached:
        yield Ask(("iam:DetachGroupPolicy",), on, keys=(Key(POLICY, (name,)),))
    if inline:
        yield from (
            Ask((action,), on) for action in ("iam:DeleteGroupPolicy", "iam:PutGroupPolicy")
        )
