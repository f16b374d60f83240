"""The result for a log under the policies in question: by caller, by key, by day.

Every figure is a sum over rows, and the rows together are all events that were read: unchanged,
not bound and unknown calls are included, each with its reason.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import CallerDetail, Count, DetailKind
from sekisho.replay.judge import Judge
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.report.callers import CallerReport, Counts, KeyReport, counts_of, events_of
from sekisho.replay.rows import (
    CallRow,
    CallSum,
    Deferred,
    KeyCalls,
    LoggedCaller,
    PrincipalKind,
    count_of,
)

if TYPE_CHECKING:
    from sekisho.replay.reading import Reading, SkippedKind, TrailGroups
    from sekisho.replay.tables import Outcomes

ASKED = (CallOutcome.DENIED, CallOutcome.UNKNOWN, CallOutcome.UNCHANGED)
"""The outcomes of calls about which the policies in question were asked.

`ALREADY_DENIED` is another one, but is shown only if there are such calls.
"""

SELDOM = frozenset({CallOutcome.ALREADY_DENIED})
"""The outcomes that are shown only if calls have them."""

NOT_OPENED = "not opened"
"""The kind of skipped files that may contain calls; see `SkippedKind`."""

PEOPLE = (PrincipalKind.USER, PrincipalKind.ROOT)
"""The callers that a policy for users is about."""


@dataclass(frozen=True, slots=True)
class ReplayQuestion:
    """The question about the log.

    Attributes:
        policies: the names of the policies in question.
        about: the question in a sentence: the policies and their targets.
        account: whether each caller's own policies were asked, too; else the policies given alone.
        since, until: the times between which events count; None: no limit.
        enabled: how many users of the account have an MFA device, and how many there are; None:
            that is not known.
    """

    policies: tuple[str, ...]
    about: Message
    account: bool = False
    since: datetime | None = None
    until: datetime | None = None
    enabled: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class FileFault:
    """A file, or a place in one, that could not be read.

    Attributes:
        place: where in the file; "" for the whole.
        records: how many records are lost by it; 0: none, or it cannot be told.
    """

    file: str
    place: str
    what: Message
    records: int = 0


@dataclass(frozen=True, slots=True)
class LogFigures:
    """The figures of the reading.

    Attributes:
        files, size, events: how many files, bytes and events.
        skipped: files that were left out, by what they are: digests, insights.
        outside: events that are not between the times asked for.
        duplicates: events that were left out because one with their id was there.
        faults: the parts that could not be read; the rest was.
        notes: facts about the source of the events that users must know.
    """

    files: int = 0
    size: int = 0
    events: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    duplicates: int = 0
    faults: tuple[FileFault, ...] = ()
    notes: tuple[Message, ...] = ()

    @property
    def not_opened(self) -> int:
        """The number of files that may be logs and were not even opened."""
        return self.skipped.get(NOT_OPENED, 0)

    @property
    def unread(self) -> int:
        """The number of files that were not read, or not completely."""
        return len({each.file for each in self.faults}) + self.not_opened

    @property
    def lost(self) -> int:
        """The number of records that could not be read, as far as that is known."""
        return sum(each.records for each in self.faults)


@dataclass(frozen=True, slots=True)
class DayCount:
    """One day of the log, in UTC.

    Attributes:
        events: how many; 0: the log has nothing of this day.
        denied: how many of them would have been denied.
    """

    day: date
    events: int
    denied: int


@dataclass(frozen=True)
class ReplayReport:
    """The report on the calls of a log that the policies in question would have denied.

    Attributes:
        rows: every event, once, in order of caller, key, service and event.
        days: every day from the first event to the last; see `days_between`.
        dated: the catalogue's name and date.
        version: sekisho's own.
    """

    question: ReplayQuestion
    log: LogFigures
    rows: Sequence[CallRow]
    callers: tuple[CallerReport, ...]
    days: tuple[DayCount, ...]
    dated: str
    version: str

    @cached_property
    def counts(self) -> Counts:
        """The number of events with each outcome; their sum is the number of events."""
        return counts_of(self.sums)

    @cached_property
    def outcomes(self) -> tuple[CallOutcome, ...]:
        """The outcomes to show, in order."""
        return tuple(each for each, count in self.counts.items() if count or each not in SELDOM)

    @cached_property
    def sums(self) -> tuple[CallSum, ...]:
        """Every event once, summed over actions, in order of caller and key."""
        sums = (each for caller in self.callers for each in caller.sums)
        return tuple(sorted(sums, key=lambda each: (each.caller, each.key_id)))

    @cached_property
    def span(self) -> Count | None:
        """The first and the last event; None without any."""
        return count_of(each.tally for each in self.sums) if self.sums else None

    @cached_property
    def users(self) -> tuple[CallerReport, ...]:
        """The IAM users and root."""
        return tuple(each for each in self.callers if each.caller.kind in PEOPLE)

    @cached_property
    def losing(self) -> tuple[CallerReport, ...]:
        """The callers of calls that would have been denied."""
        return tuple(each for each in self.callers if each.lost)

    @cached_property
    def failing(self) -> tuple[CallerReport, ...]:
        """The callers who would lose no successful call, but some that failed anyway."""
        return tuple(each for each in self.callers if each.denied_as_well and not each.lost)

    @property
    def undecided_as_well(self) -> int:
        """The number of calls that failed for another reason and cannot be decided."""
        return self.because(CallOutcome.FAILED).get(OutcomeReason.UNDECIDED_AS_WELL, 0)

    @property
    def affects(self) -> bool:
        """Whether a call would have been denied, including calls that failed for another reason."""
        return bool(self.losing or self.failing)

    @cached_property
    def stopping(self) -> tuple[KeyReport, ...]:
        """The keys and sessions with denied calls, those with most of them first.

        Denied calls on a user's behalf count only if the user loses nothing else: otherwise they
        depend on the calls that caused them.
        """
        keys = (
            key
            for each in self.losing
            for key in each.keys
            if key.denied or (key.denied_on_behalf and not each.denied)
        )
        return tuple(sorted(keys, key=lambda key: -events_of(key.denied)))

    @cached_property
    def unknown(self) -> Mapping[tuple[OutcomeReason, tuple[str, ...]], int]:
        """The number of undecidable calls, by reason and unknown keys."""
        found: Counter[tuple[OutcomeReason, tuple[str, ...]]] = Counter()
        for each in self.sums:
            if each.outcome is CallOutcome.UNKNOWN and each.reason is not None:
                found[each.reason, each.judgement.keys] += each.tally.events
        return dict(found.most_common())

    @cached_property
    def assumed(self) -> Mapping[str, int]:
        """The number of calls with another outcome under another assumption, by its name."""
        found: Counter[str] = Counter()
        for each in self.sums:
            for name in each.judgement.assumed:
                found[name] += each.tally.events
        return dict(found.most_common())

    def because(self, outcome: CallOutcome) -> Mapping[OutcomeReason, int]:
        """Return the number of calls with an outcome, by reason; the most frequent first."""
        found: Counter[OutcomeReason] = Counter()
        for each in self.sums:
            if each.outcome is outcome and each.reason is not None:
                found[each.reason] += each.tally.events
        return dict(found.most_common())

    @cached_property
    def denied_on_behalf(self) -> int:
        """The number of denied calls that services made on a caller's behalf."""
        return sum(events_of(key.denied_on_behalf) for each in self.callers for key in each.keys)

    @cached_property
    def absent(self) -> tuple[CallerReport, ...]:
        """The users of the log that the snapshot lacks."""
        return self._users_because(OutcomeReason.NOT_IN_ACCOUNT)

    @cached_property
    def seen_elsewhere(self) -> tuple[CallerReport, ...]:
        """The callers with calls that only another account's trail has, and who may be bound."""
        reason = OutcomeReason.OWNERS_RECORD
        return tuple(
            each for each in self.callers if any(one.reason is reason for one in each.sums)
        )

    @cached_property
    def seen_since(self) -> tuple[CallerReport, ...]:
        """The users of the log that the snapshot lacks, and that called after it was taken."""
        return self._users_because(OutcomeReason.SEEN_SINCE)

    def _users_because(self, reason: OutcomeReason) -> tuple[CallerReport, ...]:
        return tuple(user for user in self.users if any(one.reason is reason for one in user.sums))

    @property
    def asked(self) -> int:
        """The number of calls about which the policies in question were asked."""
        passed = sum(self.counts[each] for each in (*ASKED, CallOutcome.ALREADY_DENIED))
        denied_as_well = sum(each.denied_as_well for each in self.callers)
        return passed + denied_as_well + self.undecided_as_well

    @property
    def incomplete(self) -> bool:
        """Whether something that may matter was undecidable or not read."""
        return bool(self.log.unread or self.counts[CallOutcome.UNKNOWN] or self.undecided_as_well)


