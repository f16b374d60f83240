"""Who must hear what on which day: from when people can enrol to the day after the wave's day.

Nobody is asked for what they cannot do on that day: where a wave has time to enrol, people are
reminded from its first day on, and once the account shows that they may. A run that was missed is
not made up for: of several reminders that are due, the latest is sent. A wave without a day is
announced once, at once. That a day has passed is said only where the account shows that MFA is
enforced: else the reminder waits. Pure: the day is a parameter.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from sekisho.lazy import dataclass
from sekisho.notices.dates import UTC_NAME, start_of
from sekisho.notices.people import NoticeKind, PasswordChange, Person


class ReminderTopic(StrEnum):
    """What reminders are about: a wave, or a rule of the goal that ends something."""

    WAVE = "wave"
    EXCEPTION = "exception"
    KEY = "key"
    DORMANT = "dormant"


class ReminderStep(StrEnum):
    """One of the times at which a person is reminded, in the order in which they come.

    FROM_TOMORROW: their day has come, and a campaign waits for them to be told.
    """

    AT_ONCE = "at-once"
    ENROLMENT = "enrolment-open"
    FORTNIGHT = "14-days-before"
    WEEK = "7-days-before"
    EVE = "1-day-before"
    DAY = "the-day"
    FROM_TOMORROW = "from-tomorrow"
    AFTER = "after"
    EXCEPTION_FORTNIGHT = "exception-ends-in-14-days"
    EXCEPTION_WEEK = "exception-ends-in-7-days"
    EXCEPTION_EVE = "exception-ends-tomorrow"
    EXCEPTION_DAY = "exception-ends-today"
    EXCEPTION_ENDED = "exception-ended"
    KEY_OLD = "key-old"
    KEY_EVE = "key-inactive-tomorrow"
    KEY_INACTIVE = "key-inactive"
    KEY_DELETE_EVE = "key-deleted-tomorrow"
    KEY_DELETED = "key-deleted"
    DORMANT = "dormant"
    DORMANT_EVE = "dormant-password-removed-tomorrow"
    DORMANT_DONE = "dormant-password-removed"

    @property
    def topic(self) -> ReminderTopic:
        """What it is about."""
        named = self.value.partition("-")[0]
        own = (ReminderTopic.EXCEPTION, ReminderTopic.KEY, ReminderTopic.DORMANT)
        return next((each for each in own if each.value == named), ReminderTopic.WAVE)


_DAYS_BEFORE = {
    ReminderStep.FORTNIGHT: 14,
    ReminderStep.WEEK: 7,
    ReminderStep.EVE: 1,
    ReminderStep.DAY: 0,
}
"""How many days before the wave's day each of them is due; AFTER is due from the day after."""

_OPEN = frozenset(
    {
        NoticeKind.ENROL,
        NoticeKind.TEMPORARY_PASSWORD,
        NoticeKind.KEY_STOPS,
        NoticeKind.PASSKEY_ONLY,
        NoticeKind.MACHINE,
    }
)
"""What somebody still has to do something about."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What one person is to hear now.

    Attributes:
        days: how many days off the wave's day is, below 0 if it has passed; None if it has none.
        own_day: the day of their wave, where the person is told of a later one.
    """

    person: Person
    step: ReminderStep
    days: int | None
    own_day: date | None = None

    @property
    def in_force(self) -> bool:
        """Whether the day has come and the account shows it."""
        return self.person.enforced and self.step in (ReminderStep.DAY, ReminderStep.AFTER)


def days_until(starts: date, today: date, zone: ZoneInfo, day_zone: str = UTC_NAME) -> int:
    """Return how many days off a wave is.

    Args:
        starts: its day in `day_zone`; elsewhere it begins on the day that it is then.
        today: which day it is in the zone.
        zone: whose days are counted.
        day_zone: the zone of `starts`.
    """
    return (start_of(starts, day_zone).astimezone(zone).date() - today).days


def due_step(days: int | None, *, enrolment_open: bool = False) -> ReminderStep | None:
    """Return the latest reminder whose day has come; None if none has.

    Args:
        days: how many days off the wave is; None: it has no day, and is at once.
        enrolment_open: whether the time to enrol has begun.
    """
    if days is None:
        return ReminderStep.AT_ONCE
    if days < 0:
        return ReminderStep.AFTER
    come = [step for step, before in _DAYS_BEFORE.items() if days <= before]
    if come:
        return come[-1]
    return ReminderStep.ENROLMENT if enrolment_open else None


def has_to_act(person: Person) -> bool:
    """Tell whether somebody has something to do about it.

    A user who is enrolled and enforced has done it, even if keys stop, unless the goal asks for a
    passkey or security key and they have another device. Nobody with an exception has to act.
    Users who get no notice, because they are locked out or their impact is not known,
    gets no reminder either.
    """
    if not person.kind.is_notice or NoticeKind.EXEMPT_UNTIL in person.kinds:
        return False
    if person.lacks_passkey:
        return True
    return bool(_OPEN & {*person.kinds}) and not (person.enforced and person.devices)


def reminders_due(people: Iterable[Person], today: date, zone: ZoneInfo) -> tuple[Reminder, ...]:
    """Return the due reminders by day, wave and name: the order of `people` does not matter.

    Args:
        people: everybody.
        today: which day it is in the zone.
        zone: whose days are counted.
    """
    due = []
    for person in people:
        days = days_of(person, today, zone)
        opened = person.enrol_from is not None and (
            _days_until(person, person.enrol_from, today, zone) <= 0
        )
        step = due_step(days, enrolment_open=opened)
        if step is not None and has_to_act(person) and not _waits(person, step):
            due.append(Reminder(person, step, days))
    return tuple(sorted(due, key=_place))


def days_of(person: Person, today: date, zone: ZoneInfo) -> int | None:
    """Return how many days off a person's day is, below 0 if it has passed; None: at once."""
    return None if person.day is None else _days_until(person, person.day, today, zone)


def _days_until(person: Person, day: date, today: date, zone: ZoneInfo) -> int:
    return days_until(day, today, zone, person.day_zone)


def _waits(person: Person, step: ReminderStep) -> bool:
    """Tell whether something would be said that the account does not show.

    That a day has passed, or that people can enrol. A user who must change a password first is
    reminded of that: their MFA enforcement waits for it.
    """
    first = person.password is PasswordChange.FIRST
    enrols = person.enrol_from is not None and not (person.enforced or person.devices)
    if enrols and not person.may_enrol_now:
        return True
    return step is ReminderStep.AFTER and not (person.enforced or first)


def portions(reminders: Iterable[Reminder], most: int) -> Iterator[tuple[Reminder, ...]]:
    """Yield the reminders that say the same of one wave together, and of these so many at most."""
    for _, together in groupby(sorted(reminders, key=_place), key=lambda each: _place(each)[:-1]):
        several = tuple(together)
        for first in range(0, len(several), most):
            yield several[first : first + most]


def _place(reminder: Reminder) -> tuple[date, str, str, bool, str]:
    person = reminder.person
    # the names of keys divide nobody
    wave = person.wave if reminder.step.topic is ReminderTopic.WAVE else ""
    return person.day or date.min, wave, reminder.step, reminder.in_force, person.user
