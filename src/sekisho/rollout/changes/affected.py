"""Principals whom a change affects without naming them: members of a group, holders of a policy.

They are judged with the plan, and read again just before the change is made, or taken back: who
has come since was judged by nobody. Who has left is no danger: a change that does not reach
somebody gives and takes nothing, and whom the goal names is looked at by an address of their own.
"""

from collections.abc import Iterable, Iterator, Mapping

from sekisho.account import Snapshot
from sekisho.messages import Message, listed
from sekisho.rollout.changes.model import Change, IamCall
from sekisho.rollout.changes.observer import MEMBERS, Observer
from sekisho.rollout.changes.policies import CreatePolicyVersion
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    DetachGroupPolicy,
)

Affected = Mapping[str, tuple[str, ...]]
"""Affected principals, by the address of a change: `user NAME`, `group NAME` or `role NAME`."""

_KINDS = {
    "user": Message("user {name}"),
    "group": Message("group {name}"),
    "role": Message("role {name}"),
}


def affected_by(changes: Iterable[Change], before: Snapshot, after: Snapshot) -> Affected:
    """Return the principals whom each change affects: already, or by the changes themselves.

    Both the account before and the one after count: a plan may be half applied.
    """
    return {
        change.address: tuple(sorted({*_affected(change, before), *_affected(change, after)}))
        for change in changes
        if isinstance(change, AttachGroupPolicy | DetachGroupPolicy | CreatePolicyVersion)
    }


def newcomers(change: Change, affected: Affected, observer: Observer) -> tuple[str, ...]:
    """Return the principals whom a change would affect now and who are not in `affected`.

    Raises:
        AwsRefused: if it cannot be told.
    """
    known = {*affected.get(change.address, ())}
    names = dict.fromkeys(_read_affected(change, known, observer))
    return tuple(name for name in names if name not in known)


def still_affected(
    change: Change, changes: Iterable[Change], affected: Affected, observer: Observer
) -> tuple[str, ...]:
    """Return the principals whom a change affects now and did not before its plan.

    These are newcomers, and principals whom the plan's own `changes` brought under it.

    Raises:
        AwsRefused: if it cannot be told.
    """
    known = {*affected.get(change.address, ())}
    names = dict.fromkeys(_read_affected(change, known, observer))
    brought = {
        name
        for each in changes
        if (name := _brings(each, change, known)) in names and each.read(observer) == each.after
    }
    return tuple(name for name in names if name not in known or name in brought)


def affected_names(names: Iterable[str]) -> Message:
    """Return the names of affected principals, as each language has them."""
    pairs = (each.partition(" ") for each in names)
    return listed(_KINDS[kind].filled(name=name) for kind, _, name in pairs)


def affected_reads(change: Change, after: Snapshot) -> Iterator[IamCall]:
    """Yield the calls that read again which principals a change affects."""
    match change:
        case AttachGroupPolicy(group) | DetachGroupPolicy(group):
            yield IamCall("GetGroup", {"GroupName": group})
        case CreatePolicyVersion(arn):
            yield IamCall("ListEntitiesForPolicy", {"PolicyArn": arn})
            for known in after.groups:
                if arn in known.attached:
                    yield IamCall("GetGroup", {"GroupName": known.name})
        case _:
            pass


def _brings(link: Change, change: Change, known: set[str]) -> str | None:
    """Return the principal whom a change brings under another; None if there is none."""
    match change, link:
        case (AttachGroupPolicy(group) | DetachGroupPolicy(group), AddUserToGroup(joined, user)):
            return f"user {user}" if joined == group else None
        case CreatePolicyVersion(), AddUserToGroup(joined, user):
            return f"user {user}" if f"group {joined}" in known else None
        case CreatePolicyVersion(arn), AttachUserPolicy(user, attached):
            return f"user {user}" if attached == arn else None
        case CreatePolicyVersion(arn), AttachGroupPolicy(group, attached):
            return f"group {group}" if attached == arn else None
        case _:
            return None


def _affected(change: Change, snapshot: Snapshot) -> Iterator[str]:
    match change:
        case AttachGroupPolicy(group) | DetachGroupPolicy(group):
            yield from (f"user {user.name}" for user in snapshot.users if group in user.groups)
        case CreatePolicyVersion(arn):
            groups = {group.name for group in snapshot.groups if arn in group.attached}
            yield from (f"group {name}" for name in groups)
            for user in snapshot.users:
                if arn in (*user.attached, user.boundary) or groups & {*user.groups}:
                    yield f"user {user.name}"
            for role in snapshot.roles:
                if arn in (*role.attached, role.boundary):
                    yield f"role {role.name}"
        case _:
            pass


def _read_affected(change: Change, known: set[str], observer: Observer) -> Iterator[str]:
    match change:
        case AttachGroupPolicy(group) | DetachGroupPolicy(group):
            yield from (f"user {name}" for name in observer.names(MEMBERS, group) or ())
        case CreatePolicyVersion(arn):
            for kind, name in observer.holders_of(arn):
                yield f"{kind} {name}"
                # the members of a group that is new itself need no naming
                if kind == "group" and f"group {name}" in known:
                    yield from (f"user {member}" for member in observer.names(MEMBERS, name) or ())
        case _:
            pass
