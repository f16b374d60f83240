"""The two languages that sekisho speaks, a text that exists in both, and what of one is shown.

A sentence for people is written once, in the room that knows what it means, as a `Text`; it is
chosen at the edge (`cli`, `story`), never in between. Machine formats keep English keys.
"""

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Language", "Text", "printable"]


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

        A value that is a text itself fills each language with its own.
        """
        en = {name: each.en if isinstance(each, Text) else each for name, each in values.items()}
        ja = {name: each.ja if isinstance(each, Text) else each for name, each in values.items()}
        return Text(self.en.format(**en), self.ja.format(**ja))


def printable(text: str) -> str:
    """Return one line with nothing in it that a terminal would obey: that is spelled out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
