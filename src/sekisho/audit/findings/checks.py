"""The checks of users, of the policies that are meant to enforce MFA, and of roles.

Of users: credentials without a device, users who are not enforced or are locked out. Of roles:
those that can be assumed without MFA.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from sekisho.account import Group, Role, Snapshot, User, gap_reasons
from sekisho.audit.enforcement import MFA_KEYS, trusting_statement
from sekisho.audit.exceptions import ExceptionKind, Exceptions
from sekisho.audit.finding import Finding, FindingId, Severity, found, unknown
from sekisho.audit.finding import FindingId as Id
from sekisho.audit.impact import (
    ImpactKind,
    MayLogin,
    UserRow,
    counterexample_for_user,
    may_login,
)
from sekisho.audit.lint import Attachment, LintReport, lint
from sekisho.audit.lint.no_effect import is_decoy
from sekisho.catalogue import load
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, verbatim
from sekisho.policy import Document, Effect, PrincipalKey, Statement, render
from sekisho.prover import (
    CallingUser,
    Enforced,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    counterexample_text,
    prove_enforcement,
)
from sekisho.signin import (
    CONSOLE_SESSION,
    Credential,
    CredentialKind,
    DeviceKind,
    Holder,
    HolderKind,
)


@dataclass(frozen=True, slots=True)
class Examined:
    """The input of the checks.

    Attributes:
        enforcing: the policies that enforce MFA for somebody, by name, with how many users.
        enforcing_groups: the groups through which they do.
    """

    snapshot: Snapshot
    rows: tuple[UserRow, ...]
    exceptions: Exceptions
    enforcing: Mapping[str, int]
    enforcing_groups: tuple[str, ...]

    @property
    def someone_is_not_enforced(self) -> bool:
        """Whether some user is not proved to be enforced."""
        return any(row.enforcement.enforced is not Enforced.PROVED for row in self.rows)

    def policies(self) -> Iterator[tuple[AttachedPolicy, tuple[Attachment, ...]]]:
        """Yield every policy of users, with its uses: attached, or as a boundary.

        An unattached customer managed policy is included; AWS managed policies only if in use.
        """
        snapshot = self.snapshot
        lively = {group for user in snapshot.users for group in user.groups}
        groups = [group for group in snapshot.groups if group.name in lively]
        owners: list[User | Group] = [*snapshot.users, *groups]
        having = {
            Attachment.USER: {arn for owner in owners for arn in owner.attached},
            Attachment.BOUNDARY: {user.boundary for user in snapshot.users if user.boundary},
        }
        for arn, managed in snapshot.policies.items():
            uses = tuple(use for use, arns in having.items() if arn in arns)
            if uses or not managed.aws_managed:
                yield AttachedPolicy(arn, managed.document), uses
        for owner in owners:
            yield from ((each, (Attachment.USER,)) for each in owner.inline)


Check = Callable[[Examined], Iterator[Finding]]
"""One family of checks."""

NOT_IN_SNAPSHOT = Message("not in the snapshot")

DEVICE_KINDS: Mapping[DeviceKind, Message] = {
    DeviceKind.VIRTUAL: Message("authenticator app"),
    DeviceKind.FIDO: Message("passkey"),
    DeviceKind.HARDWARE: Message("hardware token"),
}
EXCEPTION_KINDS: Mapping[ExceptionKind, Message] = {
    ExceptionKind.BREAK_GLASS: Message("break-glass"),
    ExceptionKind.MACHINE: Message("machine"),
    ExceptionKind.OTHER: Message("exception"),
}


_LASTS = Message("a sign-in may last {hours} hours (MaxSigninSessionDuration: {seconds})")


def long_session(subject: str, seconds: int | None) -> Iterator[Finding]:
    """Yield the finding that a user's or role's console session is longer than usual."""
    if seconds is not None and timedelta(seconds=seconds) > CONSOLE_SESSION:
        hours = round(seconds / 3_600)
        yield found(FindingId.LONG_SESSION, subject, _LASTS.filled(hours=hours, seconds=seconds))


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
    "the policies allow nothing without MFA today, but a policy that is attached later may"
)
_TODAY_UNKNOWN = Message(
    "MFA is not enforced: {said} (if some policy allows it). What is allowed today is unknown: "
    "{reason}"
)
_DIFFERENT = Message("MFA is enforced for others through {groups}; groups of this user: {own}")
_MUST_CHANGE = Message(
    "the password must be changed at the next sign-in, but the change is denied ({under})"
)
_ONCE_ALLOWED = Message("{said} (if some policy allows it; MFA enforcement does not stop it)")
_NO_WAY = Message(
    "{arn} cannot reach an MFA session with the credentials they have ({under}); {stopped}"
)
_ONLY_BY_KEY = Message(
    "{arn} can only use an access key ({under}): the password opens no console session"
)
_THERE = Message("under the present MFA enforcement")
_TO_COME = Message("once MFA enforcement is attached")
_EDITS = Message("allowed with MFA: {request}")
_NOT_DECIDED = Message("not decided")


def user_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about each user."""
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
        # the finding cannot be determined: report the gravest possible one
        may = credentials.active_keys is None or credentials.active_keys > 0
        yield unknown(_without_device(row) if may else Id.CONSOLE_WITHOUT_DEVICE, name, _why(row))
        return
    yield from _enrolled(examined, row) if credentials.enrolled else _no_device(row)


