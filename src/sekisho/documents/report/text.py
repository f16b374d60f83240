"""A report as text for a terminal: the verdict, the facts, then part by part."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import assert_never

from sekisho.documents.report.model import (
    Extent,
    FindingGroup,
    Findings,
    Remark,
    Report,
    Row,
    Table,
    TextLine,
    TextList,
    TextPart,
)
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, cell_width, hanging, padded, printable

MORE = Message("and {count} more (`-v` lists all)")
"""How a text says that a list goes on."""
_LONG_NAME = 20
"""So many cells of a name stay on one line of a table."""
_FIX = Message("What to do: ")
_FACT = Message("Seen: ")
_CONTROLS = Message("Controls: ")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How wide a text may be, and how much it says.

    Attributes:
        width: how many cells a line may take; None: as many as it needs.
        styled: returns a word as it is to look: a `heading`, or of a severity.
        verbose: whether everything is said.
    """

    width: int | None = None
    styled: Callable[[str, str], str] = lambda text, _style: text
    verbose: bool = True

    def fold(self, line: str, *, whole: bool = False) -> list[str]:
        """Return a line, broken where a terminal is not as wide; no word of a `whole` one is."""
        return [line] if self.width is None else hanging(line, self.width, whole=whole)


def report_text(
    report: Report, lang: Language, layout: TextLayout | None = None, *, parts: bool = True
) -> str:
    """Return a report as text; nothing in it is what a terminal would obey.

    Args:
        report: the report.
        lang: the language.
        layout: how wide it may be; as wide as it needs, with all that is said, if not given.
        parts: whether there is more than the verdict, and on what it rests.
    """
    writer = ReportWriter(lang, layout or TextLayout(), report.more)
    facts = (*report.facts, report.as_of) if report.dated else report.facts
    if report.brief is not None and not writer.how.verbose:
        facts = report.brief
    head = (report.headline, *facts, *report.before, *report.after)
    below = report.text() if parts else ()
    lines = [*writer.said(*head), *(line for part in below for line in writer.part(part))]
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class ReportWriter:
    """Writes parts of reports in one language.

    Attributes:
        more: how it is said that a list goes on.
    """

    lang: Language
    how: TextLayout
    more: Message = MORE

    def said(self, *messages: Message, indent: int = 0, whole: bool = False) -> Iterator[str]:
        """Yield messages, each a line, or several if it is long."""
        for each in messages:
            line = f"{' ' * indent}{printable(each.into(self.lang))}"
            yield from self.how.fold(line, whole=whole)

    def part(self, part: TextPart) -> Iterator[str]:
        """Yield the lines of a part; none if it has nothing to say."""
        other = Extent.BRIEF if self.how.verbose else Extent.VERBOSE
        match part:
            case TextList(extent=extent) | Table(extent=extent) | Findings(extent=extent) if (
                extent is other
            ):
                return
            case Remark():
                yield ""
                yield from self._lines([TextLine(part.text, 0, part.brief)])
            case TextLine():
                yield from self._lines([part])
            case TextList():
                yield from self._listing(part)
            case Table():
                yield from self._titled_table(part)
            case Findings():
                yield from self._findings(part)
            case _:
                assert_never(part)

    def finding(self, group: FindingGroup, most: int = 0) -> Iterator[str]:
        """Yield what is said of a finding, with the first `most` of its places."""
        word = group.label.into(self.lang)
        title, where = group.title.into(self.lang), group.where.into(self.lang)
        head = self.how.fold(printable(f"  {word} [{group.id}] {title} ({where})"))
        yield head[0].replace(word, self.how.styled(word, group.severity), 1)
        yield from head[1:]
        if not group.brief or self.how.verbose:
            for line in self._finding_lines(group, most):
                yield from self.how.fold(printable(f"    {line}"))

    def _finding_lines(self, group: FindingGroup, most: int) -> Iterator[str]:
        yield group.cause.into(self.lang)
        for label, text in ((_FACT, group.fact), (_FIX, group.fix), (_CONTROLS, group.controls)):
            if text is not None:
                yield f"{label.into(self.lang)}{text.into(self.lang)}"
        if group.seen is not None:
            shown = self._shown(group.rows, most)
            for seen in map(group.seen, shown):
                note = "" if seen.note is None else f" [{seen.note.into(self.lang)}]"
                yield f"  {seen.subject}: {seen.fact.into(self.lang)}{note}"
            if more := len(group.rows) - len(shown):
                yield f"  {self.more.filled(count=f'{more:,}').into(self.lang)}"

    def _findings(self, part: Findings) -> Iterator[str]:
        if part.groups or part.none is not None:
            yield from self._heading(part.title)
        if not part.groups and part.none is not None:
            yield from self.said(part.none, indent=2)
        for group in part.groups:
            yield from self.finding(group, part.most)
        if part.after is not None:
            yield ""
            yield from self.said(part.after)

    def _heading(self, title: Message) -> Iterator[str]:
        yield ""
        for line in self.how.fold(printable(title.into(self.lang))):
            yield self.how.styled(line, "heading")

    def _lines(self, lines: Iterable[TextLine]) -> Iterator[str]:
        other = Extent.BRIEF if self.how.verbose else Extent.VERBOSE
        for each in lines:
            if each.extent is not other:
                text = each.text if self.how.verbose or each.brief is None else each.brief
                yield from self.said(text, indent=each.indent, whole=each.whole)

    def _shown(self, rows: Sequence[Row], most: int | None) -> Sequence[Row]:
        return rows if self.how.verbose else rows[:most]

    def _listing(self, part: TextList) -> Iterator[str]:
        if not part.rows:
            return
        yield from self._heading(part.title)
        shown = self._shown(part.rows, part.most)
        for row in shown:
            yield from self._lines(part.lines(row))
            if part.details is not None and self.how.verbose:
                yield from self._lines(part.details(row))
        yield from self._below(len(part.rows) - len(shown), part.after)

    def _titled_table(self, part: Table) -> Iterator[str]:
        if not part.rows and part.none is None and not part.after:
            return
        yield from self._heading(part.title)
        shown = self._shown(part.rows, part.most)
        if shown:
            yield from self._table(part, shown)
        elif part.none is not None:
            yield from self.said(part.none, indent=2)
        yield from self._below(len(part.rows) - len(shown), part.after)

    def _below(self, more: int, after: Iterable[TextLine]) -> Iterator[str]:
        if more:
            yield from self.said(self.more.filled(count=f"{more:,}"), indent=2)
        yield from self._lines(after)

    def _table(self, part: Table, rows: Sequence[Row]) -> Iterator[str]:
        """Yield a table, or where the line is too short for one, a paragraph for each row.

        Columns folded to few cells would cut names and dates in two: nobody could look for them.
        """
        cells = (part.columns, *map(part.cells, rows))
        lines = [[printable(each.into(self.lang)) for each in line] for line in cells]
        widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
        if self.how.width is None or sum(widths) + 2 * len(widths) <= self.how.width:
            yield from (f"  {'  '.join(map(padded, line, widths))}".rstrip() for line in lines)
            return
        headings = lines[0]
        if part.folded:
            # most reports have no such table
            from sekisho.documents.tables import table_of_whole_words  # noqa: PLC0415 - as above

            room = self.how.width - 2
            folded = table_of_whole_words(headings, lines[1:], width=room, longest=_LONG_NAME)
            if folded is not None:
                yield from (f"  {line}" for line in (*folded.headings, *folded.rows))
                return
        for name, *others in lines[1:]:
            pairs = zip(headings[1:], others, strict=True)
            said = "; ".join(f"{head}: {cell}" for head, cell in pairs if cell not in part.blank)
            yield from self.how.fold(f"  {name}")
            yield from self.how.fold(f"    {said}")
