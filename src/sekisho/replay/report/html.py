"""A replay as one self-contained HTML page that runs no script, ready to print."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.documents.html import BarPart, PlacedPart, html_page, placed
from sekisho.messages import Language, Message, printable, verbatim
from sekisho.replay.event import DetailKind
from sekisho.replay.outcome import CallOutcome
from sekisho.replay.report.calendar import calendars
from sekisho.replay.report.callers import CallerReport, KeyReport, counts_of, events_of, grouped_by
from sekisho.replay.report.evidence import proposals
from sekisho.replay.report.model import ReplayReport
from sekisho.replay.report.rows import CallRow, cause_name, together
from sekisho.replay.report.text import (
    APART,
    AWS_LOGIN,
    BY_SERVICES,
    CALLERS,
    NOT_READ,
    SIGN_IN_COLUMNS,
    SIGNING_IN,
    STOPPING,
    TO_DECIDE,
    UNDECIDED,
    caller_table,
    sign_in_cells,
)
from sekisho.replay.report.wording import (
    LOOKS,
    calls_text,
    events_text,
    figures,
    headline,
    key_looks_like,
    key_name,
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

_KEYS, _BARS, _TALL = 200, 30, 25
"""So many keys have a section, and so many callers and services a bar; a longer table scrolls."""

_TITLE = Message("Who would be affected")
_AS_OF = Message("{events} events; actions: {dated}; sekisho {version}.")
_BY_DAY = Message("Denied calls by day")
_BY_CALLER = Message("Calls by caller")
_BY_SERVICE = Message("Denied calls by service")
_DAY = Message("{day}: {denied} of {events} events denied")
_NO_LOG = Message("{day}: no event in the log")
_CALENDAR = Message(
    "A square for each day, weeks from Monday to Sunday: the stronger its colour, the more calls "
    "would have been denied; {worst} on the worst day. A day with no event in the log has an "
    "outline only."
)
_OUTCOMES = Message("What the outcomes mean")
_MORE_KEYS = Message("{count} more keys would lose calls: CSV and JSON have all of them.")
_DETAIL_HEADS = {
    DetailKind.ADDRESS: Message("address"),
    DetailKind.AGENT: Message("program"),
    DetailKind.REGION: Message("region"),
}
_TOP = 10
_OTHERS = Message("and {count} others")
_CALL_COLUMNS = (
    Message("service"),
    Message("event"),
    Message("calls"),
    Message("first"),
    Message("last"),
    Message("an event's id"),
    Message("denied by"),
)
_UNKNOWN_COLUMNS = (Message("why"), Message("calls"))
_APART_COLUMNS = (Message("outcome"), Message("why"), Message("events"))
_FAULT_COLUMNS = (
    *(Message("file"), Message("place"), Message("what is wrong")),
    Message("records lost"),
)
_DECIDE_COLUMNS = (Message("user"), Message("access keys"), Message("calls"), Message("why"))
_WORDS = {
    "contents": Message("Contents"),
    "ways": Message("Ways out"),
    "calls": Message("What was called"),
    "where": Message("Where from, and with what"),
    "days": Message("The days with denied calls"),
    "day": Message("day"),
    "denied": Message("denied"),
    "events": Message("events"),
}
_KINDS = {
    CallOutcome.DENIED: "bad",
    CallOutcome.UNKNOWN: "open",
    CallOutcome.UNCHANGED: "good",
    CallOutcome.ALREADY_DENIED: "none",
    CallOutcome.FAILED: "none",
    CallOutcome.NOT_DENIABLE: "none",
    CallOutcome.NOT_BOUND: "none",
}

Say = Callable[[Message], str]
"""Puts a message into the page's language, with nothing in it that turns text round."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A heading and a table under it; one without rows is left out."""

    id: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Bar:
    """A named bar with its figures."""

    name: str
    figures: str
    parts: Sequence[PlacedPart]


