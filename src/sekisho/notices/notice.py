"""A notice: what one person reads, in both languages, put together from what will happen to them.

The texts are the table `notices` of the messages; words of the console come from the table
`console` and are never typed. Values of the account, such as names and tags, go through `plain`
once: a name is shown and never obeyed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from sekisho.account import AccessKey, Snapshot
from sekisho.catalogue import partitions
from sekisho.messages import Message, joined_messages, listed, printable, table, verbatim
from sekisho.notices.dates import beginning, day_in_words, ending
from sekisho.notices.devices import DeviceName, DeviceNames
from sekisho.notices.people import NoticeKind, PasswordChange, Person, policies_of_plan
from sekisho.rollout import Plan
from sekisho.signin import CharacterClass, PasswordPolicy

_ACCOUNT = re.compile(r"\d{12}")
_ALIAS = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
"""The form of an alias (IAM API Reference, CreateAccountAlias); another is no part of an address.
"""


@dataclass(frozen=True, slots=True)
class NoticeSection:
    """A part of a notice: paragraphs, then steps in order."""

    title: Message
    paragraphs: tuple[Message, ...] = ()
    steps: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person reads.

    Attributes:
        lead: what happens, and when.
        facts: what they need, each with its name.
        closing: whom to ask, and what nobody asks for.
        address: where they sign in; "" if the partition's is not known.
        device: which name they type for a new device.
        day: when it begins, in words.
        contact: whom to ask.
    """

    person: Person
    subject: Message
    greeting: Message
    lead: tuple[Message, ...]
    facts: tuple[tuple[Message, Message], ...]
    sections: tuple[NoticeSection, ...]
    closing: tuple[Message, ...]
    address: str
    device: DeviceName
    day: Message
    contact: Message

    @property
    def texts(self) -> tuple[Message, ...]:
        """Everything that is said, from top to bottom."""
        parts = (
            each
            for section in self.sections
            for each in (section.title, *section.paragraphs, *section.steps)
        )
        facts = (each for fact in self.facts for each in fact)
        return (self.subject, self.greeting, *self.lead, *facts, *parts, *self.closing)


@dataclass(frozen=True, slots=True)
class NoticeSetting:
    """What all notices of an account share.

    Attributes:
        today: the day of the notice, in UTC.
        zone: the time zone that days are said in.
        contact: whom to ask; "" for whoever looks after AWS.
        password_policy: the account's own; None: the default one.
        rules_read: whether that could be read.
        plain: makes a value of the account harmless for the form of the notice.
    """

    account: str
    alias: str
    partition: str
    today: date
    zone: ZoneInfo
    contact: str = ""
    password_policy: PasswordPolicy | None = None
    rules_read: bool = True
    plain: Callable[[str], str] = printable

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        zone: ZoneInfo,
        contact: str = "",
        plain: Callable[[str], str] = printable,
    ) -> "NoticeSetting":
        """Return the setting of an account on the day on which it was read."""
        return cls(
            account=snapshot.account,
            alias=snapshot.alias or "",
            partition=snapshot.partition,
            today=snapshot.taken_at.astimezone(UTC).date(),
            zone=zone,
            contact=contact,
            password_policy=snapshot.password_policy,
            rules_read=snapshot.gap_of("GetAccountPasswordPolicy") is None,
            plain=plain,
        )

    @property
    def address(self) -> str:
        """Where people sign in; "" where that is not known."""
        known = {each.id: each.sign_in for each in partitions()}
        if _ALIAS.fullmatch(self.alias) and not _ACCOUNT.fullmatch(self.alias):
            named = self.alias
        else:
            named = self.account if _ACCOUNT.fullmatch(self.account) else ""
        pattern = known.get(self.partition, "")
        return pattern.format(account=named) if pattern and named else ""


