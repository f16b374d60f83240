"""A guide as plain text, as Markdown, and as one self-contained HTML page."""

import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from markupsafe import Markup

from sekisho.documents.html import html_page, ticked
from sekisho.messages import Language, Message, cell_width, table
from sekisho.tour.guide.model import (
    Block,
    CodeBlock,
    Guide,
    GuideLink,
    GuideNote,
    GuideTable,
    Paragraph,
    Steps,
    say,
)

WIDTH = 92
"""The columns of the plain text."""

_BRACKETED = re.compile(" ?\0([^\0]*)\0(†?) ?")

_SECTION = Message("section {number}, {title}")

Speak = Callable[[Message], str]


def _wrapped(text: str, first: str, then: str) -> str:
    """Wrap English at spaces; leave Japanese, which has none, to the terminal."""
    if cell_width(text) != len(text):
        return first + text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def to_text(guide: Guide, language: Language) -> str:
    """Return a guide as plain text; console terms stand in brackets."""

    def speak(text: Message) -> str:
        match language:
            case Language.EN:
                return say(text, guide, language, term=lambda word: f"[{word}]")
            case Language.JA:
                spoken = say(text, guide, language, term=lambda word: f"\0「{word}」\0")
                # corner brackets bring their own space
                return _BRACKETED.sub(r"\1\2", spoken)

    title = speak(guide.title)
    parts = [f"{title}\n{'=' * cell_width(title)}", _wrapped(speak(guide.lead), "", "")]
    for number, section in enumerate(guide.sections, start=1):
        heading = f"{number}. {speak(section.title)}"
        parts.append(f"{heading}\n{'-' * cell_width(heading)}")
        parts += [_text_block(block, speak, guide) for block in section.blocks]
    return "\n\n".join([*parts, guide.made_with]) + "\n"


def _where(link: GuideLink, guide: Guide) -> Message:
    """Say where a link leads: terminals and paper follow none to a section."""
    for number, section in enumerate(guide.sections, start=1):
        if link.section == section.id:
            return _SECTION.filled(number=number, title=section.title)
    return link.address


def _text_block(block: Block, speak: Speak, guide: Guide) -> str:
    match block:
        case Paragraph(text):
            return _wrapped(speak(text), "", "")
        case GuideNote(text):
            return _wrapped(speak(text), "! ", "  ")
        case Steps(items):
            return "\n".join(
                _wrapped(speak(item), f"{place:>2}. ", "    ")
                for place, item in enumerate(items, start=1)
            )
        case CodeBlock():
            code = f"{speak(block.label)}:\n\n{textwrap.indent(block.text, '    ')}".rstrip()
            said = _marked(block, speak)
            return code + (f"\n\n{_wrapped(said, '+ ', '  ')}" if said else "")
        case GuideLink(text):
            return _wrapped(f"{speak(text)}: {speak(_where(block, guide))}", "> ", "  ")
        case GuideTable(label, header, rows):
            return f"{speak(label)}:\n\n" + "\n".join(_text_rows(header, rows, speak))


def _marked(block: CodeBlock, speak: Speak) -> str:
    """Say which lines of a code block are set off, and why; "" if none are."""
    lines = [line.strip(' ",') for line, marked in block.lines if marked]
    return f"{speak(block.mark)}: {', '.join(lines)}" if block.mark else ""


def _text_rows(
    header: tuple[Message, ...], rows: tuple[tuple[Message, ...], ...], speak: Speak
) -> Iterator[str]:
    """Yield each row as `column: cell` lines: cells are sentences, too long to stand abreast."""
    for row in rows:
        for place, (column, cell) in enumerate(zip(header, row, strict=True)):
            yield _wrapped(f"{speak(column)}: {speak(cell)}", "    " if place else "  - ", "      ")


def to_markdown(guide: Guide, language: Language) -> str:
    """Return a guide as Markdown; console terms are bold."""

    def speak(text: Message) -> str:
        return say(text, guide, language, term=lambda word: f"**{word}**", plain=_no_markup)

    parts = [f"# {speak(guide.title)}", speak(guide.lead)]
    for section in guide.sections:
        parts.append(f"## {speak(section.title)}")
        parts += [_markdown_block(block, speak, guide) for block in section.blocks]
    return "\n\n".join([*parts, f"*{guide.made_with}*"]) + "\n"


def _no_markup(text: str) -> str:
    """Keep Markdown from passing on HTML."""
    return text.replace("<", "&lt;")


def _markdown_block(block: Block, speak: Speak, guide: Guide) -> str:
    match block:
        case Paragraph(text):
            return speak(text)
        case GuideNote(text):
            return f"> {speak(text)}"
        case Steps(items):
            return "\n".join(f"{place}. {speak(item)}" for place, item in enumerate(items, start=1))
        case CodeBlock():
            said = _marked(block, speak)
            fenced = f"```{block.language}\n{block.text.rstrip()}\n```"
            return f"{speak(block.label)}:\n\n{fenced}" + (f"\n\n{said}" if said else "")
        case GuideLink(text) if block.section:
            return f"{speak(text)}: {speak(_where(block, guide))}"
        case GuideLink(text, address):
            return f"[{speak(text)}]({speak(address)})"
        case GuideTable(label, header, rows):
            lines = [_markdown_row(header, speak), "|" + " --- |" * len(header)]
            lines += [_markdown_row(row, speak) for row in rows]
            return f"{speak(label)}:\n\n" + "\n".join(lines)


def _markdown_row(cells: tuple[Message, ...], speak: Speak) -> str:
    return "| " + " | ".join(speak(cell).replace("|", "\\|") for cell in cells) + " |"


def to_html(guide: Guide, language: Language) -> str:
    """Return a guide as an HTML document whose `lang` is the language of its text."""

    def speak(text: Message) -> Markup:
        # both callbacks escape what they are given, so the joined text is safe
        return Markup(say(text, guide, language, term=_html_term, plain=ticked))  # noqa: S704 - as above

    values = {
        "guide": guide,
        "title": guide.title.into(language),
        "words": {name: text.into(language) for name, text in table("guides")["page"].items()},
        "say": speak,
        "where": lambda link: speak(_where(link, guide)),
        "kind": _kind,
    }
    return html_page(Path(__file__).parent / "page.html.jinja", "copy", language, values)


def _html_term(word: str) -> Markup:
    return Markup('<b class="term">{}</b>').format(word)


def _kind(block: Block) -> str:
    """Return the macro of the page that shows a block."""
    match block:
        case Paragraph():
            return "paragraph"
        case GuideNote():
            return "note"
        case Steps():
            return "steps"
        case CodeBlock():
            return "code"
        case GuideLink():
            return "link"
        case GuideTable():
            return "table"
