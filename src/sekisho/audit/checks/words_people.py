"""The words of the findings about users."""

from collections.abc import Mapping

from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.findings import Severity
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["PEOPLE"]

_ENROL = Text(
    "Let the user enrol; until then, deactivate the keys.",
    "本人に MFA デバイスを登録してもらい、それまではキーを無効化してください。",
)

_CREDENTIALS: Mapping[Id, Words] = {
    Id.ADMINISTRATOR_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Text("an administrator without a device", "MFA デバイスのない管理者"),
        Text(
            "The user may take the gate away from others, or get the right to; that is proved from "
            "the policies, whatever their names.",
            "ほかのユーザーの MFA 強制を外せるか、その権限を自分で得られます "
            "(ポリシー名ではなく、内容から証明しています)。",
        ),
        Text(
            "Let the administrator enrol first, with two devices.",
            "管理者から先に、MFA デバイスを 2 つ登録してください。",
        ),
    ),
    Id.KEY_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Text("an active access key and no device", "有効なアクセスキーがあり MFA デバイスがない"),
        Text(
            "Whoever holds the key can be the first to enrol a device, and is then the user.",
            "キーを持つ者が先に MFA デバイスを登録でき、本人になりすませます。",
        ),
        _ENROL,
    ),
    Id.CONSOLE_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Text("a console user without a device", "MFA デバイスのないコンソールユーザー"),
        Text(
            "The password alone signs in; under a gate, as far as enrolling a device.",
            "パスワードだけでサインインできます "
            "(MFA 強制下では、できるのは MFA デバイスの登録までです)。",
        ),
        Text("Let the user enrol.", "本人に MFA デバイスを登録してもらってください。"),
    ),
    Id.PASSKEY_ONLY: Words(
        Severity.WARNING,
        Text("passkeys only, and an active access key", "パスキーのみで有効なアクセスキーがある"),
        Text(
            "A passkey gives no code for GetSessionToken: under the gate the key is of no use.",
            "パスキーでは GetSessionToken に渡すコードを出せず、"
            "MFA 強制下ではキーを使えなくなります。",
        ),
        Text(
            "Let the user add an authenticator app, or delete the key.",
            "認証アプリケーションを追加登録してもらうか、キーを削除してください。",
        ),
    ),
    Id.ONE_DEVICE: Words(
        Severity.NOTE,
        Text("one device only", "MFA デバイスが 1 つだけ"),
        Text(
            "If it is lost, an administrator has to let the user in again.",
            "紛失すると、管理者が解除するまでサインインできません。",
        ),
        Text(
            "Up to eight devices are possible: add a second one.",
            "8 個まで登録できます。2 つ目を追加してください。",
        ),
    ),
    Id.USER_WITHOUT_DEVICE: Words(
        Severity.NOTE,
        Text("a user without a device", "MFA デバイスのないユーザー"),
        Text(
            "Where there is neither a password nor an active key, nor any other credential, nobody "
            "can be this user.",
            "パスワード、有効なキー、その他の認証情報がいずれもなければ、"
            "このユーザーとして操作できる者はいません。",
        ),
        Text("Delete the user if nobody needs it.", "不要ならユーザーを削除してください。"),
    ),
    Id.MACHINE_WITH_PASSWORD: Words(
        Severity.WARNING,
        Text("a machine with a console password", "コンソールパスワードを持つ機械用ユーザー"),
        Text(
            "The exceptions file says that it is a machine, and a program signs in at no console: "
            "the password serves somebody else.",
            "例外ファイルでは機械用のユーザーとされています。"
            "プログラムはコンソールにサインインしないため、パスワードは別の誰かのものです。",
        ),
        Text("Delete the password.", "パスワードを削除してください。"),
    ),
}

