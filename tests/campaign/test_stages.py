"""The stages of people on one day: one person is left and named, and does not stop the others."""

from dataclasses import replace

from rollout.staging import ADMIN
from rollout.test_enrolment import DAY, EXCEPTIONS, GOAL, LATER, OPEN, people, planned
from sekisho.account import Snapshot
from sekisho.audit.exceptions import load_exceptions
from sekisho.campaign import Campaign, CampaignStage, campaign_of, campaign_to_json, due_today
from sekisho.documents import yaml_shape
from sekisho.rollout import forecast, goal_of


def campaign(start: Snapshot) -> Campaign:
    text = GOAL.format(enforce="on-date")
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    return campaign_of(goal, start, ADMIN)


def stages(found: Campaign) -> dict[str, str]:
    return {each.user: each.stage.value for each in found.people}


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


def test_one_person_is_left_and_named_and_the_others_are_enforced() -> None:
    start = forecast(people(OPEN), planned(people(OPEN)).changes)
    found = campaign(replace(start, taken_at=DAY))
    assert found.today.plan.applicable
    (left,) = found.overdue
    assert (left.user, [each.id for each in left.obstacles]) == ("keys", ["keys-in-use"])
    due = due_today(found)["enforce"]
    assert {*due} == {"denied", "passkey", "plain", "ready", "temporary"}
    after = campaign(forecast(found.snapshot, found.today.plan.changes))
    # AWS shows the text of IAMUserChangePassword once it is attached; this snapshot lacks it
    assert stages(after)["temporary"] == CampaignStage.UNKNOWN
    assert {each.user for each in after.enforced} == {*due} - {"temporary"}
    assert [each["user"] for each in campaign_to_json(after)["people"] if each["overdue"]] == [  # type: ignore[attr-defined]  # a list
        "keys"
    ]
    assert stages(after)["keys"] == CampaignStage.ENROLMENT_OPEN
