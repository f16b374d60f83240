"""An audit's rows as a sheet: one line for each user."""

from collections.abc import Callable, Iterator
from datetime import datetime

from sekisho.account import UserUse
from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.audit.finding import break_glass_of
from sekisho.audit.impact import UserRow, counterexample_for_user
from sekisho.audit.report.log_usage import is_to_decide
from sekisho.audit.report.model import AccountReport
from sekisho.documents.report import Sheet, SheetColumn
from sekisho.messages import Message


def account_sheet(report: AccountReport) -> Sheet:
    """Return one line for each user.

    Where the users could not be listed there is one line, of nobody, that says why.
    """
    gap = report.snapshot.users_gap
    account, as_of = report.snapshot.account, _time(report.snapshot.taken_at)
    nobody = {"account": account, "as_of": as_of, "enforced": "unknown"}
    return Sheet(
        columns=(
            SheetColumn(Message("account", "csv"), lambda _row: account, foreign=True),
            SheetColumn(Message("as_of", "csv"), lambda _row: as_of),
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


def _counterexample(row: UserRow) -> str:
    found = row.enforcement.counterexample
    return "" if found is None else counterexample_for_user(found, row.credentials).en


def _findings(report: AccountReport, row: UserRow) -> str:
    found = (each.id.value for each in report.findings_of.get(row.user.name, ()) if each.known)
    return " ".join(dict.fromkeys(found))


def _unknown(row: UserRow) -> Iterator[str]:
    """Yield why something about a user is not known, each once."""
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


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")


def _of_use(text: Callable[[UserUse], str]) -> Callable[[UserRow], str]:
    """Return what makes a cell of what logs have of a user; empty without it."""
    return lambda row: "" if row.use is None else text(row.use)


_USER = (
    SheetColumn(Message("user", "csv"), lambda row: row.user.name, foreign=True),
    SheetColumn(Message("arn", "csv"), lambda row: row.user.arn),
    SheetColumn(Message("kind", "csv"), lambda row: row.nature.value),
    SheetColumn(Message("because", "csv"), lambda row: "; ".join(each.en for each in row.because)),
    SheetColumn(Message("password", "csv"), lambda row: _tri(row.credentials.password)),
    SheetColumn(Message("must_change", "csv"), lambda row: _tri(row.credentials.must_change)),
    SheetColumn(
        Message("password_last_used", "csv"), lambda row: _time(row.credentials.password_used)
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
    SheetColumn(Message("key_last_used", "csv"), lambda row: _time(row.credentials.key_used)),
    SheetColumn(
        Message("other_credentials", "csv"), lambda row: _count(row.credentials.others_count)
    ),
    SheetColumn(Message("enforced", "csv"), lambda row: row.enforcement.enforced.value),
    SheetColumn(Message("counterexample", "csv"), _counterexample),
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
        _of_use(lambda use: _time(max((key.last for key in use.keys), default=None))),
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
