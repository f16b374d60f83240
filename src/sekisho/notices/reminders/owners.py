"""What the owners of exceptions must hear: that one ends, and that it has ended.

An exception ends by itself: its owner hears of it 14, 7 and 1 days before, on its last day, and
once when it is over. Its last day is one in UTC, as its file has it.
"""

from collections.abc import Iterable
from datetime import UTC, date

from sekisho.account import Snapshot
from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.messages import verbatim
from sekisho.notices.people import NoticeKind, Person
from sekisho.notices.reminders.schedule import Reminder, ReminderStep

_DAYS_BEFORE = {
    ReminderStep.EXCEPTION_FORTNIGHT: 14,
    ReminderStep.EXCEPTION_WEEK: 7,
    ReminderStep.EXCEPTION_EVE: 1,
    ReminderStep.EXCEPTION_DAY: 0,
}
"""How many days before the last day each of them is due."""


def exception_reminders(
    exemptions: Iterable[Exemption], snapshot: Snapshot
) -> tuple[Reminder, ...]:
    """Return the reminders due to owners of exceptions on the day the account was read.

    Break-glass users are left alone, and so are users who have left.
    """
    today = snapshot.taken_at.astimezone(UTC).date()
    due = []
    for each in sorted(exemptions, key=lambda each: (each.expires, each.user)):
        if each.kind is ExceptionKind.BREAK_GLASS or each.user not in snapshot.user_named:
            continue
        days = (each.expires - today).days
        step = _due_step(days)
        if step is not None:
            due.append(Reminder(_owner_of(each, step), step, days))
    return tuple(due)


def _due_step(days: int) -> ReminderStep | None:
    """Return the latest reminder whose day has come; None if none has."""
    if days < 0:
        return ReminderStep.EXCEPTION_ENDED
    come = [step for step, before in _DAYS_BEFORE.items() if days <= before]
    return come[-1] if come else None


def _owner_of(exemption: Exemption, step: ReminderStep) -> Person:
    """Return the user of an exception, as the notice to its owner is about them."""
    ended = step is ReminderStep.EXCEPTION_ENDED
    last: date = exemption.expires
    return Person(
        exemption.user,
        (NoticeKind.EXCEPTION_ENDED if ended else NoticeKind.EXCEPTION_ENDS,),
        verbatim(exemption.why),
        day=last,
        until=last,
        owner=exemption.owner,
    )
