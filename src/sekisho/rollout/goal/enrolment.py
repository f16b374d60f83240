"""Who can enrol before MFA is enforced, and who is enforced before the wave's day. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from sekisho.account import Snapshot, User, credentials_by_user
from sekisho.rollout.goal.model import (
    Deferral,
    DeferralReason,
    EnforceWhen,
    Stage,
    Wave,
    policy_arn,
)

_WAITING = (DeferralReason.ENROLMENT, DeferralReason.PASSWORD)


def own_day(wave: Wave, joined: date | None) -> date:
    """Return from which day on MFA is enforced for a user of a wave at the latest.

    Newcomers have the wave's grace, counted from the day of their first login profile.

    Args:
        wave: the wave.
        joined: that day; None: the user has had none, or it is not known.
    """
    starts = wave.starts or date.min
    if wave.grace is None or wave.enrol_from is None or joined is None:
        return starts
    return max(starts, joined + timedelta(days=wave.grace)) if joined > wave.enrol_from else starts


def ready_users(
    waves: Iterable[Wave], snapshot: Snapshot, accepted: Mapping[str, str]
) -> Iterator[str]:
    """Yield the users who are enforced before their wave's day, as they work with MFA already.

    Somebody whose access key is in use, or may be, waits for the day or for a decision.

    Args:
        waves: of the goal.
        snapshot: the account.
        accepted: what the goal accepts, by `ID` or `ID:USER`.
    """
    opened = [w for w in waves if w.enrolment_open and w.enforce is EnforceWhen.ON_ENROLMENT]
    if not opened:
        return
    held, now = credentials_by_user(snapshot), snapshot.taken_at
    for name in (name for wave in opened for name in wave.users):
        decided = f"keys-in-use:{name}" in accepted
        works_with_mfa = signed_in_with_device(snapshot.user_named[name])
        if works_with_mfa and (decided or held[name].keys_work(now) is False):
            yield name


def signed_in_with_device(user: User) -> bool:
    """Return whether a user has signed in at the console since one of their devices was enabled.

    `PasswordLastUsed` is the time of a sign-in with the password. AWS does not document whether it
    moves before the MFA code is asked for; it is taken for a sign-in with the device.
    """
    last_used = user.password.last_used if user.password is not None else None
    return last_used is not None and any(
        device.enabled_at is not None and device.enabled_at < last_used for device in user.devices
    )


def users_having(
    stages: Iterable[Stage], snapshot: Snapshot, waves: Iterable[Wave]
) -> Iterator[str]:
    """Yield the users who have the policy of one of these stages already: they keep it.

    Before the people of a wave can enrol nothing changes for them.
    """
    shut = {name for w in waves if w.enrol_from and not w.enrolment_open for name in w.users}
    for stage in stages:
        arn = policy_arn(snapshot, stage.policy)
        groups = {group.name for group in snapshot.groups if arn in group.attached}
        for user in snapshot.users:
            if user.name not in shut and (
                arn in user.attached or not groups.isdisjoint(user.groups)
            ):
                yield user.name


def enrolling_users(waves: Iterable[Wave], deferred: Mapping[str, Deferral]) -> Iterator[str]:
    """Yield the users who wait and may enrol already: they are to have the enrolment policy."""
    for wave in waves:
        for name in wave.users if wave.enrolment_open else ():
            if name in deferred and deferred[name].reason in _WAITING:
                yield name
