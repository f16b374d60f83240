"""An audit's rows as CSV, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO

from sekisho.audit.exceptions import ExceptionKind
from sekisho.audit.finding import break_glass_of
from sekisho.audit.impact import UserRow, counterexample_for_user
from sekisho.audit.report.logged import is_to_decide
from sekisho.audit.report.model import AccountReport
from sekisho.documents import inert_cell
from sekisho.messages import Language, Message

_TEXTS = (
    "account",
    "user",
    "exception_why",
    "exception_owner",
    "exception_approved_by",
    "exception_ticket",
)
"""The columns of texts that people or AWS have chosen; all others have forms of our own."""
_LOGGED = (
    Message("logged_calls", "csv"),
    Message("logged_calls_without_mfa", "csv"),
    Message("logged_last_call", "csv"),
    Message("logged_sign_ins_with_mfa", "csv"),
    Message("logged_sign_ins_without_mfa", "csv"),
    Message("logged_aws_login", "csv"),
    Message("logged_to_decide", "csv"),
)
"""More columns, if there are logs."""
_COLUMNS = (
    Message("account", "csv"),
    Message("as_of", "csv"),
    Message("user", "csv"),
    Message("arn", "csv"),
    Message("kind", "csv"),
    Message("because", "csv"),
    Message("password", "csv"),
    Message("must_change", "csv"),
    Message("password_last_used", "csv"),
    Message("enrolled", "csv"),
    Message("devices", "csv"),
    Message("phishing_resistant", "csv"),
    Message("active_keys", "csv"),
    Message("key_last_used", "csv"),
    Message("other_credentials", "csv"),
    Message("enforced", "csv"),
    Message("counterexample", "csv"),
    Message("impact", "csv"),
    Message("administrator", "csv"),
    Message("exception", "csv"),
    Message("exception_why", "csv"),
    Message("exception_owner", "csv"),
    Message("exception_approved_by", "csv"),
    Message("exception_expires", "csv"),
    Message("exception_ticket", "csv"),
    Message("exception_force", "csv"),
    Message("findings", "csv"),
    Message("unknown", "csv"),
)


def to_csv(report: AccountReport, *, bom: bool = False, headings: Language = Language.EN) -> str:
    """Return one line for each user, with English column names unless others are wanted.

    Where the users could not be listed there is one line, of nobody, that says why.

    Args:
        report: the audit.
        bom: begin with a byte order mark, by which Excel knows that it is UTF-8.
        headings: the language of the column names; what is in the columns stays English.
    """
    text = StringIO()
    gap = report.snapshot.unlisted
    lines = [_line(report, row) for row in report.rows]
    if gap is not None:
        lines.append({**_account(report), "enforced": "unknown", "unknown": gap.why.en})
    columns = _COLUMNS if report.usage is None else (*_COLUMNS, *_LOGGED)
    writer = csv.DictWriter(text, [each.english for each in columns], lineterminator="\r\n")
    writer.writerow({each.english: each.into(headings) for each in columns})
    writer.writerows(
        {name: inert_cell(cell, foreign=name in _TEXTS) for name, cell in line.items()}
        for line in lines
    )
    return ("\ufeff" if bom else "") + text.getvalue()


def _line(report: AccountReport, row: UserRow) -> Mapping[str, str]:
    credentials, enforcement, exemption = row.credentials, row.enforcement, row.exemption
    counterexample = (
        ""
        if enforcement.counterexample is None
        else counterexample_for_user(enforcement.counterexample, credentials).en
    )
    return {
        **_account(report),
        "user": row.user.name,
        "arn": row.user.arn,
        "kind": row.nature.value,
        "because": "; ".join(each.en for each in row.because),
        "password": _tri(credentials.password),
        "must_change": _tri(credentials.must_change),
        "password_last_used": _time(credentials.password_used),
        "enrolled": _tri(credentials.enrolled),
        "devices": " ".join(device.kind.value for device in credentials.devices),
        "phishing_resistant": _tri(credentials.phishing_resistant),
        "active_keys": _count(credentials.active_keys),
        "key_last_used": _time(credentials.key_used),
        "other_credentials": _count(credentials.others_count),
        "enforced": enforcement.enforced.value,
        "counterexample": counterexample,
        "impact": "; ".join(each.value for each in row.impact.kinds),
        "administrator": _tri(None if row.power.unknown else row.power.administers),
        "exception": _exception(row),
        "exception_why": _exception_why(row),
        "exception_owner": "" if exemption is None else exemption.owner,
        "exception_approved_by": "" if exemption is None else exemption.approved_by,
        "exception_expires": "" if exemption is None else exemption.expires.isoformat(),
        "exception_ticket": "" if exemption is None else exemption.ticket,
        "exception_force": "" if exemption is None else exemption.force,
        "findings": " ".join(
            dict.fromkeys(
                each.id.value for each in report.findings_of.get(row.user.name, ()) if each.known
            )
        ),
        "unknown": "; ".join(_unknown(row)),
        **_logged(row),
    }


def _logged(row: UserRow) -> Mapping[str, str]:
    """Return the cells of what logs have; none without logs."""
    use = row.use
    if use is None:
        return {}
    cells = (
        str(use.calls),
        str(use.without_mfa),
        _time(max((key.last for key in use.keys), default=None)),
        str(use.sign_ins_with_mfa),
        str(use.sign_ins_without_mfa),
        str(use.aws_login),
        _tri(is_to_decide(row)),
    )
    return {column.english: cell for column, cell in zip(_LOGGED, cells, strict=True)}


def _exception(row: UserRow) -> str:
    if row.exemption is not None:
        return row.exemption.kind.value
    return ExceptionKind.BREAK_GLASS.value if row.goal else ""


def _exception_why(row: UserRow) -> str:
    if row.exemption is not None:
        return row.exemption.why
    return break_glass_of(row.goal).en if row.goal else ""


def _account(report: AccountReport) -> Mapping[str, str]:
    return {"account": report.snapshot.account, "as_of": _time(report.snapshot.taken_at)}


def _unknown(row: UserRow) -> Iterator[str]:
    """Yield why something about a user is not known, each once."""
    why = [gap.why.en for gap in (*row.credentials.unread, *row.credentials.others_unread)]
    yield from why
    # the reason of an outcome may be one of those, or several
    if row.impact.reason and row.impact.reason.en not in "; ".join(why):
        yield row.impact.reason.en


def _count(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _tri(answer: bool | None) -> str:
    return "unknown" if answer is None else str(answer).lower()


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")
