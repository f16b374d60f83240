"""What a plan comes to for each person, in one sentence."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial

from sekisho.account import Snapshot, User
from sekisho.audit import Enforced
from sekisho.engine import DecisionEffect
from sekisho.messages import Message, verbatim
from sekisho.rollout.credentials import others_of
from sekisho.rollout.goal.model import Goal, Waits
from sekisho.rollout.plan import Person, Verdict
from sekisho.rollout.planning.before_after import Outlook, holds, policies_or_none
from sekisho.rollout.planning.requests import SERVICES, Ask, asked, credentials_of, probes
from sekisho.signin import Credential


class Fate(StrEnum):
    """What happens to a user when the plan is applied."""

    READY = "ready"
    ENROLS = "enrols-first"
    KEY_ONLY = "key-only"
    NEW_PASSWORD = "changes-password-first"  # noqa: S105 - a fate, not a secret
    LOCKED_OUT = "locked-out"
    UNSURE = "unsure"
    HOLDS_NOTHING = "holds-nothing"
    SIGNS_IN_NOWHERE = "signs-in-nowhere"
    OTHER = "other-policies"
    NOT_ENFORCED = "not-enforced"
    ENFORCEMENT_UNKNOWN = "enforcement-unknown"
    UNCHANGED = "unchanged"
    WAITS_WAVE = Waits.WAVE.value
    WAITS_PASSWORD = Waits.PASSWORD.value
    EXEMPT = Waits.EXEMPT.value
    BREAK_GLASS = "break-glass"


_TEXTS: Mapping[Fate, Message] = {
    Fate.READY: Message("Has an MFA device: signs in with it as today."),
    Fate.ENROLS: Message("Sets up MFA at the next sign-in, and can do little before."),
    Fate.NEW_PASSWORD: Message("Must change the password at the next sign-in, then sets up MFA."),
    Fate.KEY_ONLY: Message(
        "Cannot sign in at the console, where the password must be changed and that is refused: "
        "gets in only by access key, and uses MFA with it."
    ),
    Fate.LOCKED_OUT: Message("Cannot get in: {why}."),
    Fate.UNSURE: Message("Whether they get in {why}."),
    Fate.HOLDS_NOTHING: Message(
        "Has neither a password nor an active key: nothing to sign in with."
    ),
    Fate.SIGNS_IN_NOWHERE: Message(
        "Has neither a password nor an active access key: signs in nowhere."
    ),
    Fate.OTHER: Message("Is not enforced; other policies decide than now."),
    Fate.NOT_ENFORCED: Message(
        "Gets the policy and is not enforced by it: not everything is denied without MFA."
    ),
    Fate.ENFORCEMENT_UNKNOWN: Message(
        "Gets the policy; whether it MFA enforcements them cannot be told."
    ),
    Fate.UNCHANGED: Message("Nothing changes."),
    Fate.WAITS_WAVE: Message("Waits for {until}."),
    Fate.WAITS_PASSWORD: Message("Must change the temporary password first; then plan again."),
    Fate.EXEMPT: Message("An exception until {until}."),
    Fate.BREAK_GLASS: Message("A break-glass user: is not touched."),
}
_KEYS = Message("Access keys stop working without MFA.")
_OTHERS = Message("SSH keys, signing certificates or credentials for one service stop working.")
_ANY_OTHERS = Message(
    "It could not be read whether SSH keys, signing certificates or credentials for one service "
    "stop working."
)


def people(outlook: Outlook, goal: Goal) -> tuple[Person, ...]:
    """Return what happens to everybody who is touched, or whom the goal names, by name."""
    waves = {user: wave.name for wave in goal.waves for user in wave.users}
    found = {user: _person(user, Fate.BREAK_GLASS) for user in outlook.break_glass}
    found |= {person.user: person for person in _waiting(goal)}
    found |= {user: _person(user, Fate.UNCHANGED) for user in waves if user not in found}
    stopping = _stopping(outlook)
    found |= {user.name: _touched(outlook, user, stopping[user.name]) for user in outlook.touched}
    return tuple(
        Person(name, person.fate, person.text, waves.get(name, ""))
        for name, person in sorted(found.items())
    )


def _waiting(goal: Goal) -> Iterator[Person]:
    for user, waiting in goal.waiting.items():
        yield _person(user, Fate(waiting.why.value), until=waiting.until)


def _person(user: str, fate: Fate, **values: object) -> Person:
    return Person(user, fate.value, _TEXTS[fate].filled(**values))


def _stopping(outlook: Outlook) -> Mapping[str, tuple[Message, ...]]:
    """Return by name what is said of what stops for each of the touched."""
    keys, others = outlook.whom(stopping_key), others_stop(outlook)
    any_others = {*others_may_stop(outlook)} - {*others}
    said = ((_KEYS, {*keys}), (_OTHERS, {*others}), (_ANY_OTHERS, any_others))
    return {
        user.name: tuple(text for text, names in said if user.name in names)
        for user in outlook.touched
    }


def _touched(outlook: Outlook, user: User, stopping: tuple[Message, ...]) -> Person:
    fate = _fate(outlook, user)
    why = outlook.entries[user.name].why if user.name in outlook.entries else verbatim("")
    text = _TEXTS[fate]
    en, ja = text.en.format(why=why.en), text.ja.format(why=why.ja)
    en, ja = " ".join([en, *(each.en for each in stopping)]), ja + "".join(e.ja for e in stopping)
    return Person(user.name, fate.value, Message.both(en, ja))


def _fate(outlook: Outlook, user: User) -> Fate:
    entry = outlook.entries.get(user.name)
    if entry is None:
        facts = outlook.facts.get(user.name)
        nothing = facts is None or facts.others_told == 0
        return Fate.HOLDS_NOTHING if nothing else Fate.SIGNS_IN_NOWHERE
    if entry.verdict is not Verdict.PROVED:
        return Fate.LOCKED_OUT if entry.verdict is Verdict.REFUTED else Fate.UNSURE
    if not outlook.gets_policy(user):
        return Fate.OTHER
    enforced = outlook.enforcements[user.name].enforced
    if enforced is not Enforced.PROVED:
        return Fate.ENFORCEMENT_UNKNOWN if enforced is Enforced.UNKNOWN else Fate.NOT_ENFORCED
    if entry.console is Verdict.REFUTED:
        return Fate.KEY_ONLY
    if user.devices:
        return Fate.READY
    return Fate.NEW_PASSWORD if _must_change(outlook, user) else Fate.ENROLS


def _must_change(outlook: Outlook, user: User) -> bool:
    """Return whether it is known that the password must be changed at the next sign-in."""
    if user.password is None:
        return False
    facts = outlook.facts.get(user.name)
    expired = facts is not None and facts.must_change is True
    return user.password.reset_required or expired


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
