"""Reads an account into a snapshot, with a gap for everything that could not be read.

`GetAccountAuthorizationDetails` says who there is and which policies apply, but nothing about
passwords, devices and keys: those are asked for user by user (fact §9.2), several users at once.
What is found does not depend on who is asked first.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sekisho.account import accountwide, identities
from sekisho.account.api import AwsApi
from sekisho.account.holding import with_holdings
from sekisho.account.model import CredentialReport, Group, Role, Snapshot, User
from sekisho.account.organization import read_scps
from sekisho.account.policies import attached_policies
from sekisho.account.reading import Reading

__all__ = ["Pace", "collect"]

T = TypeVar("T")
Named = TypeVar("Named", User, Group, Role)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an account is read, and who is told.

    Attributes:
        workers: how many calls may be under way at once.
        sleep: waits for so many seconds.
        progress: told how many users and policies have been read, and of how many.
    """

    workers: int = 8
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[int, int], None] | None = None


def collect(api: AwsApi, *, now: datetime, pace: Pace = Pace()) -> Snapshot:
    """Return the account behind `api` as it is now.

    Args:
        api: is called from `pace.workers` threads.
        now: what time it is.
        pace: how fast.

    Raises:
        AwsRefused: if not even the account can be told (GetCallerIdentity needs no permission), if
            nobody answers, or if the credentials expire in the middle.
    """
    identity = api.call("sts", "GetCallerIdentity")
    reading = Reading(api)
    # before the users: whom it has and their list has not was deleted since, and is nobody's gap
    report = accountwide.read_report(reading, pace.sleep)
    known = {policy.arn: policy for policy in identities.read_policies(reading)}
    bare = Snapshot(
        account=identity["Account"],
        partition=identity["Arn"].split(":")[1],
        taken_at=now,
        users=_by_name(identities.read_users(reading)),
        groups=_by_name(identities.read_groups(reading)),
        roles=_by_name(identities.read_roles(reading)),
        policies=known,
        report=report,
    )
    whole = _with_account(bare, reading)
    return _with_each(whole, _Crew(api, pace, reading))


def _by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))


def _with_account(snapshot: Snapshot, reading: Reading) -> Snapshot:
    """Return the snapshot with what is told of the account as a whole."""
    summary = accountwide.read_summary(reading)
    return replace(
        snapshot,
        alias=accountwide.read_alias(reading),
        password_policy=accountwide.read_password_policy(reading),
        summary=summary,
        orphans=accountwide.read_orphans(reading),
        root=accountwide.read_root(reading, summary),
        scps=read_scps(reading, snapshot.account),
    )


def _with_each(snapshot: Snapshot, crew: "_Crew") -> Snapshot:
    """Return the snapshot with what each user holds, and each policy's tags or text."""
    missing = sorted(attached_policies(snapshot) - snapshot.policies.keys())
    holders = [partial(with_holdings, user=user) for user in snapshot.users]
    tagged = [partial(identities.with_tags, policy=policy) for policy in snapshot.policies.values()]
    others = [partial(identities.attached_policy, arn=arn) for arn in missing]
    crew.total = len(holders) + len(tagged) + len(others)
    users = tuple(_signed_in(user, snapshot.report) for user in crew.all_of(holders))
    read = (*crew.all_of(tagged), *crew.all_of(others))
    policies = {policy.arn: policy for policy in read if policy is not None}
    return replace(
        snapshot,
        users=users,
        policies=dict(sorted(policies.items())),
        gaps=tuple(crew.reading.gaps),
    )


def _signed_in(user: User, report: CredentialReport | None) -> User:
    """Return the user with the last use of the password, which only the report tells."""
    row = report.rows.get(user.name) if report else None
    if row is None or user.password is None:
        return user
    return replace(user, password=replace(user.password, last_used=row.password_last_used))


class _Crew:
    """Several threads that read; the gaps of each job are kept in the order of the jobs."""

    def __init__(self, api: AwsApi, pace: Pace, reading: Reading) -> None:
        self._api = api
        self._pace = pace
        self._done = 0
        self.total = 0
        self.reading = reading

    def all_of(self, jobs: Iterable[Callable[[Reading], T]]) -> list[T]:
        """Return the results of the jobs, in their order.

        Raises:
            AwsRefused: the first that a job raises; jobs that have not begun are not begun.
        """
        pool = ThreadPoolExecutor(self._pace.workers)
        try:
            return [self._taken(*found) for found in pool.map(self._read, jobs)]
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, job: Callable[[Reading], T]) -> tuple[T, Reading]:
        reading = Reading(self._api)
        return job(reading), reading

    def _taken(self, result: T, reading: Reading) -> T:
        self.reading.gaps.extend(reading.gaps)
        self._done += 1
        if self._pace.progress is not None:
            self._pace.progress(self._done, self.total)
        return result
