"""The input and the output of lint, also as JSON and as SARIF."""

from collections.abc import Iterable, Sequence
from enum import Enum

from sekisho.audit.finding import Family, Finding, Severity
from sekisho.audit.meaning import TruthTable
from sekisho.audit.sarif import findings_log
from sekisho.documents.sarif import Json, notice
from sekisho.errors import SekishoError, errors_to_json
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.policy import PolicyKind, Quota


class Attachment(Enum):
    """Where a policy is attached: (kind of document, its quota, whether it is a managed policy).

    An AWS managed policy exists, so IAM's checks at saving do not apply to it. White space of a
    service control policy counts or not, by how it is saved (AWS Organizations User Guide, "Quotas
    for AWS Organizations"); the text of `save.scp-size` explains it.
    """

    USER = ("user", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    GROUP = ("group", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    INLINE = ("inline", PolicyKind.IDENTITY, Quota.USER_INLINE, False)
    GROUP_INLINE = ("group-inline", PolicyKind.IDENTITY, Quota.GROUP_INLINE, False)
    ROLE = ("role", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    AWS_MANAGED = ("aws-managed", PolicyKind.IDENTITY, None, False)
    BOUNDARY = ("boundary", PolicyKind.BOUNDARY, Quota.MANAGED_POLICY, True)
    SESSION = ("session", PolicyKind.SESSION, Quota.SESSION_POLICY, False)
    TRUST = ("trust", PolicyKind.TRUST, Quota.TRUST_POLICY, False)
    SCP = ("scp", PolicyKind.SCP, None, False)
    RESOURCE = ("resource", PolicyKind.RESOURCE, None, False)

    def __init__(self, word: str, kind: PolicyKind, quota: Quota | None, managed: bool) -> None:
        self.word = word
        self.kind = kind
        self.quota = quota
        self.managed = managed

    @classmethod
    def of(cls, word: str) -> "Attachment":
        """Return the attachment with this word."""
        return next(each for each in cls if each.word == word)

    @property
    def ceiling(self) -> bool:
        """Whether it only limits other policies: whatever it does not allow is denied."""
        return self in (Attachment.BOUNDARY, Attachment.SCP)


@dataclass(frozen=True, slots=True)
class LintReport:
    """The lint results on one document.

    Attributes:
        findings: by place in the text.
        table: the actions of each credential; None if it could not or should not be made.
        gaps: the parts that were not examined, with the reason; they never count as a pass.
        dated: the catalogue's name and date.
        size: the length by AWS's counting.
    """

    source: str
    attachment: Attachment
    findings: tuple[Finding, ...]
    table: TruthTable | None
    gaps: tuple[Message, ...]
    dated: str
    size: int

    def __repr__(self) -> str:
        found = ", ".join(each.id for each in self.findings) or "nothing found"
        return f"<LintReport of {self.source!r}: {found}>"

    @property
    def wrong(self) -> bool:
        """Whether there is a finding worse than a note."""
        return any(each.severity is not Severity.NOTE for each in self.findings)

    @property
    def unknown(self) -> bool:
        """Whether something was not examined, unless IAM refuses to save the document anyway."""
        refused = any(
            each.id.family is Family.SAVE and each.severity is not Severity.NOTE
            for each in self.findings
        )
        return bool(self.gaps) and not refused

    @property
    def clean(self) -> bool:
        """Whether no finding is worse than a note and everything was examined."""
        return not self.gaps and not self.wrong


def to_json(reports: Sequence[LintReport], failed: Iterable[SekishoError]) -> Json:
    """Return reports as JSON values, with English keys.

    Args:
        reports: one for each document that could be read.
        failed: the errors of documents that could not be examined.
    """
    return {
        "schema": "sekisho.policy-lint/1",
        "reports": [_report_as_json(report) for report in reports],
        "errors": [value for error in failed for value in errors_to_json(error)],
    }


def _report_as_json(report: LintReport) -> dict[str, object]:
    return {
        "source": report.source,
        "as": report.attachment.word,
        "catalogue": report.dated,
        "size": report.size,
        "quota": report.attachment.quota.number if report.attachment.quota else None,
        "clean": report.clean,
        "findings": [_finding_as_json(each) for each in report.findings],
        "gaps": [gap.to_json() for gap in report.gaps],
        "credentials": _table_as_json(report.table),
    }


def _finding_as_json(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "id": finding.id,
        "severity": finding.severity,
        "statement": place.statement,
        "sid": place.sid,
        "path": place.path,
        "line": place.position.line or None,
        "column": place.position.column or None,
        "fact": finding.fact.to_json(),
        "title": finding.title.to_json(),
        "cause": finding.cause.to_json(),
        "remediation": finding.fix.to_json(),
    }


def _table_as_json(truth: TruthTable | None) -> dict[str, object] | None:
    if truth is None:
        return None
    return {
        "rows": [
            {
                "task": row.task.en,
                "principal": row.principal,
                "actions": list(row.actions),
                "outcomes": {
                    state.value: {
                        "outcome": cell.outcome,
                        **({"dependsOn": list(cell.depends_on)} if cell.depends_on else {}),
                        "assumptions": list(cell.assumptions),
                        "askedAs": cell.asked_as or None,
                    }
                    for state, cell in row.cells.items()
                },
            }
            for row in truth.rows
        ],
        "untried": list(truth.untried),
        "unasked": list(truth.unasked),
    }


def to_sarif(
    reports: Sequence[LintReport], *, version: str, lang: Language, failed: Iterable[str] = ()
) -> Json:
    """Return reports as one SARIF run.

    Args:
        reports: one for each document that could be read.
        version: the version of sekisho.
        lang: the language of the messages.
        failed: the faults of unreadable documents; with any, the run was not successful.
    """
    return findings_log(
        (finding for report in reports for finding in report.findings),
        (
            *(notice("error", message) for message in failed),
            *(
                notice("warning", f"{report.source}: {gap.into(lang)}")
                for report in reports
                for gap in report.gaps
            ),
        ),
        version=version,
        lang=lang,
    )
