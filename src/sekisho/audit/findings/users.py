"""What is wrong with users: credentials without a device, open MFA enforcements, locked doors."""

from collections.abc import Iterator, Mapping

from sekisho.account import gap_reasons
from sekisho.audit.finding import Finding, Severity, found, unknown
from sekisho.audit.finding import FindingId as Id
from sekisho.audit.findings.model import (
    DEVICE_KINDS,
    NOT_IN_SNAPSHOT,
    Examined,
    long_session,
)
from sekisho.audit.impact import (
    ImpactKind,
    MayLogin,
    UserRow,
    counterexample_for_user,
    may_login,
)
from sekisho.messages import Message, listed, verbatim
from sekisho.prover import Enforced, Proved, Refuted, Unknown
from sekisho.signin import DeviceKind

_DEVICES = Message("devices: {devices}")
_OF_KIND = verbatim("{what} ({kind})")
_PASSKEYS = Message("active access keys: {count}; devices: {devices}; `aws login`: {login}")
_LOGINS: Mapping[MayLogin, Message] = {
    MayLogin.ALLOWED: Message("allowed with MFA"),
    MayLogin.DENIED: Message("not allowed"),
    MayLogin.UNKNOWN: Message("not known whether it is allowed"),
}
_ADMINISTERS = Message("no device; allowed with MFA: {request}")
_KEYS = Message("active access keys: {count}; no device")
_CONSOLE = Message("console password; no device")
_NOTHING = Message("no console password, no active key, no other credential, no device")
_NOTHING_ALLOWED = Message(
    "nothing is allowed without MFA as the policies are; what is attached later may allow something"
)
_TODAY_UNKNOWN = Message(
    "MFA is not enforced: {said}, once some policy allows it. What is allowed today is unknown: "
    "{reason}"
)
_DIFFERENT = Message("others are enforced through {groups}; groups of this user: {own}")
_MUST_CHANGE = Message("the password must be changed at the next sign-in, and may not be ({under})")
_ONCE_ALLOWED = Message("{said}, once some policy allows it: MFA enforcement does not stop it")
_NO_WAY = Message(
    "{arn} cannot get a session with MFA by themselves, with what they have ({under}); {stopped}"
)
_ONLY_BY_KEY = Message(
    "{arn} gets in by an access key only ({under}): the password opens no console session"
)
_THERE = Message("under the present MFA enforcement")
_TO_COME = Message("once MFA enforcement is attached")
_EDITS = Message("allowed with MFA: {request}")
_NOT_DECIDED = Message("not decided")


def user_checks(examined: Examined) -> Iterator[Finding]:
    """Find what is wrong with each user."""
    for row in examined.rows:
        yield from _devices(examined, row)
        if row.user.name in examined.exceptions.passkeys and not row.left_out:
            yield from _required(row)
        yield from _enforcement(examined, row)
        yield from _way_in(row)
        yield from _power(row)
        password = row.user.password
        yield from long_session(row.user.name, password.session_seconds if password else None)


def _devices(examined: Examined, row: UserRow) -> Iterator[Finding]:
    credentials, name = row.credentials, row.user.name
    if credentials.enrolled is None:
        # which of the findings it would be cannot be told: the gravest that may be
        may = credentials.active_keys is None or credentials.active_keys > 0
        yield unknown(_without_device(row) if may else Id.CONSOLE_WITHOUT_DEVICE, name, _why(row))
        return
    yield from _enrolled(examined, row) if credentials.enrolled else _no_device(row)


def _enrolled(examined: Examined, row: UserRow) -> Iterator[Finding]:
    credentials, name = row.credentials, row.user.name
    if not credentials.devices_known:
        yield unknown(Id.ONE_DEVICE, name, _why(row))
    elif len(credentials.devices) == 1:
        yield found(Id.ONE_DEVICE, name, _DEVICES.filled(devices=_listed(row)))
    if credentials.active_keys == 0 or any(
        each.kind is not DeviceKind.FIDO for each in credentials.devices
    ):
        return
    if credentials.active_keys is None or not credentials.devices_known:
        yield unknown(Id.PASSKEY_ONLY, name, _why(row))
    else:
        login = _LOGINS[may_login(examined.snapshot, row.user)[0]]
        fact = _PASSKEYS.filled(count=credentials.active_keys, devices=_listed(row), login=login)
        yield found(Id.PASSKEY_ONLY, name, fact)


