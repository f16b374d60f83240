"""Reports: what they say, as frozen values in messages, and the forms that they are put into.

`Report` is what a package makes; `report_text`, `report_page` and `sheet_text` are its text for any
width, its page and its CSV. SARIF is in `documents.sarif`, and the JSON of a report is the record
of the thing itself.
"""

from sekisho.documents.report.model import (
    Bar,
    Bars,
    Calendars,
    Extent,
    FindingGroup,
    Findings,
    PageLook,
    PagePart,
    Remark,
    Report,
    SeenFact,
    Subsection,
    SubsectionDetail,
    Subsections,
    Table,
    TextLine,
    TextList,
    TextPart,
)
from sekisho.documents.report.page import page_parts, report_page
from sekisho.documents.report.sheet import Sheet, SheetColumn, sheet_text
from sekisho.documents.report.text import MORE, ReportWriter, TextLayout, report_text

__all__ = [
    "MORE",
    "Bar",
    "Bars",
    "Calendars",
    "Extent",
    "FindingGroup",
    "Findings",
    "PageLook",
    "PagePart",
    "Remark",
    "Report",
    "ReportWriter",
    "SeenFact",
    "Sheet",
    "SheetColumn",
    "Subsection",
    "SubsectionDetail",
    "Subsections",
    "Table",
    "TextLayout",
    "TextLine",
    "TextList",
    "TextPart",
    "page_parts",
    "report_page",
    "report_text",
    "sheet_text",
]
