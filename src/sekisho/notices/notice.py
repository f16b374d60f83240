"""A notice: what one person reads, in both languages, by what will happen to them.

Its texts are the table `notices`, with facts of the person and words of the console in it. Values
of the account, such as names and tags, go through `plain` once: a name is shown and never obeyed.
Words of the console come from the table `console` and are never typed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from sekisho.account import AccessKey, Snapshot
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, table, verbatim
from sekisho.notices.dates import beginning, day_in_words, ending
from sekisho.notices.devices import DeviceName, DeviceNames
from sekisho.notices.people import NoticeKind, PasswordChange, Person
from sekisho.notices.planned import is_in_second_stage, policies_of_plan
from sekisho.notices.setting import NoticeSetting
from sekisho.rollout import Plan
from sekisho.signin import CharacterClass

DAGGER = "†"
"""Marks a word of the console that may differ on the screen."""


@dataclass(frozen=True, slots=True)
class NoticeTexts:
    """The texts of the table, with the facts of one person in their places."""

    person: Person
    setting: NoticeSetting
    device: DeviceName

    def has(self, kind: NoticeKind) -> bool:
        """Return whether this is one of the things that the person must hear."""
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
            found[name] = _label(console[name]) if name in console else self.value(name)
        return text.filled(**found) if found else text

    def value(self, name: str) -> Message:
        """Return the value of a placeholder of a text."""
        setting, person = self.setting, self.person
        values: Mapping[str, Callable[[], Message]] = {
            "user": lambda: verbatim(setting.plain(person.user)),
            "owner": lambda: verbatim(setting.plain(person.owner)),
            "account": self.account,
            "address": self.address_shown,
            "contact": self.contact,
            "device": lambda: verbatim(setting.plain(self.device.name)),
            "keys": lambda: listed(_key(each, setting) for each in person.keys),
            "day": lambda: _first_day(person.day, person, setting.zone),
            "enrol_day": lambda: _first_day(person.enrol_from, person, setting.zone),
            "last_day": lambda: day_in_words(person.until) if person.until else verbatim(""),
            "until": lambda: ending(person.until, setting.zone) if person.until else verbatim(""),
            "rules": lambda: _rules(setting),
        }
        return values[name]()

    def account(self) -> Message:
        """Return the account as people know it."""
        account, alias = self.setting.account, self.setting.alias
        return verbatim(self.setting.plain(f"{alias} ({account})" if alias else account))

    def address_shown(self) -> Message:
        """Return where they sign in, in words where the address is not known."""
        unknown: Message = table("notices")["facts"]["no_address"]
        return verbatim(self.setting.address) if self.setting.address else unknown

    def contact(self) -> Message:
        """Return the contact."""
        if self.setting.contact:
            return verbatim(self.setting.plain(self.setting.contact))
        text: Message = table("notices")["facts"]["no_contact"]
        return text


def _first_day(day: date | None, person: Person, zone: ZoneInfo) -> Message:
    return beginning(day, zone, person.day_zone) if day else verbatim("")


def _label(entry: Mapping[str, Any]) -> Message:
    """Return a word of the console in quotation marks, marked where it may differ."""
    text: Message = entry["text"]
    dagger = "" if entry["sure"] else DAGGER
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
    used: Message = section["key_used_for" if key.last_service else "key_used"]
    day = day_in_words(key.last_used.astimezone(setting.zone).date())
    return used.filled(id=shown, day=day, service=setting.plain(key.last_service))


def _rules(setting: NoticeSetting) -> Message:
    """Return the account's rules for a new password."""
    words, rules = table("notices")["temporary-password"], setting.password_policy
    text: Message = words["rules" if setting.rules_read else "rules_unread"]
    if not setting.rules_read:
        return text
    if rules is None:
        return text.filled(rules=words["rules_usual"])
    sentences = [words["length"].filled(count=rules.minimum_length)]
    sentences += [words[kind.name.lower()] for kind in CharacterClass if kind in rules.required]
    if rules.reuse_prevention:
        sentences.append(words["reuse"].filled(count=rules.reuse_prevention))
    return text.filled(rules=joined_messages(sentences, en=", ", ja="、"))


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


