"""The policies that enforce MFA for a user, and the calls that would remove enforcement.

The engine is asked for two requests that no MFA enforcement exempts and that are allowed with MFA,
with an access key and in a session without MFA. A policy that blocks them there, and not with MFA,
enforces MFA. If the usual requests are not allowed even with MFA, as under a boundary that names
certain resources, the prover finds others.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice

from sekisho.account import Group, ResourceKind, Snapshot, User, attached_policies, unread_policies
from sekisho.audit.enforcement import EVERYTHING, named_of
from sekisho.audit.impact.questions import CallPattern, ContextKey
from sekisho.engine import (
    Context,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    cached_by_identity,
    decide,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import NAME, Document, Effect, PolicyKind
from sekisho.prover import (
    CallerCredential,
    CallingUser,
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

BOUNDARY = "iam:PermissionsBoundary"
"""The boundary that is set; in other calls about a user, the one that the user has."""

POLICY = "iam:PolicyARN"
"""The policy in a call that attaches or detaches one."""

VERSIONS = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
"""The actions that change the content of a managed policy."""

_SESSION = timedelta(hours=12)
_PROBES = (
    *("s3:ListAllMyBuckets", "ec2:DescribeInstances", "lambda:ListFunctions", "sqs:ListQueues"),
    *("dynamodb:ListTables", "rds:DescribeDBInstances", "logs:DescribeLogGroups", "iam:ListRoles"),
)
_OF_SESSION = ("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime")
_ASKED = 2
"""The most probe requests: the first that are allowed; a boundary may allow few."""


def probes_of(snapshot: Snapshot, user: User, policies: Policies) -> frozenset[str]:
    """Return the usual probe actions that some policies allow a user with MFA."""
    if not policies.scps:
        return frozenset(_PROBES)
    _, _, mfa = _credentials(snapshot, user)
    answers = (
        (each, _answer(snapshot, user, policies, mfa, each)) for each in _usual(snapshot, user)
    )
    allowed = (each for each, answer in answers if answer.effect is DecisionEffect.ALLOWED)
    return frozenset(each.action for each in allowed)


def _usual(snapshot: Snapshot, user: User) -> list[Request]:
    return [Request(user.arn, each, "*", Context({}), snapshot.account) for each in _PROBES]


def enforcing_of(
    snapshot: Snapshot, user: User, policies: Policies, probes: Callable[[], Collection[str]]
) -> tuple[str, ...]:
    """Return the names of the policies that enforce MFA for a user, the boundary among them.

    Several may be MFA enforcement only together, such as one for access keys and one for sessions.

    Args:
        snapshot: the account.
        user: the user to whom these policies apply.
        policies: the policies that apply.
        probes: returns the actions of the usual requests that the service control policies allow
            with MFA; the others need not be asked for.
    """
    if policies.boundaries is None and not any(
        _denies(each.document) for each in policies.identity
    ):
        return ()
    open_to_all = replace(policies, identity=(*policies.identity, EVERYTHING))
    key, session, mfa = _credentials(snapshot, user)
    answer = partial(_answer, snapshot, user, open_to_all)
    usual, possible = _usual(snapshot, user), probes()
    with_mfa = ((each, answer(mfa, each)) for each in usual if each.action in possible)
    allowed = (each for each in with_mfa if each[1].effect is DecisionEffect.ALLOWED)
    asked = tuple(islice(allowed, _ASKED))
    if not asked:
        # if nothing is allowed even with MFA, use the usual requests
        others = tuple(_other_requests(snapshot, user, open_to_all)) or tuple(usual[:_ASKED])
        asked = tuple((each, answer(mfa, each)) for each in others)
    stops = partial(_stopping, open_to_all)
    # the policies that block an action without MFA, and not with MFA
    stopped = _stopped_by(
        (
            {name for name, _ in stops(answer(credential, probe)) - stops(also)}
            for probe, also in asked
        )
        for credential in (key, session)
    )
    own = (*policies.identity, *(policies.boundaries or ()))
    return tuple(name for name in dict.fromkeys(each.name for each in own) if name in stopped)


@cached_by_identity
def _denies(document: Document) -> bool:
    return any(statement.effect is Effect.DENY for statement in document.statements)


def _other_requests(snapshot: Snapshot, user: User, policies: Policies) -> Iterator[Request]:
    """Yield other requests that no enforcement exempts and that are allowed with MFA, if any.

    Their contexts have all keys except those of the session with MFA.
    """
    exempt = expected_exempt()
    for _ in range(_ASKED):
        asked = enforcement_question(policies, named_of(user), snapshot.taken_at, exempt)
        found = prove_none(replace(asked, credentials=(CallerCredential.MFA_SESSION,)))
        if not isinstance(found, Refuted):
            return
        request = found.counterexample.request
        left = {
            key: each for key, each in request.context.items() if key.lower() not in _OF_SESSION
        }
        yield replace(request, context=Context(left))
        exempt = (*exempt, request.action)


def _stopped_by(stops: Iterable[Iterable[set[str]]]) -> set[str]:
    """Return the policies that block every probe with every credential, alone or together.

    The search ends as soon as nothing blocks a probe.
    """
    found: list[list[set[str]]] = []
    for probes in stops:
        found.append([])
        for names in probes:
            if not names:
                return set()
            found[-1].append(names)
    whole = set.intersection(*(names for each in found for names in each))
    # one policy may be for access keys, another for sessions; one for a single probe is for neither
    pieces = (set.intersection(*each) or set.union(*each) for each in found)
    return whole or set().union(*pieces)


def _credentials(snapshot: Snapshot, user: User) -> tuple[Credential, Credential, Credential]:
    """Return a user's access key, a session without MFA, and one with MFA."""
    home = (snapshot.partition, snapshot.account)
    holder = Holder(HolderKind.USER, *home, user.name, user.path, user.id)
    now, kind = snapshot.taken_at, CredentialKind.CONSOLE_SESSION
    session = Credential(kind, holder, now, now + _SESSION)
    return Credential(CredentialKind.LONG_TERM_KEY, holder), session, replace(session, mfa_at=now)


