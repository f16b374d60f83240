"""Who was told of what on which day, as a ledger says: what a campaign asks before it acts.

Delivered is what was printed, saved or posted for certain. What may have arrived or not counts as
not delivered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo

from sekisho.notices.reminders.ledger import LedgerEntry, NoticeEvent
from sekisho.notices.reminders.schedule import ReminderStep


@dataclass(frozen=True, slots=True)
class Told:
    """The notices that were delivered.

    Attributes:
        days: on which day each was delivered first, by user, topic and the day that it is about.
    """

    days: Mapping[tuple[str, str, date | None], date] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry], zone: tzinfo) -> "Told":
        """Return what the lines of a ledger say, by the days of a time zone."""
        days: dict[tuple[str, str, date | None], date] = {}
        for entry in entries:
            if entry.event is NoticeEvent.DONE:
                key = entry.user, topic_of(entry.step, entry.wave), entry.starts
                days.setdefault(key, entry.at.astimezone(zone).date())
        return cls(days)

    def told_on(self, user: str, topic: str, day: date | None) -> date | None:
        """Return on which day somebody was told first; None if nothing was delivered.

        Args:
            user: whom it is about.
            topic: what it is about: `wave_topic` of a wave.
            day: the day that it is about, such as that of the wave; None: at once.
        """
        return self.days.get((user, topic, day))


def wave_topic(wave: str) -> str:
    """Return what notices about a wave are about."""
    return topic_of(ReminderStep.DAY, wave)


def topic_of(step: ReminderStep, name: str) -> str:
    """Return what a notice is about: a wave of this name, whatever step of it."""
    del step  # each that there is belongs to a wave
    return f"wave:{name}"
