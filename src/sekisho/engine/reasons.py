"""An explanation in plain words, in both languages, for people who do not know IAM.

Every line says what a statement asks for and what the request has instead.
"""

from collections.abc import Iterator, Mapping

from sekisho.engine.exchange import cause_to_json
from sekisho.engine.explain import Explanation, Lack, Listed, Part, Point
from sekisho.engine.model import ContextValue
from sekisho.engine.operators import NEGATIONS
from sekisho.engine.wording import KINDS, place
from sekisho.language import Text
from sekisho.policy.document import OperatorName as Op
from sekisho.policy.document import PolicyKind, Quantifier
from sekisho.policy.faults import quoted

__all__ = ["explanation_to_json", "reasons"]

_MOST_VALUES = 6

_PREDICATES: Mapping[Op, Text] = {
    Op.STRING_EQUALS: Text("is {values}", "{values} である"),
    Op.STRING_EQUALS_IGNORE_CASE: Text(
        "is {values} in upper or lower case", "{values} である (大文字と小文字は区別しない)"
    ),
    Op.STRING_LIKE: Text("matches {values}", "{values} に一致する"),
    Op.NUMERIC_EQUALS: Text("is the number {values}", "数値 {values} である"),
    Op.NUMERIC_LESS_THAN: Text("is less than {values}", "{values} より小さい"),
    Op.NUMERIC_LESS_THAN_EQUALS: Text("is at most {values}", "{values} 以下である"),
    Op.NUMERIC_GREATER_THAN: Text("is greater than {values}", "{values} より大きい"),
    Op.NUMERIC_GREATER_THAN_EQUALS: Text("is at least {values}", "{values} 以上である"),
    Op.DATE_EQUALS: Text("is the time {values}", "日時 {values} である"),
    Op.DATE_LESS_THAN: Text("is before {values}", "{values} より前である"),
    Op.DATE_LESS_THAN_EQUALS: Text("is not after {values}", "{values} 以前である"),
    Op.DATE_GREATER_THAN: Text("is after {values}", "{values} より後である"),
    Op.DATE_GREATER_THAN_EQUALS: Text("is not before {values}", "{values} 以後である"),
    Op.BOOL: Text("is {values}", "{values} である"),
    Op.BINARY_EQUALS: Text("is the binary {values}", "バイナリ {values} である"),
    Op.IP_ADDRESS: Text("is an address in {values}", "{values} の範囲のアドレスである"),
    Op.ARN_EQUALS: Text("is an ARN like {values}", "ARN {values} に一致する"),
    Op.ARN_LIKE: Text("is an ARN like {values}", "ARN {values} に一致する"),
}
_NEGATED: Mapping[Op, Text] = {
    Op.STRING_NOT_EQUALS: Text("is not {values}", "{values} ではない"),
    Op.STRING_NOT_EQUALS_IGNORE_CASE: Text(
        "is not {values} in upper or lower case", "{values} ではない (大文字と小文字は区別しない)"
    ),
    Op.STRING_NOT_LIKE: Text("does not match {values}", "{values} に一致しない"),
    Op.NUMERIC_NOT_EQUALS: Text("is not the number {values}", "数値 {values} ではない"),
    Op.DATE_NOT_EQUALS: Text("is not the time {values}", "日時 {values} ではない"),
    Op.NOT_IP_ADDRESS: Text("is no address in {values}", "{values} の範囲のアドレスではない"),
    Op.ARN_NOT_EQUALS: Text("is not an ARN like {values}", "ARN {values} に一致しない"),
    Op.ARN_NOT_LIKE: Text("is not an ARN like {values}", "ARN {values} に一致しない"),
}
_SUBJECTS: Mapping[Quantifier, Text] = {
    Quantifier.NONE: Text("{key}", "{key} "),
    Quantifier.FOR_ALL_VALUES: Text("each value of {key}", "{key} のすべての値"),
    Quantifier.FOR_ANY_VALUE: Text("some value of {key}", "{key} のいずれかの値"),
}
_TEST = Text("{subject} {predicate}{absent}", "{subject}が {predicate}{absent}")
_OR_ABSENT = Text(" (or is absent)", " (または存在しない)")
_PRESENCE: Mapping[bool, Text] = {
    True: Text("{key} is absent", "{key} が存在しない"),
    False: Text("{key} is present", "{key} が存在する"),
}
_HAS_NONE = Text("the request has no {key}", "リクエストに {key} はありません")
_HAS = Text("the request has {values}", "リクエストの値は {values} です")

