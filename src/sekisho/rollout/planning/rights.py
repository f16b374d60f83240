"""The rights by which a plan was judged: which policies decide for whom.

A plan is judged by the policies that decide for those whom it is about, for the break-glass users
and for its caller, and by who could take MFA enforcement away again. `Rights` is a record of that,
of the account as it is going to be. Before the first change the account is read again, and the
plan's own changes are made in what was read: so the two can be compared however much of the plan
has been applied already.

Service control policies are left out of both: to read them needs rights in the organisation.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from sekisho.account import Group, Role, Snapshot, User, policies_of, policies_of_role
from sekisho.audit.impact import Administrators
from sekisho.documents.records import keyed
from sekisho.engine import AttachedPolicy, Policies, cached_by_identity
from sekisho.engine.matching import arns
from sekisho.errors import FaultyAccount
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, to_json
from sekisho.prover import Proved
from sekisho.rollout.changes.affected import Affected, affected_by, affected_names
from sekisho.rollout.changes.kinds import forecast
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import CreatePolicy, with_change_password, with_deny_all
from sekisho.rollout.changes.users import CreateGroup, CreateUser

_UNREAD = "unread"
_OF_AWS = "aws"
"""The account in the ARNs of AWS's own policies."""
_NOBODY: Affected = {}


@dataclass(frozen=True, slots=True)
class Rights:
    """The policies that decide for the users of a plan once it is applied.

    Attributes:
        policies: the SHA-256 of each policy that decides for somebody, `boundary:` before that of
            a permissions boundary; or that policies were not read.
        by_principal: which of these decide for a principal, by `user NAME` or `role NAME`.
        administrators: the users who are administrators, as the audit has it, or of whom it is not
            known.
        account: a digest of everything that somebody's rights can come from.
    """

    policies: tuple[str, ...] = ()
    by_principal: Mapping[str, tuple[int, ...]] = field(default_factory=dict, metadata=keyed("of"))
    administrators: tuple[str, ...] = ()
    account: str = ""

    def digests_of(self, name: str) -> tuple[str, ...]:
        """Return the digests of the policies that decide for a principal."""
        return tuple(self.policies[place] for place in self.by_principal[name])

    @property
    def is_consistent(self) -> bool:
        """Whether `by_principal` names no policy that is not among `policies`."""
        last = len(self.policies)
        return all(0 <= place < last for places in self.by_principal.values() for place in places)


def rights_of(
    after: Snapshot, users: Iterable[str], caller: str, judged: Administrators | None = None
) -> Rights:
    """Return the rights that a plan goes by.

    Args:
        after: the account once the plan is applied.
        users: the names of the users for whom it must not be otherwise.
        caller: the ARN of the caller who applies the plan.
        judged: who is an administrator in `after`, where that has been asked already.
    """
    plain = after if not after.scps else replace(after, scps=None)
    administrators = judged if judged is not None and plain is after else Administrators(plain)
    names = dict.fromkeys((*(f"user {name}" for name in users), *_principal(caller)))
    decide = {name: _decide_for(plain, name) for name in names}
    digests_by_name = {name: _digests(each) for name, each in decide.items() if each is not None}
    policies = sorted({digest for digests in digests_by_name.values() for digest in digests})
    places = {digest: place for place, digest in enumerate(policies)}
    return Rights(
        policies=tuple(policies),
        by_principal={
            name: tuple(places[each] for each in digests)
            for name, digests in digests_by_name.items()
        },
        administrators=_administrators(plain, administrators),
        account=_account_digest(plain),
    )


def changed_rights(
    rights: Rights,
    now: Snapshot,
    changes: tuple[Change, ...],
    affected: Affected = _NOBODY,
    caller: str = "",
) -> Iterator[tuple[str, Message]]:
    """Yield each `user NAME` or `role NAME` whose rights have changed since the plan, and how.

    Principals who are gone count as unchanged. So do users whom the plan reached only through a
    group or a policy that they no longer have: it gives them nothing and takes nothing. A user who
    becomes or ceases to be an administrator is yielded in any case.

    Args:
        rights: of the plan.
        now: who there is and which policies decide, read again.
        changes: the plan's.
        affected: the principals whom a change affects without naming them, as the plan has it.
        caller: the ARN that applies the plan, whose rights count wherever they come from.
    """
    then = with_changes_made(now, changes)
    if _account_digest(then) == rights.account:
        return
    gone = no_longer_affected(affected, affected_by(changes, now, then), changes) - {
        *_principal(caller)
    }
    for name in (each for each in rights.by_principal if each not in gone):
        found = _decide_for(then, name)
        if found is not None:
            for message in _changed_policies(name, rights.digests_of(name), found):
                yield name, message
    administrators = _administrators(then, Administrators(then))
    for name in sorted({*administrators} ^ {*rights.administrators}):
        fallen = _FALLEN if name in then.user_named else _GONE
        yield f"user {name}", (_RISEN if name in administrators else fallen).filled(user=name)