def _required(row: UserRow) -> Iterator[Finding]:
    """Find who has another kind of device than a goal requires; without any there is a finding."""
    credentials, name = row.credentials, row.user.name
    if credentials.enrolled and credentials.phishing_resistant is None:
        yield unknown(Id.OTHER_KIND, name, _why(row))
    elif credentials.enrolled and not credentials.phishing_resistant:
        yield found(Id.OTHER_KIND, name, _DEVICES.filled(devices=_listed(row)))


def _without_device(row: UserRow) -> Id:
    return Id.ADMINISTRATOR_WITHOUT_DEVICE if row.power.administers else Id.KEY_WITHOUT_DEVICE


def _no_device(row: UserRow) -> Iterator[Finding]:
    credentials, name = row.credentials, row.user.name
    if row.power.administers:
        fact = _ADMINISTERS.filled(request=row.power.request)
        yield row.excused(found(Id.ADMINISTRATOR_WITHOUT_DEVICE, name, fact))
    elif row.power.unknown:
        yield unknown(Id.ADMINISTRATOR_WITHOUT_DEVICE, name, row.power.unknown)
    if credentials.active_keys:
        fact = _KEYS.filled(count=credentials.active_keys)
        yield row.excused(found(Id.KEY_WITHOUT_DEVICE, name, fact))
    elif credentials.active_keys is None:
        yield unknown(Id.KEY_WITHOUT_DEVICE, name, _why(row))
    if credentials.password:
        enforced = row.enforcement.enforced_directly
        severity = Severity.WARNING if enforced else None
        console = found(Id.CONSOLE_WITHOUT_DEVICE, name, _CONSOLE, severity=severity)
        yield row.excused(console)
    elif credentials.password is None:
        yield unknown(Id.CONSOLE_WITHOUT_DEVICE, name, _why(row))
    elif credentials.active_keys == 0 and not credentials.others:
        yield from _holds_nothing(row)


def _holds_nothing(row: UserRow) -> Iterator[Finding]:
    if row.credentials.others_unread:
        yield unknown(
            Id.USER_WITHOUT_DEVICE, row.user.name, gap_reasons(row.credentials.others_unread)
        )
    else:
        yield found(Id.USER_WITHOUT_DEVICE, row.user.name, _NOTHING)


def _enforcement(examined: Examined, row: UserRow) -> Iterator[Finding]:
    name = row.user.name
    match row.enforcement.enforced:
        case Enforced.PROVED:
            pass
        case Enforced.REFUTED:
            # what services alone may do is a finding of its own
            if isinstance(row.enforcement.now, Refuted):
                found_now = row.enforcement.now.counterexample
                fact = counterexample_for_user(found_now, row.credentials)
                yield row.excused(found(Id.NOT_ENFORCED, name, fact))
        case Enforced.NOTHING_ALLOWED:
            yield found(Id.NOT_YET_ENFORCED, name, _NOTHING_ALLOWED)
        case Enforced.TODAY_UNKNOWN:
            yield unknown(Id.NOT_ENFORCED, name, _today_unknown(row))
        case Enforced.UNKNOWN:
            yield unknown(Id.NOT_ENFORCED, name, _enforcement_reason(row))
    yield from _services(row)
    groups = examined.enforcing_groups
    left_out = row.enforcement.enforced not in (Enforced.PROVED, Enforced.UNKNOWN)
    if groups and left_out and not set(groups) & set(row.user.groups) and not row.left_out:
        own = ", ".join(row.user.groups) or "-"
        fact = _DIFFERENT.filled(groups=", ".join(groups), own=own)
        yield found(Id.OUTSIDE_GROUP, name, fact)


