"""An audit for programs: JSON with English keys, CSV with a line for each user, and SARIF.

A large account has a lot of rows, so JSON comes row by row. In SARIF, an object of the account has
a logical location and no file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from sekisho.account import AccessKey, Credentials, UserUse, use_to_json
from sekisho.audit.exceptions import ExceptionKind, Exemption, exemption_to_json
from sekisho.audit.finding import Finding, break_glass_of, limits_of_controls
from sekisho.audit.impact import UserRow, counterexample_for_user
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import (
    as_of,
    exemption_text,
    headline,
    is_to_decide,
    logged_figures,
    report_notes,
)
from sekisho.audit.sarif import findings_log
from sekisho.documents import camel_case, json_pieces
from sekisho.documents.report import Sheet, SheetColumn
from sekisho.documents.sarif import Json, notice
from sekisho.engine.exchange import decision_to_json
from sekisho.messages import Language, Message
from sekisho.prover import Counterexample

SCHEMA = "sekisho.audit/1"
"""The name and version of the form."""


def to_json(report: AccountReport) -> Iterator[str]:
    """Yield the text of an audit in pieces; unknown figures and unread users are null.

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
    """Return the logs and their figures, as members; empty without logs."""
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
            else {camel_case(name): value for name, value in asdict(figures).items()},
        }
    }


def _use(row: UserRow) -> dict[str, object]:
    """Return a user's logged use, in the form of a usage file; empty without logs."""
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
    """Return the texts of each kind of finding that occurs, once."""
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


def account_sheet(report: AccountReport) -> Sheet:
    """Return one line for each user.

    If the users could not be listed, there is one line without a user, with the reason.
    """
    gap = report.snapshot.users_gap
    account, read_at = report.snapshot.account, _time_text(report.snapshot.taken_at)
    nobody = {"account": account, "as_of": read_at, "enforced": "unknown"}
    return Sheet(
        columns=(
            SheetColumn(Message("account", "csv"), lambda _row: account, foreign=True),
            SheetColumn(Message("as_of", "csv"), lambda _row: read_at),
            *_USER,
            SheetColumn(Message("findings", "csv"), lambda row: _findings(report, row)),
            SheetColumn(Message("unknown", "csv"), lambda row: "; ".join(_unknown(row))),
            *(() if report.usage is None else _LOGGED),
        ),
        rows=report.rows,
        others=() if gap is None else ({**nobody, "unknown": gap.why.en},),
    )


def _of_exemption(text: Callable[[Exemption], str]) -> Callable[[UserRow], str]:
    """Return the maker of a cell for a user's exception; the cell is empty if there is none."""
    return lambda row: "" if row.exemption is None else text(row.exemption)


def _exception(row: UserRow) -> str:
    if row.exemption is not None:
        return row.exemption.kind.value
    return ExceptionKind.BREAK_GLASS.value if row.goal else ""


def _exception_why(row: UserRow) -> str:
    if row.exemption is not None:
        return row.exemption.why
    return break_glass_of(row.goal).en if row.goal else ""


def _counterexample_text(row: UserRow) -> str:
    found = row.enforcement.counterexample
    return "" if found is None else counterexample_for_user(found, row.credentials).en


def _findings(report: AccountReport, row: UserRow) -> str:
    found = (each.id.value for each in report.findings_of.get(row.user.name, ()) if each.known)
    return " ".join(dict.fromkeys(found))


def _unknown(row: UserRow) -> Iterator[str]:
    """Yield the reasons why facts about a user are not known, without repetitions."""
    why = [gap.why.en for gap in (*row.credentials.unread, *row.credentials.others_unread)]
    yield from why
    # an outcome may have one of these reasons, or several
    if row.impact.reason and row.impact.reason.en not in "; ".join(why):
        yield row.impact.reason.en


def _administers(row: UserRow) -> str:
    return _tri(None if row.power.unknown else row.power.administers)


