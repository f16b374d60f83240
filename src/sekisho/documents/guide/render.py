"""A guide as plain text, as Markdown, and as one self-contained HTML page."""

import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from markupsafe import Markup

from sekisho.documents.guide.model import (
    Block,
    CodeBlock,
    Guide,
    GuideLink,
    GuideNote,
    GuideTable,
    Paragraph,
    Section,
    Steps,
    say,
)
from sekisho.documents.html import html_page, ticked
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, cell_width, table, wrapped

WIDTH = 92
"""The most columns of the plain text."""

_BRACKETED = re.compile(" ?\0([^\0]*)\0(†?) ?")

_SECTION = Message("section {number}, {title}")

Speak = Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class _Page:
    """What the blocks of a text are written with."""

    guide: Guide
    speak: Speak
    width: int

    def fill(self, text: str, first: str = "", then: str = "") -> str:
        """Return a text in lines, with what begins the first of them and the others."""
        lines = wrapped(text, self.width - max(len(first), len(then)), whole=True)
        begin = (first, *[then] * len(lines))
        return "\n".join(f"{mark}{line}" for mark, line in zip(begin, lines, strict=False))


def to_text(guide: Guide, language: Language, width: int = WIDTH) -> str:
    """Return a guide as plain text; console terms stand in brackets.

    Args:
        guide: the guide.
        language: the language.
        width: how wide its lines may be; JSON to paste and addresses stay whole.
    """

    def speak(text: Message) -> str:
        match language:
            case Language.EN:
                return say(text, guide, language, term=lambda word: f"[{word}]")
            case Language.JA:
                spoken = say(text, guide, language, term=lambda word: f"\0「{word}」\0")
                # corner brackets bring their own space
                return _BRACKETED.sub(r"\1\2", spoken)

    page = _Page(guide, speak, min(width, WIDTH))
    parts = [_heading(speak(guide.title), "=", page), page.fill(speak(guide.lead))]
    for number, section in enumerate(guide.sections, start=1):
        parts.append(_heading(f"{number}. {speak(section.title)}", "-", page))
        parts += [_text_block(block, page) for block in section.blocks]
    return "\n\n".join([*parts, page.fill(guide.made_with)]) + "\n"


def _heading(text: str, line: str, page: _Page) -> str:
    filled = page.fill(text)
    return f"{filled}\n{line * max(map(cell_width, filled.splitlines()))}"


def _where(link: GuideLink, guide: Guide) -> Message:
    """Say where a link leads: terminals and paper follow none to a section."""
    for number, section in enumerate(guide.sections, start=1):
        if link.section == section.id:
            return _SECTION.filled(number=number, title=section.title)
    return link.address


def _text_block(block: Block, page: _Page) -> str:
    speak, fill = page.speak, page.fill
    match block:
        case Paragraph(text):
            return fill(speak(text))
        case GuideNote(text):
            return fill(speak(text), "! ", "  ")
        case Steps(items):
            return "\n".join(
                fill(speak(item), f"{place:>2}. ", "    ")
                for place, item in enumerate(items, start=1)
            )
        case CodeBlock():
            label = fill(f"{speak(block.label)}:")
            code = f"{label}\n\n{textwrap.indent(block.text, '    ')}".rstrip()
            marked = _marked(block, speak)
            return code + (f"\n\n{fill(marked, '+ ', '  ')}" if marked else "")
        case GuideLink(text):
            return fill(f"{speak(text)}: {speak(_where(block, page.guide))}", "> ", "  ")
        case GuideTable(label, header, rows):
            marked = fill(f"{speak(label)}:")
            return f"{marked}\n\n" + "\n".join(_text_rows(header, rows, page))


def _marked(block: CodeBlock, speak: Speak) -> str:
    """Say which lines of a code block are set off, and why; "" if none are."""
    lines = [line.strip(' ",') for line, marked in block.lines if marked]
    return f"{speak(block.mark)}: {', '.join(lines)}" if block.mark else ""


def _text_rows(
    header: tuple[Message, ...], rows: tuple[tuple[Message, ...], ...], page: _Page
) -> Iterator[str]:
    """Yield each row as `column: cell` lines: cells are sentences, too long to stand abreast."""
    for row in rows:
        for place, (column, cell) in enumerate(zip(header, row, strict=True)):
            text = f"{page.speak(column)}: {page.speak(cell)}"
            yield page.fill(text, "    " if place else "  - ", "      ")


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
            marked = _marked(block, speak)
            fence = _fence(block.text)
            fenced = f"{fence}{block.language}\n{block.text.rstrip()}\n{fence}"
            return f"{speak(block.label)}:\n\n{fenced}" + (f"\n\n{marked}" if marked else "")
        case GuideLink(text) if block.section:
            return f"{speak(text)}: {speak(_where(block, guide))}"
        case GuideLink(text, address):
            return f"[{speak(text)}]({speak(address)})"
        case GuideTable(label, header, rows):
            lines = [_markdown_row(header, speak), "|" + " --- |" * len(header)]
            lines += [_markdown_row(row, speak) for row in rows]
            return f"{speak(label)}:\n\n" + "\n".join(lines)


def _fence(code: str) -> str:
    """Return what encloses code: longer than any run of backticks in it, which would end it."""
    return "`" * max(3, *(len(run) + 1 for run in re.findall("`+", code)), 0)


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
        "anchor": _anchor,
    }
    return html_page(Path(__file__).parent / "page.html.jinja", "copy", language, values)


def _html_term(word: str) -> Markup:
    return Markup('<b class="term">{}</b>').format(word)


def _anchor(section: Section, place: int) -> str:
    """Return what a block is called on the page: by its section, which may have several codes."""
    before = sum(isinstance(block, CodeBlock) for block in section.blocks[:place])
    return f"{section.id}-{before + 1}" if before else section.id


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
