"""An audit as one self-contained HTML page: no script, no other file, ready to print."""

from collections.abc import Iterable, Sequence
from html import escape

from sekisho.audit.checks import CONTROLS, NOBODY_CHECKS, WORDS, AccountFinding
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import (
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    FINDINGS,
    GAPS,
    NONE,
    SEVERITIES,
    USERS,
    as_of,
    cells,
    exemption_text,
    figures,
    finding_title,
    headline,
)
from sekisho.language import Language, Text

__all__ = ["to_html"]

_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif;
  line-height: 1.6; margin: 2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.headline { font-size: 1.2rem; } .unknown td { font-style: italic; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { border: 1px solid #8887; padding: .25em .5em; text-align: start; vertical-align: top;
  overflow-wrap: anywhere; }
tr.error td:first-child { border-left: 4px solid #c22; }
tr.warning td:first-child { border-left: 4px solid #c80; }
.as-of { font-size: .85rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { margin: 0; } thead { display: table-header-group; } tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
  .as-of.every { position: fixed; bottom: 0; }
}
"""

_TITLE = Text("MFA audit of account {account}", "アカウント {account} の MFA 監査")
_FINDING = (
    *(Text("severity", "重要度"), Text("id", "ID"), Text("what is wrong", "内容")),
    *(Text("about", "対象"), Text("seen", "根拠"), Text("what to do", "対処")),
    Text("controls", "コントロール"),
)
_GAP = (Text("call", "呼び出し"), Text("about", "対象"), Text("answer", "応答"))
_EXCUSED = Text("exception: {why} (until {day})", "例外: {why} ({day} まで)")


def to_html(report: AccountReport, lang: Language) -> str:
    """Return an audit as an HTML document; every text in it is escaped."""
    title = escape(_TITLE.filled(account=report.snapshot.account).into(lang))
    dated = escape(as_of(report).into(lang))
    lines = "".join(f"<li>{escape(each.into(lang))}</li>" for each in figures(report))
    exceptions = [exemption_text(each) for each in report.exceptions.entries]
    gaps = [tuple(map(_plain, (each.what, each.who, each.reason))) for each in report.snapshot.gaps]
    sections = (
        _section(USERS, _table(COLUMNS, [cells(row) for row in report.rows], lang), lang),
        _section(FINDINGS, _findings(report.findings, lang), lang),
        f"<p>{escape(NOBODY_CHECKS.into(lang))}</p>",
        _section(EXCEPTIONS, _table(EXEMPTION, exceptions, lang), lang),
        _section(GAPS, _table(_GAP, gaps, lang), lang),
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n<p class="as-of">{dated}</p>\n'
        f'<p class="headline">{escape(headline(report).into(lang))}</p>\n<ul>{lines}</ul>\n'
        f"{''.join(sections)}"
        f'</main>\n<footer class="as-of every">{dated}</footer>\n</body>\n</html>\n'
    )


def _plain(text: str) -> Text:
    return Text(text, text)


def _section(title: Text, body: str, lang: Language) -> str:
    return f"<section>\n<h2>{escape(title.into(lang))}</h2>\n{body}\n</section>\n"


def _table(columns: Sequence[Text], rows: Sequence[Sequence[Text]], lang: Language) -> str:
    return _drawn(columns, (("", row) for row in rows), lang)


def _findings(findings: Iterable[AccountFinding], lang: Language) -> str:
    rows = []
    for each in findings:
        fact = _plain(each.fact)
        if each.excused is not None:
            day, why = each.excused.expires.isoformat(), each.excused.why
            note = Text(*(text.format(day=day, why=why) for text in (_EXCUSED.en, _EXCUSED.ja)))
            fact = Text(f"{each.fact}; {note.en}", f"{each.fact}; {note.ja}")
        kind = f"{each.severity.value}{'' if each.known else ' unknown'}"
        controls = _plain(", ".join(control.name for control in CONTROLS.get(each.id, ())))
        shown = (SEVERITIES[each.severity], _plain(each.id.value), finding_title(each))
        words = WORDS[each.id]
        rows.append((kind, (*shown, _plain(each.subject), fact, words.cure, controls)))
    return _drawn(_FINDING, rows, lang)


def _drawn(
    columns: Sequence[Text], rows: Iterable[tuple[str, Sequence[Text]]], lang: Language
) -> str:
    head = "".join(f"<th>{escape(each.into(lang))}</th>" for each in columns)
    body = "".join(
        (f'<tr class="{escape(kind)}">' if kind else "<tr>")
        + "".join(f"<td>{escape(cell.into(lang))}</td>" for cell in cells)
        + "</tr>\n"
        for kind, cells in rows
    )
    if not body:
        return f"<p>{escape(NONE.into(lang))}</p>"
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
