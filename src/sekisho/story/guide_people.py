"""The other half of the guide: the first-sign-in trap, what people will see, what to do if."""

from sekisho.language import Text
from sekisho.story.guide_model import Block, Code, Note, Paragraph, Section, Steps, Table

__all__ = ["TROUBLES", "command_line", "enrol", "first_sign_in", "people_see"]

_WORKS_HERE = Text(
    "With this policy the first sign-in works: changing one's own password needs no MFA.",
    "このポリシーでは初回サインインができます。自分のパスワードの変更に MFA は要りません。",
)
_DEADLOCKS_HERE = Text(
    "With this policy the first sign-in with a temporary password dead-locks: the password must be "
    "changed before anything else, and changing it needs MFA, which cannot be enrolled before. "
    "Take one of the three ways below.",
    "このポリシーでは、一時パスワードでの初回サインインが行き詰まります。先にパスワードを変更しな"
    "ければ何もできないのに、変更には MFA が必要で、その MFA は変更前には登録できないためです。"
    "下の 3 つの方法のどれかを選んでください。",
)
_WAYS = (
    Text(
        "Use a policy that exempts iam:ChangePassword and iam:GetAccountPasswordPolicy (the "
        "presets `recommended` and `first-login`). It costs that somebody who knows a password "
        "could change it without a second factor and lock the owner out; they gain no other "
        "right by it.",
        "iam:ChangePassword と iam:GetAccountPasswordPolicy を免除するポリシーを使う (プリセット "
        "`recommended` と `first-login`)。パスワードを知る人が 2 つ目の要素なしで変更し、"
        "本人を締め出せるようになるのが代償ですが、それでほかの権限が増えることはありません。",
    ),
    Text(
        "Attach the policy only after the person has changed the password (the way AWS prefers): "
        "create the user without any other permission, let them sign in and change it, then "
        "attach.",
        "本人がパスワードを変更してからポリシーを付ける (AWS が勧める方法)。ほかの権限なしで"
        "ユーザーを作成し、サインインして変更してもらってから付けます。",
    ),
    Text(
        "Set a password that need not be changed: clear {must_change}. Then the administrator "
        "knows it, so ask the person to change it once MFA is on.",
        "変更しなくてよいパスワードを設定する ({must_change} のチェックを外す)。"
        "管理者がパスワードを"
        "知っていることになるため、MFA の登録後に本人に変更してもらいます。",
    ),
)


def first_sign_in(*, works: bool) -> Section:
    """Return the trap of the temporary password; `works` says whether this policy avoids it."""
    return Section(
        "first-sign-in",
        Text("The first sign-in: the trap and three ways", "初回サインインの落とし穴と 3 つの方法"),
        (
            Note(_WORKS_HERE if works else _DEADLOCKS_HERE),
            Steps(_WAYS),
            Paragraph(
                Text(
                    "The page says the same sentence whether permission is missing or the new "
                    "password is too weak: `Either user is not authorized to perform "
                    "iam:ChangePassword or entered password does not comply with account password "
                    "policy set by administrator`. Check the password's length and characters "
                    "first.",
                    "権限がない場合も、新しいパスワードが弱すぎる場合も、画面には同じ文が出ます: "
                    "「ユーザーに iam:ChangePassword を実行する権限がないか、入力されたパスワードが"
                    "…準拠していません」。まずパスワードの長さと文字の種類を確かめてください。",
                )
            ),
        ),
    )