def _enrolled(examined: Examined, row: UserRow) -> Iterator[Finding]:
    credentials, name = row.credentials, row.user.name
    if not credentials.devices_known:
        yield unknown(Id.ONE_DEVICE, name, _why(row))
    elif len(credentials.devices) == 1:
        yield found(Id.ONE_DEVICE, name, _DEVICES.filled(devices=_devices_text(row)))
    if credentials.active_keys == 0 or any(
        each.kind is not DeviceKind.FIDO for each in credentials.devices
    ):
        return
    if credentials.active_keys is None or not credentials.devices_known:
        yield unknown(Id.PASSKEY_ONLY, name, _why(row))
    else:
        login = _LOGINS[may_login(examined.snapshot, row.user)[0]]
        fact = _PASSKEYS.filled(
            count=credentials.active_keys, devices=_devices_text(row), login=login
        )
        yield found(Id.PASSKEY_ONLY, name, fact)


def _required(row: UserRow) -> Iterator[Finding]:
    """Yield the finding that a user's device is not of the kind that a goal requires."""
    credentials, name = row.credentials, row.user.name
    if credentials.enrolled and credentials.phishing_resistant is None:
        yield unknown(Id.OTHER_KIND, name, _why(row))
    elif credentials.enrolled and not credentials.phishing_resistant:
        yield found(Id.OTHER_KIND, name, _DEVICES.filled(devices=_devices_text(row)))


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
            # access by services alone has a finding of its own
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
    """Yield the findings about calls by services: allowed now, or once a policy allows them."""
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
    """Return the text on a request that may be allowed later, and why today's is not known."""
    counterexample = row.enforcement.once_allowed
    assert counterexample is not None  # noqa: S101 - it is refuted whatever is attached later
    said = counterexample_for_user(counterexample, row.credentials)
    return _TODAY_UNKNOWN.filled(said=said, reason=row.enforcement.reason or _NOT_DECIDED)


def _enforcement_reason(row: UserRow) -> Message | str:
    if row.enforcement.gap:
        return row.enforcement.gap
    return row.enforcement.reason or _NOT_DECIDED


def _way_in(row: UserRow) -> Iterator[Finding]:
    """Yield the findings about users who are locked out by the current or a planned enforcement."""
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


def _devices_text(row: UserRow) -> Message:
    named = ((each.serial, DEVICE_KINDS[each.kind]) for each in row.credentials.devices)
    return listed(_OF_KIND.filled(what=serial, kind=kind) for serial, kind in named)


def _why(row: UserRow) -> Message:
    return gap_reasons(row.credentials.unread) if row.credentials.unread else NOT_IN_SNAPSHOT


_NOBODY_HAS = Message(
    "the policy enforces MFA, but no user has it (directly, through a group, or as a boundary)"
)

_ANYBODY = "any-user"


def policy_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about policies that only look like enforcement, are unused or faulty."""
    verdicts = _Verdicts(examined.snapshot)
    for policy, uses in examined.policies():
        if not _looks_like_enforcement(policy.document):
            continue
        for use in uses or (Attachment.USER,):
            # what enforces MFA for somebody together with another policy is no decoy,
            # as far as that goes
            alone = bool(uses) and policy.name not in examined.enforcing
            severity = None if alone else Severity.NOTE
            yield from _judged(
                policy.name, verdicts.enforces(policy, use), severity, decides=bool(uses)
            )
        for use in uses:
            yield from _rot(policy.name, verdicts.linted(policy, use))


def _looks_like_enforcement(document: Document) -> bool:
    """Return whether a statement denies all but a list of actions and tries to test MFA."""
    return any(
        statement.effect is Effect.DENY
        and (statement.action.negated or "*" in statement.action.values)
        and any(_means_mfa(condition.key) for condition in statement.conditions)
        for statement in document.statements
    )


def _means_mfa(key: str) -> bool:
    return key.lower() in MFA_KEYS or is_decoy(key, load())


class _Verdicts:
    """The verdict on each document, computed once for each way in which it is attached."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._verdicts: dict[tuple[Document, Attachment], Verdict] = {}
        self._reports: dict[tuple[Document, Attachment], LintReport] = {}

    def enforces(self, policy: AttachedPolicy, use: Attachment) -> Verdict:
        """Return whether the policy alone enforces MFA, with any others attached.

        Only users' own calls count: calls of AWS services for users are findings about the users.
        """
        key = (policy.document, use)
        if key not in self._verdicts:
            self._verdicts[key] = self._prove(policy, use)
        return self._verdicts[key]

    def _prove(self, policy: AttachedPolicy, use: Attachment) -> Verdict:
        snapshot = self._snapshot
        user = CallingUser.of(f"arn:{snapshot.partition}:iam::{snapshot.account}:user/{_ANYBODY}")
        bounds = use is Attachment.BOUNDARY
        policies = Policies(boundaries=(policy,)) if bounds else Policies(identity=(policy,))
        try:
            return prove_enforcement(policies, user, snapshot.taken_at, later=True).direct
        except FaultyPolicy as error:
            return Unknown(error.faults[0].message)

    def linted(self, policy: AttachedPolicy, use: Attachment) -> LintReport:
        """Return the lint findings of the policy."""
        key = (policy.document, use)
        if key not in self._reports:
            text, partition = render(policy.document), self._snapshot.partition
            self._reports[key] = lint(
                text, use, source=policy.name, partition=partition, table=False
            )
        return self._reports[key]


