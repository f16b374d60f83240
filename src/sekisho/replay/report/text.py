"""A replay as text for a terminal: the verdict, what stops, what is not known, then the figures."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.account import program_name
from sekisho.messages import Language, Message, cell_width, padded, printable, verbatim
from sekisho.replay.event import DetailKind, Tally
from sekisho.replay.outcome import CallOutcome
from sekisho.replay.report.callers import CallerReport, KeyReport, counts_of, events_of, grouped_by
from sekisho.replay.report.evidence import proposals
from sekisho.replay.report.model import ASKED, SELDOM, ReplayReport
from sekisho.replay.report.rows import CallRow, SignInResult, cause_name, count_of, together
from sekisho.replay.report.wording import (
    KINDS,
    LOOKS,
    SIGN_INS,
    calls_text,
    events_text,
    figures,
    headline,
    key_looks_like,
    key_story,
    minute,
    named,
    notices,
    number,
    outcome_label,
    outcome_meaning,
    reason_text,
    ways_out,
    why_of,
)

Fold = Callable[[str], Iterable[str]]
"""Breaks a line where a terminal is not as wide."""

_SHOWN = 10
"""So many keys, callers and files are shown in a terminal."""
_TOP = 3
"""So many addresses, programs and regions."""

STOPPING = Message("What would stop")
UNDECIDED = Message("What cannot be told")
SIGNING_IN = Message("Sign-ins to the console")
AWS_LOGIN = Message("`aws login` without MFA: {names}.")
CALLERS = Message("Who called")
BY_SERVICES = Message("by services on its behalf")
APART = Message("Not counted as unchanged")
NOT_READ = Message("Not read")
TO_DECIDE = Message("To be decided: exempt, or change? Nothing is exempted by this report.")
_WAYS = Message("Ways out for {names}:")
_MORE = Message("and {count} more (`-v` lists all)")
_FROM = Message("addresses: {values}")
_BY = Message("programs: {values}")
_IN = Message("regions: {values}")
_AND = Message("{values}, and {count} more")
_EXAMPLES = Message("{service}:{event}: {count}, {first} to {last}; event {id}; {causes}")
_PROPOSAL = Message("{user} ({keys}): {calls}. {looks}")
_REASON = Message("{label}: {count}: {reason}")
_UNKNOWN_CALLS = Message("{count}: {reason}")
_FAULT = Message("{file}{place}: {what}")

_UNASKED = Message("and {count} to whom nothing in question applies (`-v` lists all)")
SIGN_IN_COLUMNS: tuple[Message, ...] = (Message("user"), *SIGN_INS.values())


@dataclass(frozen=True, slots=True)
class ReplayLayout:
    """How wide the text may be, and how much is said.

    Attributes:
        width: how many cells a line may take; None: as many as it needs.
        fold: breaks a line where a terminal is not as wide.
        styled: returns a heading as it is to look.
        verbose: whether lists are whole.
    """

    width: int | None = None
    fold: Fold = lambda line: (line,)
    styled: Callable[[str], str] = lambda heading: heading
    verbose: bool = True

    def most(self, count: int) -> int | None:
        """Return how many of a list to show; None: all."""
        return None if self.verbose else count


def to_text(report: ReplayReport, lang: Language, layout: ReplayLayout | None = None) -> str:
    """Return a replay as text; nothing in it is what a terminal would obey.

    Args:
        report: the replay.
        lang: the language.
        layout: how wide it may be; as wide as it needs, with whole lists, if not given.
    """
    how = layout or ReplayLayout()
    writer = _Writer(report, lang, how)
    return "".join(f"{line}\n" for line in writer.lines())


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one report in one language."""

    report: ReplayReport
    lang: Language
    how: ReplayLayout

    def lines(self) -> Iterator[str]:
        """Yield the lines, part by part."""
        about = self.report.question.about
        yield from self._said(headline(self.report), *figures(self.report), about)
        yield from self._said(*notices(self.report))
        for part in (
            self._stopping,
            self._undecided,
            self._faults,
            self._callers,
            self._sign_ins,
            self._apart,
            self._proposals,
        ):
            yield from part()

    def _said(self, *messages: Message, indent: int = 0) -> Iterator[str]:
        margin = " " * indent
        for each in messages:
            yield from self.how.fold(f"{margin}{printable(each.into(self.lang))}")

    def _heading(self, title: Message) -> Iterator[str]:
        yield ""
        yield from map(self.how.styled, self.how.fold(title.into(self.lang)))

    def _more(self, count: int) -> Iterator[str]:
        if count > 0:
            yield from self._said(_MORE.filled(count=number(count)), indent=2)

    def _stopping(self) -> Iterator[str]:
        keys = self.report.stopping
        if not keys:
            return
        yield from self._heading(STOPPING)
        shown = keys[: self.how.most(_SHOWN)]
        for key in shown:
            yield from self._said(key_story(key, self.report), indent=2)
            yield from self._said(key_looks_like(key), indent=4)
            yield from self._said(*_top(key), indent=4)
            if self.how.verbose:
                yield from self._said(*_examples(key), indent=6)
        yield from self._more(len(keys) - len(shown))
        yield from self._ways(keys)

    def _ways(self, keys: Sequence[KeyReport]) -> Iterator[str]:
        """Yield the ways out: those that several keys share are said once."""
        shared: dict[tuple[Message, ...], dict[str, None]] = {}
        for key in keys:
            shared.setdefault(ways_out(key), {})[key.label] = None
        for ways, names in shared.items():
            yield from self._said(_WAYS.filled(names=named(list(names))), indent=2)
            yield from self._said(*ways, indent=4)

    def _undecided(self) -> Iterator[str]:
        if not self.report.unknown:
            return
        yield from self._heading(UNDECIDED)
        for (reason, keys), count in self.report.unknown.items():
            said = reason_text(reason, keys)
            yield from self._said(
                _UNKNOWN_CALLS.filled(count=calls_text(count), reason=said), indent=2
            )

    def _faults(self) -> Iterator[str]:
        faults = self.report.log.faults
        if not faults:
            return
        yield from self._heading(NOT_READ)
        shown = faults[: self.how.most(_SHOWN)]
        for each in shown:
            place = verbatim(f" ({each.place})" if each.place else "")
            yield from self._said(
                _FAULT.filled(file=each.file, place=place, what=each.what), indent=2
            )
        yield from self._more(len(faults) - len(shown))

    def _callers(self) -> Iterator[str]:
        callers = self.report.callers
        if not callers:
            return
        yield from self._heading(CALLERS)
        if self.how.verbose:
            yield from self._table(*caller_table(self.report))
            return
        # whom nothing in question binds is no news
        outcomes = (*ASKED, *(each for each in self.report.outcomes if each in SELDOM))
        asked = [
            each
            for each in callers
            if each.denied_as_well or any(one.outcome in outcomes for one in each.sums)
        ]
        shown = asked[:_SHOWN]
        cells = [_short_cells(each, outcomes) for each in shown]
        columns = _short_columns(outcomes)
        if any(_only_on_behalf(each, outcomes) for each in shown):
            # who loses only what services call would look as if nothing were lost
            columns = (*columns, BY_SERVICES)
            more = (verbatim(number(each.forwarded)) for each in shown)
            cells = [(*line, last) for line, last in zip(cells, more, strict=True)]
        if cells:
            yield from self._table(columns, cells)
        yield from self._more(len(asked) - len(cells))
        if others := len(callers) - len(asked):
            yield from self._said(_UNASKED.filled(count=number(others)), indent=2)

    def _sign_ins(self) -> Iterator[str]:
        rows = [(each, each.sign_ins) for each in self.report.callers if each.sign_ins]
        if rows:
            yield from self._heading(SIGNING_IN)
            cells = [sign_in_cells(each) for each, _ in rows]
            shown = cells[: self.how.most(_SHOWN)]
            yield from self._table(SIGN_IN_COLUMNS, shown)
            yield from self._more(len(cells) - len(shown))
        if login := [each.label for each in self.report.callers if each.aws_login]:
            yield from self._said(AWS_LOGIN.filled(names=named(login)), indent=2)

    def _apart(self) -> Iterator[str]:
        lines = list(apart_lines(self.report))
        if lines:
            yield from self._heading(APART)
            yield from self._said(*lines, indent=2)

    def _proposals(self) -> Iterator[str]:
        found = proposals(self.report.callers) if self.how.verbose else ()
        if not found:
            return
        yield from self._heading(TO_DECIDE)
        for each in found:
            said = _PROPOSAL.filled(
                user=each.user,
                keys=named(each.key_ids),
                calls=calls_text(each.calls),
                looks=LOOKS[each.looks].filled(why=why_of(each.because)),
            )
            yield from self._said(said, indent=2)

    def _table(
        self, columns: Sequence[Message], rows: Sequence[Sequence[Message]]
    ) -> Iterator[str]:
        """Yield a table, or where the line is too short for one, a paragraph for each row."""
        lines = [[printable(each.into(self.lang)) for each in line] for line in (columns, *rows)]
        widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
        if self.how.width is None or sum(widths) + 2 * len(widths) <= self.how.width:
            yield from (f"  {'  '.join(map(padded, line, widths))}".rstrip() for line in lines)
            return
        headings = lines[0]
        for name, *others in lines[1:]:
            said = "; ".join(
                f"{heading}: {cell}"
                for heading, cell in zip(headings[1:], others, strict=True)
                if cell not in ("", "0")
            )
            yield from self.how.fold(f"  {name}")
            yield from self.how.fold(f"    {said}")


