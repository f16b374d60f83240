"""An account from files in any of several forms.

These are sekisho's snapshot, its account file, the answer of `GetAccountAuthorizationDetails` and a
credential report (as CSV, or as the AWS CLI prints it); the last two together or alone. Facts that
such a file lacks are gaps, never "none": of one user if it is about one, otherwise of the account.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sekisho.account.contents import AccountFile, UserCredentials
from sekisho.account.credential_report import (
    ROOT,
    gaps_of_row,
    read_credential_report,
    root_of,
    user_of_row,
    with_row,
)
from sekisho.account.file import read_account
from sekisho.account.model import (
    THE_ACCOUNT,
    CredentialReport,
    Gap,
    Group,
    Password,
    ResourceKind,
    ResourceRef,
    Role,
    Snapshot,
    User,
    user_ref,
)
from sekisho.account.policies import attached_policies
from sekisho.account.saved import read_snapshot
from sekisho.documents import Shape, decoded_json, text_of_file
from sekisho.errors import Code, Fault, FaultyAccount, quoted
from sekisho.messages import Message

_SNAPSHOT = "sekisho.snapshot/"


def open_account(*paths: str | Path, as_of: datetime | None = None) -> Snapshot:
    """Return the account in one file, or in an export and a credential report together.

    Args:
        paths: the files, in any order.
        as_of: when an export was made; by default when the oldest file was last written. A
            snapshot has its own date.

    Raises:
        FaultyAccount: with every fault of a file, or if the files do not belong together.
    """
    given = [(str(path), _read(path)) for path in paths]
    snapshots = [found for _, found in given if isinstance(found, Snapshot)]
    accounts = [found for _, found in given if isinstance(found, AccountFile)]
    reports = [(name, found) for name, found in given if isinstance(found, CredentialReport)]
    if snapshots and len(given) == 1:
        return snapshots[0]
    if not given or snapshots or len(accounts) > 1 or len(reports) > 1:
        raise _not_one_account(paths)
    date = as_of or min(_modified_at(path) for path in paths)
    if not accounts:
        ((name, report),) = reports
        return snapshot_of_report(report, report.generated_at or date, name)
    snapshot = snapshot_of(accounts[0], date)
    if not reports:
        return snapshot
    if not accounts[0].bare:
        raise _not_one_account(paths)
    ((name, report),) = reports
    return with_report(snapshot, report, name)


def _read(path: str | Path) -> Snapshot | AccountFile | CredentialReport:
    """Return the account in one file, by its content's form."""
    name, text = str(path), text_of_file(path, FaultyAccount)
    if not text.lstrip().startswith(("{", "[", '"')):
        return read_credential_report(text, name)
    value = decoded_json(text, name)
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, str) and schema.startswith(_SNAPSHOT):
        return read_snapshot(value, name)
    if isinstance(value, dict) and {"Content", "ReportFormat"} <= value.keys():
        return _printed_report(value, name)
    return read_account(value, name)


