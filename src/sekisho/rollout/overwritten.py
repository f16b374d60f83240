"""What a new version of a policy overwrites: what it was, and for what else it decides. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.account import Snapshot, User
from sekisho.audit import Enforced, enforcements_of
from sekisho.rollout.changes import Change, CreatePolicyVersion
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import OVERWRITES, USED_ELSEWHERE

__all__ = ["no_enforcement", "used_elsewhere"]


def used_elsewhere(changes: Iterable[Change], before: Snapshot) -> Iterator[Note]:
    """Yield the roles, and the boundaries, for which a new version decides as well.

    No goal is about them: MFA enforcement as a boundary leaves nobody anything but enrolling,
    and a role's
    session has no MFA that MFA enforcement would take.
    """
    for arn in _arns(changes):
        names = tuple(_others(arn, before))
        if names:
            yield Note("used-elsewhere", USED_ELSEWHERE.filled(arn=arn), names)


def no_enforcement(changes: Iterable[Change], before: Snapshot) -> Iterator[Note]:
    """Yield the policies whose document is replaced and is not proved to enforce MFA by itself."""
    for arn in _arns(changes):
        user = f"arn:{before.partition}:iam::{before.account}:user/anybody"
        anybody = User("anybody", "/", user, "", attached=(arn,))
        alone = replace(before, users=(anybody,), groups=(), gaps=(), scps=None)
        if enforcements_of(alone)["anybody"].enforced is not Enforced.PROVED:
            yield Note("overwrites", OVERWRITES, (arn,))


def _arns(changes: Iterable[Change]) -> Iterator[str]:
    return (change.arn for change in changes if isinstance(change, CreatePolicyVersion))


def _others(arn: str, snapshot: Snapshot) -> Iterator[str]:
    for role in snapshot.roles:
        if arn in role.attached:
            yield f"role {role.name}"
    for kind, holders in (("role", snapshot.roles), ("user", snapshot.users)):
        yield from (f"boundary of {kind} {each.name}" for each in holders if each.boundary == arn)
