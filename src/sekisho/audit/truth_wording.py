"""The truth table's words, in both languages."""

from collections.abc import Mapping

from sekisho.audit.held import Held
from sekisho.audit.trusted import Way
from sekisho.audit.truth_model import Outcome
from sekisho.language import Text

__all__ = ["HELD", "LEGEND", "OUTCOMES"]

HELD: Mapping[Held | Way, Text] = {
    Held.CONSOLE: Text("console without MFA", "コンソール (MFA なし)"),
    Held.CONSOLE_MFA: Text("console with MFA", "コンソール (MFA あり)"),
    Held.KEY: Text("access key", "アクセスキー"),
    Held.TOKEN: Text("session token, no MFA", "セッショントークン (MFA なし)"),
    Held.TOKEN_MFA: Text("session token with MFA", "セッショントークン (MFA あり)"),
    Held.ROLE: Text("role session", "ロールのセッション"),
    Held.FEDERATED: Text("federated user", "フェデレーションユーザー"),
    Held.SERVICE_FOR_KEY: Text("AWS service for a key", "AWS サービス (キーの代理)"),
    Held.SERVICE_FOR_MFA: Text("AWS service for MFA", "AWS サービス (MFA の代理)"),
    Way.KEY_AND_CODE: Text("access key and MFA code", "アクセスキーと MFA コード"),
    Way.SAML: Text("SAML provider", "SAML プロバイダー"),
    Way.WEB_IDENTITY: Text("OIDC provider", "OIDC プロバイダー"),
    Way.SERVICE: Text("AWS service itself", "AWS サービス自身"),
}
"""The credentials, as a table's rows name them."""

OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.NOBODY: Text("-", "-"),
    Outcome.REFUSED: Text("never", "不可"),
    Outcome.DENIED: Text("no", "拒否"),
    Outcome.NOT_ALLOWED: Text("no", "拒否"),
    Outcome.MIXED: Text("partly", "一部"),
    Outcome.CONDITIONAL: Text("if", "条件"),
    Outcome.OTHERS: Text("other", "他"),
    Outcome.ALLOWED: Text("yes", "許可"),
    Outcome.UNGOVERNED: Text("always", "常に可"),
}
"""What comes of a task, as short as a cell must be."""

LEGEND: Mapping[Outcome, Text] = {
    Outcome.NOBODY: Text(
        "-: nobody of these has this credential, so it was not asked",
        "-: この相手はこの認証情報を持たないため、試していない",
    ),
    Outcome.REFUSED: Text(
        "never: by the service itself, whatever policies say",
        "不可: ポリシーによらず、サービス自体が拒否する",
    ),
    Outcome.NOT_ALLOWED: Text(
        "no: nor can another policy allow what this one does not",
        "拒否: このポリシーが許可しないことは、ほかのポリシーでも許可できない",
    ),
    Outcome.MIXED: Text("partly: some actions and not others", "一部: 一部のアクションだけ"),
    Outcome.CONDITIONAL: Text(
        "if: depends on conditions that were not varied",
        "条件: ここで変えて試していない条件による",
    ),
    Outcome.OTHERS: Text(
        "other: this policy leaves it to other policies",
        "他: このポリシーは決めず、ほかのポリシーに従う",
    ),
    Outcome.UNGOVERNED: Text(
        "always: permitted without asking a policy",
        "常に可: ポリシーを参照せずに許可される",
    ),
}
"""What those cells mean that do not say it themselves."""
