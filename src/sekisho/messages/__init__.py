"""What is said to people, in English and Japanese.

A short sentence stands in the code in English, as a `Message`; its Japanese is in
`ja/LC_MESSAGES/sekisho.po`, looked up with gettext when it is shown and not before. A message is
made by the package that knows what it means and is shown at the edge (`cli`, `tour`), never in
between. Machine formats keep English keys. See docs/decisions/0011.
"""

import gettext
import locale
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from sekisho.messages.cells import cell_width, cut_at, hanging, padded, wrapped
from sekisho.messages.site import IdKind, address_of

__all__ = [
    "IdKind",
    "Language",
    "Message",
    "address_of",
    "as_typed",
    "cell_width",
    "cut_at",
    "duration_text",
    "hanging",
    "joined_messages",
    "listed",
    "padded",
    "part_of_table",
    "printable",
    "table",
    "type_as",
    "verbatim",
    "wrapped",
]

CATALOGUES = Path(__file__).parent
"""The folder of the catalogues: `LANGUAGE/LC_MESSAGES/sekisho.po`, and `.mo` made from it."""

_MEET = r"[ぁ-ゖァ-ヺー一-鿿][A-Za-z0-9(]|[A-Za-z0-9)][ぁ-ゖァ-ヺ一-鿿]"
"""Where AWS's Japanese has a half-width space."""


class Language(StrEnum):
    """A language of the interface, by its ISO 639-1 code."""

    EN = "en"
    JA = "ja"

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] = os.environ) -> "Language":
        """Return the language of the user's locale: Japanese if it says so, otherwise English."""
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            if value := environ.get(name):
                return cls.JA if value.lower().startswith("ja") else cls.EN
        return cls.JA if (locale.getlocale()[0] or "").lower().startswith("ja") else cls.EN