_GATE: Mapping[Id, Words] = {
    Id.NOT_GATED: Words(
        Severity.ERROR,
        Text("a user who is not gated", "MFA が強制されていないユーザー"),
        Text(
            "The request that is shown is allowed without MFA.",
            "示したリクエストが MFA なしで許可されます。",
        ),
        Text(
            "Attach Force_MFA, directly or through a group.",
            "Force_MFA を直接またはグループ経由でアタッチしてください。",
        ),
    ),
    Id.NOT_YET_GATED: Words(
        Severity.NOTE,
        Text(
            "nothing is allowed without MFA, nor denied",
            "MFA なしでは何も許可されていないが、拒否もされていない",
        ),
        Text(
            "The user has no permissions yet, or has them with MFA only. No Deny stands against "
            "the next policy, which opens what it allows without MFA.",
            "まだ権限がないか、MFA ありでだけ許可されています。"
            "拒否 (Deny) がないため、次に追加するポリシーは MFA なしで使えてしまいます。",
        ),
        Text(
            "Attach Force_MFA before anything else.",
            "ほかの権限より先に Force_MFA をアタッチしてください。",
        ),
    ),
    Id.OUTSIDE_GROUP: Words(
        Severity.WARNING,
        Text("outside the group that gates", "MFA 強制グループに入っていない"),
        Text(
            "Others are gated through a group that this user is not in.",
            "ほかのユーザーはグループ経由で MFA が強制されていますが、このユーザーは対象外です。",
        ),
        Text("Add the user to the group.", "グループに追加してください。"),
    ),
    Id.MAY_EDIT_GATE: Words(
        Severity.WARNING,
        Text("may edit what gates them", "自分に適用される MFA 強制を変更できる"),
        Text(
            "No administrator, and may still take the gate away from themselves.",
            "管理者ではないのに、自分への MFA 強制を外す操作が許可されています。",
        ),
        Text(
            "Take the right away, or make it an administrator's on purpose.",
            "この権限を外すか、意図したものなら管理者として扱ってください。",
        ),
    ),
    Id.SERVICES_PASS: Words(
        Severity.NOTE,
        Text("services pass on the user's behalf", "ユーザーに代わるサービスの呼び出しは通る"),
        Text(
            "The gate leaves calls alone that AWS services make with the user's rights.",
            "AWS サービスがユーザーの権限で行う呼び出しは、MFA 強制の対象外です。",
        ),
        Text(
            "Known and accepted where the policy was written so; else drop `aws:ViaAWSService`.",
            "意図した設定なら問題ありません。"
            "そうでなければ `aws:ViaAWSService` の条件を外してください。",
        ),
    ),
    Id.PATH_LOCKED_OUT: Words(
        Severity.ERROR,
        Text("locked out by the path", "パスのために登録できないユーザー"),
        Text(
            "The policy is written for `user/NAME`, and this user has a path in the ARN.",
            "ポリシーが `user/名前` 前提で、ARN にパスを持つこのユーザーには効きません。",
        ),
        Text(
            "Add `user/*/${aws:username}` to the policy's resources.",
            "ポリシーのリソースに `user/*/${aws:username}` を追加してください。",
        ),
    ),
    Id.NAME_TAKEN: Words(
        Severity.ERROR,
        Text(
            "cannot enrol: another device has the name",
            "同じ名前の MFA デバイスがあり登録できないユーザー",
        ),
        Text(
            "The policies let the user create a device of one name only, and a device has it: "
            "CreateVirtualMFADevice answers EntityAlreadyExists.",
            "許可された唯一の名前のデバイスが既にあり、"
            "CreateVirtualMFADevice が EntityAlreadyExists になります。",
        ),
        Text(
            "Allow `mfa/*` instead of `mfa/${aws:username}`; or delete the device, after whoever "
            "uses it has another.",
            "`mfa/${aws:username}` ではなく `mfa/*` を許可するか、"
            "使用者がいれば別のデバイスを登録した後、そのデバイスを削除してください。",
        ),
    ),
    Id.DEAD_LOCK: Words(
        Severity.ERROR,
        Text("dead-locks at the first sign-in", "初回サインインで行き詰まる"),
        Text(
            "The password must be changed, which needs MFA, which needs a sign-in.",
            "パスワード変更に MFA が必要で、MFA の登録にはサインインが必要なため進めません。",
        ),
        Text(
            "Allow `iam:ChangePassword` without MFA, or hand out a password that may stay.",
            "MFA なしの `iam:ChangePassword` を許可するか、変更不要のパスワードを渡してください。",
        ),
    ),
    Id.LOCKED_OUT: Words(
        Severity.ERROR,
        Text("cannot get in with MFA without help", "自力では MFA でサインインできない"),
        Text(
            "No sequence of steps leads this user to a session with MFA by what they hold, without "
            "help; the step at which the way ends is shown.",
            "今持っている認証情報だけでは、どの手順でも MFA ありのセッションに到達できません。"
            "どのステップで止まるかを示しています。",
        ),
        Text(
            "Let an administrator enable a device for the user, or allow the step if it is at the "
            "console; give a machine a role instead.",
            "管理者が本人の MFA デバイスを有効にするか、コンソールでのステップであれば"
            "許可してください。機械用のユーザーはロールに移行してください。",
        ),
    ),
}

_EXCEPTIONS: Mapping[Id, Words] = {
    Id.EXCEPTION_EXPIRED: Words(
        Severity.ERROR,
        Text("an exception has expired", "例外の期限切れ"),
        Text(
            "Its last day is over: the user is judged like everybody.",
            "期限が過ぎているため、通常のユーザーとして判定しています。",
        ),
        Text(
            "Gate the user, or have the exception approved again.",
            "MFA を強制するか、例外を再承認してください。",
        ),
    ),
    Id.EXCEPTION_FORCED: Words(
        Severity.WARNING,
        Text("an exception for a user with a password", "パスワードを持つユーザーの例外"),
        Text(
            "Who signs in with a password could enrol; a reason was given for not asking.",
            "パスワードを持つユーザーは MFA を登録できますが、理由を付けて例外とされています。",
        ),
        Text("Look at the reason again.", "理由を見直してください。"),
    ),
    Id.EXCEPTION_NEEDLESS: Words(
        Severity.NOTE,
        Text("an exception that is not needed", "不要な例外"),
        Text("The user is proved gated.", "このユーザーは MFA の強制が証明済みです。"),
        Text("Delete the entry.", "エントリを削除してください。"),
    ),
}

PEOPLE: Mapping[Id, Words] = {**_CREDENTIALS, **_GATE, **_EXCEPTIONS}
"""Title, cause and cure of the findings about users."""
