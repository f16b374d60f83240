"""An audit as SARIF 2.1.0; an object of the account has a logical location and no file."""

from collections.abc import Iterator

from sekisho.audit.checks import CONTROLS, WORDS, AccountFinding, AccountFindingId
from sekisho.audit.lint.sarif import rule_of
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import as_of, exemption_text, headline, notices
from sekisho.documents.sarif import Json, location, notice, result, sarif_log
from sekisho.messages import Language

__all__ = ["to_sarif"]

_INDEX = {name: index for index, name in enumerate(AccountFindingId)}


def to_sarif(report: AccountReport, source: str, lang: Language) -> Json:
    """Return an audit as one SARIF run.

    Args:
        report: the audit.
        source: the file that the account was read from, or the account itself.
        lang: the language of the messages.

    What could not be told is a notification, and no result: a scanner would take it for one.
    """
    return sarif_log(
        report.version,
        (_rule(name, lang) for name in AccountFindingId),
        (_result(each, source, lang) for each in report.findings if each.known),
        _notices(report, lang),
        columnKind="unicodeCodePoints",
        properties={"asOf": report.snapshot.taken_at.isoformat(timespec="seconds")},
    )


def _rule(name: AccountFindingId, lang: Language) -> Json:
    tags = [control.name for control in CONTROLS.get(name, ())]
    return {**rule_of(name.value, WORDS[name], lang), "properties": {"tags": tags}}


def _notices(report: AccountReport, lang: Language) -> Iterator[Json]:
    yield notice("note", as_of(report).into(lang))
    yield notice("note", headline(report).into(lang))
    yield from (notice("note", each.into(lang)) for each in notices(report))
    for exemption in report.exceptions.entries:
        yield notice("note", "; ".join(text.into(lang) for text in exemption_text(exemption)))
    for each in report.findings:
        if not each.known:
            yield notice("warning", f"{each.id.value}: {each.subject}: {each.fact.into(lang)}")


def _result(finding: AccountFinding, source: str, lang: Language) -> Json:
    words = WORDS[finding.id]
    title, fact, fix = (each.into(lang) for each in (words.title, finding.fact, words.fix))
    found = result(
        finding.id.value,
        finding.severity.value,
        f"{title}: {finding.subject}: {fact}. {fix}",
        location(source, finding.subject),
        ruleIndex=_INDEX[finding.id],
    )
    if finding.excused is not None:
        each = finding.excused
        why = f"{each.why} ({each.approved_by}, {each.ticket}, {each.expires.isoformat()})"
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return found
