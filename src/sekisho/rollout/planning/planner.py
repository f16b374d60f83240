"""Makes a plan: from what the account is to what an administrator wants. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sekisho.account import Group, Snapshot, Usage, User, dump_snapshot
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.errors import FaultyInput, InternalError
from sekisho.messages import Message
from sekisho.policy import Quota, to_json
from sekisho.prover import Enforced
from sekisho.rollout.changes.affected import affected_by
from sekisho.rollout.changes.model import Change, Forecast
from sekisho.rollout.changes.policies import (
    CreatePolicy,
    CreatePolicyVersion,
    TagPolicy,
    change_password_arn,
    with_change_password,
)
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    CreateGroup,
    CreateLoginProfile,
    CreateUser,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
)
from sekisho.rollout.goal.acceptance import PROBLEMS, check_acceptable, unneeded_acceptances
from sekisho.rollout.goal.model import (
    Goal,
    NewUser,
    PolicyGoal,
    Stage,
    own_password_goal,
    policy_arn,
)
from sekisho.rollout.goal.validation import faults_of
from sekisho.rollout.planning.before_after import BeforeAfter, compare_accounts
from sekisho.rollout.planning.impact import planned_impacts
from sekisho.rollout.planning.permissions import least_policy_of
from sekisho.rollout.planning.plan import (
    Plan,
    PlanCaller,
    PlannedImpact,
    PlanNote,
    Remedy,
    temporary_length,
)
from sekisho.rollout.planning.problems import (
    expired_exceptions,
    no_enforcement,
    no_room_for_a_version,
    over_quotas,
    unjudged_gaps,
    unread_notes,
    used_elsewhere,
)
from sekisho.rollout.planning.remedies import find_remedies, with_options_of
from sekisho.rollout.planning.safety import keys_in_use, not_meant, safety_proofs, why_unjudgeable
from sekisho.rollout.planning.unused import (
    changes_of_unused,
    notes_on_unused,
    own_credentials,
    rules_not_planned,
)
from sekisho.rollout.planning.user_warnings import (
    goal_warnings,
    locked_out_now,
    user_warnings,
    without_required,
)

NO_WAY_LEFT = Message(
    "Everybody with a console password is to be enforced, and no break-glass user is named: when "
    "nobody's MFA works, only the root user can sign in. Name one with `--break-glass NAME`, or "
    "under `breakGlass` in the goal."
)
STALE_STAYS = Message(
    "The policy stays attached to the group `{group}`: some of its members are not enforced yet."
)
DESCRIPTION_STAYS = Message("The policy exists with another description, which AWS cannot change.")


def plan(
    goal: Goal,
    snapshot: Snapshot,
    caller: PlanCaller,
    accepted: Mapping[str, str] | None = None,
    usage: Usage | None = None,
) -> Plan:
    """Return the plan that brings the account of `snapshot` to `goal`.

    A plan that must not be applied is a plan too: it says why in `reasons` and `proofs`.

    Args:
        goal: what the account shall come to.
        snapshot: the account as it is.
        caller: who will apply the plan.
        accepted: problems that are accepted in addition to the goal's, each with the reason.
        usage: the logged use of the account's users; None: there are no logs.

    Raises:
        FaultyInput: with everything in the goal that AWS would refuse or that does not exist.
        UsageError: if something is accepted that nobody can accept, or only for users by name.
    """
    planner = Planner(snapshot, caller, accepted or {}, usage)
    return planner.described(planner.judged(goal))


@dataclass(frozen=True, slots=True)
class JudgedPlan:
    """A plan with its people and problems, without its remedies, warnings and permissions."""

    plan: Plan
    draft: "_Draft"
    accounts: BeforeAfter


@dataclass(frozen=True, slots=True)
class Planner:
    """What plans for one account are made by; `plan` says what each is."""

    snapshot: Snapshot
    caller: PlanCaller
    accepted: Mapping[str, str]
    usage: Usage | None

    def judged(self, goal: Goal, other: JudgedPlan | None = None) -> JudgedPlan:
        """Return the plan for a goal, which lacks `_described` alone, by what another one found."""
        if faults := faults_of(goal, self.snapshot):
            raise FaultyInput(Message("goal", "source"), faults)
        draft, accounts = self._drafted(goal, self.caller, other.accounts if other else None)
        accepted = {**goal.accepted, **self.accepted}
        made = _with_people(draft, accounts, _judged(draft, accounts, accepted))
        return JudgedPlan(made, draft, accounts)

    def described(self, judged: JudgedPlan) -> Plan:
        """Return the whole plan."""
        goal, accounts = judged.draft.goal, judged.accounts
        made = _described(judged.draft, accounts, judged.plan)

        def again(remedies: Iterable[Remedy]) -> Plan | None:
            other, applier = with_options_of(remedies, goal, self.caller, self.snapshot)
            if goal.enforced and not other.enforced:
                return None
            return _judged(*self._drafted(other, applier, accounts), made.accepted)

        return check_accepted(replace(made, remedies=find_remedies(accounts, made, again, goal)))

    def _drafted(
        self, goal: Goal, caller: PlanCaller, other: BeforeAfter | None
    ) -> tuple["_Draft", BeforeAfter]:
        draft = _Draft.of_goal(goal, self.snapshot, caller, self.usage)
        snapshots = (draft.start, draft.after.snapshot())
        accounts = compare_accounts(snapshots, draft.changes, caller, goal, other)
        return draft, replace(accounts, needless=tuple(draft.needless), usage=self.usage)


def _judged(draft: "_Draft", accounts: BeforeAfter, accepted: Mapping[str, str]) -> Plan:
    """Return the plan of a draft with its changes and problems alone."""
    return Plan(
        account=accounts.before.account,
        partition=accounts.before.partition,
        caller=accounts.caller,
        snapshot_at=accounts.before.taken_at,
        changes=accounts.changes,
        proofs=safety_proofs(accounts),
        reasons=tuple(_reasons_against(draft, accounts)),
        accepted=dict(accepted),
    )


def _with_people(draft: "_Draft", accounts: BeforeAfter, judged: Plan) -> Plan:
    """Return a judged plan with its people, and all that decides what they are to hear."""
    goal, snapshot = draft.goal, draft.start
    people = planned_impacts(accounts, goal)
    joined = {each.group for each in accounts.changes if isinstance(each, AddUserToGroup)}
    return replace(
        judged,
        people=people,
        rights=accounts.rights(),
        needless=accounts.needless,
        exceptions=exceptions_in_plan(goal.exceptions, people, snapshot.taken_at),
        password_length=temporary_length(snapshot),
        complete=not snapshot.gaps,
        require=goal.require,
        group_policies={
            group.name: (*group.attached, *(each.name for each in group.inline))
            for group in snapshot.groups
            if group.name in joined and (group.attached or group.inline)
        },
        console_authorization=snapshot.console_authorization,
        timezone=goal.timezone,
        enrolment=policy_arn(snapshot, goal.enrolment) if goal.enrolment else None,
        stricter=policy_arn(snapshot, goal.enrolled.policy) if goal.enrolled else None,
    )


def _described(draft: "_Draft", accounts: BeforeAfter, judged: Plan) -> Plan:
    """Return a plan with the warnings for its reader, and what takes long and decides nothing."""
    goal, snapshot = draft.goal, draft.start
    warned = (
        *draft.warnings,
        *_no_break_glass(accounts, goal),
        *locked_out_now(accounts),
        *no_enforcement(accounts.changes, snapshot),
        *user_warnings(accounts),
        *without_required(accounts, goal),
        *goal_warnings(goal, snapshot),
        *unread_notes(snapshot),
        *(notes_on_unused(goal) if goal.takes_unused_away else ()),
        *(rules_not_planned(goal) if goal.dormant or goal.keys else ()),
    )
    return replace(
        judged,
        warnings=warned,
        affected=affected_by(accounts.changes, accounts.before, accounts.after),
        needs=least_policy_of(accounts),
        snapshot=hashlib.sha256(dump_snapshot(draft.read).encode()).hexdigest(),
        logs=draft.usage.logs if draft.usage is not None else None,
    )


def _reasons_against(draft: "_Draft", accounts: BeforeAfter) -> Iterator[PlanNote]:
    """Yield the reasons against the plan, apart from its proofs."""
    goal, snapshot = draft.goal, draft.start
    yield from expired_exceptions(goal.exceptions, snapshot.taken_at)
    yield from draft.reasons
    yield from unjudged_gaps(accounts, goal)
    yield from over_quotas(accounts.before, accounts.after, accounts.changes)
    yield from why_unjudgeable(accounts)
    yield from not_meant(accounts, goal)
    yield from used_elsewhere(accounts.changes, snapshot)
    yield from keys_in_use(accounts)
    if goal.takes_unused_away:
        yield from own_credentials(goal, snapshot, accounts.caller)


def _no_break_glass(accounts: BeforeAfter, goal: Goal) -> Iterator[PlanNote]:
    """Yield that nobody with a console password is left out of MFA enforcement."""
    signing_in = {user.name for user in accounts.before.users if user.password}
    enforced = {user.name for user in accounts.targets}
    if not goal.break_glass and len(signing_in) > 1 and signing_in <= enforced:
        yield PlanNote("no-break-glass", NO_WAY_LEFT)


@dataclass(slots=True)
class _Draft:
    """A plan in the making: `after` is `start` with the changes so far.

    Attributes:
        read: the account as it was read.
        start: the same with what AWS has in every account.
        enrolling_now: what `enrolling` returns, once it was asked.
    """

    read: Snapshot
    goal: Goal
    start: Snapshot = field(init=False)
    after: Forecast = field(init=False)
    changes: list[Change] = field(default_factory=list)
    needless: list[Change] = field(default_factory=list)
    reasons: list[PlanNote] = field(default_factory=list)
    warnings: list[PlanNote] = field(default_factory=list)
    usage: Usage | None = None
    enrolling_now: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self.start = with_change_password(self.read)
        self.after = Forecast(self.start)

    @classmethod
    def of_goal(
        cls, goal: Goal, snapshot: Snapshot, caller: PlanCaller, usage: Usage | None
    ) -> "_Draft":
        """Return the draft of the whole plan."""
        draft = cls(snapshot, goal, usage=usage)
        draft.policies()
        for new in goal.new_users:
            draft.new_user(new)
        draft.open_enrolment()
        draft.people(caller)
        draft.stale_copies()
        if goal.takes_unused_away:
            for change in changes_of_unused(goal, draft.start):
                draft.add(change)
        return draft

    @property
    def first_stage(self) -> Stage:
        """The stage for everybody, as the only one where there is one."""
        return Stage(self.goal.policy, self.goal.group.name if self.goal.group else None)

    def arn(self, stage: Stage) -> str:
        return policy_arn(self.start, stage.policy)

    def add(self, change: Change, *, done: bool = False) -> None:
        """Add a change, or note that it is not needed."""
        if done:
            self.needless.append(change)
        else:
            self.changes.append(change)
            change.forecast(self.after)

    @property
    def begun(self) -> bool:
        """Whether a campaign is about somebody today: until then nothing that exists changes."""
        later = any(wave.enrol_from for wave in self.goal.waves)
        return not later or bool(self.targets() or self.enrolling())

    def policies(self) -> None:
        """Create both stages' policies and groups; the second once somebody comes to it."""
        group = self.goal.group
        self.policy(self.goal.policy)
        if group is not None:
            self.group(self.first_stage, group.path)
        if self.goal.enrolment is not None and self.enrolling():
            self.policy(self.goal.enrolment)
            own = own_password_goal(self.start, self.goal.enrolment)
            enrolling = [self.start.user_named[name] for name in self.enrolling()]
            if policy_arn(self.start, own) in map(self.changes_password_by, enrolling):
                self.policy(own)
        second = self.goal.enrolled
        if second is not None and any(self.stage_of(name) is second for name in self.targets()):
            self.policy(second.policy)
            if second.group is not None:
                self.group(second, group.path if group else "/")

    def policy(self, wanted: PolicyGoal) -> None:
        """Create the policy, or bring the one that there is to the goal."""
        arn = policy_arn(self.start, wanted)
        if arn in self.goal.withheld:
            return
        if arn in self.start.policies:
            self._existing_policy(wanted, arn)
            return
        document, tags = to_json(wanted.document), dict(wanted.tags)
        self.add(CreatePolicy(arn, wanted.description, document, tags))

    def _existing_policy(self, wanted: PolicyGoal, arn: str) -> None:
        known = self.start.policies[arn]
        replaced = {
            "default": known.default_version,
            "document": to_json(known.document),
            "versions": sorted(known.versions),
        }
        version = CreatePolicyVersion(arn, to_json(wanted.document), replaced)
        same = known.document == wanted.document
        if not (same or self.begun):
            return
        self.add(version, done=same)
        if not same:
            self.reasons += no_room_for_a_version(known, self.start.summary)
        for key, value in wanted.tags.items():
            old = known.tags.get(key)
            self.add(TagPolicy(arn, key, value, old), done=old == value)
        if wanted.description not in ("", known.description):
            self.warnings.append(PlanNote("description-stays", DESCRIPTION_STAYS, (arn,)))

    def group(self, stage: Stage, path: str) -> None:
        """Create a stage's group if it does not exist, and attach the policy to it."""
        name, arn = stage.group or "", self.arn(stage)
        known = self.start.group_named.get(name)
        if arn in self.goal.withheld or not (known is None or self.begun):
            return
        self.add(CreateGroup(name, path), done=known is not None)
        self.add(AttachGroupPolicy(name, arn), done=known is not None and arn in known.attached)

    def new_user(self, new: NewUser) -> None:
        """Create a user; the password comes last, so that nobody gets in not enforced."""
        known = self.start.user_named.get(new.name)
        create = CreateUser(new.name, new.path, dict(new.tags))
        self.add(create, done=known is not None)
        if new.attach_policy:
            self.attach(new.name, self.arn(self.first_stage))
        group = self.goal.group
        enforcing = [group.name] if group is not None and new.name in group.members else []
        for name in dict.fromkeys([*enforcing, *new.groups]):
            self.join(name, new.name)
        if new.password is None:
            return
        if new.password.must_change and new.password.allow_change:
            self.attach(new.name, change_password_arn(self.start.partition))
        profile = CreateLoginProfile(new.name, new.password.must_change)
        self.add(profile, done=known is not None and known.password is not None)

    def attach(self, user: str, arn: str) -> None:
        known = self.start.user_named.get(user) or self.after.users.get(user)
        self.add(AttachUserPolicy(user, arn), done=known is not None and arn in known.attached)

    def join(self, group: str, user: str) -> None:
        known = self.start.user_named.get(user) or self.after.users.get(user)
        self.add(AddUserToGroup(group, user), done=known is not None and group in known.groups)

    def targets(self) -> tuple[str, ...]:
        """Return the users to enforce MFA for who are there already."""
        new = {user.name for user in self.goal.new_users}
        members = self.goal.group.members if self.goal.group else ()
        return tuple(n for n in dict.fromkeys([*self.goal.users, *members]) if n not in new)

    def stage_of(self, name: str) -> Stage:
        """Return the stage that a user belongs to: the second, if there is one, with a device.

        Where the goal requires a kind of device it has to be of that kind. Who is in the second
        stage already stays there: the first denies less.
        """
        user, second = self.start.user_named.get(name), self.goal.enrolled
        if second is None or user is None or not user.devices:
            return self.first_stage
        require = self.goal.require
        there = self.arn(second) in user.attached or second.group in user.groups
        return second if require is None or there or require.met_for(user) else self.first_stage

    def enrolling(self) -> tuple[str, ...]:
        """Return the users who are to have the enrolment policy, in the goal's order.

        Users who are enforced by some policy already do not need it, nor do users who have a
        device of the kind that the goal asks for.
        """
        if self.enrolling_now is None:
            known, require = self.start.user_named, self.goal.require
            lacking = [
                known[name]
                for name in self.goal.enrolling
                if not (known[name].devices and (require is None or require.met_for(known[name])))
            ]
            enforcements = enforcements_of(replace(self.start, users=tuple(lacking)))
            self.enrolling_now = tuple(
                user.name
                for user in lacking
                if enforcements[user.name].enforced is not Enforced.PROVED
            )
        return self.enrolling_now

    @property
    def enrolment_arn(self) -> str | None:
        """The ARN of the enrolment policy, if the goal has one."""
        enrolment = self.goal.enrolment
        return None if enrolment is None else policy_arn(self.start, enrolment)

    def open_enrolment(self) -> None:
        """Let people enrol before MFA is enforced for them, and close enrolment for the others.

        Users who must change a temporary password first may do that, too.
        """
        if self.enrolment_arn is None:
            return
        for name in self.enrolling():
            self.attach(name, self.enrolment_arn)
            if by := self.changes_password_by(self.start.user_named[name]):
                self.attach(name, by)
        staying = {*self.goal.enrolling, *self.goal.unchanged, *self.targets()}
        for wave in self.goal.waves:
            for name in wave.users if wave.enrolment_open or wave.enrol_from is None else ():
                if name not in staying:
                    self.detach(name, self.enrolment_arn)

    def changes_password_by(self, user: User) -> str | None:
        """Return the ARN of the policy by which somebody who enrols changes a temporary password.

        None for somebody who need not change any. The AWS managed one does not reach people in a
        path.
        """
        enrolment, password = self.goal.enrolment, user.password
        if enrolment is None or password is None or not password.reset_required:
            return None
        if user.path == "/":
            return change_password_arn(self.start.partition)
        return policy_arn(self.start, own_password_goal(self.start, enrolment))

    def people(self, caller: PlanCaller) -> None:
        """Enforce MFA for the users that exist; the caller comes last."""
        own = caller.arn.rsplit("/", 1)[-1]
        direct = {*self.goal.users}
        members = {*self.goal.group.members} if self.goal.group else set()
        direct -= self.enforced_otherwise(direct - members)
        for name in sorted(self.targets(), key=lambda name: name == own):
            stage = self.stage_of(name)
            swapped = name in direct and self.needs_swap(name, self.arn(stage))
            if swapped:
                self.detach(name, self.enrolment_arn)
            if name in direct:
                self.attach(name, self.arn(stage))
            if stage.group is not None and name in members:
                self.join(stage.group, name)
            # nothing goes before what comes in its place
            if self.goal.enrolled is not None:
                self.leave(
                    name, self.first_stage if stage is self.goal.enrolled else self.goal.enrolled
                )
            if not swapped:
                self.detach(name, self.enrolment_arn)
            for arn in self.goal.replaces:
                self.detach(name, arn)

    def enforced_otherwise(self, names: set[str]) -> set[str]:
        """Return the users who need no attachment: what else they have is proved to enforce MFA.

        What the goal takes away from them does not count. Their own stage's policy counts by a
        group; any other in place of the first only in a goal of waves, which is asked each day.
        """
        account, stages = self.after.snapshot(), [self.first_stage]
        stages += [self.goal.enrolled] if self.goal.enrolled else []
        found: set[str] = set()
        for stage, own in ((each, self.arn(each)) for each in stages):
            others_count = stage == self.first_stage and any(w.name for w in self.goal.waves)
            goes = {*self.goal.replaces, self.enrolment_arn, *map(self.arn, stages)} - {own}
            groups = tuple(_keeping(group, goes) for group in account.groups)
            having = {group.name for group in groups if own in group.attached}
            users = tuple(
                _keeping(user, goes)
                for user in self.start.users
                if user.name in names
                and own not in user.attached
                and self.stage_of(user.name) == stage
                and (others_count or not having.isdisjoint(user.groups))
            )
            proofs = enforcements_of(replace(account, users=users, groups=groups))
            found |= {n for n, each in proofs.items() if each.enforced is Enforced.PROVED}
        return found

    def needs_swap(self, name: str, arn: str) -> bool:
        """Return whether a policy has room at a user only in the place of the enrolment policy."""
        attached = self.after.users[name].attached
        most = Quota.POLICIES_PER_USER.number_in(self.start.summary)
        return arn not in attached and self.enrolment_arn in attached and len(attached) >= most

    def leave(self, name: str, stage: Stage) -> None:
        """Take a user out of a stage."""
        self.detach(name, self.arn(stage))
        known = self.start.user_named.get(name)
        if known is not None and stage.group is not None and stage.group in known.groups:
            self.add(RemoveUserFromGroup(stage.group, name))

    def detach(self, name: str, arn: str | None) -> None:
        """Detach a policy from a user, if there is one and it is attached directly."""
        known = self.start.user_named.get(name)
        if known is not None and arn is not None and arn in known.attached:
            self.add(DetachUserPolicy(name, arn))

    def stale_copies(self) -> None:
        """Detach replaced policies from groups all of whose members are enforced by now."""
        enforced = {*self.targets()}
        for group in self.start.groups if self.goal.replaces else ():
            members = {user.name for user in self.start.users if group.name in user.groups}
            for arn in self.goal.replaces:
                if arn in self.goal.withheld:
                    continue
                if arn in group.attached and members <= enforced:
                    self.add(DetachGroupPolicy(group.name, arn))
                elif arn in group.attached:
                    text = STALE_STAYS.filled(group=group.name)
                    self.warnings.append(PlanNote("stale-stays", text, (group.name,)))


