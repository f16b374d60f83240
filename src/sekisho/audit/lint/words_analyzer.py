"""The words of Access Analyzer's checks (fact §7.4)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["ANALYZER"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_SILENT = Text(
    "IAM accepts it silently, and it never matches anything.",
    "IAM は黙って受け付けますが、何にも一致しません。",
)
_NO_EFFECT = Text("It changes nothing.", "何も変わりません。")
_DELETE = Text("Delete it.", "削除してください。")
_SPELLING = Text("Mend the spelling.", "綴りを直してください。")

ANALYZER: Mapping[FindingId, Words] = {
    FindingId.MISSING_VERSION: Words(
        _WARNING,
        Text("Missing version", "Version がない"),
        Text(
            "Without `Version` the document is read as 2008-10-17, which knows no variables.",
            "`Version` がないと 2008-10-17 として読まれ、ポリシー変数が使えません。",
        ),
        Text('Add `"Version": "2012-10-17"`.', '`"Version": "2012-10-17"` を加えてください。'),
    ),
    FindingId.VARIABLE_IN_VERSION: Words(
        _ERROR,
        Text("Variable unsupported in version", "この Version では変数が使えない"),
        Text(
            "In a document that is not 2012-10-17, `${aws:username}` is literal text and matches "
            "nobody.",
            "2012-10-17 でないドキュメントでは、`${aws:username}` はただの文字列で、誰にも一致"
            "しません。",
        ),
        Text('Add `"Version": "2012-10-17"`.', '`"Version": "2012-10-17"` を加えてください。'),
    ),
    FindingId.VARIABLE_IN_ELEMENT: Words(
        _ERROR,
        Text("Variable unsupported in element", "変数を使えない場所にある"),
        Text(
            "Variables work in the last part of a resource's ARN and in condition values only.",
            "変数が使えるのは、リソースの ARN の最後の部分と条件の値だけです。",
        ),
        Text("Write the text out there.", "そこには文字列をそのまま書いてください。"),
    ),
    FindingId.VARIABLE_FOR_OPERATOR: Words(
        _ERROR,
        Text("Invalid variable for operator", "この演算子では変数が使えない"),
        Text(
            "Variables work with string and ARN operators only; elsewhere they are literal text.",
            "変数が使えるのは文字列と ARN の演算子だけで、ほかではただの文字列です。",
        ),
        Text("Use a value, or a string operator.", "値を書くか、文字列の演算子を使ってください。"),
    ),
    FindingId.INVALID_VARIABLE: Words(
        _ERROR,
        Text("Missing brace or quote, or a space, in a variable", "変数の書き方が正しくない"),
        Text(
            "It cannot be read as a variable, so no value can be put in its place.",
            "変数として読めないため、値を入れられません。",
        ),
        Text(
            "Write `${key}` or `${key, 'default'}`.",
            "`${key}` か `${key, 'default'}` と書いてください。",
        ),
    ),
    FindingId.INVALID_ACTION: Words(
        _ERROR, Text("Invalid action", "存在しないアクション"), _SILENT, _SPELLING
    ),
    FindingId.INVALID_SERVICE: Words(
        _ERROR, Text("Invalid service in action", "存在しないサービス"), _SILENT, _SPELLING
    ),
    FindingId.INVALID_ARN_ACCOUNT: Words(
        _ERROR,
        Text("Invalid ARN account", "ARN のアカウント ID が正しくない"),
        Text(
            "An account id has twelve digits: the entry matches nothing.",
            "アカウント ID は 12 桁の数字です。このままでは何にも一致しません。",
        ),
        Text("Write all twelve digits, or `*`.", "12 桁すべてか `*` を書いてください。"),
    ),
    FindingId.WILDCARD_IN_SERVICE: Words(
        _NOTE,
        Text("Wildcard in service name", "サービス名のワイルドカード"),
        Text(
            "It takes in every service with such a name, also future ones.",
            "将来のものも含め、名前の合うすべてのサービスが対象になります。",
        ),
        Text("Name the services, or write `*`.", "サービス名を書くか、`*` にしてください。"),
    ),
    FindingId.INVALID_GLOBAL_KEY: Words(
        _ERROR,
        Text("Invalid global condition key", "存在しないグローバル条件キー"),
        Text(
            "No request has this key: a plain operator never matches, a negated or IfExists one "
            "always does.",
            "このキーを持つリクエストはありません。普通の演算子は一致せず、否定や IfExists "
            "の演算子は"
            "常に一致します。",
        ),
        _SPELLING,
    ),
    FindingId.MISSING_TAG_KEY: Words(
        _ERROR,
        Text("Missing tag key in condition", "条件のタグキーがない"),
        Text(
            "A tag condition key ends in `/` and the tag's name.",
            "タグの条件キーの末尾には `/` とタグの名前が必要です。",
        ),
        Text(
            "Write it like `aws:PrincipalTag/team`.",
            "`aws:PrincipalTag/team` のように書いてください。",
        ),
    ),
    FindingId.MULTIPLE_BOOLEAN: Words(
        _ERROR,
        Text("Invalid condition multiple Boolean", "Bool に複数の値がある"),
        Text(
            "`true` and `false` together test nothing.",
            "`true` と `false` の両方では条件になりません。",
        ),
        Text("Keep one of the two.", "どちらか 1 つにしてください。"),
    ),
    FindingId.TYPE_MISMATCH: Words(
        _WARNING,
        Text("Type mismatch", "値の型が演算子と合わない"),
        Text(
            "The operator cannot read the value, so it never matches.",
            "演算子が読めない値なので、一致しません。",
        ),
        Text(
            "Write a number, a date, `true` or `false`, or an address range, as the operator asks.",
            "演算子に合わせて数値、日付、`true`/`false`、アドレス範囲のどれかを書いてください。",
        ),
    ),
    FindingId.DATE_AS_EPOCH: Words(
        _WARNING,
        Text("Invalid date value", "日付が epoch 秒で書かれている"),
        Text(
            "A date in epoch seconds is hard to read and easily wrong.",
            "epoch 秒の日付は読みにくく、間違えやすいものです。",
        ),
        Text(
            "Write it like `2026-01-31T00:00:00Z`.",
            "`2026-01-31T00:00:00Z` のように書いてください。",
        ),
    ),
    FindingId.PRIVATE_IP: Words(
        _ERROR,
        Text("Private IP address", "プライベート IP アドレス"),
        Text(
            "`aws:SourceIp` is a public address; a private one never matches.",
            "`aws:SourceIp` はパブリックアドレスなので、プライベートアドレスとは一致しません。",
        ),
        Text(
            "Use the public address, or `aws:VpcSourceIp`.",
            "パブリックアドレスか `aws:VpcSourceIp` を使ってください。",
        ),
    ),
    FindingId.WILDCARD_WITHOUT_LIKE: Words(
        _WARNING,
        Text("Wildcard without like operator", "Like でない演算子にワイルドカードがある"),
        Text("`*` and `?` are literal characters there.", "そこでは `*` と `?` はただの文字です。"),
        Text("Use `StringLike`.", "`StringLike` を使ってください。"),
    ),
    FindingId.FOR_ALL_VALUES: Words(
        _WARNING,
        Text("ForAllValues with single valued key", "単一値のキーに ForAllValues がある"),
        Text(
            "`ForAllValues` also holds when the key is missing, so the Allow is wider than it "
            "looks.",
            "`ForAllValues` はキーがなくても成立するため、Allow が見かけより広くなります。",
        ),
        Text("Leave `ForAllValues:` out.", "`ForAllValues:` を外してください。"),
    ),
    FindingId.ALLOW_NOT_PRINCIPAL: Words(
        _WARNING,
        Text("Allow with NotPrincipal", "NotPrincipal を使った Allow"),
        Text(
            "It allows everybody but those listed, the anonymous among them.",
            "書かれた相手以外の全員 (匿名を含む) を許可します。",
        ),
        Text("Name who may, with `Principal`.", "`Principal` で許可する相手を書いてください。"),
    ),
    FindingId.PASS_ROLE_STAR: Words(
        _WARNING,
        Text("Pass role with star in resource", "PassRole のリソースが * になっている"),
        Text(
            "Every role can be passed to a service, also an administrator's.",
            "管理者用を含むすべてのロールをサービスに渡せます。",
        ),
        Text("Name the roles.", "ロールの ARN を書いてください。"),
    ),
    FindingId.MISSING_QUALIFIER: Words(
        _ERROR,
        Text("Missing qualifier", "複数値のキーに ForAnyValue などがない"),
        Text(
            "The key has several values; an operator without `ForAllValues` or `ForAnyValue` never "
            "matches them.",
            "複数の値を持つキーです。`ForAllValues` も `ForAnyValue` もない演算子は一致しません。",
        ),
        Text(
            "Write `ForAnyValue:` or `ForAllValues:` before the operator.",
            "演算子の前に `ForAnyValue:` か `ForAllValues:` を付けてください。",
        ),
    ),
    FindingId.MISSING_ARN_FIELD: Words(
        _ERROR,
        Text("Missing ARN field", "ARN の項目が足りない"),
        Text(
            "An ARN has six parts, joined by colons; it is not said what the missing ones are.",
            "ARN はコロンで区切った 6 つの部分からなりますが、足りない部分があります。",
        ),
        Text(
            "Write `arn:partition:service:region:account:resource`.",
            "`arn:partition:service:region:account:resource` の形で書いてください。",
        ),
    ),
    FindingId.ARN_SERVICE_CASE: Words(
        _ERROR,
        Text("Invalid ARN service case", "ARN のサービス名に大文字がある"),
        Text("The service in an ARN is in lower case.", "ARN のサービス名は小文字です。"),
        Text("Write it in lower case.", "小文字で書いてください。"),
    ),
    FindingId.DEPRECATED_GLOBAL_KEY: Words(
        _WARNING,
        Text("Deprecated global condition key", "非推奨のグローバル条件キー"),
        Text(
            "AWS recommends `aws:PrincipalArn` or `aws:SourceArn` in its place.",
            "AWS は代わりに `aws:PrincipalArn` か `aws:SourceArn` を勧めています。",
        ),
        Text(
            "Write `aws:PrincipalArn` for who asks, `aws:SourceArn` for what asks.",
            "呼び出す人には `aws:PrincipalArn`、呼び出し元のリソースには `aws:SourceArn` を"
            "使ってください。",
        ),
    ),
    FindingId.MISSING_PAIRED_KEYS: Words(
        _WARNING,
        Text("Missing paired condition keys", "組で使う条件キーがない"),
        Text(
            "Addresses inside a VPC are unique in that VPC only: anybody can use them in another.",
            "VPC 内のアドレスはその VPC の中でだけ一意です。別の VPC でも同じものを使えます。",
        ),
        Text(
            "Add a condition on `aws:SourceVpc` or `aws:SourceVpce`.",
            "`aws:SourceVpc` か `aws:SourceVpce` の条件を加えてください。",
        ),
    ),
    FindingId.PASS_ROLE_NOT_RESOURCE: Words(
        _WARNING,
        Text("Pass role with NotResource", "PassRole に NotResource を使っている"),
        Text(
            "Every role that is not listed can be passed to a service, also a future one.",
            "書かれていないすべてのロール (将来のものも含む) をサービスに渡せます。",
        ),
        Text("Name the roles, with `Resource`.", "`Resource` でロールの ARN を書いてください。"),
    ),
    FindingId.NULL_WITH_QUALIFIER: Words(
        _NOTE,
        Text("Null with qualifier", "Null に ForAllValues などが付いている"),
        Text(
            "With a set operator `Null` always, or never, holds.",
            "集合演算子を付けた `Null` は常に成立するか、決して成立しません。",
        ),
        Text("Write `Null` alone.", "`Null` だけにしてください。"),
    ),
    FindingId.EMPTY_ARRAY_CONDITION: Words(
        _NOTE,
        Text("Empty array condition", "条件の値の配列が空"),
        Text(
            "A condition without values matches no request.",
            "値のない条件はどのリクエストにも一致しません。",
        ),
        Text("Add a value, or delete the condition.", "値を加えるか、条件を削除してください。"),
    ),
    FindingId.EMPTY_SID: Words(_NOTE, Text("Empty Sid value", "Sid が空"), _NO_EFFECT, _DELETE),
    FindingId.REDUNDANT_ACTION: Words(
        _NOTE, Text("Redundant action", "重複したアクション"), _NO_EFFECT, _DELETE
    ),
    FindingId.REDUNDANT_RESOURCE: Words(
        _NOTE, Text("Redundant resource", "重複したリソース"), _NO_EFFECT, _DELETE
    ),
    FindingId.REDUNDANT_STATEMENT: Words(
        _NOTE, Text("Redundant statement", "重複したステートメント"), _NO_EFFECT, _DELETE
    ),
    FindingId.TRUST_NOT_PRINCIPAL: Words(
        _ERROR,
        Text("Role trust policy syntax error notprincipal", "信頼ポリシーの NotPrincipal"),
        Text(
            "A role trust policy cannot have `NotPrincipal`.",
            "信頼ポリシーに `NotPrincipal` は書けません。",
        ),
        Text("Name who may, with `Principal`.", "`Principal` で許可する相手を書いてください。"),
    ),
    FindingId.TRUST_WILDCARD: Words(
        _ERROR,
        Text("Role trust policy unsupported wildcard in principal", "信頼ポリシーのワイルドカード"),
        Text(
            "A wildcard inside a principal's ARN matches nobody.",
            "プリンシパルの ARN の中のワイルドカードは誰にも一致しません。",
        ),
        Text(
            "Name the principal, or the account with a condition on `aws:PrincipalArn`.",
            "プリンシパルを書くか、アカウントに `aws:PrincipalArn` の条件を付けてください。",
        ),
    ),
}
