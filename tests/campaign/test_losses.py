"""Dormant people and old keys in a campaign: nothing goes before its owner was told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from administered import ACCOUNT, FULL, iam_of
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ADMIN, account, company, user, with_user
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    KeyUse,
    Password,
    Snapshot,
    Usage,
    UserUse,
)
from sekisho.audit.exceptions import Exceptions
from sekisho.campaign import (
    Campaign,
    CampaignInputs,
    CampaignStage,
    campaign_of,
    campaign_report,
    campaign_to_json,
    due_today,
)
from sekisho.campaign.losses import losses_of
from sekisho.documents import yaml_shape
from sekisho.documents.report import TextLayout, report_text
from sekisho.localaws import LocalAws
from sekisho.messages import Language
from sekisho.notices.reminders import Told, inactive_topic
from sekisho.rollout import PlanCaller, forecast, goal_of

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
START = datetime(2027, 1, 1, 12, tzinfo=UTC)
GOAL = """\
waves: [{{who: [{{path: /staff/}}], name: staff, enrolFrom: 2026-12-01, from: 2028-01-01}}]
breakGlass: [glass]
dormant: {{after: 90 days, do: {action}}}
keys: {{by: {by}, warn: 80 days, disable: 90 days, delete: 97 days}}
accept: [{accept}]
"""


KINDS = ("password", "keyInactive", "keyDeleted")


@dataclass
class Company:
    """An account that is read on some days, and people who are told on them."""

    snapshot: Snapshot
    text: str
    usage: Usage | None = None
    told: dict[tuple[str, str, date | None], date] = field(default_factory=dict)

    def on(self, day: int) -> Campaign:
        """Return the campaign of a day."""
        snapshot = replace(self.snapshot, taken_at=START + timedelta(days=day))
        goal = goal_of(yaml_shape(self.text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
        return campaign_of(goal, snapshot, ADMIN, CampaignInputs(self.usage, (), Told(self.told)))

    def run(self, day: int, *, tells: bool = True) -> dict[str, tuple[str, ...]]:
        """Do what is due on a day, tell people, and return what was taken away."""
        campaign = self.on(day)
        assert campaign.today.plan.applicable, campaign.today.plan.open_problems
        self.snapshot = forecast(campaign.snapshot, campaign.today.plan.changes)
        for each in campaign.today.losses.dormant if tells else ():
            self.told.setdefault((each.user, "dormant", each.facts.dormant_from), campaign.day)
        for key in campaign.today.losses.keys if tells else ():
            facts = key.facts
            if facts.warn_on is not None and facts.warn_on <= campaign.day:
                self.told.setdefault(
                    (facts.user, f"key:{facts.key_id}", facts.warn_on), campaign.day
                )
                user = self.snapshot.user_named[facts.user]
                if any(each.id == facts.key_id and not each.active for each in user.keys):
                    inactive = inactive_topic(facts.key_id)
                    self.told.setdefault((facts.user, inactive, facts.warn_on), campaign.day)
        due = due_today(campaign)
        return {
            kind: due[kind] for kind in ("password", "keyInactive", "keyDeleted") if kind in due
        }


def company_of(
    action: str = "disable-password", by: str = "last-use", accept: str = "", used: int = 0
) -> Company:
    """Return a company with kei, whose password and key were made on the first day."""
    key = AccessKey("AKIAKEI", True, START, START + timedelta(days=used) if used else None)
    kei = user("kei", path="/staff/", password=Password(created_at=START), keys=(key,))
    start = with_user(account(), kei)
    row = {"kei": CredentialRow("kei", kei.arn)}
    start = replace(start, report=CredentialReport(START, row))
    return Company(start, GOAL.format(action=action, by=by, accept=accept))


def taken(
    company: Company, *days: int, told_from: int = 0
) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return what was taken away on those of some days on which something was."""
    found = {day: company.run(day, tells=day >= told_from) for day in days}
    return {day: each for day, each in found.items() if each}


def test_on_their_days_a_key_and_a_password_go() -> None:
    people = company_of()
    assert taken(people, 79, 80, 89, 90, 91, 96, 97, 98) == {
        90: {"keyInactive": ("kei AKIAKEI",)},
        97: {"password": ("kei",), "keyDeleted": ("kei AKIAKEI",)},
    }