_SUCCEEDS = Text(
    "Signing in with name and password succeeds: the policy acts only after it.",
    "名前とパスワードでのサインインは成功します。ポリシーが効くのはその後です。",
)
_NEW_PASSWORD = Text(
    "With a temporary password, a page asks for a new one before anything else.",
    "一時パスワードの場合は、最初に新しいパスワードを求める画面が出ます。",
)
_NEW_PASSWORD_REFUSED = Text(
    "With a temporary password, the page that asks for a new one refuses every new "
    "password: see the section before.",
    "一時パスワードの場合は、新しいパスワードを求める画面が出て、何を入力しても"
    "拒否されます (前の節を参照)。",
)
_RED = Text(
    "Almost every page shows red boxes such as `... with an explicit deny in an "
    "identity-based policy`. That is expected: it is the policy at work.",
    "ほとんどの画面に `... with an explicit deny in an identity-based policy` のような"
    "赤い枠が出ます。これはポリシーが効いているためで、異常ではありません。",
)
_SET_UP = Text(
    "Setting up MFA works. The next section is for the person: print it or send it.",
    "MFA の設定はできます。次の節は本人向けです。印刷するか送ってください。",
)


def people_see(*, works: bool) -> Section:
    """Return what a user without a device sees after the policy is attached."""
    asked = _NEW_PASSWORD if works else _NEW_PASSWORD_REFUSED
    return Section(
        "people-see",
        Text("What people will see", "利用者に見えるもの"),
        (Steps((_SUCCEEDS, asked, _RED, _SET_UP)),),
    )


_SIX = Steps(
    (
        Text(
            "Choose your name at the top right, then {security_credentials}. Red boxes "
            "on this page are expected.",
            "右上の自分の名前を選び、{security_credentials} を選びます。"
            "この画面に赤い枠が出ても問題ありません。",
        ),
        Text(
            "Choose {assign_mfa}. Enter a {device_name} that nobody has used yet, such as "
            "your user name and `phone`.",
            "{assign_mfa} を選びます。{device_name} には、まだ誰も使っていない名前を"
            "入力します (例: ユーザー名に `-phone` を付けたもの)。",
        ),
        Text(
            "Choose {authenticator_app} and {next}. ({passkey} works too, but not for the "
            "AWS CLI.)",
            "{authenticator_app} を選び、{next} を選びます ({passkey} でも登録できますが、"
            "AWS CLI では使えません)。",
        ),
        Text(
            "Choose {show_qr} and scan it with the app on your phone. Without a camera, "
            "choose {show_secret} and type it in.",
            "{show_qr} を選び、スマートフォンのアプリで読み取ります。"
            "カメラが使えない場合は "
            "{show_secret} を選んで入力します。",
        ),
        Text(
            "Type the six digits into {code_1}. Wait until the app shows the next "
            "six digits, and type those into {code_2}. Choose {add_mfa}.",
            "表示された 6 桁の数字を {code_1} に入力します。アプリの数字が次に変わるまで"
            "待ち、新しい 6 桁を {code_2} に入力して、{add_mfa} を選びます。",
        ),
        Text(
            "Choose {sign_out}, then sign in again with the code. Only the new session "
            "has MFA: the old one stays without.",
            "{sign_out} を選び、コードを使ってもう一度サインインします。"
            "MFA が効くのは新しいセッションからで、元のセッションは MFA なしのままです。",
        ),
    )
)

_TO_THE_END = Note(
    Text(
        "Do not cancel half-way. If you have to, use another device name next time.",
        "途中でやめないでください。やめた場合、次は別のデバイス名を使います。",
    )
)

_PATH = Note(
    Text(
        "Users whose ARN has a path (such as `user/staff/hanako`) cannot enrol under "
        "this policy: it names `user/${aws:username}` only. Do not attach it to "
        "them; the preset `recommended` repairs this.",
        "ARN にパスがあるユーザー (例: `user/staff/hanako`) は、このポリシーの下では"
        "登録できません。`user/${aws:username}` しか書かれていないためです。"
        "そのユーザーには付けないでください (プリセット `recommended` "
        "なら登録できます)。",
    )
)


