"""What the prover says to people, in both languages."""

from collections.abc import Callable, Iterator, Mapping

from sekisho.language import Text
from sekisho.policy.faults import quoted
from sekisho.prover.anyone import Callers
from sekisho.prover.credentials import Held
from sekisho.prover.described import OWNER, Stated
from sekisho.prover.hypothetical import MFA_PRESENT
from sekisho.prover.invariants import Demand, Invariant
from sekisho.prover.replay import owner_abroad
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict, Witness

__all__ = [
    "ASSUMED",
    "HELD",
    "assumed_user",
    "invariant_text",
    "stated_text",
    "verdict_text",
    "witness_text",
]

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
        "request with aws:MultiFactorAuthPresent `{value}`, which AWS is not known to produce",
        "aws:MultiFactorAuthPresent が `{value}` (AWS が生成するとは知られていない値) のリクエスト",
    ),
}
"""Whose request it is."""

ASSUMED = (
    Text(
        "No resource-based policy of the user's account names the user; what another account owns, "
        "its own policies are taken to allow.",
        "ユーザーのアカウントのリソースベースのポリシーはユーザーを名指ししておらず、"
        "別のアカウントのリソースは、そのアカウントのポリシーが許可するものとします。",
    ),
    Text(
        "Condition keys have values of the type that the operator compares; a key of a service may "
        "be there or not in any call.",
        "条件キーの値は演算子が比較する型であり、"
        "サービスのキーはどの呼び出しでも有無のどちらもありうるものとします。",
    ),
    Text(
        "Each request is about one resource: a call that needs several, like ec2:RunInstances, may "
        "be denied on another one.",
        "1 つのリクエストにつき 1 つのリソースを調べます。"
        "ec2:RunInstances のように複数のリソースが必要な呼び出しは、"
        "別のリソースで拒否されることがあります。",
    ),
)
"""What every verdict rests on."""

_PROVED = Text("proved", "証明済み")
_REFUTED = Text("refuted", "反例あり")
_UNKNOWN = Text("unknown: {reason}", "不明: {reason}")
_ALLOWED = Text(
    "{who}'s {held}{address}{context}: {action} on {resource} is allowed",
    "ユーザー {who}、{held}{address}{context}: {resource} に対する {action} が許可されます",
)
_REFUSED = Text(
    "{who}'s {held}{address}{context}: {action} on {resource} is not allowed",
    "ユーザー {who}、{held}{address}{context}: {resource} に対する {action} が許可されません",
)
_ADDRESS = Text(", from {address}", " ({address} から)")
_NOWHERE = Text(
    ", through a VPC endpoint (no aws:SourceIp)", " (VPC エンドポイント経由、aws:SourceIp なし)"
)
_CONTEXT = Text(", with {context}", " (リクエストコンテキスト: {context})")
_ABROAD = Text(
    " (in another account, {account}, whose own policies decide too)",
    " (別のアカウント {account} のリソース。そのアカウントのポリシーも判断に加わります)",
)
_FUTURE = Text(" (an action that the catalogue does not know)", " (カタログにないアクション)")
_ANYONE = Text(
    "The user is {arn}, a name that stands for any other; give yours by --user-arn.",
    "ユーザーは {arn} (任意のユーザーの代わり) とします。"
    "特定のユーザーは --user-arn で指定してください。",
)


_THESE = Text(
    "Asked about {arn}, whom the policies tell apart; give the user by --user-arn.",
    "ポリシーが区別するユーザー {arn} について調べました。"
    "特定のユーザーは --user-arn で指定してください。",
)


def assumed_user(whose: Callers) -> Text:
    """Say which users were asked about, and of one whom no policy tells from others that."""
    alone = len(whose.users) == 1 and not whose.untold
    arn = ", ".join(user.arn for user in whose.users)
    return (_ANYONE if alone else _THESE).filled(arn=arn)


def verdict_text(verdict: Verdict) -> Text:
    """Say a verdict in a word, an unknown one with its reason."""
    match verdict:
        case Proved():
            return _PROVED
        case Refuted():
            return _REFUTED
        case Unknown(reason):
            return _UNKNOWN.filled(reason=reason)


