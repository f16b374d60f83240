"""The stages of people on one day: one person is left and named, and does not stop the others."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rollout.staging import ADMIN, CHANGE, ENFORCEMENT, managed, with_user
from rollout.test_enrolment import (
    DAY,
    ENROLMENT,
    EXCEPTIONS,
    GOAL,
    LATER,
    OPEN,
    OTHER,
    people,
    planned,
    staff,
)
from sekisho.account import Password, Snapshot
from sekisho.audit.exceptions import load_exceptions
from sekisho.campaign import (
    Campaign,
    CampaignInputs,
    CampaignStage,
    DayEventKind,
    DayProgress,
    StateFolder,
    campaign_of,
    campaign_report,
    campaign_to_json,
    due_today,
)
from sekisho.documents import yaml_shape
from sekisho.documents.report import TextLayout, report_text
from sekisho.engine import AttachedPolicy
from sekisho.errors import FaultyInput
from sekisho.messages import Language
from sekisho.notices.reminders import Told
from sekisho.policy import enrolment_policy, from_json
from sekisho.rollout import (
    AttachUserPolicy,
    DetachUserPolicy,
    GoalInputs,
    OpenFolder,
    forecast,
    goal_of,
)


def campaign(
    start: Snapshot,
    enforce: str = "on-date",
    exceptions: str = EXCEPTIONS,
    earlier: tuple[DayProgress, ...] = (),
) -> Campaign:
    text = GOAL.format(enforce=enforce).replace(
        "from: 2027-02-01", "from: 2027-02-01\n    grace: 9 days"
    )
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(exceptions))
    return campaign_of(goal, start, ADMIN, CampaignInputs(progress=tuple(earlier)))


def stages(found: Campaign) -> dict[str, str]:
    return {each.user: each.stage.value for each in found.people}


@pytest.mark.parametrize("require", ["", "require: passkey\n"])
def test_who_is_to_add_a_passkey_is_not_enforced_untold(require: str) -> None:
    """Somebody with an app has nothing to do and need not be told, unless a passkey is required."""
    text = require + GOAL.format(enforce="on-date")
    start = people(DAY)
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    found = campaign_of(goal, start, ADMIN, CampaignInputs(told=Told()))
    assert ("ready" in due_today(found).get("enforce", ())) == (not require)
    waits = [each.id for each in found.today.problems.get("ready", ())]
    assert waits == (["not-told"] if require else [])


def test_each_stage_on_its_day() -> None:
    before = campaign(people(OPEN))
    assert stages(before) == {
        "denied": "enforced",
        "keys": "announced",
        "passkey": "enrolment-open",
        "plain": "announced",
        "ready": "enrolment-open",
        "scanner": "excepted",
        "temporary": "announced",
    }
    opened = forecast(people(OPEN), before.today.plan.changes)
    later = campaign(replace(opened, taken_at=LATER))
    assert stages(later)["plain"] == "enrolment-open"
    assert not due_today(later)


def test_who_waits_and_is_locked_out_by_others_is_named() -> None:
    """MFA is enforced for `denied` by another policy; somebody forbids them to enable a device."""
    start = people(OPEN)
    refused = {"Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}
    own = AttachedPolicy("own", from_json({"Version": "2012-10-17", "Statement": [refused]}))
    assert not campaign(start).locked_out
    found = campaign(with_user(start, replace(start.user_named["denied"], inline=(own,))))
    assert found.locked_out == ("denied",)
    (note,) = [each for each in found.notes if each.id == "locked-out-now"]
    assert note.names == ("denied",)


def test_one_person_is_left_and_named_and_the_others_are_enforced() -> None:
    start = forecast(people(OPEN), planned(people(OPEN)).changes)
    found = campaign(replace(start, taken_at=DAY))
    assert found.today.plan.applicable
    (left,) = found.overdue
    assert (left.user, [each.id for each in left.problems]) == ("keys", ["keys-in-use"])
    due = due_today(found)["enforce"]
    # another policy enforces MFA for `denied` already
    assert {*due} == {"passkey", "plain", "ready", "temporary"}
    after = campaign(forecast(found.snapshot, found.today.plan.changes))
    assert {each.user for each in after.enforced} == {*due, "denied"}
    assert [each["user"] for each in campaign_to_json(after)["people"] if each["overdue"]] == [  # type: ignore[attr-defined]  # a list
        "keys"
    ]
    assert stages(after)["keys"] == CampaignStage.ENROLMENT_OPEN


def test_an_exception_that_has_ended_stops_nobody_else_and_is_named() -> None:
    """`scanner` works by a key in use, so that it waits for a decision as anybody would."""
    ended = EXCEPTIONS.replace("2027-06-30", "2027-01-30")
    found = campaign(people(DAY), exceptions=ended)
    assert found.today.plan.applicable
    assert {"plain", "passkey"} <= {*due_today(found)["enforce"]}
    assert stages(found)["scanner"] == CampaignStage.NOT_STARTED
    assert {each.user for each in found.overdue} == {"keys", "scanner"}
    # nobody signs in as a machine user: a role, or an exception that is ready to copy
    shown = report_text(campaign_report(found), Language.EN, TextLayout(80))
    assert "A role is better for a program than a key." in shown
    assert "- user: scanner\n          kind: machine\n" in shown
    assert "- user: keys" not in shown
    (note,) = (each for each in found.notes if each.id == "exception-expired")
    assert note.names == ("scanner",)
    # a plan that is made by hand asks for a decision
    assert "exception-expired" not in campaign(people(DAY)).today.plan.problems


def test_a_newcomer_has_a_day_of_their_own_in_the_calendar() -> None:
    joined = DAY - timedelta(days=2)
    start = people(DAY, staff("newcomer", password=Password(created_at=joined)))
    (event,) = (each for each in campaign(start).calendar if "newcomer" in each.users)
    # joined on the 30th in Tokyo, and nine days
    assert (event.kind, event.day) == (DayEventKind.ENFORCEMENT, date(2027, 2, 8))


def test_what_is_enforced_on_enrolment_names_its_assumption_and_only_then() -> None:
    early = campaign(people(LATER), "on-enrolment")
    assert due_today(early)["enforce"] == ("ready",)
    assert early.assumed == ("password_last_used_needs_code", "mfa_page_needs_reads")
    assert "password_last_used_needs_code" not in campaign(people(LATER)).assumed
    assert campaign(people(DAY), "on-enrolment").assumed == ("mfa_page_needs_reads",)


def test_the_days_before_are_shown_and_today_is_counted_anew() -> None:
    before = [DayProgress(DAY.date() - timedelta(days=n), 8, n, 2) for n in (0, 1, 2)]
    found = campaign(people(OPEN), earlier=(*before[:0:-1], before[0]))
    assert [each.day for each in found.progress] == [date(2027, 1, 11)]
    later = campaign(people(DAY), earlier=tuple(before))
    assert later.progress[:-1] == tuple(before)
    assert later.progress[-1] == DayProgress(date(2027, 2, 1), count=6, enrolled=2, enforced=1)
    text = report_text(campaign_report(later), Language.EN, TextLayout(80))
    assert "2/8              #####..............." in text


def full(number: int, *, temporary: bool = False) -> Snapshot:
    """Return an account in which `full` has so many policies that do not enforce MFA."""
    arns = tuple(f"{OTHER}{at}" for at in range(number))
    who = staff("full", password=Password(reset_required=temporary), attached=arns)
    start = people(OPEN, who)
    policies = {arn: managed(arn, enrolment_policy()) for arn in arns}
    return replace(start, policies={**start.policies, **policies})


@pytest.mark.parametrize(
    ("number", "temporary", "most", "fits"),
    [(10, False, 10, False), (10, False, 20, True), (10, False, None, False), (9, True, 10, False)],
)
def test_who_has_no_place_for_what_they_enrol_with_is_named_and_stops_nobody(
    number: int, temporary: bool, most: int | None, fits: bool
) -> None:
    """Of a temporary password the other policy counts, too: half of it would help nobody."""
    summary = {} if most is None else {"AttachedPoliciesPerUserQuota": most}
    found = campaign(replace(full(number, temporary=temporary), summary=summary))
    assert found.today.plan.applicable, found.today.plan.open_problems
    assert ("full" in due_today(found)["enrol"]) is fits
    assert {*due_today(found)["enrol"]} >= {"plain", "keys", "temporary"}
    named = {each.user: [why.id for why in each.problems] for each in found.left_out}
    assert named == ({} if fits else {"full": ["quota"]})
    assert not found.overdue


def test_who_is_full_keeps_the_enrolment_policy_where_the_other_has_no_place() -> None:
    start = full(9, temporary=True)
    known = start.user_named["full"]
    opened = forecast(start, [AttachUserPolicy("full", ENROLMENT)])
    changes = campaign(opened).today.plan.changes
    assert not [each for each in changes if each.person == "full"]
    assert CHANGE not in known.attached


def test_who_is_full_is_swapped_on_the_day_and_only_they() -> None:
    start = full(9)
    opened = forecast(start, campaign(start).today.plan.changes)
    found = campaign(replace(opened, taken_at=DAY))
    assert found.today.plan.applicable
    changes = {
        name: [type(each) for each in found.today.plan.changes if each.person == name]
        for name in ("full", "plain")
    }
    assert changes == {
        "full": [DetachUserPolicy, AttachUserPolicy],
        "plain": [AttachUserPolicy, DetachUserPolicy],
    }
    assert "full" in due_today(found)["enforce"]


def test_who_is_full_without_it_is_left_on_the_day_and_stops_nobody() -> None:
    found = campaign(replace(full(10), taken_at=DAY))
    assert found.today.plan.applicable
    left = {each.user: [why.id for why in each.problems] for each in found.overdue}
    assert left == {"full": ["quota"], "keys": ["keys-in-use"]}
    assert "plain" in due_today(found)["enforce"]


def replacing(start: Snapshot) -> Campaign:
    text = f"{GOAL.format(enforce='on-date')}replaces: [{OTHER}]\n"
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    return campaign_of(goal, start, ADMIN)


def of_denied(found: Campaign) -> list[tuple[type, str]]:
    changes = [each for each in found.today.plan.changes if each.person == "denied"]
    return [(type(each), getattr(each, "arn", "")) for each in changes]


def test_who_is_denied_by_another_policy_is_moved_over_on_the_day() -> None:
    """Until then they keep it: taking it away would leave them without enforcement."""
    assert of_denied(replacing(people(OPEN))) == []
    assert stages(replacing(people(OPEN)))["denied"] == CampaignStage.ENFORCED
    moved = of_denied(replacing(people(DAY)))
    assert moved == [(AttachUserPolicy, ENFORCEMENT), (DetachUserPolicy, OTHER)]


def test_a_policy_that_only_has_the_name_counts_for_nothing() -> None:
    start = people(OPEN)
    policies = {**start.policies, OTHER: managed(OTHER, enrolment_policy())}
    found = replacing(replace(start, policies=policies))
    assert stages(found)["denied"] == CampaignStage.NOT_STARTED
    assert of_denied(found) == [(AttachUserPolicy, ENROLMENT)]


def test_who_is_full_keeps_what_is_to_be_replaced() -> None:
    """Swapped at once, they would be without enforcement in between."""
    start, arns = full(9), tuple(f"{OTHER}{at}" for at in range(9))
    found = replacing(
        replace(with_user(start, staff("denied", attached=(OTHER, *arns))), taken_at=DAY)
    )
    assert of_denied(found) == []
    assert {each.user: each.problems[0].id for each in found.left_out} == {"denied": "quota"}


def test_who_is_renamed_is_meant_as_before_and_who_has_left_is_no_fault(tmp_path: Path) -> None:
    """By id: a name that somebody else has now means whoever has it."""
    text = GOAL.format(enforce="on-date").replace("{path: /staff/}", "{user: plain}, {user: ready}")
    text += "except: [{user: keys}]\naccept: [{id: keys-in-use, user: keys, why: known}]\n"
    folder = StateFolder(OpenFolder(tmp_path, ""))
    start = people(OPEN)
    folder.record_users(start)
    for each in ("plain", "keys", "glass", "scanner"):
        start = renamed(start, each, f"{each}.new")
    start = replace(start, users=tuple(each for each in start.users if each.name != "ready"))
    known = folder.users(start)
    former = known.former_names(start)
    assert former == {
        "plain": "plain.new",
        "keys": "keys.new",
        "glass": "glass.new",
        "scanner": "scanner.new",
        "ready": None,
    }
    exceptions = load_exceptions(EXCEPTIONS).following(former)
    exceptions.check(start)
    shape = yaml_shape(text, "goal.yaml")
    goal = goal_of(shape, "goal.yaml", start, exceptions, GoalInputs(former=former))
    assert goal.waves[0].users == ("plain.new",)
    assert goal.break_glass == ("glass.new",)
    assert goal.accepted == {"keys-in-use:keys.new": "known"}
    assert [each.user for each in goal.exceptions] == ["scanner.new"]
    notes = {each.id: each.names for each in campaign_of(goal, start, ADMIN).notes}
    assert notes["user-gone"] == ("ready",)
    assert {*notes["user-renamed"]} == {f"{each} → {each}.new" for each in former if former[each]}
    assert "selector-unmatched" not in notes
    # somebody else has the name by now, and is meant
    other = with_user(start, replace(start.user_named["denied"], name="plain", id="AIDAOTHER"))
    assert "plain" not in known.former_names(other)
    # a name that nobody has ever had is a fault
    with pytest.raises(FaultyInput, match="there is no user `plain`"):
        goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, exceptions)


def renamed(start: Snapshot, old: str, new: str) -> Snapshot:
    users = (replace(each, name=new) if each.name == old else each for each in start.users)
    return replace(start, users=tuple(users))
