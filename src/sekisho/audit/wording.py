"""A policy's meaning in sentences, in both languages.

What behaves like everything else is not listed one by one, and a user with a path is mentioned
only where the path makes a difference.
"""

from collections.abc import Mapping, Sequence

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
_EVERYTHING = Text("everything that other users may do", "ほかのユーザーならできることすべて")
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
    own = {line.action: line for line in meant.lines if line.target is Target.OWN}
    groups: dict[tuple[Target, Text], list[str]] = {}
    for works in Works:
        for line in meant.lines:
            if line.works is works and _tells_something(line, usual, own):
                what = _said_of(line, own)
                groups.setdefault((line.target, what), []).append(line.action)
    listed = [
        _sentence(
            what,
            target,
            _named(actions, everything=what is _NOT_FOR_ALL and _loses_all(meant, target)),
        )
        for (target, what), actions in sorted(groups.items(), key=lambda item: _place(item[0][0]))
    ]
    return (*listed, *_everything_else(meant), *caveats(meant))


def _place(target: Target) -> int:
    return list(Target).index(target)


def _answer(line: Line) -> tuple[Works, Gate]:
    """Return what tells two lines apart: for what works without MFA the gate is no matter."""
    if line.works in (Works.NOT_BY_THIS_POLICY, Works.ONLY_WITH_MFA):
        return line.works, line.gate
    return line.works, Gate.OPEN


def _tells_something(line: Line, usual: set[tuple[Works, Gate]], own: Mapping[str, Line]) -> bool:
    """Tell whether a line says more than everything else, or than the usual case, does."""
    if line.target in _VARIANTS:
        return _answer(line) != _answer(own[line.action])
    return usual != {_answer(line)}


def _said_of(line: Line, own: Mapping[str, Line]) -> Text:
    """Return the predicate of a line; of a variant that loses what others may, that it does."""
    lost = line.target in _VARIANTS and own[line.action].works is not Works.NOT_BY_THIS_POLICY
    if lost and line.works is Works.NOT_BY_THIS_POLICY:
        return _NOT_FOR_ALL
    return _predicate(*_answer(line))


def _predicate(works: Works, gate: Gate) -> Text:
    match works:
        case Works.NOT_BY_THIS_POLICY:
            return _NOT_ALLOWED[gate]
        case Works.ONLY_WITH_MFA if gate is not Gate.SHUT:
            return _ONLY_NOT_GATED
        case _:
            return _WORKS[works]


def _loses_all(meant: Meaning, target: Target) -> bool:
    """Tell whether nothing that the policy allows on one's own things is allowed to a variant."""
    allowed = {
        line.action
        for line in meant.lines
        if line.target is Target.OWN and line.works is not Works.NOT_BY_THIS_POLICY
    }
    variant = [line for line in meant.lines if line.target is target and line.action in allowed]
    return len(variant) > 1 and {line.works for line in variant} == {Works.NOT_BY_THIS_POLICY}


def _named(actions: Sequence[str], *, everything: bool) -> Text:
    names = ", ".join(actions)
    return _EVERYTHING if everything else Text(names, names)


def _sentence(what: Text, target: Target, names: Text) -> Text:
    whose = _TARGETS[target]
    return Text(f"{what.en} ({whose.en}): {names.en}", f"{what.ja} ({whose.ja}): {names.ja}")


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
