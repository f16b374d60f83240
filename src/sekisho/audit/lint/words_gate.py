"""The words of what a gate exempts, forgets and locks out (facts §1, §5)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["GATE"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_NOT_EXEMPT = Text(
    "Take it out of the exempt list (`NotAction`).",
    "除外リスト (`NotAction`) から外してください。",
)

GATE: Mapping[FindingId, Words] = {
    FindingId.NO_GATE: Words(
        _NOTE,
        Text("the policy does not make MFA mandatory", "MFA を必須にしないポリシー"),
        Text(
            "Nothing in it is denied for want of MFA; other policies decide.",
            "MFA がないことを理由に拒否されるものはなく、他のポリシーに従います。",
        ),
        Text(
            "If it should, write one with `sekisho policy new`.",
            "必須にするなら `sekisho policy new` で作成できます。",
        ),
    ),
    FindingId.NOT_EVERYTHING_GATED: Words(
        _NOTE,
        Text("only a part needs MFA", "一部にだけ MFA が必要"),
        Text(
            "The Deny covers some actions; what it does not cover works without MFA wherever "
            "another policy allows it.",
            "Deny の対象は一部のアクションだけで、それ以外は他のポリシーが許可していれば MFA なしで"
            "できます。",
        ),
        Text(
            "If everything should need MFA, use a Deny with `NotAction`.",
            "すべてに MFA を求めるなら `NotAction` の Deny を使ってください。",
        ),
    ),
    FindingId.IAM_EXEMPT: Words(
        _ERROR,
        Text("all of IAM works without MFA", "IAM 全体が MFA なしでできる"),
        Text(
            "The Deny exempts IAM as a whole: with any IAM permission a stolen key can make users, "
            "keys and policies.",
            "Deny が IAM 全体を除外しているため、IAM の権限があれば盗まれたキーでユーザーやキー、"
            "ポリシーを作成できます。",
        ),
        Text(
            "Exempt only what enrolment needs; `sekisho policy new` writes the list.",
            "登録に必要なものだけを除外してください。`sekisho policy new` で一覧を作成できます。",
        ),
    ),
    FindingId.EXEMPT_DEACTIVATE: Words(
        _ERROR,
        Text("MFA can be removed without MFA", "MFA なしで MFA を外せる"),
        Text(
            "`iam:DeactivateMFADevice` is exempt from the Deny: a session without MFA can take the "
            "second factor away.",
            "`iam:DeactivateMFADevice` が Deny から除外され、MFA なしで 2 つ目の要素を外せます。",
        ),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_DELETE_DEVICE: Words(
        _WARNING,
        Text("devices can be deleted without MFA", "MFA なしでデバイスを削除できる"),
        Text(
            "`iam:DeleteVirtualMFADevice` is exempt; AWS warns against it: on `mfa/*` anybody can "
            "delete what others are just enrolling.",
            "`iam:DeleteVirtualMFADevice` が除外されています。AWS は非推奨としており、`mfa/*` では"
            "他人が登録中のデバイスも削除できます。",
        ),
        Text(
            "Take it out of the exempt list; let an administrator delete leftover devices.",
            "除外リストから外し、残ったデバイスは管理者が削除してください。",
        ),
    ),
    FindingId.EXEMPT_CREDENTIALS: Words(
        _ERROR,
        Text("new credentials can be made without MFA", "MFA なしで認証情報を作れる"),
        Text(
            "A stolen key can make itself a password, a second key or a certificate.",
            "盗まれたキーでパスワードや別のキー、証明書を作成できます。",
        ),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_ESCALATION: Words(
        _ERROR,
        Text("permissions can be changed without MFA", "MFA なしで権限を変えられる"),
        Text(
            "Who may edit policies or memberships without MFA can take this very policy away.",
            "MFA なしでポリシーやグループを変更できれば、このポリシー自体を外せます。",
        ),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_NEVER_ALLOWED: Words(
        _WARNING,
        Text("exempt, and allowed nowhere", "除外されているが許可されていない"),
        Text(
            "`NotAction` in a Deny exempts; it never allows. No Allow of this policy grants it.",
            "Deny の `NotAction` は除外するだけで許可しません。このポリシーに許可する文が"
            "ありません。",
        ),
        Text(
            "Allow it, or take it out of the exempt list.",
            "許可するか、除外リストから外してください。",
        ),
    ),
    FindingId.DENY_ONLY: Words(
        _NOTE,
        Text("the policy allows nothing", "何も許可しないポリシー"),
        Text(
            "It only denies: enrolment needs another policy that allows it.",
            "拒否するだけなので、MFA の登録には許可する別のポリシーが必要です。",
        ),
        Text(
            "See that every user has the Allows for enrolment too.",
            "全ユーザーに登録用の Allow があることを確認してください。",
        ),
    ),
    FindingId.ENROLMENT_DENIED: Words(
        _ERROR,
        Text("nobody can enrol a device", "誰もデバイスを登録できない"),
        Text(
            "Without MFA the Deny also hits the calls that set MFA up; no other policy can repair "
            "that.",
            "MFA の設定に必要な呼び出しも MFA なしでは拒否され、他のポリシーでは解決できません。",
        ),
        Text(
            "Exempt `iam:CreateVirtualMFADevice`, `iam:EnableMFADevice`, `iam:GetUser`, "
            "`iam:ListMFADevices`, `iam:ListVirtualMFADevices` and `iam:ResyncMFADevice`.",
            "`iam:CreateVirtualMFADevice`、`iam:EnableMFADevice`、`iam:GetUser`、"
            "`iam:ListMFADevices`、`iam:ListVirtualMFADevices`、`iam:ResyncMFADevice` を除外して"
            "ください。",
        ),
    ),
    FindingId.VIRTUAL_DEVICE_DENIED: Words(
        _WARNING,
        Text("no authenticator app can be enrolled", "認証アプリを登録できない"),
        Text(
            "`iam:CreateVirtualMFADevice` is denied without MFA: only security keys and passkeys "
            "can be the first device, and those do not work for the command line.",
            "MFA なしでは `iam:CreateVirtualMFADevice` が拒否されるため、最初のデバイスは"
            "セキュリティ"
            "キーかパスキーに限られ、CLI では使えません。",
        ),
        Text(
            "Exempt `iam:CreateVirtualMFADevice` if people use authenticator apps.",
            "認証アプリを使うなら `iam:CreateVirtualMFADevice` を除外してください。",
        ),
    ),
    FindingId.ENROLMENT_NOT_ALLOWED: Words(
        _WARNING,
        Text("enrolment is not allowed here", "登録がこのポリシーでは許可されない"),
        Text(
            "Without MFA this policy allows no device to be set up: a user who has no other policy "
            "can never get MFA, and under a boundary or a service control policy no policy of the "
            "user's can help.",
            "MFA なしではデバイスを設定できず、他のポリシーがないユーザーは MFA を登録できません。"
            "アクセス許可の境界や SCP の場合は、ユーザーに他のポリシーがあっても登録できません。",
        ),
        Text(
            "Allow `iam:CreateVirtualMFADevice` on `mfa/*` and `iam:EnableMFADevice` on the own "
            "user, without an MFA condition.",
            "`mfa/*` への `iam:CreateVirtualMFADevice` と自分のユーザーへの `iam:EnableMFADevice` "
            "を、"
            "MFA の条件なしで許可してください。",
        ),
    ),
    FindingId.FIRST_SIGN_IN: Words(
        _WARNING,
        Text("the first sign-in dead-locks", "最初のサインインで行き詰まる"),
        Text(
            "`iam:ChangePassword` is denied without MFA: who must change a temporary password can "
            "neither do so nor enrol. AWS's own sample is like this on purpose.",
            "MFA なしでは `iam:ChangePassword` が拒否され、一時パスワードの変更も MFA の登録もで"
            "きません。"
            "AWS のサンプルは意図してこうなっています。",
        ),
        Text(
            "Attach the policy after the first sign-in (AWS's advice), or exempt "
            "`iam:ChangePassword` and `iam:GetAccountPasswordPolicy`.",
            "最初のサインインの後にアタッチする (AWS の推奨) か、`iam:ChangePassword` と "
            "`iam:GetAccountPasswordPolicy` を除外してください。",
        ),
    ),
    FindingId.PASSWORD_WITHOUT_MFA: Words(
        _NOTE,
        Text("the password can be changed without MFA", "MFA なしでパスワードを変更できる"),
        Text(
            "New users can finish their first sign-in; somebody who knows a password can also "
            "change it and lock the owner out.",
            "新しいユーザーは最初のサインインを完了できますが、パスワードを知る人が変更して本人を"
            "締め出すこともできます。",
        ),
        Text(
            "A choice: see `sekisho policy new --explain`.",
            "どちらを取るかの選択です (`sekisho policy new --explain`)。",
        ),
    ),
    FindingId.DEVICE_NAME: Words(
        _WARNING,
        Text("a device must be named like the user", "デバイス名がユーザー名に限られる"),
        Text(
            "Resources scoped to `mfa/${aws:username}` refuse every other name, and so every "
            "second device; the console asks for a free name since November 2022.",
            "`mfa/${aws:username}` では他の名前も 2 台目も登録できません。2022 年 11 月以降、"
            "コンソールは自由な名前を求めます。",
        ),
        Text(
            "Write `mfa/*`: binding a device to a user is governed by `iam:EnableMFADevice` on "
            "the user.",
            "`mfa/*` と書いてください。ユーザーへの割り当てはユーザーに対する "
            "`iam:EnableMFADevice` が"
            "制限します。",
        ),
    ),
    FindingId.USER_PATH: Words(
        _WARNING,
        Text("users with a path are locked out", "パス付きのユーザーが締め出される"),
        Text(
            "`user/${aws:username}` does not match a user whose ARN has a path, such as "
            "`user/dev/alice`.",
            "`user/${aws:username}` は `user/dev/alice` のようなパス付きのユーザーに一致しません。",
        ),
        Text(
            "Write `user/*/${aws:username}` beside it.",
            "`user/*/${aws:username}` を併記してください。",
        ),
    ),
    FindingId.OTHERS_WITHOUT_MFA: Words(
        _NOTE,
        Text("other users' devices without MFA", "MFA なしで他人のデバイスを操作できる"),
        Text(
            "What is exempt is exempt on every user: an administrator's key without MFA can enrol "
            "a "
            "device for somebody else.",
            "除外は全ユーザーに対して効くため、管理者の MFA なしのキーで他人のデバイスを登録で"
            "きます。",
        ),
        Text(
            "Add a Deny on the exempt actions with `NotResource`: `--own-things-only` writes it.",
            "除外したアクションに `NotResource` の Deny を加えてください (`--own-things-only`)。",
        ),
    ),
    FindingId.ENROLMENT_BY_KEY: Words(
        _NOTE,
        Text(
            "an access key can enrol the first device", "アクセスキーで最初のデバイスを登録できる"
        ),
        Text(
            "Whoever steals the key of a user without a device can enrol their own and then has "
            "MFA.",
            "デバイスのないユーザーのキーを盗んだ人は、自分のデバイスを登録して MFA を得られます。",
        ),
        Text(
            "Have no keys on users without a device; `--enrolment-needs-session` shuts it.",
            "デバイスのないユーザーにキーを持たせないでください (`--enrolment-needs-session` で"
            "防げます)。",
        ),
    ),
}
