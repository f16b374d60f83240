"""What a guide is made of: sections of plain blocks, with the console's terms marked in the text.

A text names a button, field or page of the console by `{key}` of the guide's terms; how a term is
set off from the sentence is each renderer's choice. Anything else in braces is a fault.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field

from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, table


@dataclass(frozen=True, slots=True)
class Term:
    """A word that the AWS console prints.

    Attributes:
        text: the word in both languages of the console.
        source: where the Japanese was read.
        may_differ: true if it is not sure to be what the console prints: marked with a dagger.
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
    """Text to copy as it stands.

    Attributes:
        language: what it is written in: `json`, `shell`, `text`.
        label: what it is.
        marked: the indexes of the lines that are set off.
        mark: what there is to know of these; None if there are none.
    """

    text: str
    language: str
    label: Message
    marked: frozenset[int] = frozenset()
    mark: Message | None = None

    @property
    def lines(self) -> tuple[tuple[str, bool], ...]:
        """The lines, each with whether it is set off."""
        lines = self.text.splitlines()
        return tuple((line, index in self.marked) for index, line in enumerate(lines))


@dataclass(frozen=True, slots=True)
class GuideLink:
    """A link to a page on the web, or, with `#` and its id, to a section of the guide."""

    text: Message
    address: Message

    @property
    def section(self) -> str:
        """The id of the section that it leads to; "" if it leads to the web."""
        address = self.address.en
        return address[1:] if address.startswith("#") else ""


@dataclass(frozen=True, slots=True)
class GuideTable:
    """A table; cells are texts."""

    label: Message
    header: tuple[Message, ...]
    rows: tuple[tuple[Message, ...], ...]


Block = Paragraph | GuideNote | Steps | CodeBlock | GuideLink | GuideTable


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


def console_terms() -> Mapping[str, Term]:
    """Return the words that the AWS console prints, by the key that texts name them by."""
    return {
        key: Term(entry["text"], entry["source"], may_differ=not entry["sure"])
        for key, entry in table("console").items()
    }


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
