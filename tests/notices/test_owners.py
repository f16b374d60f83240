"""Owners of exceptions hear that one ends, and that it has ended, and of nobody else's."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rollout.staging import account, user, with_user
from sekisho.account import Password
from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.messages import Language
from sekisho.notices.reminders import (
    ChatForm,
    ChatSetting,
    ReminderStep,
    chat_message,
    exception_reminders,
)

END = date(2027, 3, 10)
START = with_user(account(), user("aki", password=Password()))


def _exemption(name: str = "aki", kind: ExceptionKind = ExceptionKind.OTHER) -> Exemption:
    return Exemption(name, kind, "on leave", "Nao", "Kim", END, "T-1", force="back then")


def _step(days: int, *entries: Exemption) -> list[str]:
    at = datetime(2027, 3, 10, 12, tzinfo=UTC) - timedelta(days=days)
    due = exception_reminders(entries or (_exemption(),), replace(START, taken_at=at))
    return [f"{each.person.user} {each.step}" for each in due]


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (15, None),
        (14, ReminderStep.EXCEPTION_FORTNIGHT),
        (8, ReminderStep.EXCEPTION_FORTNIGHT),
        (7, ReminderStep.EXCEPTION_WEEK),
        (1, ReminderStep.EXCEPTION_EVE),
        (0, ReminderStep.EXCEPTION_DAY),
        (-1, ReminderStep.EXCEPTION_ENDED),
        (-400, ReminderStep.EXCEPTION_ENDED),
    ],
)
def test_what_is_due(days: int, step: ReminderStep | None) -> None:
    assert _step(days) == ([] if step is None else [f"aki {step}"])


def test_break_glass_users_and_whoever_has_left_are_left_alone() -> None:
    glass = _exemption("glass", ExceptionKind.BREAK_GLASS)
    assert _step(0, glass, _exemption("gone")) == []


@pytest.mark.parametrize("form", ChatForm)
def test_a_chat_says_which_and_whose(form: ChatForm) -> None:
    at = datetime(2027, 3, 9, 12, tzinfo=UTC)
    due = exception_reminders([_exemption()], replace(START, taken_at=at))
    setting = ChatSetting("111122223333", ZoneInfo("UTC"), Language.EN)
    message = str(chat_message(due, form, setting))
    assert "end tomorrow: Wednesday, 10 March 2027" in message
    assert "aki" in message
    assert "owner: Nao" in message
