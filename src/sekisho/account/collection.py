"""Collects an account into a snapshot, with a gap for everything that could not be read.

`GetAccountAuthorizationDetails` has the identities and their policies, but no passwords, devices
and keys: those are read user by user, several users at once. The order of the answers does not
matter. Facts about the whole account are read once: password policy, account summary, alias, root
user, unassigned devices, credential report, service control policies, console authorization, and
the longest sign-ins with roles.

Source of the last: AWS Organizations API Reference; Organizations User Guide, "SCP evaluation": at
every level from the root to the account something must allow, and the management account is not
affected.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sekisho.account import identities
from sekisho.account.calls import AwsApi, Item, ReadingRun, StrictRun
from sekisho.account.credential_report import read_credential_report
from sekisho.account.identities import device_kind, with_holdings
from sekisho.account.model import (
    THE_ACCOUNT,
    CredentialReport,
    Device,
    Gap,
    Group,
    ResourceKind,
    ResourceRef,
    Role,
    RootUser,
    Snapshot,
    User,
    password_policy,
)
from sekisho.account.policies import attached_policies
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import FaultyAccount
from sekisho.messages import Message, duration_text
from sekisho.policy import Document, PolicyKind
from sekisho.signin import ConsoleAuthorization, PasswordPolicy

T = TypeVar("T")
Named = TypeVar("Named", User, Group, Role)


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of reading an account, and the display of its progress.

    Attributes:
        workers: how many calls may be under way at once.
        sleep: waits for so many seconds.
        progress: called with the number of users and policies read, and of all.
    """

    workers: int = 8
    sleep: Callable[[float], None] = time.sleep
    progress: Callable[[int, int], None] | None = None


def collect(api: AwsApi, *, now: datetime, pace: Pace = Pace()) -> Snapshot:
    """Return the account behind `api` as it is now.

    Args:
        api: the API, called from `pace.workers` threads.
        now: the current time.
        pace: how fast.

    Raises:
        AwsRefused: if not even GetCallerIdentity answers, which needs no permission, if
            nobody answers, or if the credentials expire in the middle.
    """
    identity = api.call("sts", "GetCallerIdentity")
    reading = ReadingRun(api)
    # before the users: a user in this list and not in theirs was deleted since, and is no gap
    report = read_report(reading, pace.sleep)
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
        caller=identity["Arn"],
    )
    whole = _with_account(bare, reading)
    return _with_holdings_and_texts(whole, _Readers(api, pace, reading))


def collect_policies(api: AwsApi, account: str, partition: str, *, now: datetime) -> Snapshot:
    """Return the identities of an account and the policies that apply to them, and nothing else.

    Only `GetAccountAuthorizationDetails` is called. The owner of a document that cannot be read has
    a gap.

    Raises:
        AwsRefused: if any of it is refused.
    """
    reading = StrictRun(api)
    kinds = ("LocalManagedPolicy", "AWSManagedPolicy")
    read = (each for kind in kinds for each in identities.read_policies(reading, kind))
    snapshot = Snapshot(
        account=account,
        partition=partition,
        taken_at=now,
        policies={policy.arn: policy for policy in read},
        users=_by_name(identities.read_users(reading)),
        groups=_by_name(identities.read_groups(reading)),
        roles=_by_name(identities.read_roles(reading)),
    )
    return replace(snapshot, gaps=tuple(reading.gaps))


def collect_sign_in(
    api: AwsApi, known: Snapshot, names: Iterable[str], *, pace: Pace = Pace()
) -> Snapshot:
    """Return an account with the current facts on whether some of its users can sign in.

    It reads their passwords, devices and access keys, and the facts about the whole account:
    password policy, virtual devices, console authorization, and the credential report if passwords
    can expire. Of other users only virtual devices are known. A fact that could not be read is a
    gap; the gap of a user who does not exist has the code `NoSuchEntity`.

    Args:
        api: the API, called from `pace.workers` threads.
        known: the account, as `collect_policies` returned it; with console authorization if that
            is known.
        names: the users.
        pace: how fast.

    Raises:
        AwsRefused: if no endpoint answers, or AWS no longer accepts the credentials.
    """
    reading = ReadingRun(api)
    rules = collect_password_policy(reading)
    ages = rules.max_age > 0 if rules else reading.gaps != []
    report = read_report(reading, pace.sleep) if ages else None
    owned = _virtual_devices(reading)
    around = replace(
        known,
        password_policy=rules,
        report=report,
        unassigned_devices=read_unassigned_devices(reading),
        root=RootUser(serials=tuple(sorted(each.serial for each in owned.pop("", ())))),
        console_authorization=known.console_authorization or read_console_authorization(reading),
    )
    wanted = {*names}
    readers = _Readers(api, pace, reading)
    about = [user for user in around.users if user.name in wanted]
    readers.total = len(about)
    read = readers.all_of([partial(identities.with_sign_in, user=user) for user in about])
    users = {user.name: replace(user, devices=owned.get(user.name, ())) for user in around.users}
    users |= {user.name: _with_last_use(user, report) for user in read}
    gaps = (*known.gaps, *reading.gaps)
    return replace(around, users=tuple(users.values()), gaps=gaps)


