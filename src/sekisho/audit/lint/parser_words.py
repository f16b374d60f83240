"""What the parser says about a policy that IAM refuses, in Japanese.

Errors have English messages; as the fact of a finding they are said in both languages.
"""

import re
from collections.abc import Mapping, Sequence

from sekisho.messages import Message, verbatim

__all__ = ["both"]

_KINDS: Mapping[str, str] = {
    "identity-based policy": "アイデンティティベースのポリシー",
    "permissions boundary": "アクセス許可の境界",
    "session policy": "セッションポリシー",
    "role trust policy": "ロールの信頼ポリシー",
    "resource-based policy": "リソースベースのポリシー",
    "service control policy": "サービスコントロールポリシー",
    "resource control policy": "リソースコントロールポリシー",
    "VPC endpoint policy": "VPC エンドポイントポリシー",
}
_VALUES: Mapping[str, str] = {
    "a string": "文字列",
    "a number": "数値",
    "a list": "リスト",
    "an object": "オブジェクト",
    "`true` or `false`": "`true` か `false`",
    "a statement": "ステートメント",
    "a string or a list of strings": "文字列か文字列のリスト",
    "a statement or a list of them": "ステートメントかそのリスト",
    "an object of keys and values": "キーと値のオブジェクト",
    "`*` or an object": "`*` かオブジェクト",
}
_SENTENCES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.DOTALL), japanese)
    for pattern, japanese in (
        (r"(`.*`) is no effect", "Effect の値 {0} は正しくない"),
        (
            r"(`.*`) is no version of the policy language",
            "ポリシー言語に {0} という Version はない",
        ),
        (
            r"the Sid (`.*`) stands twice \(first in statement (\d+)\)",
            "Sid {0} が重複している (最初はステートメント {1})",
        ),
        (
            r"the Sid (`.*`) has other characters than letters and digits",
            "Sid {0} に英数字以外の文字がある",
        ),
        (r"the statement has no (`.*`)", "ステートメントに {0} がない"),
        (r"the policy has no (`.*`)", "ポリシーに {0} がない"),
        (r"the list of statements is empty", "ステートメントのリストが空"),
        (r"the action (`.*`) names no service", "アクション {0} にサービス名がない"),
        (r"the action (`.*`) has no name", "アクション {0} に名前がない"),
        (r"the action (`.*`) has more than one colon", "アクション {0} にコロンが 2 つ以上ある"),
        (r"the action (`.*`) has white space in it", "アクション {0} に空白がある"),
        (
            r"the resource (`.*`) is neither an ARN nor `\*`",
            "リソース {0} は ARN でも `*` でもない",
        ),
        (
            r"the (?:lone surrogate|character) (U\+[0-9A-F]+), which IAM does not take in a policy",
            "IAM がポリシーに受け付けない文字 {0}",
        ),
        (r"a NUL or a lone surrogate in a string", "文字列に NUL か単独のサロゲートがある"),
        (r"(`.*`) is no policy element", "{0} というポリシー要素はない"),
        (r"expected (.*), found (.*)", "{1}ではなく{0}が必要"),
        (r"an? ([\w -]+) has no (`Id`)", "{0}に {1} は書けない"),
        (r"no (`Id`) in a ([\w -]+)", "{1}に {0} は書けない"),
        (r"both (`\w+`) and (`\w+`)", "{0} と {1} の両方がある"),
        (r"(`\w+`) in a policy of the kind `([\w -]+)`", "{1}に {0} は書けない"),
        (r"(`\w+`) in a ([\w -]+)", "{1}に {0} は書けない"),
        (r"(`.*`) is no kind of principal", "{0} というプリンシパルの種類はない"),
        (
            r"the principal (`.*`) is empty or has a wildcard in it",
            "プリンシパル {0} が空か、ワイルドカードを含む",
        ),
        (r"(`.*`) is no condition operator", "{0} という条件演算子はない"),
        (r"an empty condition key", "条件キーが空"),
        (
            r"the key (`.*`) stands twice, in different case",
            "キー {0} が大文字と小文字の違いで重複している",
        ),
        (r"(`.*`) stands twice \(first on line (\d+)\)", "{0} が重複している (最初は {1} 行目)"),
    )
)


def both(message: str) -> Message:
    """Return a message of the parser in both languages; in English only if it is not known."""
    for pattern, japanese in _SENTENCES:
        if found := pattern.fullmatch(message):
            words = [_KINDS.get(part, _VALUES.get(part, part)) for part in found.groups()]
            return Message.both(message, japanese.format(*words))
    return verbatim(message)
