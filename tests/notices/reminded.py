"""People to remind, made short, and the lines of a ledger about them."""

from datetime import UTC, date, datetime

from sekisho.account import Device
from sekisho.messages import verbatim
from sekisho.notices import NoticeKind, Person
from sekisho.notices.reminders import LedgerEntry, NoticeEvent, Reminder
from sekisho.signin import DeviceKind

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def person(
    user: str = "aki",
    *kinds: NoticeKind,
    day: date | None = None,
    wave: str = "",
    enforced: bool = False,
    owner: str = "",
    device: bool = False,
    lacks_passkey: bool = False,
) -> Person:
    devices = (Device(f"arn:aws:iam::111122223333:mfa/{user}", DeviceKind.VIRTUAL),)
    return Person(
        user,
        kinds or (NoticeKind.ENROL,),
        verbatim("outcome"),
        wave=wave,
        day=day,
        owner=owner,
        devices=devices if device else (),
        enforced=enforced,
        lacks_passkey=lacks_passkey,
    )


def entry(reminder: Reminder, event: NoticeEvent, at: datetime = NOW) -> LedgerEntry:
    who = reminder.person
    return LedgerEntry(at, event, who.user, who.wave, who.day, reminder.step, "plan", "text")
