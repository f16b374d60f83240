"""The words of chapter 4, second half (keys on the command line), and of chapter 5."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.story.step import Words

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = {
    "4.8.1-key-denied": Words(
        Text("The long-term key is denied", "長期のアクセスキーは拒否されます"),
        Text(
            "A request signed with a long-term key says nothing about MFA; BoolIfExists takes that "
            "for no MFA.",
            "長期のアクセスキーのリクエストには MFA の情報がありません。BoolIfExists はこれを MFA "
            "なしとみなします。",
        ),
    ),
    "4.8.2-session-without-code": Words(
        Text(
            "GetSessionToken without a code: the session cannot call IAM at all",
            "コードなしの GetSessionToken では、IAM を一切呼び出せません",
        ),
        Text(
            "No policy can deny GetSessionToken. AWS itself shuts IAM to such a session, and the "
            "policy denies the rest.",
            "GetSessionToken はどのポリシーでも拒否できません。ただし IAM は AWS 自身が拒み、"
            "それ以外はポリシーが拒否します。",
        ),
    ),
    "4.8.3-session-with-code": Words(
        Text(
            "GetSessionToken with a code: normal rights",
            "コード付きの GetSessionToken で通常の権限になります",
        ),
        Text(
            "A wrong code is refused, a right one counts once. The session lasts up to 36 hours.",
            "正しいコードも一度だけ有効です。セッションは最長 36 時間です。",
        ),
    ),
    "4.8.4-role": Words(
        Text(
            "The role Ops can be assumed with MFA only",
            "ロール Ops は MFA がある場合のみ引き受けられます",
        ),
        Text(
            "Without MFA the policy denies the call now, before the role's own trust policy would.",
            "MFA なしでは、ロールの信頼ポリシーより先にこのポリシーが拒否します。",
        ),
    ),
    "4.9.1-key-stopped": Words(
        Text(
            "The machine's key has stopped, as the plan warned",
            "計画の警告どおり、機械用のキーが止まりました",
        ),
        Text(
            "A machine cannot type a code. Give it a role, or leave it out of the plan.",
            "機械はコードを入力できません。ロールに移すか、計画の対象から外します。",
        ),
    ),
    "4.10.1-untouched": Words(
        Text("The break-glass user is not touched", "緊急用ユーザーには影響がありません"),
        Text(
            "Somebody must be able to get in when everything else fails. Keep its password in a "
            "safe, and watch its use.",
            "ほかの手段がすべて失われたときの入口です。パスワードは金庫に保管し、使用を監視します。",
        ),
    ),
    "4.11.1-second-device": Words(
        Text(
            "A thief with a stolen key cannot add a second device",
            "キーを盗んだ者も、2 台目のデバイスを追加できません",
        ),
        Text(
            "The policy would let it pass; AWS refuses by itself, since the user has a device "
            "(bulletin AWS-2023-001).",
            "ポリシー上は通りますが、既にデバイスがあるため AWS 自身が拒否します (速報 "
            "AWS-2023-001)。",
        ),
    ),
    "5.1-who-is-gated": Words(
        Text("Who is gated, and who still has to enrol", "MFA を強制されている人、登録がまだの人"),
        Text(
            "The account was read again, and each user's policies were proved or refuted: whether "
            "no request without MFA, of any service, passes outside the exempt list.",
            "アカウントを読み直し、ユーザーごとのポリシーについて、除外リスト以外の MFA なしの"
            "リクエストがどのサービスでも通らないことを証明または反証しました。",
        ),
    ),
    "5.2-other-plans-back": Words(
        Text(
            "The plans of the comparison are rolled back",
            "比較のための計画を元に戻します",
        ),
        Text(
            "The latest first. A user whom nobody has used would go as well; one whose password "
            "was used stays, and keeps what the plan gave, the gate among it.",
            "新しいものから順に戻します。誰も使っていないユーザーなら削除されますが、パスワードが"
            "使われたユーザーは残り、MFA 強制を含めて、計画が与えたものもそのままにします。",
        ),
    ),
    "5.3-rolled-back": Words(
        Text("The main plans are rolled back", "本体の計画を元に戻します"),
        Text(
            "From the journal and the before-images; nothing is reset, and nobody else's change "
            "is undone.",
            "ジャーナルと変更前の記録から戻します。全体をリセットすることも、ほかの人の変更を"
            "取り消すこともありません。",
        ),
    ),
    "5.4-compared": Words(
        Text(
            "What the plans touched is as it was before",
            "計画が触れたものは、すべて元どおりです",
        ),
        Text(
            "Policies and versions, attachments, group, memberships and tags, compared as "
            "canonical JSON.",
            "ポリシーとバージョン、アタッチ、グループ、タグを正規化した JSON で比べました。",
        ),
    ),
    "5.5-what-stays": Words(
        Text("What people did meanwhile stays", "その間に本人が行ったことは残ります"),
        Text(
            "Passwords, devices and users in use belong to people, not to the plan; a new user who "
            "stays is not left without the gate.",
            "パスワード、デバイス、使用中のユーザーは計画のものではなく、本人のものです。残る新しい"
            "ユーザーの MFA 強制も残します。",
        ),
    ),
    "5.6-open-again": Words(
        Text(
            "The machine's key works again, without MFA",
            "機械用のキーが、再び MFA なしで使えます",
        ),
        Text(
            "The proof that the rollback reached AWS: the door is as open as it was before.",
            "元に戻ったことの証拠です。入口は最初と同じく開いています。",
        ),
    ),
}
