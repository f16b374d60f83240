"""The words of what a policy means for MFA (facts §1, §2, §5, §12)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.language import Text

__all__ = ["MFA_CONDITIONS"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_IF_EXISTS = Text(
    'In a Deny, write `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}`.',
    'Deny では `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}` と書いてください。',
)
_BOOL = Text(
    'In an Allow, write `"Bool": {"aws:MultiFactorAuthPresent": "true"}`.',
    'Allow では `"Bool": {"aws:MultiFactorAuthPresent": "true"}` と書いてください。',
)

MFA_CONDITIONS: Mapping[FindingId, Words] = {
    FindingId.DENY_MISSES_KEYS: Words(
        _ERROR,
        Text("the Deny lets long-term access keys through", "長期アクセスキーが Deny をすり抜ける"),
        Text(
            "A request signed with a long-term key has no MFA key at all, so `Bool` does not match "
            "it.",
            "長期アクセスキーのリクエストには MFA のキー自体がないため、`Bool` は一致しません。",
        ),
        _IF_EXISTS,
    ),
    FindingId.DENY_MISSES_CONSOLE: Words(
        _ERROR,
        Text(
            "the Deny lets sessions without MFA through",
            "MFA なしのセッションが Deny をすり抜ける",
        ),
        Text(
            "In a console or GetSessionToken session without MFA the key is there and false; "
            "`Null` only catches long-term keys.",
            "MFA なしのコンソールや GetSessionToken のセッションではキーがあって false です。"
            "`Null` が捉えるのは長期アクセスキーだけです。",
        ),
        _IF_EXISTS,
    ),
    FindingId.DENY_INVERTED: Words(
        _ERROR,
        Text("the Deny hits those who have MFA", "MFA を使った人が拒否される"),
        Text(
            "It applies with MFA, and not to somebody without.",
            "MFA があるときに適用され、ないときに適用されません。",
        ),
        _IF_EXISTS,
    ),
    FindingId.AGE_WITHOUT_IF_EXISTS: Words(
        _WARNING,
        Text("an MFA age that does not demand MFA", "MFA を必須にしない MFA の経過時間"),
        Text(
            "Without MFA there is no `aws:MultiFactorAuthAge`, so the comparison does not match "
            "and nothing is denied.",
            "MFA がなければ `aws:MultiFactorAuthAge` もないため、比較は一致せず拒否されません。",
        ),
        Text(
            "Write `NumericGreaterThanIfExists`, or add a Deny on "
            "`BoolIfExists aws:MultiFactorAuthPresent false`.",
            "`NumericGreaterThanIfExists` にするか、"
            "`BoolIfExists aws:MultiFactorAuthPresent false` の Deny を加えてください。",
        ),
    ),
    FindingId.ALLOW_ADMITS_KEYS: Words(
        _ERROR,
        Text("the Allow admits long-term access keys", "Allow が長期アクセスキーも許可する"),
        Text(
            "With `IfExists` a request without the MFA key matches, and long-term keys have none.",
            "`IfExists` は MFA のキーがないリクエストにも一致し、長期アクセスキーにはそれが"
            "ありません。",
        ),
        _BOOL,
    ),
    FindingId.ALLOW_ADMITS_SESSIONS: Words(
        _ERROR,
        Text("the Allow admits sessions without MFA", "Allow が MFA なしのセッションも許可する"),
        Text(
            "That the key is there proves temporary credentials, not MFA: in a console session "
            "without MFA it is there and false.",
            "キーがあることは一時的な認証情報であることしか示しません。MFA なしのコンソールでは"
            "キーがあって false です。",
        ),
        _BOOL,
    ),
    FindingId.ALLOW_FOR_ALL_VALUES: Words(
        _ERROR,
        Text("ForAllValues admits who has no MFA key", "ForAllValues が MFA のない人も許可する"),
        Text(
            "`ForAllValues` holds when the key is missing, as it is with long-term keys.",
            "`ForAllValues` はキーがなくても成立し、長期アクセスキーにはキーがありません。",
        ),
        _BOOL,
    ),
    FindingId.ALLOW_INVERTED: Words(
        _WARNING,
        Text("an Allow for those without MFA only", "MFA がない人だけを許可する Allow"),
        Text(
            "It applies without MFA and not with MFA.",
            "MFA がないときに適用され、あるときに適用されません。",
        ),
        _BOOL,
    ),
    FindingId.ALLOW_WITHOUT_TOO: Words(
        _WARNING,
        Text("another statement allows the same without MFA", "別の文が MFA なしでも許可している"),
        Text(
            "Allows add up: the one without the condition makes this condition idle.",
            "Allow は足し合わされるため、条件のない方がこの条件を無意味にします。",
        ),
        Text(
            "Put the condition on both, or use a Deny.",
            "両方に条件を付けるか、Deny を使ってください。",
        ),
    ),
    FindingId.DECOY_KEY: Words(
        _ERROR,
        Text("a key that looks like MFA and is not", "MFA に見えて存在しない条件キー"),
        Text(
            "AWS has no such key, so MFA makes no difference to this statement.",
            "そのようなキーはなく、MFA の有無でこの文の結果は変わりません。",
        ),
        Text(
            "Write `aws:MultiFactorAuthPresent`.", "`aws:MultiFactorAuthPresent` と書いてください。"
        ),
    ),
    FindingId.ON_ROLE: Words(
        _ERROR,
        Text("an MFA condition on a role's sessions", "ロールのセッションに対する MFA の条件"),
        Text(
            "The session of a role never carries the MFA of whoever assumed it: the condition is "
            "always met or never, so that a Deny without MFA always applies and an Allow with MFA "
            "never.",
            "ロールのセッションは引き受けた人の MFA を引き継がないため、条件は常に成立するか決して"
            "成立しません。MFA なしを拒否する Deny は常に適用され、MFA を求める Allow は決して"
            "適用されません。",
        ),
        Text(
            "Put the condition into the role's trust policy.",
            "条件はロールの信頼ポリシーに書いてください。",
        ),
    ),
    FindingId.SCP_HITS_ROLES: Words(
        _ERROR,
        Text("the SCP denies roles", "SCP がロールを拒否する"),
        Text(
            "Sessions of roles, of services and of federated people carry no MFA, so they are all "
            "denied.",
            "ロール、サービス、フェデレーションのセッションに MFA はなく、すべて拒否されます。",
        ),
        Text(
            "Limit it to IAM users, with a condition that `aws:PrincipalArn` is like "
            "`arn:aws:iam::*:user/*`, and exempt what enrolment needs (`NotAction`): without that "
            "no user can ever get MFA.",
            "`aws:PrincipalArn` が `arn:aws:iam::*:user/*` に合うという条件で IAM ユーザーに限り、"
            "登録に必要なものを除外 (`NotAction`) してください。除外しないと、どのユーザーも MFA を"
            "登録できません。",
        ),
    ),
    FindingId.BOUNDARY_CAPS: Words(
        _WARNING,
        Text("as a boundary it caps everything else", "境界としては他のすべてを止める"),
        Text(
            "What a permissions boundary does not allow is denied even with MFA, whatever other "
            "policies allow.",
            "アクセス許可の境界が許可しないことは、MFA があり他のポリシーが"
            "許可していても拒否されます。",
        ),
        Text(
            "Allow `*` in it too, or attach it as an ordinary policy.",
            "`*` も許可するか、通常のポリシーとしてアタッチしてください。",
        ),
    ),
    FindingId.TRUST_WITHOUT_MFA: Words(
        _NOTE,
        Text("the role can be assumed without MFA", "MFA なしで引き受けられるロール"),
        Text(
            "MFA for a role is checked here and nowhere else; this policy does not ask for it.",
            "ロールの MFA を確認できるのは信頼ポリシーだけですが、このポリシーは求めていません。",
        ),
        Text(
            'Add `"Bool": {"aws:MultiFactorAuthPresent": "true"}` to the Allow for people.',
            '人を許可する Allow に `"Bool": {"aws:MultiFactorAuthPresent": "true"}` を'
            "加えてください。",
        ),
    ),
    FindingId.TRUSTED_NEVER_HAS: Words(
        _ERROR,
        Text("an MFA condition on who never has MFA", "MFA を持ち得ない相手に対する MFA の条件"),
        Text(
            "A role's session (role chaining), a service, and whom an identity provider vouches "
            "for carry no MFA: `Bool` true in an Allow never applies, `BoolIfExists` true lets in "
            "whoever has no MFA key, and a Deny without MFA always applies.",
            "ロールのセッション (ロールの連鎖)、サービス、ID プロバイダーが認証した人は MFA を"
            "持ちません。Allow の `Bool` true は決して適用されず、`BoolIfExists` true は MFA の"
            "キーがなければ許可し、MFA なしを拒否する Deny は常に適用されます。",
        ),
        Text(
            "Drop the condition for them; ask for MFA in the trust policy of the role that people "
            "assume first, or at the identity provider.",
            "この相手には条件を付けず、人が最初に引き受けるロールの信頼ポリシーか "
            "ID プロバイダーで MFA を求めてください。",
        ),
    ),
}
