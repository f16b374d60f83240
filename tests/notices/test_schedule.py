"""Which reminder is due on which day, and for whom.

Reads `sekisho.notices.reminders.schedule` itself, because each day is counted by itself.
"""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.reminded import person
from sekisho.notices import NoticeKind, PasswordChange
from sekisho.notices.reminders import ReminderStep, ReminderTopic, portions, reminders_due
from sekisho.notices.reminders.schedule import days_until, due_step, has_to_act

UTC = ZoneInfo("UTC")
DAY = date(2026, 12, 14)

STEPS = {
    15: None,
    14: ReminderStep.FORTNIGHT,
    13: ReminderStep.FORTNIGHT,
    8: ReminderStep.FORTNIGHT,
    7: ReminderStep.WEEK,
    2: ReminderStep.WEEK,
    1: ReminderStep.EVE,
    0: ReminderStep.DAY,
    -1: ReminderStep.AFTER,
    -300: ReminderStep.AFTER,
}


@pytest.mark.parametrize(("days", "step"), STEPS.items())
def test_the_latest_reminder_whose_day_has_come(days: int, step: ReminderStep | None) -> None:
    assert due_step(days) is step
    found = reminders_due([person(day=DAY, enforced=True)], DAY - timedelta(days=days), UTC)
    assert [each.step for each in found] == ([step] if step else [])


def test_that_a_day_has_passed_waits_until_the_account_shows_it() -> None:
    people = [person("aki", day=DAY), person("ben", day=DAY, enforced=True)]
    # the day itself is announced as what is to come
    on_the_day = reminders_due(people, DAY, UTC)
    assert [(each.person.user, each.in_force) for each in on_the_day] == [
        ("aki", False),
        ("ben", True),
    ]
    assert [len(each) for each in portions(on_the_day, 25)] == [1, 1]
    (after,) = reminders_due(people, DAY + timedelta(days=1), UTC)
    assert (after.person.user, after.in_force) == ("ben", True)
    # whoever is enforced only after a change of password is reminded of that
    first = replace(people[0], password=PasswordChange.FIRST)
    (waits,) = reminders_due([first], DAY + timedelta(days=1), UTC)
    assert (waits.step, waits.in_force) == (ReminderStep.AFTER, False)


def test_a_wave_without_a_day_is_at_once_on_any_day() -> None:
    for today in (DAY, DAY + timedelta(days=400)):
        (found,) = reminders_due([person()], today, UTC)
        assert found.step is ReminderStep.AT_ONCE


def test_steps_come_in_their_order() -> None:
    steps = [step for days in range(20, -3, -1) if (step := due_step(days))]
    order = list(ReminderStep)
    assert all(order.index(a) <= order.index(b) for a, b in pairwise(steps))
    others = {ReminderStep.AT_ONCE, ReminderStep.ENROLMENT, ReminderStep.FROM_TOMORROW}
    # rules have steps of their own
    assert (
        set(steps) == {each for each in ReminderStep if each.topic is ReminderTopic.WAVE} - others
    )


@pytest.mark.parametrize(
    ("zone", "today", "days"),
    [
        ("UTC", DAY, 0),
        # at nine in the morning of the same day
        ("Asia/Tokyo", DAY, 0),
        # in the afternoon of the day before
        ("America/Los_Angeles", DAY, -1),
        ("America/Los_Angeles", DAY - timedelta(days=1), 0),
        ("Pacific/Kiritimati", DAY, 0),
    ],
)
def test_a_day_is_counted_where_people_are(zone: str, today: date, days: int) -> None:
    assert days_until(DAY, today, ZoneInfo(zone)) == days


@pytest.mark.parametrize(
    ("kinds", "more", "expected"),
    [
        ((NoticeKind.ENROL,), {}, True),
        ((NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL), {}, True),
        ((NoticeKind.KEY_STOPS,), {"device": True}, True),
        ((NoticeKind.MACHINE, NoticeKind.KEY_STOPS), {}, True),
        ((NoticeKind.PASSKEY_ONLY,), {"device": True}, True),
        # enrolled and enforced: nothing is left to do
        ((NoticeKind.PASSKEY_ONLY,), {"device": True, "enforced": True}, False),
        # enforced, and still without a device
        ((NoticeKind.ENROL,), {"enforced": True}, True),
        ((NoticeKind.READY,), {"device": True}, False),
        # the goal asks for another kind of device than theirs
        ((NoticeKind.READY,), {"device": True, "lacks_passkey": True}, True),
        ((NoticeKind.READY,), {"device": True, "lacks_passkey": True, "enforced": True}, True),
        ((NoticeKind.EXEMPT_UNTIL,), {"device": True, "lacks_passkey": True}, False),
        ((NoticeKind.STUCK,), {"lacks_passkey": True}, False),
        ((NoticeKind.MACHINE, NoticeKind.EXEMPT_UNTIL), {}, False),
        ((NoticeKind.EXEMPT_UNTIL,), {}, False),
        ((NoticeKind.NOT_KNOWN, NoticeKind.ENROL), {}, False),
        ((NoticeKind.STUCK,), {}, False),
        ((NoticeKind.STUCK, NoticeKind.KEY_STOPS), {}, False),
        ((NoticeKind.NO_NOTICE,), {}, False),
    ],
)
def test_who_has_something_to_do(
    kinds: tuple[NoticeKind, ...], more: dict[str, bool], expected: bool
) -> None:
    assert has_to_act(person("aki", *kinds, **more)) is expected


PEOPLE = [
    person(f"user{number}", day=DAY + timedelta(days=number % 3), wave=f"w{number % 3}")
    for number in range(9)
]


@given(st.permutations(PEOPLE), st.integers(1, 9))
def test_the_order_of_people_counts_nothing(shuffled: list, most: int) -> None:
    due = reminders_due(shuffled, DAY, UTC)
    assert due == reminders_due(PEOPLE, DAY, UTC)
    batches = [*portions(due, most)]
    assert sorted(each.person.user for one in batches for each in one) == sorted(
        each.user for each in PEOPLE
    )
    for batch in batches:
        assert len(batch) <= most
        assert len({(each.person.wave, each.step) for each in batch}) == 1