def _short_columns(outcomes: Iterable[CallOutcome]) -> tuple[Message, ...]:
    labels = map(outcome_label, outcomes)
    return (Message("caller"), *labels, Message("used with MFA"), Message("last call"))


def _short_cells(caller: CallerReport, outcomes: Iterable[CallOutcome]) -> tuple[Message, ...]:
    counts = counts_of(caller.own)
    numbers = (*(counts[each] for each in outcomes), caller.with_mfa)
    last = count_of(each.tally for each in caller.sums).last
    return (
        verbatim(caller.label),
        *(verbatim(number(each)) for each in numbers),
        verbatim(minute(last)),
    )


def _only_on_behalf(caller: CallerReport, outcomes: Collection[CallOutcome]) -> bool:
    """Tell whether what is said of a caller is all of what services called on its behalf."""
    if caller.lost:
        return not caller.denied
    return caller.forwarded > 0 and not any(each.outcome in outcomes for each in caller.own)


def caller_table(report: ReplayReport) -> tuple[tuple[Message, ...], list[tuple[Message, ...]]]:
    """Return the table of callers: its heads, and a row for each."""
    heads = (
        Message("caller"),
        Message("kind"),
        *map(outcome_label, report.outcomes),
        BY_SERVICES,
        Message("used with MFA"),
        Message("last call"),
    )
    return heads, [_caller_cells(each, report.outcomes) for each in report.callers]


