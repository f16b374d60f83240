"""The report of a replay: the verdict, the calls that would stop, the unknown, the figures."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple
from pathlib import Path

from sekisho.account import program_name
from sekisho.documents.html import BarPart, placed
from sekisho.documents.report import (
    MORE,
    Bar,
    Bars,
    Calendars,
    Extent,
    PageLook,
    PagePart,
    Report,
    Subsection,
    SubsectionDetail,
    Subsections,
    Table,
    TextLine,
    TextList,
    TextPart,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, printable, verbatim
from sekisho.replay.event import DetailKind, Tally
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.report.calendar import calendars
from sekisho.replay.report.callers import (
    CallerReport,
    ExemptionProposal,
    KeyReport,
    counts_of,
    events_of,
    grouped_by,
    proposals,
)
from sekisho.replay.report.model import ASKED, SELDOM, DayCount, FileFault, ReplayReport
from sekisho.replay.report.wording import (
    KINDS,
    LOOKS,
    SIGN_INS,
    calls_text,
    events_text,
    figures,
    headline,
    key_looks_like,
    key_name,
    key_story,
    minute,
    names_text,
    notices,
    number,
    outcome_label,
    outcome_meaning,
    reason_text,
    ways_out,
    why_of,
)
from sekisho.replay.rows import CallRow, ConsoleSignIn, cause_name, count_of, together

_SHOWN = 10
"""The most keys, callers and files that are shown in a terminal."""
_TOP = 3
"""The most addresses, programs and regions that are shown."""
_PAGE_KEYS, _PAGE_BARS, _PAGE_TOP = 200, 30, 10
"""On a page: the most keys, the most bars of callers and services, the most addresses."""

_TITLE = Message("Who would be affected")
_AS_OF = Message("{events} {events:event|events}; actions: {dated}; sekisho {version}.")
_STOPPING = Message("What would stop")
_UNDECIDED = Message("Undecided")
_SIGNING_IN = Message("Sign-ins to the console")
_AWS_LOGIN = Message("`aws login` without MFA: {names}.")
_CALLERS = Message("Who called")
_BY_SERVICES = Message("by services on its behalf")
_APART = Message("Not counted as unchanged")
_NOT_READ = Message("Not read")
_TO_DECIDE = Message(
    "To decide: except these callers, or change how they call? This report excepts nobody."
)
_WAYS = Message("What to do for {names}:")
_AND = Message("{values}, and {count} more")
_EXAMPLES = Message("{service}:{event}: {count}, {first} to {last}; event {id}; {causes}")
_PROPOSAL = Message("{user} ({keys}): {calls}. {looks}")
_REASON = Message("{label}: {count}: {reason}")
_UNKNOWN_CALLS = Message("{count}: {reason}")
_FAULT = Message("{file}{place}: {what}")
_UNASKED = Message("and {count} to whom nothing in question applies (`-v` lists all)")
_BY_DAY = Message("Denied calls by day")
_BY_CALLER = Message("Calls by caller")
_BY_SERVICE = Message("Denied calls by service")
_DAY = Message("{day}: {denied} of {events} {events:event|events} denied")
_NO_LOG = Message("{day}: no event in the log")
_CALENDAR = Message(
    "A square for each day, weeks from Monday to Sunday: the stronger its colour, the more calls "
    "would have been denied; {worst} on the worst day. A day with no event in the log has an "
    "outline only."
)
_DAYS = Message("The days with denied calls")
_OUTCOMES = Message("What the outcomes mean")
_MORE_KEYS = Message(
    "{count} more {count:key|keys} would lose calls: CSV and JSON have all of them."
)
_OTHERS = Message("and {count} {count:other|others}")

_DETAILS = {
    DetailKind.ADDRESS: (Message("address"), Message("addresses: {values}")),
    DetailKind.AGENT: (Message("program"), Message("programs: {values}")),
    DetailKind.REGION: (Message("region"), Message("regions: {values}")),
}
"""The names of details above a list of them, and in a sentence."""
_CALL_COLUMNS = (
    Message("service"),
    Message("event"),
    Message("calls"),
    Message("first"),
    Message("last"),
    Message("an event's id"),
    Message("denied by"),
)
_SIGN_IN_COLUMNS = (Message("user"), *SIGN_INS.values())
_UNKNOWN_COLUMNS = (Message("why"), Message("calls"))
_APART_COLUMNS = (Message("outcome"), Message("why"), Message("events"))
_FAULT_COLUMNS = (
    *(Message("file"), Message("place"), Message("what is wrong")),
    Message("records lost"),
)
_DECIDE_COLUMNS = (Message("user"), Message("access keys"), Message("calls"), Message("why"))
_DAY_COLUMNS = (Message("day"), Message("denied"), Message("events"))
_COLOURS = {
    CallOutcome.DENIED: "bad",
    CallOutcome.UNKNOWN: "open",
    CallOutcome.UNCHANGED: "good",
    CallOutcome.ALREADY_DENIED: "none",
    CallOutcome.FAILED: "none",
    CallOutcome.NOT_DENIABLE: "none",
    CallOutcome.NOT_BOUND: "none",
}
_LOOK = PageLook(Path(__file__).parent / "page.css", None, dense=False)


def replay_document(report: ReplayReport) -> Report:
    """Return the report of a replay, for every form."""
    return Report(
        title=_TITLE,
        as_of=_AS_OF.filled(
            events=number(report.log.events), dated=report.dated, version=report.version
        ),
        headline=headline(report),
        facts=tuple(figures(report)),
        before=(report.question.about,),
        after=tuple(notices(report)),
        text=lambda: _text_parts(report),
        page=lambda: _page_parts(report),
        look=_LOOK,
        more=MORE,
        dated=False,
    )


def _text_parts(report: ReplayReport) -> Iterator[TextPart]:
    yield TextList(
        _STOPPING,
        report.stopping,
        lambda key: _key_lines(key, report),
        details=_examples,
        most=_SHOWN,
        after=tuple(_ways(report.stopping)),
    )
    yield TextList(_UNDECIDED, list(report.unknown.items()), _unknown_lines)
    yield TextList(_NOT_READ, report.log.faults, _fault_lines, most=_SHOWN)
    if report.callers:
        yield from _caller_tables(report)
    signed = [each for each in report.callers if each.sign_ins]
    yield _sign_ins(signed)
    if login := [each.label for each in report.callers if each.aws_login]:
        yield TextLine(_AWS_LOGIN.filled(names=names_text(login)))
    yield TextList(_APART, list(_other_outcomes(report)), _apart_lines)
    yield TextList(_TO_DECIDE, proposals(report.callers), _proposal_lines, extent=Extent.VERBOSE)


def _key_lines(key: KeyReport, report: ReplayReport) -> Iterator[TextLine]:
    yield TextLine(key_story(key, report))
    yield TextLine(key_looks_like(key), 4)
    yield from (TextLine(each, 4) for each in _top(key))


def _ways(keys: Sequence[KeyReport]) -> Iterator[TextLine]:
    """Yield the remedies; those that several keys share are listed once."""
    shared: dict[tuple[Message, ...], dict[str, None]] = {}
    for key in keys:
        shared.setdefault(ways_out(key), {})[key.label] = None
    for ways, names in shared.items():
        yield TextLine(_WAYS.filled(names=names_text(list(names))))
        yield from (TextLine(way, 4) for way in ways)


def _unknown_lines(row: tuple[tuple[OutcomeReason, Sequence[str]], int]) -> Iterator[TextLine]:
    (reason, keys), count = row
    why = reason_text(reason, keys)
    yield TextLine(_UNKNOWN_CALLS.filled(count=calls_text(count), reason=why))


def _fault_lines(fault: FileFault) -> Iterator[TextLine]:
    place = verbatim(f" ({fault.place})" if fault.place else "")
    yield TextLine(_FAULT.filled(file=fault.file, place=place, what=fault.what))


def _apart_lines(row: Sequence[Message]) -> Iterator[TextLine]:
    label, reason, count = row
    yield TextLine(_REASON.filled(label=label, count=count, reason=reason))


def _proposal_lines(proposal: ExemptionProposal) -> Iterator[TextLine]:
    user, keys, calls, looks = _proposal_cells(proposal)
    yield TextLine(_PROPOSAL.filled(user=user, keys=keys, calls=calls, looks=looks))


def _proposal_cells(proposal: ExemptionProposal) -> tuple[Message, ...]:
    return (
        verbatim(proposal.user),
        names_text(proposal.key_ids),
        calls_text(proposal.calls),
        LOOKS[proposal.looks].filled(why=why_of(proposal.because)),
    )


def _caller_tables(report: ReplayReport) -> Iterator[TextPart]:
    """Yield the table of callers, and a shorter one that is shown by default."""
    yield _callers(report, Extent.VERBOSE)
    # callers to whom no policy in question applies are not shown
    outcomes = (*ASKED, *(each for each in report.outcomes if each in SELDOM))
    bound = [
        each
        for each in report.callers
        if each.denied_as_well or any(one.outcome in outcomes for one in each.sums)
    ]
    # a caller that only loses services' calls would seem to lose nothing
    by_services = any(_only_on_behalf(each, outcomes) for each in bound[:_SHOWN])
    others = len(report.callers) - len(bound)
    yield Table(
        _CALLERS,
        (
            Message("caller"),
            *map(outcome_label, outcomes),
            *(Message("used with MFA"), Message("last call")),
            *((_BY_SERVICES,) if by_services else ()),
        ),
        bound,
        lambda caller: (
            verbatim(caller.label),
            *_counts(caller, outcomes),
            *_last_cells(caller),
            *((verbatim(number(caller.forwarded)),) if by_services else ()),
        ),
        most=_SHOWN,
        after=(TextLine(_UNASKED.filled(count=number(others))),) if others else (),
        blank=_BLANK,
        extent=Extent.BRIEF,
    )


_BLANK = ("", "0")


def _callers(report: ReplayReport, extent: Extent = Extent.ALL) -> Table:
    return Table(
        _CALLERS,
        (
            *(Message("caller"), Message("kind")),
            *map(outcome_label, report.outcomes),
            _BY_SERVICES,
            *(Message("used with MFA"), Message("last call")),
        ),
        report.callers,
        lambda caller: (
            *(verbatim(caller.label), KINDS[caller.caller.kind]),
            *_counts(caller, report.outcomes),
            verbatim(number(caller.forwarded)),
            *_last_cells(caller),
        ),
        blank=_BLANK,
        id="callers",
        extent=extent,
    )


def _counts(caller: CallerReport, outcomes: Iterable[CallOutcome]) -> Iterator[Message]:
    counts = counts_of(caller.own)
    return (verbatim(number(counts[each])) for each in outcomes)


def _last_cells(caller: CallerReport) -> tuple[Message, Message]:
    last = count_of(each.tally for each in caller.sums).last
    return verbatim(number(caller.with_mfa)), verbatim(minute(last))


def _only_on_behalf(caller: CallerReport, outcomes: Collection[CallOutcome]) -> bool:
    """Return whether all that is reported of a caller are services' calls on its behalf."""
    if caller.lost:
        return not caller.denied
    return caller.forwarded > 0 and not any(each.outcome in outcomes for each in caller.own)


