"""Telling people within a campaign: by a webhook that fails, by a list, and never twice."""

import csv
import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from administered import ACCOUNT, iam_of, signed_in
from campaign.test_command import attachments, goal
from notices.test_webhook import OK, answer, serving
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ADMIN, account, company, user, with_user
from sekisho.account import Password, Snapshot
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption
from sekisho.campaign import Campaign, CampaignInputs, campaign_of, campaign_to_csv, due_today
from sekisho.documents import yaml_shape
from sekisho.errors import UsageError
from sekisho.localaws import LocalAws
from sekisho.notices import Person, people_of
from sekisho.notices.reminders import (
    LedgerEntry,
    NoticeEvent,
    Reminder,
    ReminderStep,
    ReminderTopic,
    Told,
    entry_of,
    key_of,
    must_hear_first,
    open_ledger,
    read_ledger,
    wave_topic,
)
from sekisho.rollout import forecast, goal_of

ZONE = ZoneInfo("Asia/Tokyo")
GOAL = """\
timezone: Asia/Tokyo
policy: {preset: first-login}
waves:
  - name: everybody
    enrolFrom: 2027-01-10
    from: 2027-01-25
    who: [{all: true, with: [password]}]
breakGlass: [glass]
"""


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        for name in ("hanako", "taro"):
            if name != "hanako":
                iam_of(running).create_user(UserName=name)
            iam_of(running).create_login_profile(UserName=name, Password="Fuji-2026-x-temporary")
        yield running


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, environment(local, "admin"))


def _day(days: int) -> str:
    return str(datetime.now(UTC).date() + timedelta(days=days))


def _enforced(local: LocalAws) -> list[str]:
    found = attachments(signed_in(local, "admin", mfa=True))
    return [user for user, policies in found.items() if "Force_MFA" in policies]


def test_a_webhook_that_fails_holds_up_only_whom_no_notice_has_reached(
    local: LocalAws, terminal: Terminal
) -> None:
    path = goal(terminal, enrol_from=-10, starts=0)
    words = ("campaign", path, "--mfa", "--apply", "--yes", "--send", "env:HOOK", "--as", "slack")
    with serving(answer(404), OK, answer(500), answer(500), OK) as (server, _):
        terminal.environment["HOOK"] = f"http://127.0.0.1:{server.server_port}/hook"
        # refused for certain: nobody is told, nobody is enforced
        refused = terminal.run(*words)
        assert (refused.return_value, _enforced(local)) == (1, [])
        assert "not-told" in refused.stdout
        # but they can enrol
        found = attachments(signed_in(local, "admin", mfa=True))
        assert all("Force_MFA_enrol" in found[name] for name in ("hanako", "taro"))
        # told, and not on the same day
        told = terminal.run(*words, "--today", _day(1))
        assert (told.return_value, _enforced(local)) == (3, [])
        assert "Notified: hanako, taro" in told.stderr
        # whoever was told is enforced, whatever the webhook answers; a newcomer waits
        iam_of(local).create_user(UserName="jiro")
        iam_of(local).create_login_profile(UserName="jiro", Password="Fuji-2026-x-temporary")
        doubtful = terminal.run(*words, "--today", _day(2))
        assert (doubtful.return_value, _enforced(local)) == (4, ["hanako", "taro"])
        # nothing of it is posted again by itself
        posted = len(server.got)
        shown = terminal.run("campaign", path, "--mfa", "--today", _day(2))
        assert (shown.return_value, len(server.got)) == (4, posted)
        assert "Unknown whether their notice has arrived: hanako, taro, jiro" in shown.stdout
        assert "If it has arrived: sekisho remind" in shown.stderr
        # a plan knows nothing of who was told, and would enforce
        assert "sekisho plan" not in shown.stdout
        (command,) = (
            line.partition(": ")[2]
            # as a shell takes it
            for line in doubtful.stderr.replace("\\\n", "").splitlines()
            if line.startswith("If it has arrived")
        )
        _doubt_a_key(path, "hanako")
        settled = terminal.run(*shlex.split(command)[1:])
        told = Told.of(read_ledger(Path(f"{path}.campaign/told"), ACCOUNT).entries, ZONE)
        # also what only the campaign says
        assert told.told_on("hanako", "key:AKIAHANAKO", date(2027, 1, 1))
        assert not told.in_doubt
        assert settled.return_value == 3
        assert "Already notified: hanako, taro, jiro" in settled.stderr
    bodies = [json.dumps(json.loads(body)) for _, _, body in server.got]
    assert "becomes mandatory for our AWS account 123456789012 tomorrow" in bodies[1]
    last = terminal.run(*words[:5], "--today", _day(4))
    assert _enforced(local) == ["hanako", "jiro", "taro"], last.output
    sheet = terminal.run("campaign", path, "--mfa", "--today", _day(4), "--format", "csv").stdout
    rows = {each["user"]: each for each in csv.DictReader(StringIO(sheet))}
    assert (rows["taro"]["stage"], rows["jiro"]["stage"]) == ("enforced", "enforced")
    assert rows["jiro"]["notice"] in ("from-tomorrow", "after")
    # by hand it is the same: nobody has anything to hear that the campaign has not told
    remind = ("remind", path, "--state", f"{path}.campaign", "--today", _day(4), "--preview")
    by_hand = terminal.run(*remind)
    assert by_hand.stdout == ""