def notice_of(person: Person, setting: NoticeSetting, device: DeviceName) -> Notice | None:
    """Return what a person reads; None if there is nothing that may be said."""
    if not person.kind.is_notice:
        return None
    words = _Words(person, setting, device)
    made = Notice(
        person=person,
        subject=words.subject(),
        greeting=words.greeting(),
        lead=tuple(words.lead()),
        facts=tuple(words.facts()),
        sections=tuple(words.sections()),
        closing=tuple(words.closing()),
        address=setting.address,
        device=device,
        day=words.day,
        contact=words.contact(),
    )
    if not any(_DAGGER in text.en for text in made.texts):
        return made
    return replace(made, closing=(*made.closing, words.say("closing", "dagger")))


def notices_of(
    people: Iterable[Person], plan: Plan, snapshot: Snapshot, setting: NoticeSetting
) -> Iterator[Notice]:
    """Yield the notice of each of a plan's people for whom there is one."""
    names = DeviceNames(snapshot, policies_of_plan(plan))
    for person in people:
        notice = notice_of(person, setting, names.of(person.user, enrolled=bool(person.devices)))
        if notice is not None:
            yield notice


_DAGGER = "†"
"""Marks a word of the console that may differ on the screen."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The texts of one person's notice."""

    person: Person
    setting: NoticeSetting
    device: DeviceName

    def has(self, kind: NoticeKind) -> bool:
        return kind in self.person.kinds

    @property
    def when(self) -> str:
        """Whether it begins on a day, is in force, or begins as soon as somebody applies it."""
        if self.person.enforced:
            return "enforced"
        day = self.person.day
        return "day" if day is not None and day > self.setting.today else "soon"

    @property
    def day(self) -> Message:
        """When it begins, in words."""
        return self.say("when", self.when, "fact")

    def say(self, *keys: str, **values: object) -> Message:
        """Return a text of the table, with its places filled."""
        entry: Any = table("notices")
        for key in keys:
            entry = entry[key]
        return self.filled(entry, **values)

    def steps(self, *keys: str) -> tuple[Message, ...]:
        """Return the texts of a list in the table."""
        entry: Any = table("notices")
        for key in keys:
            entry = entry[key]
        return tuple(self.filled(each) for each in entry)

    def filled(self, text: Message, **values: object) -> Message:
        """Return a text with what it names: facts of the person, and words of the console."""
        wanted = {name for _, name, _, _ in Formatter().parse(text.en) if name} - values.keys()
        console = table("console")
        found: dict[str, object] = dict(values)
        for name in wanted:
            found[name] = _label(console[name]) if name in console else self._value(name)
        return text.filled(**found) if found else text

    def _value(self, name: str) -> Message:
        """Return what a place of a text stands for."""
        setting, person = self.setting, self.person
        values: Mapping[str, Callable[[], Message]] = {
            "user": lambda: verbatim(setting.plain(person.user)),
            "owner": lambda: verbatim(setting.plain(person.owner)),
            "account": self._account,
            "address": self._address,
            "contact": self.contact,
            "device": lambda: verbatim(setting.plain(self.device.name)),
            "keys": lambda: listed(_key(each, setting) for each in person.keys),
            "day": lambda: beginning(person.day, setting.zone) if person.day else verbatim(""),
            "until": lambda: ending(person.until, setting.zone) if person.until else verbatim(""),
            "rules": lambda: _rules(setting),
        }
        return values[name]()

    def _account(self) -> Message:
        account, alias = self.setting.account, self.setting.alias
        return verbatim(self.setting.plain(f"{alias} ({account})" if alias else account))

    def _address(self) -> Message:
        unknown: Message = table("notices")["facts"]["no_address"]
        return verbatim(self.setting.address) if self.setting.address else unknown

    def contact(self) -> Message:
        """Return whom to ask."""
        if self.setting.contact:
            return verbatim(self.setting.plain(self.setting.contact))
        text: Message = table("notices")["facts"]["no_contact"]
        return text

    @property
    def name(self) -> str:
        """The key of the gravest kind's texts."""
        return self.person.kind.value

    def subject(self) -> Message:
        """Return what the mail is about."""
        if not self.has(NoticeKind.MACHINE):
            return self.say(self.name, "subject")
        stops = "subject" if self.person.keys else "subject_others"
        exempt = self.has(NoticeKind.EXEMPT_UNTIL)
        return self.say("machine", "subject_exempt" if exempt else stops)

    def greeting(self) -> Message:
        """Return how they are addressed; a machine's owner is."""
        if not self.has(NoticeKind.MACHINE):
            return self.say("greeting", "person")
        return self.say("greeting", "owner" if self.person.owner else "anybody")

    def lead(self) -> Iterator[Message]:
        """Yield what happens, and when."""
        if self.has(NoticeKind.MACHINE):
            yield self.say("machine", "text")
            yield self._machine_when()
            return
        if self.has(NoticeKind.EXEMPT_UNTIL):
            yield self.say("exempt-until", "lead")
            later = "text" if self.person.may_enrol_now else "then"
            yield self.say("exempt-until", "enrolled" if self.person.devices else later)
            return
        yield self.say("when", self.when, "lead")
        if self.person.password is not PasswordChange.NONE:
            yield self._password()
        if self.has(NoticeKind.ENROL):
            yield self.say("enrol", self._when_to_enrol())
        if self.has(NoticeKind.READY):
            yield self.say("ready", self._ready())
        if self.has(NoticeKind.KEY_STOPS):
            yield self.say("key-stops", "text")
        if self.has(NoticeKind.PASSKEY_ONLY):
            yield self.say("passkey-only", "text")

    def _when_to_enrol(self) -> str:
        """Return which text says when to set up MFA: many may only once the policy is attached."""
        if self.when != "enforced" and not self.person.may_enrol_now:
            return "then_day" if self.when == "day" else "then_soon"
        if self.person.password in (PasswordChange.BEFORE, PasswordChange.FIRST):
            return "together"
        return "before" if self.when == "day" else "now"

    def _ready(self) -> str:
        """Return which text says that they have a device, and whether there is more to do."""
        if self.has(NoticeKind.KEY_STOPS) or self.has(NoticeKind.PASSKEY_ONLY):
            return "browser"
        return "enforced" if self.when == "enforced" else "text"

    def _machine_when(self) -> Message:
        if self.has(NoticeKind.EXEMPT_UNTIL):
            return self.say("machine", "exempt")
        keys = {"day": "stops_day", "soon": "stops_soon", "enforced": "stopped"}
        return self.say("machine", keys[self.when])

    def _password(self) -> Message:
        if self.person.password is PasswordChange.ANY_TIME:
            return self.say("temporary-password", "any_time")
        first = self.person.password is PasswordChange.FIRST
        return self.say("temporary-password", "waits" if first else "before_day")

    def facts(self) -> Iterator[tuple[Message, Message]]:
        """Yield what they need, each with its name."""
        machine = self.has(NoticeKind.MACHINE)
        facts = table("notices")["facts"]
        yield facts["user"], self._value("user")
        yield facts["account"], self._account()
        if not machine:
            yield facts["address"], self._value("address")
        if self._enrols or self.has(NoticeKind.PASSKEY_ONLY):
            exact = "device_exact" if self.device.exact else "device_free"
            yield facts["device"], self.say("facts", exact)
        if machine and self.person.keys:
            yield facts["keys"], self._value("keys")
        if self.person.until:
            yield facts["until"], self._value("until")
        else:
            yield facts["date"], self.day
        yield facts["contact"], self.contact()

    @property
    def _enrols(self) -> bool:
        """Whether they set up a device: now, or before their exception ends."""
        excepted = self.has(NoticeKind.EXEMPT_UNTIL) and not self.has(NoticeKind.MACHINE)
        return self.has(NoticeKind.ENROL) or (excepted and not self.person.devices)

    def sections(self) -> Iterator[NoticeSection]:
        """Yield what to do, part by part."""
        if self.has(NoticeKind.MACHINE):
            yield self._machine()
            return
        if self._enrols:
            yield self._choice()
            yield self._enrolment()
        if self.has(NoticeKind.PASSKEY_ONLY):
            section = "passkey-only", "section"
            yield NoticeSection(self.say(*section, "title"), (), self.steps(*section, "steps"))
        if paragraphs := tuple(self._keys()):
            yield NoticeSection(self.say("key-stops", "section", "title"), paragraphs)
        if self.has(NoticeKind.READY) and not self.has(NoticeKind.PASSKEY_ONLY):
            section = "ready", "section"
            yield NoticeSection(self.say(*section, "title"), (), self.steps(*section, "steps"))

    def _machine(self) -> NoticeSection:
        section = "machine", "section"
        find, *others = self.steps(*section, "steps")
        if not self.person.keys:
            find = self.say(*section, "services")
        return NoticeSection(self.say(*section, "title"), (), (find, *others))

    def _choice(self) -> NoticeSection:
        text = "keys" if self.person.keys else "console"
        title = self.say("enrol", "choice", "title")
        return NoticeSection(title, (self.say("enrol", "choice", text),))

    def _enrolment(self) -> NoticeSection:
        """Return the steps: passkey first for who has no keys, the app for who has."""
        section = "enrol", "section"
        by = (self.say(*section, "by", "app"), *self.steps(*section, "codes"))
        if not self.person.keys:
            by = (self.say(*section, "by", "passkey"), *by)
        password = self.person.password is not PasswordChange.NONE
        phone = "app" if self.person.keys else "either"
        steps = (
            self.say(*section, "phone", phone),
            *self.steps(*section, "begin"),
            *((self.say("temporary-password", "step"),) if password else ()),
            *self.steps(*section, "enter"),
            *by,
            *self.steps(*section, "end"),
        )
        half = "half_exact" if self.device.exact else "half"
        troubles = (self.say("enrol", "troubles", half), self.say("enrol", "troubles", "codes"))
        return NoticeSection(self.say(*section, "title"), troubles, steps)

    def _keys(self) -> Iterator[Message]:
        """Yield what is said of access keys and of what is like them."""
        section = "key-stops", "section"
        if self.has(NoticeKind.KEY_STOPS):
            if self.person.keys:
                yield self.say(*section, "listed")
                if not self.has(NoticeKind.PASSKEY_ONLY):
                    yield self.say(*section, "with_app" if self.person.devices else "command_line")
                yield self.say(*section, "programs")
            if self.person.others:
                yield self.say(*section, "services")
        elif self.person.keys:
            yield self.say(*section, "stopped" if self.person.enforced else "idle")
        if self.person.gaps:
            yield self.say(*section, "not_read")

    def closing(self) -> Iterator[Message]:
        """Yield whom to ask, and what nobody asks for."""
        yield self.say("closing", "ask")
        if not self.has(NoticeKind.MACHINE):
            yield self.say("closing", "no_secrets")


