"""Who may take the gate away: administrators, and who may edit what gates them.

Whether somebody is an administrator is decided by the prover, and not by a policy's name: there is
a request in a session with MFA that changes what decides for other users, and it is allowed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sekisho.account import Group, Snapshot, User, policies_of
from sekisho.audit.alike import Numbers, Traits, likeness, traits_of
from sekisho.audit.gated import named_of
from sekisho.engine import Context, Decision, DecisionEffect, Policies, Request, Switches, decide
from sekisho.engine.actions import matches
from sekisho.engine.doubts import Doubts
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.language import Text
from sekisho.policy import Document, Effect, Element
from sekisho.prover import Held, Proved, Question, Refuted, Unknown, Verdict, Within, never
from sekisho.prover import User as Named
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninSwitches,
    context_of,
)

__all__ = ["Power", "powers_of"]

_SESSION = timedelta(hours=12)

_ON_OTHERS = (
    *("iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:PutUserPolicy", "iam:AttachUserPolicy"),
    *("iam:DetachGroupPolicy", "iam:DeleteGroupPolicy", "iam:PutGroupPolicy"),
    *("iam:AttachGroupPolicy", "iam:RemoveUserFromGroup"),
    *("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
)
"""What takes a policy away from somebody else, changes it, or gives the right to."""

_ON_ANYBODY = ("iam:AttachUserPolicy", "iam:PutUserPolicy")
"""What gives every right, also to oneself."""

_PROBES = ("s3:ListAllMyBuckets", "ec2:DescribeInstances")


@dataclass(frozen=True, slots=True)
class Power:
    """What a user may do to the gate, in a session with MFA.

    Attributes:
        administers: whether the user can change what decides for others, or take every right.
        request: an allowed request that does so; "" if there is none.
        unknown: why it is not known; None if it is.
        gating: the policies whose Deny stops the user without MFA, by name.
        edits: an allowed request that takes away or changes one of them; "" if there is none.
    """

    administers: bool
    request: str = ""
    unknown: Text | None = None
    gating: tuple[str, ...] = ()
    edits: str = ""


def powers_of(snapshot: Snapshot) -> Mapping[str, Power]:
    """Return what each user may do to the gate, by user name."""
    asked = _Asked(snapshot)
    return {user.name: asked.power(user) for user in snapshot.users}


class _Asked:
    """What was found out so far, by what of a user matters."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._numbers = Numbers()
        self._giving: dict[int, bool] = {}
        self._traits: dict[object, Traits] = {}
        self._verdicts: dict[object, Verdict] = {}
        self._edits: dict[object, tuple[tuple[str, ...], int | None]] = {}

    def power(self, user: User) -> Power:
        """Return what one user may do."""
        try:
            policies = policies_of(self._snapshot, user.name)
            alike = self._alike(user, policies)
            if alike not in self._verdicts:
                self._verdicts[alike] = self._administers(named_of(user), policies)
            gating, edits = self._on_own_gate(user, policies, alike)
        except (FaultyAccount, FaultyPolicy) as error:
            message = error.faults[0].message
            return Power(administers=False, unknown=Text(message, message))
        match self._verdicts[alike]:
            case Proved():
                return Power(False, gating=gating, edits=edits)
            case Refuted(witness):
                request = f"{witness.request.action} on {witness.request.resource}"
                return Power(True, request, gating=gating, edits=edits)
            case Unknown(reason):
                return Power(False, unknown=reason, gating=gating, edits=edits)

    def _alike(self, user: User, policies: Policies) -> tuple[object, ...]:
        limits = [*(policies.boundaries or ())]
        limits += [policy for level in policies.scps for policy in level.policies]
        documents = (
            frozenset(self._numbers.of(each.document) for each in policies.identity),
            tuple(self._numbers.of(each.document) for each in limits),
        )
        if documents not in self._traits:
            self._traits[documents] = traits_of(policies)
        return (documents, likeness(user, self._traits[documents]))

    def _administers(self, named: Named, policies: Policies) -> Verdict:
        """Ask for a request that changes what decides for somebody else, or gives every right."""
        if not any(self._gives(policy.document) for policy in policies.identity):
            return Proved()
        # names are unique whatever the path: who has the same one is the same user
        home = f"arn:{named.partition}:iam::{named.account}:user/"
        own = Element((f"{home}{named.name}", f"{home}*/{named.name}"))
        on_others = Within(((Element(_ON_OTHERS), True),), ((own, False),))
        held, now = (Held.MFA_SESSION,), self._snapshot.taken_at
        found = never(Question(named, now, held, allowed=policies, within=on_others))
        if isinstance(found, Refuted):
            return found
        on_anybody = Within(((Element(_ON_ANYBODY), True),))
        own_rights = never(Question(named, now, held, allowed=policies, within=on_anybody))
        return found if isinstance(own_rights, Proved) else own_rights

    def _gives(self, document: Document) -> bool:
        """Tell whether a document allows any of it at all, whatever its conditions."""
        number = self._numbers.of(document)
        if number not in self._giving:
            doubts = Doubts(Switches())
            self._giving[number] = any(
                statement.effect is Effect.ALLOW and matches(statement.action, action, doubts)
                for statement in document.statements
                for action in _ON_OTHERS
            )
        return self._giving[number]

    def _on_own_gate(
        self, user: User, policies: Policies, alike: object
    ) -> tuple[tuple[str, ...], str]:
        """Return what gates the user, and a request by which the user may change that."""
        names = tuple(policy.name for policy in policies.identity)
        key = (alike, names, user.groups, user.attached, user.path)
        asks: list[_Ask] = []
        if key not in self._edits:
            gating = tuple(_gating(self._snapshot, user, policies))
            asks = list(_edits(self._snapshot, user, gating))
            allowed = (
                place
                for place, ask in enumerate(asks)
                if _decided(self._snapshot, user, policies, ask, mfa=True).effect
                is DecisionEffect.ALLOWED
            )
            self._edits[key] = (gating, next(allowed, None))
        gating, place = self._edits[key]
        if place is None:
            return gating, ""
        ask = (asks or list(_edits(self._snapshot, user, gating)))[place]
        return gating, f"{ask.action} on {ask.resource}"


