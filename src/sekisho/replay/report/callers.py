"""The calls of a log by caller and by key, the likely people, and the users to decide about.

Every figure is a sum over sums of calls; the single rows of calls are only read where they are
shown.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from sekisho.account import Evidence, LooksLike, Traces, evidence_in, looks_like
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import CallerDetail, DetailKind
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.rows import CallRow, CallSum, ConsoleSignIn, LoggedCaller

K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=CallSum)

Counts = Mapping[CallOutcome, int]
"""The number of calls with each outcome, including zeros."""


def counts_of(sums: Iterable[CallSum]) -> Counts:
    """Return the number of calls with each outcome."""
    found: Counter[CallOutcome] = Counter()
    for each in sums:
        found[each.outcome] += each.tally.events
    return {outcome: found[outcome] for outcome in CallOutcome}


def events_of(sums: Iterable[CallSum]) -> int:
    """Return the number of calls in rows or sums."""
    return sum(each.tally.events for each in sums)


def grouped_by(rows: Iterable[S], key: Callable[[S], K]) -> dict[K, list[S]]:
    """Return rows or sums grouped by `key`; the largest groups first."""
    found: dict[K, list[S]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return dict(sorted(found.items(), key=lambda each: -events_of(each[1])))


@dataclass(frozen=True, slots=True)
class KeyReport:
    """The report on one access key of a caller, on all its sessions, or on calls without a key.

    Attributes:
        label: as in `CallerReport`.
        key_id: as in `CallSum`.
        sums: its calls, those on its behalf among them, whatever was called.
        rows: the same, row by row.
        details: where from, with what and when they came; empty where that was not counted.
        sign_ins: how often its caller signed in to the console, if it is no access key.
    """

    caller: LoggedCaller
    label: str
    key_id: str
    sums: tuple[CallSum, ...]
    rows: Sequence[CallRow]
    details: Sequence[CallerDetail] = ()
    sign_ins: int = 0

    @property
    def own(self) -> tuple[CallSum, ...]:
        """Its calls without those that services made on its behalf."""
        return tuple(each for each in self.sums if not each.forwarded)

    @property
    def forwarded(self) -> tuple[CallSum, ...]:
        """The calls of services on its behalf."""
        return tuple(each for each in self.sums if each.forwarded)

    @property
    def denied(self) -> tuple[CallSum, ...]:
        """Its own calls that would have been denied."""
        return tuple(each for each in self.own if each.outcome is CallOutcome.DENIED)

    @property
    def denied_on_behalf(self) -> tuple[CallSum, ...]:
        """The calls of services on its behalf that would have been denied."""
        return tuple(each for each in self.forwarded if each.outcome is CallOutcome.DENIED)

    @property
    def lost(self) -> tuple[CallRow, ...]:
        """Its own denied calls; if there are none, the denied ones on its behalf."""
        denied = [row for row in self.rows if row.outcome is CallOutcome.DENIED]
        return tuple(row for row in denied if not row.forwarded) or tuple(denied)

    @property
    def undecided(self) -> tuple[CallSum, ...]:
        """Its own calls that cannot be decided from the log."""
        return tuple(each for each in self.own if each.outcome is CallOutcome.UNKNOWN)

    @property
    def stops(self) -> bool:
        """Whether none of its calls would still have been possible."""
        left = (CallOutcome.UNCHANGED, CallOutcome.UNKNOWN)
        return bool(self.denied) and not any(each.outcome in left for each in self.own)

    def values(self, kind: DetailKind) -> tuple[CallerDetail, ...]:
        """Return the counted details of a kind, the most frequent first."""
        found = (each for each in self.details if each.kind is kind)
        return tuple(sorted(found, key=lambda each: (-each.tally.events, each.value)))


@dataclass(frozen=True, slots=True)
class CallerReport:
    """The report on one principal.

    Attributes:
        label: its name; with its account where a log has callers of several.
        keys: its access keys and sessions, those with most denied calls first.
    """

    caller: LoggedCaller
    label: str
    keys: tuple[KeyReport, ...]

    @property
    def sums(self) -> tuple[CallSum, ...]:
        """All its calls."""
        return tuple(each for key in self.keys for each in key.sums)

    @property
    def own(self) -> tuple[CallSum, ...]:
        """Its calls without those that services made on its behalf."""
        return tuple(each for each in self.sums if not each.forwarded)

    @property
    def forwarded(self) -> int:
        """The number of services' calls on its behalf."""
        return events_of(each for each in self.sums if each.forwarded)

    @property
    def denied(self) -> int:
        """The number of its own calls that would have been denied."""
        return sum(events_of(key.denied) for key in self.keys)

    @property
    def lost(self) -> bool:
        """Whether a call would have been denied, its own or one on its behalf."""
        return any(key.denied or key.denied_on_behalf for key in self.keys)

    @property
    def denied_as_well(self) -> int:
        """The number of calls that failed for another reason and would be denied as well."""
        return events_of(each for each in self.sums if each.reason is OutcomeReason.DENIED_AS_WELL)

    @property
    def undecided(self) -> int:
        """The number of its own calls that cannot be decided."""
        return sum(events_of(key.undecided) for key in self.keys)

    @property
    def sign_ins(self) -> Mapping[ConsoleSignIn, int]:
        """The numbers of sign-ins to the console, by result."""
        found: Counter[ConsoleSignIn] = Counter()
        for each in self.sums:
            if each.sign_in is not None:
                found[each.sign_in] += each.tally.events
        return found

    @property
    def with_mfa(self) -> int:
        """The number of its own calls and sign-ins with MFA."""
        return events_of(
            each for each in self.own if each.with_mfa or each.sign_in is ConsoleSignIn.WITH_MFA
        )

    @property
    def aws_login(self) -> tuple[CallSum, ...]:
        """The calls from `aws login` without MFA."""
        return tuple(each for each in self.sums if each.aws_login and not each.with_mfa)


