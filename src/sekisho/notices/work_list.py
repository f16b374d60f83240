"""The work list of an administrator of a roll-out: all users, by wave, in several forms."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, date
from operator import itemgetter
from pathlib import Path

from sekisho.account import AccessKey
from sekisho.audit.findings import DEVICE_KINDS
from sekisho.documents import camel_case
from sekisho.documents.html import html_page
from sekisho.documents.report import Sheet, SheetColumn, sheet_text
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, listed, printable, verbatim
from sekisho.notices.people import NoticeKind, Person

KINDS: Mapping[NoticeKind, Message] = {
    NoticeKind.NOT_KNOWN: Message("not known"),
    NoticeKind.STUCK: Message("would be locked out"),
    NoticeKind.MACHINE: Message("a program (to its owner)"),
    NoticeKind.TEMPORARY_PASSWORD: Message("must change the password first"),
    NoticeKind.KEY_STOPS: Message("keys in use stop"),
    NoticeKind.PASSKEY_ONLY: Message("only a passkey, and access keys"),
    NoticeKind.ENROL: Message("must set up MFA"),
    NoticeKind.EXEMPT_UNTIL: Message("an exception with an end"),
    NoticeKind.READY: Message("ready"),
    NoticeKind.EXCEPTION_ENDS: Message("the exception ends (to its owner)"),
    NoticeKind.EXCEPTION_ENDED: Message("the exception has ended (to its owner)"),
    NoticeKind.KEY_OLD: Message("an access key is old"),
    NoticeKind.KEY_INACTIVE: Message("an access key is inactive"),
    NoticeKind.KEY_DELETED: Message("an access key is deleted"),
    NoticeKind.DORMANT: Message("does not sign in (to the owner)"),
    NoticeKind.PASSWORD_REMOVED: Message("has lost the password (to the owner)"),
    NoticeKind.NO_NOTICE: Message("nothing to say"),
}
"""What each kind is called."""

_COLUMNS = (
    Message("wave", "csv"),
    Message("date", "csv"),
    Message("user", "csv"),
    Message("owner", "csv"),
    Message("kinds", "csv"),
    Message("needs_attention", "csv"),
    Message("outcome", "csv"),
    Message("devices", "csv"),
    Message("enrolled_since", "csv"),
    Message("lacks_passkey", "csv"),
    Message("active_keys", "csv"),
    Message("key_last_used", "csv"),
    Message("key_last_service", "csv"),
    Message("other_credentials", "csv"),
    Message("enforced", "csv"),
    Message("exception_expires", "csv"),
    Message("notified", "csv"),
    Message("not_read", "csv"),
)
_FOREIGN = ("wave", "user", "owner", "outcome", "key_last_service", "not_read", "active_keys")

_TITLE = Message("MFA roll-out: work list of account {account}")
_HEADS = (
    Message("user"),
    Message("owner"),
    Message("what happens"),
    Message("devices"),
    Message("enrolled since"),
    Message("active access keys"),
    Message("told on"),
)
_WAVE = Message("{wave}, from {day} ({zone})")
_AT_ONCE = Message("{wave}, at once")
_EVERYBODY = Message("Everybody")
_NO_WAVE = Message("In no wave")
_UNUSED = Message("{id}: never used")
_USED = Message("{id}: {day}, {service}")
_OTHERS = Message("{count} other {count:credential|credentials}")
_ASKED_FOR_PASSKEY = Message("Needs a passkey or security key, and has none.")
_LOOK = Message("needs attention")
_NONE = Message("none")


@dataclass(frozen=True, slots=True)
class WorkList:
    """Everybody of a roll-out.

    Attributes:
        people: in any order; that of a wave's people stays.
        notified: when each was told last, by user name.
    """

    account: str
    people: tuple[Person, ...]
    notified: Mapping[str, date] = field(default_factory=dict)

    def waves(self) -> Iterator[tuple[Message, tuple[Person, ...]]]:
        """Yield the people of each wave under its name; who needs attention comes first.

        The wave that begins first does, too; at last come those who are in none.
        """
        nowhere = _NO_WAVE if any(each.wave for each in self.people) else _EVERYBODY
        waves: dict[tuple[str, date | None], list[Person]] = {}
        for each in self.people:
            waves.setdefault((each.wave, each.day), []).append(each)
        for wave, day in sorted(waves, key=lambda each: (not each[0], each[1] or date.min)):
            members = waves[wave, day]
            name = verbatim(printable(wave)) if wave else nowhere
            dated = _WAVE.filled(wave=name, day=day, zone=members[0].day_zone)
            title = dated if day else _AT_ONCE.filled(wave=name)
            title = name if name is _NO_WAVE else title
            yield title, tuple(sorted(members, key=lambda each: not each.needs_attention))

    def to_csv(self, *, bom: bool = False, headings: Language = Language.EN) -> str:
        """Return one line for each person; what is in the cells is English and stable."""
        columns = [
            SheetColumn(each, itemgetter(each.english), foreign=each.english in _FOREIGN)
            for each in _COLUMNS
        ]
        sheet = Sheet(columns, map(self._line, self.people))
        return sheet_text(sheet, bom=bom, headings=headings)

    def _line(self, person: Person) -> Mapping[str, str]:
        used = [key for key in person.keys if key.last_used is not None]
        days = [key.last_used.astimezone(UTC).date().isoformat() for key in used if key.last_used]
        return {
            "wave": printable(person.wave),
            "date": _iso(person.day),
            "user": printable(person.user),
            "owner": printable(person.owner),
            "kinds": " ".join(each.value for each in person.kinds),
            "needs_attention": _yes(yes=person.needs_attention),
            "outcome": printable(person.outcome.en),
            "devices": " ".join(each.kind.value for each in person.devices),
            "enrolled_since": _iso(person.enrolled_since),
            "lacks_passkey": _yes(yes=person.lacks_passkey),
            "active_keys": " ".join(printable(key.id) for key in person.keys),
            "key_last_used": " ".join(days),
            "key_last_service": " ".join(printable(key.last_service) for key in used),
            "other_credentials": "unknown" if person.others is None else str(person.others),
            "enforced": _yes(yes=person.enforced),
            "exception_expires": _iso(person.until),
            "notified": _iso(self.notified.get(person.user)),
            "not_read": "; ".join(printable(each.en) for each in person.gaps),
        }

    def to_json(self) -> list[dict[str, object]]:
        """Return everybody with English keys; messages are in both languages."""
        return [
            {
                **{camel_case(key): value for key, value in self._line(person).items()},
                "kinds": [each.value for each in person.kinds],
                "needsAttention": person.needs_attention,
                "enforced": person.enforced,
                "lacksPasskey": person.lacks_passkey,
                "outcome": person.outcome.to_json(),
                "notRead": [each.to_json() for each in person.gaps],
            }
            for person in self.people
        ]

    def to_html(self, lang: Language) -> str:
        """Return a page with one table for each wave; every text in it is escaped."""
        waves = [
            {
                "title": title.into(lang),
                "rows": [
                    {"look": each.needs_attention, "cells": [*self._cells(each, lang)]}
                    for each in members
                ],
            }
            for title, members in self.waves()
        ]
        values = {
            "title": _TITLE.filled(account=self.account).into(lang),
            "headline": headline(self.people).into(lang),
            "heads": [each.into(lang) for each in _HEADS],
            "waves": waves,
            "look": _LOOK.into(lang),
        }
        page = Path(__file__).parent / "page" / "work_list.html.jinja"
        return html_page(page, "table", lang, values)

    def _cells(self, person: Person, lang: Language) -> Iterator[str]:
        """Yield the cells of a person's row."""
        notified = self.notified.get(person.user)
        keys = [_key(key, lang) for key in person.keys]
        if person.others:
            keys.append(_OTHERS.filled(count=person.others).into(lang))
        yield printable(person.user)
        yield printable(person.owner)
        yield printable(_happens(person).into(lang))
        devices = (DEVICE_KINDS[each.kind].into(lang) for each in person.devices)
        yield ", ".join(devices) or _NONE.into(lang)
        yield _iso(person.enrolled_since)
        yield "; ".join(keys) or _NONE.into(lang)
        yield _iso(notified)

    def rows(self, lang: Language) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
        """Yield each wave's title, the headings, and a row of texts for each person."""
        heads = tuple(each.into(lang) for each in _HEADS)
        for title, members in self.waves():
            yield title.into(lang), heads, [tuple(self._cells(each, lang)) for each in members]


