"""What a plan and a roll-back say to people, in both languages."""

from sekisho.language import Text

__all__ = [
    "ADMINISTRATOR_REMAINS",
    "BREAK_GLASS",
    "BY_DEFAULT",
    "CALLER",
    "CALLER_UNKNOWN",
    "CANNOT_ENROL",
    "CHANGED_SINCE",
    "CREDENTIALS_IN_USE",
    "CREDENTIALS_STOP",
    "CUT_OFF",
    "DEAD_LOCK",
    "DESCRIPTION_STAYS",
    "EVERYONE_GETS_IN",
    "EXCEPTION_EXPIRED",
    "GAINS",
    "GAP",
    "GATE_SHUT",
    "GETS_IN_AGAIN",
    "IN_DOUBT",
    "IN_USE",
    "IRREVERSIBLE",
    "KEYS_IN_USE",
    "KEYS_STOP",
    "LOSES",
    "LOST_FOR_GOOD",
    "MAY_LOSE",
    "MEANT_UNREAD",
    "MFA_OPENS",
    "MUST_ENROL",
    "NOBODY_ADMINISTERS",
    "NOT_COVERED",
    "NOT_MEANT",
    "NOT_ONESELF",
    "NOT_OURS",
    "NO_BREAK_GLASS",
    "NO_FORCED_CHANGE",
    "NO_OTHER_GATE",
    "OTHER_ACCOUNT",
    "OVERWRITES",
    "QUOTA",
    "REFUSED_BY_AWS",
    "RESET_NEXT",
    "RESET_NEXT_KEEPS",
    "RESET_WITHOUT_MFA",
    "ROOM_FOR_A_GROUP",
    "ROOM_FOR_A_POLICY",
    "ROOM_FOR_A_USER",
    "ROOM_FOR_ONE_MORE_GROUP",
    "ROOM_FOR_ONE_MORE_POLICY",
    "ROOM_IN_A_GROUP",
    "STALE_STAYS",
    "STILL_STUCK",
    "UNKNOWN",
    "UNREAD_POLICIES",
    "USED_ELSEWHERE",
    "VERSIONS",
    "VIA_SERVICE",
]