def _virtual_devices(reading: ReadingRun) -> dict[str, tuple[Device, ...]]:
    """Return the enabled virtual devices, by user; those of root are under ""."""
    devices: dict[str, tuple[Device, ...]] = {}
    for item in reading.items(_DEVICES, "VirtualMFADevices", AssignmentStatus="Assigned") or ():
        owner, serial = item.get("User", {}), item["SerialNumber"]
        name = "" if owner.get("Arn", "").endswith(":root") else owner.get("UserName", "")
        device = Device(serial, device_kind(serial), name, item.get("EnableDate"))
        devices[name] = (*devices.get(name, ()), device)
    return devices


def collect_user_sign_in(api: AwsApi, user: User) -> tuple[User, tuple[Gap, ...]]:
    """Return a user with the current password, devices and access keys, and the gaps.

    Raises:
        AwsRefused: if no endpoint answers, or AWS no longer accepts the credentials.
    """
    reading = ReadingRun(api)
    return identities.with_sign_in(reading, user), tuple(reading.gaps)


def _by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))


def _with_account(snapshot: Snapshot, reading: ReadingRun) -> Snapshot:
    """Return the snapshot with what is about the account as a whole."""
    summary = read_summary(reading)
    return replace(
        snapshot,
        alias=read_alias(reading),
        password_policy=collect_password_policy(reading),
        summary=summary,
        unassigned_devices=read_unassigned_devices(reading),
        root=read_root(reading, summary),
        scps=read_scps(reading, snapshot.account),
        roles=identities.with_session_limits(reading, snapshot.roles),
        console_authorization=read_console_authorization(reading),
        signin_policy=read_signin_policy(reading),
    )


def _with_holdings_and_texts(snapshot: Snapshot, readers: "_Readers") -> Snapshot:
    """Return the snapshot with the credentials of each user, and the tags or text of policies."""
    missing = sorted(attached_policies(snapshot) - snapshot.policies.keys())
    holders = [partial(with_holdings, user=user) for user in snapshot.users]
    tagged = [partial(identities.with_tags, policy=policy) for policy in snapshot.policies.values()]
    others = [partial(identities.attached_policy, arn=arn) for arn in missing]
    readers.total = len(holders) + len(tagged) + len(others)
    users = tuple(_with_last_use(user, snapshot.report) for user in readers.all_of(holders))
    read = (*readers.all_of(tagged), *readers.all_of(others))
    policies = {policy.arn: policy for policy in read if policy is not None}
    return replace(
        snapshot,
        users=users,
        policies=dict(sorted(policies.items())),
        gaps=tuple(readers.reading.gaps),
    )


def _with_last_use(user: User, report: CredentialReport | None) -> User:
    """Return the user with the last use of the password, which only the report has."""
    row = report.rows.get(user.name) if report else None
    if row is None or user.password is None:
        return user
    return replace(user, password=replace(user.password, last_used=row.password_last_used))


class _Readers:
    """Several reading threads; the gaps are in the order of the jobs."""

    def __init__(self, api: AwsApi, pace: Pace, reading: ReadingRun) -> None:
        self._api = api
        self._pace = pace
        self._done = 0
        self.total = 0
        self.reading = reading

    def all_of(self, jobs: Iterable[Callable[[ReadingRun], T]]) -> list[T]:
        """Return the results of the jobs, in order.

        Raises:
            AwsRefused: the first that a job raises; jobs that have not begun are not begun.
        """
        pool = ThreadPoolExecutor(self._pace.workers)
        try:
            return [self._recorded(*found) for found in pool.map(self._read, jobs)]
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, job: Callable[[ReadingRun], T]) -> tuple[T, ReadingRun]:
        reading = ReadingRun(self._api)
        return job(reading), reading

    def _recorded(self, result: T, reading: ReadingRun) -> T:
        self.reading.gaps.extend(reading.gaps)
        self._done += 1
        if self._pace.progress is not None:
            self._pace.progress(self._done, self.total)
        return result


