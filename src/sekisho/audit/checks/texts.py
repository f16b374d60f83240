"""The facts behind findings, in both languages; what AWS answered stays as it is."""

from collections.abc import Mapping

from sekisho.account import DeviceKind
from sekisho.audit.exceptions import ExceptionKind
from sekisho.language import Text

__all__ = [
    "ADMINISTERS",
    "ASSUMABLE",
    "BY_KEY",
    "BY_SESSION",
    "CONSOLE",
    "DEVICES",
    "DEVICE_KINDS",
    "DIFFERENT",
    "EDITS",
    "EXCEPTION",
    "EXCEPTION_FORCED",
    "EXCEPTION_KINDS",
    "EXCEPTION_NEEDLESS",
    "EXCEPTION_PASSWORD",
    "INLINE",
    "KEYS",
    "MUST_CHANGE",
    "NOBODY_HAS",
    "NOTHING",
    "NOTHING_ALLOWED",
    "NOT_DECIDED",
    "NOT_LISTED",
    "NOT_TOLD",
    "NO_AGE",
    "NO_WAY",
    "OF_KIND",
    "ONCE_ALLOWED",
    "ORPHAN",
    "PASSKEYS",
    "PLACES",
    "REPORT_OF",
    "ROOT_KEY",
    "ROOT_MFA",
    "ROOT_REPORTED",
    "ROOT_VIRTUAL",
    "TAKEN_TO_HOLD",
    "THERE",
    "TO_COME",
    "UNTOLD",
]

DEVICES = Text("devices: {devices}", "MFA デバイス: {devices}")
OF_KIND = Text("{what} ({kind})", "{what} ({kind})")
PASSKEYS = Text(
    "active access keys: {count}; devices: {devices}",
    "有効なアクセスキー {count} 個、MFA デバイス: {devices}",
)
ADMINISTERS = Text(
    "no device; allowed with MFA: {request}",
    "MFA デバイスなし。MFA ありで許可される操作: {request}",
)
KEYS = Text(
    "active access keys: {count}; no device", "有効なアクセスキー {count} 個、MFA デバイスなし"
)
CONSOLE = Text("console password; no device", "コンソールパスワードあり、MFA デバイスなし")
NOTHING = Text(
    "no console password, no active key, no other credential, no device",
    "コンソールパスワードも有効なキーもその他の認証情報も MFA デバイスもなし",
)
NOTHING_ALLOWED = Text(
    "proved as the policies are attached; refuted if more is attached",
    "現在のポリシーでは証明済み、ポリシーが追加されると反例あり",
)
DIFFERENT = Text(
    "others are gated through {groups}; groups of this user: {own}",
    "ほかのユーザーの強制に使われているグループ: {groups}、このユーザーのグループ: {own}",
)
MUST_CHANGE = Text(
    "the password must be changed at the next sign-in, and may not be ({under})",
    "次回サインイン時にパスワードの変更が必要だが許可されない ({under})",
)
ONCE_ALLOWED = Text(
    "{said}, once some policy allows it: the gate does not stop it",
    "{said} (許可するポリシーが追加された場合。MFA の強制ではブロックされません)",
)
NO_WAY = Text(
    "{arn} does not come to a session with MFA by what they hold, without help ({under}); "
    "{stopped}",
    "{arn} は今持っている認証情報だけでは MFA ありのセッションに到達しない ({under})。{stopped}",
)
THERE = Text("under the gate that is there", "現在の MFA 強制の下で")
TO_COME = Text("once a gate is attached", "MFA 強制ポリシーのアタッチ後")
EDITS = Text("allowed with MFA: {request}", "MFA ありで許可される操作: {request}")
NOT_DECIDED = Text("not decided", "判定できず")
NOT_TOLD = Text("not in the snapshot", "スナップショットに含まれない")

ORPHAN = Text(
    "a virtual device that no user has enabled", "どのユーザーも有効にしていない仮想 MFA デバイス"
)
UNTOLD = Text(
    "neither the account summary nor a credential report tells",
    "アカウントの概要からも認証情報レポートからもわからない",
)
ROOT_MFA = Text("AccountMFAEnabled is 0", "AccountMFAEnabled が 0")
ROOT_REPORTED = Text(
    "mfa_active of <root_account> is false in the credential report",
    "認証情報レポートの <root_account> の mfa_active が false",
)
ROOT_KEY = Text("root has an access key", "ルートユーザーのアクセスキーがある")
ROOT_VIRTUAL = Text(
    "root's MFA device is a virtual one", "ルートユーザーの MFA デバイスが仮想デバイス"
)
NO_AGE = Text("the credential report does not tell its age", "認証情報レポートの作成日時が不明")
REPORT_OF = Text("the credential report is of {at}", "認証情報レポートの作成日時: {at}")
NOT_LISTED = Text(
    "the user is not in the snapshot, in which not everybody could be listed",
    "スナップショットにこのユーザーがいない (全員は取得できていない)",
)
EXCEPTION = Text("{kind}; {ticket}; expires {day}", "{kind}、{ticket}、期限 {day}")
EXCEPTION_PASSWORD = Text(
    "console password; {kind}; {ticket}; expires {day}",
    "コンソールパスワードあり、{kind}、{ticket}、期限 {day}",
)
EXCEPTION_FORCED = Text(
    "{kind}; {ticket}; expires {day}; force: {force}",
    "{kind}、{ticket}、期限 {day}、強制の理由: {force}",
)
EXCEPTION_NEEDLESS = Text(
    "gated: proved; {kind}; {ticket}; expires {day}",
    "MFA 強制は証明済み、{kind}、{ticket}、期限 {day}",
)
INLINE = Text(
    "inline policies: {used} of {most} characters", "インラインポリシー: {used} / {most} 文字"
)
PLACES = Text("{what}: {used} of {most}", "{what}: {used} / {most}")
NOBODY_HAS = Text(
    "the policy shuts the gate, and no user has it: directly, by a group, or as a boundary",
    "MFA を強制できるが、直接にも、グループ経由でも、"
    "アクセス許可の境界としても適用されるユーザーがいない",
)
ASSUMABLE = Text(
    "sts:AssumeRole by {who}: allowed by statement {index} of the trust policy",
    "{who}による sts:AssumeRole: 信頼ポリシーのステートメント {index} が許可",
)
BY_KEY = Text("the access key of {who}", "{who} のアクセスキー")
BY_SESSION = Text("a session of {who} without MFA", "{who} の MFA なしのセッション")
TAKEN_TO_HOLD = Text("; conditions taken to hold: {keys}", "、満たすとみなした条件: {keys}")

DEVICE_KINDS: Mapping[DeviceKind, Text] = {
    DeviceKind.VIRTUAL: Text("authenticator app", "認証アプリケーション"),
    DeviceKind.FIDO: Text("passkey", "パスキー"),
    DeviceKind.HARDWARE: Text("hardware token", "ハードウェアトークン"),
}
EXCEPTION_KINDS: Mapping[ExceptionKind, Text] = {
    ExceptionKind.BREAK_GLASS: Text("break-glass", "緊急用"),
    ExceptionKind.MACHINE: Text("machine", "機械"),
    ExceptionKind.OTHER: Text("exception", "例外"),
}
