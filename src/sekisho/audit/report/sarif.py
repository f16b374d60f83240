"""An audit as SARIF 2.1.0; an object of the account has a logical location and no file.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from urllib.parse import quote

from sekisho.audit.checks import CONTROLS, WORDS, AccountFinding, AccountFindingId
from sekisho.audit.findings import Severity
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import as_of, exemption_text, headline
from sekisho.language import Language

__all__ = ["to_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_RULES = list(AccountFindingId)


def to_sarif(report: AccountReport, source: str, lang: Language) -> dict[str, object]:
    """Return an audit as one SARIF run.

    Args:
        report: the audit.
        source: the file that the account was read from, or the account itself.
        lang: the language of the messages.

    What could not be told is a notification, and no result: a scanner would take it for one.
    """
    rules = [
        {
            "id": rule.value,
            "shortDescription": {"text": WORDS[rule].title.into(lang)},
            "fullDescription": {"text": WORDS[rule].cause.into(lang)},
            "help": {"text": WORDS[rule].cure.into(lang)},
            "defaultConfiguration": {"level": _LEVELS[WORDS[rule].severity]},
            "properties": {"tags": [each.name for each in CONTROLS.get(rule, ())]},
        }
        for rule in _RULES
    ]
    said = [("note", as_of(report).into(lang)), ("note", headline(report).into(lang))]
    said += [
        ("note", "; ".join(text.into(lang) for text in exemption_text(each)))
        for each in report.exceptions.entries
    ]
    said += [
        ("warning", f"{each.id.value}: {each.subject}: {each.fact.into(lang)}")
        for each in report.findings
        if not each.known
    ]
    run = {
        "tool": {"driver": {"name": "sekisho", "version": report.version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "properties": {"asOf": report.snapshot.taken_at.isoformat(timespec="seconds")},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": level, "message": {"text": text}} for level, text in said
                ],
            }
        ],
        "results": [
            _result(each, quote(source.replace("\\", "/"), safe="/:"), lang)
            for each in report.findings
            if each.known
        ],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: AccountFinding, uri: str, lang: Language) -> dict[str, object]:
    words = WORDS[finding.id]
    title, fact, cure = (each.into(lang) for each in (words.title, finding.fact, words.cure))
    result: dict[str, object] = {
        "ruleId": finding.id.value,
        "ruleIndex": _RULES.index(finding.id),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{title}: {finding.subject}: {fact}. {cure}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri}},
                "logicalLocations": [{"fullyQualifiedName": finding.subject}],
            }
        ],
    }
    if finding.excused is not None:
        each = finding.excused
        why = f"{each.why} ({each.approved_by}, {each.ticket}, {each.expires.isoformat()})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result