def evidence_of(caller: CallerReport) -> tuple[Evidence, ...]:
    """Return the evidence for a caller being a person or a machine."""
    details = [detail for key in caller.keys for detail in key.details]
    return evidence_in(_traces(details, sum(caller.sign_ins.values())))


def evidence_of_key(key: KeyReport) -> tuple[Evidence, ...]:
    """Return the evidence for a person or a machine behind a key."""
    return evidence_in(_traces(key.details, key.sign_ins))


def _traces(details: Sequence[CallerDetail], sign_ins: int = 0) -> Traces:
    hours: Counter[int] = Counter()
    agents: Counter[str] = Counter()
    addresses: set[str] = set()
    for each in details:
        if each.kind is DetailKind.HOUR_OF_WEEK and each.value.isdecimal():
            hours[int(each.value)] += each.tally.events
        elif each.kind is DetailKind.AGENT and each.value:
            agents[each.value] += each.tally.events
        elif each.kind is DetailKind.ADDRESS and each.value:
            addresses.add(each.value)
    times = [each.tally for each in details if each.kind is DetailKind.HOUR_OF_WEEK]
    span = max(t.last for t in times) - min(t.first for t in times) if times else timedelta()
    return Traces(sign_ins, hours, span, len(addresses), agents)


@dataclass(frozen=True, slots=True)
class ExemptionProposal:
    """A user to decide about: exempt it, or change its use of keys.

    A proposal exempts nobody.

    Attributes:
        key_ids: the keys that would stop.
        calls: how many calls of theirs would have been denied.
        looks, because: the probable nature of the user, with the evidence.
    """

    user: str
    arn: str
    key_ids: tuple[str, ...]
    calls: int
    looks: LooksLike
    because: tuple[Message, ...]


def proposals(callers: Sequence[CallerReport]) -> tuple[ExemptionProposal, ...]:
    """Return the users to decide about: access keys would stop, and they are no clear people."""
    return tuple(filter(None, map(_proposal, callers)))


def _proposal(caller: CallerReport) -> ExemptionProposal | None:
    keys = [key for key in caller.keys if key.denied and key.key_id.startswith("AKIA")]
    evidence = evidence_of(caller)
    looks = looks_like(evidence)
    if not keys or looks is LooksLike.PERSON:
        return None
    return ExemptionProposal(
        user=caller.label,
        arn=caller.caller.arn,
        key_ids=tuple(key.key_id for key in keys),
        calls=sum(events_of(key.denied) for key in keys),
        looks=looks,
        because=tuple(each.text for each in evidence),
    )
