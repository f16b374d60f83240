"""Reports of lint as JSON and as SARIF."""

from collections.abc import Iterable, Sequence

from sekisho.audit.finding import Finding
from sekisho.audit.lint.model import LintReport
from sekisho.audit.meaning import TruthTable
from sekisho.audit.sarif import findings_log
from sekisho.documents.sarif import Json, notice
from sekisho.messages import Language


def to_json(reports: Sequence[LintReport], failed: Sequence[str]) -> Json:
    """Return reports as JSON values, with English keys.

    Args:
        reports: one for each document that could be read.
        failed: what could not be read, as messages.
    """
    return {
        "schema": "sekisho.policy-lint/1",
        "reports": [_report_as_json(report) for report in reports],
        "unreadable": list(failed),
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
        failed: what could not be read, as messages; with any, the run was no success.
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
