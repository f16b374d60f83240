"""Reports as SARIF 2.1.0, the form in which code scanners take findings.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from sekisho.audit.findings import Finding, Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.model import Report
from sekisho.audit.lint.words import WORDS
from sekisho.language import Language

__all__ = ["to_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def to_sarif(
    reports: Sequence[Report], *, version: str, lang: Language, failed: Iterable[str] = ()
) -> dict[str, object]:
    """Return reports as one SARIF run.

    Args:
        reports: one for each document that could be read.
        version: the version of sekisho.
        lang: the language of the messages.
        failed: what could not be read, as messages; with any, the run was no success.
    """
    rules = list(FindingId)
    notices: list[dict[str, object]] = [
        {"level": "error", "message": {"text": message}} for message in failed
    ]
    successful = not notices
    for report in reports:
        for gap in report.gaps:
            text = f"{report.source}: {gap.into(lang)}"
            notices.append({"level": "warning", "message": {"text": text}})
    driver = {
        "name": "sekisho",
        "version": version,
        "rules": [_rule(rule, lang) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": successful, "toolExecutionNotifications": notices}],
        "results": [
            _result(finding, rules, lang) for report in reports for finding in report.findings
        ],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: FindingId, lang: Language) -> dict[str, object]:
    words = WORDS[rule]
    return {
        "id": rule.value,
        "shortDescription": {"text": words.title.into(lang)},
        "fullDescription": {"text": words.cause.into(lang)},
        "help": {"text": words.cure.into(lang)},
        "defaultConfiguration": {"level": _LEVELS[words.severity]},
    }


def _result(finding: Finding, rules: Sequence[FindingId], lang: Language) -> dict[str, object]:
    place = finding.place
    title, fact, cause, cure = (
        text.into(lang) for text in (finding.title, finding.fact, finding.cause, finding.cure)
    )
    location: dict[str, object] = {"artifactLocation": {"uri": _uri(place.document)}}
    if place.position.line:
        region = {"startLine": place.position.line, "startColumn": place.position.column}
        location["region"] = region
    located: dict[str, object] = {"physicalLocation": location}
    if place.path:
        located["logicalLocations"] = [{"fullyQualifiedName": place.path}]
    return {
        "ruleId": finding.id,
        "ruleIndex": [rule.value for rule in rules].index(finding.id),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{title}: {fact}. {cause} {cure}"},
        "locations": [located],
    }


def _uri(source: str) -> str:
    """Return a file name as a relative reference: other characters than ASCII are escaped."""
    return "stdin" if source == "-" else quote(source.replace("\\", "/"), safe="/:")
