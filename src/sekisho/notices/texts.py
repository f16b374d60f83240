"""The texts of notices: the table `notices`, with facts of a person and words of the console in it.

Values of the account, such as names and tags, go through `plain` once: a name is shown and never
obeyed. Words of the console come from the table `console` and are never typed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from sekisho.account import AccessKey
from sekisho.messages import Message, joined_messages, listed, table, verbatim
from sekisho.notices.dates import beginning, day_in_words, ending
from sekisho.notices.devices import DeviceName
from sekisho.notices.people import NoticeKind, Person
from sekisho.notices.setting import NoticeSetting
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
        """Return what a place of a text stands for."""
        setting, person = self.setting, self.person
        values: Mapping[str, Callable[[], Message]] = {
            "user": lambda: verbatim(setting.plain(person.user)),
            "owner": lambda: verbatim(setting.plain(person.owner)),
            "account": self.account,
            "address": self.address_shown,
            "contact": self.contact,
            "device": lambda: verbatim(setting.plain(self.device.name)),
            "keys": lambda: listed(_key(each, setting) for each in person.keys),
            "day": lambda: beginning(person.day, setting.zone) if person.day else verbatim(""),
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
        """Return whom to ask."""
        if self.setting.contact:
            return verbatim(self.setting.plain(self.setting.contact))
        text: Message = table("notices")["facts"]["no_contact"]
        return text


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
