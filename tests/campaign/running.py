"""A campaign that is run once a day in a simulated company, and watched."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.company import Company
from campaign.invariants import (
    Notice,
    Outcome,
)
from campaign.on_paper import FIRST, OnPaper, Rights, carried_out
from rollout.staging import ADMIN
from sekisho.account import Snapshot
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption
from sekisho.campaign import Campaign, CampaignInputs, campaign_of
from sekisho.documents import yaml_shape
from sekisho.notices.reminders import (
    LedgerEntry,
    NoticeEvent,
    Reminder,
    Told,
    entry_of,
    under_present_names,
)
from sekisho.rollout import Change, GoalInputs, goal_of

DAYS = 30
_ZONE = ZoneInfo("Asia/Tokyo")
_KILLED = 0.1
"""How likely a run is killed."""
GOAL = """\
timezone: Asia/Tokyo
policy: {{preset: {preset}}}
{more}
waves:
  - name: pilot
    enrolFrom: {first_opens}
    enforce: {enforce}
    from: {first_day}
    who: [{{path: /pilot/, with: [password]}}]
  - name: everybody
    enrolFrom: {then_opens}
    enforce: {enforce}
    from: {last_day}
    grace: 5 days
    who: [{{path: /staff/, with: [password]}}]
breakGlass: [glass]
"""
_VARIANTS = (
    {
        "preset": "recommended",
        "enforce": "on-enrolment",
        "more": "dormant: {after: 20 days, do: disable-password}\n"
        "keys: {by: last-use, warn: 5 days, disable: 12 days, delete: 16 days}",
    },
    {
        "preset": "recommended",
        "enforce": "on-enrolment",
        "more": "afterEnrolment: {policy: {choices: {password-change-without-mfa: false}}}",
    },
    {
        "preset": "recommended",
        "enforce": "on-date",
        "more": "group: Enforced\ndormant: {after: 20 days}",
    },
    {"preset": "first-login", "enforce": "on-enrolment", "more": ""},
)
"""Each choice of a goal is in one of them, which a seed has; the last forgets users with a path."""


def goal_text(seed: int, start: date) -> str:
    """Return the goal file of a seed's company, whose campaign begins on a day."""
    days = {
        name: start + timedelta(days=after)
        for name, after in (
            ("first_opens", 1),
            ("then_opens", 4),
            ("first_day", 11),
            ("last_day", 20),
        )
    }
    return GOAL.format(**_VARIANTS[seed % len(_VARIANTS)], **days)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a campaign.

    Attributes:
        campaign: as it was read and judged.
        changes: those that were made, in their order.
        killed: whether the run was killed before its end.
        named: whom it names as left or as locked out.
        delivered: what people are told by it.
        earlier: what was delivered before it.
    """

    campaign: Campaign
    changes: tuple[Change, ...]
    killed: bool
    named: frozenset[str]
    delivered: tuple[Reminder, ...] = ()
    earlier: tuple[Notice, ...] = ()

    @classmethod
    def of(cls, campaign: Campaign) -> "Run":
        """Return the whole run of a day: nothing is done where something is in everybody's way."""
        plan = campaign.today.plan
        named = frozenset((*campaign.locked_out, *campaign.today.problems))
        return cls(campaign, plan.changes if plan.applicable else (), killed=False, named=named)

    def until(self, changes: int) -> "Run":
        """Return the run as it was killed after some of its changes."""
        return replace(self, changes=self.changes[:changes], killed=True)

    @property
    def after(self) -> Snapshot:
        """The account after it."""
        return carried_out(self.campaign.snapshot, self.changes)

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        return Outcome(
            self.campaign,
            before=Rights(self.campaign.snapshot),
            after=Rights(self.after),
            now=self.after,
            named=self.named,
            delivered=self.delivered,
            earlier=self.earlier,
            whole=not self.killed,
        )


def exceptions_of(company: Company) -> Exceptions:
    """Return the exceptions file of the day: who has left or is renamed is so in it."""
    names = company.hands.names()
    return Exceptions(
        tuple(
            Exemption(
                names[user],
                ExceptionKind.OTHER,
                why="a tool",
                owner="ops",
                approved_by="tanaka",
                expires=until,
                ticket="A-1",
                force="no role yet",
            )
            for user, until in company.excepted.items()
            if user in names
        )
    )


class Simulation:
    """A company on paper and its campaign.

    Attributes:
        runs: of the days so far.
    """

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.runs: list[Run] = []
        self._hands = OnPaper()
        self._company = Company.of(self._hands, seed, size)
        self._joined: dict[str, datetime] = {}
        self._names: dict[str, str] = {}
        self._former: dict[str, str | None] = {}
        self._chance = random.Random(seed)  # noqa: S311 - a simulation
        self._ledger: tuple[LedgerEntry, ...] = ()
        self._delivered: tuple[Notice, ...] = ()
        first = self._hands.now.date() + timedelta(days=self._chance.randrange(2, 20))
        self._outage = {first + timedelta(days=day) for day in range(4)}

    def days(self, days: int = DAYS) -> Iterator[Run]:
        """Run the campaign on each day, and yield each run; some are killed before their end."""
        for number in range(days):
            run = Run.of(self._campaign())
            if number < days - 1 and self._chance.random() < _KILLED:
                run = run.until(self._chance.randrange(len(run.changes) + 1))
            self._hands.put(run.after)
            run = self._told(run)
            self.runs.append(run)
            yield run
            if number < days - 1:
                self._company.night()

    def _told(self, run: Run) -> Run:
        """Tell people what they are to hear, unless the run was killed or nothing gets through."""
        if run.killed:
            return replace(run, earlier=self._delivered)
        due = run.campaign.reminders_after(run.changes)
        told, at = self._ledger, self._hands.snapshot().taken_at
        heard = Told.of(under_present_names(told, self._former), _ZONE)
        unheard = tuple(each for each in due if not heard.is_settled(each))
        reached = run.campaign.day not in self._outage
        event = NoticeEvent.DONE if reached else NoticeEvent.FAILED
        self._ledger = (*told, *(entry_of(each, event, at, "goal", "slack") for each in unheard))
        run = replace(run, delivered=unheard if reached else (), earlier=self._delivered)
        self._delivered = (*self._delivered, *run.outcome.notices)
        return run

    def _campaign(self) -> Campaign:
        snapshot = self._hands.snapshot()
        for each in snapshot.users:
            if each.password is not None and each.password.created_at is not None:
                self._joined.setdefault(each.id, each.password.created_at)
            self._names.setdefault(each.name, each.id)
        present = {each.id: each.name for each in snapshot.users}
        self._former = {
            name: present.get(user)
            for name, user in self._names.items()
            if name not in snapshot.user_named
        }
        exceptions = exceptions_of(self._company)
        exceptions.check(snapshot)
        shape = yaml_shape(goal_text(self.seed, FIRST.date()), "goal.yaml")
        goal = goal_of(shape, "goal.yaml", snapshot, exceptions, GoalInputs(joined=self._joined))
        known = CampaignInputs(told=Told.of(under_present_names(self._ledger, self._former), _ZONE))
        return campaign_of(goal, snapshot, ADMIN, known)
