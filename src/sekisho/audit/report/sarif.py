"""An audit as SARIF 2.1.0; an object of the account has a logical location and no file."""

from collections.abc import Iterator

from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import as_of, exemption_text, headline, notices
from sekisho.audit.sarif import findings_log
from sekisho.documents.sarif import Json, notice
from sekisho.messages import Language


def to_sarif(report: AccountReport, source: str, lang: Language) -> Json:
    """Return an audit as one SARIF run.

    Args:
        report: the audit.
        source: the file that the account was read from, or the account itself.
        lang: the language of the messages.
    """
    return findings_log(
        report.findings,
        _notices(report, lang),
        version=report.version,
        lang=lang,
        account_file=source,
        properties={"asOf": report.snapshot.taken_at.isoformat(timespec="seconds")},
    )


def _notices(report: AccountReport, lang: Language) -> Iterator[Json]:
    yield notice("note", as_of(report).into(lang))
    yield notice("note", headline(report).into(lang))
    yield from (notice("note", each.into(lang)) for each in notices(report))
    for exemption in report.exceptions.entries:
        yield notice("note", "; ".join(text.into(lang) for text in exemption_text(exemption)))
    for each in report.findings:
        if not each.known:
            yield notice("warning", f"{each.id.value}: {each.subject}: {each.fact.into(lang)}")