def _services(row: UserRow) -> Iterator[Finding]:
    """Find what services may do for the user: now, or once something allows it."""
    match row.enforcement.via_service, row.enforcement.later_via_service:
        case Refuted(counterexample), _:
            fact = counterexample_for_user(counterexample, row.credentials)
            alone = not isinstance(row.enforcement.now, Refuted)
            severity = Severity.ERROR if alone else None
            one = found(Id.SERVICES_PASS, row.user.name, fact, severity=severity)
            yield row.excused(one)
        case Unknown(reason), _:
            yield unknown(Id.SERVICES_PASS, row.user.name, reason)
        case Proved(), Refuted(counterexample) if row.enforcement.enforced_directly:
            fact = _ONCE_ALLOWED.filled(
                said=counterexample_for_user(counterexample, row.credentials)
            )
            yield found(Id.SERVICES_PASS, row.user.name, fact)
        case Proved(), Unknown(reason) if row.enforcement.enforced_directly:
            yield unknown(Id.SERVICES_PASS, row.user.name, reason)
        case _:
            pass


def _today_unknown(row: UserRow) -> Message:
    """Say what passes once something allows it, and why it is not known what passes today."""
    counterexample = row.enforcement.once_allowed
    assert counterexample is not None  # noqa: S101 - it is refuted whatever is attached later
    said = counterexample_for_user(counterexample, row.credentials)
    return _TODAY_UNKNOWN.filled(said=said, reason=row.enforcement.reason or _NOT_DECIDED)


def _enforcement_reason(row: UserRow) -> Message | str:
    if row.enforcement.gap:
        return row.enforcement.gap
    return row.enforcement.reason or _NOT_DECIDED


def _way_in(row: UserRow) -> Iterator[Finding]:
    """Find who does not get in under enforcement: the present one, or the one to be attached."""
    name = row.user.name
    enforced = row.enforcement.enforced_directly
    under = _THERE if enforced else _TO_COME
    severity = None if enforced else Severity.WARNING
    for outlook in row.impact.kinds:
        if outlook is ImpactKind.DEAD_LOCK:
            fact = _MUST_CHANGE.filled(under=under)
            yield found(Id.DEAD_LOCK, name, fact, severity=severity)
        elif outlook is ImpactKind.LOCKED_OUT and row.impact.name_taken is not None:
            yield found(Id.NAME_TAKEN, name, row.impact.name_taken, severity=severity)
        elif outlook is ImpactKind.LOCKED_OUT:
            locked_out = Id.PATH_LOCKED_OUT if row.impact.by_path else Id.LOCKED_OUT
            if row.impact.by_console_authorization:
                locked_out = Id.CONSOLE_AUTHORIZATION
            stopped = row.impact.stopped or NOT_IN_SNAPSHOT
            fact = _NO_WAY.filled(arn=row.user.arn, under=under, stopped=stopped)
            yield found(locked_out, name, fact, severity=severity)
        elif outlook is ImpactKind.UNKNOWN:
            yield unknown(Id.LOCKED_OUT, name, row.impact.reason or _NOT_DECIDED)
    if row.impact.by_key_only and row.impact.by_console_authorization:
        fact = _ONLY_BY_KEY.filled(arn=row.user.arn, under=under)
        yield found(Id.CONSOLE_AUTHORIZATION, name, fact, severity=Severity.WARNING)


def _power(row: UserRow) -> Iterator[Finding]:
    if row.power.edits and not row.power.administers:
        fact = _EDITS.filled(request=row.power.edits)
        yield found(Id.MAY_EDIT_ENFORCEMENT, row.user.name, fact)
    elif row.power.edits_unknown and not row.power.administers:
        yield unknown(Id.MAY_EDIT_ENFORCEMENT, row.user.name, row.power.edits_unknown)


def _listed(row: UserRow) -> Message:
    named = ((each.serial, DEVICE_KINDS[each.kind]) for each in row.credentials.devices)
    return listed(_OF_KIND.filled(what=serial, kind=kind) for serial, kind in named)


def _why(row: UserRow) -> Message:
    return gap_reasons(row.credentials.unread) if row.credentials.unread else NOT_IN_SNAPSHOT
