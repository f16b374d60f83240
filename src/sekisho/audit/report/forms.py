"""An audit for programs: JSON with English keys, row by row, and SARIF for code scanners.

A large account has a lot of rows. In SARIF, an object of the account has a logical location and no
file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from sekisho.account import AccessKey, Credentials, use_to_json
from sekisho.audit.exceptions import exemption_to_json
from sekisho.audit.finding import Finding, limits_of_controls
from sekisho.audit.impact import UserRow, counterexample_for_user
from sekisho.audit.report.log_usage import is_to_decide, logged_figures
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import as_of, exemption_text, headline, report_notes
from sekisho.audit.sarif import findings_log
from sekisho.documents import json_pieces
from sekisho.documents.sarif import Json, notice
from sekisho.engine.exchange import decision_to_json
from sekisho.messages import Language
from sekisho.prover import Counterexample

SCHEMA = "sekisho.audit/1"
"""The name of the form; another number means another form."""


def to_json(report: AccountReport) -> Iterator[str]:
    """Yield the text of an audit in pieces; figures and users who were not read are null.

    Whole, the rows of 20,000 users and their text take more memory than all else in an audit.
    """
    snapshot = report.snapshot
    members: dict[str, object] = {
        "schema": SCHEMA,
        "sekisho": report.version,
        "catalogue": report.dated,
        "account": snapshot.account,
        "partition": snapshot.partition,
        "alias": snapshot.alias,
        "asOf": _time(snapshot.taken_at),
        "headline": headline(report).to_json(),
        "coverage": {
            name: None if snapshot.users_gap else count
            for name, count in asdict(report.coverage).items()
        },
        **_logs(report),
        "exceptions": [
            {**exemption_to_json(each), "expired": each.expired(snapshot.taken_at)}
            for each in report.exceptions.entries
        ],
        "users": None if snapshot.users_gap else map(_row, report.rows),
        "findings": map(_finding, report.findings),
        "words": _words(report.findings),
        "controlsDoNotCheck": limits_of_controls().to_json(),
        "gaps": [gap.to_json() for gap in snapshot.gaps],
    }
    return json_pieces(members)


def _logs(report: AccountReport) -> dict[str, object]:
    """Return which logs there are and what they come to; nothing without logs."""
    figures = logged_figures(report)
    if report.usage is None:
        return {}
    logs = report.usage.logs
    return {
        "logs": {
            **asdict(logs),
            "first": _time(logs.first),
            "last": _time(logs.last),
            "used": None
            if figures is None
            else {_camel(name): value for name, value in asdict(figures).items()},
        }
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _use(row: UserRow) -> dict[str, object]:
    """Return what logs have of a user, as a usage file has it; nothing without logs."""
    if row.use is None:
        return {}
    return {"logged": {**use_to_json(row.use), "toDecide": is_to_decide(row)}}


def _row(row: UserRow) -> dict[str, object]:
    credentials, enforcement, power = row.credentials, row.enforcement, row.power
    return {
        "user": row.user.name,
        "arn": row.user.arn,
        "tags": dict(row.user.tags),
        "kind": row.nature.value,
        "because": [each.en for each in row.because],
        "password": credentials.password,
        "mustChange": credentials.must_change,
        "passwordLastUsed": _time(credentials.password_used),
        "enrolled": credentials.enrolled,
        "devices": [
            {"serial": each.serial, "kind": each.kind.value} for each in credentials.devices
        ],
        "phishingResistant": credentials.phishing_resistant,
        "activeKeys": credentials.active_keys,
        "keys": [_key(each) for each in credentials.keys],
        "keyLastUsed": _time(credentials.key_used),
        "keyUseKnown": credentials.use_known,
        "otherCredentials": credentials.others_count,
        "byCredentialReport": credentials.by_report,
        "enforced": enforcement.enforced.value,
        "counterexample": None
        if enforcement.counterexample is None
        else _counterexample(enforcement.counterexample, credentials),
        "assumed": list(enforcement.assumed),
        "enforcedBy": list(power.enforcing),
        "impact": [each.value for each in row.impact.kinds],
        **_use(row),
        "administrator": None if power.unknown else power.administers,
        "administersBy": power.request or None,
        "mayEditOwnEnforcement": power.edits or None,
        "exempt": row.left_out,
        **({"breakGlassOf": row.goal} if row.goal else {}),
        "unknown": [
            *(gap.why.en for gap in (*credentials.unread, *credentials.others_unread)),
            *([row.impact.reason.en] if row.impact.reason else []),
            *dict.fromkeys(each.en for each in (power.unknown, power.edits_unknown) if each),
        ],
    }


def _key(key: AccessKey) -> dict[str, object]:
    return {
        "id": key.id,
        "active": key.active,
        "lastUsed": _time(key.last_used),
        "lastService": key.last_service,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id.value,
        "severity": finding.severity.value,
        "status": "found" if finding.known else "unknown",
        "subject": finding.subject,
        "fact": finding.fact.to_json(),
        "exception": None if finding.exemption is None else exemption_to_json(finding.exemption),
        **({"breakGlassOf": finding.goal} if finding.goal else {}),
    }


def _words(findings: Iterable[Finding]) -> dict[str, object]:
    """Return the words of each kind of finding that there is, once."""
    return {
        name.value: {
            "title": name.text.title.to_json(),
            "cause": name.text.cause.to_json(),
            "remediation": name.text.fix.to_json(),
            "controls": [
                {"name": each.name, "limits": each.limits.to_json()} for each in name.text.controls
            ],
        }
        for name in dict.fromkeys(each.id for each in findings)
    }


def _counterexample(counterexample: Counterexample, credentials: Credentials) -> dict[str, object]:
    request = counterexample.request
    return {
        "text": counterexample_for_user(counterexample, credentials).en,
        "credential": counterexample.credential.value,
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            **({"resourceAccount": owner} if (owner := request.resource_account) else {}),
            "context": {
                key: value if isinstance(value, str) else list(value)
                for key, value in request.context.items()
            },
        },
        "decisions": {
            name: decision_to_json(each) for name, each in counterexample.decisions.items()
        },
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


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
    yield from (notice("note", each.into(lang)) for each in report_notes(report))
    for exemption in report.exceptions.entries:
        yield notice("note", "; ".join(text.into(lang) for text in exemption_text(exemption)))
    for each in report.findings:
        if not each.known:
            yield notice("warning", f"{each.id.value}: {each.subject}: {each.fact.into(lang)}")