_FAILED: Mapping[tuple[Part, bool], Text] = {
    (Part.PRINCIPAL, False): Text(
        "it names {written}, not {asked}",
        "対象のプリンシパルは {written} で、{asked} ではありません",
    ),
    (Part.PRINCIPAL, True): Text(
        "it leaves out {asked} (`NotPrincipal`)", "{asked} は除外されています (`NotPrincipal`)"
    ),
    (Part.ACTION, False): Text(
        "it covers the actions {written}, not {asked}",
        "対象のアクションは {written} で、{asked} を含みません",
    ),
    (Part.ACTION, True): Text(
        "it leaves out the action {asked} (`NotAction`)",
        "アクション {asked} は除外されています (`NotAction`)",
    ),
    (Part.RESOURCE, False): Text(
        "it covers the resources {written}, not {asked}",
        "対象のリソースは {written} で、{asked} を含みません",
    ),
    (Part.RESOURCE, True): Text(
        "it leaves out the resource {asked} (`NotResource`)",
        "リソース {asked} は除外されています (`NotResource`)",
    ),
    (Part.CONDITION, False): Text(
        "it requires that {test}; {has}", "条件は「{test}」ですが、{has}"
    ),
}
_APPLIES: Mapping[tuple[Part, bool], Text] = {
    (Part.PRINCIPAL, False): Text(
        "it is about {written}, and so about {asked}", "対象のプリンシパルは {written} です"
    ),
    (Part.PRINCIPAL, True): Text(
        "it is about everybody but {written} (`NotPrincipal`)",
        "対象は {written} 以外のすべてのプリンシパルです (`NotPrincipal`)",
    ),
    (Part.ACTION, False): Text(
        "it denies the actions {written}, and so {asked}",
        "拒否するアクションは {written} で、{asked} を含みます",
    ),
    (Part.ACTION, True): Text(
        "it denies every action but {written}, and so {asked} (`NotAction`)",
        "{written} 以外のすべてのアクションを拒否し、{asked} を含みます (`NotAction`)",
    ),
    (Part.RESOURCE, False): Text(
        "it is about the resources {written}, and so about {asked}",
        "対象のリソースは {written} で、{asked} を含みます",
    ),
    (Part.RESOURCE, True): Text(
        "it is about every resource but {written} (`NotResource`)",
        "対象は {written} 以外のすべてのリソースです (`NotResource`)",
    ),
    (Part.CONDITION, False): Text(
        "it applies when {test}; {has}", "「{test}」ときに適用されます。{has}"
    ),
}
_LISTED: Mapping[Listed, Text] = {
    Listed.PARTLY: Text(
        "it excepts {written} (`NotPrincipal`), and {asked} only in part: the account must be "
        "listed too, and for a role session both the role and the session",
        "除外は {written} ですが (`NotPrincipal`)、{asked} を除外するには、アカウントも指定する"
        "必要があります (ロールのセッションでは、ロールとセッションの両方も)",
    ),
    Listed.BOUNDED: Text(
        "it excepts {written} (`NotPrincipal`), but nobody who has a permissions boundary, as "
        "{asked} has",
        "除外は {written} ですが (`NotPrincipal`)、{asked} のようにアクセス許可の境界がある"
        "プリンシパルは除外されません",
    ),
}
_STANDS_FOR = Text("here {variable} stands for {value}", "ここで {variable} は {value} です")
_NO_VALUE = Text("here {variable} has no value", "ここで {variable} には値がありません")

