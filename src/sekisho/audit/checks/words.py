"""The words of every finding about an account, in one table."""

from collections.abc import Mapping

from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.checks.words_people import PEOPLE
from sekisho.audit.findings import Severity
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["WORDS"]

_ESTATE: Mapping[Id, Words] = {
    Id.ROOT_WITHOUT_MFA: Words(
        Severity.ERROR,
        Text("root has no MFA", "ルートユーザーに MFA がない"),
        Text(
            "Nothing in IAM limits root: its password alone opens the account.",
            "ルートユーザーは IAM では制限できず、パスワードだけでアカウント全体を操作できます。",
        ),
        Text(
            "Sign in as root and assign an MFA device, better two.",
            "ルートユーザーでサインインし、MFA デバイスを (できれば 2 つ) 割り当ててください。",
        ),
    ),
    Id.ROOT_KEY: Words(
        Severity.ERROR,
        Text("root has an access key", "ルートユーザーのアクセスキーがある"),
        Text(
            "It works without MFA, and no policy can deny it anything.",
            "MFA なしで使え、どのポリシーでも拒否できません。",
        ),
        Text("Delete it.", "削除してください。"),
    ),
    Id.ROOT_MFA_VIRTUAL: Words(
        Severity.NOTE,
        Text("root's MFA device is a virtual one", "ルートユーザーの MFA デバイスが仮想デバイス"),
        Text(
            "Security Hub IAM.6 and CIS ask for a hardware device or a passkey.",
            "Security Hub IAM.6 と CIS はハードウェアデバイスを求めています。",
        ),
        Text(
            "Assign root a security key, and keep it in a safe.",
            "ルートユーザーにセキュリティキーを割り当て、金庫などに保管してください。",
        ),
    ),
    Id.DECOY_POLICY: Words(
        Severity.ERROR,
        Text(
            "a policy that looks like a gate and is none",
            "MFA 強制に見えて強制できていないポリシー",
        ),
        Text(
            "It denies everything without MFA by its looks; the request that is shown passes it.",
            "MFA なしのすべてを拒否するように見えますが、示したリクエストは通ります。",
        ),
        Text(
            "See `sekisho policy lint`, or replace it by what `sekisho policy new` writes.",
            "`sekisho policy lint` で原因を調べるか、"
            "`sekisho policy new` の出力に置き換えてください。",
        ),
    ),
    Id.DETACHED_POLICY: Words(
        Severity.WARNING,
        Text("a gate that nobody has", "誰にも適用されていない MFA 強制ポリシー"),
        Text(
            "The policy would shut the gate; no user and no group with members has it, and it is "
            "nobody's permissions boundary.",
            "MFA を強制できるポリシーですが、ユーザーにもメンバーのいるグループにもアタッチされず、"
            "アクセス許可の境界としても使われていません。",
        ),
        Text("Attach it, or delete it.", "アタッチするか、削除してください。"),
    ),
    Id.POLICY_ROT: Words(
        Severity.WARNING,
        Text("a gate with a known fault", "既知の問題があるポリシー"),
        Text(
            "Lint finds in it what old samples are known for, such as device names or `Bool`.",
            "古いサンプルによくある問題 (デバイス名の限定や `Bool` など) が"
            " lint で見つかりました。",
        ),
        Text(
            "See the finding of lint that is named, and make a new version of the policy.",
            "示された lint の項目を確認し、ポリシーの新しいバージョンを作成してください。",
        ),
    ),
    Id.TRUST_WITHOUT_MFA: Words(
        Severity.WARNING,
        Text("a role that users can assume without MFA", "MFA なしで引き受けられるロール"),
        Text(
            "A session of a role carries no MFA, and no policy of the user is asked in it. Only "
            "a gate on each user stands before it.",
            "ロールのセッションには MFA の情報がなく、ユーザーのポリシーも適用されません。"
            "防げるのはユーザー側の MFA 強制だけです。",
        ),
        Text(
            'Ask for MFA in the trust policy: `"Bool": {"aws:MultiFactorAuthPresent": "true"}`.',
            '信頼ポリシーに `"Bool": {"aws:MultiFactorAuthPresent": "true"}` を加えてください。',
        ),
    ),
    Id.ORPHAN_DEVICE: Words(
        Severity.WARNING,
        Text("a virtual device that nobody has", "誰にも割り当てられていない仮想 MFA デバイス"),
        Text(
            "Somebody began to enrol and did not end. Who tries again under the same name is "
            "told that the device exists.",
            "登録が途中で終わったものです。同じ名前で再登録すると「既に存在する」エラーになります。",
        ),
        Text(
            "Delete it, unless somebody is enrolling right now.",
            "今まさに登録中の人がいなければ削除してください。",
        ),
    ),
    Id.STALE_REPORT: Words(
        Severity.WARNING,
        Text("the credential report is old", "認証情報レポートが古い"),
        Text(
            "What only the report tells is older than a day.",
            "レポートだけから得た情報が 1 日以上前のものです。",
        ),
        Text(
            "Generate a new one; AWS makes one every four hours at most.",
            "再生成してください (AWS が新しく作るのは最短で 4 時間ごとです)。",
        ),
    ),
    Id.QUOTA_NEAR: Words(
        Severity.NOTE,
        Text("near a quota", "クォータに近い"),
        Text(
            "A roll-out needs room for a policy, a group or a version; at the quota there is none.",
            "MFA 強制の展開にはポリシー・グループ・バージョンの空きが必要です。",
        ),
        Text(
            "Detach what is not needed, or gate through a group.",
            "不要なものを外すか、グループ経由で適用してください。",
        ),
    ),
    Id.NOT_READ: Words(
        Severity.WARNING,
        Text("could not be read", "読み取れなかった情報"),
        Text(
            "What is not read is unknown, and never taken for none.",
            "読み取れなかった情報は「なし」とはみなさず、不明として扱います。",
        ),
        Text(
            "Collect with the policy that `sekisho collect --print-policy` prints.",
            "`sekisho collect --print-policy` が出力する権限で収集し直してください。",
        ),
    ),
}

WORDS: Mapping[Id, Words] = {**PEOPLE, **_ESTATE}
"""Every finding's words; a test sees that none is missing."""
