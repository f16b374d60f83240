"""The administrator's half of the guide: before, create, attach in three ways, undo."""

from sekisho.language import Text
from sekisho.story.guide_model import Code, Note, Paragraph, Section, Steps, Table

__all__ = ["ATTACH_GROUP", "ATTACH_NEW_USER", "ATTACH_USER", "BEFORE", "UNDO", "create"]


BEFORE = Section(
    "before",
    Text("Before you begin", "はじめる前に"),
    (
        Paragraph(
            Text(
                "Nothing has been changed yet. Reading this page changes nothing.",
                "まだ何も変更していません。このページを読むだけでは何も変わりません。",
            )
        ),
        Steps(
            (
                Text(
                    "Use an IAM user or role with administrator rights, and sign in with MFA. "
                    "If you have no MFA device yet, enrol your own first.",
                    "管理者権限のある IAM ユーザーまたはロールに、MFA "
                    "を使ってサインインします。"
                    "自分の MFA デバイスがまだない場合は、先に自分の登録を済ませます。",
                ),
                Text(
                    "Keep one emergency (break-glass) administrator to whom the policy is "
                    "never attached. Lock its credentials away and test them.",
                    "緊急用 (ブレークグラス) の管理者を 1 人残し、このポリシーは付けません。"
                    "認証情報は厳重に保管し、使えることを確かめておきます。",
                ),
                Text(
                    "Open {users} and look at each user's access keys and when they were last "
                    "used. Once the policy is attached, every long-term access key of that "
                    "user stops working: scripts, CI and plug-ins with it.",
                    "{users} を開き、各ユーザーのアクセスキーと最終使用日を確認します。"
                    "ポリシーを付けると、そのユーザーの長期アクセスキーはすべて使えなくなり、"
                    "スクリプト、CI、プラグインも止まります。",
                ),
                Text(
                    "Attach the policy to IAM users and user groups only, never to roles.",
                    "ポリシーは IAM ユーザーとユーザーグループにだけ付けます。"
                    "ロールには付けません。",
                ),
                Text(
                    "Start with one user who has been told, and go on when it works.",
                    "まず事前に知らせた 1 人で試し、うまくいってから広げます。",
                ),
            )
        ),
    ),
)
"""What to make sure of before anything is changed."""

_CREATE = Steps(
    (
        Text(
            "Open IAM in the console. The region selector shows {global}: IAM has no region.",
            "コンソールで IAM を開きます。IAM にリージョンはないため、リージョンの"
            "欄には {global} と表示されます。",
        ),
        Text(
            "Choose {policies} on the left, then {create_policy}.",
            "左の {policies} を選び、{create_policy} を選びます。",
        ),
        Text(
            "On the page {specify_permissions}, choose {json} in the {policy_editor}. "
            "(The visual editor cannot show this policy: it uses NotAction.)",
            "{specify_permissions} の画面で、{policy_editor} の {json} を選びます "
            "(NotAction を使うため、ビジュアルエディタでは扱えません)。",
        ),
        Text(
            "Delete what the editor holds, paste the JSON below as it stands, and choose {next}.",
            "エディタの内容を消し、下の JSON をそのまま貼り付けて、{next} を選びます。",
        ),
        Text(
            "On the page {review_and_create}, under {policy_details}, enter "
            "{policy_name} and {description} from the table below. Neither can be "
            "changed later.",
            "{review_and_create} の画面の {policy_details} で、下の表のとおり "
            "{policy_name} と {description} を入力します。"
            "どちらも後から変更できません。",
        ),
        Text(
            "Compare {permissions_defined} with the section after this one.",
            "{permissions_defined} を次の節と見比べます。",
        ),
        Text(
            "Under {add_tags}, choose {add_new_tag} and enter the tags of the table (optional).",
            "{add_tags} で {add_new_tag} を選び、表のタグを入力します (任意)。",
        ),
        Text(
            "Choose {create_policy}. A banner says that the policy was created; find "
            "it in the list {policies} by typing its name into the search box. Its "
            "type is {customer_managed}.",
            "{create_policy} を選びます。作成されたことを知らせるバナーが出ます。"
            "{policies} の一覧の検索欄に名前を入れると見つかります。"
            "タイプは {customer_managed} です。",
        ),
    )
)


def create(policy_json: str, fields: Table) -> Section:
    """Return how to create the policy; `fields` lists the name, description and tags to enter."""
    return Section(
        "create",
        Text("Create the policy", "ポリシーを作成する"),
        (
            _CREATE,
            Code(policy_json, "json", Text("The JSON to paste", "貼り付ける JSON")),
            fields,
        ),
    )


ATTACH_USER = Section(
    "attach-user",
    Text("Attach it, first way: to an existing user", "付ける方法 1: 既存のユーザーに直接"),
    (
        Steps(
            (
                Text(
                    "Choose {users}, then the user's name.",
                    "{users} を選び、ユーザーの名前を選びます。",
                ),
                Text(
                    "On the tab {permissions_tab}, choose {add_permissions}.",
                    "{permissions_tab} タブで {add_permissions} を選びます。",
                ),
                Text(
                    "Choose {attach_directly}, search for the policy by its name, tick it, "
                    "and choose {next}.",
                    "{attach_directly} を選び、ポリシーを名前で検索してチェックを入れ、"
                    "{next} を選びます。",
                ),
                Text(
                    "Check the list and choose {add_permissions}. It acts within seconds, on "
                    "sessions that are open already too.",
                    "一覧を確かめて {add_permissions} を選びます。数秒で効き、"
                    "すでに開いているセッションにも効きます。",
                ),
            )
        ),
    ),
)
"""How to attach the policy to a user who exists already."""

