"""What would come to more than AWS allows. Pure."""

from collections.abc import Iterator, Mapping

from sekisho.account import ManagedPolicy, Snapshot
from sekisho.messages import verbatim
from sekisho.policy.size import Quota
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import (
    BY_DEFAULT,
    QUOTA,
    ROOM_FOR_A_GROUP,
    ROOM_FOR_A_POLICY,
    ROOM_FOR_A_USER,
    ROOM_FOR_ONE_MORE_GROUP,
    ROOM_FOR_ONE_MORE_POLICY,
    ROOM_IN_A_GROUP,
    VERSIONS,
)

__all__ = ["no_room_for_a_version", "over_quotas"]

_ROOM = {
    Quota.POLICIES_PER_USER: ROOM_FOR_A_POLICY,
    Quota.POLICIES_PER_GROUP: ROOM_IN_A_GROUP,
    Quota.GROUPS_PER_USER: ROOM_FOR_A_GROUP,
    Quota.POLICIES: ROOM_FOR_ONE_MORE_POLICY,
    Quota.GROUPS: ROOM_FOR_ONE_MORE_GROUP,
    Quota.USERS: ROOM_FOR_A_USER,
}
"""How somebody can make room."""


def over_quotas(before: Snapshot, after: Snapshot) -> Iterator[Note]:
    """Yield what would come to more than AWS allows, and was not so before.

    Counted by the account's own quotas, and by AWS's defaults where those were not read.
    """
    yield from _over_the_accounts(before, after)
    for user in after.users:
        old = before.user_named.get(user.name)
        if old is None or len(user.attached) > len(old.attached):
            yield from _over(len(user.attached), Quota.POLICIES_PER_USER, user.name, after.summary)
        if old is None or len(user.groups) > len(old.groups):
            yield from _over(len(user.groups), Quota.GROUPS_PER_USER, user.name, after.summary)
    for group in after.groups:
        known = before.group_named.get(group.name)
        if known is None or len(group.attached) > len(known.attached):
            used = len(group.attached)
            yield from _over(used, Quota.POLICIES_PER_GROUP, group.name, after.summary)


def _over_the_accounts(before: Snapshot, after: Snapshot) -> Iterator[Note]:
    """Yield of what an account would come to have more than it may; what AWS counts is believed."""
    summary, held = before.summary, _held(before)
    for name, (quota, number) in _held(after).items():
        made = number - held[name][1]
        if made > 0:
            used = max(summary.get(name, 0), held[name][1]) + made
            yield from _over(used, quota, after.account, summary)


def _held(snapshot: Snapshot) -> Mapping[str, tuple[Quota, int]]:
    """Return how many an account has, by AWS's names in the account summary."""
    own = sum(not policy.aws_managed for policy in snapshot.policies.values())
    return {
        "Policies": (Quota.POLICIES, own),
        "Groups": (Quota.GROUPS, len(snapshot.groups)),
        "Users": (Quota.USERS, len(snapshot.users)),
    }


def _over(used: int, quota: Quota, name: str, summary: Mapping[str, int]) -> Iterator[Note]:
    most = quota.of(summary)
    if used > most:
        what = f"`{name}`: {quota.message(name, most)}"
        unread = verbatim("") if quota.value.summary in summary else BY_DEFAULT
        text = QUOTA.filled(what=what, unread=unread, room=_ROOM[quota])
        yield Note("quota", text, (name,))


def no_room_for_a_version(policy: ManagedPolicy, summary: Mapping[str, int]) -> Iterator[Note]:
    """Yield why a policy cannot have another version, and how somebody can make room.

    A plan deletes none: it could never be brought back.
    """
    if len(policy.versions) < Quota.VERSIONS_PER_POLICY.of(summary):
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
