"""Messages for Slack and Teams: right for the day, small enough, and no name is markup."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notices.persons import IDLE
from notices.reminded import person
from sekisho.messages import Language, table
from sekisho.notices import NoticeKind, PasswordChange
from sekisho.notices.reminders import PORTION, ChatForm, ChatSetting, chat_message, reminders_due

UTC = ZoneInfo("UTC")
DAY = date(2026, 12, 14)
HOSTILE = (
    "<!channel> <@U123> @everyone @here <script> {{7*7}} [x](https://e.example) *b* =cmd()\n"
    "\u202e & <at>All</at>"
)


def _message(form: ChatForm, language: Language = Language.EN, days: int = 7, **more: Any) -> Any:
    people = more.pop("people", [person(day=DAY, wave="two", enforced=days <= 0)])
    setting = ChatSetting("111122223333", UTC, language, **more)
    return chat_message(reminders_due(people, DAY - timedelta(days=days), UTC), form, setting)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("form", ChatForm)
@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (14, "in 14 days: Monday, 14 December 2026"),
        (5, "in 5 days"),
        (1, "tomorrow"),
        (0, "from today"),
        (-3, "has passed: Monday, 14 December 2026"),
    ],
)
def test_it_says_when(form: ChatForm, days: int, expected: str) -> None:
    text = " ".join(_texts(_message(form, days=days)))
    assert expected in text
    assert "111122223333" in text
    assert "set up an MFA device" in text


@pytest.mark.parametrize("form", ChatForm)
@pytest.mark.parametrize("language", Language)
def test_what_the_account_does_not_show_is_not_said(form: ChatForm, language: Language) -> None:
    """On the day it is still to come; after a day it is said once it is so."""
    title = table("reminders")["title"]
    for days, key in ((0, "day"), (-3, "after")):
        text = title[key].filled(account="111122223333", day="|").into(language).split("|")[0]
        assert text in " ".join(_texts(_message(form, language, days)))
        waits = [replace(person(day=DAY), password=PasswordChange.FIRST)]
        unsaid = " ".join(_texts(_message(form, language, days, people=waits)))
        assert text not in unsaid
        assert "111122223333" in unsaid
    assert not reminders_due([person(day=DAY)], DAY + timedelta(days=3), UTC)


@pytest.mark.parametrize("form", ChatForm)
def test_a_wave_without_a_day_is_now(form: ChatForm) -> None:
    assert "soon, perhaps today" in " ".join(_texts(_message(form, people=[person()])))


@pytest.mark.parametrize("form", ChatForm)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", [NoticeKind.ENROL, NoticeKind.MACHINE])
def test_names_stand_where_no_markup_is_read(
    form: ChatForm, language: Language, kind: NoticeKind
) -> None:
    people = [person(HOSTILE, kind, day=DAY, wave=HOSTILE, owner=HOSTILE)]
    message = _message(form, language, people=people, contact=HOSTILE)
    text = json.dumps(message, ensure_ascii=False)
    assert "@everyone" not in text
    assert "@here" not in text
    assert "\u202e" not in text
    assert "49" not in text
    for holder in _holders(message):
        if "script" in holder["text"] or "U123" in holder["text"]:
            assert holder["type"] in ("text", "TextRun")


def _holders(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that has a text of its own."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield {"type": "fallback", **value}
        for each in value.values():
            yield from _holders(each)
    elif isinstance(value, list):
        for each in value:
            yield from _holders(each)


def test_what_slack_shows_in_notifications_has_no_name_and_no_markup() -> None:
    found = _message(ChatForm.SLACK, people=[person(HOSTILE, day=DAY, wave="<!channel>")])
    assert "U123" not in found["text"]
    assert "<" not in found["text"]


@pytest.mark.parametrize("form", ChatForm)
def test_the_largest_message_is_small_enough(form: ChatForm) -> None:
    people = [
        person(f"{number:03}{'名' * 300}", NoticeKind.MACHINE, day=DAY, owner="主" * 300)
        for number in range(PORTION)
    ]
    message = _message(form, Language.JA, people=people)
    assert len(json.dumps(message, ensure_ascii=False).encode()) < 28 * 1024
    if form is ChatForm.SLACK:
        assert len(message["blocks"]) <= 50
        assert len(message["blocks"][0]["text"]["text"]) <= 150


def test_what_each_has_to_do() -> None:
    kinds = {
        "ben": (NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL),
        "chi": (NoticeKind.KEY_STOPS, NoticeKind.ENROL),
        "dan": (NoticeKind.MACHINE, NoticeKind.KEY_STOPS),
    }
    people = [person(user, *each, day=DAY, owner="Nao") for user, each in kinds.items()]
    text = "".join(_texts(_message(ChatForm.SLACK, people=people)))
    assert "change the temporary password, set up an MFA device" in text
    assert text.count("set up an MFA device") == 2
    assert "change the temporary password" in text
    assert "(owner: Nao)" in text
    assert text.count("Nao") == 1


def test_who_is_asked_for_a_passkey_is_told_of_that_device() -> None:
    ready = replace(person("ben", NoticeKind.READY, day=DAY, device=True), lacks_passkey=True)
    new = replace(person("chi", day=DAY), lacks_passkey=True)
    cases = (
        (ready, "add a passkey or security key"),
        (replace(ready, may_enrol_now=False), "once MFA is mandatory; it cannot be done earlier"),
        (new, "set up a passkey or security key"),
        (replace(new, may_enrol_now=False), "passkey or security key at the first sign-in"),
        # keys want codes, and so an app: the passkey comes beside it
        (replace(new, keys=(IDLE,)), "set up an MFA device, add a passkey or security key"),
        (
            replace(ready, kinds=(NoticeKind.KEY_STOPS, NoticeKind.READY), keys=(IDLE,)),
            "your own commands, add a passkey or security key",
        ),
    )
    for one, expected in cases:
        assert expected in "".join(_texts(_message(ChatForm.SLACK, people=[one])))
    japanese = "".join(_texts(_message(ChatForm.TEAMS, Language.JA, people=[ready])))
    assert "パスキーまたはセキュリティキーを追加してください" in japanese


def test_in_japanese_each_thing_to_do_is_a_sentence() -> None:
    ben = person("ben", NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL, day=DAY)
    text = "".join(_texts(_message(ChatForm.SLACK, Language.JA, people=[ben])))
    assert "変更してください。MFA デバイスを登録してください" in text


def test_nobody_is_sent_to_do_what_they_may_not() -> None:
    waits = replace(person("ben", day=DAY), may_enrol_now=False)
    text = "".join(_texts(_message(ChatForm.SLACK, people=[waits])))
    assert "it cannot be done earlier" in text
    text = "".join(_texts(_message(ChatForm.SLACK, people=[replace(waits, enforced=True)])))
    assert "it cannot be done earlier" not in text
    hurries = replace(
        person("chi", NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL, day=DAY),
        password=PasswordChange.BEFORE,
    )
    text = "".join(_texts(_message(ChatForm.TEAMS, people=[hurries])))
    assert "before MFA is mandatory" in text