def no_longer_affected(then: Affected, now: Affected, changes: Iterable[Change]) -> set[str]:
    """Return the users who were affected by a change, no longer are, and are named by none."""
    named = {f"user {each.person}" for each in changes}
    before, after = ({name for names in each.values() for name in names} for each in (then, now))
    return before - after - named


_GOT = Message("{whom} now has {policies}")
_LOST = Message("{whom} has lost a policy, or a part of one")
_RISEN = Message("`{user}` can administer users now, or that is unknown")
_FALLEN = Message("`{user}` cannot administer users any more")
_GONE = Message("`{user}`, who could administer users, is gone")


def _changed_policies(name: str, known: tuple[str, ...], policies: Policies) -> Iterator[Message]:
    digests = _digests(policies)
    # what was not read when the plan was made is a problem of the plan itself
    if known in (digests, (_UNREAD,)):
        return
    whom = affected_names((name,))
    named = {_digest(each): each.name for each in policies.identity}
    named |= {_boundary_digest(each): each.name for each in policies.boundaries or ()}
    if new := [named.get(each, each) for each in digests if each not in known]:
        yield _GOT.filled(whom=whom, policies=", ".join(f"`{each}`" for each in new))
    if {*known} - {*digests}:
        yield _LOST.filled(whom=whom)


def with_changes_made(now: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return an account with a plan's changes made, also where they are made already."""
    snapshot = with_deny_all(with_change_password(now))
    return forecast(snapshot, (each for each in changes if not _is_there(each, snapshot)))


def _is_there(change: Change, snapshot: Snapshot) -> bool:
    """Return whether a change creates something that exists already."""
    match change:
        case CreateUser():
            return change.name in snapshot.user_named
        case CreateGroup():
            return change.name in snapshot.group_named
        case CreatePolicy():
            return change.arn in snapshot.policies
        case _:
            return False


def _principal(arn: str) -> Iterator[str]:
    """Yield the user or role that an ARN stands for; root has no policies."""
    kind, _, rest = arn.split(":", 5)[-1].partition("/")
    if kind == "user":
        yield f"user {rest.rpartition('/')[2]}"
    elif kind == "assumed-role":
        yield f"role {rest.partition('/')[0]}"


def _decide_for(snapshot: Snapshot, principal: str) -> Policies | None:
    """Return the policies that decide for a user or role; None if there is no such principal."""
    kind, _, name = principal.partition(" ")
    there = snapshot.user_named if kind == "user" else {role.name for role in snapshot.roles}
    if name not in there:
        return None
    try:
        return policies_of(snapshot, name) if kind == "user" else policies_of_role(snapshot, name)
    except FaultyAccount:
        return _NOT_READ


_NOT_READ = Policies()


def _digests(policies: Policies) -> tuple[str, ...]:
    """Return the digest of each document, once, even if it is attached to several entities."""
    if policies is _NOT_READ:
        return (_UNREAD,)
    identity = {_digest(each) for each in policies.identity}
    return tuple(sorted({*identity, *map(_boundary_digest, policies.boundaries or ())}))


def _digest(policy: AttachedPolicy) -> str:
    """Return the digest of a policy's text; of AWS's own, which AWS alone changes, of its ARN.

    What we know of the text of one that nobody has yet may differ from AWS's in a `Sid`.
    """
    of_aws = arns.split(policy.name)[4:5] == (_OF_AWS,)
    return _sha(policy.name) if of_aws else _document_digest(policy.document)


def _boundary_digest(policy: AttachedPolicy) -> str:
    return f"boundary:{_digest(policy)}"


@cached_by_identity
def _document_digest(document: Document) -> str:
    return _sha(to_json(document))


def _sha(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=sorted)
    return hashlib.sha256(text.encode()).hexdigest()


def _administrators(snapshot: Snapshot, judged: Administrators) -> tuple[str, ...]:
    verdicts = ((user.name, judged.of(user)) for user in snapshot.users)
    return tuple(sorted(name for name, each in verdicts if not isinstance(each, Proved)))


def _account_digest(snapshot: Snapshot) -> str:
    """Return a digest of who there is, and of every policy that somebody has or may come to have.

    Of AWS's own policies only those that are in use can be listed, and AWS alone changes them.
    """
    users = [(*_rights_sources(each), {*each.groups}, dict(each.tags)) for each in snapshot.users]
    groups = [_rights_sources(each) for each in snapshot.groups]
    roles = [(*_rights_sources(each), _document_digest(each.trust)) for each in snapshot.roles]
    own = {
        arn: _document_digest(policy.document)
        for arn, policy in snapshot.policies.items()
        if not policy.aws_managed
    }
    return _sha([users, groups, roles, own])


def _rights_sources(owner: User | Group | Role) -> tuple[object, ...]:
    inline = sorted(map(_digest, owner.inline))
    boundary = None if isinstance(owner, Group) else owner.boundary
    return owner.name, owner.path, {*owner.attached}, inline, boundary
