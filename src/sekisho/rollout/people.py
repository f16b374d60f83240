"""What a plan comes to for each person, in one sentence."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from sekisho.account import User
from sekisho.audit import Enforced
from sekisho.messages import Message, verbatim
from sekisho.rollout.goal import Goal, Waits
from sekisho.rollout.outlook import Outlook
from sekisho.rollout.plan import Person, Verdict
from sekisho.rollout.stopping import others_may_stop, others_stop, stopping_key

__all__ = ["Fate", "people"]


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