@dataclass(frozen=True, slots=True)
class _Key:
    """What is said of a key that would lose calls."""

    name: str
    stops: bool
    story: str
    looks: str
    ways: Sequence[str]
    where: Sequence[tuple[str, Sequence[tuple[str, str]], str]]
    calls: Sequence[Sequence[str]]


def to_html(report: ReplayReport, lang: Language) -> str:
    """Return a replay as an HTML document; every text in it is escaped."""
    values = {**page_values(report, lang), "tall": _TALL}
    return html_page(Path(__file__).parent / "page.html.jinja", None, lang, values)


def page_values(report: ReplayReport, lang: Language) -> dict[str, Any]:
    """Return what a page shows of a replay, in words: as text that is yet to be escaped.

    `keys` are those that would lose calls, `bars` groups of bars with an anchor and a heading,
    `tables` those that have rows, `calendars` the days with denied calls.
    """

    def say(message: Message) -> str:
        return printable(message.into(lang))

    as_of = _AS_OF.filled(
        events=number(report.log.events), dated=report.dated, version=report.version
    )
    more = len(report.stopping) - _KEYS
    return {
        "title": say(_TITLE),
        "as_of": say(as_of),
        "headline": say(headline(report)),
        "about": say(report.question.about),
        "figures": [say(each) for each in figures(report)],
        "notices": [say(each) for each in notices(report)],
        "stopping": say(STOPPING),
        "keys": [_key(key, report, say) for key in report.stopping[:_KEYS]],
        "more_keys": say(_MORE_KEYS.filled(count=number(more))) if more > 0 else "",
        "call_columns": [say(each) for each in _CALL_COLUMNS],
        **_calendar_values(report, say),
        "bars": [each for each in _bars(report, say) if each[2]],
        "tables": [each for each in _tables(report, say) if each.rows],
        "words": {name: say(each) for name, each in _WORDS.items()},
    }


def _key(key: KeyReport, report: ReplayReport, say: Say) -> _Key:
    return _Key(
        name=say(key_name(key)),
        stops=key.stops,
        story=say(key_story(key, report)),
        looks=say(key_looks_like(key)),
        ways=[say(each) for each in ways_out(key)],
        where=list(_where(key, say)),
        calls=[[printable(cell) for cell in line] for line in _calls(key)],
    )


def _where(key: KeyReport, say: Say) -> Iterator[tuple[str, Sequence[tuple[str, str]], str]]:
    """Yield addresses, programs and regions: a heading, the most frequent, how many others."""
    for kind, head in _DETAIL_HEADS.items():
        found = [each for each in key.values(kind) if each.value]
        if found:
            top = [(printable(each.value), number(each.tally.events)) for each in found[:_TOP]]
            others = len(found) - _TOP
            yield say(head), top, say(_OTHERS.filled(count=number(others))) if others > 0 else ""


def _calls(key: KeyReport) -> Iterator[Sequence[str]]:
    for (service, event), rows in grouped_by(key.lost, _service_and_event).items():
        seen = together(row.tally for row in rows)
        causes = dict.fromkeys(cause_name(each) for row in rows for each in row.judgement.causes)
        yield (
            service,
            event,
            number(seen.events),
            minute(seen.first),
            minute(seen.last),
            seen.last_id,
            ", ".join(causes),
        )


def _service_and_event(row: CallRow) -> tuple[str, str]:
    return row.service, row.event


def _calendar_values(report: ReplayReport, say: Say) -> dict[str, object]:
    worst = max((each.denied for each in report.days), default=0)

    def day_text(day: str, denied: int, events: int) -> str:
        text = _DAY.filled(day=day, denied=number(denied), events=number(events))
        return say(text if events else _NO_LOG.filled(day=day))

    return {
        "by_day": say(_BY_DAY),
        "calendars": calendars(report.days) if worst else (),
        "calendar_text": say(_CALENDAR.filled(worst=number(worst))),
        "day_text": day_text,
        "days": [each for each in report.days if each.denied],
    }


