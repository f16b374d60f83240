"""Whom the options of `sekisho notify` and `sekisho remind` name, and what they are told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from pathlib import Path

from sekisho.account import Snapshot, Usage
from sekisho.cli.aws import AwsOptions, read_account
from sekisho.cli.exits import Exit, worst
from sekisho.cli.rollout.planning import exceptions_of
from sekisho.cli.usage import account_with_logs, usage_from
from sekisho.errors import PlanRefused, UsageError, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices import (
    OWNER_TAGS,
    NoticeKind,
    NoticeSetting,
    Person,
    Templates,
    context_of,
    notices_of,
    people_of,
    plain_in,
    zone_named,
)
from sekisho.notices.commands.options import NoticeOptions, RemindOptions
from sekisho.notices.commands.output import WrittenNotice
from sekisho.notices.reminders import Reminder, exception_reminders
from sekisho.prover import Enforced
from sekisho.rollout import (
    KNOWN_USERS,
    GoalInputs,
    Plan,
    PlanCaller,
    check_goal,
    goal_of,
    known_users,
    plan,
    read_goal,
    read_plan,
    timezone_of,
)


@dataclass(frozen=True, slots=True)
class Audience:
    """A plan, the account as it is now, and the people whom the options name.

    Attributes:
        today: on which day they are told, in UTC; None: on the day of the account.
    """

    plan: Plan
    snapshot: Snapshot
    people: tuple[Person, ...]
    today: date | None

    @property
    def for_owners(self) -> tuple[Reminder, ...]:
        """What owners of exceptions of these people are to hear."""
        return exception_reminders(self.plan.exceptions, self.snapshot)

    @property
    def blocked(self) -> frozenset[str]:
        """The users with problems of enforcing MFA today."""
        return frozenset(
            user for users in self.plan.open_problems.values() for user in users if user
        )

    def notices(
        self,
        people: Iterable[Person],
        templates: Templates,
        options: NoticeOptions,
        lang: Language,
    ) -> tuple[WrittenNotice, ...]:
        """Return the notices of some of the people, as the templates write them."""
        zone = zone_named(options.timezone)
        plain = partial(plain_in, options.form)
        setting = NoticeSetting.of(self.snapshot, zone, options.contact, plain)
        setting = replace(setting, today=self.today or setting.today)
        written = []
        for notice in notices_of(people, self.plan, self.snapshot, setting):
            context = context_of(notice, setting, lang)
            text = templates.written(notice, options.form, context)
            written.append(WrittenNotice(notice.person, context, text))
        return tuple(written)

    @property
    def exit(self) -> Exit:
        """What to exit with, by what happens to these people."""
        exits = []
        for person in self.people:
            unread = person.gaps or person.late is Enforced.UNKNOWN
            if person.kind is NoticeKind.NOT_KNOWN or unread:
                exits.append(Exit.UNKNOWN)
            elif person.needs_attention:
                exits.append(Exit.FINDINGS)
        return worst(exits)


def audience_of(
    path: Path, options: NoticeOptions, aws: AwsOptions, lang: Language, today: date | None = None
) -> Audience:
    """Return the people of a plan's or a goal's file whom the options name.

    Raises:
        FaultyInput: if a file has faults.
        PlanRefused: if the plan is for another account.
        UsageError: if a name is no person's, or no wave's.
    """
    if options.timezone:
        zone_named(options.timezone)
    usage = usage_from(options.logs, lang)
    wanted_plan, read = _plan_at(path, options, aws, lang, usage)
    snapshot = account_with_logs(read, usage)
    tags = options.owner_tags or OWNER_TAGS
    people = people_of(wanted_plan, snapshot, owner_tags=tags, today=today)
    return Audience(wanted_plan, snapshot, _chosen(people, options), today)


def _plan_at(
    path: Path, options: NoticeOptions, aws: AwsOptions, lang: Language, usage: Usage | None
) -> tuple[Plan, Snapshot]:
    """Return the plan of a file, or of the goal in it, and the account as it is now."""
    if path.suffix in (".yaml", ".yml"):
        shape, exceptions = read_goal(path), exceptions_of(options.exceptions)
        if not options.snapshots:
            check_goal(shape, str(path))
        snapshot = read_account(options.snapshots, aws, lang)
        known = GoalInputs()
        if isinstance(options, RemindOptions) and options.state is not None:
            users = known_users(Path(options.state) / KNOWN_USERS, snapshot)
            known = GoalInputs(joined=users.joined, former=users.former_names(snapshot))
            exceptions = exceptions.following(known.former)
            if options.today is not None:
                # as a campaign does that is rehearsed
                noon = datetime.combine(options.today, time(12), timezone_of(shape))
                snapshot = replace(snapshot, taken_at=noon)
        exceptions.check(snapshot)
        goal = goal_of(shape, str(path), snapshot, exceptions, known)
        # the caller who applies it later is not known; the impact on users does not depend on it
        caller = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root")
        return plan(goal, snapshot, caller, usage=usage), snapshot
    if options.exceptions:
        raise UsageError(Message("`--exceptions` is for a goal: a plan has them in it"))
    if isinstance(options, RemindOptions) and options.state is not None:
        raise UsageError(Message("`--state` is for a goal: no campaign is made of a plan"))
    saved_plan = read_plan(path).plan
    snapshot = read_account(options.snapshots, aws, lang)
    if (saved_plan.account, saved_plan.partition) != (snapshot.account, snapshot.partition):
        message = Message("this plan is for the account `{account}`, but this is `{other}`")
        raise PlanRefused(message.filled(account=saved_plan.account, other=snapshot.account))
    return saved_plan, snapshot


def _chosen(people: tuple[Person, ...], options: NoticeOptions) -> tuple[Person, ...]:
    """Return those of the people whom the options name.

    Raises:
        UsageError: for a name that is nobody's, or no wave's.
    """
    users = {each.user for each in people}
    waves = {_wave_named(name, people) for name in options.waves}
    for name in options.users:
        if name not in users:
            message = Message("`--user {name}`: the plan has no such person")
            raise UsageError(message.filled(name=name), fix=did_you_mean(name, users))
    return tuple(
        each
        for each in people
        if (not options.users or each.user in options.users) and (not waves or each.wave in waves)
    )


def _wave_named(name: str, people: Iterable[Person]) -> str:
    """Return a wave by its name, or by its number: waves are numbered by their days.

    Raises:
        UsageError: if there is none.
    """
    days = sorted({(each.day or date.min, each.wave) for each in people if each.wave})
    names = [wave for _, wave in days]
    if name in names:
        return name
    if f"wave {name}" in names:
        # what a wave without a name is called
        return f"wave {name}"
    if name.isdecimal() and 0 < int(name) <= len(names):
        return names[int(name) - 1]
    message = Message("`--wave {name}`: there is no such wave")
    raise UsageError(message.filled(name=name), fix=did_you_mean(name, names))
