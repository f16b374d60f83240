"""The stories that must have a good end, and the thieves who must not get far.

Source: the issue of this prover, and facts §5.1 and §5.2 (known weaknesses of the pattern).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sekisho.language import Text
from sekisho.prover.walk.model import (
    ROLE_HOLD,
    Act,
    Deed,
    Device,
    Hand,
    Held,
    Hold,
    Password,
    Person,
    State,
    Who,
)
from sekisho.prover.walk.search import Goal, Question
from sekisho.signin import MAX_DEVICES

__all__ = ["PEOPLE", "THIEVES", "Kind", "Story", "story"]

PATH = "/staff/"

_SIGN_IN = frozenset({Act.SIGN_IN, Act.GIVE_CODE, Act.NEW_PASSWORD})
_ENROL = frozenset({Act.CREATE_DEVICE, Act.ENABLE_DEVICE, Act.DELETE_DEVICE})
_BY_PERSON = _SIGN_IN | _ENROL | {Act.CHANGE_PASSWORD, Act.SESSION_TOKEN}
_BY_THIEF = _BY_PERSON | {
    *(Act.REGISTER_PASSKEY, Act.DEACTIVATE_DEVICE, Act.CREATE_LOGIN, Act.UPDATE_LOGIN),
    *(Act.CREATE_KEY, Act.ASSUME_ROLE, Act.ADD_TO_GROUP, Act.REMOVE_FROM_GROUP),
}

_POLICY_ACTS = (Act.ATTACH_POLICY, Act.DETACH_POLICY)
_GROUP_ACTS = (Act.ADD_TO_GROUP, Act.REMOVE_FROM_GROUP)

_OWN_DEVICE = frozenset({Device(Hand.ACTOR, Who.USER)})
_FAR_DEVICE = frozenset({Device(Hand.ELSEWHERE, Who.USER)})
_KEY = frozenset({Hold(Who.USER, Held.KEY)})
_HELP = Hold(Who.ADMINISTRATOR, Held.CONSOLE_MFA)


class Kind(StrEnum):
    """What is asked of a story."""

    GETS_IN = "gets in"
    STAYS_OUT = "stays out"


@dataclass(frozen=True, slots=True)
class Story:
    """A person or a thief, and the question about them.

    Attributes:
        title: who it is, and what is asked.
        path: the user's IAM path.
        beyond: why no policy alone can close it; None if one can.
    """

    id: str
    kind: Kind
    title: Text
    question: Question
    path: str = "/"
    beyond: Text | None = None


def _mfa(*held: Held) -> Goal:
    return Goal(frozenset(Hold(Who.USER, each) for each in held))


_IN = _mfa(Held.CONSOLE_MFA, Held.TOKEN_MFA)
_TOKEN = _mfa(Held.TOKEN_MFA)


def _enters(
    id: str,  # noqa: A002 - what it is
    title: Text,
    start: State,
    *,
    goal: Goal = _IN,
    helps: Iterable[Act] = (),
) -> Story:
    helping = frozenset(helps)
    if helping:
        start = replace(start, holds=start.holds | {_HELP})
    return Story(id, Kind.GETS_IN, title, Question(start, goal, _BY_PERSON, helping))


_TEMPORARY = Person(Password.KNOWN, must_change=True)
_KNOWN = Person(Password.KNOWN)
_ORPHAN = frozenset({Device(Hand.ELSEWHERE, Who.USER)})
_EXPIRED = Person(Password.KNOWN, must_change=True, devices=_OWN_DEVICE, member=True)
_EIGHT_DEVICES = Person(
    Password.KNOWN, devices=frozenset({Device(Hand.ACTOR)}), further=MAX_DEVICES - 1, member=True
)

_NINTH_DEVICE = Story(
    "ninth-device",
    Kind.GETS_IN,
    Text(
        "a user with eight devices who replaces one by a new phone",
        "MFA デバイスを 8 台持ち、1 台を新しいスマートフォンに替えるユーザー",
    ),
    Question(
        State(_EIGHT_DEVICES), Goal(devices=_OWN_DEVICE), _BY_PERSON | {Act.DEACTIVATE_DEVICE}
    ),
)

_PASSKEY_ONLY = Story(
    "passkey-only",
    Kind.GETS_IN,
    Text(
        "a new user who has a passkey and no authenticator app",
        "認証アプリがなくパスキーだけを持つ新規ユーザー",
    ),
    Question(State(_TEMPORARY), _IN, _SIGN_IN | {Act.REGISTER_PASSKEY}),
)

PEOPLE: tuple[Story, ...] = (
    _enters(
        "new-user",
        Text("a new user with a temporary password", "一時パスワードを受け取った新規ユーザー"),
        State(_TEMPORARY),
    ),
    _enters(
        "half-enrolled",
        Text(
            "a user whose first device was created and never enabled",
            "最初の MFA デバイスを作成したまま有効にしていないユーザー",
        ),
        State(_KNOWN, unassigned=_ORPHAN),
    ),
    replace(
        _enters(
            "user-with-a-path",
            Text("a new user with a path in the ARN", "ARN にパスを持つ新規ユーザー"),
            State(_TEMPORARY),
        ),
        path=PATH,
    ),
    _enters(
        "lost-phone",
        Text(
            "a user who has lost the phone; an administrator takes the device off",
            "スマートフォンを失い、管理者に MFA デバイスを外してもらうユーザー",
        ),
        State(Person(Password.KNOWN, devices=_FAR_DEVICE, member=True)),
        helps={Act.DEACTIVATE_DEVICE, Act.DELETE_DEVICE, Act.REMOVE_FROM_GROUP},
    ),
    _PASSKEY_ONLY,
    _enters(
        "key-user",
        Text(
            "a user with an access key and no password, through GetSessionToken",
            "パスワードがなくアクセスキーだけを持つユーザー (GetSessionToken を使う)",
        ),
        State(holds=_KEY),
        goal=_TOKEN,
    ),
    _enters(
        "key-user-helped",
        Text(
            "a user with an access key and no password; an administrator enables the device",
            "パスワードがなくアクセスキーだけを持ち、"
            "管理者に MFA デバイスを有効にしてもらうユーザー",
        ),
        State(holds=_KEY),
        goal=_TOKEN,
        helps={Act.CREATE_DEVICE, Act.ENABLE_DEVICE},
    ),
    _enters(
        "password-expired",
        Text(
            "a user with a device whose password has expired",
            "MFA デバイスを持ち、パスワードの有効期限が切れたユーザー",
        ),
        State(_EXPIRED),
    ),
    _enters(
        "password-hard-expired",
        Text(
            "a user with a device and a password that HardExpiry keeps expired; an administrator "
            "sets another",
            "MFA デバイスを持ち、HardExpiry により期限切れのままのパスワードを"
            "管理者に再設定してもらうユーザー",
        ),
        State(replace(_EXPIRED, hard_expired=True)),
        helps={Act.UPDATE_LOGIN},
    ),
    _NINTH_DEVICE,
)
"""Everybody who must get in."""


def _deeds(*deeds: tuple[Act, Who]) -> Goal:
    return Goal(deeds=frozenset(Deed(act, who) for act, who in deeds))


_ENTERED = Goal(
    frozenset(
        Hold(who, held)
        for who in (Who.USER, Who.COLLEAGUE)
        for held in (Held.CONSOLE_MFA, Held.TOKEN_MFA)
    ),
    frozenset({Deed(Act.WORK, Who.USER), Deed(Act.WORK, Who.COLLEAGUE)}),
)
"""A session with MFA as anybody, or work done without one."""

# under another name, so that the thief may create one of the user's own
_ENROLLED = Person(Password.UNKNOWN, devices=frozenset({Device(Hand.ELSEWHERE)}), member=True)
_COLLEAGUE_ORPHAN = Device(Hand.ELSEWHERE, Who.COLLEAGUE)
_WITH_DEVICE = State(_ENROLLED, _ENROLLED, holds=_KEY)


def _thief(
    id: str,  # noqa: A002 - what it is
    title: Text,
    start: State,
    goal: Goal = _ENTERED,
    beyond: Text | None = None,
) -> Story:
    acts = _BY_THIEF | {deed.act for deed in goal.deeds}
    question = Question(start, goal, acts, on_others=True)
    return Story(id, Kind.STAYS_OUT, title, question, beyond=beyond)


_SAME_PERSON = Text(
    "Who knows the password of a user without a device is that user to AWS: what keeps the thief "
    "out keeps the user out. Hand temporary passwords over safely, and give users no permissions "
    "before they have enrolled.",
    "MFA デバイスのないユーザーのパスワードを知る者は、AWS からは本人と区別できません。"
    "この者を締め出すポリシーは本人も締め出します。一時パスワードは安全に渡し、"
    "登録が済むまでユーザーに権限を与えないでください。",
)
_NOT_ASKED = Text(
    "A policy of the user is not asked about a session of a role. Let the role's trust policy ask "
    "for MFA, so that nobody gets such a session without it.",
    "ロールのセッションにはユーザーのポリシーが適用されません。"
    "ロールの信頼ポリシーで MFA を条件にし、MFA なしではセッションを得られないようにしてください。",
)


def _admin_key(name: str, en: str, ja: str, goal: Goal, start: State = _WITH_DEVICE) -> Story:
    title = Text(
        f"the leaked key of an administrator with a device: {en}",
        f"MFA デバイスを持つ管理者のアクセスキーの漏えい: {ja}",
    )
    return _thief(f"admin-key-{name}", title, start, goal)


THIEVES: tuple[Story, ...] = (
    _thief(
        "key-without-device",
        Text(
            "the leaked key of a user without a device",
            "MFA デバイスのないユーザーのアクセスキーの漏えい",
        ),
        State(Person(Password.UNKNOWN), Person(), holds=_KEY),
    ),
    _thief(
        "key-with-device",
        Text(
            "the leaked key of a user with a device",
            "MFA デバイスを持つユーザーのアクセスキーの漏えい",
        ),
        replace(_WITH_DEVICE, colleague=Person()),
    ),
    _thief(
        "temporary-password",
        Text("a stolen temporary password", "盗まれた一時パスワード"),
        State(_TEMPORARY, Person()),
        beyond=_SAME_PERSON,
    ),
    _thief(
        "password-without-device",
        Text(
            "a stolen password of a user without a device",
            "MFA デバイスのないユーザーの盗まれたパスワード",
        ),
        State(_KNOWN, Person()),
        beyond=_SAME_PERSON,
    ),
    _thief(
        "password-with-device",
        Text(
            "a stolen password of a user with a device",
            "MFA デバイスを持つユーザーの盗まれたパスワード",
        ),
        State(replace(_ENROLLED, password=Password.KNOWN), Person()),
    ),
    _admin_key(
        "enables-device",
        "enables a device on another user",
        "ほかのユーザーに MFA デバイスを有効にする",
        _deeds((Act.ENABLE_DEVICE, Who.COLLEAGUE)),
    ),
    _admin_key(
        "creates-login",
        "gives another user a password",
        "ほかのユーザーにパスワードを作る",
        _deeds((Act.CREATE_LOGIN, Who.COLLEAGUE)),
        replace(_WITH_DEVICE, colleague=Person()),
    ),
    _admin_key(
        "resets-login",
        "resets another user's password",
        "ほかのユーザーのパスワードを再設定する",
        _deeds((Act.UPDATE_LOGIN, Who.COLLEAGUE)),
    ),
    _admin_key(
        "policies",
        "attaches or detaches a user's policies",
        "ユーザーのポリシーをアタッチ・デタッチする",
        _deeds(
            *((act, who) for act in _POLICY_ACTS for who in (Who.USER, Who.COLLEAGUE)),
        ),
    ),
    _admin_key(
        "groups",
        "adds or removes members of a group",
        "グループのメンバーを追加・削除する",
        _deeds(*((act, who) for act in _GROUP_ACTS for who in (Who.USER, Who.COLLEAGUE))),
        replace(_WITH_DEVICE, colleague=replace(_WITH_DEVICE.colleague, member=False)),
    ),
    _admin_key(
        "trust",
        "changes whom a role trusts",
        "ロールの信頼ポリシーを変更する",
        _deeds((Act.UPDATE_TRUST, Who.USER), (Act.UPDATE_TRUST, Who.COLLEAGUE)),
    ),
    _admin_key(
        "removes-devices",
        "deactivates or deletes another user's device",
        "ほかのユーザーの MFA デバイスを無効化・削除する",
        _deeds((Act.DEACTIVATE_DEVICE, Who.COLLEAGUE), (Act.DELETE_DEVICE, Who.COLLEAGUE)),
        replace(_WITH_DEVICE, unassigned=frozenset({_COLLEAGUE_ORPHAN})),
    ),
    _thief(
        "role-without-mfa",
        Text(
            "a leaked key, and a role whose trust policy does not ask for MFA",
            "アクセスキーの漏えいと、信頼ポリシーが MFA を求めないロール",
        ),
        _WITH_DEVICE,
        Goal(frozenset({ROLE_HOLD})),
    ),
    _thief(
        "role-session",
        Text("a stolen session of a role", "盗まれたロールのセッション"),
        State(holds=frozenset({ROLE_HOLD})),
        _deeds((Act.WORK, Who.USER)),
        beyond=_NOT_ASKED,
    ),
    _thief(
        "service",
        Text(
            "a leaked key, and a service that acts with the user's rights",
            "アクセスキーの漏えいと、ユーザーの権限で動くサービス",
        ),
        _WITH_DEVICE,
        _deeds((Act.SERVICE, Who.USER), (Act.SERVICE, Who.COLLEAGUE)),
    ),
)
"""Everybody who must not get in, or must not do that."""


def story(name: str) -> Story:
    """Return a story by its id; raises KeyError if there is none."""
    return {each.id: each for each in (*PEOPLE, *THIEVES)}[name]
