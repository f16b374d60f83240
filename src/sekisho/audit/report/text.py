"""An audit as text for a terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.account import calls_to_allow
from sekisho.audit.finding import SEVERITIES, Finding, FindingId, Severity, limits_of_controls
from sekisho.audit.report.logged import LOGGED, LOGGED_COLUMNS, logged_cells
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
from sekisho.prover import Enforced

_FIX = Message("What to do: ")
_CONTROLS = Message("Controls: ")
_EXCUSED = Message("exception: {why} (until {day})")
_MORE = Message("and {count} more: `-v`, or `--format csv`, `html` or `json`")
_NOT_READ = Message("Not read; nothing is concluded from it:")
_ABOUT = Message("about: ")
_OPEN = Message("not decided: ")
_ALLOW = Message(
    "Calls to allow, then collect again: {calls}. `sekisho collect --print-policy` has the policy."
)
_SHOWN = 20
"""So many users are shown in a terminal."""
_SHOWN_ALIKE = 5
"""So many subjects of one finding are shown in a terminal."""


Fold = Callable[[str], Iterable[str]]
"""Breaks a line where a terminal is not as wide."""


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How wide the text may be, and how much is said.

    Attributes:
        width: how many cells a line may take; None: as many as it needs.
        fold: breaks a line where a terminal is not as wide.
        styled: returns a word in the colour of its severity.
        verbose: whether lists are whole.
    """

    width: int | None = None
    fold: Fold = lambda line: (line,)
    styled: Callable[[str, Severity], str] = lambda word, _severity: word
    verbose: bool = True

    def most(self, count: int) -> int | None:
        """Return how many of a list to show; None: all."""
        return None if self.verbose else count


def to_text(report: AccountReport, lang: Language, layout: TextLayout | None = None) -> str:
    """Return an audit as text; nothing in it is what a terminal would obey.

    The verdict is first, then what was found, what was not read, and at last the tables.

    Args:
        report: the audit.
        lang: the language.
        layout: how wide it may be; as wide as it needs, with whole lists, if not given.
    """
    how = layout or TextLayout()
    parts = (_head, _findings, _unread, _users, _logged, _exceptions)
    return "".join(f"{line}\n" for part in parts for line in part(report, lang, how))


def _folded(lines: Iterable[str], how: TextLayout) -> Iterator[str]:
    return (each for line in lines for each in how.fold(printable(line)))


