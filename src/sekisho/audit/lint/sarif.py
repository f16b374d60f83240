"""Reports of lint as SARIF 2.1.0, the form in which code scanners take findings."""

from collections.abc import Iterable, Sequence

from sekisho.audit.findings import Finding
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.model import Report
from sekisho.audit.lint.wording import Words
from sekisho.audit.lint.words import WORDS
from sekisho.documents.sarif import Json, location, notice, result, rule, sarif_log
from sekisho.messages import Language

__all__ = ["rule_of", "to_sarif"]

_INDEX = {name.value: index for index, name in enumerate(FindingId)}


def to_sarif(
    reports: Sequence[Report], *, version: str, lang: Language, failed: Iterable[str] = ()
) -> Json:
    """Return reports as one SARIF run.

    Args:
        reports: one for each document that could be read.
        version: the version of sekisho.
        lang: the language of the messages.
        failed: what could not be read, as messages; with any, the run was no success.
    """
    return sarif_log(
        version,
        (rule_of(name.value, WORDS[name], lang) for name in FindingId),
        (_result(finding, lang) for report in reports for finding in report.findings),
        (
            *(notice("error", message) for message in failed),
            *(
                notice("warning", f"{report.source}: {gap.into(lang)}")
                for report in reports
                for gap in report.gaps
            ),
        ),
        columnKind="unicodeCodePoints",
    )


def rule_of(name: str, words: Words, lang: Language) -> Json:
    """Return the rule of a kind of finding: all that is always the same about it."""
    return rule(
        name,
        words.title.into(lang),
        fullDescription={"text": words.cause.into(lang)},
        help={"text": words.fix.into(lang)},
        defaultConfiguration={"level": words.severity.value},
    )


def _result(finding: Finding, lang: Language) -> Json:
    place = finding.place
    title, fact, cause, fix = (
        text.into(lang) for text in (finding.title, finding.fact, finding.cause, finding.fix)
    )
    return result(
        finding.id,
        finding.severity.value,
        f"{title}: {fact}. {cause} {fix}",
        location(
            place.document, place.path, line=place.position.line, column=place.position.column
        ),
        ruleIndex=_INDEX[finding.id],
    )