def _answer(
    snapshot: Snapshot, user: User, policies: Policies, credential: Credential, probe: Request
) -> Decision:
    values = context_of(credential, snapshot.taken_at, SigninAssumptions())
    context = Context({**values, **named_of(user).known_values}).with_(probe.context)
    return decide(replace(probe, context=context), policies)


def _stopping(policies: Policies, decision: Decision) -> set[tuple[str, int | None]]:
    """Return the policies that block a request, each with the statement if it is a Deny."""
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        return {(cause.policy, cause.index) for cause in decision.because}
    if decision.blocked_by is PolicyKind.BOUNDARY:
        return {(each.name, None) for each in policies.boundaries or ()}
    return set()


def own_boundary(user: User) -> ContextKey:
    """Return the condition key with the boundary of the user that a call is about."""
    return ContextKey(BOUNDARY, () if user.boundary is None else (user.boundary,))


def edits_of(snapshot: Snapshot, user: User, enforcing: tuple[str, ...]) -> Iterator[CallPattern]:
    """Yield the calls that remove a user's enforcement, each of one action on one resource."""
    groups = [each for each in snapshot.groups if each.name in user.groups]
    for name in enforcing:
        yield from _edits_user(user, name)
        for group in groups:
            yield from _edits_group(group, name)
        if name.startswith("arn:"):
            yield from (CallPattern((action,), (name,)) for action in VERSIONS)


def _edits_user(user: User, name: str) -> Iterator[CallPattern]:
    on, bounded = (user.arn,), own_boundary(user)
    if name == user.boundary:
        yield CallPattern(("iam:DeleteUserPermissionsBoundary",), on, keys=(bounded,))
        other = ContextKey(BOUNDARY, (name,), holds=False)
        yield CallPattern(("iam:PutUserPermissionsBoundary",), on, keys=(other,))
    if name in user.attached:
        yield CallPattern(
            ("iam:DetachUserPolicy",), on, keys=(bounded, ContextKey(POLICY, (name,)))
        )
    if any(policy.name == name for policy in user.inline):
        for action in ("iam:DeleteUserPolicy", "iam:PutUserPolicy"):
            yield CallPattern((action,), on, keys=(bounded,))