def _sign_ins(callers: Sequence[CallerReport]) -> Table:
    return Table(
        _SIGNING_IN,
        _SIGN_IN_COLUMNS,
        callers,
        lambda caller: (
            verbatim(caller.label),
            *(verbatim(number(caller.sign_ins.get(each, 0))) for each in ConsoleSignIn),
        ),
        most=_SHOWN,
        blank=_BLANK,
        id="sign-ins",
    )


def _other_outcomes(report: ReplayReport) -> Iterator[tuple[Message, Message, Message]]:
    """Yield the reasons of other outcomes than denied, unchanged and unknown, with counts."""
    if already := report.counts[CallOutcome.ALREADY_DENIED]:
        label = outcome_label(CallOutcome.ALREADY_DENIED)
        yield label, outcome_meaning(CallOutcome.ALREADY_DENIED), events_text(already)
    for outcome in (CallOutcome.FAILED, CallOutcome.NOT_DENIABLE, CallOutcome.NOT_BOUND):
        for reason, count in report.because(outcome).items():
            yield outcome_label(outcome), reason_text(reason), events_text(count)


def _top(key: KeyReport) -> Iterator[Message]:
    """Yield the most frequent addresses, programs and regions of a key's calls."""
    for kind, (_, text) in _DETAILS.items():
        counted: Counter[str] = Counter()
        for each in key.values(kind):
            if each.value:
                name = program_name(each.value) if kind is DetailKind.AGENT else each.value
                counted[name] += each.tally.events
        if counted:
            top = counted.most_common(_TOP)
            shown = verbatim(", ".join(f"{value} ({number(count)})" for value, count in top))
            if len(counted) > _TOP:
                shown = _AND.filled(values=shown, count=number(len(counted) - _TOP))
            yield text.filled(values=shown)