def _bars(report: ReplayReport, say: Say) -> Iterator[tuple[str, str, Sequence[_Bar]]]:
    """Yield groups of bars: an anchor, a heading, and the bars."""
    rows = report.rows
    callers = [
        _outcome_bar(each, say) for each in report.callers[:_BARS] if each.lost or each.undecided
    ]
    yield "by-caller", say(_BY_CALLER), callers
    denied = [row for row in rows if row.outcome is CallOutcome.DENIED]
    services = grouped_by(denied, lambda row: row.service)
    most = max((events_of(each) for each in services.values()), default=0)
    bars = []
    for name, theirs in list(services.items())[:_BARS]:
        count = events_of(theirs)
        part = BarPart(say(outcome_label(CallOutcome.DENIED)), count, "bad")
        bars.append(_Bar(printable(name), say(calls_text(count)), placed((part,), most)))
    yield "by-service", say(_BY_SERVICE), bars


def _outcome_bar(caller: CallerReport, say: Say) -> _Bar:
    counted = counts_of(caller.own)
    parts = [
        BarPart(say(outcome_label(each)), counted[each], kind) for each, kind in _KINDS.items()
    ]
    parts.append(BarPart(say(BY_SERVICES), caller.forwarded, "waits"))
    said = ", ".join(f"{each.name} {number(each.count)}" for each in parts if each.count)
    return _Bar(printable(caller.label), said, placed(parts))


def _tables(report: ReplayReport, say: Say) -> Iterator[_Table]:
    def table(
        anchor: str, title: Message, heads: Iterable[Message], rows: Iterable[Iterable[Message]]
    ) -> _Table:
        shown = [[say(cell) for cell in row] for row in rows]
        return _Table(anchor, say(title), [say(each) for each in heads], shown)

    unknown = [
        (reason_text(reason, keys), verbatim(number(count)))
        for (reason, keys), count in report.unknown.items()
    ]
    yield table("unknown", UNDECIDED, _UNKNOWN_COLUMNS, unknown)
    yield table("decide", TO_DECIDE, _DECIDE_COLUMNS, _decisions(report))
    yield table("callers", CALLERS, *caller_table(report))
    signed = [sign_in_cells(each) for each in report.callers if each.sign_ins]
    yield table("sign-ins", SIGNING_IN, SIGN_IN_COLUMNS, signed)
    if login := [each.label for each in report.callers if each.aws_login]:
        said = AWS_LOGIN.filled(names=named(login))
        yield table("aws-login", verbatim("aws login"), (), [(said,)])
    yield table("apart", APART, _APART_COLUMNS, _apart(report))
    faults = [
        (
            *(verbatim(each.file), verbatim(each.place), each.what),
            verbatim(number(each.records) if each.records else ""),
        )
        for each in report.log.faults
    ]
    yield table("not-read", NOT_READ, _FAULT_COLUMNS, faults)
    meanings = [(outcome_label(each), outcome_meaning(each)) for each in report.outcomes]
    yield table("outcomes", _OUTCOMES, (), meanings)


def _decisions(report: ReplayReport) -> Iterator[Sequence[Message]]:
    for each in proposals(report.callers):
        yield (
            verbatim(each.user),
            named(each.key_ids),
            calls_text(each.calls),
            LOOKS[each.looks].filled(why=why_of(each.because)),
        )


def _apart(report: ReplayReport) -> Iterator[Sequence[Message]]:
    if already := report.counts[CallOutcome.ALREADY_DENIED]:
        label = outcome_label(CallOutcome.ALREADY_DENIED)
        yield label, outcome_meaning(CallOutcome.ALREADY_DENIED), events_text(already)
    for outcome in (CallOutcome.FAILED, CallOutcome.NOT_DENIABLE, CallOutcome.NOT_BOUND):
        for reason, count in report.because(outcome).items():
            yield outcome_label(outcome), reason_text(reason), events_text(count)
