"""The guides: how to do in the AWS console, by hand, what the rehearsal shows."""

from sekisho.tour.guide.admin import Label, admin
from sekisho.tour.guide.model import (
    Block,
    CodeBlock,
    Guide,
    GuideLink,
    GuideNote,
    GuideTable,
    Paragraph,
    Section,
    Steps,
    Term,
    say,
)
from sekisho.tour.guide.render import to_html, to_markdown, to_text

__all__ = [
    "Block",
    "CodeBlock",
    "Guide",
    "GuideLink",
    "GuideNote",
    "GuideTable",
    "Label",
    "Paragraph",
    "Section",
    "Steps",
    "Term",
    "admin",
    "say",
    "to_html",
    "to_markdown",
    "to_text",
]