def enrol(*, path_locked_out: bool) -> Section:
    """Return the six steps of enrolment, for the person to follow."""
    blocks: tuple[Block, ...] = (_SIX, _TO_THE_END)
    return Section(
        "enrol",
        Text("Enrol an MFA device in six steps", "MFA デバイスを 6 ステップで登録する"),
        (*blocks, _PATH) if path_locked_out else blocks,
    )


def command_line(partition: str) -> Section:
    """Return what changes for those who use the AWS CLI."""
    commands = (
        "aws sts get-session-token \\\n"
        f"  --serial-number arn:{partition}:iam::ACCOUNT-ID:mfa/DEVICE-NAME \\\n"
        "  --token-code 123456"
    )
    return Section(
        "command-line",
        Text("What changes on the command line", "コマンドラインで変わること"),
        (
            Steps(
                (
                    Text(
                        "A long-term access key alone is denied everything but the exempt list.",
                        "長期アクセスキーだけでは、免除されたもの以外はすべて拒否されます。",
                    ),
                    Text(
                        "Ask for a session with a code, and use the three values it returns "
                        "(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`). "
                        "Newer AWS CLIs do both at once: `aws configure mfa-login`.",
                        "コードを付けてセッションを取得し、返された 3 つの値 (`AWS_ACCESS_KEY_ID`, "
                        "`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) を使います。新しい AWS CLI "
                        "では `aws configure mfa-login` で一度にできます。",
                    ),
                    Text(
                        "A session taken without a code cannot call IAM at all; the error is "
                        "`InvalidClientTokenId: The security token included in the request is "
                        "invalid`.",
                        "コードなしで取得したセッションでは IAM をまったく呼び出せません。エラーは "
                        "`InvalidClientTokenId: The security token included in the request is "
                        "invalid` です。",
                    ),
                )
            ),
            Code(commands, "shell", Text("A session with a code", "コードを付けたセッション")),
        ),
    )


_TROUBLES = (
    (
        Text(
            "`Entity already exists` / `EntityAlreadyExists`",
            "「エンティティは既に存在しています」 / `EntityAlreadyExists`",
        ),
        Text(
            "An enrolment was broken off and left its device behind. Use another device name, "
            "or let an administrator delete the leftover. Do not allow users to delete devices "
            "without MFA.",
            "途中でやめた登録のデバイスが残っています。別のデバイス名を使うか、管理者が残った"
            "デバイスを削除します。MFA なしでの削除を利用者に許可してはいけません。",
        ),
    ),
    (
        Text("The code is not accepted", "コードが受け付けられない"),
        Text(
            "The two codes must follow each other, and each works once. Check that the phone "
            "sets its clock by itself.",
            "2 つのコードは続けて表示されたものでなければならず、それぞれ一度しか使えません。"
            "スマートフォンの時刻が自動設定になっているか確かめてください。",
        ),
    ),
    (
        Text(
            "`... with an explicit deny in an identity-based policy` although MFA is set up",
            "MFA を登録したのに `... with an explicit deny in an identity-based policy`",
        ),
        Text(
            "This session was opened without MFA. Sign out and in with the code.",
            "そのセッションは MFA なしで始まっています。サインアウトし、コードを使って"
            "サインインし直してください。",
        ),
    ),
    (
        Text("The phone is lost", "スマートフォンをなくした"),
        Text(
            "Check who is asking, then deactivate the device and delete it; the person enrols "
            "anew. A user may have up to 8 devices: a second one avoids this.",
            "本人確認のうえで、管理者がデバイスを無効化して削除し、本人が登録し直します。"
            "デバイスは 8 台まで登録できるので、2 台目があればこの手間は避けられます。",
        ),
    ),
)
TROUBLES = Section(
    "troubles",
    Text("If something goes wrong", "うまくいかないとき"),
    (
        Table(
            Text("Messages and cures", "メッセージと対処"),
            (Text("What people say", "利用者の言葉"), Text("Cause and cure", "原因と対処")),
            _TROUBLES,
        ),
    ),
)
"""The messages that people will bring, with cause and cure."""