def _judged(
    name: str, verdict: Verdict, severity: Severity | None, *, decides: bool
) -> Iterator[Finding]:
    match verdict:
        case Refuted(counterexample):
            fact = counterexample_text(counterexample)
            yield found(Id.DECOY_POLICY, name, fact, severity=severity)
        case Unknown(reason):
            yield unknown(Id.DECOY_POLICY, name, reason)
        case Proved():
            if not decides:
                yield found(Id.DETACHED_POLICY, name, _NOBODY_HAS)


def _rot(name: str, report: LintReport) -> Iterator[Finding]:
    """Yield the lint findings of a policy that are about MFA."""
    for each in report.findings:
        if each.id.startswith("mfa.") and each.severity is not Severity.NOTE:
            fact = Message("{id}: {fact}").filled(id=each.id, fact=each.fact)
            yield found(Id.POLICY_ROT, name, fact)
    for gap in report.gaps:
        yield unknown(Id.POLICY_ROT, name, gap)


_ASSUMABLE = Message("sts:AssumeRole by {who}: allowed by statement {index} of the trust policy")
_BY_KEY = Message("the access key of {who}")
_BY_SESSION = Message("a session of {who} without MFA")
_ASSUMED = Message("; conditions taken to hold: {keys}")

_SESSION = timedelta(hours=12)


def role_checks(examined: Examined) -> Iterator[Finding]:
    """Yield the findings about roles: assumable without MFA, or with long console sessions."""
    severity = None if examined.someone_is_not_enforced else Severity.NOTE
    for role in examined.snapshot.roles:
        fact = next(_assumed(examined.snapshot, role), None)
        if fact is not None:
            yield found(Id.ROLE_TRUST_WITHOUT_MFA, role.arn, fact, severity=severity)
        yield from long_session(role.arn, role.session_seconds)


def _assumed(snapshot: Snapshot, role: Role) -> Iterator[Message]:
    """Yield a text for each user and credential without MFA that can assume a role."""
    for user in _named_in(role, snapshot.account):
        path = next((each.path for each in snapshot.users if each.name == user), "/")
        home = (snapshot.partition, snapshot.account)
        holder = Holder(HolderKind.USER, *home, user, path, "AIDA")
        now = snapshot.taken_at
        session = Credential(CredentialKind.CONSOLE_SESSION, holder, now, now + _SESSION)
        for said, credential in (
            (_BY_KEY, Credential(CredentialKind.LONG_TERM_KEY, holder)),
            (_BY_SESSION, session),
        ):
            statement = trusting_statement(role, credential, now)
            if statement is not None:
                yield _fact(said.filled(who=user), statement)


def _fact(who: Message, statement: Statement) -> Message:
    keys = sorted({each.key for each in statement.conditions if each.key.lower() not in MFA_KEYS})
    left = _ASSUMED.filled(keys=", ".join(keys)) if keys else verbatim("")
    assumable = _ASSUMABLE.filled(who=who, index=statement.index + 1)
    return joined_messages((assumable, left), en="", ja="")


def _named_in(role: Role, account: str) -> Iterator[str]:
    """Yield the account's users that a trust policy may name, and one for unnamed users."""
    entries = {
        value
        for statement in role.trust.statements
        if statement.principal is not None
        for key, values in statement.principal.entries
        if key in (PrincipalKey.AWS, PrincipalKey.ANYONE)
        for value in values
    }
    own = {each for each in entries if each == "*" or account in each}
    if own:
        yield _ANYBODY
    yield from sorted(each.rpartition("/")[2] for each in own if ":user/" in each)
