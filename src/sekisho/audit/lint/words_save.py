"""The words of what IAM refuses when a policy is saved (facts §7.2, §7.3)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["SAVE"]

_GRAMMAR = Text(
    "The grammar of the policy language does not take it; IAM refuses the whole document.",
    "ポリシー言語の文法に合わないため、IAM はドキュメント全体を拒否します。",
)
_FORM = Text(
    "IAM checks the form of actions and ARNs when it saves a policy.",
    "IAM はポリシーの保存時にアクションと ARN の形式を検査します。",
)


def _error(title: Text, cause: Text, cure: Text) -> Words:
    return Words(Severity.ERROR, title, cause, cure)


SAVE: Mapping[FindingId, Words] = {
    FindingId.SAVE_SYNTAX: _error(
        Text("IAM refuses the syntax", "構文エラーで保存できない"),
        _GRAMMAR,
        Text("Mend the place that is named.", "示された箇所を直してください。"),
    ),
    FindingId.SAVE_COMMENT: _error(
        Text("a comment", "コメントがある"),
        Text(
            "JSON has no comments; how-tos print them, IAM refuses them.",
            "JSON にコメントはありません。手順書には書かれていても、IAM は拒否します。",
        ),
        Text("Delete the comment.", "コメントを削除してください。"),
    ),
    FindingId.SAVE_CHARACTERS: _error(
        Text("characters that IAM does not take", "IAM が受け付けない文字がある"),
        Text(
            "A document may hold tab, line break and U+0020 to U+00FF only.",
            "ドキュメントに使えるのはタブ、改行と U+0020 から U+00FF までの文字だけです。",
        ),
        Text(
            "Leave the character out, or write it as a `\\u` escape.",
            "その文字を取り除くか、`\\u` エスケープで書いてください。",
        ),
    ),
    FindingId.SAVE_LEGACY_PARSING: _error(
        Text("an effect that is none", "Effect の値が正しくない"),
        Text(
            "`Effect` is `Allow` or `Deny`; upper and lower case count.",
            "`Effect` は `Allow` か `Deny` で、大文字と小文字は区別されます。",
        ),
        Text("Write `Allow` or `Deny`.", "`Allow` か `Deny` と書いてください。"),
    ),
    FindingId.SAVE_VERSION: _error(
        Text("a managed policy needs the current version", "管理ポリシーの Version が古い"),
        Text(
            "A managed policy must have `Version` 2012-10-17, the version of the language.",
            "管理ポリシーには `Version` 2012-10-17 (ポリシー言語のバージョン) が必要です。",
        ),
        Text(
            'Write `"Version": "2012-10-17"`; it is no date of yours.',
            '`"Version": "2012-10-17"` と書いてください。作成日ではありません。',
        ),
    ),
    FindingId.SAVE_SID_UNIQUE: _error(
        Text("two statements with one Sid", "Sid が重複している"),
        Text("A Sid stands once in a document.", "Sid は 1 つのドキュメントで一意です。"),
        Text("Give each statement its own Sid.", "ステートメントごとに別の Sid を付けてください。"),
    ),
    FindingId.SAVE_SID_CHARACTERS: _error(
        Text("a Sid with other characters", "Sid に使えない文字がある"),
        Text(
            "A Sid of an IAM policy has letters and digits only.",
            "IAM ポリシーの Sid に使えるのは英数字だけです。",
        ),
        Text("Use A-Z, a-z and 0-9 only.", "A-Z、a-z、0-9 だけを使ってください。"),
    ),
    FindingId.SAVE_NO_ACTIONS: _error(
        Text("a statement without actions", "アクションのないステートメント"),
        _GRAMMAR,
        Text("Name at least one action.", "アクションを 1 つ以上書いてください。"),
    ),
    FindingId.SAVE_NO_RESOURCES: _error(
        Text("a statement without resources", "リソースのないステートメント"),
        _GRAMMAR,
        Text("Name at least one resource, or `*`.", "リソースか `*` を書いてください。"),
    ),
    FindingId.SAVE_ACTION_VENDOR: _error(
        Text("an action without a service", "アクションにサービス名がない"),
        _FORM,
        Text("Write it as `service:Name`.", "`service:Name` の形で書いてください。"),
    ),
    FindingId.SAVE_ACTION_COLONS: _error(
        Text("an action with two colons", "アクションにコロンが 2 つある"),
        _FORM,
        Text("Write it as `service:Name`.", "`service:Name` の形で書いてください。"),
    ),
    FindingId.SAVE_VENDOR_INVALID: _error(
        Text("a service prefix that is none", "サービスのプレフィックスが正しくない"),
        _FORM,
        Text(
            "Write the prefix out, without wildcards, like `iam`.",
            "`iam` のように、ワイルドカードを使わずに書いてください。",
        ),
    ),
    FindingId.SAVE_RESOURCE_ARN: _error(
        Text("a resource that is no ARN", "リソースが ARN ではない"),
        _FORM,
        Text(
            'Write an ARN, or `"*"` for every resource.',
            'ARN か、すべてのリソースを表す `"*"` を書いてください。',
        ),
    ),
    FindingId.SAVE_PARTITION: _error(
        Text("a partition that does not exist", "存在しないパーティション"),
        _FORM,
        Text(
            "Write `aws`, `aws-cn` or `aws-us-gov`, whichever the account is in.",
            "アカウントに応じて `aws`、`aws-cn`、`aws-us-gov` のどれかを書いてください。",
        ),
    ),
    FindingId.SAVE_RESOURCE_VENDOR: _error(
        Text("an ARN whose service is left open", "ARN のサービスが決まっていない"),
        _FORM,
        Text(
            "Write the service part out: `arn:aws:iam:…`.",
            "サービスの部分を `arn:aws:iam:…` のように書いてください。",
        ),
    ),
    FindingId.SAVE_IAM_REGION: _error(
        Text("an IAM ARN with a region", "IAM の ARN にリージョンがある"),
        Text(
            "IAM is global: its ARNs have no region.",
            "IAM はグローバルで、ARN にリージョンはありません。",
        ),
        Text(
            "Leave the region empty: `arn:aws:iam::…`.",
            "リージョンを空にしてください (`arn:aws:iam::…`)。",
        ),
    ),
    FindingId.SAVE_IAM_PATH: _error(
        Text("an IAM ARN of no known kind", "IAM の ARN の種類が正しくない"),
        _FORM,
        Text(
            "Begin the last part with `user/`, `role/`, `mfa/` and so on.",
            "最後の部分を `user/`、`role/`、`mfa/` などで始めてください。",
        ),
    ),
    FindingId.SAVE_PROHIBITED_RESOURCE: _error(
        Text("a resource in a role trust policy", "信頼ポリシーに Resource がある"),
        Text(
            "The resource of a trust policy is the role itself.",
            "信頼ポリシーのリソースはそのロール自身です。",
        ),
        Text("Delete `Resource`.", "`Resource` を削除してください。"),
    ),
    FindingId.SAVE_PRINCIPAL: _error(
        Text("a principal where none may stand", "Principal を書けないポリシー"),
        Text(
            "The principal of such a policy is whoever it is attached to.",
            "このポリシーのプリンシパルはアタッチ先です。",
        ),
        Text("Delete `Principal`.", "`Principal` を削除してください。"),
    ),
    FindingId.SAVE_TRUST_ACTION: _error(
        Text("an action that assumes no role", "ロールの引き受けではないアクション"),
        Text(
            "A trust policy is about the calls that assume its role; nobody gets in by another.",
            "信頼ポリシーの対象はそのロールを引き受ける呼び出しだけで、他のアクションでは誰も"
            "引き受けられません。",
        ),
        Text(
            "Write `sts:AssumeRole`, `sts:AssumeRoleWithSAML` or `sts:AssumeRoleWithWebIdentity`; "
            "what the role may do stands in its permission policies.",
            "`sts:AssumeRole`、`sts:AssumeRoleWithSAML`、`sts:AssumeRoleWithWebIdentity` の"
            "いずれかを書き、ロールに許可することは許可ポリシーに書いてください。",
        ),
    ),
    FindingId.SAVE_TRUST_PRINCIPAL: _error(
        Text("a principal that can assume no role", "ロールを引き受けられないプリンシパル"),
        Text(
            "Users, roles and their sessions, accounts, services and identity providers assume "
            "roles; a group or a policy is no principal.",
            "ロールを引き受けるのはユーザー、ロールとそのセッション、アカウント、サービス、"
            "ID プロバイダーです。グループやポリシーはプリンシパルではありません。",
        ),
        Text(
            "Name the users or the account; give the group a policy that allows `sts:AssumeRole`.",
            "ユーザーかアカウントを書き、グループには `sts:AssumeRole` を許可するポリシーを"
            "アタッチしてください。",
        ),
    ),
    FindingId.SAVE_SCP_SIZE: Words(
        Severity.WARNING,
        Text("longer than an SCP always could be", "SCP の長さが以前の上限を超えている"),
        Text(
            "An SCP may have 5,120 characters by AWS's quota page as it was, and 10,240 since May "
            "2026 as users report; saved by API or CLI, white space counts.",
            "SCP の上限は、AWS の以前の文書では 5,120 文字、2026 年 5 月以降は利用者の報告で "
            "10,240 文字です。API や CLI で保存すると空白も数えられます。",
        ),
        Text(
            "Delete the white space, or split the policy in two.",
            "空白を取り除くか、2 つに分けてください。",
        ),
    ),
    FindingId.SAVE_SIZE: _error(
        Text("over the quota", "サイズのクォータを超えている"),
        Text(
            "AWS counts every character but white space; inline policies of a user together.",
            "AWS は空白以外の文字を数えます。ユーザーのインラインポリシーは合計で数えます。",
        ),
        Text(
            "Use a customer managed policy (6,144 characters), attached to a group, or split it.",
            "カスタマー管理ポリシー (6,144 文字) にしてグループにアタッチするか、"
            "分割してください。",
        ),
    ),
}
