"""What each choice of the family opens and what it costs, in one plain sentence each."""

from dataclasses import dataclass, fields

from sekisho.language import Text
from sekisho.policy.choices import Choices

__all__ = ["ChoiceText", "explain", "title_of"]


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """One choice, explained.

    Attributes:
        name: the field of `Choices`.
        title: what the choice is about.
        chosen: the value as text: `on`, `off`, a partition, a number of seconds.
        opens: what is possible when it is on.
        costs: what that costs, or what is at risk.
    """

    name: str
    title: Text
    chosen: str
    opens: Text
    costs: Text


_TEXTS: dict[str, tuple[Text, Text, Text]] = {
    "partition": (
        Text("partition of the ARNs", "ARN のパーティション"),
        Text(
            "The policy names users and devices of this partition.",
            "このパーティションのユーザーとデバイスがポリシーの対象になります。",
        ),
        Text(
            "In an account of another partition nobody could enrol a device.",
            "別のパーティションのアカウントでは、誰もデバイスを登録できません。",
        ),
    ),
    "allow_what_is_exempt": (
        Text("allow what is exempt (GetMFADevice)", "除外したアクションを許可する (GetMFADevice)"),
        Text(
            "Users can read the details of their own MFA devices, which AWS's sample exempts from "
            "the Deny but never allows.",
            "ユーザーは自分の MFA デバイスの詳細を表示できます。AWS のサンプルは Deny から除外する"
            "だけで、許可していません。",
        ),
        Text(
            "Nothing beyond a user's own devices is shown.",
            "表示されるのは自分のデバイスだけで、追加のリスクはありません。",
        ),
    ),
    "user_paths": (
        Text("users with an IAM path", "パス付きの IAM ユーザー"),
        Text(
            "Users with a path, such as `/dev/`, can enrol too; without this they are locked out "
            "for good.",
            "`/dev/` のようなパスを持つユーザーも MFA を登録できます。これがないと、そのユーザーは"
            "完全に締め出されます。",
        ),
        Text(
            "A few hundred characters of policy; user names are unique in an account, so nobody "
            "gains another's rights.",
            "ポリシーが数百文字長くなります。ユーザー名はアカウント内で一意なので、他人の権限は"
            "得られません。",
        ),
    ),
    "password_change_without_mfa": (
        Text("password change without MFA", "MFA なしのパスワード変更"),
        Text(
            "A new user can replace a temporary password at the first sign-in, before a device is "
            "enrolled.",
            "新しいユーザーは最初のサインインで、デバイスの登録前に一時パスワードを変更できます。",
        ),
        Text(
            "Somebody who knows a password can change it without a second factor and lock the "
            "owner out; AWS advises against it and prefers attaching the policy after the first "
            "sign-in.",
            "パスワードを知る人は 2 つ目の要素なしでそれを変更し、本人を締め出せます。AWS は"
            "推奨せず、最初のサインインの後にポリシーをアタッチする方法を勧めています。",
        ),
    ),
    "own_things_only": (
        Text("own user only while without MFA", "MFA なしでは自分のユーザーだけ"),
        Text(
            "Nothing: it shuts a door. An administrator's session or key without MFA can no longer "
            "enrol, resync or read devices of other users.",
            "何も開きません。管理者の MFA なしのセッションやキーが、他のユーザーのデバイスを登録、"
            "再同期、表示できなくなります。",
        ),
        Text(
            "Automation that enrols devices for other people must have passed MFA.",
            "他人のデバイスを登録する自動化には、MFA を使ったセッションが必要になります。",
        ),
    ),
    "enrolment_needs_session": (
        Text("enrolment in the console only", "登録はコンソールのセッションからだけ"),
        Text(
            "Nothing: it shuts a door. Somebody who stole only an access key cannot enrol a first "
            "device with it.",
            "何も開きません。アクセスキーだけを盗んだ人は、それで最初のデバイスを登録できません。",
        ),
        Text(
            "Users who have only an access key cannot enrol by themselves; not confirmed on a live "
            "account, so try it on a test user first.",
            "アクセスキーしか持たないユーザーは自分で登録できません。実際のアカウントでは未確認なので、"
            "先にテスト用のユーザーで試してください。",
        ),
    ),
    "via_aws_service": (
        Text("calls that AWS services make for the user", "AWS のサービスによる代理の呼び出し"),
        Text(
            "Services such as CloudFormation or Athena keep working for a user when they call on "
            "without the user's MFA.",
            "CloudFormation や Athena などのサービスが、ユーザーの MFA なしで代理の呼び出しをしても"
            "動き続けます。",
        ),
        Text(
            "What a service does on the user's behalf is no longer held by this policy; the call "
            "that starts it still is.",
            "サービスが代理で行う操作は、このポリシーでは止まりません。それを始める呼び出しは"
            "引き続き止まります。",
        ),
    ),
    "mfa_age": (
        Text("longest time since MFA, in seconds", "MFA からの最長時間 (秒)"),
        Text(
            "Nothing: it shuts a door. A session whose MFA is older than this is treated as one "
            "without MFA.",
            "何も開きません。MFA からこの時間を過ぎたセッションは、MFA なしとして扱われます。",
        ),
        Text(
            "People must sign in again during long work, and long jobs stop in the middle.",
            "長い作業の途中で再度サインインが必要になり、長いジョブは途中で止まります。",
        ),
    ),
    "passwords": (
        Text("own password", "自分のパスワード"),
        Text("Users can change their own password.", "ユーザーは自分のパスワードを変更できます。"),
        Text(
            "Little: the old password is asked for. "
            "Without it an administrator must set passwords.",
            "影響はわずかです (古いパスワードが必要)。オフの場合は管理者がパスワードを設定します。",
        ),
    ),
    "access_keys": (
        Text("own access keys", "自分のアクセスキー"),
        Text(
            "With MFA, users can make and rotate their own access keys.",
            "MFA を使えば、ユーザーは自分のアクセスキーを作成、更新できます。",
        ),
        Text(
            "A key outlives the session that made it; without MFA it is denied all but enrolment.",
            "キーは作成したセッションの後も残ります。MFA がなければ、登録以外は拒否されます。",
        ),
    ),
    "signing_certificates": (
        Text("own signing certificates", "自分の署名用証明書"),
        Text(
            "With MFA, users can upload X.509 certificates for old SOAP clients.",
            "MFA を使えば、ユーザーは古い SOAP クライアント用の "
            "X.509 証明書をアップロードできます。",
        ),
        Text(
            "Certificates outlive the session, and only two of them show in the credential report.",
            "証明書はセッションの後も残り、認証情報レポートに載るのは 2 つまでです。",
        ),
    ),
    "ssh_keys": (
        Text("own SSH keys for CodeCommit", "CodeCommit 用の自分の SSH キー"),
        Text(
            "With MFA, users can upload SSH public keys.",
            "MFA を使えば、ユーザーは SSH パブリックキーをアップロードできます。",
        ),
        Text(
            "Git over SSH carries no MFA, so this policy denies it with error 403.",
            "SSH 経由の Git は MFA を伝えないため、このポリシーの下ではエラー 403 で拒否されます。",
        ),
    ),
    "git_credentials": (
        Text("own Git and service-specific credentials", "自分の Git 認証情報など"),
        Text(
            "With MFA, users can make credentials for Git over HTTPS and the like.",
            "MFA を使えば、ユーザーは HTTPS 経由の Git などの認証情報を作成できます。",
        ),
        Text(
            "They carry no MFA, so using them is denied; "
            "they do not show in the credential report.",
            "MFA を伝えないため、使用は拒否されます。認証情報レポートには載りません。",
        ),
    ),
    "quiet_console": (
        Text(
            "security credentials page without red boxes",
            "赤い枠の出ないセキュリティ認証情報ページ",
        ),
        Text(
            "The security credentials page shows a user's own keys and certificates before MFA.",
            "セキュリティ認証情報のページに、MFA の前でも自分のキーや証明書が表示されます。",
        ),
        Text(
            "A thief with the password or a key can list the user's credentials and count the "
            "account's users, groups and policies.",
            "パスワードやキーを盗んだ人が、そのユーザーの認証情報の一覧と、アカウントのユーザー、"
            "グループ、ポリシーの数を見られます。",
        ),
    ),
}


def title_of(name: str) -> Text:
    """Return what the choice with this field name is about."""
    return _TEXTS[name][0]


def explain(choices: Choices) -> tuple[ChoiceText, ...]:
    """Return every choice with what it opens and costs, in the order of `Choices`."""
    explained = []
    for name in (field.name for field in fields(choices)):
        title, opens, costs = _TEXTS[name]
        explained.append(ChoiceText(name, title, _chosen(getattr(choices, name)), opens, costs))
    return tuple(explained)


def _chosen(value: object) -> str:
    if value is None or value is False:
        return "off"
    return "on" if value is True else str(value)