_IN_ALL = Message("{count} in all: {kinds}.")
_COUNT = Message("{kind}: {count}")
_NOBODY = Message("Nobody is affected.")


def headline(people: Iterable[Person]) -> Message:
    """Return in one sentence how many there are of each kind, the gravest first."""
    several = tuple(people)
    counts = {kind: sum(each.kind is kind for each in several) for kind in NoticeKind}
    parts = [
        _COUNT.filled(kind=KINDS[kind], count=count) for kind, count in counts.items() if count
    ]
    if not parts:
        return _NOBODY
    return _IN_ALL.filled(count=len(several), kinds=listed(parts))


def _happens(person: Person) -> Message:
    """Return the impact on a user: the kinds, then sentences, without repeating a reason."""
    kinds = listed(KINDS[each] for each in person.kinds)
    asked = [_ASKED_FOR_PASSKEY] if person.lacks_passkey else []
    gaps = [each for each in person.gaps if each.en not in person.outcome.en]
    sentences = joined_messages((person.outcome, *asked, *gaps), en=" ", ja="")
    return verbatim("{kinds}: {sentences}").filled(kinds=kinds, sentences=sentences)


def _key(key: AccessKey, lang: Language) -> str:
    if key.last_used is None:
        return _UNUSED.filled(id=printable(key.id)).into(lang)
    day = key.last_used.astimezone(UTC).date().isoformat()
    service = printable(key.last_service or "?")
    return _USED.filled(id=printable(key.id), day=day, service=service).into(lang)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _yes(*, yes: bool) -> str:
    return "yes" if yes else "no"
