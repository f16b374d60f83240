"""The words of what is idle in any policy."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["IDLE"]

_WARNING, _NOTE = Severity.WARNING, Severity.NOTE

_DELETE = Text("Delete it.", "削除してください。")
_SPELLING = Text("Mend the spelling.", "綴りを直してください。")

IDLE: Mapping[FindingId, Words] = {
    FindingId.WRONG_PARTITION: Words(
        _WARNING,
        Text("an ARN of another partition", "別のパーティションの ARN"),
        Text(
            "Nothing in this account has such an ARN: the entry matches nothing.",
            "このアカウントにその ARN を持つものはなく、何にも一致しません。",
        ),
        Text("Write the partition of the account.", "アカウントのパーティションを書いてください。"),
    ),
    FindingId.NEVER_APPLIES: Words(
        _WARNING,
        Text("a statement that never applies", "決して適用されないステートメント"),
        Text(
            "Its conditions exclude each other: no credential fulfils them all at once.",
            "条件が互いに矛盾し、すべてを同時に満たす認証情報がありません。",
        ),
        Text(
            "Split it: operators and keys in one block are joined by AND.",
            "ステートメントを分けてください。1 つのブロックの演算子とキーは AND で結ばれます。",
        ),
    ),
    FindingId.ALLOW_ALWAYS_DENIED: Words(
        _WARNING,
        Text("an Allow that a Deny always takes back", "Deny が常に打ち消す Allow"),
        Text(
            "A Deny in the same document applies whenever the Allow does; a Deny wins.",
            "同じドキュメントの Deny が常に一緒に適用されます。Deny が優先されます。",
        ),
        Text("Delete one of the two.", "どちらかを削除してください。"),
    ),
    FindingId.ACTION_WITHOUT_RESOURCE: Words(
        _WARNING,
        Text("an action without an applicable resource", "適用できるリソースのないアクション"),
        Text(
            "By AWS's reference this action is about another kind of resource than the statement "
            "names; the console warns of it too.",
            "AWS のリファレンスでは、このアクションの対象は別の種類のリソースです。コンソールも警告"
            "します。",
        ),
        Text(
            'Add the right ARN; for actions without a resource type, `"*"`.',
            '正しい ARN を加えてください。リソースタイプのないアクションには `"*"` が必要です。',
        ),
    ),
    FindingId.RESOURCE_WITHOUT_ACTION: Words(
        _NOTE,
        Text("a resource without an applicable action", "適用できるアクションのないリソース"),
        Text(
            "No action of the statement is about it.",
            "このリソースを対象とするアクションがありません。",
        ),
        _DELETE,
    ),
    FindingId.CONDITION_WITHOUT_ACTION: Words(
        _WARNING,
        Text("a condition key that no action carries", "どのアクションも持たない条件キー"),
        Text(
            "The requests of these actions never have this key.",
            "これらのアクションのリクエストに、このキーはありません。",
        ),
        _SPELLING,
    ),
    FindingId.NOT_GOVERNED: Words(
        _NOTE,
        Text("an action that no policy governs", "ポリシーが効かないアクション"),
        Text(
            "The service permits it to every valid credential of its kind without asking a policy; "
            "neither Allow nor Deny has an effect.",
            "サービスはポリシーを参照せずに許可するため、Allow も Deny も効きません。",
        ),
        Text(
            "Nothing; do not rely on it.", "そのままで構いませんが、効果を当てにしないでください。"
        ),
    ),
}