_REPORT = "GetCredentialReport"
_DEVICES = "ListVirtualMFADevices"
_CONSOLE = "GetConsoleAuthorizationConfiguration"
_DOES_NOT_SAY = Message("the answer does not say whether it is enabled")
_TOO_LATE = Message("no report within {time}")
_NOT_A_REPORT = Message("is not as documented: {error}")
_TRIES = 30
_PAUSE_SECONDS = 2.0
_NOT_YET = ("ReportInProgress", "ReportNotPresent", "ReportExpired")


def read_alias(reading: ReadingRun) -> str | None:
    """Return the account alias; None if there is none."""
    return next(iter(reading.items("ListAccountAliases", "AccountAliases") or ()), None)


def collect_password_policy(reading: ReadingRun) -> PasswordPolicy | None:
    """Return the account's own password policy; None if there is none."""
    answer = reading.call("GetAccountPasswordPolicy", absent=("NoSuchEntity",))
    return None if answer is None else password_policy(answer["PasswordPolicy"])


def read_console_authorization(reading: ReadingRun) -> ConsoleAuthorization | None:
    """Return whether console authorization is enabled; None, with a gap, if it is not known."""
    answer = reading.call(_CONSOLE, absent=("ResourceNotFoundException",))
    if answer is None:
        unread = any(gap.operation == _CONSOLE for gap in reading.gaps)
        return None if unread else ConsoleAuthorization.DISABLED
    match answer.get("consoleAuthorizationEnabled"):
        case True:
            return ConsoleAuthorization.ENABLED
        case False:
            return ConsoleAuthorization.DISABLED
        case _:
            reading.gap(_CONSOLE, THE_ACCOUNT, _DOES_NOT_SAY)
            return None


def collect_console_authorization(api: AwsApi) -> ConsoleAuthorization | Gap:
    """Return whether console authorization is enabled now, or the gap if it is not known.

    Raises:
        AwsRefused: if no endpoint answers, or AWS no longer accepts the credentials.
    """
    reading = ReadingRun(api)
    return read_console_authorization(reading) or reading.gaps[0]


def read_signin_policy(reading: ReadingRun) -> Document | None:
    """Return the resource policy of the sign-in; None if there is none."""
    answer = reading.call("GetResourcePolicy", absent=("ResourceNotFoundException",))
    policy = (answer or {}).get("signinResourceBasedPolicy")
    if not policy:
        return None
    return reading.document(
        _in_capitals(policy), THE_ACCOUNT, PolicyKind.RESOURCE, "GetResourcePolicy"
    )


