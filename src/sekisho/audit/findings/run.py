"""All checks of an account, the gravest finding first.

This module has the checks of the account as a whole, too: root, orphans, exceptions, reports,
quotas, gaps; and a guess, by its name, at the owner of an unassigned virtual MFA device.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from sekisho.account import THE_ACCOUNT, Device, ResourceKind, Snapshot, User, gap_reasons
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption
from sekisho.audit.finding import Finding, FindingId, Place, Severity, found, unknown
from sekisho.audit.finding import FindingId as Id
from sekisho.audit.findings.checks import (
    EXCEPTION_KINDS,
    NOT_IN_SNAPSHOT,
    Check,
    Examined,
    policy_checks,
    role_checks,
    user_checks,
)
from sekisho.audit.impact import UserRow
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Quota, render, size
from sekisho.prover import Enforced
from sekisho.work import tracked

_CHECKING = Message("Checking the account")
_WITHOUT = Message("name matches {user}, who has no device and may be setting it up now")
_WITH = Message("name matches {user}, who has another device")
_NOBODY = Message("name matches no user in this account")


@dataclass(frozen=True, slots=True)
class Guess:
    """The probable owner of a device.

    Attributes:
        user: the user whose name its name begins with; "" if there is none.
        text: why, and what that user has.
    """

    user: str
    text: Message


def guesses(snapshot: Snapshot) -> Iterator[tuple[Device, Guess]]:
    """Yield each device that no user has enabled, with its probable owner."""
    for device in snapshot.unassigned_devices:
        yield device, _guess(device.serial.rpartition("/")[2], snapshot.users)


def _guess(name: str, users: tuple[User, ...]) -> Guess:
    """Return the user with the longest name that the device's name is or begins with."""
    candidates = [user for user in users if name == user.name or name.startswith(f"{user.name}-")]
    if not candidates:
        return Guess("", _NOBODY)
    user = max(candidates, key=lambda user: len(user.name))
    return Guess(user.name, (_WITH if user.devices else _WITHOUT).filled(user=user.name))


_UNASSIGNED = Message("a virtual device that no user has enabled")
_ROOT_UNKNOWN = Message("neither the account summary nor a credential report tells")
_ROOT_MFA = Message("AccountMFAEnabled is 0")
_ROOT_REPORTED = Message("mfa_active of <root_account> is false in the credential report")
_ROOT_KEY = Message("root has an access key")
_ROOT_VIRTUAL = Message("root's MFA device is a virtual one")
_NO_AGE = Message("the credential report does not say when it was made")
_REPORT_OF = Message("the credential report is of {at}")
_NOT_LISTED = Message("the user is not in the snapshot, which does not list all users")
_EXCEPTION = Message("{kind}; {ticket}; expires {day}")
_EXCEPTION_PASSWORD = Message("console password; {kind}; {ticket}; expires {day}")
_EXCEPTION_FORCED = Message("{kind}; {ticket}; expires {day}; force: {force}")
_EXCEPTION_NEEDLESS = Message("enforced: proved; {kind}; {ticket}; expires {day}")
_INLINE = Message("inline policies: {used} of {most} characters")
_PLACES = Message("{what}: {used} of {most}")
_BY_DEFAULT = Message("{fact} (AWS's default: the account's own quota was not read)")

FRESH = timedelta(hours=24)
"""The age at the time of the snapshot from which a credential report is stale."""

_ACCOUNT = "account"
_ROOT = "root"
_INLINE_FULL = 0.9
_VERSIONS = Message("versions")
_POLICIES = Message("managed policies")
_GROUPS = Message("groups")
_DETAILS = "GetAccountAuthorizationDetails"
_HIDES = {"ListVirtualMFADevices": Id.UNASSIGNED_DEVICE}


def estate_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about root, unassigned devices, and objects that were not read."""
    yield from _root(examined)
    for device in examined.snapshot.unassigned_devices:
        yield found(Id.UNASSIGNED_DEVICE, device.serial, _UNASSIGNED)
    yield from _report(examined)
    yield from _hidden(examined)
    for gap in examined.snapshot.gaps:
        yield unknown(Id.NOT_READ, gap.resource.label or _ACCOUNT, gap.why)


def _hidden(examined: Examined) -> Iterator[Finding]:
    """Yield undecided findings for objects that were not read, unless a user's row has them."""
    for gap in examined.snapshot.gaps:
        name = _HIDES.get(gap.operation)
        if name is None and gap.resource.kind is ResourceKind.TRUST_POLICY:
            name = Id.ROLE_TRUST_WITHOUT_MFA
        if name is not None:
            yield unknown(name, gap.resource.label or _ACCOUNT, gap.why)
        elif gap.operation == _DETAILS and gap.resource == THE_ACCOUNT:
            for each in (Id.NOT_ENFORCED, Id.ROLE_TRUST_WITHOUT_MFA, Id.DECOY_POLICY):
                yield unknown(each, _ACCOUNT, gap.why)


def _root(examined: Examined) -> Iterator[Finding]:
    root, summary = examined.snapshot.root, examined.snapshot.summary
    # a virtual device that is assigned to root is MFA
    mfa = True if root.mfa is None and root.virtual_device else root.mfa
    # if the organisation manages root centrally, root has no credentials and cannot sign in
    safe = True if root.password is False and root.keys is False else mfa
    by_report = examined.snapshot.report is not None and "AccountMFAEnabled" not in summary
    virtual = False if mfa is False else root.virtual_device
    answers = (
        (Id.ROOT_WITHOUT_MFA, safe, False, _ROOT_REPORTED if by_report else _ROOT_MFA),
        (Id.ROOT_KEY, root.keys, True, _ROOT_KEY),
        (Id.ROOT_MFA_VIRTUAL, virtual, True, _ROOT_VIRTUAL),
    )
    for name, answer, bad, fact in answers:
        if answer is None:
            yield unknown(name, _ROOT, _ROOT_UNKNOWN)
        elif answer is bad:
            yield found(name, _ROOT, fact)