def _doubt_a_key(path: str, user: str) -> None:
    """Let it be in doubt whether somebody has heard of an old key."""
    about = date(2027, 1, 1)
    with open_ledger(Path(f"{path}.campaign/told"), ACCOUNT) as ledger:
        begun = LedgerEntry(
            datetime.now(UTC),
            NoticeEvent.BEGUN,
            user,
            f"AKIA{user.upper()}",
            about,
            ReminderStep.KEY_OLD,
            "campaign",
            "slack:example",
        )
        ledger.record([begun])


def test_options_that_do_not_go_together(terminal: Terminal) -> None:
    path = goal(terminal, enrol_from=0, starts=10)
    for words, said in (
        (("--send", "env:HOOK", "--as", "slack"), "`--send` is for `--apply`"),
        (("--apply", "--send", "https://example.com"), "`--send` and `--as` go together"),
        (("--apply", "--send", "env:NOT_THERE", "--as", "teams"), "no such environment variable"),
    ):
        refused = terminal.run("campaign", path, "--mfa", *words)
        assert isinstance(refused.exception, UsageError)
        assert said in str(refused.exception)


JANUARY = (9, 10, 18, 24, 25, 26, 27)
"""Days around those of the waves."""


@pytest.mark.parametrize(
    ("untold", "works"),
    [
        ("wait", JANUARY),
        ("wait", (25, 27)),
        ("wait", ()),
        ("enforce", (27,)),
    ],
)
def test_nobody_is_enforced_untold_and_nobody_hears_the_same_twice(
    untold: str, works: tuple[int, ...]
) -> None:
    """Nobody does anything, and the webhook works on some days."""
    entries: list[LedgerEntry] = []
    enforced: dict[str, bool] = {}
    for campaign in _days(untold, entries):
        plan, told = campaign.today.plan, campaign.told or Told()
        before = {each.user: each for each in people_of(plan, campaign.snapshot)}
        for name in due_today(campaign).get("enforce", ()):
            person = before[name]
            heard = told.told_on(name, wave_topic(person.wave), person.day)
            if must_hear_first(person, Told(), campaign.day):
                enforced[name] = heard is not None and heard < campaign.day
        after = {each.user: each for each in people_of(plan, _after(campaign))}
        for each in campaign.notices:
            _check_is_true(each, after[each.person.user], campaign)
        if campaign.day.day in works:
            entries += [_entry(each, campaign) for each in campaign.notices]
    if not works:
        assert enforced == {}
    elif untold == "wait":
        assert all(enforced.values())
        assert len(enforced) > 5
    else:
        assert not any(enforced.values())
        assert len(enforced) > 5
    keys = [each.key for each in entries]
    assert len(keys) == len({*keys})


