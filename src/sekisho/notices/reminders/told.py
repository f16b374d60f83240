"""Who was told of what on which day, as a ledger says: what a campaign asks before it acts.

Delivered is what was printed, saved or posted for certain. What may have arrived or not counts as
not delivered. Nobody who has something to do is enforced on a day before which they were not told:
they are told that it begins with the next day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import date, timedelta, tzinfo
from typing import assert_never
from zoneinfo import ZoneInfo

from sekisho.lazy import dataclass
from sekisho.notices.people import PasswordChange, Person
from sekisho.notices.reminders.ledger import LedgerEntry, NoticeEvent, NoticeKey, key_of
from sekisho.notices.reminders.schedule import (
    Reminder,
    ReminderStep,
    ReminderTopic,
    days_of,
    has_to_act,
    reminders_due,
)


@dataclass(frozen=True, slots=True)
class Told:
    """The notices that were delivered.

    Attributes:
        days: on which day each was delivered first, by user, topic and the day that it is about.
        settled: what nobody is told again: it was delivered, or may have been.
        in_doubt: those of which nobody knows whether they were delivered.
        last: on which day each user was told last, and what.
    """

    days: Mapping[tuple[str, str, date | None], date] = field(default_factory=dict)
    settled: frozenset[NoticeKey] = frozenset()
    in_doubt: frozenset[NoticeKey] = frozenset()
    last: Mapping[str, tuple[date, ReminderStep]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry], zone: tzinfo) -> "Told":
        """Return the notices in the lines of a ledger, by the days of a time zone."""
        days: dict[tuple[str, str, date | None], date] = {}
        ended: dict[NoticeKey, NoticeEvent] = {}
        last: dict[str, tuple[date, ReminderStep]] = {}
        for entry in entries:
            ended[entry.key] = entry.event
            if entry.event is NoticeEvent.DONE:
                day = entry.at.astimezone(zone).date()
                days.setdefault((entry.user, topic_of(entry.step, entry.wave), entry.starts), day)
                if entry.step is ReminderStep.KEY_INACTIVE:
                    days.setdefault((entry.user, inactive_topic(entry.wave), entry.starts), day)
                last[entry.user] = day, entry.step
        settled = (key for key, event in ended.items() if event is not NoticeEvent.FAILED)
        doubtful = (key for key, event in ended.items() if event is NoticeEvent.BEGUN)
        return cls(days, frozenset(settled), frozenset(doubtful), last)

    def is_settled(self, reminder: Reminder) -> bool:
        """Tell whether this very notice was delivered, or may have been."""
        return key_of(reminder) in self.settled

    def told_on(self, user: str, topic: str, day: date | None) -> date | None:
        """Return on which day somebody was told first; None if nothing was delivered.

        Args:
            user: whom it is about.
            topic: what it is about: `wave_topic` of a wave.
            day: the day that it is about, such as that of the wave; None: at once.
        """
        return self.days.get((user, topic, day))


def inactive_topic(key_id: str) -> str:
    """Return the topic of the notice that an access key is inactive now."""
    return f"key-inactive:{key_id}"


def wave_topic(wave: str) -> str:
    """Return the topic of notices about a wave."""
    return topic_of(ReminderStep.DAY, wave)


def topic_of(step: ReminderStep, name: str) -> str:
    """Return the topic of a notice, the same for all its steps: a wave, a key or a rule."""
    match step.topic:
        case ReminderTopic.WAVE | ReminderTopic.KEY as topic:
            return f"{topic}:{name}"
        case ReminderTopic.EXCEPTION | ReminderTopic.DORMANT as topic:
            return topic.value
        case _:
            assert_never(step.topic)


def must_hear_first(person: Person, told: Told, today: date) -> bool:
    """Tell whether somebody has to be told before MFA is enforced for them.

    Users who have nothing to do about it have not, nor have users who are enforced already.

    Args:
        person: as the account is now.
        told: what was delivered.
        today: a notice of this day is not early enough.
    """
    if person.enforced or not has_to_act(person):
        return False
    heard = told.told_on(person.user, wave_topic(person.wave), person.day)
    return heard is None or heard >= today


def campaign_reminders(
    people: Iterable[Person],
    today: date,
    zone: ZoneInfo,
    told: Told,
    blocked: frozenset[str] = frozenset(),
) -> tuple[Reminder, ...]:
    """Return the reminders due on a day of a campaign, by its last changes.

    If MFA is not enforced for somebody on their day, they are not told that it is: they are told
    that it begins with the next day, if nobody has told them of theirs.

    Args:
        people: everybody, in the account as it is after that day's changes.
        today: which day it is in the zone.
        zone: whose days are counted.
        told: what was delivered.
        blocked: the users with other problems of it, which others take care of.
    """
    usual, late = [], []
    for person in people:
        days = days_of(person, today, zone)
        waits = person.password is PasswordChange.FIRST
        if days is None or days > 0 or person.enforced or waits:
            usual.append(person)
        elif has_to_act(person) and person.user not in blocked:
            late.append(person)
    moved = (
        Reminder(
            replace(person, day=today + timedelta(days=1), day_zone=zone.key),
            ReminderStep.FROM_TOMORROW,
            1,
            own_day=person.day,
        )
        for person in sorted(late, key=lambda each: (each.wave, each.user))
        if told.told_on(person.user, wave_topic(person.wave), person.day) is None
    )
    return (*reminders_due(usual, today, zone), *moved)