def _head(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    lines = [headline(report), *figures(report), as_of(report), *notices(report)]
    return _folded((each.into(lang) for each in lines), how)


def _users(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    yield from ("", USERS.into(lang))
    # of a list that is cut, whoever is not enforced comes first
    rows = sorted(report.rows, key=lambda row: row.enforcement.enforced is Enforced.PROVED)
    shown = (report.rows if len(rows) <= _SHOWN else rows)[: how.most(_SHOWN)]
    if shown:
        yield from _table(COLUMNS, [cells(row) for row in shown], lang, how)
    else:
        yield from _folded([f"  {nobody(report).into(lang)}"], how)
    if len(rows) > len(shown):
        yield from _folded(
            [f"  {_MORE.filled(count=f'{len(rows) - len(shown):,}').into(lang)}"], how
        )


def _logged(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    """Yield what logs have of users: of who is not in them there is no line."""
    seen = [row for row in report.rows if row.use is not None and row.use.seen]
    shown = sorted(seen, key=lambda row: -(row.use.without_mfa if row.use else 0))
    shown = shown[: how.most(_SHOWN)]
    if shown:
        yield from ("", LOGGED.into(lang))
        yield from _table(LOGGED_COLUMNS, [logged_cells(row) for row in shown], lang, how)
    if len(seen) > len(shown):
        more = _MORE.filled(count=f"{len(seen) - len(shown):,}").into(lang)
        yield from _folded([f"  {more}"], how)


def _exceptions(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    entries = [exemption_text(each) for each in report.exceptions.entries]
    if entries:
        yield from ("", EXCEPTIONS.into(lang))
        yield from _table(EXEMPTION, entries, lang, how)


def _findings(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    known = [alike for alike in report.alike if alike[0].known]
    yield from ("", FINDINGS.into(lang))
    if not known:
        yield f"  {NONE.into(lang)}"
    for alike in known:
        yield from _finding(alike, lang, how)
    if any(each.id.text.controls for alike in known for each in alike):
        yield from _folded(("", limits_of_controls().into(lang)), how)


def _finding(alike: Sequence[Finding], lang: Language, how: TextLayout) -> Iterator[str]:
    first = alike[0]
    word = SEVERITIES[first.severity].into(lang)
    title = f"  {word} [{first.id}] {finding_title(first).into(lang)} ({len(alike)})"
    for number, line in enumerate(_folded([title], how)):
        yield line if number else line.replace(word, how.styled(word, first.severity), 1)
    lines = [first.cause.into(lang), f"{_FIX.into(lang)}{first.fix.into(lang)}"]
    controls = ", ".join(each.shown.into(lang) for each in first.id.text.controls)
    if controls:
        lines.append(f"{_CONTROLS.into(lang)}{controls}")
    lines += [f"  {each.subject}: {_fact(each, lang)}" for each in alike[: how.most(_SHOWN_ALIKE)]]
    more = len(alike) - _SHOWN_ALIKE
    if more > 0 and not how.verbose:
        lines.append(f"  {_MORE.filled(count=f'{more:,}').into(lang)}")
    yield from _folded((f"    {line}" for line in lines), how)


def _unread(report: AccountReport, lang: Language, how: TextLayout) -> Iterator[str]:
    """Yield what could not be told, by its reason, and what to allow so that it can."""
    unknown = [each for each in report.findings if not each.known]
    if not unknown:
        return
    whom: dict[str, list[Finding]] = {}
    for each in unknown:
        whom.setdefault(each.fact.into(lang), []).append(each)
    lines = ["", _NOT_READ.into(lang)]
    for reason, those in whom.items():
        subjects = list(dict.fromkeys(each.subject for each in those))
        shown = ", ".join(subjects[: how.most(_SHOWN_ALIKE)])
        more = 0 if how.verbose else len(subjects) - _SHOWN_ALIKE
        lines.append(f"  {reason}")
        lines.append(f"    {_ABOUT.into(lang)}{shown}{f' (+{more:,})' if more > 0 else ''}")
        ids = dict.fromkeys(each.id.value for each in those if each.id is not FindingId.NOT_READ)
        if ids:
            lines.append(f"    {_OPEN.into(lang)}{', '.join(ids)}")
    if calls := calls_to_allow(report.snapshot):
        lines.append(f"  {_ALLOW.filled(calls=', '.join(calls)).into(lang)}")
    yield from _folded(lines, how)


def _fact(found: Finding, lang: Language) -> str:
    if found.exemption is None:
        by_goal = found.left_out_by
        return found.fact.into(lang) + (f" [{by_goal.into(lang)}]" if by_goal else "")
    day, why = found.exemption.expires.isoformat(), found.exemption.why
    excused = _EXCUSED.filled(day=day, why=why).into(lang)
    return f"{found.fact.into(lang)} [{excused}]"


def _table(
    columns: Sequence[Message], rows: Sequence[Sequence[Message]], lang: Language, how: TextLayout
) -> Iterator[str]:
    """Yield a table, or where the line is too short for one, a paragraph for each row.

    Columns folded to few cells would cut names and dates in two, and nobody could look for them.
    """
    lines = [[printable(each.into(lang)) for each in line] for line in (columns, *rows)]
    widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
    if how.width is None or sum(widths) + 2 * len(widths) <= how.width:
        yield from (f"  {'  '.join(map(padded, line, widths))}".rstrip() for line in lines)
        return
    headings = lines[0]
    for name, *others in lines[1:]:
        said = "; ".join(
            f"{heading}: {cell}" for heading, cell in zip(headings[1:], others, strict=True) if cell
        )
        yield from _folded((f"  {name}", f"    {said}"), how)