def test_who_is_told_late_has_as_long_as_everybody_and_the_password_goes_last() -> None:
    people = company_of()
    assert taken(people, 99, 100, 107, 109, 110, 116, 117, told_from=100) == {
        110: {"keyInactive": ("kei AKIAKEI",)},
        117: {"password": ("kei",), "keyDeleted": ("kei AKIAKEI",)},
    }


def test_a_run_that_comes_late_leaves_a_key_as_long_between_inactive_and_deleted() -> None:
    """The rules have seven days between; the run that makes it inactive was due five days ago."""
    people = company_of()
    assert taken(people, 80, 95, 97, 98, 101, 102) == {
        95: {"keyInactive": ("kei AKIAKEI",)},
        102: {"password": ("kei",), "keyDeleted": ("kei AKIAKEI",)},
    }


def test_a_key_is_not_deleted_before_its_user_knows_that_it_is_inactive() -> None:
    people = company_of()
    assert taken(people, 80, told_from=80) == {}
    assert {*taken(people, 90, 97, 104, 110, told_from=104)} == {90}
    assert {*taken(people, 111)} == {111}


def test_who_is_never_told_loses_nothing_unless_the_goal_says_so() -> None:
    assert not taken(company_of(), 90, 120, 200, told_from=999)
    loud = company_of()
    loud.text += "untold: enforce\n"
    assert {*taken(loud, 89, 90, 96, 97, told_from=999)} == {90, 97}


def test_who_signs_in_is_a_person_as_any_other() -> None:
    people = company_of()
    taken(people, 80, 90)
    assert people.on(95).people[0].stage is CampaignStage.DORMANT
    kei = people.snapshot.user_named["kei"]
    back = Password(created_at=START, last_used=START + timedelta(days=95))
    people.snapshot = with_user(people.snapshot, replace(kei, password=back))
    assert taken(people, 97) == {97: {"keyDeleted": ("kei AKIAKEI",)}}
    assert people.on(98).people[0].stage is not CampaignStage.DORMANT


def test_without_a_decision_they_are_named_and_the_campaign_can_end() -> None:
    people = company_of(action="name")
    found = people.on(100)
    assert not found.counted
    assert "but not for dormant users: 1." in campaign_report(found).headline.en
    layout = TextLayout(200, verbose=True)
    assert "decide: accept" in report_text(campaign_report(found), Language.EN, layout)
    assert "password" not in taken(people, 80, 97).get(97, {})
    decided = company_of(action="name", accept="{id: dormant, user: kei, why: on leave}").on(100)
    assert "on leave" in report_text(campaign_report(decided), Language.JA, layout)


def test_a_key_in_use_needs_a_decision() -> None:
    used = company_of(action="name", by="age", used=89)
    assert not taken(used, 80, 90)
    (key,) = used.on(95).today.losses.keys
    assert key.waits_for_decision
    accept = "{id: used-key, user: kei, why: rotated}"
    decided = company_of(action="name", by="age", used=89, accept=accept)
    assert taken(decided, 80, 90) == {90: {"keyInactive": ("kei AKIAKEI",)}}


def test_a_key_that_the_logs_show_in_use_needs_a_decision() -> None:
    people = company_of()
    at = START + timedelta(days=89)
    arn = people.snapshot.user_named["kei"].arn
    use = UserUse(arn, (KeyUse("AKIAKEI", 1, 1, 0, at, at),))
    people.usage = Usage(None, None, at, at, 1, 1, users=(use,))
    assert not taken(people, 80, 90)
    (key,) = campaign_to_json(people.on(90))["keys"]  # type: ignore[misc]  # a list
    assert key["needsDecision"] == "the logs show a call with it on 2027-03-31"


def test_the_calendar_has_the_days() -> None:
    people = company_of()
    people.run(80)
    events = {(each.kind.value, each.day) for each in people.on(81).calendar}
    assert ("key-inactive", date(2027, 4, 1)) in events


