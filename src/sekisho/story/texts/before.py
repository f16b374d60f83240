"""The words of chapters 1 to 3: before, the policy, attaching it."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.story.step import Words

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = {
    "1.1-administrator-signs-in": Words(
        Text(
            "The administrator signs in with password and MFA code",
            "管理者がパスワードと MFA コードでサインインします",
        ),
        Text(
            "Who has an MFA device is always asked for its code. All changes below are made with "
            "this session, so the policy could never lock it out.",
            "MFA デバイスを持つユーザーは、必ずコードを求められます。以下の変更はすべてこの"
            "セッションで行うため、ポリシーで管理者自身が締め出されることはありません。",
        ),
    ),
    "1.2-users": Words(
        Text("Who is there: passwords, devices, keys", "パスワード、デバイス、キーの一覧"),
        Text(
            "Everything is read from AWS. What could not be read would be listed as a gap, never "
            "taken for none.",
            "すべて AWS から読み取りました。読み取れなかった項目は「なし」とはせず、欠落として"
            "表示します。",
        ),
    ),
    "1.3-keys-without-mfa": Words(
        Text("Each access key is tried without MFA", "各アクセスキーを MFA なしで試します"),
        Text(
            "A long-term key alone is enough today: whoever finds it can use it. Only an inactive "
            "key is refused, and the role Ops, whose trust policy demands MFA.",
            "現在は長期のアクセスキーだけで操作できます。拾った人もそのまま使えます。拒否されるのは"
            "無効なキーと、信頼ポリシーが MFA を求めるロール Ops だけです。",
        ),
    ),
    "1.4-half-enrolled": Words(
        Text(
            "A device that was made and never enabled",
            "作成されたまま有効化されていないデバイス",
        ),
        Text(
            "Somebody broke off while enrolling. The leftover will stand in their way below.",
            "登録を途中でやめた人がいます。残ったデバイスは、後でその人の妨げになります。",
        ),
    ),
    "2.1-names-refused": Words(
        Text(
            "AWS refuses a bad name, a description that is too long, a reserved tag",
            "誤った名前、長すぎる説明、予約済みのタグは AWS に拒否されます",
        ),
        Text(
            "Names, descriptions and tags have rules; sekisho knows them before AWS is asked.",
            "名前、説明、タグには規則があります。sekisho は AWS に送る前に検査します。",
        ),
    ),
    "2.2-review-page": Words(
        Text(
            "What the console's page “Review and create” will show",
            "コンソールの「確認して作成」ページに表示される内容",
        ),
        Text(
            "Computed from the catalogue by the console's rules. The page does not show that most "
            "of what stands under Allow is denied without MFA.",
            "コンソールの規則に従い、カタログから計算しました。「許可」に並ぶ操作の大半が MFA "
            "なしでは拒否されることは、このページではわかりません。",
        ),
    ),
    "2.3-what-it-means": Words(
        Text("What the policy really means", "ポリシーの本当の意味"),
        Text(
            "Each action was decided as a real request: with a long-term key, in a console session "
            "without MFA, and with MFA.",
            "各操作を実際のリクエストとして判定しました。長期のアクセスキー、MFA なしのコンソール"
            "セッション、MFA ありの 3 通りです。",
        ),
    ),
    "2.4-plan": Words(
        Text("The plan for creating the policy", "ポリシーを作成する計画"),
        Text(
            "A plan says everything that will be done, and is checked, before anything is done.",
            "計画には行うことがすべて書かれ、実行前に検査されます。",
        ),
    ),
    "2.5-create": Words(
        Text(
            "The plan creates the customer managed policy",
            "計画がカスタマー管理ポリシーを作成します",
        ),
        Text(
            "With name, description and tags. Name and description cannot be edited later.",
            "名前、説明、タグを付けました。名前と説明は後から変更できません。",
        ),
    ),
    "2.6-find": Words(
        Text("The policy is in the list of policies", "ポリシーの一覧に表示されます"),
        Text(
            "AWS gives back the document that was sent. Nobody is affected yet: the policy is "
            "attached to nothing.",
            "送ったドキュメントがそのまま返ってきます。まだどこにもアタッチしていないため、誰にも"
            "影響しません。",
        ),
    ),
    "3.1-plan": Words(
        Text(
            "The plan: what will change, and who should be warned",
            "計画: 変更される内容と、知らせておくべき人",
        ),
        Text(
            "Nothing is changed yet. The plan has been checked against the account as it is now.",
            "まだ何も変更していません。計画は現在のアカウントに対して検査済みです。",
        ),
    ),
    "3.2-apply": Words(
        Text("The plan is applied", "計画を適用します"),
        Text(
            "Each call is written to a journal before and after it is made, so that it can be "
            "resumed or undone.",
            "各呼び出しは前後にジャーナルへ記録されるため、再開も取り消しもできます。",
        ),
    ),
    "3.3-existing-user": Words(
        Text("Attached directly to an existing user", "既存のユーザーに直接アタッチ"),
        Text(
            "The policy stands beside what the user already had.",
            "ポリシーは、これまでの許可に追加されます。",
        ),
    ),
    "3.4-new-user": Words(
        Text(
            "Attached directly while creating a new user",
            "新しいユーザーの作成時に直接アタッチ",
        ),
        Text(
            "The temporary password must be changed at the first sign-in. Like the console, the "
            "plan also attaches IAMUserChangePassword.",
            "一時パスワードは初回のサインインで変更が必要です。コンソールと同じく、"
            "IAMUserChangePassword もアタッチします。",
        ),
    ),
    "3.5-group": Words(
        Text(
            "Attached to a user group, then users are added to it",
            "ユーザーグループにアタッチし、ユーザーを追加",
        ),
        Text(
            "Every member has the policy now; a user outside the group has not.",
            "メンバー全員にポリシーが適用されます。グループ外のユーザーには適用されません。",
        ),
    ),
}
