"""The words of chapter 4, first half: people at the console."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.story.step import Words

__all__ = ["WORDS"]

_CHANGE_WORKS = Words(
    Text("The forced password change works", "強制されたパスワード変更に成功します"),
    Text(
        "This policy lets users change their own password without MFA, so the first sign-in is "
        "not blocked.",
        "MFA なしで自分のパスワードを変更できるため、初回のサインインが妨げられません。",
    ),
)
_DEAD_LOCK = Words(
    Text(
        "Dead-lock: the password must be changed, and may not be",
        "行き止まり: パスワードの変更が必要なのに、変更できません",
    ),
    Text(
        "The change needs MFA, and a device can only be enrolled after the change. The page's text "
        "sounds as if the password were too weak; it is not.",
        "変更には MFA が必要ですが、デバイスの登録は変更後にしかできません。画面の文面では"
        "パスワードが弱いように読めますが、原因はそれではありません。",
    ),
)

WORDS: Mapping[str, Words] = {
    "4.1.1-sign-in": Words(
        Text(
            "Signs in with user name and password only",
            "ユーザー名とパスワードだけでサインインします",
        ),
        Text(
            "The sign-in itself succeeds: the policy acts after it, on every call.",
            "サインイン自体は成功します。ポリシーが働くのはその後の各操作です。",
        ),
    ),
    "4.1.2-denied": Words(
        Text("Everything but MFA set-up is denied", "MFA の設定以外はすべて拒否されます"),
        Text(
            "The session has no MFA, so the policy's Deny applies, whatever other policies allow.",
            "MFA のないセッションには Deny が適用され、他のポリシーの許可よりも優先されます。",
        ),
    ),
    "4.1.3-own-device-pages": Words(
        Text("What enrolling needs still works", "登録に必要な操作は使えます"),
        Text(
            "These actions are on the policy's exempt list, and the policy allows them.",
            "これらはポリシーの除外リストにあり、ポリシー自体が許可しています。",
        ),
    ),
    "4.1.4-create-device": Words(
        Text(
            "Creates a virtual MFA device and scans its QR code",
            "仮想 MFA デバイスを作成し、QR コードを読み取ります",
        ),
        Text(
            "The tour plays the phone: it reads the seed out of the picture and will compute the "
            "codes. AWS shows the seed only this once.",
            "ツアーが電話の代わりに画像からシードを読み取り、コードを計算します。AWS がシードを"
            "表示するのはこのときだけです。",
        ),
    ),
    "4.1.5-wrong-codes": Words(
        Text("A code typed twice is refused", "同じコードを 2 回入力すると拒否されます"),
        Text(
            "AWS wants two consecutive codes: wait for the next one after the first.",
            "連続する 2 つのコードが必要です。1 つ目の後、次のコードに変わるまで待ちます。",
        ),
    ),
    "4.1.6-enable": Words(
        Text(
            "Enables the device with two consecutive codes",
            "連続する 2 つのコードでデバイスを有効にします",
        ),
        Text(
            "The device now belongs to the user, and every later sign-in will ask for it.",
            "デバイスがユーザーに割り当てられ、以後のサインインでは必ずコードを求められます。",
        ),
    ),
    "4.1.7-old-session": Words(
        Text("The old session stays without MFA", "それまでのセッションは MFA なしのままです"),
        Text(
            "Whether a session has MFA is fixed when it begins: sign out and in again.",
            "MFA の有無はセッションの開始時に決まります。サインインし直します。",
        ),
    ),
    "4.1.8-sign-in-with-code": Words(
        Text(
            "Signs out, signs in with a code: normal rights",
            "サインアウトし、コードでサインインすると通常の権限に戻ります",
        ),
        Text(
            "A code is accepted once, so the one from enrolling is refused and the next one works. "
            "With MFA the Deny does not apply.",
            "コードは一度しか使えないため、登録時のコードは拒否され、次のコードで成功します。MFA "
            "があれば Deny は適用されません。",
        ),
    ),
    "4.2.1-temporary-password": Words(
        Text("Signs in with the temporary password", "一時パスワードでサインインします"),
        Text(
            "Before any page opens, the console asks for a new password.",
            "ページが開く前に、コンソールが新しいパスワードを求めます。",
        ),
    ),
    "4.2.2-change-works": _CHANGE_WORKS,
    "4.2.2-dead-lock": _DEAD_LOCK,
    "4.2.3-rescue": Words(
        Text(
            "The way out: the administrator detaches, the user changes, the administrator attaches",
            "解決策: 管理者がデタッチし、本人が変更し、管理者が再びアタッチします",
        ),
        Text(
            "While the policy is off, the user's own IAMUserChangePassword permission is enough.",
            "ポリシーが外れている間は、IAMUserChangePassword の許可だけで変更できます。",
        ),
    ),
    "4.2.4-enrol": Words(
        Text(
            "Enrols a device in the first session",
            "最初のセッションでデバイスを登録します",
        ),
        Text(
            "The session has no MFA, and the exempt list is just wide enough for this.",
            "MFA のないセッションですが、除外リストがちょうどこの操作を許しています。",
        ),
    ),
    "4.2.5-sign-in-with-code": Words(
        Text("Signs in again with a code", "コードでサインインし直します"),
        Text(
            "Self-service that was denied before works now.",
            "先ほどまで拒否されていた操作ができるようになりました。",
        ),
    ),
    "4.3.1-plan": Words(
        Text(
            "The other choice, on a second policy and a second new user",
            "もう一方の設定を、別のポリシーと別の新しいユーザーで試します",
        ),
        Text(
            "So that both outcomes of the first sign-in can be seen. This plan is rolled back at "
            "the end as well.",
            "初回サインインの両方の結果を見るためです。この計画も最後に元へ戻します。",
        ),
    ),
    "4.3.2-change-works": _CHANGE_WORKS,
    "4.3.2-dead-lock": _DEAD_LOCK,
    "4.4.1-create-without-policy": Words(
        Text(
            "The third way, which AWS prefers: create the user without the policy",
            "AWS が勧める第三の方法: ポリシーなしでユーザーを作成します",
        ),
        Text(
            "The user can change a password, and nothing else.",
            "このユーザーはパスワードの変更しかできません。",
        ),
    ),
    "4.4.2-change-first": Words(
        Text("The user changes the temporary password first", "先に一時パスワードを変更します"),
        Text(
            "No Deny stands in the way yet, so no exemption is needed.",
            "まだ Deny がないため、除外も不要です。",
        ),
    ),
    "4.4.3-attach-after": Words(
        Text(
            "Only then AWS's policy is attached",
            "その後で AWS のポリシーをアタッチします",
        ),
        Text(
            "The open session is gated from the next call on, and the user can still enrol.",
            "開いているセッションにも次の操作から働きますが、デバイスは登録できます。",
        ),
    ),
    "4.5.1-without-device": Words(
        Text("A member without a device is denied", "デバイスのないメンバーは拒否されます"),
        Text(
            "The policy of the group works as if it were attached to the user.",
            "グループのポリシーは、直接アタッチした場合と同じように働きます。",
        ),
    ),
    "4.5.2-with-device": Words(
        Text("A member with a device notices nothing", "デバイスのあるメンバーには影響なし"),
        Text(
            "Who has a device was asked for a code before, and is asked for it now.",
            "デバイスがあれば、以前も今もサインインでコードを求められるだけです。",
        ),
    ),
    "4.6.1-enrols": Words(
        Text("A user with an IAM path enrols as well", "パスのあるユーザーも登録できます"),
        Text(
            "The policy names `user/*/${aws:username}` beside `user/${aws:username}`.",
            "ポリシーが `user/*/${aws:username}` も指定しているためです。",
        ),
    ),
    "4.6.1-locked-out": Words(
        Text(
            "A user with an IAM path cannot enrol: locked out for good",
            "パスのあるユーザーは登録できず、締め出されたままです",
        ),
        Text(
            "The policy names only `user/${aws:username}`, which does not match an ARN with a "
            "path. The preset `recommended` repairs this.",
            "ポリシーの `user/${aws:username}` は、パスを含む ARN に一致しません。プリセット "
            "`recommended` では修正されています。",
        ),
    ),
    "4.7.1-exists-already": Words(
        Text(
            "The same device name is refused: it exists already",
            "同じデバイス名は「既に存在する」として拒否されます",
        ),
        Text(
            "The leftover of the broken-off attempt holds the name, and its seed is lost.",
            "途中でやめたときのデバイスが名前を占めており、シードは失われています。",
        ),
    ),
    "4.7.2-may-not-delete": Words(
        Text("The user may not delete the leftover", "本人は残ったデバイスを削除できません"),
        Text(
            "Rightly so: who could delete devices without MFA could remove somebody's MFA.",
            "これは正しい動作です。MFA なしで削除できると、他人の MFA を外せてしまいます。",
        ),
    ),
    "4.7.3-another-name": Words(
        Text("Another device name works", "別のデバイス名なら登録できます"),
        Text(
            "Since 2022 a device may have any name, and the policy allows any.",
            "2022 年からデバイス名は自由になり、ポリシーもすべての名前を許可しています。",
        ),
    ),
    "4.7.4-administrator-deletes": Words(
        Text("The administrator deletes the leftover", "管理者が残ったデバイスを削除します"),
        Text(
            "Only now could the first name be used again.",
            "これで元の名前も再び使えるようになります。",
        ),
    ),
}