_MISSES = Text("{place} comes nearest, but:", "{place} が最も近いですが、次の点が合いません。")
_ACCOUNT_ONLY = Text(
    "it names only the account: identity-based policies decide",
    "アカウントだけを指定しています。許可はアイデンティティベースのポリシーで決まります",
)
_DENIES = Text("The {kind}{level} {place} denies it:", "{kind}{level} {place} が拒否しています。")
_LACKS = Text("The {kind}{level} does not allow it.", "{kind}{level}が許可していません。")
_LACKS_ACTION = Text(
    "No statement in the {kind}{level} allows this action.",
    "{kind}{level}に、このアクションを許可するステートメントがありません。",
)
_LACKS_ALL = Text(
    "There is no statement in the {kind}{level} that allows anything.",
    "{kind}{level}に、許可するステートメントがありません。",
)
_LACKS_POLICY = Text(
    "No {kind} was given, and one must allow this.",
    "{kind}が指定されていません。この操作には、その許可が必要です。",
)
_ACROSS = Text(
    "The resource belongs to another account, {owner}: both accounts must allow this.",
    "リソースは別のアカウント {owner} のものです。両方のアカウントの許可が必要です。",
)
_INSTEAD = Text("An allow in the {kind} would do as well:", "{kind}の許可でも通ります。")
_LEVEL = Text(" at the level {level}", " (レベル {level})")

_MFA = "aws:multifactorauthpresent"
_HINTS: Mapping[tuple[str, ContextValue | None], Text] = {
    (_MFA, None): Text(
        "A request signed with a long-term access key has no such key. Get a session by "
        "GetSessionToken with the code of the MFA device, or sign in to the console with MFA.",
        "長期アクセスキーで署名したリクエストには、このキーがありません。"
        "MFA デバイスのコードを付けて GetSessionToken でセッションを取得するか、"
        "コンソールに MFA でサインインしてください。",
    ),
    (_MFA, "false"): Text(
        "The session was signed in without MFA. Sign out, and sign in again with MFA.",
        "このセッションは MFA なしでサインインしたものです。"
        "いったんサインアウトし、MFA でサインインし直してください。",
    ),
    ("aws:multifactorauthage", None): Text(
        "Only a session that was signed in with MFA has this key.",
        "このキーがあるのは、MFA でサインインしたセッションだけです。",
    ),
}


def reasons(explanation: Explanation) -> tuple[Text, ...]:
    """Return the lines that say why a request is denied; none for an allowed one."""
    lines: list[Text] = []
    for denial in explanation.denied:
        cause = denial.statement
        lines.append(_about(_DENIES, cause.kind, level=_level(denial.level), place=place(cause)))
        for point in denial.points:
            if point.negated or point.written != ("*",) or point.part is Part.CONDITION:
                lines += _point(point, _APPLIES)
    if explanation.owner:
        lines.append(_ACROSS.filled(owner=quoted(explanation.owner)))
    for lack in explanation.lacking:
        lines += _lack(lack)
    return tuple(lines)


def _lack(lack: Lack) -> Iterator[Text]:
    yield _about(_lack_template(lack), lack.kind, level=_level(lack.level))
    for miss in lack.nearest:
        yield _indented(_MISSES.filled(place=place(miss.statement)))
        for point in miss.failed:
            yield from _point(point, _FAILED)
        if not miss.failed:
            yield _indented(_ACCOUNT_ONLY, 2, mark="- ")


def _level(name: str) -> Text:
    return _LEVEL.filled(level=quoted(name)) if name else Text("", "")


def _lack_template(lack: Lack) -> Text:
    if lack.instead:
        return _INSTEAD
    if not lack.given:
        return _LACKS_POLICY
    if not lack.nearest:
        return _LACKS_ALL
    other_action = all(
        any(point.part is Part.ACTION for point in miss.failed) for miss in lack.nearest
    )
    return _LACKS_ACTION if other_action else _LACKS


def _about(template: Text, kind: PolicyKind, **values: Text | str) -> Text:
    return _filled(template, kind=KINDS[kind], **values)


def _filled(template: Text, **values: Text | str) -> Text:
    """Fill a template with values that may themselves be in both languages."""
    both = {name: v if isinstance(v, Text) else Text(v, v) for name, v in values.items()}
    return Text(
        template.en.format(**{name: value.en for name, value in both.items()}),
        template.ja.format(**{name: value.ja for name, value in both.items()}),
    )


