"""An account out of files, whatever form they have.

Read are a snapshot of sekisho's, its account file, the answer of `GetAccountAuthorizationDetails`
and a credential report (as CSV, or as the AWS CLI prints it); the last two together or alone.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sekisho.account.credential_report import read_credential_report
from sekisho.account.entries import AccountFile
from sekisho.account.exported import snapshot_of, snapshot_of_report, with_report
from sekisho.account.file import read_account
from sekisho.account.model import CredentialReport, Snapshot
from sekisho.account.saved import read_snapshot
from sekisho.account.text import decoded, text_of_file
from sekisho.documents.shape import Shape
from sekisho.errors import Code, Fault, FaultyAccount
from sekisho.messages import Message

__all__ = ["open_account"]

_SNAPSHOT = "sekisho.snapshot/"


def open_account(*paths: str | Path, as_of: datetime | None = None) -> Snapshot:
    """Return the account that one file holds, or an export and a credential report together.

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
        raise _apart(paths)
    date = as_of or min(_written(path) for path in paths)
    if not accounts:
        ((name, report),) = reports
        return snapshot_of_report(report, report.generated_at or date, name)
    snapshot = snapshot_of(accounts[0], date)
    if not reports:
        return snapshot
    if not accounts[0].bare:
        raise _apart(paths)
    ((name, report),) = reports
    return with_report(snapshot, report, name)


def _read(path: str | Path) -> Snapshot | AccountFile | CredentialReport:
    """Return what one file holds, told by its content."""
    name, text = str(path), text_of_file(path)
    if not text.lstrip().startswith(("{", "[", '"')):
        return read_credential_report(text, name)
    value = decoded(text, name)
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, str) and schema.startswith(_SNAPSHOT):
        return read_snapshot(value, name)
    if isinstance(value, dict) and {"Content", "ReportFormat"} <= value.keys():
        return _printed_report(value, name)
    if isinstance(value, dict) and schema is None and "Statement" in value:
        message = Message("it is a policy, and no account")
        fix = Message("`sekisho prove` takes policies as they are")
        raise FaultyAccount(name, [Fault(Code.ACCOUNT_BAD_SHAPE, message, fix=fix)])
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


def _written(path: str | Path) -> datetime:
    return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)


def _apart(paths: Iterable[str | Path]) -> FaultyAccount:
    message = Message("do not make one account together")
    fix = Message("give one file, or an export of AWS and its credential report")
    names = ", ".join(str(path) for path in paths) or "no file"
    return FaultyAccount(names, [Fault(Code.ACCOUNT_BAD_SHAPE, message, fix=fix)])
