"""What people will feel of a plan: whose keys stop, who must or cannot enrol, who gains.

This is decided by the engine on the account as it is and as it will be, on sampled requests; what
is lost even with MFA is proved.
"""

from collections.abc import Callable
from itertools import product

from sekisho.account import Snapshot, User
from sekisho.prover import Proved
from sekisho.rollout.decide import Ask, changes_password, credentials_of, devices_for, may, probes
from sekisho.rollout.held import others_of
from sekisho.rollout.outlook import Outlook, holds, policies_or_none
from sekisho.rollout.plan import Note, Verdict
from sekisho.rollout.stopping import is_newly_shut, others_stop, stopping_key
from sekisho.rollout.taken import losing
from sekisho.rollout.texts import (
    CANNOT_ENROL,
    CREDENTIALS_STOP,
    DEAD_LOCK,
    GAINS,
    KEYS_STOP,
    MUST_ENROL,
    STILL_STUCK,
    VIA_SERVICE,
)
from sekisho.signin import Credential

__all__ = ["must_change", "shut_at_console", "warnings"]


def warnings(outlook: Outlook) -> tuple[Note, ...]:
    """Return what people will feel, each with their names."""
    found = (
        ("keys-stop", KEYS_STOP, stopping_key),
        ("dead-lock", DEAD_LOCK, _dead_locks),
        ("cannot-enrol", CANNOT_ENROL, _cannot_enrol),
        ("must-enrol", MUST_ENROL, _must_enrol),
    )
    named = [(identity, text, outlook.whom(_told(feels))) for identity, text, feels in found]
    stops = tuple(
        name for name in others_stop(outlook) if policies_or_none(outlook.after, name) is not None
    )
    named.insert(1, ("credentials-stop", CREDENTIALS_STOP, stops))
    # of whom the policy is theirs, and not only one that says the same
    served = tuple(user.name for user in outlook.touched if _open_to_services(outlook, user))
    stuck = tuple(
        name
        for name, entry in outlook.entries.items()
        if entry.verdict is not Verdict.PROVED and outlook.was_stuck(name)
    )
    gaining = {*outlook.whom(_told(_gains))}
    gains = tuple(u.name for u in outlook.touched if u.name in gaining or _rises(outlook, u))
    named += [("via-service", VIA_SERVICE, served), ("gains", GAINS, gains)]
    named.append(("still-stuck", STILL_STUCK, stuck))
    notes = (Note(identity, text, names) for identity, text, names in named if names)
    return (*notes, *losing(outlook))


def _told(feels: Callable[[Outlook, User], bool]) -> Callable[[Outlook, User], bool]:
    """Return the question of whom something can be told; the plan is refused for the others."""
    return lambda outlook, user: (
        policies_or_none(outlook.after, user.name) is not None and feels(outlook, user)
    )


def _ways(snapshot: Snapshot, user: User) -> tuple[Credential, ...]:
    """Return the credentials without MFA by which a user may enrol; who has none may get any."""
    key, console = credentials_of(snapshot, user, mfa=False)
    ways = [key] if any(known.active for known in user.keys) else []
    ways += [console] if user.password is not None else []
    return tuple(ways) if ways or others_of(user) else (key, console)


def must_change(outlook: Outlook, user: User) -> bool:
    """Return whether it is known that the password must be changed at the next sign-in."""
    if user.password is None:
        return False
    facts = outlook.facts.get(user.name)
    expired = facts is not None and facts.must_change is True
    return user.password.reset_required or expired


def _dead_locks(outlook: Outlook, user: User) -> bool:
    """Return whether a forced password change at sign-in would be denied.

    Who has a device is asked for a code first (fact §8.1).
    """
    if not must_change(outlook, user):
        return False
    console = credentials_of(outlook.after, user, mfa=bool(user.devices))[-1]
    return not any(changes_password(outlook.after, user, console))


def shut_at_console(outlook: Outlook, user: User) -> bool:
    """Return whether the password must be changed at the next sign-in and cannot be.

    By `HardExpiry` only an administrator can change one that has expired, whatever policies say.
    """
    facts, rules = outlook.facts.get(user.name), outlook.after.password_policy
    if rules is not None and rules.hard_expiry and facts is not None and facts.expired:
        return True
    return _dead_locks(outlook, user)


def _enrols(snapshot: Snapshot, user: User) -> bool:
    """Return whether the user can set up a first device in one of their ways without MFA."""
    creates = (
        Ask("iam:CreateVirtualMFADevice", device, {}) for device in devices_for(snapshot, user)
    )
    enables = Ask("iam:EnableMFADevice", user.arn, {})
    ways = _ways(snapshot, user)
    return any(
        may(snapshot, user, way, create) and may(snapshot, user, way, enables)
        for create, way in product(creates, ways)
    )


def _cannot_enrol(outlook: Outlook, user: User) -> bool:
    """Return whether a user without a device has to enrol and may not, or might until now."""
    if not _lacks_device(outlook, user) or _enrols(outlook.after, user):
        return False
    ways = _ways(outlook.after, user)
    return is_newly_shut(outlook, user, ways, probes(user)) or holds(_enrols, outlook.before, user)


def _must_enrol(outlook: Outlook, user: User) -> bool:
    entry = outlook.entries.get(user.name)
    stuck = entry is not None and entry.verdict is Verdict.REFUTED
    if stuck or not _lacks_device(outlook, user):
        return False
    ways = _ways(outlook.after, user)
    return is_newly_shut(outlook, user, ways, probes(user)) and _enrols(outlook.after, user)


def _lacks_device(outlook: Outlook, user: User) -> bool:
    """Return whether it is known that the user has no device."""
    return not user.devices and "ListMFADevices" not in outlook.unread.get(user.name, ())


def _open_to_services(outlook: Outlook, user: User) -> bool:
    gate = outlook.gates.get(user.name)
    if gate is None or gate.via_service is None or not outlook.gets_policy(user):
        return False
    return not isinstance(gate.via_service, Proved)


def _gains(outlook: Outlook, user: User) -> bool:
    """Return whether somebody who is there already may do what nothing allowed them before."""
    if policies_or_none(outlook.before, user.name) is None:
        return False
    return any(
        may(outlook.after, user, credential, ask) and not may(outlook.before, user, credential, ask)
        for mfa in (False, True)
        for credential in credentials_of(outlook.after, user, mfa=mfa)
        for ask in probes(user)
    )


def _rises(outlook: Outlook, user: User) -> bool:
    """Return whether somebody who is there already may come to be an administrator."""
    if not outlook.known(user) or isinstance(outlook.administrators.of(user), Proved):
        return False
    return isinstance(outlook.administrators_before.of(user), Proved)