_Holder = TypeVar("_Holder", User, Group)


def _keeping(holder: _Holder, goes: set[str | None]) -> _Holder:
    """Return a user or a group without some of the attached policies."""
    return replace(holder, attached=tuple(arn for arn in holder.attached if arn not in goes))


def exceptions_in_plan(
    entries: Iterable[Exemption], people: Iterable[PlannedImpact], now: datetime
) -> tuple[Exemption, ...]:
    """Return the exceptions of these people, of every break-glass user, and the expired ones."""
    names = {person.user for person in people}
    return tuple(
        each
        for each in entries
        if each.user in names or each.kind is ExceptionKind.BREAK_GLASS or each.expired(now)
    )


ACCEPTED_IN_VAIN = Message("Accepted, but not needed: the plan has no such problem.")


def check_accepted(plan: Plan) -> Plan:
    """Return `plan`, with a warning of what it accepts and need not.

    Raises:
        UsageError: if something is accepted that cannot be, or only for users by name.
        InternalError: if it has a problem whose id is not one of `PROBLEMS`.
    """
    if strangers := {*plan.problems} - PROBLEMS:
        raise InternalError(f"problems that cannot be accepted or refused: {sorted(strangers)}")
    check_acceptable(plan.problems, plan.accepted)
    if idle := unneeded_acceptances(plan.problems, plan.accepted):
        note = PlanNote("accepted-in-vain", ACCEPTED_IN_VAIN, idle)
        return replace(plan, warnings=(*plan.warnings, note))
    return plan
