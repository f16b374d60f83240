"""The result for a log row by row: caller, call, and outcome.

A row counts the calls that a reader cannot distinguish; groups that a policy separates (by
address, or by resource) are merged into one row if their outcomes are equal. The rows together are
all calls.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar, overload

from sekisho.engine import Cause
from sekisho.lazy import dataclass
from sekisho.replay.event import CallGroup, Count, Tally, TrailEvent
from sekisho.replay.outcome import CallOutcome, Judgement, OutcomeReason

_HOST = ".amazonaws.com"
_LONG_TERM = "AKIA"
_LOGIN = "ConsoleLogin"


class PrincipalKind(StrEnum):
    """The kinds of callers that a report distinguishes."""

    USER = "user"
    ROOT = "root"
    ROLE = "role"
    FEDERATED = "federated user"
    SERVICE = "service"
    UNKNOWN = "unknown"
    """The record does not show it, or names a principal of another account."""


_KINDS = {
    "IAMUser": PrincipalKind.USER,
    "Root": PrincipalKind.ROOT,
    "AssumedRole": PrincipalKind.ROLE,
    "FederatedUser": PrincipalKind.FEDERATED,
    "SAMLUser": PrincipalKind.FEDERATED,
    "WebIdentityUser": PrincipalKind.FEDERATED,
    "IdentityCenterUser": PrincipalKind.FEDERATED,
    "Directory": PrincipalKind.FEDERATED,
    "AWSService": PrincipalKind.SERVICE,
}


@dataclass(frozen=True, slots=True, order=True)
class LoggedCaller:
    """A caller: a principal with all its keys and sessions.

    Attributes:
        account: the id of its account; "" if the record has none.
        name: the common name: that of a user or a role, without its path.
        arn: its ARN; "" if the record has none.
    """

    kind: PrincipalKind
    account: str
    name: str
    arn: str


def caller_of(event: TrailEvent) -> LoggedCaller:
    """Return the caller of an event."""
    kind = _KINDS.get(event.identity or "", PrincipalKind.UNKNOWN)
    if event.identity is None and event.invoked_by and event.principal is None:
        kind = PrincipalKind.SERVICE
    return LoggedCaller(kind, event.account or "", _name(event, kind), event.principal or "")


_SESSION = re.compile(r":assumed-role/([^/]+)/")
"""A pattern of the session's ARN, which the sign-in of a role has instead of the role's."""


def _name(event: TrailEvent, kind: PrincipalKind) -> str:
    if kind is PrincipalKind.SERVICE:
        return event.invoked_by or event.principal or event.source or ""
    if kind is PrincipalKind.ROOT:
        return "root"
    if event.user and kind is PrincipalKind.USER:
        return event.user
    if session := _SESSION.search(event.principal or ""):
        return session[1]
    return (event.principal or "").rpartition("/")[2] or event.user or ""


class ConsoleSignIn(StrEnum):
    """The result of a sign-in to the console."""

    WITH_MFA = "with MFA"
    WITHOUT_MFA = "without MFA"
    UNKNOWN_MFA = "MFA unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallSum:
    """Calls of one caller, summed over actions.

    Attributes:
        key_id: the access key; `ASIA` and the like for sessions; "" without any.
        mfa: the logged value of MFA: `true`, `false`, "".
        invoked_by: the service that made the call on the caller's behalf; "" if it did it itself.
        sign_in: how it ended, if it is a sign-in to the console.
        aws_login: whether it came from `aws login`, or is one.
        judgement: the judgement on these calls; in a sum, without the actions.
        tally: how many they are, and when they were.
    """

    caller: LoggedCaller
    key_id: str
    mfa: str
    invoked_by: str
    sign_in: ConsoleSignIn | None
    aws_login: bool
    judgement: Judgement
    tally: Count

    @property
    def outcome(self) -> CallOutcome:
        """The outcome of these calls."""
        return self.judgement.outcome

    @property
    def reason(self) -> OutcomeReason | None:
        """The reason, if the outcome is not the policies' decision."""
        return self.judgement.reason

    @property
    def forwarded(self) -> bool:
        """Whether a service made these calls on the caller's behalf."""
        return bool(self.invoked_by)

    @property
    def long_term(self) -> bool:
        """Whether they were made with an access key rather than a session."""
        return self.key_id.startswith(_LONG_TERM)

    @property
    def with_mfa(self) -> bool:
        """Whether the log shows that their session was signed in with MFA."""
        return self.mfa == "true"


