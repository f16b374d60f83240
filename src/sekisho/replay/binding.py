"""The policies of a caller, before and after the change in question.

`binding_of_policies` knows given policies only: of an identity-based policy, only the Denies count.
`binding_of_states` compares two states of one account; `binding_of_change` makes the second state
from the first and a list of changes. A plan's own forecast can also be the second state.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Protocol, TypeVar

from sekisho.account import (
    Group,
    ManagedPolicy,
    Role,
    Snapshot,
    User,
    policies_as_read,
    role_policies_as_read,
)
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.errors import FaultyAccount, InternalError
from sekisho.lazy import dataclass
from sekisho.policy import Document
from sekisho.replay.caller import TrailCaller
from sekisho.replay.outcome import OutcomeReason
from sekisho.signin import HolderKind


@dataclass(frozen=True, slots=True)
class Bound:
    """The policies of one caller.

    Attributes:
        before: the policies without the change; None: only `after` is asked.
        after: the policies with the change.
        gap: why some policy of the caller's is not among them; None if all are.
        tags: the caller's own tags; None if they are not known.
        arns: the ARNs of the account's users, groups and roles by kind and name, like `user/bob`,
            in lower case: no two names differ by that alone. Empty without an account.
    """

    before: Policies | None
    after: Policies
    gap: str | None = None
    tags: Mapping[str, str] | None = None
    arns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotBound:
    """A caller that no policy in question applies to; with `POLICIES`, this is not known."""

    reason: OutcomeReason


class Binding(Protocol):
    """The assignment of policies to callers."""

    def of(self, caller: TrailCaller) -> Bound | NotBound:
        """Return the policies of a caller; the same objects each time."""
        ...

    def all(self) -> Iterable[Bound]:
        """Return the policies of all possible callers: calls are grouped by their elements."""
        ...

    def is_about(self, account: str) -> bool:
        """Return whether the policies may apply to callers of an account."""
        ...


class TargetKind(StrEnum):
    """The kinds of targets to which a policy can be attached."""

    EVERY_USER = "every user"
    USER = "user"
    GROUP = "group"
    EVERY_ROLE = "every role"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a policy; the name of a user, group or role, or its ARN."""

    kind: TargetKind
    name: str = ""

    def takes_in(self, kind: HolderKind, name: str, arn: str | None) -> bool:
        """Return whether the target is or includes this user or role; groups are not resolved."""
        user = kind in (HolderKind.USER, HolderKind.FEDERATED)
        role = kind is HolderKind.ROLE
        match self.kind:
            case TargetKind.EVERY_USER:
                return user
            case TargetKind.EVERY_ROLE:
                return role
            case TargetKind.USER:
                return user and self.name in (name, arn)
            case TargetKind.ROLE:
                return role and self.name in (name, arn)
            case TargetKind.GROUP:
                return False


@dataclass(frozen=True, slots=True)
class PolicyAttachment:
    """A policy, and its target."""

    policy: AttachedPolicy
    target: Target


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """The policies in question.

    Attributes:
        attached: identity-based policies that come in addition.
        detached: names or ARNs of policies that go, whoever has them.
        replaced: documents by the name or the ARN of the policy that has another one now.
        boundaries: permissions boundaries that are set; a caller's own is replaced.
        scps: all service control policies, level by level; None: as they are.
    """

    attached: tuple[PolicyAttachment, ...] = ()
    detached: frozenset[str] = frozenset()
    replaced: Mapping[str, Document] = field(default_factory=dict)
    boundaries: tuple[PolicyAttachment, ...] = ()
    scps: tuple[Level, ...] | None = None


class _PoliciesAlone:
    """Policies without an account."""

    def __init__(self, changes: PolicyChanges, accounts: Collection[str] = ()) -> None:
        targets = [one.target for one in (*changes.attached, *changes.boundaries)]
        if any(one.kind is TargetKind.GROUP for one in targets):
            raise InternalError("who is in a group is not known without an account")
        self._changes, self._accounts = changes, frozenset(accounts)
        self._attached, self._all = len(changes.attached), (*changes.attached, *changes.boundaries)
        self._known: dict[tuple[int, ...], Bound | NotBound] = {}

    def of(self, caller: TrailCaller) -> Bound | NotBound:
        """Return the policies of a caller: those attached to it, and the organisation's."""
        return self._bound(
            tuple(
                place
                for place, one in enumerate(self._all)
                if one.target.takes_in(caller.kind, caller.name, caller.arn)
            )
        )

    def _bound(self, chosen: tuple[int, ...]) -> Bound | NotBound:
        """Return the policies of some attachments together, by their places."""
        if chosen not in self._known:
            self._known[chosen] = self._made(chosen)
        return self._known[chosen]

    def _made(self, chosen: tuple[int, ...]) -> Bound | NotBound:
        attached = tuple(self._all[one].policy for one in chosen if one < self._attached)
        boundaries = tuple(self._all[one].policy for one in chosen if one >= self._attached)
        scps = self._changes.scps or ()
        if not (attached or boundaries or scps):
            return NotBound(OutcomeReason.NOT_ATTACHED)
        return Bound(None, Policies(attached, boundaries or None, scps=scps))

    def all(self) -> Iterator[Bound]:
        """Yield the policies of all possible callers."""
        found = self._bound(tuple(range(len(self._all))))
        if isinstance(found, Bound):
            yield found

    def is_about(self, account: str) -> bool:
        """Return whether the logs contain an account's own records."""
        return account in self._accounts

    def with_accounts(self, accounts: Collection[str]) -> "_PoliciesAlone":
        """Return the same binding, with the accounts whose logs are present."""
        return _PoliciesAlone(self._changes, accounts)


