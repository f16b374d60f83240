"""A credential report: AWS's CSV, and the facts on users that it has.

Columns are found by their heading; unknown ones are ignored. AWS documents `TRUE` and writes
`true`: both are read.

Source: IAM User Guide, "Getting credential reports for your AWS account".
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

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
from sekisho.errors import Code, Fault, FaultyAccount, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim

ROOT = "<root_account>"
"""The name of the root user in the report."""

_NEEDED = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_2_active",
    "cert_1_active",
    "cert_2_active",
)
_UNKNOWN = frozenset({"", "n/a", "no_information", "not_supported"})
_FLAGS = {"true": True, "false": False}
_FIX = Message(
    "give the file as AWS made it: `aws iam get-credential-report`, or the console's download"
)

_IN_COLUMN = verbatim("`{column}`: {message}")
_NEITHER = Message("give what `sekisho collect` saved, an account file, or an export of AWS")


def read_credential_report(
    text: str, source: str = "credential report", *, generated_at: datetime | None = None
) -> CredentialReport:
    """Return the report in a CSV text.

    Raises:
        FaultyAccount: with every fault, each with its line.
    """
    lines = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    faults: list[Fault] = []
    rows: dict[str, CredentialRow] = {}
    try:
        faults.extend(_heading_faults(lines.fieldnames or ()))
        for cells in lines if not faults else ():
            line = _Line(cells, lines.line_num, faults)
            row = line.row()
            if row.user in rows:
                line.fault("user", Message("{user} appears twice").filled(user=quoted(row.user)))
            rows[row.user] = row
    except csv.Error as error:
        faults.append(_fault(Message("is not CSV: {reason}").filled(reason=error), lines.line_num))
    if faults:
        raise FaultyAccount(source, faults)
    return CredentialReport(generated_at, rows)


def _heading_faults(heading: Iterable[str]) -> list[Fault]:
    names = Counter(heading)
    # a report may have other separators, as spreadsheets save them
    if not any(name in cell for name in _NEEDED for cell in names):
        what = Message("is neither JSON nor a credential report") if names else Message("is empty")
        return [Fault(Code.ACCOUNT_BAD_SHAPE, what, fix=_NEITHER)]
    missing = [
        _fault(Message("has no column `{name}`").filled(name=name), 1)
        for name in _NEEDED
        if name not in names
    ]
    twice = [name for name in _NEEDED if names[name] > 1]
    return [
        *missing,
        *(_fault(Message("has the column `{name}` twice").filled(name=name), 1) for name in twice),
    ]


def _fault(message: Message, line: int) -> Fault:
    return Fault(Code.ACCOUNT_BAD_SHAPE, message, "", line, fix=_FIX)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the report, and the list for its faults."""

    cells: Mapping[str | None, str | list[str] | None]
    number: int
    faults: list[Fault]

    def row(self) -> CredentialRow:
        """Return the row of the line."""
        if None in self.cells or None in self.cells.values():
            self.faults.append(
                _fault(Message("has more or fewer cells than the heading"), self.number)
            )
        user, arn = self.text("user"), self.text("arn")
        if not user or not arn.startswith("arn:"):
            self.fault("arn", Message("names no user"))
        keys = ("access_key_1", "access_key_2")
        return CredentialRow(
            user=user,
            arn=arn,
            created_at=self.time("user_creation_time"),
            password_enabled=self.flag("password_enabled"),
            password_last_used=self.time("password_last_used"),
            password_last_changed=self.time("password_last_changed"),
            password_next_rotation=self.time("password_next_rotation"),
            mfa_active=self.flag("mfa_active"),
            keys_active=(self.flag(f"{keys[0]}_active"), self.flag(f"{keys[1]}_active")),
            keys_rotated=(
                self.time(f"{keys[0]}_last_rotated"),
                self.time(f"{keys[1]}_last_rotated"),
            ),
            keys_last_used=(
                self.time(f"{keys[0]}_last_used_date"),
                self.time(f"{keys[1]}_last_used_date"),
            ),
            keys_last_service=(
                self.known(f"{keys[0]}_last_used_service"),
                self.known(f"{keys[1]}_last_used_service"),
            ),
            certificates_active=(self.flag("cert_1_active"), self.flag("cert_2_active")),
            additional=self.known("additional_credentials_info"),
        )

    def text(self, column: str) -> str:
        """Return a cell; "" if there is no such column."""
        value = self.cells.get(column)
        return value if isinstance(value, str) else ""

    def known(self, column: str) -> str:
        """Return a cell; "" if it says that there is no value."""
        text = self.text(column)
        return "" if text.lower() in _UNKNOWN else text

    def flag(self, column: str) -> bool | None:
        """Return a boolean; None if the report does not have it."""
        text = self.known(column).lower()
        if text and text not in _FLAGS:
            self.fault(
                column, Message("{text} is neither `true` nor `false`").filled(text=quoted(text))
            )
        return _FLAGS.get(text)

    def time(self, column: str) -> datetime | None:
        """Return a time; None if there is none."""
        text = self.known(column)
        if not text:
            return None
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            self.fault(
                column, Message("{text} is not a time in ISO 8601").filled(text=quoted(text))
            )
            return None
        return when if when.tzinfo else when.replace(tzinfo=UTC)

    def fault(self, column: str, message: Message) -> None:
        """Record a fault in a cell."""
        self.faults.append(_fault(_IN_COLUMN.filled(column=column, message=message), self.number))


_MUST_CHANGE = Message("the credential report does not say whether the password must be changed")
_WHICH_DEVICE = Message("the credential report says that there is an MFA device, but not which")
_NO_KEY_IDS = Message("the credential report has no ids of access keys")


def user_of_row(row: CredentialRow) -> User:
    """Return the user in a row, without the facts that reports lack: id, groups, policies."""
    path = row.arn.split(":user", 1)[-1].removesuffix(row.user)
    return User(row.user, path, row.arn, id="", created_at=row.created_at)


def with_row(user: User, row: CredentialRow) -> User:
    """Return the user with the password and the keys in the report."""
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
    """Yield the gaps of one user that the report leaves."""
    resource = user_ref(row.user)
    if row.password_enabled is not False:
        yield Gap("GetLoginProfile", resource, _MUST_CHANGE)
    if row.mfa_active is not False:
        yield Gap("ListMFADevices", resource, _WHICH_DEVICE)
    if any(active is not False for active in row.keys_active) or row.additional:
        yield Gap("ListAccessKeys", resource, _NO_KEY_IDS)


def root_of(report: CredentialReport) -> RootUser:
    """Return the root user in the report."""
    row = report.rows.get(ROOT)
    if row is None:
        return RootUser()
    # in an organisation root's credentials may be removed: only a reported key is known
    keys = True if True in row.keys_active else (False if None not in row.keys_active else None)
    return RootUser(mfa=row.mfa_active, keys=keys, password=row.password_enabled)
