"""Chapter 5: the enforced users; then what the plans did is rolled back, and compared."""

from collections.abc import Iterator

from sekisho.account import Snapshot, User, collect, policies_of, unread_credentials
from sekisho.audit.impact import SignInOutcomes, credentials_of
from sekisho.engine import DecisionEffect
from sekisho.lazy import dataclass
from sekisho.localaws import MACHINE
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.prover import (
    CallingUser,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    combine_verdicts,
    prove_enforcement,
)
from sekisho.rollout import SampleRequest, decide_request
from sekisho.tour import company
from sekisho.tour.rehearsal.plans import compare, roll_back_plan
from sekisho.tour.rehearsal.recording import IN_ORDER, StepRecorder
from sekisho.tour.rehearsal.rehearsal import TourRehearsal
from sekisho.tour.rehearsal.steps import NO, YES, Cell, TourStep


@dataclass(frozen=True, slots=True)
class EnforcementStatus:
    """Whether MFA is enforced for one user, and what the user can still do.

    Attributes:
        enforcement: whether it is proved that no direct request without MFA passes outside
            the exempt actions, whatever identity-based policies are attached later.
        can_enrol: in a console session without MFA, what enrolling needs is allowed.
        enrolled: the user has a device.
        has_password: there is a console password.
        cannot_sign_in: it is proved that the sign-in ends before any session, as at a refused new
            password.
    """

    user: str
    enforcement: Verdict
    can_enrol: bool
    enrolled: bool
    has_password: bool
    cannot_sign_in: bool = False

    @property
    def enforced(self) -> bool:
        """Whether it is proved; what could not be found out is not."""
        match self.enforcement:
            case Proved():
                return True
            case Refuted() | Unknown():
                return False


def statuses_of(snapshot: Snapshot) -> tuple[EnforcementStatus, ...]:
    """Return the status of every user, as the prover and the engine say.

    Raises:
        FaultyAccount: if a policy that applies could not be read: then nothing is claimed.
    """
    outcomes = SignInOutcomes(snapshot, unread_credentials(snapshot)).outcomes(snapshot.users)
    refused = {name for name, outcome in outcomes.items() if outcome.console_refused}
    return tuple(
        EnforcementStatus(
            user=user.name,
            enforcement=_enforcement(snapshot, user),
            can_enrol=_can_enrol(snapshot, user),
            enrolled=bool(user.devices),
            has_password=user.password is not None,
            cannot_sign_in=user.name in refused,
        )
        for user in snapshot.users
    )


def _enforcement(snapshot: Snapshot, user: User) -> Verdict:
    tags = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    policies = policies_of(snapshot, user.name)
    named = CallingUser.of(user.arn, tags)
    return combine_verdicts(
        prove_enforcement(policies, named, snapshot.taken_at, later=True).verdicts
    )


def _can_enrol(snapshot: Snapshot, user: User) -> bool:
    console = credentials_of(snapshot, user, mfa=False)[-1]
    policies = policies_of(snapshot, user.name)
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/{user.name}-phone"
    needed = (
        SampleRequest("iam:CreateVirtualMFADevice", device, {}),
        SampleRequest("iam:EnableMFADevice", user.arn, {}),
    )
    return all(
        decide_request(snapshot, console, policies, user.tags, ask).effect is DecisionEffect.ALLOWED
        for ask in needed
    )


_STATUS = Message("After")
_COLUMNS = (
    Message("user"),
    Message("enforced"),
    Message("device"),
    Message("still to do"),
)
_PROVED = Message("proved")
_UNKNOWN = Message("unknown")
_NOTHING = verbatim("-")
_ENROL = Message("enrol a device")
_LOCKED_OUT = Message("cannot enrol under this policy")
_CANNOT_SIGN_IN = Message("cannot change the password: an administrator is needed")
_NO_PERSON = Message("no person: give it a role")
_NOT_ENFORCED = Message("attach the policy")
_EXCEPTION = Message("nothing (break-glass)")
_ENFORCED = Message("users for whom MFA is enforced")
_NO_GAPS = Message("unreadable")
_LEFT = Message("What stays")
_LEFT_COLUMNS = (Message("who"), Message("what"))
_DEVICE = Message("device")
_USER = Message("user")
_PASSWORD = Message("password (changed by the user)")
_UNASSIGNED = Message("unassigned device, which nobody could enable")
_NEW = Message("new users, who have been used")
_KEEP = Message("users whom the plans made and for whom MFA is still enforced")