def _edits_group(group: Group, name: str) -> Iterator[CallPattern]:
    on, inline = (group.arn,), any(policy.name == name for policy in group.inline)
    if name in group.attached or inline:
        yield CallPattern(("iam:RemoveUserFromGroup",), on)
    if name in group.attached:
        yield CallPattern(("iam:DetachGroupPolicy",), on, keys=(ContextKey(POLICY, (name,)),))
    if inline:
        yield from (
            CallPattern((action,), on) for action in ("iam:DeleteGroupPolicy", "iam:PutGroupPolicy")
        )


_OF_AWS = ("AdministratorAccess", "IAMFullAccess")
"""AWS's own policies with the right to change IAM; every account can attach them."""

_INLINE = (
    *("iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:PutGroupPolicy"),
    *("iam:DeleteGroupPolicy", "iam:RemoveUserFromGroup"),
)
_DETACHING = ("iam:DetachUserPolicy", "iam:DetachGroupPolicy")
_ATTACHING = ("iam:AttachUserPolicy", "iam:AttachGroupPolicy")
_UNBINDING = ("iam:DeleteUserPermissionsBoundary",)
_BINDING = ("iam:PutUserPermissionsBoundary",)
_DETAILS = "GetAccountAuthorizationDetails"
_UNREAD = Message("the text of {policies} was not read")
_UNSURE = Message("what enforces MFA for `{user}` is unknown: {why}")


@dataclass(frozen=True, slots=True)
class UnreadPolicies:
    """Policies, by ARN or pattern, whose effect is not known, and the reason."""

    why: Message
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removals:
    """The policies whose change removes MFA enforcement from others, or gives every right.

    Attributes:
        home: the prefix of every ARN of IAM in the account.
        enforcements: the managed policies that enforce MFA for somebody.
        bounds: the boundaries that enforce MFA for somebody.
        changing: the managed policies that can be changed, and with them what enforces MFA
            or gives.
        strong: the policies whose holders may remove MFA enforcement.
        maybe_strong: policies that are possibly `strong`.
        maybe_enforcements: policies that possibly enforce MFA for somebody.
        maybe_bounds: the boundaries of which that is not known.
        hidden: why it is not known what some user or group has at all.
    """

    home: str
    enforcements: tuple[str, ...]
    bounds: tuple[str, ...]
    changing: tuple[str, ...]
    admin_policies: tuple[str, ...]
    possible_admin_policies: tuple[UnreadPolicies, ...]
    maybe_enforcements: tuple[UnreadPolicies, ...]
    maybe_bounds: tuple[UnreadPolicies, ...]
    unreadable_reason: Message | None

    def certain_calls(self, named: CallingUser) -> Iterator[CallPattern]:
        """Yield the calls that certainly remove enforcement if this user may make them."""
        own = self._own(named)
        yield CallPattern(_INLINE, besides=own)
        yield CallPattern(VERSIONS, self.changing)
        for actions, policies in (
            (_DETACHING, self.enforcements),
            (_ATTACHING, self.admin_policies),
        ):
            yield CallPattern(actions, besides=own, keys=(ContextKey(POLICY, policies),))
        if self.bounds:
            yield CallPattern(_UNBINDING, besides=own, keys=(ContextKey(BOUNDARY, self.bounds),))
            yield CallPattern(
                _BINDING, besides=own, keys=(ContextKey(BOUNDARY, self.bounds, holds=False),)
            )

    def undetermined(self, named: CallingUser) -> Iterator[tuple[Message, CallPattern]]:
        """Yield the calls that may remove enforcement, with the reason for the doubt."""
        own = self._own(named)
        for doubt in self.possible_admin_policies:
            key = ContextKey(POLICY, doubt.policies, like=True)
            yield doubt.why, CallPattern(_ATTACHING, besides=own, keys=(key,))
        for doubt in self.maybe_enforcements:
            yield (
                doubt.why,
                CallPattern(_DETACHING, besides=own, keys=(ContextKey(POLICY, doubt.policies),)),
            )
        for doubt in self.maybe_bounds:
            key = ContextKey(BOUNDARY, (*self.bounds, *doubt.policies), holds=False)
            yield doubt.why, CallPattern(_BINDING, besides=own, keys=(key,))
            key = ContextKey(BOUNDARY, doubt.policies)
            yield doubt.why, CallPattern(_UNBINDING, besides=own, keys=(key,))
        if self.unreadable_reason is not None:
            # any policy may be the enforcing one, for any user
            yield self.unreadable_reason, CallPattern(VERSIONS, (f"{self.home}:policy/*",))
            yield (
                self.unreadable_reason,
                CallPattern((*_DETACHING, *_UNBINDING, *_BINDING), besides=own),
            )

    def _own(self, named: CallingUser) -> tuple[str, ...]:
        # names are unique regardless of the path: an equal name is the same user
        return (f"{self.home}:user/{named.name}", f"{self.home}:user/*/{named.name}")


