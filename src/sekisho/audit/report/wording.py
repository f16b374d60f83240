"""What an audit says to people: the headline, the figures, the columns."""

from collections import Counter
from collections.abc import Mapping

from sekisho.account import unread_policies
from sekisho.audit.checks import WORDS, AccountFinding, AccountFindingId
from sekisho.audit.checks.texts import DEVICE_KINDS, EXCEPTION_KINDS
from sekisho.audit.exceptions import Exemption
from sekisho.audit.findings import Severity
from sekisho.audit.gated import Gated
from sekisho.audit.people import Nature, Outlook, Row
from sekisho.audit.report.model import AccountReport
from sekisho.language import Text

__all__ = [
    "COLUMNS",
    "EXCEPTIONS",
    "EXEMPTION",
    "FINDINGS",
    "GAPS",
    "NATURES",
    "NONE",
    "SEVERITIES",
    "USERS",
    "as_of",
    "cells",
    "exemption_text",
    "figures",
    "finding_title",
    "headline",
    "nobody",
    "notices",
]

SEVERITIES: Mapping[Severity, Text] = {
    Severity.ERROR: Text("error", "エラー"),
    Severity.WARNING: Text("warning", "警告"),
    Severity.NOTE: Text("note", "参考"),
}
NATURES: Mapping[Nature, Text] = {
    Nature.PERSON: Text("person", "人"),
    Nature.MACHINE: Text("machine", "機械"),
    Nature.UNSURE: Text("unsure", "判別不能"),
}
_GATED: Mapping[Gated, Text] = {
    Gated.PROVED: Text("proved", "証明済み"),
    Gated.NOTHING_ALLOWED: Text(
        "no (nothing allowed without MFA)", "いいえ (MFA なしの許可がないだけ)"
    ),
    Gated.REFUTED: Text("no", "いいえ"),
    Gated.UNKNOWN: Text("unknown", "不明"),
}
_OUTLOOKS: Mapping[Outlook, Text] = {
    Outlook.UNKNOWN: Text("unknown", "不明"),
    Outlook.EXEMPT: Text("exempt until", "例外 (期限あり)"),
    Outlook.DEAD_LOCK: Text("will dead-lock at first sign-in", "初回サインインで行き詰まる"),
    Outlook.LOCKED_OUT: Text("cannot get in", "サインインできない"),
    Outlook.KEYS_STOP: Text("has working keys that will stop", "使用中のキーが止まる"),
    Outlook.KEYS_MAY_STOP: Text(
        "not known whether working keys will stop", "使用中のキーが止まるかは不明"
    ),
    Outlook.NOT_COVERED: Text("not covered", "対象外"),
    Outlook.MUST_ENROL: Text("must enrol first", "先に MFA 登録が必要"),
    Outlook.NO_WAY_IN: Text("has nothing to sign in with", "サインインに使う認証情報なし"),
    Outlook.READY: Text("ready", "準備完了"),
}

USERS = Text("Users", "ユーザー")
FINDINGS = Text("Findings", "検出結果")
EXCEPTIONS = Text("Exceptions", "例外")
GAPS = Text("Not read", "読み取れなかった情報")
NONE = Text("none", "なし")

_YES = Text("yes", "あり")
_NO = Text("no", "なし")
_UNKNOWN = Text("unknown", "不明")
_IS = Text("yes", "はい")
_IS_NOT = Text("no", "いいえ")
_MUST_CHANGE = Text("must change", "要変更")

COLUMNS: tuple[Text, ...] = (
    *(Text("user", "ユーザー"), Text("kind", "種別"), Text("password", "パスワード")),
    *(Text("MFA devices", "MFA デバイス"), Text("active keys", "有効なキー")),
    *(Text("key last used", "キーの最終使用"), Text("gated", "MFA 強制")),
    *(Text("under the gate", "MFA 強制下では"), Text("administrator", "管理者")),
)
"""The columns of the table of users."""

EXEMPTION: tuple[Text, ...] = (
    *(Text("user", "ユーザー"), Text("kind", "種別"), Text("why", "理由")),
    *(Text("owner", "責任者"), Text("approved by", "承認者"), Text("expires", "期限")),
    *(Text("ticket", "チケット"), Text("forced because", "強制の理由")),
)
"""The columns of the table of exceptions."""

