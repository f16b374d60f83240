"""An audit as one self-contained HTML page: findings first, then users, ready to print."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.audit.finding import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.impact import UserRow
from sekisho.audit.report.logged import LOGGED, LOGGED_COLUMNS, logged_cells
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import (
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    FINDINGS,
    GAPS,
    NONE,
    USERS,
    as_of,
    cells,
    exemption_text,
    figures,
    finding_title,
    headline,
    nobody,
    notices,
)
from sekisho.documents.html import html_page, ticked
from sekisho.messages import Language, Message, joined_messages, verbatim

if TYPE_CHECKING:
    from markupsafe import Markup

_SHORT, _LONG = 10, 30
"""How many characters stay on one line; how many without a space may break anywhere."""
_TALL = 25
"""A table of more rows is a box to scroll in, and is folded where it is one of many."""

_TITLE = Message("MFA audit of account {account}")
_UNDECIDED = Message("Could not be determined")
_FOUND = Message("Findings by severity")
_OVERVIEW = (
    Message("severity"),
    Message("what is wrong"),
    Message("id"),
    Message("count"),
)
_WHERE = (Message("about"), Message("seen"))
_MORE_COLUMNS = (FINDINGS, Message("why this kind"))
_CHOOSE = {1, 6, 7, 8}
"""The columns of users whose texts are few: a box to choose one from."""
_GAP = (Message("call"), Message("about"), Message("answer"))
_EXCUSED = Message("exception: {why} (until {day})")
_WORDS: Mapping[str, Message] = {
    "contents": Message("Contents"),
    "to_do": Message("What to do: "),
    "controls": Message("Controls: "),
    "where": Message("Where ({count})"),
    "filter": Message("Filter"),
    "all": Message("all"),
}
"""What the template itself says."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A heading and a table under it.

    Attributes:
        id: its anchor.
        title: the heading, which is the table's caption, too.
        columns: the heads of the table's columns.
        rows: its rows; none: the page says so.
        none: what the page says then.
        choices: the columns that one may choose a text of.
        anchor: what the ids of rows begin with; "" if no link leads to a row.
    """

    id: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    none: str
    choices: frozenset[int] = frozenset()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings that are alike.

    Attributes:
        id: its anchor.
        severity: its class in the style sheet.
        label: the severity in words.
        name: the finding's id.
        title, cause, fix, controls: what is said of all of them.
        count: how many they are.
        rows: whom or what they are about, as links where the page has a row of it, and what was
            seen there.
    """

    id: str
    severity: str
    label: str
    name: str
    title: str
    cause: str
    fix: str
    controls: str
    count: int
    rows: Sequence[tuple["Markup", str]]


def to_html(report: AccountReport, lang: Language) -> str:
    """Return an audit as an HTML document; every text in it is escaped."""
    rows = {row.user.name: f"u{place}" for place, row in enumerate(report.rows)}
    groups = list(_groups(report, rows, lang))
    known = [group for group, first in groups if first.known]
    values = {
        "title": _TITLE.filled(account=report.snapshot.account).into(lang),
        "as_of": as_of(report).into(lang),
        "headline": headline(report).into(lang),
        "notices": [each.into(lang) for each in notices(report)],
        "figures": [each.into(lang) for each in figures(report)],
        "findings": FINDINGS.into(lang),
        "undecided": _UNDECIDED.into(lang),
        "found": _FOUND.into(lang),
        "overview": [each.into(lang) for each in _OVERVIEW],
        "known": known,
        "unknown": [group for group, first in groups if not first.known],
        "where": [each.into(lang) for each in _WHERE],
        "limits": limits_of_controls().into(lang),
        "none": NONE.into(lang),
        "tables": list(_tables(report, lang)),
        "words": {name: each.into(lang) for name, each in _WORDS.items()},
        "tall": _TALL,
        "fit": _fit,
    }
    return html_page(Path(__file__).parent / "page.html.jinja", "table", lang, values)


