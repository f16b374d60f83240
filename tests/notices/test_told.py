"""Who was told on which day, by a ledger."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from notices.reminded import NOW, entry, person
from sekisho.notices.reminders import NoticeEvent, Reminder, ReminderStep, Told, wave_topic

DAY = date(2026, 12, 8)
WAVE = wave_topic("one")


def reminder(step: ReminderStep = ReminderStep.WEEK, user: str = "aki") -> Reminder:
    return Reminder(person(user, day=DAY, wave="one"), step, 7)


def test_delivered_is_what_is_done_on_its_first_day_and_for_its_wave_and_day_alone() -> None:
    later = NOW + timedelta(days=2)
    told = Told.of(
        [
            entry(reminder(), NoticeEvent.BEGUN),
            entry(reminder(), NoticeEvent.DONE),
            entry(reminder(ReminderStep.EVE), NoticeEvent.DONE, later),
            # what is in doubt, and what failed, was not delivered
            entry(reminder(user="ben"), NoticeEvent.BEGUN),
            entry(reminder(user="chi"), NoticeEvent.FAILED),
        ],
        UTC,
    )
    assert told.told_on("aki", WAVE, DAY) == NOW.date()
    assert told.told_on("aki", WAVE, DAY + timedelta(days=1)) is None
    assert told.told_on("aki", wave_topic("two"), DAY) is None
    assert [told.told_on(name, WAVE, DAY) for name in ("ben", "chi")] == [None, None]


def test_a_day_is_one_of_the_time_zone() -> None:
    late = NOW.replace(hour=20)
    told = Told.of([entry(reminder(), NoticeEvent.DONE, late)], ZoneInfo("Asia/Tokyo"))
    assert told.told_on("aki", WAVE, DAY) == NOW.date() + timedelta(days=1)
