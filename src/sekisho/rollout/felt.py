"""What people will feel of a plan: whose keys stop, who must or cannot enrol, who gains.

Who enrols is walked, and what is lost even with MFA is proved; the rest is decided by the engine on
the account as it is and as it will be, on sampled requests.
"""

from collections.abc import Callable, Iterable
from functools import partial

from sekisho.account import Snapshot, User
from sekisho.prover import Proved
from sekisho.rollout.decide import credentials_of, may, probes
from sekisho.rollout.held import others_of
from sekisho.rollout.outlook import Outlook, policies_or_none
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

__all__ = ["warnings"]


def warnings(outlook: Outlook) -> tuple[Note, ...]:
    """Return what people will feel, each with their names."""
    shut = {*outlook.whom(_told(_newly_shut))}
    told = [user for user in outlook.touched if policies_or_none(outlook.after, user.name)]
    stops = {*others_stop(outlook)}
    named = [
        ("keys-stop", KEYS_STOP, outlook.whom(_told(stopping_key))),
        ("credentials-stop", CREDENTIALS_STOP, _names(told, lambda user: user.name in stops)),
        # what the walk tells is asked for each: more than their policies tells people apart
        ("dead-lock", DEAD_LOCK, _names(told, partial(_dead_locks, outlook))),
        (
            "cannot-enrol",
            CANNOT_ENROL,
            _names(told, lambda user: _cannot_enrol(outlook, user, newly_shut=user.name in shut)),
        ),
        (
            "must-enrol",
            MUST_ENROL,
            _names(told, lambda user: user.name in shut and _must_enrol(outlook, user)),
        ),
    ]
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


def _names(users: Iterable[User], feels: Callable[[User], bool]) -> tuple[str, ...]:
    return tuple(user.name for user in users if feels(user))


def _dead_locks(outlook: Outlook, user: User) -> bool:
    """Return whether the page that asks for a new password is where a sign-in ends."""
    entry = outlook.entries.get(user.name)
    return entry is not None and entry.console is Verdict.REFUTED


def _ways(snapshot: Snapshot, user: User) -> tuple[Credential, ...]:
    """Return the credentials without MFA by which a user may enrol; who has none may get any."""
    key, console = credentials_of(snapshot, user, mfa=False)
    ways = [key] if any(known.active for known in user.keys) else []
    ways += [console] if user.password is not None else []
    return tuple(ways) if ways or others_of(user) else (key, console)


def _newly_shut(outlook: Outlook, user: User) -> bool:
    return is_newly_shut(outlook, user, _ways(outlook.after, user), probes(user))


def _cannot_enrol(outlook: Outlook, user: User, *, newly_shut: bool) -> bool:
    """Return whether a user without a device has to enrol and may not, or might until now."""
    if not _lacks_device(outlook, user):
        return False
    if outlook.entering.enrols(user) is not Verdict.REFUTED:
        return False
    return newly_shut or (
        outlook.known(user) and outlook.entering_before.enrols(user) is Verdict.PROVED
    )


def _must_enrol(outlook: Outlook, user: User) -> bool:
    """Return whether a user who comes to be shut out has no device, and is not known to be stuck.

    Nobody sets up MFA who does not come so far.
    """
    entry = outlook.entries.get(user.name)
    stuck = entry is not None and entry.verdict is Verdict.REFUTED
    if stuck or not _lacks_device(outlook, user):
        return False
    return outlook.entering.enrols(user) is not Verdict.REFUTED


def _lacks_device(outlook: Outlook, user: User) -> bool:
    """Return whether it is known that the user has no device."""
    return not user.devices and "ListMFADevices" not in outlook.unread.get(user.name, ())


def _open_to_services(outlook: Outlook, user: User) -> bool:
    enforcement = outlook.enforcements.get(user.name)
    if enforcement is None or enforcement.via_service is None or not outlook.gets_policy(user):
        return False
    return not isinstance(enforcement.via_service, Proved)


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
