"""An audit as one self-contained HTML page: no script, no other file, ready to print."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.audit.finding import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.impact import UserRow
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
from sekisho.messages import Language, Message, joined_messages, verbatim

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]+)`")

_SHORT, _LONG = 10, 30
"""How many characters stay on one line; how many without a space may break anywhere."""

_TITLE = Message("MFA audit of account {account}")
_FINDING = (
    Message("severity"),
    Message("id"),
    Message("what is wrong"),
    Message("about"),
    Message("seen"),
    Message("what to do"),
    Message("controls"),
)
_GAP = (Message("call"), Message("about"), Message("answer"))
_EXCUSED = Message("exception: {why} (until {day})")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table; `kind` is its class in the style sheet, or ""."""

    cells: Sequence[str]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading and a table under it.

    Attributes:
        title: the heading.
        columns: the heads of the table's columns.
        rows: its rows; none: the page says so.
        none: what the page says then.
        note: what stands under the table; "" for nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[_Row]
    none: str
    note: str = ""


def to_html(report: AccountReport, lang: Language) -> str:
    """Return an audit as an HTML document; every text in it is escaped."""
    return _template().render(
        lang=lang.value,
        title=_TITLE.filled(account=report.snapshot.account).into(lang),
        as_of=as_of(report).into(lang),
        headline=headline(report).into(lang),
        notices=[each.into(lang) for each in notices(report)],
        figures=[each.into(lang) for each in figures(report)],
        sections=list(_sections(report, lang)),
    )


def _template() -> "Template":
    """Return the page's template, in which everything is escaped by default."""
    from jinja2 import (  # noqa: PLC0415 - the other forms of an audit need no templates
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    pages = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=pages, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {"shown": _shown, "fit": _fit}
    return environment.get_template("page.html.jinja")


def _sections(report: AccountReport, lang: Language) -> Iterator[_Section]:
    none = NONE.into(lang)

    def section(
        title: Message, columns: Sequence[Message], rows: list[_Row], **more: str
    ) -> _Section:
        heads = [column.into(lang) for column in columns]
        return _Section(title.into(lang), heads, rows, **{"none": none, **more})

    def row(cells: Iterable[Message], kind: str = "") -> _Row:
        return _Row([cell.into(lang) for cell in cells], kind)

    users = [row(_cells(each)) for each in report.rows]
    yield section(USERS, COLUMNS, users, none=nobody(report).into(lang))
    findings = [row(_finding(each), _kind(each)) for each in report.findings]
    yield section(FINDINGS, _FINDING, findings, note=limits_of_controls().into(lang))
    exceptions = [row(exemption_text(each)) for each in report.exceptions.entries]
    yield section(EXCEPTIONS, EXEMPTION, exceptions)
    gaps = [
        row((verbatim(each.operation), verbatim(each.resource.label), each.cause))
        for each in report.snapshot.gaps
    ]
    yield section(GAPS, _GAP, gaps)


def _shown(text: str) -> "Markup":
    """Return an escaped text, with what stands in backticks as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - as above

    escaped = escape(text)
    if "`" not in text:
        return escaped
    # what is put in is our own two tags, round text that is escaped
    return Markup(_CODE.sub(r"<code>\1</code>", str(escaped)))  # noqa: S704 - see above


def _fit(text: str) -> str:
    """Return a cell's class: what is short stays on one line, only long names break anywhere."""
    if len(text) <= _SHORT:
        return "short"
    longest = max(map(len, text.split()), default=0) if len(text) > _LONG else 0
    return "long" if longest > _LONG else ""


def _cells(row: UserRow) -> tuple[Message, ...]:
    """Return a user's row; paper has room for why somebody is taken for a person or a machine."""
    name, kind, *rest = cells(row)
    because = joined_messages(row.because, en="; ", ja="、")
    return (name, Message("{before}: {names}").filled(before=kind, names=because), *rest)


def _kind(finding: Finding) -> str:
    return finding.severity.value if finding.known else f"{finding.severity.value} unknown"


def _finding(finding: Finding) -> tuple[Message, ...]:
    """Return a finding's row, in the order of `_FINDING`."""
    fact = finding.fact
    if finding.exemption is not None:
        day, why = finding.exemption.expires.isoformat(), finding.exemption.why
        note = Message.both(*(text.format(day=day, why=why) for text in (_EXCUSED.en, _EXCUSED.ja)))
        fact = Message("{fact}; {note}").filled(fact=fact, note=note)
    elif finding.left_out_by is not None:
        fact = Message("{fact}; {note}").filled(fact=fact, note=finding.left_out_by)
    return (
        SEVERITIES[finding.severity],
        verbatim(finding.id.value),
        finding_title(finding),
        verbatim(finding.subject),
        fact,
        finding.fix,
        joined_messages((each.shown for each in finding.id.text.controls), en=", ", ja=", "),
    )