def notice_of(person: Person, setting: NoticeSetting, device: DeviceName) -> Notice | None:
    """Return the notice of a person; None if there is none to send."""
    if not person.kind.is_notice:
        return None
    words = _Notice(person, setting, device)
    notice = Notice(
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
    if not any(DAGGER in text.en for text in notice.texts):
        return notice
    return replace(notice, closing=(*notice.closing, words.say("closing", "dagger")))


def notices_of(
    people: Iterable[Person], plan: Plan, snapshot: Snapshot, setting: NoticeSetting
) -> Iterator[Notice]:
    """Yield the notice of each of a plan's people for whom there is one."""
    names = DeviceNames(snapshot, policies_of_plan(plan))
    for person in people:
        later = is_in_second_stage(plan, person.devices)
        notice = notice_of(person, setting, names.of(person.user, enrolled=later))
        if notice is not None:
            yield notice


class _Notice(NoticeTexts):
    """What one person reads, part by part."""

    @property
    def name(self) -> str:
        """The key of the gravest kind's texts."""
        return self.person.kind.value

    def subject(self) -> Message:
        """Return the subject of the mail."""
        if self.name == NoticeKind.READY and self.person.lacks_passkey:
            return self.say("ready", "subject_passkey")
        if self.person.kind.of_rule:
            return self.say(self.name, "subject")
        if not self.has(NoticeKind.MACHINE):
            return self.say(self.name, "subject")
        stops = "subject" if self.person.keys else "subject_others"
        exempt = self.has(NoticeKind.EXEMPT_UNTIL)
        return self.say("machine", "subject_exempt" if exempt else stops)

    def greeting(self) -> Message:
        """Return how they are addressed; owners of machines and of exceptions are."""
        if not (self.has(NoticeKind.MACHINE) or self.person.kind.to_owner):
            return self.say("greeting", "person")
        return self.say("greeting", "owner" if self.person.owner else "anybody")

    def lead(self) -> Iterator[Message]:
        """Yield the change and its day."""
        if self.person.kind.of_rule:
            yield self.say(self.name, "text")
            if self.person.day is not None:
                yield self.say(self.name, "day")
        elif self.has(NoticeKind.MACHINE):
            yield self.say("machine", "text")
            yield self._machine_when()
        elif self.has(NoticeKind.EXEMPT_UNTIL):
            yield self.say("exempt-until", "lead")
            later = "text" if self.person.may_enrol_now else "then"
            yield self.say("exempt-until", "enrolled" if self.person.devices else later)
        else:
            yield self.say("when", self.when, "lead")
            yield from self._by_kind()

    def _by_kind(self) -> Iterator[Message]:
        """Yield a paragraph for each thing that a person must hear."""
        if self.person.password is not PasswordChange.NONE:
            yield self._password()
        if self.has(NoticeKind.ENROL):
            yield from (self.say("enrol", each) for each in self._when_to_enrol())
        if self.has(NoticeKind.READY):
            yield self.say("ready", self._ready())
            if self.person.lacks_passkey:
                yield self.say("ready", "passkey" if self._adds_now else "passkey_later")
        if self.has(NoticeKind.KEY_STOPS):
            yield self.say("key-stops", "text")
        if self.has(NoticeKind.PASSKEY_ONLY):
            yield self.say("passkey-only", "text")
        if self.has(NoticeKind.PASSKEY_ONLY) and not self._adds_now:
            yield self.say("enrol", "not_earlier")

    @property
    def _adds_now(self) -> bool:
        """Whether a policy of today lets them add a device."""
        return self.person.may_enrol_now or self.person.enforced

    def _when_to_enrol(self) -> Iterator[str]:
        """Yield which texts say when to set up MFA, and whether it is mandatory from then on."""
        yield self._first_day_to_enrol()
        if self.person.on_enrolment and not self.person.enforced:
            yield "on_enrolment"

    def _first_day_to_enrol(self) -> str:
        """Return which text says when to set up MFA: many may only once the policy is attached."""
        if self.when != "enforced" and not self.person.may_enrol_now:
            opens = self.person.enrol_from
            if opens is not None and opens > self.setting.today:
                return "from_day"
            return "then_day" if self.when == "day" else "then_soon"
        if self.person.password in (PasswordChange.BEFORE, PasswordChange.FIRST):
            return "together"
        return "before" if self.when == "day" else "now"

    def _ready(self) -> str:
        """Return which text says that they have a device, and whether there is more to do."""
        if self.has(NoticeKind.KEY_STOPS) or self.has(NoticeKind.PASSKEY_ONLY):
            return "browser"
        if self.person.lacks_passkey:
            return "another"
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
        """Yield the facts that they need, each with its label."""
        rule = self.person.kind.of_rule
        machine = self.has(NoticeKind.MACHINE) or rule
        facts = table("notices")["facts"]
        yield facts["user"], self.value("user")
        yield facts["account"], self.account()
        if not machine:
            yield facts["address"], self.value("address")
        if self._enrols or self.has(NoticeKind.PASSKEY_ONLY) or self.person.lacks_passkey:
            exact = "device_exact" if self.device.exact else "device_free"
            yield facts["device"], self.say("facts", exact)
        if machine and self.person.keys:
            yield facts["keys"], self.value("keys")
        if self.person.until:
            yield facts["until"], self.value("until")
        elif not rule:
            yield facts["date"], self.day
        yield facts["contact"], self.contact()

    @property
    def _enrols(self) -> bool:
        """Whether they set up a device: now, or before their exception ends."""
        excepted = self.has(NoticeKind.EXEMPT_UNTIL) and not self.has(NoticeKind.MACHINE)
        return self.has(NoticeKind.ENROL) or (excepted and not self.person.devices)

    def sections(self) -> Iterator[NoticeSection]:
        """Yield the steps, part by part."""
        if self.person.kind.of_rule:
            section = self.name, "section"
            yield NoticeSection(self.say(*section, "title"), (), self.steps(*section, "steps"))
            return
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
        if self.has(NoticeKind.READY) and self.person.lacks_passkey:
            yield self._passkey_to_add()
        elif self.has(NoticeKind.READY) and not self.has(NoticeKind.PASSKEY_ONLY):
            section = "ready", "section"
            second = self.say(*section, "second" if self._adds_now else "second_later")
            steps = (*self.steps(*section, "steps"), second)
            yield NoticeSection(self.say(*section, "title"), (), steps)

    def _machine(self) -> NoticeSection:
        section = "machine", "section"
        used = any(each.last_used for each in self.person.keys)
        key = "services" if not self.person.keys else "used" if used else "unused"
        steps = (self.say(*section, key), *self.steps(*section, "steps"))
        return NoticeSection(self.say(*section, "title"), (), steps)

    def _choice(self) -> NoticeSection:
        asked = self.person.lacks_passkey
        if self.person.keys:
            text = "both" if asked else "keys"
        else:
            text = "required" if asked else "console"
        title = self.say("enrol", "choice", "title")
        return NoticeSection(title, (self.say("enrol", "choice", text),))

    def _enrolment(self) -> NoticeSection:
        """Return the steps."""
        section = "enrol", "section"
        password = self.person.password is not PasswordChange.NONE
        steps = (
            *self._phone(),
            *self.steps(*section, "begin"),
            *((self.say("temporary-password", "step"),) if password else ()),
            self.say(*section, "page", "red"),
            *self.steps(*section, "assign"),
            *self._by_device(),
            *self.steps(*section, "end"),
        )
        half = "half_exact" if self.device.exact else "half"
        troubles = [self.say("enrol", "troubles", half)]
        if self._uses_app:
            troubles.append(self.say("enrol", "troubles", "codes"))
        return NoticeSection(self.say(*section, "title"), tuple(troubles), steps)

    @property
    def _uses_app(self) -> bool:
        """Whether an app is one of the devices to choose from."""
        return bool(self.person.keys) or not self.person.lacks_passkey

    def _phone(self) -> tuple[Message, ...]:
        """Return the first step, on the phone."""
        if not self._uses_app:
            return ()
        text = "app" if self.person.keys else "either"
        return (self.say("enrol", "section", "phone", text),)

    def _by_device(self) -> tuple[Message, ...]:
        """Return the steps of the device: passkey first for who has no keys, the app for who has.

        Who is asked for a passkey gets no choice; with keys, both.
        """
        by = "enrol", "section", "by"
        if not self._uses_app:
            return (self.say(*by, "only_passkey"),)
        app = (self.say(*by, "app"), *self.steps("enrol", "section", "codes"))
        if not self.person.keys:
            return (self.say(*by, "passkey"), *app)
        return (*app, self.say(*by, "then_passkey")) if self.person.lacks_passkey else app

    def _passkey_to_add(self) -> NoticeSection:
        """Return how somebody adds a passkey who has another device."""
        section = "enrol", "section"
        steps = (
            *self.steps(*section, "begin"),
            # with the device that they have, nothing is missing
            self.say(*section, "page", "plain"),
            *self.steps(*section, "assign"),
            self.say(*section, "by", "only_passkey"),
        )
        return NoticeSection(self.say("ready", "add", "title"), (), steps)

    def _keys(self) -> Iterator[Message]:
        """Yield the sentences about access keys and similar credentials."""
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
        """Yield the contact, and the secrets that nobody asks for."""
        yield self.say("closing", "ask")
        if not (self.has(NoticeKind.MACHINE) or self.person.kind.to_owner):
            yield self.say("closing", "no_secrets")