def test_the_last_administrator_keeps_a_password_that_is_not_used() -> None:
    """One fault blocks one person: everything else of the day is done."""
    people = company_of()
    boss = user("boss", path="/staff/", password=Password(created_at=START), attached=(FULL,))
    others = {"admin", "glass", "hanako", "machine"}
    alone = tuple(
        replace(each, attached=(), groups=()) if each.name in others else each
        for each in with_user(people.snapshot, boss).users
    )
    rows = {name: CredentialRow(name, user(name).arn) for name in ("boss", "kei")}
    report = CredentialReport(START, rows)
    people.snapshot = replace(people.snapshot, users=alone, report=report, roles=())
    people.text += "untold: enforce\n"
    snapshot = replace(people.snapshot, taken_at=START + timedelta(days=97))
    goal = goal_of(yaml_shape(people.text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
    role = PlanCaller(ROOT, mfa=True)
    found = campaign_of(goal, snapshot, role, CampaignInputs(None, (), Told({})))
    assert found.today.plan.applicable, found.today.plan.open_problems
    assert "boss" not in due_today(found).get("password", ())
    assert [each.id for each in found.today.problems["boss"]] == ["administrator-remains"]


@given(
    st.integers(60, 250),
    st.none() | st.integers(0, 200),
    st.none() | st.integers(0, 200),
    st.sampled_from(["last-use", "age"]),
)
def test_nothing_goes_before_its_owner_had_the_time_of_the_rule(
    now: int, key_told: int | None, told: int | None, by: str
) -> None:
    people = company_of(by=by)
    snapshot = replace(people.snapshot, taken_at=START + timedelta(days=now))
    goal = goal_of(yaml_shape(people.text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
    begin = START.date()
    days = {}
    if key_told is not None:
        days["kei", "key:AKIAKEI", begin + timedelta(80)] = begin + timedelta(key_told)
    if told is not None:
        days["kei", "dormant", begin + timedelta(90)] = begin + timedelta(told)
    found = losses_of(goal, snapshot, "", None, Told(days))
    for key in found.keys:
        assert (key.inactive_from is None) == (key_told is None)
        if key.inactive_from is not None and key.deleted_on is not None and key_told is not None:
            assert key.inactive_from >= begin + timedelta(max(90, key_told + 10))
            assert key.deleted_on >= begin + timedelta(max(97, key_told + 17))
    for person in found.dormant:
        assert (person.password_goes is None) == (told is None)
        if person.password_goes is not None and told is not None:
            assert person.password_goes >= begin + timedelta(told + 7)
            assert all(
                key.deleted_on is None or person.password_goes >= key.deleted_on
                for key in found.keys
            )


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam = iam_of(running)
        iam.create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        iam.create_access_key(UserName="hanako")
        yield running


def test_a_run_takes_them_away_and_a_roll_back_gives_back_what_can_be(
    local: LocalAws, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    today = datetime.now(UTC).date()
    text = f"""\
policy: {{preset: first-login}}
waves:
  - name: everybody
    enrolFrom: {today}
    from: {today + timedelta(days=200)}
    who: [{{path: /dev/}}]
breakGlass: [glass]
dormant: {{after: 90 days, do: disable-password}}
keys: {{warn: 80 days, disable: 90 days}}
untold: enforce
"""
    path = terminal.path("goal.yaml")
    Path(path).write_text(text, "utf-8")
    later = str(today + timedelta(days=98))
    done = terminal.run("campaign", path, "--mfa", "--today", later, "--apply", "--yes")
    assert done.return_value in (0, 2), done.output
    iam = iam_of(local)
    (key,) = iam.list_access_keys(UserName="hanako")["AccessKeyMetadata"]
    assert key["Status"] == "Inactive"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName="hanako")
    shown = terminal.run("campaign", path, "--mfa", "--today", later, "--format", "json")
    (key_now,) = json.loads(shown.stdout)["keys"]
    assert key_now["state"] == "machine"
    back = terminal.run("rollback", f"{path}.campaign", "--yes")
    assert "login-profile hanako" in back.output
    (key,) = iam.list_access_keys(UserName="hanako")["AccessKeyMetadata"]
    assert key["Status"] == "Active"
