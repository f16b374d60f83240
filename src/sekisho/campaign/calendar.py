"""What the coming days of a campaign bring. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum

from sekisho.campaign.stages import CampaignPerson, CampaignStage
from sekisho.lazy import dataclass
from sekisho.rollout import Goal

DAYS = 14
"""How many days a calendar looks ahead."""


class DayEventKind(StrEnum):
    """What happens on a day."""

    ENROLMENT_OPENS = "enrolment-opens"
    ENFORCEMENT = "enforcement"
    EXCEPTION_ENDS = "exception-ends"
    PASSWORD_DELETED = "password-deleted"  # noqa: S105 - what happens, not a secret
    KEY_WARNED = "key-warned"
    KEY_INACTIVE = "key-inactive"
    KEY_DELETED = "key-deleted"


@dataclass(frozen=True, slots=True)
class DayEvent:
    """What happens on a day to some people.

    Attributes:
        about: the wave, or the user of an exception; "" for what has neither.
        users: whom it concerns: those of the wave who are not enforced yet.
    """

    day: date
    kind: DayEventKind
    about: str
    users: tuple[str, ...]


def calendar_of(
    goal: Goal,
    people: tuple[CampaignPerson, ...],
    today: date,
    others: Iterable[DayEvent] = (),
) -> tuple[DayEvent, ...]:
    """Return the events of today and of the coming days, in order; `others` among them.

    What concerns nobody any more, such as the day of a wave that is enforced already, is no event.
    An exception ends after its last day.
    """
    last = today + timedelta(days=DAYS)
    every = (*_events(goal, people), *others)
    found = (each for each in every if today <= each.day <= last and each.users)
    return tuple(sorted(found, key=lambda event: (event.day, event.kind, event.about)))


_WAITING = (CampaignStage.NOT_STARTED, CampaignStage.ENROLMENT_OPEN, CampaignStage.UNKNOWN)


def _events(goal: Goal, people: tuple[CampaignPerson, ...]) -> Iterator[DayEvent]:
    for wave in goal.waves:
        waiting = [each for each in people if each.wave == wave.name and each.stage in _WAITING]
        if wave.enrol_from is not None:
            names = tuple(each.user for each in waiting)
            yield DayEvent(wave.enrol_from, DayEventKind.ENROLMENT_OPENS, wave.name, names)
        # newcomers have days of their own
        days = {wave.starts, *(each.enforced_from for each in waiting)}
        for day in filter(None, days):
            names = tuple(each.user for each in waiting if each.enforced_from == day)
            yield DayEvent(day, DayEventKind.ENFORCEMENT, wave.name, names)
    for each in people:
        if each.until is not None:
            yield DayEvent(each.until, DayEventKind.EXCEPTION_ENDS, each.user, (each.user,))
