"""A report as one HTML page that is whole in itself, ready to print."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.documents.html import html_page, ticked
from sekisho.documents.report.model import (
    Bars,
    Calendars,
    FindingGroup,
    Findings,
    PagePart,
    Remark,
    Report,
    SeenFact,
    Subsections,
    Table,
)
from sekisho.errors import InternalError
from sekisho.messages import Language, Message, as_typed, printable

if TYPE_CHECKING:
    from markupsafe import Markup

Say = Callable[[Message], str]
"""Puts a message into the page's language, with nothing in it that turns text round."""

_SHORT, _LONG = 10, 30
"""How many characters stay on one line; how many without a space may break anywhere."""
_TALL = 25
"""A table of more rows is a box to scroll in, and is folded where it is one of many."""
_WORDS = {
    "contents": Message("Contents"),
    "to_do": Message("What to do: "),
    "controls": Message("Controls: "),
    "where": Message("Where ({count})"),
    "filter": Message("Filter"),
    "all": Message("all"),
    "overview": Message("Findings by severity"),
    "next": Message("Next:"),
}
"""What the template itself says."""
_OVERVIEW = (Message("severity"), Message("what is wrong"), Message("id"), Message("count"))
_PLACES = (Message("about"), Message("seen"))


def report_page(report: Report, lang: Language) -> str:
    """Return a report as an HTML document; every text in it is escaped.

    Raises:
        InternalError: if the report is none that has a page.
    """
    look = report.look
    if look is None:
        raise InternalError("a report was asked for a page, and has none")

    def say(message: Message) -> str:
        return printable(message.into(lang))

    parts = page_parts(report)
    values = {
        "title": say(report.title),
        "report": report,
        "parts": parts,
        "contents": [part for _, part in parts if not isinstance(part, Remark)],
        "say": say,
        "texts": lambda table: ([say(each) for each in table.cells(row)] for row in table.rows),
        "places": lambda group: list(_places(group, say)),
        "count": _count,
        "words": {name: say(each) for name, each in _WORDS.items()},
        "next_step": printable(as_typed(report.next_step)),
        "overview": [say(each) for each in _OVERVIEW],
        "place_heads": [say(each) for each in _PLACES],
        "fit": _fit if look.dense else lambda _text: "",
        "tall": _TALL,
    }
    template = Path(__file__).parent / "page.html.jinja"
    return html_page(template, look.script, lang, values, look.style)


def page_parts(report: Report) -> tuple[tuple[str, PagePart], ...]:
    """Return the parts of a page that have something to show, each after the name of its kind."""
    parts = filter(_has_content, report.page())
    return tuple((type(part).__name__.lower(), part) for part in parts)


def _has_content(part: PagePart) -> bool:
    match part:
        case Findings():
            return bool(part.groups) or part.none is not None
        case Table():
            return bool(part.rows) or part.none is not None
        case Subsections():
            return bool(part.subsections)
        case Bars():
            return bool(part.bars)
        case Calendars():
            return bool(part.calendars)
        case Remark():
            return True


def _count(part: PagePart) -> int:
    """Return how many rows or findings a part has."""
    match part:
        case Findings():
            return sum(len(each.rows) for each in part.groups)
        case Table():
            return len(part.rows)
        case Subsections() | Bars() | Calendars() | Remark():
            return 0


def _places(group: FindingGroup, say: Say) -> Iterator[tuple["Markup", str]]:
    """Yield subjects and what was seen there: subjects with the same facts stand together."""
    from markupsafe import Markup  # noqa: PLC0415 - the other forms of a report are no pages

    if group.seen is None:
        return
    link = Markup('<a href="#{}">{}</a>')
    subjects: dict[str, list[SeenFact]] = {}
    for seen in map(group.seen, group.rows):
        text = seen.fact
        if seen.note is not None:
            text = Message("{fact}; {note}").filled(fact=text, note=seen.note)
        subjects.setdefault(say(text), []).append(seen)
    for fact, several in subjects.items():
        names = (
            link.format(each.anchor, each.subject) if each.anchor else ticked(each.subject)
            for each in several
        )
        yield Markup(", ").join(names), fact


def _fit(text: str) -> str:
    """Return a cell's class: what is short stays on one line, only long names break anywhere."""
    if len(text) <= _SHORT:
        return "short"
    longest = max(map(len, text.split()), default=0) if len(text) > _LONG else 0
    return "long" if longest > _LONG else ""
