"""Why an answer is not known, in words: every limit, and every construct that is not handled."""

from sekisho.language import Text

__all__ = [
    "ANOTHER_TYPE",
    "MAY_HAVE_NO_VALUE",
    "MFA_BEYOND_ASCII",
    "MFA_NOT_BOOLEAN",
    "NAMES_A_SERVICE",
    "NAMES_A_TIME",
    "NONE_DENIABLE",
    "NONE_FROM",
    "NONE_OF",
    "NONE_ON",
    "NOT_HANDLED",
    "NOT_LISTED",
    "NOT_SAID",
    "NO_SUCH_ACTION",
    "OF_A_KEY",
    "PASSWORD_POLICY",
    "READ_AS_ONE",
    "SEVERAL_ACCOUNTS",
    "SEVERAL_PARTITIONS",
    "TELLS_CALLERS",
    "TELLS_OWNERS",
    "TOO_MANY_COMBINATIONS",
    "TOO_MANY_CONDITIONS",
    "TOO_MANY_DIGITS",
    "TOO_MANY_SETS",
    "TOO_MANY_STATES",
    "TOO_MANY_STEPS",
    "TOO_MANY_USERS",
    "UNSETTLED",
    "UNSETTLED_USERS",
    "UNUSUAL_CHARACTERS",
]

TOO_MANY_STEPS = Text("the question takes too many steps", "判断に必要な手順が多すぎます")
TOO_MANY_STATES = Text(
    "the patterns have too many states side by side", "パターンの組み合わせの状態が多すぎます"
)
UNUSUAL_CHARACTERS = Text(
    "patterns with too many unusual characters", "パターンに特殊な文字が多すぎます"
)
TOO_MANY_COMBINATIONS = Text(
    "too many combinations of statements", "ステートメントの組み合わせが多すぎます"
)
TOO_MANY_SETS = Text("too many sets of values", "値の組み合わせが多すぎます")
TOO_MANY_CONDITIONS = Text("too many different conditions", "異なる条件が多すぎます")
TOO_MANY_DIGITS = Text("a number with too many digits", "桁数が多すぎる数値です")
TOO_MANY_USERS = Text(
    "the policies tell more than {most} classes of users apart",
    "ポリシーが {most} を超える種類のユーザーを区別しています",
)
UNSETTLED_USERS = Text(
    "users are told apart by what is not known: {entries}",
    "値のわからない変数でユーザーが区別されています: {entries}",
)
NOT_HANDLED = Text("a {kind} is not handled", "扱えない種類のポリシーです: {kind}")
MAY_HAVE_NO_VALUE = Text(
    "an Allow's NotResource where a variable may have no value: {entries}",
    "変数が値を持たない可能性がある Allow の NotResource です: {entries}",
)
READ_AS_ONE = Text("`{entry}` read as one string", "1 つの文字列とみなした `{entry}`")
SEVERAL_ACCOUNTS = Text(
    "the user may be of several accounts ({accounts}): say whose they are by --user-arn",
    "ユーザーのアカウントが複数考えられます ({accounts})。"
    "どのユーザーのものかを --user-arn で指定してください",
)
SEVERAL_PARTITIONS = Text(
    "the user may be of several partitions ({users}): say whose they are by --user-arn",
    "ユーザーのパーティションが複数考えられます ({users})。"
    "どのユーザーのものかを --user-arn で指定してください",
)
TELLS_CALLERS = Text(
    "the policies tell users apart by {keys}: say who calls by --user-arn",
    "ポリシーが {keys} でユーザーを区別しています。"
    "呼び出すユーザーを --user-arn で指定してください",
)
TELLS_OWNERS = Text(
    "the policies may tell more accounts apart, as owners of resources, than were asked about",
    "ポリシーが、リソースの所有者として、ここで調べた以外のアカウントも"
    "区別している可能性があります",
)
NAMES_A_SERVICE = Text(
    "a policy variable that names a service in between",
    "呼び出しを仲介するサービスを指すポリシー変数です",
)
NAMES_A_TIME = Text("a policy variable that names a time", "時刻を指すポリシー変数です")
NOT_SAID = Text(
    "a condition that cannot be said in the policies' own words",
    "ポリシーの記述では表せない条件です",
)
UNSETTLED = Text(
    "policy variables that no request fixes: {keys}",
    "リクエストで値が定まらないポリシー変数です: {keys}",
)
ANOTHER_TYPE = Text(
    "`{key}` is compared as another type than it is of, or as two",
    "`{key}` が本来と異なる型、または 2 つの型で比較されています",
)
OF_A_KEY = Text("`{key}`: {reason}", "`{key}`: {reason}")
PASSWORD_POLICY = Text(
    "it depends on AllowUsersToChangePassword, and the password policy is not known",
    "AllowUsersToChangePassword に依存しますが、パスワードポリシーが不明です",
)
MFA_NOT_BOOLEAN = Text(
    "`{key}` is compared as something else than true, false or a text",
    "`{key}` が true、false、文字列以外として比較されています",
)
MFA_BEYOND_ASCII = Text(
    "`{key}` is compared ignoring the case of letters beyond ASCII",
    "`{key}` が ASCII 以外の文字の大文字と小文字を区別せずに比較されています",
)
NOT_LISTED = Text(
    "what differs in `{action}` could not be listed",
    "`{action}` の違いを列挙できませんでした",
)
NO_SUCH_ACTION = Text(
    "{action} takes in no action of the catalogue",
    "{action} に当てはまるアクションがカタログにありません",
)
NONE_DENIABLE = Text(
    "nothing can be asked about {action}: no policy can deny it",
    "{action} については問えません: どのポリシーでも拒否できません",
)
NONE_FROM = Text(
    "no request of the question can be asked about: none is from elsewhere than {networks}",
    "問えるリクエストがありません: {networks} 以外から来るものがありません",
)
NONE_OF = Text(
    "nothing can be asked about {action}: it is on no resource of the question",
    "{action} については問えません: 指定されたリソースを対象としません",
)
NONE_ON = Text(
    "nothing can be asked about {entry}: no action of the question is on it",
    "{entry} については問えません: 指定されたアクションはこれを対象としません",
)
