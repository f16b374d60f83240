"""Plans about one person: a lost phone, somebody who leaves; and about unassigned devices. Pure.

Such a plan has no goal that others share: it is judged by whether its caller could also take it
back, whether an administrator remains, and, where the person stays, whether they get in again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import timedelta
from math import ceil

from sekisho.account import (
    READS,
    Device,
    ResourceKind,
    Snapshot,
    User,
    credentials_by_user,
    dump_snapshot,
    unread_credentials,
    user_of,
)
from sekisho.audit.exceptions import Exemption
from sekisho.audit.impact import Administrators, ImpactKind, SignInOutcomes, or_without_mfa
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.changes.credentials import (
    PARTITIONS,
    CredentialType,
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    EndSignInSessions,
    in_iso_seconds,
)
from sekisho.rollout.changes.kinds import forecast
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import deny_all_arn, with_deny_all
from sekisho.rollout.changes.users import (
    AttachUserPolicy,
    CreateLoginProfile,
    DeleteLoginProfile,
    RemoveUserFromGroup,
    ReplacePassword,
)
from sekisho.rollout.goal.selectors import check_users_listed
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.permissions import least_policy_of
from sekisho.rollout.planning.plan import (
    Plan,
    PlanCaller,
    PlannedImpact,
    PlanNote,
    Remedy,
    RemedyKind,
    temporary_length,
)
from sekisho.rollout.planning.planner import check_accepted, exceptions_in_plan
from sekisho.rollout.planning.problems import (
    GAP,
    GAP_OF,
    console_unread,
    expired_exceptions,
    over_quotas,
)
from sekisho.rollout.planning.remedies import find_remedies
from sekisho.rollout.planning.safety import access_proofs, gets_in, why_unjudgeable
from sekisho.signin import CONSOLE_SESSION, DeviceKind

GETS_IN_AGAIN = Message(
    "The user can get a session with MFA with the credentials they then have; or any session, if "
    "they are not enforced and neither their policies nor a role of the account require MFA."
)
CUT_OFF = Message(
    "Loses every right at once, running sessions included, then every credential. The session of "
    "a role that was assumed before lives on until it ends."
)
LOST_FOR_GOOD = Message("A roll-back cannot restore the following items.")
SESSIONS_LIVE_ON = Message(
    "Sessions that are open stay valid until they end: credentials of `aws login` for 15 minutes "
    "and those of an agent for an hour, once their sessions are ended; a console session for up to "
    "{hours} hours, a GetSessionToken session for up to 36, the session of a role as long as it "
    "was made for. If the device was stolen and not just lost, deny what is older than now: by a "
    "Deny on `aws:TokenIssueTime` or, of one session, on `aws:SignInSessionArn`."
)
SESSIONS_KEPT = Message(
    "Sessions of `aws login` and of agents are not ended: they can be renewed for up to "
    "{hours} hours after the sign-in."
)
SESSIONS_NOT_HERE = Message(
    "Sessions of `aws login` and of agents are not ended: the API for it is not known to be there "
    "in this partition. They can be renewed for up to {hours} hours after the sign-in."
)
NO_FORCED_CHANGE = Message(
    "The temporary password need not be changed at the next sign-in: under the policies of this "
    "user the sign-in page would refuse the change, or it is unknown whether it would. Ask them "
    "to change it once they may: under AWS's own sample once MFA is set up; others need "
    "`IAMUserChangePassword`."
)
NOT_ONESELF = Message("You cannot do this to yourself: another administrator must.")
RESET_NEXT = Message("Signs in with the temporary password, changes it, then sets up MFA anew.")
RESET_WITHOUT_MFA = Message(
    "Gets in without MFA: no policy of theirs and no role of the account requires it. Whether "
    "they can set it up again is unknown."
)
RESET_NEXT_KEEPS = Message("Signs in, then sets up MFA anew.")

_BESIDE = frozenset(
    {
        *("GetAccessKeyLastUsed", "GetAccountSummary", "ListAccountAliases"),
        *("GenerateCredentialReport", "GetCredentialReport", "ListRoles"),
        *(read.operation for read in READS if read.service in ("organizations", "signin")),
    }
)
"""Operations whose gaps hide no credential, device or policy of anybody."""


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """The account as it is, and what a plan about somebody in it is judged by.

    Attributes:
        caller: who will apply the plan.
        accepted: why a reason or a property that does not hold shall not count, by its id.
        exceptions: who need not be enforced, expired or not: shown with the plan.
        keep_sessions: whether sessions of `aws login` and of agents are left.
        new_password: whether a user who has no password gets one.
    """

    snapshot: Snapshot
    caller: PlanCaller
    break_glass: tuple[str, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[Exemption, ...] = ()
    keep_sessions: bool = False
    new_password: bool = False


def planning_context(
    snapshot: Snapshot, caller: PlanCaller, break_glass: Iterable[str], accepted: Mapping[str, str]
) -> PlanningContext:
    """Return the standpoint of an account's administrator.

    Raises:
        FaultyAccount: if there is no such break-glass user.
        PlanRefused: if the users could not be read.
    """
    check_users_listed(snapshot)
    names = tuple(user_of(snapshot, name).name for name in break_glass)
    return PlanningContext(snapshot, caller, names, accepted)


def reset(context: PlanningContext, name: str) -> Plan:
    """Return the plan for a user whose phone is lost: devices go, a temporary password comes.

    The password must be changed at the next sign-in, unless the page that asks for it is not
    proved to let the user do so: it does not without MFA under AWS's own sample, nor where nothing
    allows it.

    Raises:
        FaultyAccount: if there is no such user.
        UsageError: if something is accepted that does not speak against the plan.
    """
    user = user_of(context.snapshot, name)
    anew: tuple[Change, ...] = ()
    warned: tuple[PlanNote, ...] = ()
    if setting := _setting_password(context, user):
        forced, unforced = setting
        devices = (*_without_devices(user), *_changes_ending_sessions(context, user))
        anew = (forced,)
        if not _opens_console(context.snapshot, name, (*anew, *devices)):
            anew = (unforced,)
            warned = (PlanNote("no-forced-change", NO_FORCED_CHANGE, (name,)),)
    made = _planned(
        context,
        user,
        lambda of: (*anew, *_without_devices(user), *_changes_ending_sessions(of, user)),
    )
    return check_accepted(replace(made, warnings=(*made.warnings, *warned)))


def _setting_password(context: PlanningContext, user: User) -> tuple[Change, Change] | None:
    """Return how a temporary password is set that must be changed, and how one that need not.

    None: the user gets none.
    """
    if user.password is not None:
        old = user.password.reset_required
        return ReplacePassword(user.name, True, old), ReplacePassword(user.name, False, old)
    if context.new_password and context.snapshot.has_password(user) is False:
        return CreateLoginProfile(user.name, True), CreateLoginProfile(user.name, False)
    return None


def offboard(context: PlanningContext, name: str) -> Plan:
    """Return the plan for a user who leaves: no right and no credential is left to them.

    Everything is denied first, which also stops sessions that are running: they would live on for
    up to 36 hours (AWS STS, GetSessionToken). The user itself stays, for the records.

    Raises:
        FaultyAccount: if there is no such user.
        UsageError: if something is accepted that does not speak against the plan.
    """
    user = user_of(context.snapshot, name)
    known = replace(context, snapshot=with_deny_all(context.snapshot))
    closing = (*_changes_closing_account(user, context.snapshot.partition),)
    return check_accepted(
        _planned(known, user, lambda of: (*closing, *_changes_ending_sessions(of, user)))
    )


def delete_unassigned_devices(context: PlanningContext, devices: Iterable[Device]) -> Plan:
    """Return the plan that deletes virtual devices which nobody has enabled."""
    going = tuple(DeleteDevice(each.serial, "") for each in devices)
    return check_accepted(_planned(context, None, lambda _: going))


def _opens_console(snapshot: Snapshot, name: str, changes: tuple[Change, ...]) -> bool:
    """Return whether it is proved that a user signs in at the console after `changes`."""
    after = forecast(snapshot, changes)
    return SignInOutcomes(after, {}).console(user_of(after, name)).gets_in


def _without_devices(user: User) -> Iterator[Change]:
    for device in user.devices:
        enabled = in_iso_seconds(device.enabled_at) if device.enabled_at else ""
        yield DeactivateDevice(user.name, device.serial, enabled)
        if device.kind is DeviceKind.VIRTUAL:
            yield DeleteDevice(device.serial, user.name)


def _changes_closing_account(user: User, partition: str) -> Iterator[Change]:
    deny = deny_all_arn(partition)
    if deny not in user.attached:
        yield AttachUserPolicy(user.name, deny)
    if user.password is not None:
        yield DeleteLoginProfile(user.name, user.password.reset_required)
    for kind, identity in _active_credentials(user):
        yield DeactivateCredential(user.name, kind.value, identity)
    yield from _without_devices(user)
    for group in user.groups:
        yield RemoveUserFromGroup(group, user.name)


def _changes_ending_sessions(context: PlanningContext, user: User) -> Iterator[Change]:
    """Yield the end of the user's sessions, the last change: all else can do without it.

    They begin at the console: who has no password has none.
    """
    may_have = context.snapshot.has_password(user) is not False
    if may_have and not context.keep_sessions and context.snapshot.partition in PARTITIONS:
        yield EndSignInSessions(user.name, user.arn)


def _active_credentials(user: User) -> Iterator[tuple[CredentialType, str]]:
    yield from ((CredentialType.ACCESS_KEY, each.id) for each in user.keys if each.active)
    yield from ((CredentialType.SSH_KEY, each.id) for each in user.ssh_keys if each.active)
    services = user.service_credentials
    yield from ((CredentialType.SERVICE, each.id) for each in services if each.active)
    yield from ((CredentialType.CERTIFICATE, each.id) for each in user.certificates if each.active)


def _planned(
    context: PlanningContext,
    user: User | None,
    changes_of: Callable[[PlanningContext], tuple[Change, ...]],
) -> Plan:
    """Return a plan with the remedies for its problems."""

    def again(remedies: Iterable[Remedy]) -> Plan:
        kinds = {each.kind for each in remedies}
        caller = replace(context.caller, mfa=context.caller.mfa or RemedyKind.MFA in kinds)
        kept = context.keep_sessions or RemedyKind.KEEP_SESSIONS in kinds
        other = replace(context, caller=caller, keep_sessions=kept)
        return _judged(other, user, _before_after(other, user, changes_of(other)))

    accounts = _before_after(context, user, changes_of(context))
    made = _judged(context, user, accounts)
    return replace(made, remedies=find_remedies(accounts, made, again))


def _judged(context: PlanningContext, user: User | None, accounts: BeforeAfter) -> Plan:
    snapshot, changes, now = context.snapshot, accounts.changes, context.snapshot.taken_at
    stays = not any(isinstance(change, AttachUserPolicy) for change in changes)
    again = (replace(gets_in(accounts), text=GETS_IN_AGAIN),)
    persons = tuple(_impact_of(accounts, each, stays=stays) for each in accounts.affected)
    return Plan(
        account=snapshot.account,
        partition=snapshot.partition,
        caller=context.caller,
        snapshot_at=now,
        changes=changes,
        proofs=(*access_proofs(accounts), *(again if user and stays else ())),
        reasons=(
            *expired_exceptions(context.exceptions, now),
            *_reasons_against(accounts, user),
            *why_unjudgeable(accounts),
        ),
        warnings=(
            *_irreversible_note(changes),
            *_sessions_notes(context, user, changes),
            *(console_unread(snapshot) if user and stays else ()),
        ),
        people=persons,
        exceptions=exceptions_in_plan(context.exceptions, persons, now),
        rights=accounts.rights(),
        needs=least_policy_of(accounts, signs_in=user is not None and stays),
        accepted=dict(context.accepted),
        password_length=temporary_length(snapshot),
        complete=not snapshot.gaps,
        snapshot=hashlib.sha256(dump_snapshot(snapshot).encode()).hexdigest(),
        console_authorization=snapshot.console_authorization if user and stays else None,
    )


def _before_after(
    context: PlanningContext, user: User | None, changes: tuple[Change, ...]
) -> BeforeAfter:
    """Return the account before and after; nobody but `user` is affected."""
    after = forecast(context.snapshot, changes)
    affected: tuple[User, ...] = () if user is None else (user_of(after, user.name),)
    unread = unread_credentials(context.snapshot)
    sign_ins, sign_ins_before = (SignInOutcomes(each, unread) for each in (after, context.snapshot))
    oneself = {each.name: each for each in affected}
    return BeforeAfter(
        before=context.snapshot,
        after=after,
        changes=changes,
        caller=context.caller,
        policies=(),
        break_glass=context.break_glass,
        affected=affected,
        enforcements={},
        enforcements_before={},
        sign_ins=sign_ins,
        sign_ins_before=sign_ins_before,
        outcomes={
            # what was not read may be the phone that is lost
            name: entry if name in unread else or_without_mfa(after, oneself[name], entry)
            for name, entry in sign_ins.outcomes(affected).items()
        },
        representatives=oneself,
        policy_representatives=oneself,
        unread=unread,
        credentials=credentials_by_user(context.snapshot),
        administrators=Administrators(after),
        administrators_before=Administrators(context.snapshot),
    )


def _reasons_against(accounts: BeforeAfter, user: User | None) -> Iterator[PlanNote]:
    if user is not None and user.arn == accounts.caller.arn:
        yield PlanNote("oneself", NOT_ONESELF, (user.name,))
    yield from over_quotas(accounts.before, accounts.after, accounts.changes)
    others = {known.name for known in accounts.before.users if known != user}
    for gap in accounts.before.gaps:
        # what is not about somebody else may be about this one: a credential that nobody saw
        resource = gap.resource
        of = resource.owner if resource.kind is ResourceKind.USER_POLICY else resource.name
        of_user = resource.kind in (ResourceKind.USER, ResourceKind.USER_POLICY)
        if gap.operation not in _BESIDE and not (of_user and of in others):
            what = GAP_OF.filled(what=f"{gap.operation} {resource.label}".rstrip(), cause=gap.cause)
            yield PlanNote("gap", GAP.filled(what=what), (user.name,) if user else ())


def _irreversible_note(changes: tuple[Change, ...]) -> Iterator[PlanNote]:
    lost = tuple(change.address for change in changes if not change.reversible)
    if lost:
        yield PlanNote("irreversible", LOST_FOR_GOOD, lost)


def _sessions_notes(
    context: PlanningContext, user: User | None, changes: tuple[Change, ...]
) -> Iterator[PlanNote]:
    """Yield the credentials that the person, or a thief, can still use after the plan."""
    if user is None:
        return
    denied = any(isinstance(change, AttachUserPolicy) for change in changes)
    denied |= deny_all_arn(context.snapshot.partition) in user.attached
    ended = any(isinstance(change, EndSignInSessions) for change in changes)
    seconds = user.password.session_seconds if user.password else None
    lasts = timedelta(seconds=seconds) if seconds else CONSOLE_SESSION
    hours = ceil(lasts / timedelta(hours=1))
    if not ended and context.snapshot.has_password(user) is not False:
        text = SESSIONS_KEPT if context.keep_sessions else SESSIONS_NOT_HERE
        yield PlanNote("sessions-kept", text.filled(hours=hours), (user.name,))
    if not denied:
        yield PlanNote("sessions-live-on", SESSIONS_LIVE_ON.filled(hours=hours), (user.name,))


def _impact_of(accounts: BeforeAfter, user: User, *, stays: bool) -> PlannedImpact:
    if not stays:
        return PlannedImpact(user.name, ImpactKind.CUT_OFF, CUT_OFF)
    entry = accounts.outcomes.get(user.name)
    if entry is not None and not entry.gets_in:
        impact = ImpactKind.LOCKED_OUT if entry.locked_out else ImpactKind.UNKNOWN
        return PlannedImpact(user.name, impact, entry.why)
    if entry is not None and entry.without_mfa:
        return PlannedImpact(user.name, ImpactKind.WITHOUT_MFA, RESET_WITHOUT_MFA)
    forced = user.password is not None and user.password.reset_required
    return PlannedImpact(
        user.name, ImpactKind.ENROLS_AGAIN, RESET_NEXT if forced else RESET_NEXT_KEEPS
    )
