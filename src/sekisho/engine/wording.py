"""A decision in plain words, in both languages; AWS's own terms for the kinds of policy."""

from collections.abc import Mapping

from sekisho import catalogue
from sekisho.engine.model import Cause, Decision, DecisionEffect, Request
from sekisho.language import Text
from sekisho.policy.document import PolicyKind

__all__ = ["EFFECTS", "KINDS", "assumption", "not_given", "not_in_catalogue", "place", "sentence"]

KINDS: Mapping[PolicyKind, Text] = {
    PolicyKind.IDENTITY: Text("identity-based policy", "アイデンティティベースのポリシー"),
    PolicyKind.BOUNDARY: Text("permissions boundary", "アクセス許可の境界"),
    PolicyKind.SESSION: Text("session policy", "セッションポリシー"),
    PolicyKind.TRUST: Text("role trust policy", "ロールの信頼ポリシー"),
    PolicyKind.RESOURCE: Text("resource-based policy", "リソースベースのポリシー"),
    PolicyKind.SCP: Text("service control policy", "サービスコントロールポリシー"),
    PolicyKind.RCP: Text("resource control policy", "リソースコントロールポリシー"),
    PolicyKind.VPC_ENDPOINT: Text("VPC endpoint policy", "VPC エンドポイントポリシー"),
}
"""The kinds of policy as AWS's pages name them."""

EFFECTS: Mapping[DecisionEffect, Text] = {
    DecisionEffect.ALLOWED: Text("Allowed", "許可"),
    DecisionEffect.IMPLICITLY_DENIED: Text("Implicitly denied", "暗黙的な拒否"),
    DecisionEffect.EXPLICITLY_DENIED: Text("Explicitly denied", "明示的な拒否"),
}
"""The outcomes, as a heading."""

_SENTENCES: Mapping[DecisionEffect, Text] = {
    DecisionEffect.ALLOWED: Text(
        "`{principal}` may call `{action}` on `{resource}`.",
        "`{principal}` は `{resource}` に対して `{action}` を実行できます。",
    ),
    DecisionEffect.IMPLICITLY_DENIED: Text(
        "`{principal}` may not call `{action}` on `{resource}`: no {kind} allows it.",
        "`{principal}` は `{resource}` に対して `{action}` を実行できません。"
        "許可する{kind}がありません。",
    ),
    DecisionEffect.EXPLICITLY_DENIED: Text(
        "`{principal}` may not call `{action}` on `{resource}`: "
        "{article} {kind} denies it explicitly.",
        "`{principal}` は `{resource}` に対して `{action}` を実行できません。"
        "{kind}が明示的に拒否しています。",
    ),
}
_ASSUMPTION = Text(
    "AWS does not document this point; with the switch `{switch}` set the other way the "
    "decision would be another.",
    "この点は AWS の文書にありません。スイッチ `{switch}` の設定を変えると、判定が変わります。",
)
_NOT_GIVEN: Mapping[PolicyKind, Text] = {
    PolicyKind.TRUST: Text(
        "No role trust policy was given, though it must itself allow this: the decision leaves it "
        "out. Give it with `--trust`.",
        "ロールの信頼ポリシーが指定されていません。この操作には信頼ポリシー自体の許可も必要ですが、"
        "この判定には含まれていません。`--trust` で指定してください。",
    ),
    PolicyKind.RESOURCE: Text(
        "No key policy was given, though it must itself allow this: the decision leaves it out. "
        "Give it with `--resource-policy`.",
        "KMS のキーポリシーが指定されていません。この操作にはキーポリシー自体の許可も必要ですが、"
        "この判定には含まれていません。`--resource-policy` で指定してください。",
    ),
}

_NOT_IN_CATALOGUE = Text(
    "`{action}` is not in the catalogue of AWS's actions, {dated}: it is misspelled, newer than "
    "that, or gone{meant}",
    "`{action}` は AWS のアクションのカタログ、{dated} にありません。つづりの間違いか、"
    "カタログより新しいか、廃止されたアクションです{meant}",
)
_MEANT = Text("; did you mean `{near}`?", "。`{near}` ではありませんか?")


def sentence(request: Request, decision: Decision) -> Text:
    """Return one sentence that says what was decided."""
    kind = KINDS[decision.blocked_by] if decision.blocked_by else Text("", "")
    template = _SENTENCES[decision.effect]

    def fill(text: str, kind_name: str) -> str:
        return text.format(
            principal=request.principal,
            action=request.action,
            resource=request.resource,
            kind=kind_name,
            article="an" if kind_name[:1] in ("a", "e", "i", "o", "u") else "a",
        )

    return Text(fill(template.en, kind.en), fill(template.ja, kind.ja))


def assumption(switch: str) -> Text:
    """Return one sentence that says on which undocumented point a decision rests."""
    return _ASSUMPTION.filled(switch=switch)


def not_given(kind: PolicyKind) -> Text:
    """Return the words that a trust or key policy, which must itself allow, was not given (§6.2).

    Raises:
        KeyError: for a kind that `algebra.unasked` does not return.
    """
    return _NOT_GIVEN[kind]


def not_in_catalogue(action: str) -> Text | None:
    """Return the words that AWS is not known to have an action; None if it is."""
    known = catalogue.load()
    if known.action(action) is not None:
        return None
    near = known.nearest(action)
    meant = Text(".", "。") if near is None else _MEANT.filled(near=near)
    return _NOT_IN_CATALOGUE.filled(action=action, dated=known.dated, meant=meant)


def place(cause: Cause) -> str:
    """Return where a statement stands: policy, line if known, index and Sid."""
    where = f"{cause.policy}:{cause.position.line}" if cause.position.line else cause.policy
    sid = f" {cause.sid}" if cause.sid else ""
    return f"{where}  Statement[{cause.index}]{sid}"
