"""The two languages that sekisho speaks, a text that exists in both, and what of one is shown.

A sentence for people is written once, in the room that knows what it means, as a `Text`; it is
chosen at the edge (`cli`, `story`), never in between. Machine formats keep English keys.
"""

import locale
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

__all__ = ["Language", "Text", "listed", "printable"]

_MEET = re.compile(r"[ぁ-ゖァ-ヺー一-鿿][A-Za-z0-9]|[A-Za-z0-9][ぁ-ゖァ-ヺ一-鿿]")
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


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    en: str
    ja: str

    def into(self, language: Language) -> str:
        """Return the sentence in `language`."""
        match language:
            case Language.EN:
                return self.en
            case Language.JA:
                return self.ja

    def filled(self, **values: object) -> "Text":
        """Return the text with its `{name}` places filled in both languages.

        A value that is a text itself fills each language with its own. In Japanese a space comes
        between a place and what stands beside it where one ends or begins with a Latin word.
        """
        en = {name: each.en if isinstance(each, Text) else each for name, each in values.items()}
        ja = {name: each.ja if isinstance(each, Text) else each for name, each in values.items()}
        return Text(self.en.format(**en), _spaced(self.ja, ja))


def listed(texts: Iterable[Text]) -> Text:
    """Return texts one after the other, as each language lists them."""
    several = tuple(texts)
    return Text(", ".join(each.en for each in several), "、".join(each.ja for each in several))


def _spaced(template: str, values: Mapping[str, object]) -> str:
    """Fill a template, with a space where Japanese and a Latin word meet at a filled place."""
    formatter, text = Formatter(), ""
    for literal, name, spec, _ in formatter.parse(template):
        pieces = [literal]
        if name is not None:
            pieces.append(formatter.format_field(values[name], spec or ""))
        for piece in filter(None, pieces):
            text += f" {piece}" if _MEET.fullmatch(text[-1:] + piece[0]) else piece
    return text


def printable(text: str) -> str:
    """Return one line with nothing in it that a terminal would obey: that is spelled out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
