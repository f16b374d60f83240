"""One person of each kind, with all that may be said of them, and names meant to do harm."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sekisho.account import AccessKey, Device
from sekisho.messages import Language, printable, verbatim
from sekisho.notices import (
    DeviceName,
    Notice,
    NoticeContext,
    NoticeForm,
    NoticeKind,
    NoticeSetting,
    PasswordChange,
    Person,
    Templates,
    context_of,
    notice_of,
    plain_in,
)
from sekisho.signin import CharacterClass, DeviceKind, PasswordPolicy

ACCOUNT = "111122223333"
TODAY = date(2026, 11, 28)
WAVE = date(2027, 1, 11)
END = date(2027, 3, 31)
CONTACT = "Yuki Tanaka (yuki@example.com)"
USED = AccessKey("AKIAEXAMPLE0USED", True, None, datetime(2026, 11, 3, tzinfo=UTC), "s3")
IDLE = AccessKey("AKIAEXAMPLE0IDLE", active=True)
PASSKEY = Device(f"arn:aws:iam::{ACCOUNT}:u2f/user/aki/x", DeviceKind.FIDO, "aki")
PHONE = Device(f"arn:aws:iam::{ACCOUNT}:mfa/aki", DeviceKind.VIRTUAL, "aki")
RULES = PasswordPolicy(14, frozenset(CharacterClass), reuse_prevention=5)
GAP = verbatim("not read")

_AKI = Person("aki", (NoticeKind.ENROL,), verbatim("x"), wave="pilot", day=WAVE)
PEOPLE: Mapping[str, Person] = {
    "ready": replace(_AKI, kinds=(NoticeKind.READY,), devices=(PHONE,)),
    "enrol": _AKI,
    "enrol from then on": replace(_AKI, may_enrol_now=False),
    "enrol now": replace(_AKI, day=None, enforced=True),
    "temporary password": replace(
        _AKI,
        kinds=(NoticeKind.TEMPORARY_PASSWORD, NoticeKind.KEY_STOPS, NoticeKind.ENROL),
        password=PasswordChange.ANY_TIME,
        keys=(USED, IDLE),
        others=1,
        gaps=(GAP,),
    ),
    "temporary password, before the day": replace(
        _AKI,
        kinds=(NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL),
        password=PasswordChange.BEFORE,
    ),
    "temporary password, first": replace(
        _AKI,
        kinds=(NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL),
        password=PasswordChange.FIRST,
        day=None,
    ),
    "ready, passkey asked for": replace(
        _AKI, kinds=(NoticeKind.READY,), devices=(PHONE,), lacks_passkey=True
    ),
    "enrol, passkey asked for": replace(_AKI, lacks_passkey=True),
    "enrol, passkey and app": replace(
        _AKI,
        kinds=(NoticeKind.TEMPORARY_PASSWORD, NoticeKind.KEY_STOPS, NoticeKind.ENROL),
        password=PasswordChange.ANY_TIME,
        keys=(USED, IDLE),
        others=1,
        gaps=(GAP,),
        lacks_passkey=True,
    ),
    "ready, another device from then on": replace(
        _AKI, kinds=(NoticeKind.READY,), devices=(PHONE,), may_enrol_now=False
    ),
    "ready, passkey from then on": replace(
        _AKI,
        kinds=(NoticeKind.READY,),
        devices=(PHONE,),
        lacks_passkey=True,
        may_enrol_now=False,
    ),
    "key stops": replace(
        _AKI,
        kinds=(NoticeKind.KEY_STOPS, NoticeKind.READY),
        devices=(PHONE,),
        keys=(USED,),
        others=None,
        gaps=(GAP,),
    ),
    "key stopped": replace(
        _AKI, kinds=(NoticeKind.READY,), devices=(PHONE,), keys=(USED,), enforced=True
    ),
    "passkey only": replace(
        _AKI,
        kinds=(NoticeKind.KEY_STOPS, NoticeKind.PASSKEY_ONLY, NoticeKind.READY),
        devices=(PASSKEY,),
        keys=(USED,),
    ),
    "exception ends": replace(
        _AKI, kinds=(NoticeKind.EXCEPTION_ENDS,), until=END, day=END, owner="ops"
    ),
    "key old": replace(_AKI, kinds=(NoticeKind.KEY_OLD,), keys=(USED,)),
    "key inactive": replace(_AKI, kinds=(NoticeKind.KEY_INACTIVE,), keys=(USED,)),
    "key deleted": replace(_AKI, kinds=(NoticeKind.KEY_DELETED,), keys=(USED,), day=None),
    "dormant": replace(_AKI, kinds=(NoticeKind.DORMANT,), owner="ops"),
    "password removed": replace(_AKI, kinds=(NoticeKind.PASSWORD_REMOVED,), owner="ops", day=None),
    "exception ended": replace(
        _AKI, kinds=(NoticeKind.EXCEPTION_ENDED,), until=END, day=END, owner="ops"
    ),
    "exempt": replace(_AKI, kinds=(NoticeKind.EXEMPT_UNTIL,), until=END),
    "exempt, and not before": replace(
        _AKI, kinds=(NoticeKind.EXEMPT_UNTIL,), until=END, may_enrol_now=False
    ),
    "exempt, with a device": replace(
        _AKI, kinds=(NoticeKind.EXEMPT_UNTIL,), until=END, devices=(PHONE,)
    ),
    "machine": replace(
        _AKI, kinds=(NoticeKind.MACHINE, NoticeKind.KEY_STOPS), keys=(USED, IDLE), owner="bunko"
    ),
    "machine, exempt": replace(
        _AKI, kinds=(NoticeKind.MACHINE, NoticeKind.EXEMPT_UNTIL), keys=(USED,), until=END
    ),
    "machine without keys": replace(
        _AKI, kinds=(NoticeKind.MACHINE, NoticeKind.KEY_STOPS), others=2, enforced=True
    ),
}
"""Everybody who hears something."""


def setting(form: NoticeForm = NoticeForm.TEXT, zone: str = "Asia/Tokyo") -> NoticeSetting:
    """Return the setting of the notices here."""
    return NoticeSetting(
        account=ACCOUNT,
        alias="example-corp",
        partition="aws",
        today=TODAY,
        zone=ZoneInfo(zone),
        contact=CONTACT,
        password_policy=RULES,
        plain=partial(plain_in, form),
    )


def made(person: Person, at: NoticeSetting, *, exact: bool = False) -> Notice:
    """Return the notice of somebody who has one."""
    found = notice_of(person, at, DeviceName(person.user, exact))
    assert found is not None
    return found


OURS = Templates(None, tuple(NoticeForm))


def written(
    person: Person,
    form: NoticeForm,
    language: Language,
    at: NoticeSetting | None = None,
    templates: Templates = OURS,
) -> str:
    """Return a person's notice in a form."""
    where = at or setting(form)
    notice = made(person, where)
    return templates.written(notice, form, context_of(notice, where, language))


def context(person: Person, language: Language, at: NoticeSetting) -> NoticeContext:
    """Return what a template may name of a person's notice."""
    return context_of(made(person, at), at, language)


HOSTILE: tuple[str, ...] = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "{{7*7}}",
    "{% raw %}",
    "two\nlines",
    "\u202egnp.exe",
    "[click](javascript:alert(1))",
    "<!channel> @everyone `rm -rf`",
    "a\x1b[31mred",
    "{user}",
)
"""Names that mean something to whoever obeys them."""


def named(hostile: str) -> Person:
    """Return somebody of whom everything that people have chosen is this name."""
    key = replace(USED, id=hostile, last_service=hostile)
    everything = PEOPLE["temporary password"]
    return replace(everything, user=hostile, owner=hostile, wave=hostile, keys=(key,))


def harmless(value: str) -> str:
    """Return a value as one line without control characters, as all texts show it."""
    return printable(value)