ATTACH_NEW_USER = Section(
    "attach-new-user",
    Text(
        "Attach it, second way: while creating a user",
        "付ける方法 2: ユーザーを作成しながら",
    ),
    (
        Steps(
            (
                Text(
                    "Choose {users}, then {create_user}. Enter the {user_name}.",
                    "{users} を選び、{create_user} を選びます。{user_name} を入力します。",
                ),
                Text(
                    "Tick {console_access}. Leave {autogenerated} chosen and "
                    "{must_change} ticked: the password is a temporary one. Choose {next}.",
                    "{console_access} にチェックを入れます。{autogenerated} を選んだまま、"
                    "{must_change} のチェックも残します (一時パスワードになります)。"
                    "{next} を選びます。",
                ),
                Text(
                    "On the page {set_permissions}, choose {attach_directly}, tick the "
                    "policy, and choose {next}.",
                    "{set_permissions} の画面で {attach_directly} を選び、"
                    "ポリシーにチェックを入れて、{next} を選びます。",
                ),
                Text(
                    "On the page {review_and_create}, check the list. The console has added "
                    "the AWS managed policy IAMUserChangePassword by itself; leave it. Choose "
                    "{create_user}.",
                    "{review_and_create} の画面で一覧を確かめます。コンソールが AWS 管理"
                    "ポリシー IAMUserChangePassword を自動で加えますが、そのままにします。"
                    "{create_user} を選びます。",
                ),
                Text(
                    "Hand the sign-in address, the user name and the temporary password to "
                    "the person over two different channels. It is shown only once.",
                    "サインイン用の URL、ユーザー名と一時パスワードを、別々の経路で本人に"
                    "渡します。パスワードが表示されるのは一度だけです。",
                ),
            )
        ),
        Note(
            Text(
                "Read the section on the first sign-in before you hand the password over.",
                "パスワードを渡す前に、初回サインインの節を読んでください。",
            )
        ),
    ),
)
"""How to attach the policy while creating a user with a temporary password."""

ATTACH_GROUP = Section(
    "attach-group",
    Text("Attach it, third way: through a user group", "付ける方法 3: ユーザーグループを通して"),
    (
        Steps(
            (
                Text(
                    "Choose {user_groups}, then {create_group}, and enter the {group_name}, "
                    "such as MFA-required. For a group that exists, choose its name instead.",
                    "{user_groups} を選び、{create_group} を選んで、{group_name} を入力します "
                    "(例: MFA-required)。既存のグループなら、その名前を選びます。",
                ),
                Text(
                    "On the group's tab {permissions_tab}, choose {add_permissions}, then "
                    "{attach_group_policies}; tick the policy and attach it.",
                    "グループの {permissions_tab} タブで {add_permissions}、"
                    "{attach_group_policies} の順に選び、ポリシーにチェックを入れて付けます。",
                ),
                Text(
                    "On the group's tab {users_tab}, choose {add_users}, tick the people, and "
                    "add them. From this moment the policy acts on them.",
                    "グループの {users_tab} タブで {add_users} を選び、"
                    "対象の人にチェックを入れて追加します。この時点でポリシーが効き始めます。",
                ),
            )
        ),
        Note(
            Text(
                "No group takes in everybody by itself: whoever is created later must be "
                "added by hand. A user can be in 10 groups.",
                "全員が自動で入るグループはありません。後から作成したユーザーは手で追加します。"
                "1 人のユーザーが入れるグループは 10 個までです。",
            )
        ),
    ),
)
"""How to attach the policy through a user group."""

UNDO = Section(
    "undo",
    Text("Undo it", "元に戻す"),
    (
        Steps(
            (
                Text(
                    "Choose {policies}, search for the policy and open it. The tab "
                    "{entities_attached} lists every user and group that has it.",
                    "{policies} を選び、ポリシーを検索して開きます。{entities_attached} "
                    "タブに、"
                    "付いているユーザーとグループがすべて表示されます。",
                ),
                Text(
                    "Tick them and choose {detach}. Old rights are back within seconds, "
                    "without MFA.",
                    "チェックを入れて {detach} を選びます。"
                    "数秒で、MFA なしでも元の権限に戻ります。",
                ),
                Text(
                    "If the policy should go too: choose it in the list {policies}, choose "
                    "{delete} and type its name to confirm.",
                    "ポリシー自体も消す場合は、{policies} の一覧で選び、{delete} を選んで、"
                    "確認のために名前を入力します。",
                ),
                Text(
                    "If you made a group for it: remove the members, then delete the group.",
                    "このためにグループを作った場合は、メンバーを外してからグループを削除します。",
                ),
            )
        ),
        Paragraph(
            Text(
                "What people did meanwhile stays: new passwords and enrolled devices. A user "
                "with a device is asked for a code at every sign-in, policy or not.",
                "その間に利用者がしたこと (新しいパスワード、登録したデバイス) は残ります。"
                "デバイスのあるユーザーは、ポリシーがなくてもサインインのたびに"
                "コードを求められます。",
            )
        ),
    ),
)
"""How to take everything back."""
