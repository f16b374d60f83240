"""What people will feel of a plan: whose keys stop, who must or cannot enrol, who gains or loses.

Everything is decided by the engine on the account as it is and as it will be, on sampled requests.
"""

from collections.abc import Callable, Iterator

from sekisho.account import Snapshot, User
from sekisho.engine import DecisionEffect
from sekisho.policy import Effect
from sekisho.prover import Proved
from sekisho.rollout.decide import (
    Ask,
    administering,
    asked,
    credentials_of,
    is_shut_out,
    may,
    probes,
    samples_of,
)
from sekisho.rollout.outlook import Outlook, holds, policies_or_none
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import (
    CANNOT_ENROL,
    DEAD_LOCK,
    GAINS,
    KEYS_STOP,
    LOSES,
    MUST_ENROL,
    VIA_SERVICE,
)
from sekisho.signin import Credential

__all__ = ["is_locked_out", "stopping_key", "warnings", "was_locked_out"]


def warnings(outlook: Outlook) -> tuple[Note, ...]:
    """Return what people will feel, each with their names."""
    found = (
        ("keys-stop", KEYS_STOP, stopping_key),
        ("dead-lock", DEAD_LOCK, _dead_locks),
        ("cannot-enrol", CANNOT_ENROL, _cannot_enrol),
        ("must-enrol", MUST_ENROL, _must_enrol),
        ("via-service", VIA_SERVICE, _open_to_services),
        ("gains", GAINS, _gains),
        ("loses", LOSES, _loses),
    )
    named = ((identity, text, outlook.whom(_told(feels))) for identity, text, feels in found)
    return tuple(Note(identity, text, names) for identity, text, names in named if names)


def _told(feels: Callable[[Outlook, User], bool]) -> Callable[[Outlook, User], bool]:
    """Return the question of whom something can be told; the plan is refused for the others."""
    return lambda outlook, user: (
        policies_or_none(outlook.after, user.name) is not None and feels(outlook, user)
    )


def is_locked_out(outlook: Outlook, user: User) -> bool:
    """Return whether explicit denies come to stop every probe even with MFA.

    Raises:
        FaultyAccount: if it cannot be told what will decide for the user.
    """
    (with_mfa,) = credentials_of(outlook.after, user, mfa=True)
    return is_shut_out(outlook.after, user, with_mfa) and not holds(
        lambda snapshot, known: is_shut_out(snapshot, known, with_mfa), outlook.before, user
    )


def was_locked_out(outlook: Outlook, user: User) -> bool:
    """Return whether explicit denies stop every probe already, with MFA and without."""
    ways = [way for mfa in (False, True) for way in credentials_of(outlook.before, user, mfa=mfa)]
    return holds(
        lambda snapshot, known: all(is_shut_out(snapshot, known, way) for way in ways),
        outlook.before,
        user,
    )


def _ways(snapshot: Snapshot, user: User) -> tuple[Credential, ...]:
    """Return the credentials without MFA that a user has; who has none yet may get any."""
    key, console = credentials_of(snapshot, user, mfa=False)
    ways = [key] if any(known.active for known in user.keys) else []
    ways += [console] if user.password is not None else []
    return tuple(ways) or (key, console)


def _is_newly_shut(outlook: Outlook, user: User, ways: tuple[Credential, ...]) -> bool:
    """Return whether one of the ways in without MFA is shut, and no gate stood there before."""
    return not outlook.was_gated(user) and any(
        is_shut_out(outlook.after, user, way) for way in ways
    )


def stopping_key(outlook: Outlook, user: User) -> bool:
    """Return whether the user has an active key that comes to be shut out, as far as is known."""
    if not any(known.active for known in user.keys):
        return False
    key = credentials_of(outlook.after, user, mfa=False)[:1]
    return holds(lambda _, known: _is_newly_shut(outlook, known, key), outlook.after, user)


def _dead_locks(outlook: Outlook, user: User) -> bool:
    """Return whether a forced password change at sign-in would be denied."""
    if user.password is None or not user.password.reset_required:
        return False
    console = credentials_of(outlook.after, user, mfa=False)[-1]
    return not may(outlook.after, user, console, Ask("iam:ChangePassword", user.arn, {}))


def _enrols(snapshot: Snapshot, user: User) -> bool:
    """Return whether the user can set up a first device in one of their ways without MFA.

    The device may have any name.
    """
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/any-name"
    needed = (
        Ask("iam:CreateVirtualMFADevice", device, {}),
        Ask("iam:EnableMFADevice", user.arn, {}),
    )
    return any(
        all(may(snapshot, user, way, ask) for ask in needed) for way in _ways(snapshot, user)
    )


def _cannot_enrol(outlook: Outlook, user: User) -> bool:
    """Return whether a user without a device has to enrol and may not, or might until now."""
    if user.devices or _enrols(outlook.after, user):
        return False
    ways = _ways(outlook.after, user)
    return _is_newly_shut(outlook, user, ways) or holds(_enrols, outlook.before, user)


def _must_enrol(outlook: Outlook, user: User) -> bool:
    ways = _ways(outlook.after, user)
    return not user.devices and _is_newly_shut(outlook, user, ways) and _enrols(outlook.after, user)


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
        for ask in (*probes(user), *administering(user))
    )


def _loses(outlook: Outlook, user: User) -> bool:
    """Return whether explicit denies take something away even from a session with MFA."""
    before, after = (
        policies_or_none(snapshot, user.name) for snapshot in (outlook.before, outlook.after)
    )
    if before is None or after is None:
        return False
    (with_mfa,) = credentials_of(outlook.after, user, mfa=True)
    return any(
        may(outlook.before, user, with_mfa, ask)
        and asked(outlook.after, with_mfa, after, user.tags, ask).effect
        is DecisionEffect.EXPLICITLY_DENIED
        for ask in (*probes(user), *administering(user), *_denied_by_name(outlook, user))
    )


def _denied_by_name(outlook: Outlook, user: User) -> Iterator[Ask]:
    """Yield requests that the goal's policy denies by name, whatever its conditions say."""
    attached = (outlook.after.policies.get(arn) for arn in outlook.policies)
    for statement in (s for policy in attached if policy for s in policy.document.statements):
        action, resource = statement.action, statement.resource
        if statement.effect is not Effect.DENY or action.negated:
            continue
        values = ("*",) if resource is None or resource.negated else resource.values
        for name in samples_of(action):
            for value in values:
                own = value.replace("${aws:username}", user.name)
                yield Ask(name, own if own == "*" else own.replace("*", "x"), {})
