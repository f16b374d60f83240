"""What a log comes to under the policies in question: by caller, by key, by day.

Every figure is a sum over rows, and the rows together are every event that was read: what is not
denied, not bound or not known is there as well, each with its reason.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from sekisho.errors import InternalError
from sekisho.messages import Message
from sekisho.replay.event import CallerDetail, DetailKind, Tally
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.report.rows import (
    CallRow,
    JudgedGroup,
    LoggedCaller,
    PrincipalKind,
    SignInResult,
    rows_of,
    together,
)

K = TypeVar("K", bound=Hashable)

Counts = Mapping[CallOutcome, int]
"""How many calls have each outcome; all of them, also those that none has."""

ASKED = (CallOutcome.DENIED, CallOutcome.UNKNOWN, CallOutcome.UNCHANGED)
"""The outcomes of calls that the policies in question were asked about.

So they were about what is denied already, which is shown where there is some.
"""

SELDOM = frozenset({CallOutcome.ALREADY_DENIED})
"""The outcomes that are shown only where calls have them."""

PEOPLE = (PrincipalKind.USER, PrincipalKind.ROOT)
"""What a policy for users is about."""


def counts_of(rows: Iterable[CallRow]) -> Counts:
    """Return how many calls have each outcome."""
    found: Counter[CallOutcome] = Counter()
    for row in rows:
        found[row.outcome] += row.tally.events
    return {outcome: found[outcome] for outcome in CallOutcome}


def events_of(rows: Iterable[CallRow]) -> int:
    """Return how many calls rows are."""
    return sum(row.tally.events for row in rows)


def grouped_by(rows: Iterable[CallRow], key: Callable[[CallRow], K]) -> dict[K, list[CallRow]]:
    """Return rows by what `key` says of them; the largest groups first."""
    found: dict[K, list[CallRow]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return dict(sorted(found.items(), key=lambda each: -events_of(each[1])))


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of the log.

    Attributes:
        policies: the names of the policies in question.
        about: what is asked, in a sentence: which policies, and for whom.
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
    """

    file: str
    place: str
    what: Message


