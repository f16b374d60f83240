"""The logged use of users, as `sekisho.account.Usage`: no policy is evaluated.

Every group counts by its event, with the same rules for callers and sign-ins as in a report.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import TYPE_CHECKING

from sekisho.account import KeyUse, Usage, UserUse, most_frequent
from sekisho.lazy import dataclass
from sekisho.replay.caller import TrailCaller, caller_of_event, exempt_by_name
from sekisho.replay.event import CallerDetail, CallGroup, DetailKind, Tally, TrailEvent
from sekisho.replay.report.model import NOT_OPENED
from sekisho.replay.rows import ConsoleSignIn, is_aws_login, sign_in_of
from sekisho.replay.window import ALL_TIME, Window
from sekisho.signin import HolderKind

if TYPE_CHECKING:
    from sekisho.replay.reading import SkippedKind, TrailGroups

_HOST = ".amazonaws.com"
_USERS = (HolderKind.USER, HolderKind.ROOT, HolderKind.FEDERATED)
_TIMES = {
    ConsoleSignIn.WITH_MFA: "sign_ins_with_mfa",
    ConsoleSignIn.WITHOUT_MFA: "sign_ins_without_mfa",
    ConsoleSignIn.UNKNOWN_MFA: "sign_ins_unknown",
    ConsoleSignIn.FAILED: "sign_ins_failed",
}

_Key = tuple[str, str]
"""The ARN of a user, and the id of a key in groups."""

DaysOf = Callable[[Sequence[int]], Iterable[tuple[int, date, int]]]
"""Sums the days of groups by a number for each group; groups with -1 are left out."""


@dataclass(slots=True)
class _Counted:
    """The counts of a key."""

    calls: int = 0
    without_mfa: int = 0
    failed: int = 0
    tallies: list[Tally] = field(default_factory=list)
    services: Counter[str] = field(default_factory=Counter)
    details: dict[DetailKind, Counter[str]] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _CountedUser:
    """The counts of a user besides keys."""

    counts: Counter[str] = field(default_factory=Counter)
    last_sign_in: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountedLogs:
    """Logs in groups, from any reading.

    Attributes:
        groups, details: see `CallGroup`, `CallerDetail`.
        days: see `DaysOf`.
        files, faults: how many files were read, and how many things could not be.
    """

    groups: Sequence[CallGroup]
    details: Iterable[CallerDetail]
    days: DaysOf
    files: int = 0
    faults: int = 0


def usage_of(logs: CountedLogs, window: Window = ALL_TIME) -> Usage:
    """Return the logged use of the users in the logs' accounts."""
    keys: dict[_Key, _Counted] = {}
    users: dict[str, _CountedUser] = {}
    places = {place: key for key, place in _numbered(logs.groups, keys, users).items()}
    owners = [-1] * len(logs.groups)
    for group_place, key_place in _without_mfa(logs.groups, places):
        owners[group_place] = key_place
    for key_place, day, events in logs.days(owners):
        keys[places[key_place]].days[day.isoformat()] = events
    for detail in logs.details:
        counted = keys.get((detail.principal or "", detail.key_id or ""))
        if counted is not None and detail.value:
            found = counted.details.setdefault(detail.kind, Counter())
            found[detail.value] += detail.tally.events
    tallies = [each.tally for each in logs.groups]
    return Usage(
        since=window.start,
        until=window.end,
        first=min((each.first for each in tallies), default=None),
        last=max((each.last for each in tallies), default=None),
        files=logs.files,
        events=sum(each.events for each in tallies),
        faults=logs.faults,
        users=tuple(_user(arn, users, keys) for arn in sorted({*users, *(arn for arn, _ in keys)})),
    )


def _numbered(
    groups: Iterable[CallGroup], keys: dict[_Key, _Counted], users: dict[str, _CountedUser]
) -> dict[_Key, int]:
    """Count every group, and return a number for each key."""
    numbers: dict[_Key, int] = {}
    for group in groups:
        event = group.event
        arn = _signing_in(event) or _user_arn(event)
        if arn is None:
            continue
        user = users.setdefault(arn, _CountedUser())
        if event.name and is_aws_login(event):
            _count_aws_login(user, group)
        result = sign_in_of(event)
        if result is not None:
            _count_sign_in(user, result, group.tally)
        elif event.invoked_by:
            user.counts["forwarded"] += group.tally.events
        elif _is_call(event):
            key = arn, event.key_id or ""
            numbers.setdefault(key, len(numbers))
            _count_call(keys.setdefault(key, _Counted()), group)
    return numbers


def _without_mfa(
    groups: Iterable[CallGroup], places: Mapping[int, _Key]
) -> Iterator[tuple[int, int]]:
    """Yield the places of groups of calls without MFA, each with its key's number."""
    number_of = {key: place for place, key in places.items()}
    for place, group in enumerate(groups):
        event = group.event
        arn = _user_arn(event)
        if arn is not None and not event.invoked_by and _is_call(event) and not _with_mfa(event):
            yield place, number_of[arn, event.key_id or ""]


