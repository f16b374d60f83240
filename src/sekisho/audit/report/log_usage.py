"""What an audit says of logs: who used MFA, who did not, and whom to decide about.

It says what the logs have, and no more: who is not in them may have been at work all the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.account import KeyUse, UserUse
from sekisho.audit.impact import Nature, UserRow
from sekisho.audit.report.model import AccountReport
from sekisho.messages import Message, joined_messages, verbatim

LOGGED = Message("In the logs")
LOGGED_COLUMNS: tuple[Message, ...] = (
    Message("user"),
    Message("calls"),
    Message("calls without MFA"),
    Message("last call"),
    Message("sign-ins with MFA"),
    Message("sign-ins without MFA"),
    Message("`aws login`"),
    Message("used with"),
)
"""The columns of the table of what logs have of users."""

_USED = Message(
    "Used, by the logs: {used} of {users} users signed in or called with MFA; {without} only "
    "without; {unseen} are not in the logs."
)
_SIGN_INS = Message("Signed in without MFA: {users}.")
_AWS_LOGIN = Message("Used `aws login`: {users}; without MFA: {without}.")
_DECIDE = Message(
    "To decide: {users}. Their access keys call without MFA, and they do not look like persons: an "
    "exception, or another way in. Nothing is decided by this list."
)
_NOBODY = Message("nobody")
_KEYS = Message("{key}: {services}")
_MOST = 10


@dataclass(frozen=True, slots=True)
class LoggedFigures:
    """How many users of an account used MFA, as far as logs have it.

    Attributes:
        used: signed in or called with MFA.
        without: signed in or called, and never with MFA.
        unseen: did neither.
        sign_ins_without_mfa, aws_login, aws_login_without_mfa, to_decide: who, by name.
    """

    used: int
    without: int
    unseen: int
    sign_ins_without_mfa: tuple[str, ...]
    aws_login: tuple[str, ...]
    aws_login_without_mfa: tuple[str, ...]
    to_decide: tuple[str, ...]


def logged_figures(report: AccountReport) -> LoggedFigures | None:
    """Return what logs come to; None if there are none, or the users were not read."""
    if report.usage is None or report.snapshot.users_gap is not None:
        return None
    uses = [(row.user.name, row.use) for row in report.rows if row.use is not None]
    used = sum(use.uses_mfa for _, use in uses)
    unseen = sum(not use.calls and not use.sign_ins for _, use in uses)
    return LoggedFigures(
        used=used,
        without=len(uses) - used - unseen,
        unseen=unseen,
        sign_ins_without_mfa=tuple(name for name, use in uses if use.sign_ins_without_mfa),
        aws_login=tuple(name for name, use in uses if use.aws_login),
        aws_login_without_mfa=tuple(name for name, use in uses if use.aws_login_without_mfa),
        to_decide=tuple(row.user.name for row in report.rows if is_to_decide(row)),
    )


def is_to_decide(row: UserRow) -> bool:
    """Return whether somebody should decide whether a user is to be an exception."""
    if row.use is None or row.left_out or row.nature is Nature.PERSON:
        return False
    return any(key.long_term and key.without_mfa for key in row.use.keys)


def used_with_mfa(report: AccountReport) -> Message | None:
    """Say the third figure by the logs; None if there are none."""
    found = logged_figures(report)
    if found is None:
        return None
    return _USED.filled(
        used=f"{found.used:,}",
        users=f"{report.coverage.users:,}",
        without=f"{found.without:,}",
        unseen=f"{found.unseen:,}",
    )


def logged_notices(report: AccountReport) -> Iterator[Message]:
    """Yield which logs an audit goes by, who used no MFA, and whom to decide about."""
    found = logged_figures(report)
    if report.usage is None or found is None:
        return
    yield report.usage.logs.text
    uses = {row.user.name: row.use for row in report.rows if row.use is not None}
    if found.sign_ins_without_mfa:
        counts = {name: uses[name].sign_ins_without_mfa for name in found.sign_ins_without_mfa}
        shown = _shown([f"{name} ({count:,})" for name, count in counts.items()])
        yield _SIGN_INS.filled(users=shown)
    if found.aws_login:
        without = _shown(found.aws_login_without_mfa)
        yield _AWS_LOGIN.filled(users=_shown(found.aws_login), without=without)
    if found.to_decide:
        yield _DECIDE.filled(users=_shown(found.to_decide))


def _shown(names: Iterable[str]) -> Message:
    found = list(names)
    if not found:
        return _NOBODY
    more = f" (+{len(found) - _MOST:,})" if len(found) > _MOST else ""
    return verbatim(", ".join(found[:_MOST]) + more)


def logged_cells(row: UserRow) -> tuple[Message, ...]:
    """Return a user's row, in the order of `LOGGED_COLUMNS`; empty cells for who is in no log."""
    use = row.use or UserUse(row.user.arn)
    last = max((key.last for key in use.keys), default=None)
    numbers = (use.sign_ins_with_mfa, use.sign_ins_without_mfa, use.aws_login)
    return (
        verbatim(row.user.name),
        verbatim(_number(use.calls)),
        verbatim(_number(use.without_mfa)),
        verbatim(f"{last:%Y-%m-%d}" if last is not None else ""),
        *(verbatim(_number(count)) for count in numbers),
        joined_messages([_of_key(key) for key in use.keys], en="; ", ja="、"),
    )


def _of_key(key: KeyUse) -> Message:
    services = sorted(key.services.items(), key=lambda each: (-each[1], each[0]))
    shown = ", ".join(f"{name} ({count:,})" for name, count in services[:_MOST])
    return _KEYS.filled(key=key.key_id, services=verbatim(shown))


def _number(count: int) -> str:
    return f"{count:,}" if count else ""
