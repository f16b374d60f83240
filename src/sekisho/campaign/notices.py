"""What people of a campaign are told today, and who is not enforced as nobody has told them. Pure.

A notice is about what somebody can do today: in the account as it is after today's changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sekisho.account import Snapshot, unread_credentials
from sekisho.audit.impact import SignInOutcomes
from sekisho.campaign.stages import PlanProblem
from sekisho.messages import Message
from sekisho.notices import PasswordChange, people_of
from sekisho.notices.reminders import (
    Reminder,
    Told,
    campaign_reminders,
    exception_reminders,
    must_hear_first,
    wave_topic,
)
from sekisho.rollout import Goal, Plan, PlannedImpact, Untold, policy_arn

NOT_TOLD = PlanProblem(
    "not-told",
    Message("no notice of this day was delivered to them before today"),
)


def untold_users(
    goal: Goal, made: Plan, snapshot: Snapshot, told: Told | None
) -> Mapping[str, tuple[PlanProblem, ...]]:
    """Return the users who would be enforced and have not been told before, each with that.

    Args:
        goal: what the account shall come to.
        made: the plan for it.
        snapshot: the account as it is.
        told: what was delivered; None: nobody waits for a notice.
    """
    if told is None or goal.untold is Untold.ENFORCE:
        return {}
    day = goal.day_of(snapshot.taken_at)
    unheard = {each.user for each in made.people if not _heard(each, told, day)}
    beginning = unheard & {*goal.enforced} - {*_having_policy(goal, snapshot)}
    if not beginning:
        return {}
    asked = tuple(each for each in made.people if each.user in beginning)
    return {
        person.user: (NOT_TOLD,)
        for person in people_of(replace(made, people=asked), snapshot)
        if must_hear_first(person, told, day)
    }


def reminders_of_day(
    goal: Goal,
    made: Plan,
    problems: Mapping[str, tuple[PlanProblem, ...]],
    after: Snapshot,
    told: Told,
) -> tuple[Reminder, ...]:
    """Return today's reminders, including those that were already delivered.

    Args:
        goal: what the account shall come to.
        made: today's plan.
        problems: by user, the problems of enforcing MFA for them today.
        after: the account after those of today's changes that were made.
        told: what was delivered.
    """
    blocked = {
        user for user, several in problems.items() if any(each != NOT_TOLD for each in several)
    }
    day, zone = goal.day_of(after.taken_at), ZoneInfo(goal.timezone)
    people = people_of(made, after)
    due = campaign_reminders(people, day, zone, told, frozenset(blocked))
    refused = _refused_at_sign_in(due, after)
    return (
        *(each for each in due if each.person.user not in refused),
        *exception_reminders(made.exceptions, after),
    )


def _refused_at_sign_in(due: Iterable[Reminder], after: Snapshot) -> set[str]:
    """Return the users who are asked to change a password that sign-in refuses to change today.

    That is so where nothing could be attached that lets them, as at a quota.
    """
    sign_ins = SignInOutcomes(after, unread_credentials(after))
    changing = {each.person.user for each in due if each.person.password != PasswordChange.NONE}
    users = (user for user in after.users if user.name in changing)
    return {user.name for user in users if sign_ins.console(user).console_refused}


def _heard(planned: PlannedImpact, told: Told, today: date) -> bool:
    heard = told.told_on(planned.user, wave_topic(planned.wave), planned.starts)
    return heard is not None and heard < today


def _having_policy(goal: Goal, snapshot: Snapshot) -> Iterator[str]:
    """Yield the users who have one of the goal's policies already: nothing begins for them."""
    policies = [goal.policy, *([goal.enrolled.policy] if goal.enrolled else [])]
    arns = {policy_arn(snapshot, each) for each in policies}
    groups = {group.name for group in snapshot.groups if not arns.isdisjoint(group.attached)}
    for user in snapshot.users:
        if not (arns.isdisjoint(user.attached) and groups.isdisjoint(user.groups)):
            yield user.name