def _report(examined: Examined) -> Iterator[Finding]:
    snapshot = examined.snapshot
    if snapshot.report is None:
        return
    made = snapshot.report.generated_at
    if made is None:
        yield unknown(Id.STALE_REPORT, _ACCOUNT, _NO_AGE)
    elif snapshot.taken_at - made > FRESH:
        fact = _REPORT_OF.filled(at=f"{made:%Y-%m-%d %H:%M} UTC")
        yield found(Id.STALE_REPORT, _ACCOUNT, fact)


def exception_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about exceptions: expired, forced, needless, or not decidable."""
    rows = {row.user.name: row for row in examined.rows}
    for each in examined.exceptions.entries:
        row = rows.get(each.user)
        if row is None:
            yield unknown(Id.EXCEPTION_EXPIRED, each.user, _NOT_LISTED)
            continue
        if not row.exempt:
            yield found(Id.EXCEPTION_EXPIRED, each.user, _filled_from(_EXCEPTION, each))
            continue
        if row.credentials.password and each.kind is ExceptionKind.MACHINE:
            fact = _filled_from(_EXCEPTION_PASSWORD, each)
            yield found(Id.MACHINE_WITH_PASSWORD, each.user, fact)
        if row.credentials.password:
            yield found(Id.EXCEPTION_FORCED, each.user, _filled_from(_EXCEPTION_FORCED, each))
        elif row.credentials.password is None:
            why = gap_reasons(row.credentials.unread) if row.credentials.unread else NOT_IN_SNAPSHOT
            yield unknown(Id.EXCEPTION_FORCED, each.user, why)
        if row.enforcement.enforced is Enforced.PROVED:
            yield found(Id.EXCEPTION_NEEDLESS, each.user, _filled_from(_EXCEPTION_NEEDLESS, each))


def _filled_from(text: Message, exemption: Exemption) -> Message:
    return text.filled(
        kind=EXCEPTION_KINDS[exemption.kind],
        ticket=exemption.ticket,
        day=exemption.expires.isoformat(),
        force=exemption.force,
    )


def quota_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about quotas that leave no room for a roll-out: policy, group, version."""
    summary = examined.snapshot.summary
    for row in examined.rows:
        if row.enforcement.enforced is not Enforced.PROVED:
            yield from _user_quotas(row, summary)
    for name in examined.enforcing:
        policy = examined.snapshot.policies.get(name)
        if policy is not None and not policy.aws_managed:
            used, quota = len(policy.versions), Quota.VERSIONS_PER_POLICY
            yield from _near(name, _VERSIONS, used, (quota, summary))
    for group in examined.snapshot.groups:
        used = len(group.attached)
        yield from _near(group.name, _POLICIES, used, (Quota.POLICIES_PER_GROUP, summary))


def _user_quotas(row: UserRow, summary: Mapping[str, int]) -> Iterator[Finding]:
    user = row.user
    for what, used, quota in (
        (_POLICIES, len(user.attached), Quota.POLICIES_PER_USER),
        (_GROUPS, len(user.groups), Quota.GROUPS_PER_USER),
    ):
        yield from _near(user.name, what, used, (quota, summary))
    used = sum(size(render(each.document)) for each in user.inline)
    most = Quota.USER_INLINE.number_in(summary)
    if used > most * _INLINE_FULL:
        fact = _INLINE.filled(used=used, most=most)
        yield found(Id.QUOTA_NEAR, user.name, _of_default(fact, Quota.USER_INLINE, summary))


def _near(
    subject: str, what: Message, used: int, limit: tuple[Quota, Mapping[str, int]]
) -> Iterator[Finding]:
    """Yield the finding about an account's quota that has one place left, or none."""
    quota, summary = limit
    most = quota.number_in(summary)
    if used >= most - 1:
        severity = Severity.WARNING if used >= most else None
        fact = _of_default(_PLACES.filled(what=what, used=used, most=most), quota, summary)
        yield found(Id.QUOTA_NEAR, subject, fact, severity=severity)


def _of_default(fact: Message, quota: Quota, summary: Mapping[str, int]) -> Message:
    """Return a fact that mentions that the account's own quota is not known."""
    return fact if quota.value.summary in summary else _BY_DEFAULT.filled(fact=fact)


_CHECKS: tuple[Check, ...] = (
    user_checks,
    policy_checks,
    role_checks,
    estate_checks,
    exception_checks,
    quota_checks,
)
_MOST_ALIKE = 10
"""The number of equal undecided findings above which they are shown as one."""
_NAMED = 3


def check_account(
    snapshot: Snapshot, rows: tuple[UserRow, ...], exceptions: Exceptions
) -> tuple[Finding, ...]:
    """Return the findings about an account, in order of risk.

    Args:
        snapshot: the account.
        rows: from `rows_of`.
        exceptions: the users who are not to be enforced.
    """
    examined = _examined(snapshot, rows, exceptions)
    found = list(
        dict.fromkeys(each for check in tracked(_CHECKS, _CHECKING) for each in check(examined))
    )
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
    """Return undecided findings, with many users of one reason merged into one."""
    by_fact: dict[tuple[FindingId, Message], list[Finding]] = {}
    for each in found:
        if each.known:
            yield each
        else:
            by_fact.setdefault((each.id, each.fact), []).append(each)
    for many in by_fact.values():
        if len(many) > _MOST_ALIKE:
            named = ", ".join(each.subject for each in many[:_NAMED])
            yield replace(many[0], place=Place(f"{named} (+{len(many) - _NAMED})"))
        else:
            yield from many
