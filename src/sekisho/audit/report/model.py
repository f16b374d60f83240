"""The audit of one account: rows, figures, findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sekisho import catalogue
from sekisho.account import Snapshot, Usage
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.finding import Finding, Severity
from sekisho.audit.findings import check_account
from sekisho.audit.impact import Coverage, UserRow, coverage_of, rows_of
from sekisho.policy import Document


@dataclass(frozen=True)
class AccountReport:
    """The audit of an account as it was at `snapshot.taken_at`.

    Attributes:
        rows: one for each user, in name order.
        findings: in order of risk.
        dated: the catalogue's name and date.
        version: sekisho's own.
        usage: the logged use of users; None: there are no logs.
    """

    snapshot: Snapshot
    exceptions: Exceptions
    rows: tuple[UserRow, ...]
    coverage: Coverage
    findings: tuple[Finding, ...]
    dated: str
    version: str
    usage: Usage | None = None

    def __repr__(self) -> str:
        counts = f"users: {len(self.rows)}, findings: {len(self.findings)}"
        return f"<AccountReport of {self.snapshot.account}, {counts}>"

    @cached_property
    def findings_of(self) -> Mapping[str, tuple[Finding, ...]]:
        """The findings by the object that they are about."""
        found: dict[str, list[Finding]] = {}
        for each in self.findings:
            found.setdefault(each.subject, []).append(each)
        return {subject: tuple(each) for subject, each in found.items()}

    @property
    def findings_by_id(self) -> tuple[tuple[Finding, ...], ...]:
        """The findings grouped by id, in order of risk."""
        kinds: dict[tuple[object, ...], list[Finding]] = {}
        for each in self.findings:
            kinds.setdefault((each.severity, each.id, each.known, each.fix.en), []).append(each)
        return tuple(map(tuple, kinds.values()))

    @property
    def wrong(self) -> bool:
        """Whether there is a finding worse than a note."""
        return any(each.known and each.severity is not Severity.NOTE for each in self.findings)

    @property
    def unknown(self) -> bool:
        """Whether some finding is undecided."""
        return any(not each.known for each in self.findings)


def audit_account(
    snapshot: Snapshot,
    exceptions: Exceptions,
    *,
    enforcement: Document | None = None,
    usage: Usage | None = None,
    version: str,
) -> AccountReport:
    """Return the audit of an account.

    Args:
        snapshot: the account.
        exceptions: the users who are not to be enforced; see `load_exceptions`.
        enforcement: the policy for users who are not enforced; Force_MFA as `policy new`
            writes it if not given.
        usage: the logged use of the account's users, if there are logs.
        version: sekisho's own, for the report.

    Raises:
        FaultyInput: if an exception does not fit the account.
    """
    exceptions.check(snapshot)
    rows = rows_of(snapshot, exceptions, enforcement, usage)
    return AccountReport(
        snapshot=snapshot,
        exceptions=exceptions,
        rows=rows,
        coverage=coverage_of(rows),
        findings=check_account(snapshot, rows, exceptions),
        dated=catalogue.load().dated,
        version=version,
        usage=usage,
    )
