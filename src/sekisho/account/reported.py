"""What a credential report tells of users where nothing else does (fact §9.1)."""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.account.credential_report import ROOT
from sekisho.account.model import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Gap,
    Password,
    RootUser,
    User,
    user_ref,
)
from sekisho.messages import Message

__all__ = ["filled", "gaps_of_row", "root_of", "user_of_row"]

_MUST_CHANGE = Message("the credential report does not tell whether the password must be changed")
_WHICH_DEVICE = Message("the credential report tells that there is an MFA device, not which")
_NO_KEY_IDS = Message("the credential report has no ids of access keys")


def user_of_row(row: CredentialRow) -> User:
    """Return the user whom a row names, without what it does not tell: id, groups, policies."""
    path = row.arn.split(":user", 1)[-1].removesuffix(row.user)
    return User(row.user, path, row.arn, id="", created_at=row.created_at)


def filled(user: User, row: CredentialRow) -> User:
    """Return the user with the password and the keys that the report tells of."""
    password = None
    if row.password_enabled:
        password = Password(created_at=row.password_last_changed, last_used=row.password_last_used)
    columns = zip(
        ("access_key_1", "access_key_2"),
        row.keys_active,
        row.keys_rotated,
        row.keys_last_used,
        row.keys_last_service,
        strict=True,
    )
    keys = tuple(
        AccessKey(name, bool(active), rotated, used, service)
        for name, active, rotated, used, service in columns
        if active or rotated is not None
    )
    return replace(user, password=password, keys=keys)


def gaps_of_row(row: CredentialRow) -> Iterator[Gap]:
    """Yield what the report leaves open of one user."""
    about = user_ref(row.user)
    if row.password_enabled is not False:
        yield Gap("GetLoginProfile", about, _MUST_CHANGE)
    if row.mfa_active is not False:
        yield Gap("ListMFADevices", about, _WHICH_DEVICE)
    if any(active is not False for active in row.keys_active) or row.additional:
        yield Gap("ListAccessKeys", about, _NO_KEY_IDS)


def root_of(report: CredentialReport) -> RootUser:
    """Return what the report tells of the root user."""
    row = report.rows.get(ROOT)
    if row is None:
        return RootUser()
    # in an organisation root's credentials may be gone: only a key that is seen is known
    keys = True if True in row.keys_active else (False if None not in row.keys_active else None)
    return RootUser(mfa=row.mfa_active, keys=keys, password=row.password_enabled)
