"""What a guide is made of: sections of plain blocks, with the console's terms marked in the text.

A text names a button, field or page of the console by `{key}` of the guide's terms; how a term is
set off from the sentence is each renderer's choice. Anything else in braces is a fault.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sekisho.errors import InternalError
from sekisho.messages import Language, Message


@dataclass(frozen=True, slots=True)
class Term:
    """A word that the AWS console prints.

    Attributes:
        text: the word in both languages of the console.
        source: where the Japanese was read.
        may_differ: true if it was not read on a page that quotes the console: marked with a dagger.
    """

    text: Message
    source: str
    may_differ: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A plain paragraph."""

    text: Message


@dataclass(frozen=True, slots=True)
class GuideNote:
    """Something that must not be overlooked."""

    text: Message


@dataclass(frozen=True, slots=True)
class Steps:
    """Things to do, in order, numbered from 1."""

    items: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Text to copy as it stands; `language` is what it is written in: `json`, `shell`, `text`."""

    text: str
    language: str
    label: Message


@dataclass(frozen=True, slots=True)
class GuideTable:
    """A table; cells are texts."""

    label: Message
    header: tuple[Message, ...]
    rows: tuple[tuple[Message, ...], ...]


Block = Paragraph | GuideNote | Steps | CodeBlock | GuideTable


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a guide; `id` is stable and serves as its anchor."""

    id: str
    title: Message
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide in both languages at once.

    Attributes:
        made_with: tool and catalogue versions.
    """

    title: Message
    lead: Message
    sections: tuple[Section, ...]
    terms: Mapping[str, Term]
    made_with: str = field(default="")


_PLACE = re.compile(r"\{([a-z0-9_]+)\}")


def say(
    text: Message,
    guide: Guide,
    language: Language,
    *,
    term: Callable[[str], str],
    plain: Callable[[str], str] = str,
) -> str:
    """Return a text in one language, its console terms set off by `term`, the rest by `plain`.

    Raises:
        InternalError: if the text names a term that the guide does not know.
    """
    parts = _PLACE.split(text.into(language))
    for place in range(1, len(parts), 2):
        known = guide.terms.get(parts[place])
        if known is None:
            raise InternalError(f"a guide that names an unknown console term `{parts[place]}`")
        dagger = "†" if known.may_differ else ""
        parts[place] = term(known.text.into(language)) + dagger
    return "".join(part if index % 2 else plain(part) for index, part in enumerate(parts))
