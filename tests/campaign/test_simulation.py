"""A campaign over weeks, run daily on a company whose people do what people do."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from profiles import DEEP
from rollout.staging import ACCOUNT, ADMIN, account, device, user, with_user
from sekisho.account import AccessKey, Password, Snapshot, User
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import SignInOutcomes
from sekisho.campaign import Campaign, CampaignStage, campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.rollout import GoalInputs, forecast, goal_of

GOAL = """\
timezone: Asia/Tokyo
policy: {preset: first-login}
waves:
  - name: pilot
    enrolFrom: 2027-01-05
    enforce: on-enrolment
    from: 2027-01-15
    who: [{path: /pilot/}]
  - name: everybody
    enrolFrom: 2027-01-10
    enforce: on-enrolment
    from: 2027-01-25
    grace: 5 days
    who: [{path: /staff/, with: [password]}]
breakGlass: [glass]
"""
FIRST = datetime(2027, 1, 4, 0, 0, tzinfo=UTC)
DAYS = 35


@dataclass(slots=True)
class Company:
    """People who sign in or do not, enrol, lose phones, leave and join."""

    chance: random.Random
    snapshot: Snapshot
    acted: dict[str, str] = field(default_factory=dict)
    joined: dict[str, datetime] = field(default_factory=dict)
    hired: int = 0

    @classmethod
    def of(cls, seed: int) -> "Company":
        chance, start = random.Random(seed), replace(account(), taken_at=FIRST)  # noqa: S311 - a simulation
        for number in range(12):
            path = "/pilot/" if number < 3 else "/staff/"
            temporary = chance.random() < 0.2
            made = user(
                f"p{number}",
                path=path,
                password=Password(reset_required=temporary, created_at=FIRST - timedelta(days=400)),
                keys=(
                    (AccessKey(f"AKIA{number}", active=True, last_used=FIRST),)
                    if chance.random() < 0.2
                    else ()
                ),
            )
            start = with_user(start, made)
        return cls(chance, start)

    def staff(self) -> list[User]:
        return [each for each in self.snapshot.users if each.path in ("/pilot/", "/staff/")]

    def change(self, changed: User) -> None:
        self.snapshot = with_user(self.snapshot, changed)

    def night(self) -> None:
        """Let a day go by: somebody does something."""
        now = self.snapshot.taken_at
        outcomes = SignInOutcomes(self.snapshot, {})
        for each in self.staff():
            password = each.password
            if password is None:
                continue
            dice = self.chance.random()
            may = outcomes.console(each).gets_in
            if dice < 0.25 and may:
                later = now + timedelta(hours=self.chance.randrange(1, 20))
                signed_in = replace(password, last_used=later, reset_required=False)
                self.change(replace(each, password=signed_in))
            elif 0.25 <= dice < 0.4 and may and not each.devices and self._may_enrol(each):
                new = replace(device(each.name), enabled_at=now + timedelta(hours=1))
                self.change(replace(each, devices=(new,)))
            elif 0.4 <= dice < 0.42 and each.devices:
                # a lost phone: the help desk removes the device and sets a temporary password
                reset = replace(password, reset_required=True)
                self.change(replace(each, devices=(), password=reset))
            elif 0.42 <= dice < 0.425:
                self.snapshot = replace(
                    self.snapshot, users=tuple(u for u in self.snapshot.users if u is not each)
                )
        if self.chance.random() < 0.1:
            self.hired += 1
            password = Password(reset_required=True, created_at=now)
            self.change(user(f"n{self.hired}", path="/staff/", password=password))
        self.snapshot = replace(self.snapshot, taken_at=now + timedelta(days=1))

    def _may_enrol(self, each: User) -> bool:
        arns = {f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA{suffix}" for suffix in ("", "_enrol")}
        return not arns.isdisjoint(each.attached)


def run_of(seed: int) -> Iterator[tuple[Campaign, Snapshot]]:
    """Yield each day's campaign, and the account after what is due was done."""
    company = Company.of(seed)
    for _ in range(DAYS):
        shape = yaml_shape(GOAL, "goal.yaml")
        for each in company.snapshot.users:
            if each.password is not None and each.password.created_at is not None:
                company.joined.setdefault(each.id, each.password.created_at)
        inputs = GoalInputs(joined=company.joined)
        goal = goal_of(shape, "goal.yaml", company.snapshot, Exceptions(), inputs)
        campaign = campaign_of(goal, company.snapshot, ADMIN)
        assert campaign.today.plan.applicable, campaign.today.plan.open_obstacles
        company.snapshot = forecast(company.snapshot, campaign.today.plan.changes)
        yield campaign, company.snapshot
        company.night()


def locked_out(snapshot: Snapshot, names: set[str]) -> Mapping[str, str]:
    outcomes = SignInOutcomes(snapshot, {})
    users = [each for each in snapshot.users if each.name in names]
    return {
        name: found.why.en for name, found in outcomes.outcomes(users).items() if found.locked_out
    }


@pytest.mark.parametrize("seed", range(8 if DEEP else 2))
def test_nobody_is_locked_out_by_the_campaign_and_everybody_is_accounted_for(seed: int) -> None:
    for campaign, after in run_of(seed):
        due = due_today(campaign)
        changed = {*due.get("enrol", ()), *due.get("enforce", ()), *due.get("close", ())}
        assert not locked_out(after, changed)
        # whoever is locked out by somebody else's action is named
        already = {each.user for each in campaign.enforced}
        named = {*campaign.today.plan.locked_out, *campaign.today.obstacles}
        assert {*locked_out(campaign.snapshot, already)} <= named
    last = campaign
    for each in last.counted:
        done = each.stage in (CampaignStage.ENFORCED, CampaignStage.STRICTER)
        new = each.enforced_from is not None and each.enforced_from > last.day
        assert done or new or each.obstacles or each.user in due_today(last).get("enforce", ()), (
            each
        )
