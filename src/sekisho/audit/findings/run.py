"""Every check over an account, the gravest finding first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.account import Snapshot
from sekisho.audit.enforcement import Enforced
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.finding import Finding, FindingId, Place, Severity
from sekisho.audit.findings.estate import estate_checks, exception_checks, quota_checks
from sekisho.audit.findings.model import Check, Examined
from sekisho.audit.findings.policies import policy_checks
from sekisho.audit.findings.roles import role_checks
from sekisho.audit.findings.users import user_checks
from sekisho.audit.impact import UserRow
from sekisho.messages import Message

_CHECKS: tuple[Check, ...] = (
    user_checks,
    policy_checks,
    role_checks,
    estate_checks,
    exception_checks,
    quota_checks,
)
_MOST_ALIKE = 10
"""More answers than these that are unknown for one reason are told as one, with some names."""
_NAMED = 3


def check_account(
    snapshot: Snapshot, rows: tuple[UserRow, ...], exceptions: Exceptions
) -> tuple[Finding, ...]:
    """Return what is wrong with an account, in order of risk.

    Args:
        snapshot: the account.
        rows: from `rows_of`.
        exceptions: who is not to be enforced.
    """
    examined = _examined(snapshot, rows, exceptions)
    found = list(dict.fromkeys(each for check in _CHECKS for each in check(examined)))
    severities, ids = list(Severity), list(FindingId)
    return tuple(
        sorted(
            _together(found),
            key=lambda each: (
                severities.index(each.severity),
                ids.index(each.id),
                not each.known,
                each.subject,
                each.fact.en,
            ),
        )
    )


def _examined(snapshot: Snapshot, rows: tuple[UserRow, ...], exceptions: Exceptions) -> Examined:
    enforced = [row for row in rows if row.enforcement.enforced is Enforced.PROVED]
    enforcing = Counter(name for row in enforced for name in row.power.enforcing)
    groups = tuple(
        group.name
        for group in snapshot.groups
        if any(name in enforcing for name in group.attached)
        or any(policy.name in enforcing for policy in group.inline)
    )
    return Examined(snapshot, rows, exceptions, enforcing, groups)


def _together(found: Iterable[Finding]) -> Iterator[Finding]:
    """Tell what is unknown of many users for one reason once; each user's row says it too."""
    alike: dict[tuple[FindingId, Message], list[Finding]] = {}
    for each in found:
        if each.known:
            yield each
        else:
            alike.setdefault((each.id, each.fact), []).append(each)
    for many in alike.values():
        if len(many) > _MOST_ALIKE:
            named = ", ".join(each.subject for each in many[:_NAMED])
            yield replace(many[0], place=Place(f"{named} (+{len(many) - _NAMED})"))
        else:
            yield from many