@dataclass(frozen=True, slots=True)
class LoggedCalls:
    """All calls of a log, judged.

    Attributes:
        keys: in order.
        details: the further counts of a principal's ARN and a key.
        days: every day from the first event to the last; see `days_between`.
    """

    keys: Sequence[KeyCalls]
    details: Callable[[str, str], Sequence[CallerDetail]]
    days: Sequence[DayCount]


def report_of_calls(
    question: ReplayQuestion, log: LogFigures, calls: LoggedCalls, made: "MadeBy"
) -> ReplayReport:
    """Return the report of a log's calls.

    Raises:
        InternalError: if they are not all events: no figure would be right.
    """
    events = sum(events_of(key.sums) for key in calls.keys)
    if events != log.events:
        raise InternalError(f"{events} events in rows, {log.events} read")
    return ReplayReport(
        question=question,
        log=log,
        rows=Deferred(lambda: chain.from_iterable(key.rows for key in calls.keys)),
        callers=tuple(_callers(calls)),
        days=tuple(calls.days),
        dated=made.dated,
        version=made.version,
    )


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The versions in a report: the catalogue's name and date, and sekisho's version."""

    dated: str
    version: str


def _callers(calls: LoggedCalls) -> list[CallerReport]:
    """Return the callers; those who lose most come first."""
    found = []
    of_caller: dict[LoggedCaller, list[KeyCalls]] = {}
    for each in calls.keys:
        of_caller.setdefault(each.caller, []).append(each)
    several = len({each.account for each in of_caller if each.arn and each.account}) > 1
    for caller, theirs in of_caller.items():
        label = _label(caller, with_account=several)
        sign_ins = events_of(each for key in theirs for each in key.sums if each.sign_in)
        keys = [
            KeyReport(
                *(caller, label, key.key_id, key.sums, key.rows, _own_details(key, calls)),
                sign_ins=0 if key.key_id.startswith("AKIA") else sign_ins,
            )
            for key in theirs
        ]
        keys.sort(key=lambda key: (-events_of(key.denied), -events_of(key.sums), key.key_id))
        found.append(CallerReport(caller, label, tuple(keys)))
    return sorted(found, key=lambda each: (-each.denied, -each.undecided, each.caller))


def _label(caller: LoggedCaller, *, with_account: bool) -> str:
    """Return the name of a caller in sentences."""
    name = caller.name or caller.account or "?"
    if caller.kind is PrincipalKind.FEDERATED and ":user/" in caller.arn:
        # the user whose policies bind the session has calls of its own
        name = f"{name} (GetFederationToken)"
    named = with_account and caller.account and caller.name
    return f"{name} ({caller.account})" if named else name


_SERVICE, _INTERNAL = ".amazonaws.com", "AWS Internal"
"""The text in place of an address if a service, or AWS itself, called."""


def _own_details(key: KeyCalls, calls: LoggedCalls) -> Sequence[CallerDetail]:
    """Return the details of a key without the services that called on its behalf.

    They are counted of users and root; a federated user's session has its user's ARN as well.
    """
    if key.caller.kind not in PEOPLE:
        return ()
    services = {each.invoked_by for each in key.sums if each.invoked_by.endswith(_SERVICE)}
    services.add(_INTERNAL)
    return Deferred(
        lambda: (
            each
            for each in calls.details(key.caller.arn, key.key_id)
            if each.kind not in (DetailKind.ADDRESS, DetailKind.AGENT) or each.value not in services
        )
    )


_LONGEST = 1500
"""The most days of a log that are listed without gaps; some four years."""


def days_between(events: Mapping[date, int], denied: Mapping[date, int]) -> tuple[DayCount, ...]:
    """Return every day from the first that has events to the last.

    Of a log in which an event is dated centuries away, only the days that have events.
    """
    if not events:
        return ()
    first, last = min(events), max(events)
    days: Iterable[date] = sorted(events)
    if (last - first).days < _LONGEST:
        days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return tuple(DayCount(day, events.get(day, 0), denied.get(day, 0)) for day in days)


def report_on(
    groups: "TrailGroups",
    judge: Judge,
    log: LogFigures,
    question: ReplayQuestion,
    made: MadeBy,
) -> ReplayReport:
    """Return the report of a log.

    Args:
        groups: the log.
        judge: says what would have become of the calls of a group.
        log: the figures of the reading: see `figures_of`.
        question: the question.
        made: of which version the report is.
    """
    from sekisho.replay.tables import LogTable  # noqa: PLC0415 - needs the extra

    table = LogTable(groups, judge)
    calls = LoggedCalls(table.keys(), table.details, _days(groups, table.outcomes))
    return report_of_calls(question, log, calls, made)


def figures_of(reading: "Reading", left_out: "Mapping[SkippedKind, int]") -> LogFigures:
    """Return the figures of a reading for a report.

    Args:
        reading: the reading.
        left_out: the files that were not even opened, by what their paths say.
    """
    skipped = Counter({kind.value: count for kind, count in left_out.items()})
    skipped.update({kind.value: count for kind, count in reading.skipped.items()})
    return LogFigures(
        files=reading.files,
        size=reading.bytes,
        events=reading.events,
        skipped=dict(sorted(skipped.items())),
        outside=reading.outside_window,
        duplicates=reading.duplicates,
        faults=tuple(
            FileFault(each.file, each.place, each.what, each.records) for each in reading.faults
        ),
        notes=reading.notes,
    )


def _days(groups: "TrailGroups", outcomes: "Outcomes") -> tuple[DayCount, ...]:
    """Return the number of events of each day, and of those that would have been denied.

    A quarter of a large log has a million rows of days: they are added up by Arrow.
    """
    import pyarrow as pa  # noqa: PLC0415 - what is said of groups made by hand needs no Arrow

    is_denied = [each.outcome is CallOutcome.DENIED for each in outcomes.judgements]
    denied = pa.array(is_denied, pa.bool_()).take(outcomes.places).take(groups.days["group"])
    by_day: dict[date, int] = {}
    denied_by_day: dict[date, int] = {}
    for into, table in ((by_day, groups.days), (denied_by_day, groups.days.filter(denied))):
        summed = table.group_by("day").aggregate([("events", "sum")])
        days, events = summed["day"].to_pylist(), summed["events_sum"].to_pylist()
        into.update(zip(days, events, strict=True))
    return days_between(by_day, denied_by_day)