_AS_OF = Text(
    "Account {account}{alias}. Data as of {at}; actions: {dated}; sekisho {version}.",
    "アカウント {account}{alias}。データ取得日時 {at}、アクション: {dated}、sekisho {version}。",
)
_ALIAS = Text(" ({alias})", " ({alias})")
_ALL = Text(
    "All {users} users are proved gated.", "全 {users} ユーザーで MFA の強制を証明しました。"
)
_ALL_READ = Text(
    "All {users} users that were read are proved gated, but not all of the account was read.",
    "読み取れた {users} ユーザーすべてで MFA の強制を証明しましたが、"
    "アカウントの一部は読み取れていません。",
)
_SOME = Text(
    "{gated} of {users} users are proved gated; these {left} are not, and here is why:",
    "MFA の強制を証明できたのは {users} ユーザー中 {gated} 人です。"
    "残り {left} 人とその理由は次のとおりです",
)
_NOBODY = Text("The account has no users.", "このアカウントに IAM ユーザーはいません。")
_UNREAD = Text("Who the users are could not be read.", "ユーザーの一覧を読み取れませんでした。")
_NO_FIGURES = Text("Enabled, enforced, used: not read.", "登録・強制・使用: 読み取れていません。")
_WHY = Text(
    "exceptions {exempt}, not decided {unknown}, open {open}.",
    "(例外 {exempt} 人、判定不能 {unknown} 人、強制なし {open} 人)。",
)
_ENABLED = Text(
    "Enabled: {enabled} of {users} users have a device ({console_enabled} of {console} with a "
    "console password){unknown}.",
    "登録: {users} ユーザー中 {enabled} 人が MFA デバイスを登録 "
    "(コンソールユーザーでは {console} 人中 {console_enabled} 人){unknown}。",
)
_ENFORCED = Text(
    "Enforced: {enforced} of {users} are proved gated{unknown}.",
    "強制: {users} ユーザー中 {enforced} 人で証明済み{unknown}。",
)
_USED = Text(
    "Used: for {used} of {users} users the last sign-in at the console is known to have been with "
    "MFA; for {unknown} a snapshot cannot tell (access keys; sign-ins before today's devices).",
    "使用: {users} ユーザー中 {used} 人は最後のコンソールサインインが MFA ありと判明。"
    "{unknown} 人はスナップショットからは不明 "
    "(アクセスキーの利用、現在のデバイスより前のサインイン)。",
)
_WITHOUT_POLICIES = Text(
    "Users who cannot be judged: {users}. The texts of these policies of theirs are not in the "
    "file (with the number of users): {which}. AWS changes what its policies say, so that no text "
    "is assumed: `sekisho collect` reads them, and so does "
    "`aws iam get-account-authorization-details` without `--filter`.",
    "{users} ユーザーは判定できません。次のポリシーの内容がファイルにないためです "
    "(括弧内はユーザー数): {which}。AWS 管理ポリシーの内容は変わるため、推測しません。"
    "`sekisho collect`、または `--filter` なしの `aws iam get-account-authorization-details` "
    "で取得してください。",
)
_RESTS = Text(
    "For {users} users, verdicts on the gate rest on a point that AWS does not document: the "
    "switch `{name}` (docs/reference/switches.md).",
    "{users} ユーザーについては、MFA の強制の判定が AWS の文書にない点に依存します: "
    "スイッチ `{name}` (docs/reference/switches.md)。",
)
_NOT_KNOWN = Text("; of {count} it is not known", "、{count} 人は不明")
_NOT_READ = Text("(not known whether) ", "(不明) ")


def as_of(report: AccountReport) -> Text:
    """Say whose account it is, and when it was so."""
    snapshot = report.snapshot
    alias = _ALIAS.filled(alias=snapshot.alias) if snapshot.alias else Text("", "")
    values = {
        "account": snapshot.account,
        "at": snapshot.taken_at.isoformat(timespec="seconds"),
        "dated": report.dated,
        "version": report.version,
    }
    return Text(
        _AS_OF.en.format(alias=alias.en, **values), _AS_OF.ja.format(alias=alias.ja, **values)
    )


def headline(report: AccountReport) -> Text:
    """Say in one sentence how many users are proved gated, and in another why others are not."""
    coverage = report.coverage
    users, gated = f"{coverage.users:,}", f"{coverage.enforced:,}"
    left = coverage.users - coverage.enforced
    if report.snapshot.unlisted is not None:
        return _UNREAD
    if not coverage.users:
        return _NOBODY
    if not left:
        return (_ALL if report.snapshot.whole else _ALL_READ).filled(users=users)
    said = _SOME.filled(gated=gated, users=users, left=f"{left:,}")
    unknown = sum(row.gate.gated is Gated.UNKNOWN and not row.exempt for row in report.rows)
    why = _WHY.filled(
        exempt=f"{coverage.exempt:,}",
        unknown=f"{unknown:,}",
        open=f"{left - coverage.exempt - unknown:,}",
    )
    return Text(f"{said.en} {why.en}", f"{said.ja} {why.ja}")