@dataclass(frozen=True, slots=True)
class CallRow(CallSum):
    """Calls of one caller that a reader cannot distinguish.

    Attributes:
        service: the prefix of the actions; where none is known, the event source.
        event: the name of the event.
    """

    tally: Tally
    service: str
    event: str


T_co = TypeVar("T_co", covariant=True)


class Deferred(Sequence[T_co]):
    """A sequence that is made on first access; most of a large log is never accessed."""

    def __init__(self, make: Callable[[], Iterable[T_co]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> tuple[T_co, ...]:
        return tuple(self._make())

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> T_co: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[T_co, ...]: ...

    def __getitem__(self, at: int | slice) -> T_co | tuple[T_co, ...]:
        return self._made[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._made == tuple(other)

    def __hash__(self) -> int:
        return hash(self._made)


@dataclass(frozen=True, slots=True)
class KeyCalls:
    """The calls of one key of a caller, of all its sessions, or of calls without a key.

    Attributes:
        sums: all calls, whatever was called.
        rows: all calls, row by row.
    """

    caller: LoggedCaller
    key_id: str
    sums: tuple[CallSum, ...]
    rows: Sequence[CallRow]


@dataclass(frozen=True, slots=True)
class JudgedGroup:
    """A group of calls with the judgement on each."""

    group: CallGroup
    judgement: Judgement


def rows_of(judged: Iterable[JudgedGroup]) -> tuple[CallRow, ...]:
    """Return the rows of judged groups, in order of caller, key, service and event."""
    found: dict[tuple[object, ...], tuple[TrailEvent, Judgement, list[Tally]]] = {}
    for each in judged:
        event, judgement = each.group.event, each.judgement
        key = (*_event_key(event), *_judgement_key(judgement))
        found.setdefault(key, (event, judgement, []))[2].append(each.group.tally)
    rows = [
        _row(event, judgement, together(tallies)) for event, judgement, tallies in found.values()
    ]
    return tuple(sorted(rows, key=_order))


def summed(calls: Iterable[CallSum]) -> list[CallSum]:
    """Return the sums of rows or sums of one key, in order."""
    found: dict[tuple[object, ...], list[CallSum]] = {}
    for each in calls:
        like = (
            each.mfa,
            each.invoked_by,
            each.sign_in,
            each.aws_login,
            replace(each.judgement, actions=()) if each.judgement.actions else each.judgement,
        )
        found.setdefault(like, []).append(each)
    sums = [
        several[0] if len(several) == 1 and type(several[0]) is CallSum else _sum(several)
        for several in found.values()
    ]
    return sorted(sums, key=sum_order) if len(sums) > 1 else sums


def _sum(calls: Sequence[CallSum]) -> CallSum:
    """Return the sum of calls that differ only in what was called."""
    first = calls[0]
    return CallSum(
        first.caller,
        first.key_id,
        first.mfa,
        first.invoked_by,
        first.sign_in,
        first.aws_login,
        replace(first.judgement, actions=()),
        count_of([each.tally for each in calls]),
    )


def sum_order(calls: CallSum) -> tuple[object, ...]:
    """Return the sort key of the sums of one key."""
    return (calls.invoked_by, calls.mfa, *_said_in_order(calls))


def count_of(tallies: Iterable[Count]) -> Count:
    """Return the count of several; there must be one at least."""
    several = list(tallies)
    return Count(
        sum(each.events for each in several),
        min(each.first for each in several),
        max(each.last for each in several),
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of several groups; there must be one at least."""
    several = list(tallies)
    earliest, latest = min(each.first for each in several), max(each.last for each in several)
    return Tally(
        events=sum(each.events for each in several),
        first=earliest,
        last=latest,
        # of several events at one time, the id that is first as a text
        first_id=min(each.first_id for each in several if each.first == earliest),
        last_id=min(each.last_id for each in several if each.last == latest),
    )


def _event_key(event: TrailEvent) -> tuple[object, ...]:
    return (
        event.identity,
        event.account,
        event.principal,
        event.user,
        event.key_id,
        event.mfa,
        event.source,
        event.name,
        event.invoked_by,
        event.sign_in_session,
        event.login_mfa,
        event.login_result,
    )


def _judgement_key(judgement: Judgement) -> tuple[object, ...]:
    return (
        judgement.outcome,
        judgement.reason,
        judgement.keys,
        judgement.actions,
        judgement.causes,
        judgement.guessed_action,
        judgement.assumed,
    )


def sum_of(event: TrailEvent, judgement: Judgement, count: Count) -> CallSum:
    """Return a sum of calls equal to those of an event."""
    return CallSum(*_caller_members(event), judgement, count)


def _row(event: TrailEvent, judgement: Judgement, tally: Tally) -> CallRow:
    service, name = _service(event, judgement), event.name or ""
    return CallRow(*_caller_members(event), judgement, tally, service, name)


def _caller_members(
    event: TrailEvent,
) -> tuple[LoggedCaller, str, str, str, ConsoleSignIn | None, bool]:
    """Return the first members of a `CallSum`: the caller, and how the calls were made."""
    return (
        caller_of(event),
        event.key_id or "",
        (event.mfa or "").lower(),
        event.invoked_by or "",
        sign_in_of(event),
        is_aws_login(event),
    )


_SIGNED_IN_BY_AWS = ("IAMUser", "Root")
_SIGN_IN = "signin.amazonaws.com"
_AWS_LOGIN = ("AuthorizeOAuth2Access", "CreateOAuth2Token")
"""The events of `_SIGN_IN` by which `aws login` gets its session."""


def _service(event: TrailEvent, judgement: Judgement) -> str:
    if judgement.actions:
        return judgement.actions[0].partition(":")[0]
    return (event.source or "").removesuffix(_HOST)


def is_aws_login(event: TrailEvent) -> bool:
    """Return whether an event came from a session of `aws login`, or creates one."""
    made = event.source == _SIGN_IN and event.name in _AWS_LOGIN
    return made or event.sign_in_session is not None


def is_sign_in(event: TrailEvent) -> bool:
    """Return whether an event is a sign-in to the console."""
    return event.name == _LOGIN


def sign_in_of(event: TrailEvent) -> ConsoleSignIn | None:
    """Return the result of a sign-in to the console; None if an event is no sign-in.

    For users of an identity provider the record has `No`: AWS does not see their MFA.
    """
    if not is_sign_in(event):
        return None
    if (event.login_result or "").lower() != "success":
        return ConsoleSignIn.FAILED
    match (event.login_mfa or "").lower():
        case "yes":
            return ConsoleSignIn.WITH_MFA
        case "no" if event.identity in _SIGNED_IN_BY_AWS:
            return ConsoleSignIn.WITHOUT_MFA
        case _:
            return ConsoleSignIn.UNKNOWN_MFA


def _order(row: CallRow) -> tuple[object, ...]:
    return (
        row.caller,
        row.key_id,
        row.service,
        row.event,
        row.invoked_by,
        row.mfa,
        *_said_in_order(row),
        row.tally.first,
        row.tally.first_id,
    )


def _said_in_order(calls: CallSum) -> tuple[object, ...]:
    judgement = calls.judgement
    return (
        judgement.outcome,
        judgement.reason or "",
        judgement.keys,
        judgement.actions,
        tuple(cause_name(each) for each in judgement.causes),
        judgement.guessed_action,
        judgement.assumed,
        calls.sign_in or "",
        calls.aws_login,
    )


def cause_name(cause: Cause) -> str:
    """Return a statement's name: its policy, and its Sid or its place."""
    return f"{cause.policy}: {cause.sid or f'Statement[{cause.index}]'}"