GATE_SHUT = Text(
    "For everybody who gets the policy, no request without MFA passes outside the exempt list, "
    "whatever is attached later.",
    "ポリシーが適用されるすべてのユーザーについて、除外リスト以外のリクエストは、"
    "後から何をアタッチしても MFA なしでは通りません。",
)
EVERYONE_GETS_IN = Text(
    "Everybody who is touched and can sign in now comes to a session with MFA by what they hold.",
    "対象となるユーザーは全員、今持っているもので MFA 済みのセッションにたどり着けます。",
)
GETS_IN_AGAIN = Text(
    "The user comes to a session with MFA by what they then hold; to any session, if they are not "
    "gated and neither a policy of theirs nor a role of the account asks them for MFA.",
    "このユーザーは、適用後に持っているもので MFA 済みのセッションにたどり着けます "
    "(MFA が強制されておらず、本人のポリシーにもアカウント内のロールの信頼ポリシーにも "
    "MFA の条件がない場合は、MFA なしのセッションで構いません)。",
)
KEYS_IN_USE = Text(
    "Access keys of these users were used in the last 90 days, or it cannot be told, and will stop "
    "working without MFA.",
    "次のユーザーのアクセスキーは過去 90 日以内に使用されており (または使用状況が不明で)、"
    "MFA なしでは使えなくなります。",
)
_NOT_CONFIRMED = Text(
    "That CodeCommit refuses them is observed; of other services, such as Bedrock and Keyspaces, "
    "AWS does not document it.",
    "CodeCommit で拒否されることは確認されていますが、Bedrock や Keyspaces など、ほかのサービスに"
    "ついては AWS のドキュメントに記載がありません。",
)
CREDENTIALS_IN_USE = Text(
    "SSH keys, signing certificates or credentials for one service of these users are active, or "
    "it cannot be told, and will stop working: with them there is no MFA. When they were last used "
    f"is not known. {_NOT_CONFIRMED.en}",
    "次のユーザーの SSH キー、署名証明書、またはサービス固有の認証情報は有効で "
    "(または有無が不明で)、使えなくなります。これらで MFA を使う方法はありません。"
    f"最終使用日時は分かりません。{_NOT_CONFIRMED.ja}",
)
CALLER = Text(
    "Whoever applies this plan keeps the access that they need to finish it and to roll it back.",
    "この計画を適用する人は、適用の完了とロールバックに必要なアクセスを失いません。",
)
BREAK_GLASS = Text(
    "No break-glass user is touched: the same policies decide for them as before.",
    "緊急用ユーザーには何も変わりません。適用されるポリシーは以前と同じです。",
)
ADMINISTRATOR_REMAINS = Text(
    "Somebody remains who can administer users with the password, access key and MFA device that "
    "they have now.",
    "今あるパスワード、アクセスキー、MFA デバイスでユーザーを管理できる人が残ります。",
)
NO_BREAK_GLASS = Text(
    "No break-glass user is named: nobody is protected as one.",
    "緊急用ユーザーが指定されていないため、保護の対象はありません。",
)
NOBODY_ADMINISTERS = Text(
    "No user could administer users before, with what they hold, so that none is lost.",
    "もともとユーザーを管理できるユーザーがいないため、失われる管理者もいません。",
)
MFA_OPENS = Text(
    "Nobody is shut out even with MFA.",
    "MFA でサインインしても締め出される人はいません。",
)
CALLER_UNKNOWN = Text(
    "It cannot be told which policies decide for the caller.",
    "呼び出し元にどのポリシーが適用されるか判断できません。",
)
OTHER_ACCOUNT = Text(
    "The caller is not of the account that was read.",
    "呼び出し元は、読み取ったアカウントのものではありません。",
)
GAP = Text(
    "Something that this plan depends on could not be read: {what}.",
    "この計画に必要な情報を読み取れませんでした: {what}",
)
MEANT_UNREAD = Text(
    "Whether the goal means these users could not be read: a selector asks what they hold or are.",
    "次のユーザーが目標の対象かどうか判断できません。"
    "セレクターの条件に必要な情報を読み取れませんでした。",
)
QUOTA = Text(
    "A quota of AWS would be exceeded: {what}{unread}. {room}",
    "AWS のクォータを超えます: {what}{unread}。{room}",
)
BY_DEFAULT = Text(
    " (AWS's default: the account's own quota was not read, for which collecting needs "
    "`iam:GetAccountSummary`)",
    " (AWS のデフォルト値。アカウント固有のクォータは読み取れていません。"
    "収集には `iam:GetAccountSummary` が必要です)",
)
ROOM_FOR_A_POLICY = Text(
    "Detach one that is not needed, put two into one, gate through a group, or ask AWS for a "
    "higher quota. What is in `replaces` goes only after its place is taken, and makes no room.",
    "不要なポリシーをデタッチする、2 つを 1 つにまとめる、グループ経由で適用する、または AWS に"
    "クォータの引き上げを申請してください。`replaces` のポリシーは新しいポリシーの"
    "アタッチ後に外すため、空きになりません。",
)
ROOM_IN_A_GROUP = Text(
    "Detach one that the group does not need, put two into one, or gate through another group.",
    "グループから不要なポリシーをデタッチする、2 つを 1 つにまとめる、"
    "または別のグループを使ってください。",
)
ROOM_FOR_A_GROUP = Text(
    "Take the user out of a group that is not needed, or gate without a group: leave `group` out.",
    "ユーザーを不要なグループから外すか、`group` を指定せずに直接アタッチしてください。",
)
ROOM_FOR_ONE_MORE_POLICY = Text(
    "Delete a customer managed policy that nobody needs, or ask AWS for a higher quota.",
    "不要なカスタマー管理ポリシーを削除するか、AWS にクォータの引き上げを申請してください。",
)
ROOM_FOR_ONE_MORE_GROUP = Text(
    "Delete a user group that nobody needs, gate without a group (leave `group` out), or ask AWS "
    "for a higher quota.",
    "不要なユーザーグループを削除するか、`group` を指定せずに直接アタッチするか、"
    "AWS にクォータの引き上げを申請してください。",
)
ROOM_FOR_A_USER = Text("Delete a user whom nobody needs.", "不要なユーザーを削除してください。")
VERSIONS = Text(
    "A quota of AWS would be exceeded: `{arn}` has {count} versions ({versions}; the default is "
    "{default}), and can have no more. None is deleted here, for none could be brought back: if "
    "nobody needs the oldest, delete it and plan again: `aws iam delete-policy-version "
    "--policy-arn {arn} --version-id {oldest}`.",
    "AWS のクォータを超えます: `{arn}` には既に {count} 個のバージョン ({versions}、"
    "デフォルトは {default}) があり、追加できません。削除すると元に戻せないため、"
    "ここでは削除しません。最も古いものが不要であれば、削除してから計画を作り直してください: "
    "`aws iam delete-policy-version --policy-arn {arn} --version-id {oldest}`",
)
KEYS_STOP = Text(
    "Access keys of these users work without MFA now and will stop: "
    "programs that use them need another way in.",
    "次のユーザーのアクセスキーは、今は MFA なしで使えますが、使えなくなります。"
    "それを使うプログラムには別の方法が必要です。",
)
CREDENTIALS_STOP = Text(
    "SSH keys, signing certificates or credentials for one service of these users work without "
    f"MFA now and will stop: with them there is no MFA. {_NOT_CONFIRMED.en}",
    "次のユーザーの SSH キー、署名証明書、またはサービス固有の認証情報は、今は MFA なしで"
    "使えますが、使えなくなります。これらで MFA を使う方法はありません。"
    f"{_NOT_CONFIRMED.ja}",
)
DEAD_LOCK = Text(
    "These users must change their password at the next sign-in, and will not be allowed to: "
    "they cannot sign in at the console.",
    "次のユーザーは次回サインイン時にパスワードの変更が必要ですが、変更が拒否されるため、"
    "コンソールにサインインできません。",
)
CANNOT_ENROL = Text(
    "These users have no MFA device and will not be allowed to set one up themselves.",
    "次のユーザーは MFA デバイスを持たず、自分で設定することも許可されません。",
)
MUST_ENROL = Text(
    "These users have no MFA device yet: they can do little until they set one up.",
    "次のユーザーはまだ MFA デバイスを持っていません。設定するまで、ほとんど何もできません。",
)
VIA_SERVICE = Text(
    "For these users AWS services may do things without MFA, when asked on their behalf.",
    "次のユーザーについては、代理で呼び出す AWS サービスが MFA なしで操作できます。",
)
EXCEPTION_EXPIRED = Text(
    "The exceptions of these users have expired and excuse nobody any more; break-glass users "
    "are left alone all the same. Renew them, or take them off the exceptions file.",
    "次のユーザーの例外は期限が切れており、MFA 必須の対象になります "
    "(緊急用ユーザーには引き続き変更を加えません)。"
    "期限を更新するか、例外ファイルから削除してください。",
)
NOT_COVERED = Text(
    "These users have a console password, or it could not be read, and are in no wave and no "
    "exception.",
    "次のユーザーはコンソールのパスワードを持ちますが (または有無を読み取れませんでしたが)、"
    "どのウェーブにも例外にも含まれていません。",
)
NOT_MEANT = Text(
    "Other policies will decide for these users, and the goal is not about them: they are in a "
    "group that gets the policy, or have the policy already.",
    "次のユーザーは目標の対象ではありませんが、適用されるポリシーが変わります "
    "(ポリシーがアタッチされるグループのメンバー、または既にポリシーを持つユーザー)。",
)
USED_ELSEWHERE = Text(
    "The new version of `{arn}` will also decide for these roles, or as the permissions boundary "
    "of these users and roles, and the goal is not about that. Give the goal's policy another "
    "name, or take this one off them.",
    "`{arn}` の新しいバージョンは、目標の対象ではない次のロールや、アクセス許可の境界としても"
    "適用されます。目標のポリシーを別の名前にするか、次のものからこのポリシーを外してください。",
)
OVERWRITES = Text(
    "What this policy says now is not proved to be a gate, and is replaced: somebody may have made "
    "it for something else. A roll-back brings it back.",
    "このポリシーの現在の内容は MFA を必須にするものと証明できず、置き換えられます。"
    "別の目的で作成されたものかもしれません。ロールバックすると元に戻ります。",
)
STALE_STAYS = Text(
    "The policy stays attached to the group `{group}`: some of its members are not gated yet.",
    "グループ `{group}` にはまだ MFA 必須でないメンバーがいるため、"
    "ポリシーのアタッチをそのまま残します。",
)
STILL_STUCK = Text(
    "These users have no way to sign in with MFA now, and this plan gives them none.",
    "次のユーザーは今も MFA でサインインする方法がなく、この計画を適用しても変わりません。",
)
UNREAD_POLICIES = Text(
    "cannot be told: policies that decide for them were not read",
    "判断できません: 適用されるポリシーを読み取れていません",
)
UNKNOWN = Text("cannot be told: {reason}", "判断できません: {reason}")
GAINS = Text(
    "These users will be allowed to do things that nothing allows them now (sampled).",
    "次のユーザーは、今は許可されていないことができるようになります (抜き取りで判定)。",
)
LOSES = Text(
    "These users will lose things that they may do now, even with MFA, such as {what}.",
    "次のユーザーは、今できることの一部が、MFA でサインインしてもできなくなります。例: {what}",
)
MAY_LOSE = Text(
    "These users may lose things that they may do now, even with MFA; it cannot be told: {what}",
    "次のユーザーは、今できることの一部が、MFA でサインインしてもできなくなるかもしれません。"
    "判断できない理由: {what}",
)
DESCRIPTION_STAYS = Text(
    "The policy exists with another description, which AWS does not let anybody change.",
    "ポリシーは別の説明で既に存在します。AWS では説明を変更できません。",
)
CHANGED_SINCE = Text(
    "it was changed since, so it stays as it is",
    "その後に変更されたため、そのまま残します",
)
NOT_OURS = Text(
    "it was so before the plan came to it, so it stays",
    "計画が適用される前からそうなっていたため、そのまま残します",
)
IN_USE = Text(
    "it has come into use and stays: {what}",
    "使用されているため残します: {what}",
)
IN_DOUBT = Text(
    "it may be of the run that died at that call, or somebody else's: ask, then say so by "
    "`--ours USER` or `--theirs USER`",
    "この呼び出しの途中で停止した実行によるものか、他の人によるものか判断できません。確認のうえ "
    "`--ours USER` または `--theirs USER` で指定してください",
)
IRREVERSIBLE = Text(
    "AWS cannot give back what was taken: it stays as it is",
    "AWS では元に戻せないため、そのまま残します",
)
NO_OTHER_GATE = Text(
    "it came in place of `{what}`, which is not back: without both, people may be left without "
    "a gate (`--leave-ungated` takes it back all the same)",
    "代わりに外した `{what}` が元に戻っていません。これも外すと MFA 必須でなくなるユーザーが"
    "いるかもしれないため、残します (それでも外すには `--leave-ungated`)",
)
FELT_BY = Text(
    "taking it back would also be felt by {what}, whom the plan did not find there "
    "(`--leave-ungated` takes it back all the same)",
    "元に戻すと、計画の作成時には対象でなかった {what} にも影響するため、残します "
    "(それでも元に戻すには `--leave-ungated`)",
)
FELT_UNREAD = Text(
    "it cannot be read who else would feel it taken back, so it stays: {what} (`--leave-ungated` "
    "takes it back all the same)",
    "元に戻すと誰に影響するか読み取れないため、残します: {what} "
    "(それでも元に戻すには `--leave-ungated`)",
)
STAYS_WITH = Text(
    "`{what}` stays, and what the plan gave that user stays with it (`--leave-ungated` takes it "
    "back all the same)",
    "`{what}` が残るため、計画がこのユーザーに与えたものも残します "
    "(それでも元に戻すには `--leave-ungated`)",
)
REFUSED_BY_AWS = Text(
    "AWS refuses: {what}",
    "AWS が拒否しました: {what}",
)
CUT_OFF = Text(
    "Loses every right at once, running sessions included, then every credential. The session of "
    "a role that was assumed before lives on until it ends.",
    "すべての権限を直ちに失い (実行中のセッションも含む)、続いてすべての認証情報を失います。"
    "既に引き受けたロールのセッションは、期限まで有効です。",
)
LOST_FOR_GOOD = Text(
    "What this takes away cannot be given back by a roll-back.",
    "次のものは、ロールバックしても元に戻せません。",
)
NO_FORCED_CHANGE = Text(
    "The temporary password need not be changed at the next sign-in: under the policies of this "
    "user the sign-in page would refuse the change, or that cannot be told. Ask them to change it "
    "once they may: under AWS's own sample once MFA is set up; others need "
    "`IAMUserChangePassword`.",
    "一時パスワードは次回サインイン時の変更を必須にしません。このユーザーのポリシーでは、"
    "サインイン画面での変更が拒否される (または判断できない) ためです。変更できるように"
    "なってから変更するよう依頼してください。AWS のサンプルの場合は MFA の設定後、"
    "権限がない場合は `IAMUserChangePassword` のアタッチ後です。",
)
NOT_ONESELF = Text(
    "Nobody does this to themselves: another administrator must.",
    "自分自身には実行できません。別の管理者が実行してください。",
)
RESET_NEXT = Text(
    "Signs in with the temporary password, changes it, then sets up MFA anew.",
    "一時パスワードでサインインし、パスワードを変更してから、MFA を設定し直します。",
)
RESET_WITHOUT_MFA = Text(
    "Gets in without MFA, which no policy of theirs and no role of the account asks them for; "
    "setting it up anew is not known to work.",
    "本人のポリシーにもアカウント内のロールの信頼ポリシーにも MFA の条件がないため、"
    "MFA なしで利用できます。"
    "MFA を設定し直せるかどうかは確認できていません。",
)
RESET_NEXT_KEEPS = Text(
    "Signs in, then sets up MFA anew.",
    "サインインして、MFA を設定し直します。",
)