@dataclass(frozen=True, slots=True)
class _Call:
    """A key's calls of one kind that would be denied, with an event of them."""

    service: str
    event: str
    count: int
    first: str
    last: str
    id: str
    causes: str


def _calls(key: KeyReport) -> Iterator[_Call]:
    for (service, event), rows in grouped_by(key.lost, _service_and_event).items():
        seen: Tally = together(row.tally for row in rows)
        causes = dict.fromkeys(cause_name(each) for row in rows for each in row.judgement.causes)
        first, last = minute(seen.first), minute(seen.last)
        yield _Call(service, event, events_of(rows), first, last, seen.last_id, ", ".join(causes))


def _examples(key: KeyReport) -> Iterator[TextLine]:
    for call in _calls(key):
        values = {**asdict(call), "count": calls_text(call.count)}
        yield TextLine(_EXAMPLES.filled(**values), 6)


def _service_and_event(row: CallRow) -> tuple[str, str]:
    return row.service, row.event


def _page_parts(report: ReplayReport) -> Iterator[PagePart]:
    more = len(report.stopping) - _PAGE_KEYS
    yield Subsections(
        _STOPPING,
        [_group(key, report) for key in report.stopping[:_PAGE_KEYS]],
        more=_MORE_KEYS.filled(count=number(more)) if more > 0 else None,
        advice=Message("What to do"),
        calls=Message("What was called"),
        details=Message("Where from, and with what"),
        columns=_CALL_COLUMNS,
        id="stopping",
    )
    yield _calendars(report)
    yield Bars(
        _BY_CALLER,
        [_bar(each) for each in report.callers[:_PAGE_BARS] if each.lost or each.undecided],
        id="by-caller",
    )
    yield Bars(_BY_SERVICE, list(_service_bars(report)), id="by-service")
    yield from _page_tables(report)


