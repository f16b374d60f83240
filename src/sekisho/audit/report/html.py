"""An audit as one self-contained HTML page: no script, no other file, ready to print."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from sekisho.audit.finding import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.people import Row
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

_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif;
  line-height: 1.6; margin: 2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.headline { font-size: 1.2rem; } .unknown td { font-style: italic; }
table { border-collapse: collapse; font-size: .85rem; width: calc(100% - 2px); }
th, td { border: 1px solid #8887; padding: .25em .5em; text-align: start; vertical-align: top;
  overflow-wrap: break-word; }
code { font-family: ui-monospace, monospace, monospace; font-size: .95em; }
.short { white-space: nowrap; } .long { overflow-wrap: anywhere; }
thead .as-of { display: none; }
tr.error td:first-child { border-left: 4px solid #c22; }
tr.warning td:first-child { border-left: 4px solid #c80; }
.as-of { font-size: .85rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { font-size: 75%; }
  body { margin: 0; } thead { display: table-header-group; } thead .as-of { display: table-cell; }
  tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""

_SHORT, _LONG = 10, 30
"""How many characters stay on one line; how many without a space may break anywhere."""

_TITLE = Message("MFA audit of account {account}")
_FINDING = (
    *(Message("severity"), Message("id"), Message("what is wrong")),
    *(Message("about"), Message("seen"), Message("what to do")),
    Message("controls"),
)
_GAP = (Message("call"), Message("about"), Message("answer"))
_EXCUSED = Message("exception: {why} (until {day})")


def to_html(report: AccountReport, lang: Language) -> str:
    """Return an audit as an HTML document; every text in it is escaped."""
    title = escape(_TITLE.filled(account=report.snapshot.account).into(lang))
    dated = escape(as_of(report).into(lang))
    lines = "".join(f"<li>{_shown(each.into(lang))}</li>" for each in figures(report))
    exceptions = [exemption_text(each) for each in report.exceptions.entries]
    gaps = [
        (_plain(each.operation), _plain(each.resource.label), each.cause)
        for each in report.snapshot.gaps
    ]
    told = "".join(f"<p>{_shown(each.into(lang))}</p>\n" for each in notices(report))
    tables = _Tables(dated, lang)
    users = (
        tables.of(COLUMNS, [_cells(row) for row in report.rows])
        if report.rows
        else f"<p>{escape(nobody(report).into(lang))}</p>"
    )
    sections = (
        _section(USERS, users, lang),
        _section(FINDINGS, tables.of_findings(report.findings), lang),
        f"<p>{_shown(limits_of_controls().into(lang))}</p>",
        _section(EXCEPTIONS, tables.of(EXEMPTION, exceptions), lang),
        _section(GAPS, tables.of(_GAP, gaps), lang),
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n<p class="as-of">{dated}</p>\n'
        f'<p class="headline">{escape(headline(report).into(lang))}</p>\n{told}<ul>{lines}</ul>\n'
        f"{''.join(sections)}"
        "</main>\n</body>\n</html>\n"
    )


def _cells(row: Row) -> tuple[Message, ...]:
    """Return a user's row; paper has room for why somebody is taken for a person or a machine."""
    name, kind, *rest = cells(row)
    because = joined_messages(row.because, en="; ", ja="、")
    return (name, Message("{before}: {names}").filled(before=kind, names=because), *rest)


def _shown(text: str) -> str:
    """Return an escaped text, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _plain(text: str) -> Message:
    return verbatim(text)


def _section(title: Message, body: str, lang: Language) -> str:
    return f"<section>\n<h2>{escape(title.into(lang))}</h2>\n{body}\n</section>\n"


class _Tables:
    """Tables, whose head says as of when they are: it comes again on every printed page."""

    def __init__(self, dated: str, lang: Language) -> None:
        self._dated = dated
        self._lang = lang

    def of(self, columns: Sequence[Message], rows: Sequence[Sequence[Message]]) -> str:
        """Return a table of plain rows."""
        return self._drawn(columns, [("", row) for row in rows])

    def of_findings(self, findings: Iterable[Finding]) -> str:
        """Return the table of findings."""
        return self._drawn(_FINDING, [_finding(each) for each in findings])

    def _drawn(
        self, columns: Sequence[Message], rows: Sequence[tuple[str, Sequence[Message]]]
    ) -> str:
        if not rows:
            return f"<p>{escape(NONE.into(self._lang))}</p>"
        head = "".join(self._cell("th", each) for each in columns)
        body = "".join(self._row(kind, cells) for kind, cells in rows)
        return (
            f'<table>\n<thead><tr><td class="as-of" colspan="{len(columns)}">{self._dated}</td>'
            f"</tr>\n<tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
        )

    def _row(self, kind: str, cells: Sequence[Message]) -> str:
        begin = f'<tr class="{escape(kind)}">' if kind else "<tr>"
        return f"{begin}{''.join(self._cell('td', cell) for cell in cells)}</tr>\n"

    def _cell(self, tag: str, cell: Message) -> str:
        """Return a cell: what is short stays on one line, and only long names break anywhere."""
        text = cell.into(self._lang)
        fit = ""
        if len(text) <= _SHORT:
            fit = ' class="short"'
        elif max(map(len, text.split())) > _LONG:
            fit = ' class="long"'
        return f"<{tag}{fit}>{_shown(text)}</{tag}>"


def _finding(finding: Finding) -> tuple[str, Sequence[Message]]:
    fact = finding.fact
    if finding.exemption is not None:
        day, why = finding.exemption.expires.isoformat(), finding.exemption.why
        note = Message.both(*(text.format(day=day, why=why) for text in (_EXCUSED.en, _EXCUSED.ja)))
        fact = Message("{fact}; {note}").filled(fact=fact, note=note)
    controls = _plain(", ".join(control.name for control in finding.id.text.controls))
    shown = (SEVERITIES[finding.severity], _plain(finding.id.value), finding_title(finding))
    kind = f"{finding.severity.value}{'' if finding.known else ' unknown'}"
    fix = finding.fix
    return kind, (*shown, _plain(finding.subject), fact, fix, controls)
