"""What works without MFA and comes to be shut out: access keys, and what signs in nowhere.

With an SSH key, a signing certificate or a credential for one service there is no MFA at all. That
CodeCommit then refuses is observed; of the other services AWS does not document which MFA keys
such a request has: they are taken as absent, as with an access key (facts §2.2, §13).
"""

from collections.abc import Iterable
from functools import partial

from sekisho.account import Snapshot, User
from sekisho.engine import DecisionEffect
from sekisho.rollout.decide import SERVICES, Ask, asked, credentials_of, probes
from sekisho.rollout.held import others_of
from sekisho.rollout.outlook import Outlook, holds, policies_or_none
from sekisho.signin import Credential

__all__ = [
    "is_newly_shut",
    "may_stop_key",
    "others_may_stop",
    "others_stop",
    "stopping_key",
]


def is_newly_shut(
    outlook: Outlook, user: User, ways: Iterable[Credential], asks: Iterable[Ask]
) -> bool:
    """Return whether a request stops in one of the ways in.

    And no enforcement stood there before.
    """
    sent = tuple(asks)
    return not outlook.was_enforced(user) and any(
        _stops(outlook, user, way, ask) for way in ways for ask in sent
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
    return holds(lambda _, known: _is_key_shut(outlook, known, probes(known)), outlook.after, user)


def _is_key_shut(outlook: Outlook, user: User, asks: Iterable[Ask]) -> bool:
    return is_newly_shut(outlook, user, credentials_of(outlook.after, user, mfa=False)[:1], asks)


def others_stop(outlook: Outlook) -> tuple[str, ...]:
    """Return whose SSH key, certificate or credential for one service comes to be shut out."""
    held = {user.name: _held(outlook, user) for user in outlook.touched}
    asked_about = frozenset[str]().union(*held.values())
    if not asked_about:
        return ()
    shut = outlook.decided(partial(_shut_of, services=asked_about))
    return tuple(name for name, services in held.items() if services & shut[name])


def others_may_stop(outlook: Outlook) -> tuple[str, ...]:
    """Return whose would be shut out if they had any, where it was not read whether they do.

    Who is known to have some that stop is among them.
    """
    known = {*others_stop(outlook)}
    unread = {
        user.name
        for user in outlook.touched
        if (facts := outlook.facts.get(user.name)) is not None and facts.others_unread
    }
    every = frozenset({"", *SERVICES})
    shut = outlook.decided(partial(_shut_of, services=every)) if unread else {}
    return tuple(
        user.name
        for user in outlook.touched
        if user.name in known or (user.name in unread and shut[user.name])
    )


def _held(outlook: Outlook, user: User) -> frozenset[str]:
    """Return the services that a user's active ones are for; "" for any.

    A certificate may be known by the credential report alone.
    """
    facts, listed = outlook.facts.get(user.name), others_of(user)
    more = facts is not None and facts.others > len(listed)
    return frozenset(
        each if each in SERVICES else "" for each in (*listed, *([""] if more else []))
    )


def _shut_of(outlook: Outlook, user: User, *, services: frozenset[str]) -> frozenset[str]:
    """Return for which of the services a user's requests without MFA come to be shut out."""
    return frozenset(each for each in services if _is_key_shut(outlook, user, _asks(user, each)))


def _asks(user: User, service: str) -> tuple[Ask, ...]:
    if service not in SERVICES:
        return probes(user)
    action, resource = SERVICES[service]
    _, partition, _, _, account, _ = user.arn.split(":", 5)
    return (Ask(action, resource.format(partition=partition, account=account), {}),)