def _group(key: KeyReport, report: ReplayReport) -> Subsection:
    return Subsection(
        title=key_name(key),
        severity="error" if key.stops else "warning",
        paragraphs=(key_story(key, report), key_looks_like(key)),
        advice=ways_out(key),
        calls=[
            [printable(f"{cell:,}" if isinstance(cell, int) else cell) for cell in astuple(call)]
            for call in _calls(key)
        ],
        details=list(_details(key)),
    )


def _details(key: KeyReport) -> Iterator[SubsectionDetail]:
    """Yield the most frequent addresses, programs and regions, and the number of others."""
    for kind, (head, _) in _DETAILS.items():
        found = [each for each in key.values(kind) if each.value]
        if found:
            top = [(printable(each.value), number(each.tally.events)) for each in found[:_PAGE_TOP]]
            others = len(found) - _PAGE_TOP
            more = _OTHERS.filled(count=number(others)) if others > 0 else None
            yield SubsectionDetail(head, top, more)


def _calendars(report: ReplayReport) -> Calendars:
    worst = max((each.denied for each in report.days), default=0)
    return Calendars(
        title=_BY_DAY,
        text=_CALENDAR.filled(worst=number(worst)),
        calendars=calendars(report.days) if worst else (),
        day_text=_day_text,
        days_title=_DAYS,
        columns=_DAY_COLUMNS,
        days=[
            (str(each.day), number(each.denied), number(each.events))
            for each in report.days
            if each.denied
        ],
        id="by-day",
    )


def _day_text(count: DayCount) -> Message:
    day = count.day.isoformat()
    if not count.events:
        return _NO_LOG.filled(day=day)
    return _DAY.filled(day=day, denied=number(count.denied), events=number(count.events))


def _bar(caller: CallerReport) -> Bar:
    counted = counts_of(caller.own)
    parts = {outcome_label(each): (counted[each], colour) for each, colour in _COLOURS.items()}
    parts[_BY_SERVICES] = (caller.forwarded, "waits")
    texts = [
        joined_messages((label, verbatim(number(count))), en=" ", ja=" ")
        for label, (count, _) in parts.items()
        if count
    ]
    return Bar(
        name=printable(caller.label),
        figures=joined_messages(texts, en=", ", ja=", "),
        parts=placed([BarPart("", count, colour) for count, colour in parts.values()]),
    )


def _service_bars(report: ReplayReport) -> Iterator[Bar]:
    denied = [row for row in report.rows if row.outcome is CallOutcome.DENIED]
    services = grouped_by(denied, lambda row: row.service)
    most = max((events_of(each) for each in services.values()), default=0)
    for name, rows in list(services.items())[:_PAGE_BARS]:
        count = events_of(rows)
        yield Bar(printable(name), calls_text(count), placed((BarPart("", count, "bad"),), most))


def _page_tables(report: ReplayReport) -> Iterator[Table]:
    yield Table(
        _UNDECIDED,
        _UNKNOWN_COLUMNS,
        list(report.unknown.items()),
        lambda row: (reason_text(*row[0]), verbatim(number(row[1]))),
        id="unknown",
    )
    decide = proposals(report.callers)
    yield Table(_TO_DECIDE, _DECIDE_COLUMNS, decide, _proposal_cells, id="decide")
    yield _callers(report)
    yield _sign_ins([each for each in report.callers if each.sign_ins])
    if login := [each.label for each in report.callers if each.aws_login]:
        text = _AWS_LOGIN.filled(names=names_text(login))
        yield Table(verbatim("aws login"), (), [(text,)], tuple, id="aws-login")
    yield Table(_APART, _APART_COLUMNS, list(_other_outcomes(report)), tuple, id="apart")
    yield Table(
        _NOT_READ,
        _FAULT_COLUMNS,
        report.log.faults,
        lambda fault: (
            *(verbatim(fault.file), verbatim(fault.place), fault.what),
            verbatim(number(fault.records) if fault.records else ""),
        ),
        id="not-read",
    )
    meanings = [(outcome_label(each), outcome_meaning(each)) for each in report.outcomes]
    yield Table(_OUTCOMES, (), meanings, tuple, id="outcomes")
