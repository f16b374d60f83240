"""An audit as text for a terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sekisho.audit.finding import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import (
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    FINDINGS,
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
from sekisho.messages import Language, Message, cell_width, padded, printable

_FIX = Message("What to do: ")
_CONTROLS = Message("Controls: ")
_EXCUSED = Message("exception: {why} (until {day})")
_MORE = Message("and {count} more; `--format json` has them all")
_SHOWN = 20
"""So many subjects of one finding are shown in a terminal."""


Fold = Callable[[str], Iterable[str]]
"""Breaks a line where a terminal is not as wide."""


def _whole(line: str) -> tuple[str]:
    return (line,)


def to_text(report: AccountReport, lang: Language, fold: Fold = _whole) -> str:
    """Return an audit as text; nothing in it is what a terminal would obey.

    Each user is one line, however wide the terminal is: nine columns folded to 80 cells would cut
    names and dates in two, and nobody could look for them.

    Args:
        report: the audit.
        lang: the language.
        fold: breaks the other lines.
    """
    parts = ((_head, fold), (_tables, _whole), (_findings, fold))
    return "".join(
        f"{each}\n"
        for part, broken in parts
        for line in part(report, lang)
        for each in broken(printable(line))
    )


def _head(report: AccountReport, lang: Language) -> Iterator[str]:
    yield as_of(report).into(lang)
    yield headline(report).into(lang)
    yield from (each.into(lang) for each in notices(report))
    yield ""
    for figure in figures(report):
        yield figure.into(lang)


def _tables(report: AccountReport, lang: Language) -> Iterator[str]:
    yield from ("", USERS.into(lang))
    rows = [cells(row) for row in report.rows]
    yield from _table(COLUMNS, rows, lang) if rows else (f"  {nobody(report).into(lang)}",)
    yield from ("", EXCEPTIONS.into(lang))
    entries = [exemption_text(each) for each in report.exceptions.entries]
    yield from _table(EXEMPTION, entries, lang) if entries else (f"  {NONE.into(lang)}",)


def _findings(report: AccountReport, lang: Language) -> Iterator[str]:
    yield from ("", FINDINGS.into(lang))
    if not report.findings:
        yield f"  {NONE.into(lang)}"
    for alike in report.alike:
        yield from _finding(alike, lang)
    if any(each.id.text.controls for each in report.findings):
        yield from ("", limits_of_controls().into(lang))


def _finding(alike: Sequence[Finding], lang: Language) -> Iterator[str]:
    first = alike[0]
    severity = SEVERITIES[first.severity].into(lang)
    yield f"  {severity} [{first.id}] {finding_title(first).into(lang)} ({len(alike)})"
    yield f"    {first.cause.into(lang)}"
    yield f"    {_FIX.into(lang)}{first.fix.into(lang)}"
    controls = ", ".join(each.shown.into(lang) for each in first.id.text.controls)
    if controls:
        yield f"    {_CONTROLS.into(lang)}{controls}"
    if first.known:
        lines = [f"{each.subject}: {_fact(each, lang)}" for each in alike]
    else:
        lines = _by_reason(alike, lang)
    yield from (f"      {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"      {_MORE.filled(count=len(lines) - _SHOWN).into(lang)}"


def _by_reason(alike: Sequence[Finding], lang: Language) -> list[str]:
    """Return lines of whom something is not known: it often has one reason for many."""
    whom: dict[str, list[str]] = {}
    for each in alike:
        whom.setdefault(_fact(each, lang), []).append(each.subject)
    return [
        f"{', '.join(names[:_SHOWN])}{_rest(len(names) - _SHOWN)}: {reason}"
        for reason, names in whom.items()
    ]


def _rest(count: int) -> str:
    return f" (+{count})" if count > 0 else ""


def _fact(found: Finding, lang: Language) -> str:
    if found.exemption is None:
        by_goal = found.left_out_by
        return found.fact.into(lang) + (f" [{by_goal.into(lang)}]" if by_goal else "")
    day, why = found.exemption.expires.isoformat(), found.exemption.why
    excused = _EXCUSED.filled(day=day, why=why).into(lang)
    return f"{found.fact.into(lang)} [{excused}]"


def _table(
    columns: Sequence[Message], rows: Sequence[Sequence[Message]], lang: Language
) -> Iterator[str]:
    lines = [[printable(each.into(lang)) for each in line] for line in (columns, *rows)]
    widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
    yield from (f"  {'  '.join(map(padded, line, widths))}".rstrip() for line in lines)
