"""The command `sekisho campaign`, run once a day at the local AWS where a company lives."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from campaign.at_aws import AtAws
from campaign.company import Company, Life
from campaign.invariants import Breaches, Invariant, Notice, Outcome, judge
from campaign.on_paper import Rights, carried_out
from campaign.running import DAYS, exceptions_of, goal_text
from checkpoint import Checkpoint
from rollout.at_the_terminal import Terminal, environment
from sekisho.account import User
from sekisho.campaign import Campaign, StateFolder
from sekisho.campaign.commands import campaign as command
from sekisho.localaws import LocalAws
from sekisho.notices import NoticeKind
from sekisho.notices.reminders import NoticeEvent, Reminder, key_of, read_ledger
from sekisho.rollout import OpenFolder

_TRIED = 2
"""How many of those who are told or enforced on a day try what they can do then."""
_ASKING = (NoticeKind.ENROL, NoticeKind.TEMPORARY_PASSWORD)
"""The notices that ask people to set up a device; that an exception ends asks for nothing."""
_NOBODY_THERE = "http://127.0.0.1:9/hook"
"""The address of a webhook that is out."""


class Commanded:
    """A company at a local AWS, and the command that is run there each day.

    Attributes:
        breaches: which promises were broken so far.
        first: the account on the first day, before the first run.
    """

    def __init__(
        self, local: LocalAws, folder: Path, seed: int, size: int, *, calm: bool = False
    ) -> None:
        self.breaches = Breaches()
        self._local, self._folder, self._size = local, folder, size
        self._hands = AtAws(local)
        self._company = Company.of(self._hands, seed, size, calm=calm)
        self._start = self._hands.day()
        self._earlier: tuple[Notice, ...] = ()
        self._chance = random.Random(seed)  # noqa: S311 - a simulation
        out = self._start + timedelta(days=self._chance.randrange(2, 20))
        self._outage = {out + timedelta(days=day) for day in range(3)}
        (folder / "goal.yaml").write_text(goal_text(seed, self._start), "utf-8")
        self.first = self._hands.snapshot()

    @property
    def _state(self) -> Path:
        return self._folder / "state"

    def days(self, *, every: int = 1, days: int = DAYS) -> Iterator[Outcome]:
        """Run the command every so many days, and yield what comes of it, judged."""
        for number in range(days):
            last = number == days - 1
            if last or number % every == 0:
                outcome = self._day()
                judge(self.breaches, outcome, last=last)
                self._judge_done(outcome)
                self._try(outcome)
                yield outcome
            if not last:
                self._company.night()

    def _day(self) -> Outcome:
        day = self._hands.day()
        seen: list[Campaign] = []
        original = command.campaign_of

        def watched(*given: object) -> Campaign:
            seen.append(original(*given))  # type: ignore[arg-type]  # as the command gives them
            return seen[-1]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(command, "campaign_of", watched)
            done = self._command(day)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        (campaign,) = seen
        now = self._hands.snapshot()
        delivered = tuple(self._delivered(campaign, day))
        named = {*campaign.locked_out, *campaign.today.problems}
        outcome = Outcome(
            campaign,
            before=Rights(campaign.snapshot),
            after=Rights(now),
            now=now,
            named=frozenset(name for name in named if name in done.output),
            delivered=delivered,
            earlier=self._earlier,
        )
        self._earlier = (*self._earlier, *outcome.notices)
        return outcome

    def _command(self, day: date) -> Result:
        terminal = Terminal(self._folder, environment(self._local, "admin"))
        words = ["campaign", terminal.path("goal.yaml"), "--mfa", "--apply", "--yes", "-v"]
        words += ["--state", str(self._state), "--today", day.isoformat()]
        if day in self._outage:
            words += ["--send", _NOBODY_THERE, "--as", "slack"]
        entries = [
            {
                "user": each.user,
                "kind": each.kind.value,
                "why": each.why,
                "owner": each.owner,
                "approvedBy": each.approved_by,
                "expires": each.expires.isoformat(),
                "ticket": each.ticket,
                "force": each.force,
            }
            for each in exceptions_of(self._company).entries
        ]
        if entries:
            known = {"schema": "sekisho.exceptions/1", "exceptions": entries}
            words += ["--exceptions", terminal.write("exceptions.yaml", json.dumps(known))]
        return terminal.run(*words)

    def _delivered(self, campaign: Campaign, day: date) -> Iterator[Reminder]:
        """Yield what the run has delivered, by the ledger."""
        ledger = StateFolder(OpenFolder(self._state, "")).ledger
        entries = read_ledger(ledger, campaign.snapshot.account).entries
        zone = campaign.today.goal.day_of
        done = {
            each.key for each in entries if each.event is NoticeEvent.DONE and zone(each.at) == day
        }
        plan = campaign.today.plan
        for each in campaign.reminders_after(plan.changes if plan.applicable else ()):
            if key_of(each) in done:
                yield each

    def _judge_done(self, run: Outcome) -> None:
        """Note for whom the run has not done what it had planned, though nobody meddled."""
        plan = run.campaign.today.plan
        planned = carried_out(run.campaign.snapshot, plan.changes if plan.applicable else ())
        other = {
            each.name
            for each in planned.users
            if {*each.attached} != {*run.now.user_named[each.name].attached}
        }
        promise = Invariant.ONE_FAULT_ONE_PERSON
        self.breaches.note(promise, run.campaign.day, other, "not done as planned")

    def _try(self, run: Outcome) -> None:
        """Let some of those who were told or enforced today come to their work, as clients."""
        now, old = run.now.user_named, run.campaign.snapshot.user_named
        told = {each.person.user for each in run.delivered if each.person.kind in _ASKING}
        changed = {name for name in now if name in old and now[name].attached != old[name].attached}
        phones = {self._hands.names()[life.id]: life.phone for life in self._living()}
        able = sorted(name for name in told | changed if phones.get(name) and now[name].password)
        for name in self._chance.sample(able, min(_TRIED, len(able))):
            if not self._comes_to_work(name):
                promise = Invariant.ASKS_FOR_WHAT_CAN_BE_DONE
                kind = promise if name in told else Invariant.LOCKS_OUT_NOBODY
                self.breaches.note(kind, run.campaign.day, [name], "does not come to their work")

    def _living(self) -> Iterator[Life]:
        names = self._hands.names()
        return (life for user, life in self._company.lives.items() if user in names)

    def _comes_to_work(self, name: str) -> bool:
        with self._as_before():
            return self._hands.works(name)

    @contextmanager
    def _as_before(self) -> Iterator[None]:
        """Put all back that is done meanwhile."""
        before, held = Checkpoint(self._local), self._hands.held()
        try:
            yield
        finally:
            before.restore()
            self._hands.hold(held)

    def take_back(self) -> None:
        """Take the whole campaign back, and note whoever has not what they had at first."""
        terminal = Terminal(self._folder, environment(self._local, "admin"))
        done = terminal.run("rollback", str(self._state), "--yes")
        assert done.return_value == 0, done.output
        now, then = self._hands.snapshot(), self.first
        same = (
            each.name
            for each in then.users
            if each.name in now.user_named
            and _rights_of(now.user_named[each.name]) != _rights_of(each)
        )
        day = self._hands.day()
        self.breaches.note(Invariant.COMES_BACK, day, same, "has other rights than at first")
        left = {*now.policies, *now.group_named} ^ {*then.policies, *then.group_named}
        self.breaches.note(Invariant.COMES_BACK, day, left, "is left, or is gone")


def _rights_of(user: User) -> tuple[object, ...]:
    return (user.attached, user.groups, user.inline, user.boundary)