def binding_of_policies(changes: PolicyChanges) -> Binding:
    """Return a binding of policies alone: attached, as boundaries, or an organisation's.

    Their targets determine the callers; policies that are detached or replaced need an account.
    """
    return _PoliciesAlone(changes)


_Holder = tuple[HolderKind, str]


class _AccountStates:
    """Two states of an account, and the callers after the first was read."""

    def __init__(
        self, before: Snapshot, after: Snapshot, seen: Collection[_Holder] = frozenset()
    ) -> None:
        self._before, self._after, self._seen = before, after, seen
        self._roles = frozenset(role.name for role in before.roles)
        owners = (("user", before.users), ("group", before.groups), ("role", before.roles))
        self._arns = {
            f"{kind}/{each.name.lower()}": each.arn for kind, several in owners for each in several
        }
        self._known: dict[_Holder, Bound | NotBound] = {}

    def of(self, caller: TrailCaller) -> Bound | NotBound:
        """Return the policies of a caller, by kind and name."""
        if caller.account != self._before.account:
            return NotBound(OutcomeReason.OTHER_ACCOUNT)
        kind = HolderKind.USER if caller.kind is HolderKind.FEDERATED else caller.kind
        return self._bound(kind, caller.name)

    def all(self) -> Iterator[Bound]:
        """Yield the policies of all possible callers."""
        holders = [(HolderKind.USER, user.name) for user in self._before.users]
        holders += [(HolderKind.ROLE, role.name) for role in self._before.roles]
        for kind, name in (*holders, (HolderKind.ROOT, "")):
            found = self._bound(kind, name)
            if isinstance(found, Bound):
                yield found

    def is_about(self, account: str) -> bool:
        """Return whether it is the account that changes."""
        return account == self._before.account

    def _bound(self, kind: HolderKind, name: str) -> Bound | NotBound:
        key = (kind, name)
        if key not in self._known:
            self._known[key] = self._made(kind, name)
        return self._known[key]

    def _made(self, kind: HolderKind, name: str) -> Bound | NotBound:
        known = self._before.user_named if kind is HolderKind.USER else self._roles
        if kind is not HolderKind.ROOT and name not in known:
            return NotBound(self._why_absent(kind, name))
        before, gaps = _read(self._before, kind, name)
        after, more = _read(self._after, kind, name)
        if before == after:
            return NotBound(OutcomeReason.NOT_ATTACHED)
        user = self._before.user_named.get(name) if kind is HolderKind.USER else None
        gap = next(iter((*gaps, *more)), None)
        return Bound(before, after, gap, None if user is None else user.tags, self._arns)

    def _why_absent(self, kind: HolderKind, name: str) -> OutcomeReason:
        """Return the reason why the policies of a caller that the snapshot lacks are not known.

        A caller that is gone has no policies. A caller that called later exists, and may have some.
        """
        if self._before.gap_of("GetAccountAuthorizationDetails") is not None:
            return OutcomeReason.POLICIES
        if (kind, name) in self._seen and self._may_bind_others(kind):
            return OutcomeReason.SEEN_SINCE
        return OutcomeReason.NOT_IN_ACCOUNT

    def _may_bind_others(self, kind: HolderKind) -> bool:
        """Return whether the change may apply to a user or a role that was not read.

        It does not if only users and roles that were read are changed.
        """
        before, after = self._before, self._after
        texts = any(after.policies.get(arn) != policy for arn, policy in before.policies.items())
        if before.scps != after.scps or texts:
            return True
        if kind is HolderKind.USER:
            other = (after.user_named.get(each.name) != each for each in before.users)
            return before.groups != after.groups or all(other)
        roles = {each.name: each for each in after.roles}
        return all(roles.get(each.name) != each for each in before.roles)

    def with_later_callers(self, arns_seen: Iterable[str]) -> "_AccountStates":
        """Return the same binding, with the callers after the snapshot."""
        holders = (_holder_of(arn, self._before.account) for arn in arns_seen)
        return _AccountStates(self._before, self._after, frozenset(filter(None, holders)))


_NAMED = re.compile(r"(?:iam::(\d{12}):(user|role)/(?:.*/)?|sts::(\d{12}):assumed-(role)/)([^/]+)")