def _caller_cells(caller: CallerReport, outcomes: Iterable[CallOutcome]) -> tuple[Message, ...]:
    counts = counts_of(caller.own)
    last = count_of(each.tally for each in caller.sums).last
    return (
        verbatim(caller.label),
        KINDS[caller.caller.kind],
        *(verbatim(number(counts[each])) for each in outcomes),
        verbatim(number(caller.forwarded)),
        verbatim(number(caller.with_mfa)),
        verbatim(minute(last)),
    )


def sign_in_cells(caller: CallerReport) -> tuple[Message, ...]:
    """Return a caller's row of the table of sign-ins."""
    counted = caller.sign_ins
    return (
        verbatim(caller.label),
        *(verbatim(number(counted.get(each, 0))) for each in SignInResult),
    )


def apart_lines(report: ReplayReport) -> Iterator[Message]:
    """Yield why events are neither denied nor unchanged nor unknown, with their numbers."""
    if already := report.counts[CallOutcome.ALREADY_DENIED]:
        outcome = CallOutcome.ALREADY_DENIED
        yield _REASON.filled(
            label=outcome_label(outcome),
            count=events_text(already),
            reason=outcome_meaning(outcome),
        )
    for outcome in (CallOutcome.FAILED, CallOutcome.NOT_DENIABLE, CallOutcome.NOT_BOUND):
        for reason, count in report.because(outcome).items():
            yield _REASON.filled(
                label=outcome_label(outcome), count=events_text(count), reason=reason_text(reason)
            )


def _top(key: KeyReport) -> Iterator[Message]:
    """Yield where from, with what and in which regions most calls of a key were."""
    kinds = ((DetailKind.ADDRESS, _FROM), (DetailKind.AGENT, _BY), (DetailKind.REGION, _IN))
    for kind, text in kinds:
        found = [each for each in key.values(kind) if each.value]
        if found:
            counted: Counter[str] = Counter()
            for each in found:
                named_by = program_name if kind is DetailKind.AGENT else str
                counted[named_by(each.value)] += each.tally.events
            top = counted.most_common(_TOP)
            shown = verbatim(", ".join(f"{value} ({number(count)})" for value, count in top))
            if len(counted) > _TOP:
                shown = _AND.filled(values=shown, count=number(len(counted) - _TOP))
            yield text.filled(values=shown)


def _examples(key: KeyReport) -> Iterator[Message]:
    """Yield each kind of call of a key that would be denied, with an event of it."""
    for (service, event), rows in grouped_by(key.lost, _service_and_event).items():
        seen: Tally = together(row.tally for row in rows)
        causes = dict.fromkeys(cause_name(each) for row in rows for each in row.judgement.causes)
        yield _EXAMPLES.filled(
            service=service,
            event=event,
            count=calls_text(events_of(rows)),
            first=minute(seen.first),
            last=minute(seen.last),
            id=seen.last_id,
            causes=", ".join(causes),
        )


def _service_and_event(row: CallRow) -> tuple[str, str]:
    return row.service, row.event
