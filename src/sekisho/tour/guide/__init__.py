"""The guides: how to do in the AWS console, by hand, what the rehearsal shows."""

from sekisho.tour.guide.admin import Label, admin
from sekisho.tour.guide.model import (
    Block,
    Code,
    Guide,
    Note,
    Paragraph,
    Section,
    Steps,
    Table,
    Term,
    say,
)
from sekisho.tour.guide.render import to_html, to_markdown, to_text

__all__ = [
    "Block",
    "Code",
    "Guide",
    "Label",
    "Note",
    "Paragraph",
    "Section",
    "Steps",
    "Table",
    "Term",
    "admin",
    "say",
    "to_html",
    "to_markdown",
    "to_text",
]