def _days(untold: str, entries: list[LedgerEntry]) -> Iterator[Campaign]:
    """Yield each day's campaign; what is told of it meanwhile counts on the next."""
    snapshot = account()
    for number in range(8):
        made = Password(created_at=datetime(2026, 1, 1, tzinfo=UTC))
        snapshot = with_user(snapshot, user(f"p{number}", password=made))
    shape = yaml_shape(f"{GOAL}untold: {untold}\n", "goal.yaml")
    for number in JANUARY:
        snapshot = replace(snapshot, taken_at=datetime(2027, 1, number, 3, tzinfo=UTC))
        resolved = goal_of(shape, "goal.yaml", snapshot, Exceptions())
        known = CampaignInputs(told=Told.of(entries, ZONE))
        campaign = campaign_of(resolved, snapshot, ADMIN, known)
        yield campaign
        snapshot = _after(campaign)


def _after(campaign: Campaign) -> Snapshot:
    return forecast(campaign.snapshot, campaign.today.plan.changes)


def _entry(reminder: Reminder, campaign: Campaign) -> LedgerEntry:
    at = campaign.snapshot.taken_at
    return entry_of(reminder, NoticeEvent.DONE, at, "campaign", "list")


def _check_is_true(reminder: Reminder, person: Person, campaign: Campaign) -> None:
    """Check that a notice is true of a person after today's changes."""
    if reminder.step in (ReminderStep.DAY, ReminderStep.AFTER):
        assert person.enforced
    elif reminder.step is ReminderStep.FROM_TOMORROW:
        assert reminder.person.day == campaign.day + timedelta(days=1)
        assert key_of(reminder).starts == person.day
    elif not person.devices and not person.enforced:
        assert person.may_enrol_now


def test_who_must_change_a_password_hears_it_on_the_day_on_which_they_can() -> None:
    """Also where nobody has had the policy of AWS's before that lets them."""
    day = replace(account(), taken_at=datetime(2027, 1, 12, tzinfo=UTC))
    day = with_user(day, user("temp", password=Password(reset_required=True)))
    resolved = goal_of(yaml_shape(GOAL, "goal.yaml"), "goal.yaml", day, Exceptions())
    found = campaign_of(resolved, day, ADMIN, CampaignInputs(told=Told()))
    assert "temp" in due_today(found)["enrol"]
    assert "temp" in due_today(found)["tell"]


def test_a_campaign_that_asks_nobody_who_was_told_waits_for_nobody() -> None:
    """As with `sekisho plan`, which has no ledger."""
    late = replace(account(), taken_at=datetime(2027, 2, 1, tzinfo=UTC))
    late = with_user(late, user("plain", password=Password()))
    resolved = goal_of(yaml_shape(GOAL, "goal.yaml"), "goal.yaml", late, Exceptions())
    assert due_today(campaign_of(resolved, late, ADMIN))["enforce"] == (
        "hanako",
        "plain",
        "admin",
    )


def test_an_exception_ends_with_notice_and_its_owner_is_named_afterwards() -> None:
    start = with_user(account(), user("aki", password=Password()))
    end = date(2027, 3, 10)
    entry = Exemption("aki", ExceptionKind.OTHER, "on leave", "Nao", "Kim", end, "T-1", force="x")
    entries: list[LedgerEntry] = []
    heard = []
    for number in (9, 10, 11, 12, 13):
        day = replace(start, taken_at=datetime(2027, 3, number, 3, tzinfo=UTC))
        shape = yaml_shape(GOAL, "goal.yaml")
        resolved = goal_of(shape, "goal.yaml", day, Exceptions((entry,)))
        known = CampaignInputs(told=Told.of(entries, ZONE))
        campaign = campaign_of(resolved, day, ADMIN, known)
        found = [each for each in campaign.notices if each.person.user == "aki"]
        entries += [_entry(each, campaign) for each in found]
        heard.append([each.step.value for each in found])
        assert {
            each.person.owner for each in found if each.step.topic is ReminderTopic.EXCEPTION
        } <= {"Nao"}
    assert heard[:2] == [["exception-ends-tomorrow"], ["exception-ends-today"]]
    # then they are a person as any other, and hear that before they are enforced
    assert heard[2] == ["from-tomorrow", "exception-ended"]
    assert heard[4] == []
    (row,) = (r for r in csv.DictReader(StringIO(campaign_to_csv(campaign))) if r["user"] == "aki")
    assert (row["owner"], row["exception_expires"]) == ("Nao", "2027-03-10")
    assert "exception ended" in row["reason"]