def _label(entry: Mapping[str, Any]) -> Message:
    """Return a word of the console in quotation marks, marked where it may differ."""
    text: Message = entry["text"]
    dagger = "" if entry["sure"] else _DAGGER
    return Message.both(*(mark.format(text=said, dagger=dagger) for mark, said in _quoted(text)))


def _quoted(text: Message) -> tuple[tuple[str, str], ...]:
    marks: Message = table("notices")["labels"]["quoted"]
    return ((marks.en, text.en), (marks.ja, text.ja))


def _key(key: AccessKey, setting: NoticeSetting) -> Message:
    section = table("notices")["key-stops"]["section"]
    shown = setting.plain(key.id)
    if key.last_used is None:
        unused: Message = section["key"]
        return unused.filled(id=shown)
    used: Message = section["key_used"]
    day = day_in_words(key.last_used.astimezone(setting.zone).date())
    return used.filled(id=shown, day=day, service=setting.plain(key.last_service or "?"))


def _rules(setting: NoticeSetting) -> Message:
    """Return what a new password needs, as the account asks for it."""
    words, rules = table("notices")["temporary-password"], setting.password_policy
    text: Message = words["rules" if setting.rules_read else "rules_unread"]
    if not setting.rules_read:
        return text
    if rules is None:
        return text.filled(rules=words["rules_usual"])
    found = [words["length"].filled(count=rules.minimum_length)]
    found += [words[kind.name.lower()] for kind in CharacterClass if kind in rules.required]
    if rules.reuse_prevention:
        found.append(words["reuse"].filled(count=rules.reuse_prevention))
    return text.filled(rules=joined_messages(found, en=", ", ja="、"))
