"""A policy's meaning in sentences, in both languages.

What behaves like everything else is not listed one by one, and a user with a path is mentioned
only where the path makes a difference.
"""

from collections.abc import Sequence

from sekisho.audit.meaning import Gate, Line, Meaning, Works
from sekisho.audit.probes import Target
from sekisho.language import Text

__all__ = ["caveats", "sentences"]

_TARGETS = {
    Target.OWN: Text("on the user's own things", "自分のもの"),
    Target.OWN_WITH_PATH: Text(
        "on their own things, for a user whose ARN has a path such as `user/staff/hanako`",
        "ARN に `user/staff/hanako` のようなパスがあるユーザーが、自分のもの",
    ),
    Target.OWN_OTHER_NAME: Text(
        "for a device that is not named like the user", "ユーザー名と違う名前のデバイス"
    ),
    Target.COLLEAGUE: Text("on another user's things", "ほかのユーザーのもの"),
    Target.ACCOUNT: Text("in the account as a whole", "アカウント全体"),
}

_VARIANTS = frozenset({Target.OWN_WITH_PATH, Target.OWN_OTHER_NAME})

_WORKS = {
    Works.NO_POLICY_APPLIES: Text(
        "Works without MFA, since AWS asks no policy about it: no Deny has any effect",
        "AWS がポリシーを参照しないため、MFA なしでもできる (どの Deny も効かない)",
    ),
    Works.WITHOUT_MFA: Text("Works without MFA", "MFA なしでもできる"),
    Works.CONSOLE_WITHOUT_MFA: Text(
        "Works without MFA in the console, but not with an access key",
        "コンソールでは MFA なしでもできる (アクセスキーではできない)",
    ),
    Works.KEY_WITHOUT_MFA: Text(
        "Works without MFA with an access key, but not in the console",
        "アクセスキーでは MFA なしでもできる (コンソールではできない)",
    ),
    Works.ONLY_WITH_MFA: Text("Works only with MFA", "MFA があるときだけできる"),
    Works.NEVER: Text("Denied even with MFA", "MFA があっても拒否される"),
}

_NOT_ALLOWED = {
    Gate.SHUT: Text(
        "Not allowed by this policy, and explicitly denied without MFA whatever other policies "
        "allow; with MFA, other policies decide",
        "このポリシーは許可しない。MFA なしでは、ほかのポリシーが許可していても明示的に拒否され、"
        "MFA があればほかのポリシーに従う",
    ),
    Gate.OPEN_TO_KEYS: Text(
        "Not allowed by this policy; denied without MFA in the console, but NOT with a long-term "
        "access key: there, other policies decide without any MFA",
        "このポリシーは許可しない。MFA なしのコンソールでは拒否されるが、長期アクセスキーでは"
        "拒否されない (MFA なしでほかのポリシーに従う)",
    ),
    Gate.OPEN_TO_CONSOLE: Text(
        "Not allowed by this policy; denied with a long-term access key, but NOT in a console "
        "session without MFA: there, other policies decide",
        "このポリシーは許可しない。長期アクセスキーでは拒否されるが、MFA なしのコンソールでは"
        "拒否されない (ほかのポリシーに従う)",
    ),
    Gate.OPEN: Text(
        "Exempt from the Deny and not allowed here: works without MFA wherever another policy "
        "allows it",
        "Deny から除外され、ここでは許可もされていない: ほかのポリシーが許可していれば MFA なしでも"
        "できる",
    ),
}

_NOT_FOR_ALL = Text("Not allowed", "許可されない")
_ONLY_NOT_GATED = Text(
    "Allowed by this policy only with MFA, but not denied without it: another policy may allow it",
    "このポリシーが許可するのは MFA があるときだけだが、MFA なしでも拒否はしない "
    "(ほかのポリシーが許可することがある)",
)
_ELSE = Text("Everything else", "それ以外のすべて")
_SAYS_NOTHING = Text(
    "Not mentioned by this policy: other policies decide, with or without MFA. It does not make "
    "MFA mandatory",
    "このポリシーは何も言わない。MFA の有無にかかわらず、ほかのポリシーに従う "
    "(MFA は必須にならない)",
)