def notices(report: AccountReport) -> tuple[Text, ...]:
    """Say once whose policies were not read, and on which switches it rests who is gated."""
    found: list[Text] = []
    unread = unread_policies(report.snapshot)
    if unread:
        users = {name for names in unread.values() for name in names}
        which = ", ".join(f"`{arn}` ({len(names):,})" for arn, names in unread.items())
        found.append(_WITHOUT_POLICIES.filled(users=f"{len(users):,}", which=which))
    resting = Counter(name for row in report.rows for name in row.gate.assumed)
    for name, count in sorted(resting.items()):
        found.append(_RESTS.filled(users=f"{count:,}", name=name))
    return tuple(found)


def figures(report: AccountReport) -> tuple[Text, ...]:
    """Say the three figures: enabled, enforced, used; nothing of users who were not read."""
    if report.snapshot.unlisted is not None:
        return (_NO_FIGURES,)
    found = report.coverage

    def but(count: int) -> Text:
        return _NOT_KNOWN.filled(count=f"{count:,}") if count else Text("", "")

    enabled, enforced = but(found.enabled_unknown), but(found.enforced_unknown)
    values = {
        "users": f"{found.users:,}",
        "enabled": f"{found.enabled:,}",
        "console": f"{found.console:,}",
        "console_enabled": f"{found.console_enabled:,}",
        "enforced": f"{found.enforced:,}",
    }
    return (
        Text(
            _ENABLED.en.format(unknown=enabled.en, **values),
            _ENABLED.ja.format(unknown=enabled.ja, **values),
        ),
        Text(
            _ENFORCED.en.format(unknown=enforced.en, **values),
            _ENFORCED.ja.format(unknown=enforced.ja, **values),
        ),
        _USED.filled(
            users=values["users"], used=f"{found.used:,}", unknown=f"{found.used_unknown:,}"
        ),
    )


def nobody(report: AccountReport) -> Text:
    """Say why there is no row: none, or not read."""
    return NONE if report.snapshot.unlisted is None else _UNREAD


def finding_title(finding: AccountFinding) -> Text:
    """Say what a finding is about; one that is not known says so."""
    title = WORDS[finding.id].title
    if finding.known or finding.id is AccountFindingId.NOT_READ:
        return title
    return Text(f"{_NOT_READ.en}{title.en}", f"{_NOT_READ.ja}{title.ja}")


def cells(row: Row) -> tuple[Text, ...]:
    """Return a user's row, in the order of `COLUMNS`."""
    facts = row.facts
    return (
        _plain(row.user.name),
        NATURES[row.nature],
        _password(row),
        _devices(row),
        _UNKNOWN if facts.active_keys is None else _plain(str(facts.active_keys)),
        _plain(facts.key_used.date().isoformat() if facts.key_used else ""),
        _GATED[row.gate.gated],
        _joined([_outlook(row, each) for each in row.fate.outlooks]),
        _UNKNOWN if row.power.unknown else (_IS if row.power.administers else _IS_NOT),
    )


def exemption_text(exemption: Exemption) -> tuple[Text, ...]:
    """Return an exception, in the order of `EXEMPTION`."""
    values = (exemption.why, exemption.owner, exemption.approved_by)
    return (
        _plain(exemption.user),
        EXCEPTION_KINDS[exemption.kind],
        *map(_plain, values),
        _plain(exemption.expires.isoformat()),
        _plain(exemption.ticket),
        _plain(exemption.force),
    )


def _plain(text: str) -> Text:
    return Text(text, text)


def _tri(answer: bool | None) -> Text:
    if answer is None:
        return _UNKNOWN
    return _YES if answer else _NO


def _joined(texts: list[Text]) -> Text:
    return Text("; ".join(each.en for each in texts), "、".join(each.ja for each in texts))


def _password(row: Row) -> Text:
    found = [_tri(row.facts.password)]
    if row.facts.password and row.facts.must_change:
        found.append(_MUST_CHANGE)
    return _joined(found)


def _devices(row: Row) -> Text:
    facts = row.facts
    if not facts.devices:
        return _tri(facts.enrolled)
    kinds = Counter(device.kind for device in facts.devices)
    return _joined([_counted(DEVICE_KINDS[kind], count) for kind, count in kinds.items()])


def _counted(text: Text, count: int) -> Text:
    return text if count == 1 else Text(f"{count} {text.en}", f"{text.ja} {count}")


def _outlook(row: Row, outlook: Outlook) -> Text:
    text = _OUTLOOKS[outlook]
    if outlook is Outlook.EXEMPT and row.exemption is not None:
        day = row.exemption.expires.isoformat()
        return Text(f"exempt until {day}", f"{day} まで例外")
    return text
