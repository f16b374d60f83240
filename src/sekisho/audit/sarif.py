"""Findings as SARIF 2.1.0, the input form of code scanners."""

from collections.abc import Iterable

from sekisho.audit.finding import Family, Finding, FindingId
from sekisho.documents.sarif import Json, location, result, rule, sarif_log
from sekisho.messages import IdKind, Language, address_of


def findings_log(
    findings: Iterable[Finding],
    notices: Iterable[Json],
    *,
    version: str,
    lang: Language,
    account_file: str | None = None,
    **run: object,
) -> Json:
    """Return findings as one SARIF run.

    Args:
        findings: the findings. An undecided one is a notice: a scanner would report it as found.
        notices: the parts that were not examined, and other facts about the run.
        version: the version of sekisho.
        lang: the language of the messages.
        account_file: the file that an account was read from, or the account itself; None if
            the findings are those of policies, each in a document of its own.
        run: other members of the run.
    """
    of_account = account_file is not None
    ids = [each for each in FindingId if (each.family is Family.ACCOUNT) is of_account]
    index = {each: number for number, each in enumerate(ids)}
    return sarif_log(
        version,
        (_rule(each, lang) for each in ids),
        (_result(each, index[each.id], account_file, lang) for each in findings if each.known),
        notices,
        columnKind="unicodeCodePoints",
        **run,
    )


def _rule(name: FindingId, lang: Language) -> Json:
    """Return the rule of an id: the members that all its findings share."""
    text = name.text
    address = address_of(name.value, IdKind.FINDING, lang)
    more: Json = {}
    if name.family is Family.ACCOUNT:
        more = {"properties": {"tags": [control.name for control in text.controls]}}
    return rule(
        name.value,
        text.title.into(lang),
        fullDescription={"text": text.cause.into(lang)},
        help={"text": text.fix.into(lang)},
        **({"helpUri": address} if address else {}),
        defaultConfiguration={"level": text.severity.value},
        **more,
    )


def _result(finding: Finding, index: int, account_file: str | None, lang: Language) -> Json:
    place = finding.place
    title, fact, cause, fix = (
        text.into(lang) for text in (finding.title, finding.fact, finding.cause, finding.fix)
    )
    stop, gap = (". ", " ") if lang is Language.EN else ("。", "")
    if account_file is None:
        message = f"{title}: {fact}{stop}{cause}{gap}{fix}"
        line, column = place.position.line, place.position.column
        where = location(place.subject, place.path, line=line, column=column)
        about = f"{place.subject} {place.sid or place.path}"
    else:
        message = f"{title}: {place.subject}: {fact}{stop}{fix}"
        where = location(account_file, place.subject)
        about = place.subject
    level = finding.severity.value
    found = result(finding.id.value, level, message, where, about=about, ruleIndex=index)
    if finding.exemption is not None:
        each = finding.exemption
        why = f"{each.why} ({each.approved_by}, {each.ticket}, {each.expires.isoformat()})"
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    elif finding.left_out_by is not None:
        why = finding.left_out_by.into(lang)
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return found