@dataclass(frozen=True, slots=True)
class LogFigures:
    """What was read.

    Attributes:
        files, size, events: how many files, bytes and events.
        skipped: files that hold no calls, by what they are: digests, insights.
        outside: events that are not between the times asked for.
        duplicates: events that were left out because one with their id was there.
        faults: what could not be read; the rest was.
    """

    files: int = 0
    size: int = 0
    events: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    duplicates: int = 0
    faults: tuple[FileFault, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What is said of one access key of a caller; of all its sessions; or of what has no key.

    Attributes:
        label: as in `CallerReport`.
        key_id: as in `CallRow`.
        rows: its calls, those on its behalf among them.
        details: where from, with what and when they came; empty where that was not counted.
    """

    caller: LoggedCaller
    label: str
    key_id: str
    rows: tuple[CallRow, ...]
    details: tuple[CallerDetail, ...] = ()

    @property
    def own(self) -> tuple[CallRow, ...]:
        """Its calls without those that services made on its behalf."""
        return tuple(row for row in self.rows if not row.forwarded)

    @property
    def forwarded(self) -> tuple[CallRow, ...]:
        """What services called on its behalf."""
        return tuple(row for row in self.rows if row.forwarded)

    @property
    def denied(self) -> tuple[CallRow, ...]:
        """Its own calls that would have been denied."""
        return tuple(row for row in self.own if row.outcome is CallOutcome.DENIED)

    @property
    def denied_on_behalf(self) -> tuple[CallRow, ...]:
        """What services called on its behalf and would have been denied."""
        return tuple(row for row in self.forwarded if row.outcome is CallOutcome.DENIED)

    @property
    def lost(self) -> tuple[CallRow, ...]:
        """Its own denied calls; where there are none, the denied ones on its behalf."""
        return self.denied or self.denied_on_behalf

    @property
    def undecided(self) -> tuple[CallRow, ...]:
        """Its own calls of which the log does not tell enough."""
        return tuple(row for row in self.own if row.outcome is CallOutcome.UNKNOWN)

    @property
    def stops(self) -> bool:
        """Whether nothing of what it did would still have been possible."""
        left = (CallOutcome.UNCHANGED, CallOutcome.UNKNOWN)
        return bool(self.denied) and not any(row.outcome in left for row in self.own)

    def values(self, kind: DetailKind) -> tuple[CallerDetail, ...]:
        """Return what was counted of a kind, the most frequent first."""
        found = (each for each in self.details if each.kind is kind)
        return tuple(sorted(found, key=lambda each: (-each.tally.events, each.value)))


@dataclass(frozen=True, slots=True)
class CallerReport:
    """What is said of one principal.

    Attributes:
        label: its name; with its account where a log has callers of several.
        keys: its access keys and sessions, those with most denied calls first.
    """

    caller: LoggedCaller
    label: str
    keys: tuple[KeyReport, ...]

    @property
    def rows(self) -> tuple[CallRow, ...]:
        """All its calls."""
        return tuple(row for key in self.keys for row in key.rows)

    @property
    def own(self) -> tuple[CallRow, ...]:
        """Its calls without those that services made on its behalf."""
        return tuple(row for row in self.rows if not row.forwarded)

    @property
    def forwarded(self) -> int:
        """How many calls services made on its behalf."""
        return events_of(row for row in self.rows if row.forwarded)

    @property
    def denied(self) -> int:
        """How many calls of its own would have been denied."""
        return sum(events_of(key.denied) for key in self.keys)

    @property
    def lost(self) -> bool:
        """Whether a call would have been denied, its own or one on its behalf."""
        return any(key.lost for key in self.keys)

    @property
    def undecided(self) -> int:
        """How many calls of its own cannot be decided."""
        return sum(events_of(key.undecided) for key in self.keys)

    @property
    def sign_ins(self) -> Mapping[SignInResult, int]:
        """How often it signed in to the console, and how."""
        found: Counter[SignInResult] = Counter()
        for row in self.rows:
            if row.sign_in is not None:
                found[row.sign_in] += row.tally.events
        return found

    @property
    def with_mfa(self) -> int:
        """How many calls and sign-ins of its own were with MFA."""
        return sum(
            row.tally.events
            for row in self.rows
            if not row.forwarded and (row.with_mfa or row.sign_in is SignInResult.WITH_MFA)
        )

    @property
    def aws_login(self) -> tuple[CallRow, ...]:
        """What came from `aws login` without MFA."""
        return tuple(row for row in self.rows if row.aws_login and not row.with_mfa)


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
    """Which calls of a log the policies in question would have denied, and whose.

    Attributes:
        rows: every event, once.
        days: every day from the first event to the last; see `days_between`.
        dated: the catalogue's name and date.
        version: sekisho's own.
    """

    question: Question
    log: LogFigures
    rows: tuple[CallRow, ...]
    callers: tuple[CallerReport, ...]
    days: tuple[DayCount, ...]
    dated: str
    version: str

    @cached_property
    def counts(self) -> Counts:
        """How many events have each outcome; their sum is the number of events."""
        return counts_of(self.rows)

    @cached_property
    def outcomes(self) -> tuple[CallOutcome, ...]:
        """The outcomes to show, in order."""
        return tuple(each for each, count in self.counts.items() if count or each not in SELDOM)

    @cached_property
    def span(self) -> Tally | None:
        """The first and the last event; None without any."""
        return together(row.tally for row in self.rows) if self.rows else None

    @cached_property
    def users(self) -> tuple[CallerReport, ...]:
        """The IAM users and root."""
        return tuple(each for each in self.callers if each.caller.kind in PEOPLE)

    @cached_property
    def losing(self) -> tuple[CallerReport, ...]:
        """Whose calls would have been denied, whoever they are."""
        return tuple(each for each in self.callers if each.lost)

    @cached_property
    def stopping(self) -> tuple[KeyReport, ...]:
        """The keys and sessions with denied calls, those with most of them first.

        Denied calls on somebody's behalf count where that is all that they would lose: otherwise
        they come and go with the calls that caused them.
        """
        keys = (
            key
            for each in self.losing
            for key in each.keys
            if key.denied or (key.lost and not each.denied)
        )
        return tuple(sorted(keys, key=lambda key: -events_of(key.denied)))

    @cached_property
    def unknown(self) -> Mapping[tuple[OutcomeReason, tuple[str, ...]], int]:
        """How many calls cannot be decided, by why: the reason, and the keys that are not known."""
        found: Counter[tuple[OutcomeReason, tuple[str, ...]]] = Counter()
        for row in self.rows:
            if row.outcome is CallOutcome.UNKNOWN and row.reason is not None:
                found[row.reason, row.judgement.keys] += row.tally.events
        return dict(found.most_common())

    @cached_property
    def assumed(self) -> Mapping[str, int]:
        """How many calls would have another outcome under another assumption, by its name."""
        found: Counter[str] = Counter()
        for row in self.rows:
            for name in row.judgement.assumed:
                found[name] += row.tally.events
        return dict(found.most_common())

    def because(self, outcome: CallOutcome) -> Mapping[OutcomeReason, int]:
        """Return how many calls have an outcome for each reason; the most frequent first."""
        found: Counter[OutcomeReason] = Counter()
        for row in self.rows:
            if row.outcome is outcome and row.reason is not None:
                found[row.reason] += row.tally.events
        return dict(found.most_common())

    @cached_property
    def denied_on_behalf(self) -> int:
        """How many of the denied calls services made on a caller's behalf."""
        return sum(events_of(key.denied_on_behalf) for each in self.callers for key in each.keys)

    @cached_property
    def absent(self) -> tuple[CallerReport, ...]:
        """The users of the log that the snapshot has not."""
        gone = OutcomeReason.NOT_IN_ACCOUNT
        return tuple(each for each in self.users if any(row.reason is gone for row in each.rows))

    @property
    def asked(self) -> int:
        """About how many calls the policies in question were asked."""
        return sum(self.counts[each] for each in (*ASKED, CallOutcome.ALREADY_DENIED))

    @property
    def incomplete(self) -> bool:
        """Whether something that could matter was not told or not read."""
        return bool(self.log.faults or self.counts[CallOutcome.UNKNOWN])


def report_of(
    question: Question,
    log: LogFigures,
    judged: Sequence[JudgedGroup],
    counted: "Counted",
    made: "MadeBy",
) -> ReplayReport:
    """Return the report of judged groups.

    Args:
        question: what was asked.
        log: what was read.
        judged: every group, each once.
        counted: what was counted besides.
        made: of which version the report is.

    Raises:
        InternalError: if the groups are not all events: no figure would be right.
    """
    rows = rows_of(judged)
    if events_of(rows) != log.events:
        raise InternalError(f"{events_of(rows)} events in rows, {log.events} read")
    return ReplayReport(
        question=question,
        log=log,
        rows=rows,
        callers=tuple(_callers(rows, counted.details)),
        days=tuple(counted.days),
        dated=made.dated,
        version=made.version,
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of groups besides their tallies.

    Attributes:
        days: every day from the first event to the last; see `days_between`.
        details: where from, with what and when callers called.
    """

    days: Sequence[DayCount] = ()
    details: Iterable[CallerDetail] = ()


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What made a report: the catalogue's name and date, and sekisho's version."""

    dated: str
    version: str


def _callers(rows: Iterable[CallRow], details: Iterable[CallerDetail]) -> list[CallerReport]:
    """Return whose calls there are: those who lose most first."""
    of_key: dict[tuple[str, str], list[CallerDetail]] = {}
    for detail in details:
        of_key.setdefault((detail.principal or "", detail.key_id or ""), []).append(detail)
    found = []
    of_caller = grouped_by(rows, lambda row: row.caller)
    several = len({each.account for each in of_caller if each.arn and each.account}) > 1
    for caller, theirs in of_caller.items():
        label = _label(caller, with_account=several)
        keys = [
            KeyReport(caller, label, key_id, tuple(each), _own(each, of_key))
            for key_id, each in grouped_by(theirs, lambda row: row.key_id).items()
        ]
        keys.sort(key=lambda key: (-events_of(key.denied), -events_of(key.rows), key.key_id))
        found.append(CallerReport(caller, label, tuple(keys)))
    return sorted(found, key=lambda each: (-each.denied, -each.undecided, each.caller))


def _label(caller: LoggedCaller, *, with_account: bool) -> str:
    """Return what a caller is called in sentences."""
    name = caller.name or "?"
    if caller.kind is PrincipalKind.FEDERATED and ":user/" in caller.arn:
        # the user whose policies bind the session has calls of its own
        name = f"{name} (GetFederationToken)"
    return f"{name} ({caller.account})" if with_account and caller.account else name


_SERVICE, _INTERNAL = ".amazonaws.com", "AWS Internal"
"""What CloudTrail writes in place of an address where a service, or AWS itself, called."""


def _own(
    rows: Sequence[CallRow], of_key: Mapping[tuple[str, str], Sequence[CallerDetail]]
) -> tuple[CallerDetail, ...]:
    """Return the details of a key without the services that called on its behalf.

    They are counted of users and root; a federated user's session has its user's ARN as well.
    """
    first = rows[0]
    if first.caller.kind not in PEOPLE:
        return ()
    services = {row.invoked_by for row in rows if row.invoked_by.endswith(_SERVICE)} | {_INTERNAL}
    return tuple(
        each
        for each in of_key.get((first.caller.arn, first.key_id), ())
        if each.kind not in (DetailKind.ADDRESS, DetailKind.AGENT) or each.value not in services
    )


_LONGEST = 1500
"""Days of a log that are all there, also those without events; some four years."""


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
