"""What the prover says to people, in both languages."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.prover.credentials import Held, User
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict, Witness

__all__ = ["ASSUMED", "HELD", "assumed_user", "verdict_text", "witness_text"]

HELD: Mapping[Held, Text] = {
    Held.KEY: Text("access key", "アクセスキー"),
    Held.SESSION: Text(
        "console session or session token without MFA",
        "MFA なしのコンソールセッションまたはセッショントークン",
    ),
    Held.MFA_SESSION: Text("session with MFA", "MFA 済みのセッション"),
    Held.KEY_VIA_SERVICE: Text(
        "AWS service acting for an access key", "アクセスキーの代理で呼び出す AWS サービス"
    ),
    Held.SESSION_VIA_SERVICE: Text(
        "AWS service acting for a session without MFA",
        "MFA なしのセッションの代理で呼び出す AWS サービス",
    ),
    Held.MFA_VIA_SERVICE: Text(
        "AWS service acting for a session with MFA",
        "MFA 済みのセッションの代理で呼び出す AWS サービス",
    ),
    Held.HYPOTHETICAL: Text(
        "request with a value of aws:MultiFactorAuthPresent that AWS is not known to produce",
        "AWS が生成するとは知られていない aws:MultiFactorAuthPresent の値を持つリクエスト",
    ),
}
"""Whose request it is."""

ASSUMED = (
    Text(
        "No resource-based policy names the user; requests stay within the user's account.",
        "リソースベースのポリシーはユーザーを名指ししておらず、"
        "リクエストは同じアカウント内で行われるものとします。",
    ),
    Text(
        "Condition keys have values of the type that the operator compares; a key of a service may "
        "be there or not in any call.",
        "条件キーの値は演算子が比較する型であり、"
        "サービスのキーはどの呼び出しでも有無のどちらもありうるものとします。",
    ),
)
"""What every verdict rests on."""

_PROVED = Text("proved", "証明済み")
_REFUTED = Text("refuted", "反例あり")
_UNKNOWN = Text("unknown: {reason}", "不明: {reason}")
_WITNESS = Text(
    "{who}'s {held}{address}: {action} on {resource} is allowed",
    "{who} の {held}{address}: {resource} に対する {action} が許可されます",
)
_ADDRESS = Text(", from {address}", " ({address} から)")
_FUTURE = Text(" (an action that the catalogue does not know)", " (カタログにないアクション)")
_ANYONE = Text(
    "The user is {arn}, a name that stands for any other; give yours by --user-arn.",
    "ユーザーは {arn} (任意のユーザーの代わり) とします。"
    "特定のユーザーは --user-arn で指定してください。",
)


def assumed_user(user: User) -> Text:
    """Say which user stands for any."""
    return _ANYONE.filled(arn=user.arn)


def verdict_text(verdict: Verdict) -> Text:
    """Say a verdict in a word, an unknown one with its reason."""
    match verdict:
        case Proved():
            return _PROVED
        case Refuted():
            return _REFUTED
        case Unknown(reason):
            return _UNKNOWN.filled(reason=reason)


def witness_text(witness: Witness) -> Text:
    """Say a witness in one sentence."""
    request, held = witness.request, HELD[witness.held]
    address = request.context.get("aws:SourceIp")
    where = _ADDRESS.filled(address=address) if isinstance(address, str) else Text("", "")
    future = Text("", "") if witness.exists else _FUTURE
    who = request.principal.rpartition("/")[2]

    def said(language: str) -> str:
        sentence: str = getattr(_WITNESS, language)
        parts = {"held": getattr(held, language), "address": getattr(where, language)}
        filled = sentence.format(who=who, action=request.action, resource=request.resource, **parts)
        return f"{filled}{getattr(future, language)}"

    return Text(said("en"), said("ja"))