@dataclass(frozen=True, slots=True)
class _Ask:
    action: str
    resource: str
    policy: str = ""


def _decided(
    snapshot: Snapshot, user: User, policies: Policies, ask: _Ask, *, mfa: bool | None
) -> Decision:
    """Decide one request: with MFA, in the console without (False), or by access key (None)."""
    holder = Holder(
        HolderKind.USER, snapshot.partition, snapshot.account, user.name, user.path, user.id
    )
    now, kind = snapshot.taken_at, CredentialKind.CONSOLE_SESSION
    credential = Credential(kind, holder, now, now + _SESSION, now if mfa else None)
    if mfa is None:
        credential = Credential(CredentialKind.LONG_TERM_KEY, holder)
    about = {"iam:PolicyARN": ask.policy} if ask.policy else {}
    values = {**context_of(credential, now, SigninSwitches()), **named_of(user).known, **about}
    request = Request(user.arn, ask.action, ask.resource, Context(values), snapshot.account)
    return decide(request, policies)


def _gating(snapshot: Snapshot, user: User, policies: Policies) -> Iterator[str]:
    """Yield the policies that deny every probe without MFA, by key and in the console."""
    decisions = [
        _decided(snapshot, user, policies, _Ask(action, "*"), mfa=mfa)
        for action in _PROBES
        for mfa in (None, False)
    ]
    opened = (_decided(snapshot, user, policies, _Ask(each, "*"), mfa=True) for each in _PROBES)
    always = {cause.policy for decision in opened for cause in decision.because}
    common = set.intersection(
        *({cause.policy for cause in each.because if _denies(each)} for each in decisions)
    )
    yield from (name for name in dict.fromkeys(_names(policies)) if name in common - always)


def _denies(decision: Decision) -> bool:
    return decision.effect is DecisionEffect.EXPLICITLY_DENIED


def _names(policies: Policies) -> Iterator[str]:
    yield from (policy.name for policy in (*policies.identity, *(policies.boundaries or ())))


def _edits(snapshot: Snapshot, user: User, gating: tuple[str, ...]) -> Iterator[_Ask]:
    """Yield the requests that would take away, or change, what gates a user."""
    groups = [each for each in snapshot.groups if each.name in user.groups]
    for name in gating:
        if name == user.boundary:
            yield _Ask("iam:DeleteUserPermissionsBoundary", user.arn)
        if name in user.attached:
            yield _Ask("iam:DetachUserPolicy", user.arn, name)
        if name in _inline(user):
            yield _Ask("iam:DeleteUserPolicy", user.arn)
        for group in groups:
            yield from _edits_group(group, name)
        if name.startswith("arn:"):
            yield _Ask("iam:CreatePolicyVersion", name)
            yield _Ask("iam:SetDefaultPolicyVersion", name)


def _edits_group(group: Group, name: str) -> Iterator[_Ask]:
    if name in group.attached:
        yield _Ask("iam:RemoveUserFromGroup", group.arn)
        yield _Ask("iam:DetachGroupPolicy", group.arn, name)
    if name in _inline(group):
        yield _Ask("iam:RemoveUserFromGroup", group.arn)
        yield _Ask("iam:DeleteGroupPolicy", group.arn)


def _inline(owner: User | Group) -> set[str]:
    return {policy.name for policy in owner.inline}