class _Numbered(Formatter):
    """Fills the places of an English text; `{count:change is|changes are}` is by the count."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, several, many = format_spec.partition("|")
        if several:
            return one if str(value) == "1" else many
        return format(value, format_spec)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One sentence for people; two are equal if they say the same in every language.

    Attributes:
        english: the English text, which is also the key of its translation; with `{name}` places,
            and `{count:day|days}` for what is said of one and of any other number.
        context: what tells apart two messages that are alike in English and not in Japanese.
        japanese: the Japanese text where a table or a file brings both; None: it is looked up.
        values: what the places are filled with; None: the text has no places.
    """

    english: str
    context: str = ""
    japanese: str | None = None
    values: tuple[tuple[str, object], ...] | None = None
    _en: str | None = field(default=None, init=False, repr=False)

    def __str__(self) -> str:
        return self.en

    @classmethod
    def both(cls, en: str, ja: str) -> "Message":
        """Return a message whose two texts come from a table or a file."""
        return cls(en, japanese=ja)

    @classmethod
    def of_json(cls, value: Mapping[str, str]) -> "Message":
        """Return the message of which `to_json` made `value`."""
        return cls.both(value["en"], value["ja"])

    def to_json(self) -> dict[str, str]:
        """Return the message in every language, by its code."""
        return {language.value: self._text(language) for language in Language}

    @property
    def en(self) -> str:
        """The message in English, put together once: it is also what hashes and sorts."""
        if self._en is None:
            object.__setattr__(self, "_en", self._text(Language.EN))
        return self._en or ""

    @property
    def ja(self) -> str:
        """The message in Japanese."""
        return self._text(Language.JA)

    def into(self, language: Language) -> str:
        """Return the message in `language` for a person: the commands in it are `as_typed`."""
        text = self._text(language)
        return as_typed(text) if _TYPED else text

    def _text(self, language: Language) -> str:
        """Return the message in `language`, with its places filled.

        A value that is a message itself is shown in the same language. In Japanese a space comes
        between a place and what stands beside it where one ends or begins with a Latin word.
        """
        template = self._template(language)
        if self.values is None:
            return template
        values = {
            name: each._text(language) if isinstance(each, Message) else each
            for name, each in self.values
        }
        match language:
            case Language.EN if "|" in template:
                return _Numbered().vformat(template, (), values)
            case Language.EN:
                return template.format(**values)
            case Language.JA:
                return _spaced(template, values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        # what is made of the same parts need not be put together to be compared
        return self is other or self._parts() == other._parts() or self._says(other)

    def __hash__(self) -> int:
        return hash(self.en)

    def _parts(self) -> tuple[object, ...]:
        # of what class a value is counts: 1 equals True and is not shown alike
        typed = tuple((name, type(each), each) for name, each in self.values or ())
        return self.english, self.context, self.japanese, self.values is None, typed

    def _says(self, other: "Message") -> bool:
        return all(self._text(each) == other._text(each) for each in Language)

    def filled(self, **values: object) -> "Message":
        """Return the message with values for its `{name}` places."""
        return Message(self.english, self.context, self.japanese, tuple(values.items()))

    def _template(self, language: Language) -> str:
        match language:
            case Language.EN:
                return self.english
            case Language.JA if self.japanese is not None:
                return self.japanese
            case Language.JA if self.context:
                return _catalogue(language).pgettext(self.context, self.english)
            case Language.JA:
                return _catalogue(language).gettext(self.english)


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    """Return the translations into a language, loaded once.

    Raises:
        FileNotFoundError: if they have not been compiled; `start.py` and every build do it.
    """
    return gettext.translation("sekisho", CATALOGUES, languages=[language.value])


@cache
def table(name: str) -> Mapping[str, Any]:
    """Return the table `NAME.toml` of this package: what is a table or a long text; loaded once.

    Wherever the file has just `en` and `ja`, there is a `Message`.
    """
    import tomllib  # noqa: PLC0415 - most commands show no table

    text = (CATALOGUES / f"{name}.toml").read_text(encoding="utf-8")
    return {key: _with_messages(value) for key, value in tomllib.loads(text).items()}


@cache
def part_of_table(name: str, part: str) -> Mapping[str, Any]:
    """Return what stands under the heading `[part]` of a table, without reading the others.

    All of a long table takes longer to read than most commands take for all else. Only a heading
    begins a line with a bracket.
    """
    import tomllib  # noqa: PLC0415 - as above

    for section in _sections(name):
        if section.startswith(f"{part}]\n"):
            return dict(_with_messages(tomllib.loads(section.partition("\n")[2])))
    raise KeyError(part)


@cache
def _sections(name: str) -> list[str]:
    return (CATALOGUES / f"{name}.toml").read_text(encoding="utf-8").split("\n[")


def _with_messages(value: Any) -> Any:
    """Return a value of a table with its pairs of texts as messages."""
    if isinstance(value, list):
        return [_with_messages(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {language.value for language in Language}:
        return Message.both(value["en"], value["ja"])
    return {key: _with_messages(each) for key, each in value.items()}


def verbatim(text: str) -> Message:
    """Return what is the same in every language: a name, a value, what AWS answered."""
    return Message.both(text, text)


def listed(messages: Iterable[Message]) -> Message:
    """Return messages one after the other, as each language lists them."""
    return joined_messages(messages, en=", ", ja="、")


def joined_messages(messages: Iterable[Message], *, en: str, ja: str) -> Message:
    """Return messages one after the other, with what each language puts between them.

    They are put together when the message is shown: most reasons never are.
    """
    several = tuple(messages)
    return several[0] if len(several) == 1 else _Joined("", messages=several, between=(en, ja))


@dataclass(frozen=True, slots=True, eq=False)
class _Joined(Message):
    """Messages to be shown one after the other, with what each language puts between them."""

    messages: tuple[Message, ...] = ()
    between: tuple[str, str] = ("", "")

    def _text(self, language: Language) -> str:
        en, ja = self.between
        match language:
            case Language.EN:
                return en.join([each._text(language) for each in self.messages])
            case Language.JA:
                return ja.join([each._text(language) for each in self.messages])

    def filled(self, **values: object) -> Message:
        """Return them with values for the places that they have."""
        return joined_messages(
            (each.filled(**values) for each in self.messages),
            en=self.between[0],
            ja=self.between[1],
        )

    def _parts(self) -> tuple[object, ...]:
        return self.between, self.messages


_UNITS = (
    (86_400, Message("{count} {count:day|days}")),
    (3_600, Message("{count} h")),
    (60, Message("{count} min")),
    (1, Message("{count} s")),
)


def duration_text(duration: timedelta) -> Message:
    """Return how long something is in its two largest units, like "2 days 3 h"."""
    parts: list[Message] = []
    left = int(duration.total_seconds())
    for seconds, text in _UNITS:
        count, left = divmod(left, seconds)
        if count or (seconds == 1 and not parts):
            parts.append(text.filled(count=count))
    return joined_messages(parts[:2], en=" ", ja=" ")


def type_as(program: str, commands: Iterable[str]) -> None:
    """Let commands be shown as they are typed where sekisho was started by another program.

    Args:
        program: what is typed in place of `sekisho`; "": nothing else.
        commands: the names of all commands; before other words `sekisho` is a name.
    """
    _TYPED.clear()
    if program:
        names = "|".join(map(re.escape, commands))
        pattern = re.compile(rf"(?<![\w./-])sekisho (?=(?:{names})(?![\w-])|-|\[)")
        _TYPED[pattern] = program.replace("\\", r"\\") + " "


def as_typed(text: str) -> str:
    """Return a text with the commands in it as they are to be typed: see `type_as`."""
    for pattern, typed in _TYPED.items():
        text = pattern.sub(typed, text)
    return text


_TYPED: dict[re.Pattern[str], str] = {}
"""What is typed in place of the name of the program, if anything is, by where that is."""


def _spaced(template: str, values: Mapping[str, object]) -> str:
    """Fill a template, with a space where Japanese and a Latin word meet at a filled place.

    A value in backticks is like a word; the backticks of the template are round a value.
    """
    formatter, text, before = Formatter(), "", ""
    for literal, name, spec, _ in formatter.parse(template):
        pieces = [(literal, literal.replace("`", " "))]
        if name is not None:
            value = formatter.format_field(values[name], spec or "")
            pieces.append((value, value.replace("`", "a")))
        for piece, seen in pieces:
            if piece:
                text += f" {piece}" if re.fullmatch(_MEET, before[-1:] + seen[0]) else piece
                before = seen
    return text


def printable(text: str) -> str:
    """Return one line with nothing in it that a terminal would obey: that is spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