def removals_of(
    snapshot: Snapshot, enforcements: Mapping[str, tuple[str, ...] | Message]
) -> Removals:
    """Return the policies whose change removes an account's enforcement, or gives every right.

    Args:
        snapshot: the account.
        enforcements: the names of the policies that enforce MFA for each user, or why they
            are not known.
    """
    home = f"arn:{snapshot.partition}:iam::{snapshot.account}"
    # unread policies may enforce MFA, and Force_MFA would
    known = {
        name for each in enforcements.values() if not isinstance(each, Message) for name in each
    }
    known |= {*unread_policies(snapshot), f"{home}:policy/{NAME}"}
    boundaries = {user.boundary for user in snapshot.users if user.boundary}
    owners: list[User | Group] = [*snapshot.users, *snapshot.groups]
    attached = {arn for owner in owners for arn in owner.attached} | boundaries
    own = {arn for arn in attached if arn.startswith(f"{home}:")}
    unsure = [
        (snapshot.user_named[name], _UNSURE.filled(user=name, why=why))
        for name, why in enforcements.items()
        if isinstance(why, Message)
    ]
    attached_by = [(why, {*_managed_policies(snapshot, user)} - known) for user, why in unsure]
    bound = [(why, {user.boundary} - known) for user, why in unsure if user.boundary]
    return Removals(
        home=home,
        enforcements=tuple(sorted(name for name in known if name.startswith("arn:"))),
        bounds=tuple(sorted(boundaries & known)),
        changing=tuple(sorted({*own, f"{home}:policy/{NAME}"})),
        admin_policies=tuple(
            f"arn:{snapshot.partition}:iam::aws:policy/{each}" for each in _OF_AWS
        ),
        possible_admin_policies=tuple(_maybe_strong(snapshot, home)),
        maybe_enforcements=_unread_policies(attached_by),
        maybe_bounds=_unread_policies(bound),
        unreadable_reason=_unreadable_reason(snapshot),
    )


def _managed_policies(snapshot: Snapshot, user: User) -> Iterator[str]:
    """Yield the managed policies that a user has, directly and by groups."""
    yield from user.attached
    for name in user.groups:
        if name in snapshot.group_named:
            yield from snapshot.group_named[name].attached


def _unread_policies(found: list[tuple[Message, set[str]]]) -> tuple[UnreadPolicies, ...]:
    """Return the unread policies with the first reason for each."""
    reasons: dict[str, Message] = {}
    for why, policies in found:
        for arn in sorted(policies):
            reasons.setdefault(arn, why)
    by_reason: dict[Message, list[str]] = {}
    for arn, why in reasons.items():
        by_reason.setdefault(why, []).append(arn)
    return tuple(UnreadPolicies(why, tuple(policies)) for why, policies in by_reason.items())


def _maybe_strong(snapshot: Snapshot, home: str) -> Iterator[UnreadPolicies]:
    lost = snapshot.gap_of(_DETAILS)
    if lost is not None:
        yield UnreadPolicies(lost.why, (f"{home}:policy/*",))
    arns = tuple(sorted(attached_policies(snapshot) - {*snapshot.policies}))
    if arns:
        yield UnreadPolicies(_UNREAD.filled(policies=", ".join(f"`{arn}`" for arn in arns)), arns)


def _unreadable_reason(snapshot: Snapshot) -> Message | None:
    """Return the reason why some user's or group's policies are not known; None if all are."""
    details = (gap for gap in snapshot.gaps if gap.operation == _DETAILS)
    of_users = (gap for gap in details if gap.resource.kind is ResourceKind.USER)
    gap = next(of_users, None if snapshot.groups else snapshot.gap_of(_DETAILS))
    return None if gap is None else gap.why