def _user_arn(event: TrailEvent) -> str | None:
    """Return the ARN of the user, or root, who made a call; None for other callers."""
    caller = None if event.from_elsewhere else caller_of_event(event)
    is_user = isinstance(caller, TrailCaller) and caller.kind in _USERS
    return event.principal if is_user else None


def _signing_in(event: TrailEvent) -> str | None:
    """Return the ARN of the user, or root, who signs in; None if the event is no such sign-in."""
    if sign_in_of(event) is None or event.identity not in ("IAMUser", "Root"):
        return None
    arn, account, name = event.principal, event.account, event.user
    if arn:
        return arn
    # AWS omits it for unknown users, and to keep mistyped passwords out of logs
    known = event.identity == "IAMUser" and account and name and name.isascii()
    return f"arn:aws:iam::{account}:user/{name}" if known and "HIDDEN" not in (name or "") else None


def _is_call(event: TrailEvent) -> bool:
    return exempt_by_name(event.source, event.name) is None


def _with_mfa(event: TrailEvent) -> bool:
    return (event.mfa or "").lower() == "true" or event.with_code


def _count_call(counted: _Counted, group: CallGroup) -> None:
    event, events = group.event, group.tally.events
    counted.calls += events
    counted.without_mfa += 0 if _with_mfa(event) else events
    counted.failed += events if event.error else 0
    counted.tallies.append(group.tally)
    counted.services[(event.source or "").removesuffix(_HOST)] += events


def _count_aws_login(user: _CountedUser, group: CallGroup) -> None:
    user.counts["aws_login"] += group.tally.events
    if not _with_mfa(group.event):
        user.counts["aws_login_without_mfa"] += group.tally.events


def _count_sign_in(user: _CountedUser, result: ConsoleSignIn, tally: Tally) -> None:
    user.counts[_TIMES[result]] += tally.events
    if result is not ConsoleSignIn.FAILED:
        user.last_sign_in = max(filter(None, (user.last_sign_in, tally.last)))


def _user(arn: str, users: Mapping[str, _CountedUser], keys: Mapping[_Key, _Counted]) -> UserUse:
    theirs = sorted((key_id, each) for (owner, key_id), each in keys.items() if owner == arn)
    user = users.get(arn, _CountedUser())
    return UserUse(
        arn=arn,
        keys=tuple(_key(key_id, counted) for key_id, counted in theirs),
        last_sign_in=user.last_sign_in,
        **user.counts,
    )


def _key(key_id: str, counted: _Counted) -> KeyUse:
    of = {kind: counted.details.get(kind, Counter[str]()) for kind in DetailKind}
    hours = of[DetailKind.HOUR_OF_WEEK]
    return KeyUse(
        key_id=key_id,
        calls=counted.calls,
        without_mfa=counted.without_mfa,
        failed=counted.failed,
        first=min(each.first for each in counted.tallies),
        last=max(each.last for each in counted.tallies),
        services=dict(sorted(counted.services.items())),
        addresses=most_frequent(of[DetailKind.ADDRESS]),
        addresses_count=len(of[DetailKind.ADDRESS]),
        agents=most_frequent(of[DetailKind.AGENT]),
        agents_count=len(of[DetailKind.AGENT]),
        regions=most_frequent(of[DetailKind.REGION]),
        hours=dict(sorted(hours.items(), key=lambda each: int(each[0]))),
        days=dict(sorted(counted.days.items())),
    )


def trail_logs(groups: "TrailGroups", left_out: "Mapping[SkippedKind, int]") -> CountedLogs:
    """Return logs that were read from files.

    Args:
        groups: the groups that were read.
        left_out: the files that were not even opened; see `figures_of`.
    """
    import pyarrow as pa  # noqa: PLC0415 - what is said of groups made by hand needs no Arrow
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    not_opened = sum(count for kind, count in left_out.items() if kind.value == NOT_OPENED)

    def days(owners: Sequence[int]) -> Iterator[tuple[int, date, int]]:
        # a quarter of a large log has a million rows of days: Arrow adds them up
        owner = pa.array(owners, pa.int32()).take(groups.days["group"])
        table = groups.days.append_column("owner", owner)
        kept = table.filter(pc.greater_equal(table["owner"], 0))
        summed = kept.group_by(["owner", "day"]).aggregate([("events", "sum")])
        columns = (summed[name].to_pylist() for name in ("owner", "day", "events_sum"))
        return zip(*columns, strict=True)

    return CountedLogs(
        groups=tuple(groups.call_groups()),
        details=groups.caller_details(),
        days=days,
        files=groups.reading.files,
        faults=len(groups.reading.faults) + not_opened,
    )
