"""What would come to more than AWS allows. Pure."""

from collections.abc import Iterator

from sekisho.account import ManagedPolicy, Snapshot
from sekisho.policy.size import Quota
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import QUOTA, VERSIONS

__all__ = ["no_room_for_a_version", "over_quotas"]


def over_quotas(before: Snapshot, after: Snapshot) -> Iterator[Note]:
    """Yield what would come to more than AWS allows by default, and was not so before."""
    for user in after.users:
        old = before.user_named.get(user.name)
        if old is None or len(user.attached) > len(old.attached):
            yield from _over(len(user.attached), Quota.POLICIES_PER_USER, user.name)
        if old is None or len(user.groups) > len(old.groups):
            yield from _over(len(user.groups), Quota.GROUPS_PER_USER, user.name)
    for group in after.groups:
        known = before.group_named.get(group.name)
        if known is None or len(group.attached) > len(known.attached):
            yield from _over(len(group.attached), Quota.POLICIES_PER_GROUP, group.name)


def _over(used: int, quota: Quota, name: str) -> Iterator[Note]:
    if used > quota.number:
        what = f"`{name}`: {quota.message(name)}"
        yield Note("quota", QUOTA.filled(what=what), (name,))


def no_room_for_a_version(policy: ManagedPolicy) -> Iterator[Note]:
    """Yield why a policy cannot have another version, and how somebody can make room.

    A plan deletes none: it could never be brought back.
    """
    if len(policy.versions) < Quota.VERSIONS_PER_POLICY.number:
        return
    # AWS counts versions up and never gives a number twice
    names = sorted(policy.versions, key=lambda name: (len(name), name))
    oldest = next(name for name in names if name != policy.default_version)
    dated = [
        f"{name} {policy.made_at[name]:%Y-%m-%d}" if name in policy.made_at else name
        for name in names
    ]
    values = {"arn": policy.arn, "count": len(names), "versions": ", ".join(dated)}
    text = VERSIONS.filled(**values, default=policy.default_version, oldest=oldest)
    yield Note("quota", text, (policy.arn,))