def _holder_of(arn: str, account: str) -> _Holder | None:
    """Return the user or role of an account with this ARN, or session's ARN."""
    found = _NAMED.search(arn)
    if found is None or account not in (found[1], found[3]):
        return None
    kind = HolderKind.USER if found[2] == "user" else HolderKind.ROLE
    return kind, found[5]


def _read(snapshot: Snapshot, kind: HolderKind, name: str) -> tuple[Policies, tuple[str, ...]]:
    """Return the policies of a caller as far as they were read, and the missing ones."""
    if kind is HolderKind.ROOT:
        return Policies(scps=snapshot.scps or ()), ()
    read = policies_as_read if kind is HolderKind.USER else role_policies_as_read
    try:
        policies, faults = read(snapshot, name)
    except FaultyAccount:
        # a caller that the changes delete has no policies
        return Policies(), ()
    return policies, tuple(str(fault.message) for fault in faults)


def binding_of_states(before: Snapshot, after: Snapshot) -> Binding:
    """Return a binding that compares two states of one account."""
    return _AccountStates(before, after)


def with_later_callers(binding: Binding, arns_seen: Iterable[str]) -> Binding:
    """Return a binding with the callers after the account was read.

    A caller that the account does not have was made or renamed since, and the change may apply to
    it. If there is only a set of policies, their targets decide.
    """
    return binding.with_later_callers(arns_seen) if isinstance(binding, _AccountStates) else binding


def with_accounts(binding: Binding, accounts: Collection[str]) -> Binding:
    """Return a binding with the accounts that the logs are of.

    Policies without an account may apply to any caller of these, also to one without a record.
    """
    return binding.with_accounts(accounts) if isinstance(binding, _PoliciesAlone) else binding


def binding_of_change(snapshot: Snapshot, changes: PolicyChanges) -> Binding:
    """Return a binding that compares an account before and after some changes."""
    return _AccountStates(snapshot, _Changing(snapshot, changes).account_after())


_Owner = TypeVar("_Owner", User, Role, Group)
_Bounded = TypeVar("_Bounded", User, Role)


@dataclass(frozen=True, slots=True)
class _Changing:
    snapshot: Snapshot
    changes: PolicyChanges

    def account_after(self) -> Snapshot:
        """Return the account after the changes."""
        account = self.snapshot
        given = {one.policy.name: one.policy for one in self._attachments()}
        policies = {
            arn: replace(policy, document=self._document(arn, policy.name, policy.document))
            for arn, policy in account.policies.items()
        }
        policies |= {name: _managed(policy) for name, policy in given.items()}
        return replace(
            account,
            users=tuple(
                self._bounded(self._owner(each, HolderKind.USER), HolderKind.USER)
                for each in account.users
            ),
            groups=tuple(self._owner(each, None) for each in account.groups),
            roles=tuple(
                self._bounded(self._owner(each, HolderKind.ROLE), HolderKind.ROLE)
                for each in account.roles
            ),
            policies=policies,
            scps=account.scps if self.changes.scps is None else self.changes.scps,
        )

    def _attachments(self) -> tuple[PolicyAttachment, ...]:
        return (*self.changes.attached, *self.changes.boundaries)

    def _owner(self, owner: _Owner, kind: HolderKind | None) -> _Owner:
        """Return a user, role or group (None) with its policies after the changes."""
        gone = self.changes.detached
        attached = [arn for arn in owner.attached if not {arn, arn.rsplit("/", 1)[-1]} & gone]
        attached += [
            one.policy.name
            for one in self.changes.attached
            if _takes_in(one.target, kind, owner.name, owner.arn)
            and one.policy.name not in attached
        ]
        inline = tuple(
            self._inline(one) for one in owner.inline if not {one.name, _short(one.name)} & gone
        )
        if tuple(attached) == owner.attached and inline == owner.inline:
            return owner
        return replace(owner, attached=tuple(attached), inline=inline)

    def _bounded(self, owner: _Bounded, kind: HolderKind) -> _Bounded:
        for one in self.changes.boundaries:
            if _takes_in(one.target, kind, owner.name, owner.arn):
                owner = replace(owner, boundary=one.policy.name)
        return owner

    def _inline(self, policy: AttachedPolicy) -> AttachedPolicy:
        document = self._document(policy.name, _short(policy.name), policy.document)
        return policy if document is policy.document else replace(policy, document=document)

    def _document(self, name: str, short: str, document: Document) -> Document:
        replaced = self.changes.replaced
        return replaced.get(name) or replaced.get(short) or document


def _takes_in(target: Target, kind: HolderKind | None, name: str, arn: str) -> bool:
    if kind is None:
        return target.kind is TargetKind.GROUP and target.name in (name, arn)
    return target.takes_in(kind, name, arn)


def _short(name: str) -> str:
    """Return the name of an inline policy from `inline NAME of user U`."""
    found = re.fullmatch(r"inline (.+) of (?:user|group|role) \S+", name)
    return found[1] if found else name


def _managed(policy: AttachedPolicy) -> ManagedPolicy:
    """Return a given policy as a managed policy of the account."""
    return ManagedPolicy(policy.name, policy.name, "/", "v1", policy.document)