def sentences(meant: Meaning) -> tuple[Text, ...]:
    """Return what a policy really means, one sentence for each kind of answer."""
    usual = {_answer(line) for line in meant.everything_else}
    shown = [
        line
        for line in _distinct(meant)
        if line.target in _VARIANTS or len(usual) != 1 or _answer(line) not in usual
    ]
    groups: dict[tuple[Works, Gate, Target], list[str]] = {}
    for line in shown:
        groups.setdefault((*_group(line), line.target), []).append(line.action)
    order = {works: place for place, works in enumerate(Works)}
    listed = [
        _sentence(works, gate, target, actions)
        for (works, gate, target), actions in sorted(
            groups.items(), key=lambda item: (list(Target).index(item[0][2]), order[item[0][0]])
        )
    ]
    return (*listed, *_everything_else(meant), *caveats(meant))


def _answer(line: Line) -> tuple[Works, Gate]:
    """Return what tells two lines apart: for what works without MFA the gate is no matter."""
    if line.works in (Works.NOT_BY_THIS_POLICY, Works.ONLY_WITH_MFA):
        return line.works, line.gate
    return line.works, Gate.OPEN


def _group(line: Line) -> tuple[Works, Gate]:
    """Return under which sentence a line is listed: a variant is allowed or not, and no more."""
    works, gate = _answer(line)
    return works, Gate.OPEN if line.target in _VARIANTS else gate


def _distinct(meant: Meaning) -> list[Line]:
    """Return the lines without those that say of a variant what is said of the usual case."""
    own = {line.action: _answer(line) for line in meant.lines if line.target is Target.OWN}
    return [
        line
        for line in meant.lines
        if line.target not in _VARIANTS or _answer(line) != own.get(line.action)
    ]


def _predicate(works: Works, gate: Gate) -> Text:
    match works:
        case Works.NOT_BY_THIS_POLICY:
            return _NOT_ALLOWED[gate]
        case Works.ONLY_WITH_MFA if gate is not Gate.SHUT:
            return _ONLY_NOT_GATED
        case _:
            return _WORKS[works]


def _sentence(works: Works, gate: Gate, target: Target, actions: Sequence[str]) -> Text:
    refused = works is Works.NOT_BY_THIS_POLICY and target in _VARIANTS
    what = _NOT_FOR_ALL if refused else _predicate(works, gate)
    whose, names = _TARGETS[target], ", ".join(actions)
    return Text(f"{what.en} ({whose.en}): {names}", f"{what.ja} ({whose.ja}): {names}")


def _everything_else(meant: Meaning) -> list[Text]:
    answers: dict[tuple[Works, Gate], list[str]] = {}
    for line in meant.everything_else:
        answers.setdefault(_answer(line), []).append(line.action)
    texts = []
    for (works, gate), actions in answers.items():
        silent = works is Works.NOT_BY_THIS_POLICY and gate is Gate.OPEN
        what = _SAYS_NOTHING if silent else _predicate(works, gate)
        names = f" ({', '.join(dict.fromkeys(actions))})" if len(answers) > 1 else ""
        texts.append(Text(f"{_ELSE.en}{names}: {what.en}", f"{_ELSE.ja}{names}: {what.ja}"))
    return texts


def caveats(meant: Meaning) -> tuple[Text, ...]:
    """Return what the sentences leave open: conditions not varied, actions not known."""
    texts = []
    if meant.untried:
        keys = ", ".join(f"`{key}`" for key in meant.untried)
        texts.append(
            Text(
                f"Not varied here: {keys}; the answers hold for a direct call just after sign-in",
                f"ここでは変えて試していない条件: {keys} "
                "(サインイン直後の直接の呼び出しについての答え)",
            )
        )
    if meant.unknown:
        names = ", ".join(f"`{name}`" for name in meant.unknown)
        texts.append(
            Text(
                f"No such action in {meant.dated}: {names}; IAM accepts it silently",
                f"{meant.dated} に存在しないアクション: {names} (IAM は黙って受け付ける)",
            )
        )
    return tuple(texts)
