"""What a campaign does on a day: the plan of that day, and who is left out of it and why. Pure.

A person with a problem of the enforcement of MFA is left out and named. The others are not
stopped by it.
"""

from collections.abc import Mapping
from dataclasses import field, replace

from sekisho.account import Snapshot, Usage, with_logged_use
from sekisho.campaign.losses import Losses, losses_of
from sekisho.campaign.notices import untold_users
from sekisho.campaign.stages import PlanProblem
from sekisho.lazy import dataclass
from sekisho.notices import may_enrol
from sekisho.notices.reminders import Told
from sekisho.rollout import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    CreatePolicy,
    CreatePolicyVersion,
    Deferral,
    DeferralReason,
    DetachGroupPolicy,
    Goal,
    JudgedPlan,
    Plan,
    PlanCaller,
    Planner,
    PlanNote,
    acceptance_key,
    forecast,
    policy_arn,
    proof_text,
)

EXCEPTION_EXPIRED = "exception-expired"
"""The id of the problem that exceptions have ended."""

REMAINS = "administrator-remains"
"""The id of the property that somebody remains who can administer users."""

_ROUNDS = 5
"""Leaving a user out can cause problems for others, such as the last administrator."""


@dataclass(frozen=True, slots=True)
class Today:
    """What is due on a day.

    Attributes:
        goal: the goal without who is left out.
        plan: what is done today; not applicable where something is in the way that is about nobody
            in particular.
        problems: by user, the problems of enforcing MFA for them today.
        losses: dormant people and old access keys, with their days.
        usage: what logs say of the account's users.
        withheld: why policies are neither made nor changed today, which some people would need.
    """

    goal: Goal
    plan: Plan
    problems: Mapping[str, tuple[PlanProblem, ...]] = field(default_factory=dict)
    losses: Losses = field(default=Losses())
    usage: Usage | None = None
    withheld: tuple[PlanNote, ...] = ()


def today_of(
    goal: Goal,
    snapshot: Snapshot,
    caller: PlanCaller,
    usage: Usage | None = None,
    told: Told | None = None,
) -> Today:
    """Return the changes of a campaign on the day on which the account was read.

    Args:
        goal: what the account shall come to.
        snapshot: the account as it is.
        caller: who carries it out.
        usage: what logs say of the account's users.
        told: which notices were delivered; None: nobody waits for one, and nothing that is unused
            is taken away.

    Raises:
        FaultyInput: as `rollout.plan`.
    """
    planner = Planner(snapshot, caller, _ended_exceptions(goal, snapshot), usage)
    losses = losses_of(goal, snapshot, caller.arn, usage, told)
    goal = losses.fill(goal, goal.day_of(snapshot.taken_at))
    judged = planner.judged(_planned(goal))
    untold = untold_users(goal, judged.plan, with_logged_use(snapshot, usage), told)
    settled = _Settled(planner, untold, goal, losses, judged).without_blocked()
    for arn in _shared_policies(settled.judged.plan):
        before = _unresolved(settled.judged.plan)
        if not before or _OF_THE_RUN & {*settled.judged.plan.open_problems}:
            break
        other = settled.withholding(arn)
        if _unresolved(other.judged.plan) < before:
            settled = other
    plan = planner.described(settled.judged)
    return Today(settled.goal, plan, settled.problems, settled.losses, usage, settled.notes)


_OF_THE_RUN = frozenset({"caller-keeps-access", "caller-unknown", "other-account"})
"""The problems of whoever runs the campaign: nobody else goes on before they are resolved."""


@dataclass(frozen=True, slots=True)
class _Settled:
    """A day's plan from which people are left out, with their problems by user.

    Attributes:
        untold: who would be enforced and has not been told.
        notes: why policies of the goal are withheld.
    """

    planner: Planner
    untold: Mapping[str, tuple[PlanProblem, ...]]
    goal: Goal
    losses: Losses
    judged: JudgedPlan
    problems: Mapping[str, tuple[PlanProblem, ...]] = field(default_factory=dict)
    notes: tuple[PlanNote, ...] = ()

    def without_blocked(self) -> "_Settled":
        """Return the same without whoever has a problem, and who comes to have one by that."""
        settled = self
        for _ in range(_ROUNDS):
            goal, made = settled.goal, settled.judged.plan
            blocked = _blocked_people(made)
            # users who are not notified can still enrol
            blocked |= {
                user: (*blocked.get(user, ()), *self.untold[user])
                for user in {*self.untold} & {*goal.enforced}
            }
            keeping = _administrators_who_keep(made, goal)
            meant = {*goal.enforced, *goal.enrolling}
            others = {change.person for change in made.changes} - meant - {*goal.unchanged}
            found = {user: why for user, why in blocked.items() if user in meant | others}
            losing = {*keeping, *(others & found.keys())}
            found |= {user: (*found.get(user, ()), why) for user, why in keeping.items()}
            if not found:
                break
            settled = settled._leaving(found, settled.losses.without(losing))
        return settled

    def _leaving(self, found: Mapping[str, tuple[PlanProblem, ...]], losses: Losses) -> "_Settled":
        """Return the same without some users, who keep what they have, and why."""
        goal, left_out = self.goal, dict(self.problems)
        for user, problems in found.items():
            new = (each for each in problems if each not in left_out.get(user, ()))
            left_out[user] = (*left_out.get(user, ()), *new)
        enforced = found.keys() & {*goal.enforced}
        goal = _without(goal, enforced, {*found} - enforced)
        goal = losses.fill(goal, goal.day_of(self.planner.snapshot.taken_at))
        judged = self.planner.judged(_planned(goal), self.judged)
        return replace(self, goal=goal, losses=losses, judged=judged, problems=left_out)

    def withholding(self, arn: str) -> "_Settled":
        """Return the same where a policy of the goal is neither made nor changed today.

        Whoever would get it waits, unless it is there and does what it is for as it is now.
        """
        snapshot, goal, made = self.planner.snapshot, self.goal, self.judged.plan
        reasons = _problems_of_all(made)
        groups = {
            e.group for e in made.changes if isinstance(e, AttachGroupPolicy) and e.arn == arn
        }
        given = {
            change.person
            for change in made.changes
            if (isinstance(change, AttachUserPolicy) and change.arn == arn)
            or (isinstance(change, AddUserToGroup) and change.group in groups)
        }
        if arn in snapshot.policies and goal.enrolment is not None:
            as_it_is = {**forecast(snapshot, made.changes).policies, arn: snapshot.policies[arn]}
            after = replace(forecast(snapshot, made.changes), policies=as_it_is)
            if arn == policy_arn(snapshot, goal.enrolment):
                given = {name for name in given if not may_enrol(after, after.user_named[name])}
            elif arn in (policy_arn(snapshot, goal.policy), made.stricter) and not groups:
                # whether it enforces MFA as it is the proofs say
                given = set()
        why = tuple(PlanProblem(each.id, each.text) for each in reasons)
        held = replace(
            self,
            goal=replace(goal, withheld=goal.withheld | {arn}),
            notes=tuple(dict.fromkeys((*self.notes, *reasons))),
        )
        return held._leaving(dict.fromkeys(given, why), self.losses).without_blocked()