def after(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Look, roll back, compare, list what stays."""
    with rehearsal.step("5.1-who-is-enforced") as step:
        _enforced_users(rehearsal, step)
    yield step.done
    # the first two created and attached the policy; those after them belong to the comparison
    main, others = rehearsal.applied_plans[:2], rehearsal.applied_plans[2:]
    for step_id, plans in (("5.2-other-plans-back", others), ("5.3-rolled-back", main)):
        with rehearsal.step(step_id) as step:
            for applied in reversed(plans):
                roll_back_plan(rehearsal, step, applied)
        yield step.done
    with rehearsal.step("5.4-compared") as step:
        for applied in rehearsal.applied_plans:
            compare(rehearsal, step, applied)
    yield step.done
    with rehearsal.step("5.5-what-stays") as step:
        _what_stays(rehearsal, step)
    yield step.done
    with rehearsal.step("5.6-open-again") as step:
        step.call(rehearsal.key_of(MACHINE), company.PROBES[MACHINE])
    yield step.done


def _enforced_users(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    snapshot = collect(step.api_of(rehearsal.administrator), now=rehearsal.now(), pace=IN_ORDER)
    step.check(_NO_GAPS, (), snapshot.gaps)
    statuses = statuses_of(snapshot)
    enforced = {status.user for status in statuses if status.enforced}
    expected = {
        company.EXISTING,
        MACHINE,
        company.NEW,
        company.OTHER_NEW,
        company.THIRD_NEW,
        company.LAST,
    }
    step.check(_ENFORCED, expected | set(company.MEMBERS), enforced)
    step.table(_STATUS, _COLUMNS, [_row(status) for status in statuses])


def _row(status: EnforcementStatus) -> tuple[Cell, ...]:
    return (
        status.user,
        _shown_verdict(status.enforcement),
        YES if status.enrolled else NO,
        _still_to_do(status),
    )


def _shown_verdict(verdict: Verdict) -> Message:
    match verdict:
        case Proved():
            return _PROVED
        case Refuted():
            return NO
        case Unknown():
            return _UNKNOWN


def _still_to_do(status: EnforcementStatus) -> Message:
    if status.user == company.BREAK_GLASS:
        return _EXCEPTION
    if not status.enforced:
        return _NOT_ENFORCED
    if status.cannot_sign_in:
        return _CANNOT_SIGN_IN
    if status.enrolled:
        return _NOTHING
    if not status.has_password:
        return _NO_PERSON
    return _ENROL if status.can_enrol else _LOCKED_OUT


def _what_stays(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    snapshot = collect(step.api_of(rehearsal.administrator), now=rehearsal.now(), pace=IN_ORDER)
    enforced = {status.user for status in statuses_of(snapshot) if status.enforced}
    step.check(_KEEP, {company.NEW, company.OTHER_NEW}, enforced)
    known = {
        user.name: {device.serial for device in user.devices} for user in rehearsal.snapshot.users
    }
    new = [user for user in snapshot.users if user.name not in known]
    step.check(
        _NEW, {company.NEW, company.OTHER_NEW, company.THIRD_NEW}, {user.name for user in new}
    )
    rows: list[tuple[Cell, ...]] = []
    for user in snapshot.users:
        stays = [_USER] if user in new else []
        if user in new and user.password is not None and not user.password.reset_required:
            stays.append(_PASSWORD)
        stays += [
            Message("{device} {name}").filled(device=_DEVICE, name=device.serial.rsplit("/", 1)[-1])
            for device in user.devices
            if device.serial not in known.get(user.name, set())
        ]
        rows += [(user.name, joined_messages(stays, en=", ", ja="、"))] if stays else []
    orphans = {device.serial for device in rehearsal.snapshot.unassigned_devices}
    rows += [
        (device.serial.rsplit("/", 1)[-1], _UNASSIGNED)
        for device in snapshot.unassigned_devices
        if device.serial not in orphans
    ]
    step.table(_LEFT, _LEFT_COLUMNS, rows)
