"""What people will feel of a plan: whose keys stop, who must or cannot enrol, who gains or loses.

Everything is decided by the engine on the account as it is and as it will be, on sampled requests.
"""

from collections.abc import Callable, Iterable, Iterator

from sekisho.account import Snapshot, User
from sekisho.engine import DecisionEffect
from sekisho.policy import Document, Effect
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
from sekisho.rollout.plan import Note, Verdict
from sekisho.rollout.texts import (
    CANNOT_ENROL,
    DEAD_LOCK,
    GAINS,
    KEYS_STOP,
    LOSES,
    MUST_ENROL,
    STILL_STUCK,
    VIA_SERVICE,
)
from sekisho.signin import Credential

__all__ = ["is_locked_out", "may_stop_key", "stopping_key", "warnings"]

_OWN_CALLS = ("iam:", "sts:")


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
    named = [(identity, text, outlook.whom(_told(feels))) for identity, text, feels in found]
    stuck = tuple(
        name
        for name, entry in outlook.entries.items()
        if entry.verdict is not Verdict.PROVED and outlook.was_stuck(name)
    )
    named.append(("still-stuck", STILL_STUCK, stuck))
    return tuple(Note(identity, text, names) for identity, text, names in named if names)


def _told(feels: Callable[[Outlook, User], bool]) -> Callable[[Outlook, User], bool]:
    """Return the question of whom something can be told; the plan is refused for the others."""
    return lambda outlook, user: (
        policies_or_none(outlook.after, user.name) is not None and feels(outlook, user)
    )


def is_locked_out(outlook: Outlook, user: User) -> bool:
    """Return whether a user comes to be shut out even with MFA.

    Either explicit denies come to stop every probe, or of what was allowed nothing is left.

    Raises:
        FaultyAccount: if it cannot be told what will decide for the user.
    """
    (with_mfa,) = credentials_of(outlook.after, user, mfa=True)
    denied = is_shut_out(outlook.after, user, with_mfa) and not holds(
        lambda snapshot, known: is_shut_out(snapshot, known, with_mfa), outlook.before, user
    )
    # what enrolling needs stays open behind any gate, and is not what MFA opens
    taken = (ask for ask in _taken_by_name(outlook, user) if not ask.action.startswith(_OWN_CALLS))
    asks = (*probes(user), *administering(user), *taken)
    return denied or (
        any(_might(outlook, user, with_mfa, ask) for ask in asks)
        and not any(may(outlook.after, user, with_mfa, ask) for ask in asks)
    )


def _might(outlook: Outlook, user: User, credential: Credential, ask: Ask) -> bool:
    """Return whether a user was allowed something before; nobody new was."""
    return holds(
        lambda snapshot, known: may(snapshot, known, credential, ask), outlook.before, user
    )


def _ways(snapshot: Snapshot, user: User) -> tuple[Credential, ...]:
    """Return the credentials without MFA that a user has; who has none yet may get any."""
    key, console = credentials_of(snapshot, user, mfa=False)
    ways = [key] if any(known.active for known in user.keys) else []
    ways += [console] if user.password is not None else []
    return tuple(ways) or (key, console)


def _is_newly_shut(outlook: Outlook, user: User, ways: tuple[Credential, ...]) -> bool:
    """Return whether a probe stops in one of the ways in, and no gate stood there before."""
    return not outlook.was_gated(user) and any(
        _stops(outlook, user, way, probe) for way in ways for probe in probes(user)
    )


def _stops(outlook: Outlook, user: User, way: Credential, ask: Ask) -> bool:
    """Return whether a request comes to be denied that was allowed, or that nothing denied.

    Probes stand for what else the user is allowed, so that a new Deny counts for both.
    """
    was, will = (_effect(each, user, way, ask) for each in (outlook.before, outlook.after))
    if will is DecisionEffect.EXPLICITLY_DENIED:
        return was is not DecisionEffect.EXPLICITLY_DENIED
    return was is DecisionEffect.ALLOWED and will is not DecisionEffect.ALLOWED


def _effect(snapshot: Snapshot, user: User, way: Credential, ask: Ask) -> DecisionEffect | None:
    policies = policies_or_none(snapshot, user.name)
    return None if policies is None else asked(snapshot, way, policies, user.tags, ask).effect


def stopping_key(outlook: Outlook, user: User) -> bool:
    """Return whether the user has an active key that comes to be shut out, as far as is known."""
    return any(known.active for known in user.keys) and may_stop_key(outlook, user)


def may_stop_key(outlook: Outlook, user: User) -> bool:
    """Return whether an active key of the user comes to be shut out, or one that was not read."""
    unread = "ListAccessKeys" in outlook.unread.get(user.name, ())
    if not unread and not any(known.active for known in user.keys):
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
    if not _lacks_device(outlook, user) or _enrols(outlook.after, user):
        return False
    ways = _ways(outlook.after, user)
    return _is_newly_shut(outlook, user, ways) or holds(_enrols, outlook.before, user)


def _must_enrol(outlook: Outlook, user: User) -> bool:
    if not _lacks_device(outlook, user):
        return False
    ways = _ways(outlook.after, user)
    return _is_newly_shut(outlook, user, ways) and _enrols(outlook.after, user)


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
        for ask in (*probes(user), *administering(user))
    )


def _loses(outlook: Outlook, user: User) -> bool:
    """Return whether something is not allowed any more even to a session with MFA."""
    (with_mfa,) = credentials_of(outlook.after, user, mfa=True)
    named = (*_denied_by_name(outlook, user), *_taken_by_name(outlook, user))
    return any(
        _might(outlook, user, with_mfa, ask) and not may(outlook.after, user, with_mfa, ask)
        for ask in (*probes(user), *administering(user), *named)
    )


def _denied_by_name(outlook: Outlook, user: User) -> Iterator[Ask]:
    """Yield requests that the goal's policy denies by name, whatever its conditions say."""
    attached = (outlook.after.policies.get(arn) for arn in outlook.policies)
    documents = [policy.document for policy in attached if policy]
    yield from _by_name(documents, Effect.DENY, user)


def _taken_by_name(outlook: Outlook, user: User) -> Iterator[Ask]:
    """Yield requests that were allowed by name in what does not decide for the user any more."""
    before, after = (
        policies_or_none(snapshot, user.name) for snapshot in (outlook.before, outlook.after)
    )
    if before is not None and after is not None:
        stays = [each.document for each in after.identity]
        taken = [each.document for each in before.identity if each.document not in stays]
        yield from _by_name(taken, Effect.ALLOW, user)


def _by_name(documents: Iterable[Document], effect: Effect, user: User) -> Iterator[Ask]:
    """Yield a request for each action that statements of this effect name."""
    for statement in (s for document in documents for s in document.statements):
        action, resource = statement.action, statement.resource
        if statement.effect is not effect or action.negated:
            continue
        values = ("*",) if resource is None or resource.negated else resource.values
        for name in samples_of(action):
            for value in values:
                own = value.replace("${aws:username}", user.name)
                yield Ask(name, own if own == "*" else own.replace("*", "x"), {})
