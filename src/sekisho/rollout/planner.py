"""Makes a plan: from what the account is to what an administrator wants. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sekisho.account import Group, Snapshot, User
from sekisho.errors import FaultyInput
from sekisho.policy import to_json
from sekisho.policy.size import Quota
from sekisho.rollout.changes import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreatePolicyVersion,
    CreateUser,
    TagPolicy,
)
from sekisho.rollout.felt import warnings
from sekisho.rollout.forecast import change_password_arn, forecast, with_change_password
from sekisho.rollout.goal import Goal, GroupGoal, NewUser
from sekisho.rollout.outlook import Outlook, outlook_of
from sekisho.rollout.plan import Caller, Note, Plan
from sekisho.rollout.safety import proofs, reasons
from sekisho.rollout.texts import DESCRIPTION_STAYS, GAP, QUOTA
from sekisho.rollout.validate import faults_of

__all__ = ["plan"]

Named = TypeVar("Named", User, Group)

_HARMLESS_GAPS = frozenset({"GetAccessKeyLastUsed", "ListVirtualMFADevices"})


def plan(goal: Goal, snapshot: Snapshot, caller: Caller) -> Plan:
    """Return the plan that brings the account of `snapshot` to `goal`.

    A plan that must not be applied is a plan too: it says why in `reasons` and `proofs`.

    Raises:
        FaultyInput: with everything in the goal that AWS would refuse or that does not exist.
    """
    if faults := faults_of(goal, snapshot):
        raise FaultyInput("goal", faults)
    draft = _Draft(with_change_password(snapshot), goal)
    draft.policy()
    if goal.group is not None:
        draft.group(goal.group)
    for new in goal.new_users:
        draft.new_user(new)
    draft.people(caller)
    outlook = outlook_of(draft.start, draft.now, draft.changes, caller, goal)
    quotas = _quotas(outlook.before, outlook.after)
    found = (*draft.reasons, *_gaps(outlook), *quotas, *reasons(outlook))
    return Plan(
        account=snapshot.account,
        partition=snapshot.partition,
        caller=caller,
        snapshot_at=snapshot.taken_at,
        changes=outlook.changes,
        already=tuple(draft.already),
        proofs=proofs(outlook),
        reasons=found,
        warnings=(*draft.warnings, *warnings(outlook)),
        complete=not snapshot.gaps,
    )


@dataclass(slots=True)
class _Draft:
    """A plan in the making: `now` is `start` with the changes so far."""

    start: Snapshot
    goal: Goal
    now: Snapshot = field(init=False)
    changes: list[Change] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    reasons: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.start

    @property
    def arn(self) -> str:
        policy = self.goal.policy
        account = f"arn:{self.start.partition}:iam::{self.start.account}"
        return f"{account}:policy{policy.path}{policy.name}"

    def add(self, change: Change, *, done: bool = False) -> None:
        """Add a change, or note that it is not needed."""
        if done:
            self.already.append(change.address)
        else:
            self.changes.append(change)
            self.now = forecast(self.now, [change])

    def policy(self) -> None:
        """Create the policy, or bring the one that there is to the goal."""
        wanted = self.goal.policy
        if self.arn in self.start.policies:
            self._existing_policy()
            return
        document, tags = to_json(wanted.document), dict(wanted.tags)
        self.add(CreatePolicy(self.arn, wanted.description, document, tags))

    def _existing_policy(self) -> None:
        wanted, known = self.goal.policy, self.start.policies[self.arn]
        replaced = {
            "default": known.default_version,
            "document": to_json(known.document),
            "versions": sorted(known.versions),
        }
        version = CreatePolicyVersion(self.arn, to_json(wanted.document), replaced)
        same = known.document == wanted.document
        self.add(version, done=same)
        if not same:
            # a version that is deleted to make room could never be brought back
            self.reasons += _over(len(known.versions) + 1, Quota.VERSIONS_PER_POLICY, self.arn)
        for key, value in wanted.tags.items():
            old = known.tags.get(key)
            self.add(TagPolicy(self.arn, key, value, old), done=old == value)
        if wanted.description not in ("", known.description):
            self.warnings.append(Note("description-stays", DESCRIPTION_STAYS, (self.arn,)))

    def group(self, wanted: GroupGoal) -> None:
        """Create the group if it does not exist, and attach the policy to it."""
        known = _named(self.start.groups, wanted.name)
        self.add(CreateGroup(wanted.name, wanted.path), done=known is not None)
        attached = known is not None and self.arn in known.attached
        self.add(AttachGroupPolicy(wanted.name, self.arn), done=attached)

    def new_user(self, new: NewUser) -> None:
        """Create a user; the password comes last, so that nobody gets in ungated."""
        known = _named(self.start.users, new.name)
        create = CreateUser(new.name, new.path, dict(new.tags))
        self.add(create, done=known is not None)
        if new.gated:
            self.attach(new.name, self.arn)
        group = self.goal.group
        gating = [group.name] if group is not None and new.name in group.members else []
        for name in dict.fromkeys([*gating, *new.groups]):
            self.join(name, new.name)
        if new.password is None:
            return
        if new.password.must_change and new.password.allow_change:
            self.attach(new.name, change_password_arn(self.start.partition))
        profile = CreateLoginProfile(new.name, new.password.must_change)
        self.add(profile, done=known is not None and known.password is not None)

    def attach(self, user: str, arn: str) -> None:
        known = _named(self.now.users, user)
        self.add(AttachUserPolicy(user, arn), done=known is not None and arn in known.attached)

    def join(self, group: str, user: str) -> None:
        known = _named(self.now.users, user)
        self.add(AddUserToGroup(group, user), done=known is not None and group in known.groups)

    def people(self, caller: Caller) -> None:
        """Gate the users that exist; the caller comes last."""
        new = {user.name for user in self.goal.new_users}
        group = self.goal.group
        own = caller.arn.rsplit("/", 1)[-1]
        for user in sorted(self.goal.users, key=lambda name: name == own):
            self.attach(user, self.arn)
        if group is not None:
            members = (user for user in group.members if user not in new)
            for user in sorted(members, key=lambda name: name == own):
                self.join(group.name, user)


def _named(items: tuple[Named, ...], name: str) -> Named | None:
    return next((item for item in items if item.name == name), None)


def _gaps(outlook: Outlook) -> Iterator[Note]:
    """Yield the gaps that leave a plan unjudged: of everything, or of somebody it is about."""
    snapshot = outlook.before
    about = {user.name for user in outlook.touched}
    about |= {*outlook.break_glass, outlook.caller.arn.rsplit("/", 1)[-1]}
    users = {user.name for user in snapshot.users}
    for gap in snapshot.gaps:
        if gap.what not in _HARMLESS_GAPS and (gap.who not in users or gap.who in about):
            what = " ".join(part for part in (gap.what, gap.who, f"({gap.reason})") if part)
            yield Note("gap", GAP.filled(what=what), (gap.who,) if gap.who else ())


def _quotas(before: Snapshot, after: Snapshot) -> Iterator[Note]:
    """Yield what would come to more than AWS allows by default, and was not so before."""
    for user in after.users:
        old = _named(before.users, user.name)
        if old is None or len(user.attached) > len(old.attached):
            yield from _over(len(user.attached), Quota.POLICIES_PER_USER, user.name)
        if old is None or len(user.groups) > len(old.groups):
            yield from _over(len(user.groups), Quota.GROUPS_PER_USER, user.name)
    for group in after.groups:
        known = _named(before.groups, group.name)
        if known is None or len(group.attached) > len(known.attached):
            yield from _over(len(group.attached), Quota.POLICIES_PER_GROUP, group.name)


def _over(used: int, quota: Quota, name: str) -> Iterator[Note]:
    if used > quota.number:
        what = f"`{name}`: {quota.message(name)}"
        yield Note("quota", QUOTA.filled(what=what), (name,))