def _indented(text: Text, depth: int = 1, mark: str = "") -> Text:
    before = "  " * depth + mark
    return Text(before + text.en, before + text.ja)


def _point(point: Point, templates: Mapping[tuple[Part, bool], Text]) -> Iterator[Text]:
    """Yield the line of a point, and what helps to understand it."""
    template = _LISTED[point.listed] if point.listed else templates[point.part, point.negated]
    asked = quoted(point.asked) if isinstance(point.asked, str) else ""
    yield _indented(
        _filled(
            template,
            written=_listed(point.written),
            asked=asked,
            test=_test(point),
            has=_has(point),
        ),
        2,
        mark="- ",
    )
    for name, value in point.variables:
        said = _NO_VALUE if value is None else _STANDS_FOR
        yield _indented(said.filled(variable=quoted(f"${{{name}}}"), value=quoted(value or "")), 3)
    hint = _HINTS.get((point.key.lower(), point.asked))
    if hint and point.mfa:
        yield _indented(hint, 3)


def _listed(values: tuple[str, ...]) -> Text:
    """Return the values, joined by "or"; of many only the first."""
    if not values:
        return Text("nothing", "なし")
    shown = [quoted(value) for value in values[:_MOST_VALUES]]
    more = len(values) - len(shown)
    if more:
        return Text(f"{', '.join(shown)} and {more} more", f"{'、'.join(shown)}、ほか {more} 件")
    return Text(" or ".join(shown), " または ".join(shown))


def _test(point: Point) -> Text:
    """Return what a condition asks, as a sentence that is true of a request that meets it."""
    operator = point.operator
    if operator is None:
        return Text("", "")
    key = quoted(point.key)
    if operator.name is Op.NULL:
        return _PRESENCE["true" in [value.lower() for value in point.written]].filled(key=key)
    template = {**_PREDICATES, **_NEGATED}[operator.name]
    met_by_absence = (
        operator.if_exists
        or operator.quantifier is Quantifier.FOR_ALL_VALUES
        or (operator.quantifier is Quantifier.NONE and operator.name in NEGATIONS)
    )
    return _filled(
        _TEST,
        subject=_SUBJECTS[operator.quantifier].filled(key=key),
        predicate=_filled(template, values=_listed(point.written)),
        absent=_OR_ABSENT if met_by_absence else "",
    )


def _has(point: Point) -> Text:
    """Return what the request has under a condition's key."""
    if point.asked is None or point.asked == ():
        return _HAS_NONE.filled(key=quoted(point.key))
    values = (point.asked,) if isinstance(point.asked, str) else point.asked
    shown = ", ".join(map(quoted, values[:_MOST_VALUES]))
    return _HAS.filled(values=shown)


def explanation_to_json(explanation: Explanation) -> dict[str, object]:
    """Return what explains a denial as JSON values, with AWS's names of the elements."""
    value: dict[str, object] = {
        "denied": [
            {
                **cause_to_json(one.statement),
                "level": one.level or None,
                "points": [_point_to_json(point) for point in one.points],
            }
            for one in explanation.denied
        ],
        "lacking": [_lack_to_json(lack) for lack in explanation.lacking],
    }
    if explanation.owner:
        value["resourceAccount"] = explanation.owner
    return value


def _lack_to_json(lack: Lack) -> dict[str, object]:
    nearest = [
        {**cause_to_json(miss.statement), "failed": [_point_to_json(p) for p in miss.failed]}
        for miss in lack.nearest
    ]
    return {
        "kind": lack.kind.value,
        "level": lack.level or None,
        "instead": lack.instead,
        "given": lack.given,
        "nearest": nearest,
    }


def _point_to_json(point: Point) -> dict[str, object]:
    value: dict[str, object] = {
        "part": point.part.value,
        "written": list(point.written),
        "asked": list(point.asked) if isinstance(point.asked, tuple) else point.asked,
    }
    if point.negated:
        value["negated"] = True
    if point.operator is not None:
        value |= {"key": point.key, "operator": str(point.operator)}
    if point.listed:
        value["listed"] = point.listed.value
    if point.variables:
        value["variables"] = dict(point.variables)
    return value
