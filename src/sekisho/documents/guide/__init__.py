"""Guides: sections of plain blocks in both languages, as text, Markdown, and one HTML page."""

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
    console_terms,
    say,
)
from sekisho.documents.guide.render import to_html, to_markdown, to_text

__all__ = [
    "Block",
    "CodeBlock",
    "Guide",
    "GuideLink",
    "GuideNote",
    "GuideTable",
    "Paragraph",
    "Section",
    "Steps",
    "console_terms",
    "say",
    "to_html",
    "to_markdown",
    "to_text",
]