def _count(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _tri(answer: bool | None) -> str:
    return "unknown" if answer is None else str(answer).lower()


def _time_text(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")


def _of_use(text: Callable[[UserUse], str]) -> Callable[[UserRow], str]:
    """Return a function that makes a cell of a user's logged use; the cell is empty without any."""
    return lambda row: "" if row.use is None else text(row.use)


_USER = (
    SheetColumn(Message("user", "csv"), lambda row: row.user.name, foreign=True),
    SheetColumn(Message("arn", "csv"), lambda row: row.user.arn),
    SheetColumn(Message("kind", "csv"), lambda row: row.nature.value),
    SheetColumn(Message("because", "csv"), lambda row: "; ".join(each.en for each in row.because)),
    SheetColumn(Message("password", "csv"), lambda row: _tri(row.credentials.password)),
    SheetColumn(Message("must_change", "csv"), lambda row: _tri(row.credentials.must_change)),
    SheetColumn(
        Message("password_last_used", "csv"), lambda row: _time_text(row.credentials.password_used)
    ),
    SheetColumn(Message("enrolled", "csv"), lambda row: _tri(row.credentials.enrolled)),
    SheetColumn(
        Message("devices", "csv"),
        lambda row: " ".join(device.kind.value for device in row.credentials.devices),
    ),
    SheetColumn(
        Message("phishing_resistant", "csv"), lambda row: _tri(row.credentials.phishing_resistant)
    ),
    SheetColumn(Message("active_keys", "csv"), lambda row: _count(row.credentials.active_keys)),
    SheetColumn(Message("key_last_used", "csv"), lambda row: _time_text(row.credentials.key_used)),
    SheetColumn(
        Message("other_credentials", "csv"), lambda row: _count(row.credentials.others_count)
    ),
    SheetColumn(Message("enforced", "csv"), lambda row: row.enforcement.enforced.value),
    SheetColumn(Message("counterexample", "csv"), _counterexample_text),
    SheetColumn(
        Message("impact", "csv"), lambda row: "; ".join(each.value for each in row.impact.kinds)
    ),
    SheetColumn(Message("administrator", "csv"), _administers),
    SheetColumn(Message("exception", "csv"), _exception),
    SheetColumn(Message("exception_why", "csv"), _exception_why, foreign=True),
    SheetColumn(
        Message("exception_owner", "csv"), _of_exemption(lambda each: each.owner), foreign=True
    ),
    SheetColumn(
        Message("exception_approved_by", "csv"),
        _of_exemption(lambda each: each.approved_by),
        foreign=True,
    ),
    SheetColumn(
        Message("exception_expires", "csv"), _of_exemption(lambda each: each.expires.isoformat())
    ),
    SheetColumn(
        Message("exception_ticket", "csv"), _of_exemption(lambda each: each.ticket), foreign=True
    ),
    SheetColumn(Message("exception_force", "csv"), _of_exemption(lambda each: each.force)),
)
"""The columns of a user; their order and English names do not change."""
_LOGGED = (
    SheetColumn(Message("logged_calls", "csv"), _of_use(lambda use: str(use.calls))),
    SheetColumn(
        Message("logged_calls_without_mfa", "csv"), _of_use(lambda use: str(use.without_mfa))
    ),
    SheetColumn(
        Message("logged_last_call", "csv"),
        _of_use(lambda use: _time_text(max((key.last for key in use.keys), default=None))),
    ),
    SheetColumn(
        Message("logged_sign_ins_with_mfa", "csv"), _of_use(lambda use: str(use.sign_ins_with_mfa))
    ),
    SheetColumn(
        Message("logged_sign_ins_without_mfa", "csv"),
        _of_use(lambda use: str(use.sign_ins_without_mfa)),
    ),
    SheetColumn(Message("logged_aws_login", "csv"), _of_use(lambda use: str(use.aws_login))),
    SheetColumn(
        Message("logged_to_decide", "csv"),
        lambda row: "" if row.use is None else _tri(is_to_decide(row)),
    ),
)
"""More columns, if there are logs."""
