"""What is told of the account as a whole: password policy, summary, root, credential report."""

from collections.abc import Callable
from datetime import datetime

from sekisho.account.credential_report import read_credential_report
from sekisho.account.holding import device_kind
from sekisho.account.model import THE_ACCOUNT, CredentialReport, Device, RootUser
from sekisho.account.reading import Reading
from sekisho.errors import FaultyAccount
from sekisho.messages import Message
from sekisho.signin import CharacterClass, PasswordPolicy

__all__ = [
    "read_alias",
    "read_orphans",
    "read_password_policy",
    "read_report",
    "read_root",
    "read_summary",
]

_REPORT = "GetCredentialReport"
_DEVICES = "ListVirtualMFADevices"
_TOO_LATE = Message("no report within {seconds} seconds")
_NOT_A_REPORT = Message("is not as documented: {error}")
_TRIES = 30
_PAUSE_SECONDS = 2.0
_NOT_YET = ("ReportInProgress", "ReportNotPresent", "ReportExpired")
_CLASSES = {
    "RequireUppercaseCharacters": CharacterClass.UPPERCASE,
    "RequireLowercaseCharacters": CharacterClass.LOWERCASE,
    "RequireNumbers": CharacterClass.NUMBER,
    "RequireSymbols": CharacterClass.SYMBOL,
}


def read_alias(reading: Reading) -> str | None:
    """Return the account alias, or None."""
    return next(iter(reading.items("ListAccountAliases", "AccountAliases") or ()), None)


def read_password_policy(reading: Reading) -> PasswordPolicy | None:
    """Return the account's own password policy, or None."""
    answer = reading.call("GetAccountPasswordPolicy", absent=("NoSuchEntity",))
    if answer is None:
        return None
    told = answer["PasswordPolicy"]
    return PasswordPolicy(
        minimum_length=told.get("MinimumPasswordLength", 6),
        required=frozenset(kind for name, kind in _CLASSES.items() if told.get(name)),
        users_may_change=bool(told.get("AllowUsersToChangePassword")),
        max_age=told.get("MaxPasswordAge") or 0,
        reuse_prevention=told.get("PasswordReusePrevention") or 0,
        hard_expiry=bool(told.get("HardExpiry")),
    )


def read_summary(reading: Reading) -> dict[str, int]:
    """Return the account's counts and quotas, in the order of their names."""
    answer = reading.call("GetAccountSummary") or {}
    return dict(sorted(answer.get("SummaryMap", {}).items()))


def read_orphans(reading: Reading) -> tuple[Device, ...]:
    """Return the virtual devices that nobody has enabled."""
    items = reading.items(_DEVICES, "VirtualMFADevices", AssignmentStatus="Unassigned")
    serials = sorted(item["SerialNumber"] for item in items or ())
    return tuple(Device(serial, device_kind(serial)) for serial in serials)


def read_root(reading: Reading, summary: dict[str, int]) -> RootUser:
    """Return what the summary and the virtual devices tell of the root user."""
    items = reading.items(_DEVICES, "VirtualMFADevices", AssignmentStatus="Assigned")
    found = [
        item["SerialNumber"]
        for item in items or ()
        if item.get("User", {}).get("Arn", "").endswith(":root")
    ]
    told = {name: bool(value) for name, value in summary.items()}
    return RootUser(
        mfa=told.get("AccountMFAEnabled"),
        virtual_device=None if items is None else bool(found),
        keys=told.get("AccountAccessKeysPresent"),
        password=told.get("AccountPasswordPresent"),
        serials=tuple(sorted(found)),
    )


def read_report(reading: Reading, sleep: Callable[[float], None]) -> CredentialReport | None:
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
    reading.gap(_REPORT, THE_ACCOUNT, _TOO_LATE.filled(seconds=round(_TRIES * _PAUSE_SECONDS)))
    return None


def _report(reading: Reading, content: bytes, generated_at: datetime) -> CredentialReport | None:
    try:
        return read_credential_report(content.decode("utf-8"), _REPORT, generated_at=generated_at)
    except (FaultyAccount, UnicodeDecodeError) as error:
        reading.gap(_REPORT, THE_ACCOUNT, _NOT_A_REPORT.filled(error=error))
        return None
