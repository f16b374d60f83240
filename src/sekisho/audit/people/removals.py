"""The calls that take enforcement away from others, or give every right, as far as all was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.account import Group, ResourceKind, Snapshot, User, attached_policies, unread_policies
from sekisho.audit.people.asks import Ask, Key
from sekisho.audit.people.enforcing import BOUNDARY, POLICY, VERSIONS
from sekisho.messages import Message
from sekisho.policy import NAME
from sekisho.prover import CallingUser

__all__ = ["Doubt", "Removals", "removals_of"]

_OF_AWS = ("AdministratorAccess", "IAMFullAccess")
"""AWS's own policies that give the right to change IAM; every account can attach them."""

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
_UNSURE = Message("what enforces MFA `{user}` is not known: {why}")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Policies, by ARN or pattern, of which something is not known, and why."""

    why: Message
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removals:
    """What takes MFA enforcement away from others, or gives every right.

    Attributes:
        home: what every ARN of IAM in the account begins with.
        enforcements: the managed policies that enforce MFA for somebody.
        bounds: the boundaries that enforce MFA for somebody.
        changing: the managed policies that can be changed, and with them what enforces MFA
            or gives.
        strong: the policies that let whoever has them take MFA enforcement away.
        maybe_strong: those of which that is not known.
        maybe_gates: those of which it is not known whether they MFA enforcement.
        maybe_bounds: the boundaries of which that is not known.
        hidden: why it is not known what some user or group has at all.
    """

    home: str
    enforcements: tuple[str, ...]
    bounds: tuple[str, ...]
    changing: tuple[str, ...]
    strong: tuple[str, ...]
    maybe_strong: tuple[Doubt, ...]
    maybe_enforcements: tuple[Doubt, ...]
    maybe_bounds: tuple[Doubt, ...]
    hidden: Message | None

    def sure(self, named: CallingUser) -> Iterator[Ask]:
        """Yield the calls that do, if they are allowed to somebody of this name."""
        own = self._own(named)
        yield Ask(_INLINE, besides=own)
        yield Ask(VERSIONS, self.changing)
        for actions, policies in ((_DETACHING, self.enforcements), (_ATTACHING, self.strong)):
            yield Ask(actions, besides=own, keys=(Key(POLICY, policies),))
        if self.bounds:
            yield Ask(_UNBINDING, besides=own, keys=(Key(BOUNDARY, self.bounds),))
            yield Ask(_BINDING, besides=own, keys=(Key(BOUNDARY, self.bounds, holds=False),))

    def doubtful(self, named: CallingUser) -> Iterator[tuple[Message, Ask]]:
        """Yield the calls of which it is not known whether they do, and why."""
        own = self._own(named)
        for doubt in self.maybe_strong:
            key = Key(POLICY, doubt.policies, like=True)
            yield doubt.why, Ask(_ATTACHING, besides=own, keys=(key,))
        for doubt in self.maybe_enforcements:
            yield doubt.why, Ask(_DETACHING, besides=own, keys=(Key(POLICY, doubt.policies),))
        for doubt in self.maybe_bounds:
            key = Key(BOUNDARY, (*self.bounds, *doubt.policies), holds=False)
            yield doubt.why, Ask(_BINDING, besides=own, keys=(key,))
            key = Key(BOUNDARY, doubt.policies)
            yield doubt.why, Ask(_UNBINDING, besides=own, keys=(key,))
        if self.hidden is not None:
            # any policy may be what enforces MFA for whoever it is
            yield self.hidden, Ask(VERSIONS, (f"{self.home}:policy/*",))
            yield self.hidden, Ask((*_DETACHING, *_UNBINDING, *_BINDING), besides=own)

    def _own(self, named: CallingUser) -> tuple[str, ...]:
        # names are unique whatever the path: who has the same one is the same user
        return (f"{self.home}:user/{named.name}", f"{self.home}:user/*/{named.name}")


def removals_of(
    snapshot: Snapshot, enforcements: Mapping[str, tuple[str, ...] | Message]
) -> Removals:
    """Return what takes enforcement of an account away, or gives every right.

    Of its policies AWS's.

    Args:
        snapshot: the account.
        enforcements: the names of the policies that enforce MFA for each user, or why they
            are not known.
    """
    home = f"arn:{snapshot.partition}:iam::{snapshot.account}"
    # what was not read may MFA enforcement, and Force_MFA is what would
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
    held = [(why, {*_held(snapshot, user)} - known) for user, why in unsure]
    bound = [(why, {user.boundary} - known) for user, why in unsure if user.boundary]
    return Removals(
        home=home,
        enforcements=tuple(sorted(name for name in known if name.startswith("arn:"))),
        bounds=tuple(sorted(boundaries & known)),
        changing=tuple(sorted({*own, f"{home}:policy/{NAME}"})),
        strong=tuple(f"arn:{snapshot.partition}:iam::aws:policy/{each}" for each in _OF_AWS),
        maybe_strong=tuple(_maybe_strong(snapshot, home)),
        maybe_enforcements=_doubts(held),
        maybe_bounds=_doubts(bound),
        hidden=_hidden(snapshot),
    )


def _held(snapshot: Snapshot, user: User) -> Iterator[str]:
    """Yield the managed policies that a user has, also by groups."""
    yield from user.attached
    for name in user.groups:
        if name in snapshot.group_named:
            yield from snapshot.group_named[name].attached


def _doubts(found: list[tuple[Message, set[str]]]) -> tuple[Doubt, ...]:
    """Return the policies with the first reason for each."""
    reasons: dict[str, Message] = {}
    for why, policies in found:
        for arn in sorted(policies):
            reasons.setdefault(arn, why)
    by_reason: dict[Message, list[str]] = {}
    for arn, why in reasons.items():
        by_reason.setdefault(why, []).append(arn)
    return tuple(Doubt(why, tuple(policies)) for why, policies in by_reason.items())


def _maybe_strong(snapshot: Snapshot, home: str) -> Iterator[Doubt]:
    lost = snapshot.gap_of(_DETAILS)
    if lost is not None:
        yield Doubt(lost.why, (f"{home}:policy/*",))
    arns = tuple(sorted(attached_policies(snapshot) - {*snapshot.policies}))
    if arns:
        yield Doubt(_UNREAD.filled(policies=", ".join(f"`{arn}`" for arn in arns)), arns)


def _hidden(snapshot: Snapshot) -> Message | None:
    """Return why it is not known what some user or group has; each list is read whole or not."""
    details = (gap for gap in snapshot.gaps if gap.operation == _DETAILS)
    of_users = (gap for gap in details if gap.resource.kind is ResourceKind.USER)
    gap = next(of_users, None if snapshot.groups else snapshot.gap_of(_DETAILS))
    return None if gap is None else gap.why