def _printed_report(value: object, source: str) -> CredentialReport:
    """Read a credential report as the AWS CLI prints it: base64, with its date."""
    faults: list[Fault] = []
    got = Shape(value, "", faults).members(("Content", "ReportFormat", "GeneratedTime"))
    generated_at = got["GeneratedTime"].time()
    text = ""
    try:
        text = base64.b64decode(got["Content"].text(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        got["Content"].fault(Message("is not a text in base64"))
    if faults:
        raise FaultyAccount(source, faults)
    return read_credential_report(text, source, generated_at=generated_at)


def _modified_at(path: str | Path) -> datetime:
    return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)


def _not_one_account(paths: Iterable[str | Path]) -> FaultyAccount:
    message = Message("do not make one account together")
    fix = Message("give one file, or an export of AWS and its credential report")
    names = ", ".join(str(path) for path in paths) or "no file"
    return FaultyAccount(names, [Fault(Code.ACCOUNT_BAD_SHAPE, message, fix=fix)])


_Named = TypeVar("_Named", User, Group, Role)

_CREDENTIAL_CALLS = ("GetLoginProfile", "ListMFADevices", "ListAccessKeys")
_BARE = ("ListVirtualMFADevices", "GetAccountPasswordPolicy", "ListAccountAliases")
_NEVER = (
    "GetAccessKeyLastUsed",
    "ListServiceSpecificCredentials",
    "ListSSHPublicKeys",
    "ListSigningCertificates",
    "ListPolicyTags",
    "ListRoles",
    "GetConsoleAuthorizationConfiguration",
    "GetResourcePolicy",
    "GetAccountSummary",
    "DescribeOrganization",
)
_REPORT = "GetCredentialReport"
_DETAILS = "GetAccountAuthorizationDetails"
_NOT_THERE = Message("the file does not say")
_NOT_IN_REPORT = Message("a credential report does not say")
_NO_ROW = Message("the credential report does not have this user")
_NOT_IN_EXPORT = Message("in the credential report, and not in the export")


def snapshot_of(account: AccountFile, as_of: datetime) -> Snapshot:
    """Return the snapshot of an account file or a bare export, with gaps for missing facts.

    Args:
        account: the loaded file.
        as_of: when the account was as the file says.
    """
    policies = {
        policy.arn: policy for policy in sorted(account.policies, key=lambda item: item.arn)
    }
    snapshot = Snapshot(
        account=account.account,
        partition=account.partition,
        taken_at=as_of,
        users=_by_name(_user(account, user) for user in account.users),
        groups=_by_name(map(_in_order, account.groups)),
        roles=_by_name(map(_in_order, account.roles)),
        policies=policies,
        unassigned_devices=account.unassigned_devices,
        alias=account.alias,
        password_policy=account.password_policy,
    )
    lacking = [*_CREDENTIAL_CALLS, *_BARE, *_NEVER] if account.bare else [*_NEVER]
    gaps = [Gap(what, THE_ACCOUNT, _NOT_THERE) for what in (*lacking, _REPORT)]
    gaps += [
        Gap(_DETAILS, details, faults[0].message, faults[0].code)
        for details, faults in account.unread.items()
        # versions other than the default one are not needed
        if details.kind is not ResourceKind.POLICY_VERSION
    ]
    missing = attached_policies(snapshot) - policies.keys()
    details = (ResourceRef(ResourceKind.MANAGED_POLICY, arn) for arn in sorted(missing))
    gaps += [Gap("GetPolicy", each, _NOT_THERE) for each in details if each not in account.unread]
    return replace(snapshot, gaps=tuple(gaps))


def lacks_report(snapshot: Snapshot) -> bool:
    """Return whether it is a bare export, which a credential report would complete."""
    missing = {
        gap.operation for gap in snapshot.gaps if gap.resource == THE_ACCOUNT and not gap.code
    }
    return snapshot.report is None and missing.issuperset(_CREDENTIAL_CALLS)


def with_report(snapshot: Snapshot, report: CredentialReport, source: str) -> Snapshot:
    """Return the snapshot of a bare export, completed with a credential report.

    Raises:
        FaultyAccount: if they are of two accounts.
    """
    home = f"arn:{snapshot.partition}:iam::{snapshot.account}:"
    others = [row.arn for row in report.rows.values() if not row.arn.startswith(home)]
    if others:
        message = Message("{others} is not of the account `{account}`").filled(
            others=quoted(others[0]), account=snapshot.account
        )
        raise FaultyAccount(source, [Fault(Code.ACCOUNT_BAD_REFERENCE, message)])
    known = {user.name for user in snapshot.users}
    new = [report.rows[name] for name in sorted(report.rows.keys() - known - {ROOT})]
    users = tuple(
        with_row(user, report.rows[user.name]) if user.name in report.rows else user
        for user in _by_name((*snapshot.users, *map(user_of_row, new)))
    )
    of_all = [gap for gap in snapshot.gaps if gap.operation not in (*_CREDENTIAL_CALLS, _REPORT)]
    absent = (
        Gap(what, user_ref(name), _NO_ROW)
        for name in sorted(known - report.rows.keys())
        for what in _CREDENTIAL_CALLS
    )
    bare = (Gap(_DETAILS, user_ref(row.user), _NOT_IN_EXPORT) for row in new)
    rows = (report.rows.get(user.name) for user in users)
    left = (gap for row in rows if row for gap in gaps_of_row(row))
    return replace(
        snapshot,
        users=users,
        report=report,
        root=root_of(report),
        gaps=(*of_all, *absent, *bare, *left),
    )


def snapshot_of_report(report: CredentialReport, as_of: datetime, source: str) -> Snapshot:
    """Return the snapshot of a credential report alone: the users and their credentials.

    Raises:
        FaultyAccount: if it names no account.
    """
    home = next((row.arn.split(":") for row in report.rows.values()), [])
    if len(home) < len(["arn", "partition", "iam", "region", "account", "resource"]):
        fault = Fault(Code.ACCOUNT_BAD_REFERENCE, Message("no ARN in it says whose account it is"))
        raise FaultyAccount(source, [fault])
    rows = [row for row in report.rows.values() if row.user != ROOT]
    missing = (_DETAILS, *_CREDENTIAL_CALLS, *_BARE, *_NEVER)
    everything = Snapshot(
        account=home[4],
        partition=home[1],
        taken_at=as_of,
        users=_by_name(map(user_of_row, rows)),
        groups=(),
        roles=(),
        policies={},
        # no groups and policies are known
        gaps=(
            *(Gap(what, THE_ACCOUNT, _NOT_IN_REPORT) for what in missing),
            *(Gap(_DETAILS, user_ref(row.user), _NOT_IN_REPORT) for row in rows),
        ),
    )
    return with_report(everything, report, source)


def _user(account: AccountFile, user: User) -> User:
    """Return a user with the credentials in the file, without secrets."""
    credentials = account.credentials.get(user.name, UserCredentials())
    return replace(
        _in_order(user),
        groups=tuple(sorted(user.groups)),
        password=Password(credentials.reset_required) if credentials.password else None,
        devices=credentials.devices,
        keys=tuple(sorted(credentials.keys, key=lambda key: key.id)),
    )


def _in_order(owner: _Named) -> _Named:
    """Return a user, group or role with its policies in the order of a snapshot."""
    return replace(
        owner,
        attached=tuple(sorted(owner.attached)),
        inline=tuple(sorted(owner.inline, key=lambda policy: policy.name)),
    )


def _by_name(items: Iterable[_Named]) -> tuple[_Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))