def _in_capitals(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the sign-in's policy in the form of other policies: `effect` becomes `Effect`."""
    statements = [
        {key.capitalize(): value for key, value in statement.items() if value}
        for statement in policy.get("statement", ())
    ]
    return {"Version": policy.get("version"), "Statement": statements}


def read_summary(reading: ReadingRun) -> dict[str, int]:
    """Return the account's counts and quotas, in the order of their names."""
    answer = reading.call("GetAccountSummary") or {}
    return dict(sorted(answer.get("SummaryMap", {}).items()))


def read_unassigned_devices(reading: ReadingRun) -> tuple[Device, ...]:
    """Return the unassigned virtual devices."""
    items = reading.items(_DEVICES, "VirtualMFADevices", AssignmentStatus="Unassigned")
    serials = sorted(item["SerialNumber"] for item in items or ())
    return tuple(Device(serial, device_kind(serial)) for serial in serials)


def read_root(reading: ReadingRun, summary: dict[str, int]) -> RootUser:
    """Return the root user, from the account summary and the virtual devices."""
    items = reading.items(_DEVICES, "VirtualMFADevices", AssignmentStatus="Assigned")
    devices = [
        item["SerialNumber"]
        for item in items or ()
        if item.get("User", {}).get("Arn", "").endswith(":root")
    ]
    flags = {name: bool(value) for name, value in summary.items()}
    return RootUser(
        mfa=flags.get("AccountMFAEnabled"),
        virtual_device=None if items is None else bool(devices),
        keys=flags.get("AccountAccessKeysPresent"),
        password=flags.get("AccountPasswordPresent"),
        serials=tuple(sorted(devices)),
    )


def read_report(reading: ReadingRun, sleep: Callable[[float], None]) -> CredentialReport | None:
    """Return the credential report: the one of the last four hours, or a new one; or a gap.

    Args:
        reading: where to read.
        sleep: waits for so many seconds while AWS makes the report.
    """
    for _ in range(_TRIES):
        if reading.call("GenerateCredentialReport") is None:
            return None
        answer = reading.call(_REPORT, absent=_NOT_YET)
        if answer is not None:
            return _report(reading, answer["Content"], answer["GeneratedTime"])
        if any(gap.operation == _REPORT for gap in reading.gaps):
            return None
        sleep(_PAUSE_SECONDS)
    reading.gap(
        _REPORT,
        THE_ACCOUNT,
        _TOO_LATE.filled(time=duration_text(timedelta(seconds=_TRIES * _PAUSE_SECONDS))),
    )
    return None


def _report(reading: ReadingRun, content: bytes, generated_at: datetime) -> CredentialReport | None:
    try:
        return read_credential_report(content.decode("utf-8"), _REPORT, generated_at=generated_at)
    except (FaultyAccount, UnicodeDecodeError) as error:
        reading.gap(_REPORT, THE_ACCOUNT, _NOT_A_REPORT.filled(error=error))
        return None


_SCP = "SERVICE_CONTROL_POLICY"
_NO_ORGANISATION = ("AWSOrganizationsNotInUseException",)
_NO_PARENT = Message("`{child}` has no parent")
_TOO_DEEP = Message("more than {levels} levels above the account")
_DEEPEST = 7
"""The most levels: a root, five OUs, and the account (Organizations quotas)."""


def read_scps(reading: ReadingRun, account: str) -> tuple[Level, ...] | None:
    """Return the SCPs level by level from the root down to the account.

    Empty where none applies: in the management account, or where SCPs are not enabled. None if the
    account is in no organisation, or, with a gap, if a part could not be read.
    """
    answer = reading.call("DescribeOrganization", absent=_NO_ORGANISATION)
    if answer is None:
        return None
    if answer["Organization"].get("MasterAccountId") == account:
        return ()
    enabled = _enabled(reading)
    if not enabled:
        return None if enabled is None else ()
    chain = _chain(reading, account)
    levels = [_level(reading, target) for target in chain or ()]
    found = [level for level in levels if level is not None]
    return tuple(found) if chain and len(found) == len(levels) else None


def _enabled(reading: ReadingRun) -> bool | None:
    """Return whether SCPs are enabled in the organisation; None if it could not be read."""
    roots = reading.items("ListRoots", "Roots")
    if roots is None:
        return None
    types = (kind for root in roots for kind in root.get("PolicyTypes", ()))
    return any(kind["Type"] == _SCP and kind["Status"] == "ENABLED" for kind in types)


def _chain(reading: ReadingRun, account: str) -> list[str] | None:
    """Return the ids from the root down to the account; None if a parent could not be read."""
    chain = [account]
    while len(chain) < _DEEPEST:
        parents = reading.items("ListParents", "Parents", ChildId=chain[0])
        if not parents:
            if parents is not None:
                reading.gap("ListParents", THE_ACCOUNT, _NO_PARENT.filled(child=chain[0]))
            return None
        chain.insert(0, parents[0]["Id"])
        if parents[0]["Type"] == "ROOT":
            return chain
    reading.gap("ListParents", THE_ACCOUNT, _TOO_DEEP.filled(levels=_DEEPEST))
    return None


def _level(reading: ReadingRun, target: str) -> Level | None:
    items = reading.items("ListPoliciesForTarget", "Policies", TargetId=target, Filter=_SCP)
    if items is None:
        return None
    found = [_policy(reading, item) for item in sorted(items, key=lambda item: str(item["Id"]))]
    policies = tuple(policy for policy in found if policy is not None)
    return Level(target, policies) if len(policies) == len(found) else None


def _policy(reading: ReadingRun, item: Item) -> AttachedPolicy | None:
    resource = ResourceRef(ResourceKind.SERVICE_CONTROL_POLICY, item["Id"])
    answer = reading.call("DescribePolicy", resource, PolicyId=item["Id"])
    if answer is None:
        return None
    content = answer["Policy"]["Content"]
    document = reading.document(content, resource, PolicyKind.SCP, "DescribePolicy")
    return None if document is None else AttachedPolicy(item["Arn"], document)
