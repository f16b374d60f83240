"""What each error means and what to do, in Japanese: printed below the message, which is English.

The message says what exactly is wrong and where, in the words of AWS, of a policy or of a file.
"""

from collections.abc import Mapping

from sekisho.errors import Code

__all__ = ["IN_JAPANESE"]

IN_JAPANESE: Mapping[Code, str] = {
    Code.INTERNAL: "sekisho の不具合です。コマンドと出力を添えて報告してください。",
    Code.USAGE: "コマンドの使い方が違います。`--help` を見てください。",
    Code.FILE_UNREADABLE: "ファイルがないか、読み取る権限がないか、UTF-8 のテキストではありません。"
    "名前と権限を確かめてください。",
    Code.FILE_NOT_YAML: "YAML として読めないか、sekisho が受け付けない書き方"
    " (アンカー、タグ、同じキーの重複など) です。示された行を直してください。",
    Code.FILE_BAD_SHAPE: "YAML ファイルに、知らないキー、足りないキー、または型の違う値があります。"
    "示された場所を直してください。",
    Code.OUTPUT_UNWRITABLE: "出力を書き込めません。空き容量と権限を確かめるか、別の名前または "
    "`--force` を指定してください。",
    Code.POLICY_NOT_JSON: "JSON ではありません。示された行と列を直してください。",
    Code.POLICY_NOT_A_POLICY: "JSON ですが、ポリシードキュメントではありません。"
    "`Statement` を持つオブジェクトを渡してください。スナップショットは `--snapshot` で渡します。",
    Code.POLICY_DUPLICATE_KEY: "同じキーが 2 度あります。1 つにまとめてください。",
    Code.POLICY_TOO_DEEP: "JSON の入れ子が深すぎます。ポリシーかどうか確かめてください。",
    Code.POLICY_TOO_LONG: "ポリシーとしては長すぎます。ポリシーかどうか確かめてください。",
    Code.POLICY_MISSING_ELEMENT: "必要な要素がありません。書き加えてください。",
    Code.POLICY_UNKNOWN_ELEMENT: "IAM にない要素です。つづりと大文字小文字を直してください。",
    Code.POLICY_ELEMENT_CASE: "要素の大文字小文字が違います。直してください。",
    Code.POLICY_BAD_VALUE: "要素の値の型または形式が違います。書けるものはメッセージにあります。",
    Code.POLICY_BAD_VERSION: "`Version` はポリシー言語の版です。`2012-10-17` と書いてください。",
    Code.POLICY_NO_ACTION: "ステートメントに Action がありません。書き加えてください。",
    Code.POLICY_NO_RESOURCE: "ステートメントに Resource がありません。書き加えてください。",
    Code.POLICY_BAD_CHARACTER: "IAM がポリシーに受け付けない文字です。削除してください。",
    Code.POLICY_BAD_EFFECT: "`Effect` に書けるのは `Allow` か `Deny` です。",
    Code.POLICY_BAD_PRINCIPAL: "`Principal` の書き方が違います。書けるものはメッセージにあります。",
    Code.POLICY_PRINCIPAL_WILDCARD: "プリンシパルの一部にワイルドカードは書けません。",
    Code.POLICY_SID_REPEATED: "`Sid` はステートメントごとに別の値にしてください。",
    Code.POLICY_SID_CHARACTERS: "`Sid` に書けるのは英数字だけです。",
    Code.POLICY_ACTION_WITHOUT_SERVICE: "アクションは `iam:GetUser` のように書いてください。",
    Code.POLICY_ACTION_COLONS: "アクションに書けるコロンは 1 つだけです。",
    Code.POLICY_RESOURCE_NOT_ARN: "リソースは ARN か `*` で書いてください。",
    Code.POLICY_PRINCIPAL_NOT_ALLOWED: "この種類のポリシーに `Principal` は書けません。",
    Code.POLICY_RESOURCE_NOT_ALLOWED: "ロールの信頼ポリシーに `Resource` は書けません。",
    Code.POLICY_ELEMENT_CONFLICT: "同時に書けない要素です。どちらか一方にするか、"
    "ポリシーの種類を指定してください。",
    Code.POLICY_UNKNOWN_OPERATOR: "IAM にない条件演算子です。"
    "つづりと大文字小文字を直してください。",
    Code.POLICY_OVER_QUOTA: "AWS の上限より長いポリシーです (空白は数えません)。"
    "分けるか、管理ポリシー (6,144 文字) にしてください。",
    Code.POLICY_BAD_CHOICE: "選択が互いに矛盾するか、範囲を超えています。"
    "示されたもののどれかを変えてください。",
    Code.NAME_REFUSED: "名前、パス、説明、タグのどれかを AWS が受け付けません。"
    "使える文字と長さはメッセージにあります。",
    Code.REQUEST_NOT_JSON: "この行は JSON ではありません。直してください。ほかの行は続けます。",
    Code.REQUEST_BAD_SHAPE: "リクエストに足りない部分か、知らない部分があります。",
    Code.REQUEST_BAD_VALUE: "リクエストの値が正しくありません。示された場所を直してください。",
    Code.UNSUPPORTED_POLICY_TYPE: "この質問の対象でない種類のポリシーです。"
    "その種類のためのオプションで渡してください。",
    Code.UNSUPPORTED_OPTION: "知らないか、ここでは使えないオプションです。外してください。",
    Code.ACCOUNT_NOT_JSON: "アカウントのファイルが JSON ではありません。"
    "途中で切れていないか確かめ、もう一度書き出してください。",
    Code.ACCOUNT_BAD_SHAPE: "アカウントのファイルに足りないもの、知らないもの、"
    "形式の違うものがあるか、別の版のスナップショットです。"
    "版が違うときは、もう一度 `sekisho collect` で集めてください。",
    Code.ACCOUNT_BAD_REFERENCE: "ファイルにないユーザー、ユーザーグループ、またはポリシーです。"
    "名前を確かめてください。",
    Code.EXCEPTION_PASSWORD: "コンソールのパスワードがあるユーザーの例外に、"
    "理由 (`force`) がありません。"
    "パスワードを削除するか、理由を書いてください。",
    Code.AWS_REFUSED: "AWS が呼び出しを拒否したか、AWS に接続できません。"
    "AWS のコードと文面はメッセージにあります。",
    Code.PORT_IN_USE: "そのポートは使われています。別の `--port` を指定してください。",
    Code.PLAN_INCOMPLETE: "アカウントを十分に読み取れず、計画を作れません。"
    "示された読み取りを許可してください。",
    Code.PLAN_STALE: "計画を作った後でアカウントが変わったか、計画が古すぎます。"
    "計画を作り直してください。",
    Code.PLAN_UNSAFE: "この計画は、このままでは適用できません。"
    "理由と直し方はメッセージにあります。",
    Code.PLAN_FAULTY: "計画やジャーナルのファイルではないか、手で書き換えられたか、"
    "別のアカウントのものです。",
    Code.PLAN_BUSY: "別のプロセスが同じジャーナルで作業しています。終わるまで待ってください。",
    Code.PLAN_DOUBTFUL: "パスワードの設定、置き換え、削除の途中で実行が止まったため、"
    "今のパスワードが誰の設定したものか判断できません。確かめてから `--ours USER` または "
    "`--theirs USER` を指定してください。",
    Code.TOUR_UNEXPECTED: "ツアーの手順が想定どおりになりませんでした。"
    "sekisho の不具合か、依存パッケージの変更です。報告してください。",
}