def witness_text(witness: Witness, *, refused: bool = False) -> Text:
    """Say a witness in one sentence, with what the policies name of its context.

    Args:
        witness: a request.
        refused: whether what it shows is that it is not allowed.
    """
    request = witness.request
    who = request.principal.rpartition("/")[2]
    return Text(*(_sentence(witness, who, each, refused=refused) for each in ("en", "ja")))


def _sentence(witness: Witness, who: str, language: str, *, refused: bool) -> str:
    def said(text: Text) -> str:
        found: str = getattr(text, language)
        return found

    request = witness.request
    address = request.context.get("aws:SourceIp")
    where = said(_ADDRESS).format(address=address) if isinstance(address, str) else said(_NOWHERE)
    context = ", ".join(_valued(witness))
    filled = said(_REFUSED if refused else _ALLOWED).format(
        who=who,
        held=said(HELD[witness.held]).format(value=request.context.get(MFA_PRESENT)),
        address=where,
        context=said(_CONTEXT).format(context=context) if context else "",
        action=request.action,
        resource=request.resource,
    )
    more = [_ABROAD.filled(account=owner)] if (owner := owner_abroad(request)) else []
    more += [] if witness.exists else [_FUTURE]
    return "".join([filled, *map(said, more)])


def _listed(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(each or '""' for each in values) + "]"


def _valued(witness: Witness) -> Iterator[str]:
    """Yield the keys that the policies name, each with its value."""
    context = witness.request.context
    for key in witness.named:
        value = context.get(key)
        if value is not None:
            text = value if isinstance(value, str) else _listed(value)
            yield f"`{'='.join(quoted(part)[1:-1] for part in (key, text))}`"


_IF = Text("if {what}", "{what} の場合")
_UNLESS = Text("unless {what}", "{what} の場合を除く")
_RESOURCE = Text("the resource is {values}", "リソースが {values}")
_OWNER = Text("the resource is of account {values}", "リソースのアカウントが {values}")


def stated_text(stated: Stated) -> Text:
    """Say one condition of an item."""
    frame = _IF if stated.holds else _UNLESS
    values = ", ".join(stated.values)
    if stated.operator:
        condition = f"{stated.operator} {stated.subject} [{values}]"
        return frame.filled(what=condition)
    resource = (_OWNER if stated.subject == OWNER else _RESOURCE).filled(values=values)
    return Text(frame.en.format(what=resource.en), frame.ja.format(what=resource.ja))


_DEMANDS: Mapping[Demand, Text] = {
    Demand.NEVER: Text("never {actions}", "決して許可しない: {actions}"),
    Demand.ALWAYS: Text("always {actions}", "常に許可する: {actions}"),
}
_RANGES: tuple[tuple[Callable[[Invariant], str], Text], ...] = (
    (lambda one: ", ".join(one.on), Text(" on {what}", "、リソース {what}")),
    (
        lambda one: "MFA" if one.unless_mfa else "",
        Text(" unless with MFA", "、MFA ありの場合を除く"),
    ),
    (lambda one: "MFA" if one.with_mfa else "", Text(" with MFA", "、MFA ありの場合")),
    (
        lambda one: "" if one.mfa_age is None else str(one.mfa_age),
        Text(" of at most {what} seconds", " (認証から {what} 秒以内)"),
    ),
    (
        lambda one: ", ".join(one.only_from),
        Text(" but from {what}", "、送信元 {what} の場合を除く"),
    ),
    (lambda one: ", ".join(one.within), Text(" from {what}", "、送信元 {what} の場合")),
)


def invariant_text(invariant: Invariant) -> Text:
    """Say what an invariant demands, after the user's own words if there are any."""
    said = {"en": "", "ja": ""}
    for language in said:
        demand: str = getattr(_DEMANDS[invariant.demand], language)
        parts = [demand.format(actions=", ".join(invariant.actions))]
        for part, text in _RANGES:
            if what := part(invariant):
                parts.append(getattr(text, language).format(what=what))
        sentence = "".join(parts)
        said[language] = f"{invariant.text} ({sentence})" if invariant.text else sentence
    return Text(said["en"], said["ja"])