def _shared_policies(made: Plan) -> tuple[str, ...]:
    """Return the policies that a plan makes or changes for several, the last first."""
    kinds = CreatePolicy | CreatePolicyVersion | AttachGroupPolicy | DetachGroupPolicy
    return tuple(
        dict.fromkeys(each.arn for each in reversed(made.changes) if isinstance(each, kinds))
    )


def _unresolved(made: Plan) -> int:
    return sum(len(users) for users in made.open_problems.values())


def _problems_of_all(made: Plan) -> tuple[PlanNote, ...]:
    """Return the problems that a plan has left, whomever they name."""
    proofs = (PlanNote(each.id, proof_text(each), each.failed) for each in made.proofs)
    return tuple(each for each in (*made.reasons, *proofs) if each.id in made.open_problems)


def _planned(goal: Goal) -> Goal:
    """Return a goal without its rules over time: what they come to today is in it by name."""
    return replace(goal, dormant=None, keys=None)


def _administrators_who_keep(made: Plan, goal: Goal) -> Mapping[str, PlanProblem]:
    """Return the administrators who keep what is unused, as nobody else could administer users."""
    if REMAINS not in made.open_problems or not goal.takes_unused_away:
        return {}
    keys = (*goal.keys_to_disable, *goal.keys_to_delete)
    losing = {*goal.passwords_to_disable, *(user for user, _ in keys)}
    text = next(proof_text(proof) for proof in made.proofs if proof.id == REMAINS)
    return {
        name: PlanProblem(REMAINS, text) for name in sorted(losing & {*made.rights.administrators})
    }


def _ended_exceptions(goal: Goal, snapshot: Snapshot) -> Mapping[str, str]:
    """Return the acceptances of exceptions that have ended, each with its last day.

    A plan by itself asks for a decision. In a campaign, an exception ends as it was agreed, and the
    others do not wait for it; its user is treated as any other.
    """
    return {
        acceptance_key(EXCEPTION_EXPIRED, each.user): each.expires.isoformat()
        for each in goal.exceptions
        if each.expired(snapshot.taken_at)
    }


def _without(goal: Goal, users: set[str], not_enrolling: set[str]) -> Goal:
    """Return a goal that waits for some users, who keep what they have.

    Args:
        goal: what the account shall come to.
        users: for whom MFA is not enforced today.
        not_enrolling: who are given nothing to enrol with today either.
    """
    opened = (user for wave in goal.waves if wave.enrolment_open for user in wave.users)
    group = goal.group
    if group is not None:
        members = tuple(name for name in group.members if name not in users)
        group = replace(group, members=members)
    return replace(
        goal,
        users=tuple(name for name in goal.users if name not in users),
        group=group,
        deferred={**goal.deferred, **dict.fromkeys(users, Deferral(DeferralReason.PROBLEM))},
        enrolling=(
            *(user for user in goal.enrolling if user not in not_enrolling),
            *(user for user in opened if user in users),
        ),
        unchanged=(*goal.unchanged, *not_enrolling),
    )


def _blocked_people(made: Plan) -> dict[str, tuple[PlanProblem, ...]]:
    """Return the problems of a plan that are about users, by user."""
    texts = {note.id: note.text for note in made.reasons}
    shown = {
        (proof.id, user): text
        for proof in made.proofs
        for user, text in zip(proof.failed, proof.shown, strict=False)
    }
    texts |= {proof.id: proof_text(proof) for proof in made.proofs}
    found: dict[str, tuple[PlanProblem, ...]] = {}
    for identity, users in made.open_problems.items():
        for user in filter(None, users):
            text = shown.get((identity, user), texts[identity])
            found[user] = (*found.get(user, ()), PlanProblem(identity, text))
    people = {change.person for change in made.changes}
    for note in made.reasons:
        # a quota is nothing that can be accepted of a user, so plans count it as of the whole
        for user in people.intersection(note.names) if note.id == "quota" else ():
            found[user] = (*found.get(user, ()), PlanProblem(note.id, note.text))
    return found