def _groups(
    report: AccountReport, rows: Mapping[str, str], lang: Language
) -> Iterator[tuple[_Group, Finding]]:
    """Yield what is alike together, with the first of each; the ids of groups are unique."""
    seen: dict[str, int] = {}
    for alike in report.alike:
        first = alike[0]
        name = first.id.value if first.known else f"{first.id.value}.unknown"
        seen[name] = seen.get(name, 0) + 1
        group = _Group(
            id=name if seen[name] == 1 else f"{name}.{seen[name]}",
            severity=first.severity.value,
            label=SEVERITIES[first.severity].into(lang),
            name=first.id.value,
            title=finding_title(first).into(lang),
            cause=first.cause.into(lang),
            fix=first.fix.into(lang),
            controls=", ".join(each.shown.into(lang) for each in first.id.text.controls),
            count=len(alike),
            rows=list(_where(alike, rows, lang)),
        )
        yield group, first


def _where(
    alike: Iterable[Finding], rows: Mapping[str, str], lang: Language
) -> Iterator[tuple["Markup", str]]:
    """Yield subjects and what was seen there: subjects with the same facts stand together."""
    from markupsafe import Markup  # noqa: PLC0415 - the other forms of an audit are no pages

    link = Markup('<a href="#{}">{}</a>')
    whom: dict[str, list[str]] = {}
    for each in alike:
        whom.setdefault(_fact(each).into(lang), []).append(each.subject)
    for fact, subjects in whom.items():
        names = (
            link.format(rows[each], each) if each in rows else ticked(each) for each in subjects
        )
        yield Markup(", ").join(names), fact


def _tables(report: AccountReport, lang: Language) -> Iterator[_Table]:
    def shown(rows: Iterable[Iterable[Message]]) -> list[list[str]]:
        return [[cell.into(lang) for cell in row] for row in rows]

    none = NONE.into(lang)
    yield _Table(
        "users",
        USERS.into(lang),
        [column.into(lang) for column in (*COLUMNS, *_MORE_COLUMNS)],
        shown(_cells(report, row) for row in report.rows),
        none=nobody(report).into(lang),
        choices=frozenset(_CHOOSE),
        anchor="u",
    )
    if report.usage is not None:
        seen = shown(logged_cells(row) for row in report.rows if row.use and row.use.seen)
        heads = [column.into(lang) for column in LOGGED_COLUMNS]
        yield _Table("logs", LOGGED.into(lang), heads, seen, none)
    exceptions = shown(exemption_text(each) for each in report.exceptions.entries)
    columns = [column.into(lang) for column in EXEMPTION]
    yield _Table("exceptions", EXCEPTIONS.into(lang), columns, exceptions, none)
    gaps = shown(
        (verbatim(each.operation), verbatim(each.resource.label), each.cause)
        for each in report.snapshot.gaps
    )
    yield _Table("not-read", GAPS.into(lang), [each.into(lang) for each in _GAP], gaps, none)


def _fit(text: str) -> str:
    """Return a cell's class: what is short stays on one line, only long names break anywhere."""
    if len(text) <= _SHORT:
        return "short"
    longest = max(map(len, text.split()), default=0) if len(text) > _LONG else 0
    return "long" if longest > _LONG else ""


def _cells(report: AccountReport, row: UserRow) -> tuple[Message, ...]:
    """Return a user's row; a page has room for why somebody is a person or a machine."""
    found = sum(each.known for each in report.findings_of.get(row.user.name, ()))
    return (*cells(row), verbatim(str(found)), joined_messages(row.because, en="; ", ja="、"))


def _fact(finding: Finding) -> Message:
    """Return what a finding rests on, and what makes it a mere note."""
    if finding.exemption is not None:
        day, why = finding.exemption.expires.isoformat(), finding.exemption.why
        note = Message.both(*(text.format(day=day, why=why) for text in (_EXCUSED.en, _EXCUSED.ja)))
        return Message("{fact}; {note}").filled(fact=finding.fact, note=note)
    if finding.left_out_by is not None:
        return Message("{fact}; {note}").filled(fact=finding.fact, note=finding.left_out_by)
    return finding.fact
