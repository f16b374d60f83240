"""Notices about old keys and dormant people: before something goes, and once it is gone."""

import json
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.test_losses import GOAL, START, company_of
from rollout.staging import ADMIN
from sekisho.account import Snapshot
from sekisho.audit.exceptions import Exceptions
from sekisho.campaign import Campaign, CampaignInputs, campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.messages import Language
from sekisho.notices import NoticeSetting, notices_of
from sekisho.notices.reminders import (
    ChatForm,
    ChatSetting,
    LedgerEntry,
    NoticeEvent,
    ReminderTopic,
    Told,
    chat_message,
    entry_of,
)
from sekisho.rollout import forecast, goal_of

ABOUT = (ReminderTopic.KEY, ReminderTopic.DORMANT)


class Told90Days:
    """A company whose person does nothing, told by a campaign and its record."""

    def __init__(self, text: str = GOAL) -> None:
        self.account: Snapshot = company_of().snapshot
        self.text = text.format(action="disable-password", by="last-use", accept="")
        self.entries: list[LedgerEntry] = []

    def run(self, day: int, *, reached: bool = True) -> tuple[Campaign, list[str]]:
        """Return the campaign of a day, and what is said of keys and dormant people."""
        snapshot = replace(self.account, taken_at=START + timedelta(days=day))
        goal = goal_of(yaml_shape(self.text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
        known = CampaignInputs(told=Told.of(self.entries, UTC))
        campaign = campaign_of(goal, snapshot, ADMIN, known)
        self.account = forecast(snapshot, campaign.today.plan.changes)
        said = [each for each in campaign.notices if each.step.topic in ABOUT]
        event = NoticeEvent.DONE if reached else NoticeEvent.FAILED
        self.entries += [
            entry_of(each, event, snapshot.taken_at, "campaign", "list")
            for each in campaign.notices
        ]
        return campaign, [each.step.value for each in said]


def test_each_is_said_before_it_happens_and_once_it_has() -> None:
    people = Told90Days()
    said = {day: people.run(day)[1] for day in (79, 80, 81, 89, 90, 91, 96, 97, 98, 99)}
    assert {day: steps for day, steps in said.items() if steps} == {
        80: ["key-old"],
        89: ["key-inactive-tomorrow"],
        90: ["dormant", "key-inactive"],
        96: ["dormant-password-removed-tomorrow", "key-deleted-tomorrow"],
        97: ["dormant-password-removed", "key-deleted"],
    }
    keys = [each.key for each in people.entries]
    assert len(keys) == len({*keys})


def test_what_did_not_arrive_is_said_again_and_nothing_goes_meanwhile() -> None:
    people = Told90Days()
    for day in (80, 90, 100):
        campaign, said = people.run(day, reached=False)
        assert "key-old" in said
        assert not {"password", "keyInactive"} & {*due_today(campaign)}
    assert "key-old" in people.run(101)[1]
    # told on day 101, it goes as many days later as between warning and the act
    assert "keyInactive" not in due_today(people.run(110)[0])
    campaign, said = people.run(111)
    assert "keyInactive" in due_today(campaign)
    assert "key-inactive" in said


@pytest.mark.parametrize("delete", [", delete: 97 days", ""])
def test_a_key_that_was_inactive_before_is_said_once_and_not_early(delete: str) -> None:
    people = Told90Days(GOAL.replace(", delete: 97 days", delete))
    inactive = tuple(
        replace(each, keys=tuple(replace(key, active=False) for key in each.keys))
        for each in people.account.users
    )
    people.account = replace(people.account, users=inactive)
    said = {day: people.run(day)[1] for day in (1, 79, 80, 81, 89, 90, 95)}
    found = {day: steps for day, steps in said.items() if "key-inactive" in steps}
    # it stays as it is where the goal deletes none: there is nothing to hear
    assert found == ({80: ["key-inactive"]} if delete else {})
    assert not any("key-old" in steps for steps in said.values())


@pytest.mark.parametrize("language", Language)
def test_the_texts_name_the_day_and_say_what_cannot_be_restored(language: Language) -> None:
    people = Told90Days()
    text = ""
    for day in (80, 89, 90, 96, 97):
        campaign, _ = people.run(day)
        about = [each for each in campaign.notices if each.step.topic in ABOUT]
        setting = NoticeSetting.of(campaign.snapshot, ZoneInfo("UTC"), "the help desk")
        made = notices_of(
            (each.person for each in about), campaign.today.plan, campaign.snapshot, setting
        )
        text += "".join(each.into(language) for notice in made for each in notice.texts)
        for reminder in about:
            chat = ChatSetting("111122223333", ZoneInfo("UTC"), language)
            message = json.dumps(chat_message([reminder], ChatForm.SLACK, chat))
            assert "kei" in message
            # a chat is read by many: no key is named there
            assert "AKIA" not in message
    assert "AKIAKEI" in text
    assert {Language.EN: "cannot be restored", Language.JA: "元に戻せません"}[language] in text
    assert {Language.EN: "reset", Language.JA: "リセット"}[language] in text
    assert {Language.EN: "1 April 2027", Language.JA: "2027 年 4 月 1 日"}[language] in text
    assert "{" not in text
