"""What a plan comes to for each person, in one sentence."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from sekisho.account import User
from sekisho.audit import Gated
from sekisho.language import Text
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
    NOT_GATED = "not-gated"
    GATE_UNKNOWN = "gate-unknown"
    UNCHANGED = "unchanged"
    WAITS_WAVE = Waits.WAVE.value
    WAITS_PASSWORD = Waits.PASSWORD.value
    EXEMPT = Waits.EXEMPT.value
    BREAK_GLASS = "break-glass"


_TEXTS: Mapping[Fate, Text] = {
    Fate.READY: Text(
        "Has an MFA device: signs in with it as today.",
        "MFA デバイスがあります。今までどおり MFA でサインインします。",
    ),
    Fate.ENROLS: Text(
        "Sets up MFA at the next sign-in, and can do little before.",
        "次回サインイン時に MFA を設定します。それまではほとんど何もできません。",
    ),
    Fate.NEW_PASSWORD: Text(
        "Must change the password at the next sign-in, then sets up MFA.",
        "次回サインイン時にパスワードを変更し、その後 MFA を設定します。",
    ),
    Fate.KEY_ONLY: Text(
        "Cannot sign in at the console, where the password must be changed and that is refused: "
        "gets in only by access key, and uses MFA with it.",
        "パスワードの変更が必要ですが拒否されるため、コンソールにはサインインできません。"
        "アクセスキーでのみアクセスでき、MFA もアクセスキーで使用します。",
    ),
    Fate.LOCKED_OUT: Text("Cannot get in: {why}.", "サインインできなくなります: {why}"),
    Fate.UNSURE: Text("Whether they get in {why}.", "サインインできるかどうか: {why}"),
    Fate.HOLDS_NOTHING: Text(
        "Has neither a password nor an active key: nothing to sign in with.",
        "パスワードも有効なアクセスキーもないため、サインインの手段がありません。",
    ),
    Fate.SIGNS_IN_NOWHERE: Text(
        "Has neither a password nor an active access key: signs in nowhere.",
        "パスワードも有効なアクセスキーもなく、サインインはしません。",
    ),
    Fate.OTHER: Text(
        "Is not gated; other policies decide than now.",
        "MFA 必須にはなりませんが、適用されるポリシーが変わります。",
    ),
    Fate.NOT_GATED: Text(
        "Gets the policy and is not gated by it: not everything is denied without MFA.",
        "ポリシーは適用されますが、MFA 必須にはなりません。"
        "MFA なしでも拒否されないリクエストがあります。",
    ),
    Fate.GATE_UNKNOWN: Text(
        "Gets the policy; whether it gates them cannot be told.",
        "ポリシーは適用されますが、MFA 必須になるかどうか判断できません。",
    ),
    Fate.UNCHANGED: Text("Nothing changes.", "変更はありません。"),
    Fate.WAITS_WAVE: Text("Waits for {until}.", "{until} まで待ちます。"),
    Fate.WAITS_PASSWORD: Text(
        "Must change the temporary password first; then plan again.",
        "先に一時パスワードの変更が必要です。変更後に計画を作り直してください。",
    ),
    Fate.EXEMPT: Text("An exception until {until}.", "{until} まで例外です。"),
    Fate.BREAK_GLASS: Text(
        "A break-glass user: is not touched.", "緊急用ユーザーのため、変更を加えません。"
    ),
}
_KEYS = Text(
    "Access keys stop working without MFA.", "アクセスキーは MFA なしでは使えなくなります。"
)
_OTHERS = Text(
    "SSH keys, signing certificates or credentials for one service stop working.",
    "SSH キー、署名証明書、またはサービス固有の認証情報が使えなくなります。",
)
_ANY_OTHERS = Text(
    "It could not be read whether SSH keys, signing certificates or credentials for one service "
    "stop working.",
    "使えなくなる SSH キー、署名証明書、サービス固有の認証情報があるかどうか、"
    "読み取れませんでした。",
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


def _stopping(outlook: Outlook) -> Mapping[str, tuple[Text, ...]]:
    """Return by name what is said of what stops for each of the touched."""
    keys, others = outlook.whom(stopping_key), others_stop(outlook)
    any_others = {*others_may_stop(outlook)} - {*others}
    said = ((_KEYS, {*keys}), (_OTHERS, {*others}), (_ANY_OTHERS, any_others))
    return {
        user.name: tuple(text for text, names in said if user.name in names)
        for user in outlook.touched
    }


def _touched(outlook: Outlook, user: User, stopping: tuple[Text, ...]) -> Person:
    fate = _fate(outlook, user)
    why = outlook.entries[user.name].why if user.name in outlook.entries else Text("", "")
    text = _TEXTS[fate]
    en, ja = text.en.format(why=why.en), text.ja.format(why=why.ja)
    en, ja = " ".join([en, *(each.en for each in stopping)]), ja + "".join(e.ja for e in stopping)
    return Person(user.name, fate.value, Text(en, ja))


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
    gated = outlook.gates[user.name].gated
    if gated is not Gated.PROVED:
        return Fate.GATE_UNKNOWN if gated is Gated.UNKNOWN else Fate.NOT_GATED
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
