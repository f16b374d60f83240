"""What could not be read: what of it leaves a plan unjudged, and which checks do not know it."""

from collections.abc import Iterator, Mapping

from sekisho.account import Snapshot
from sekisho.account.reads import BESIDE, READS
from sekisho.language import Text
from sekisho.rollout.goal import Goal
from sekisho.rollout.outlook import Outlook
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import GAP, MEANT_UNREAD

__all__ = ["gaps", "missing"]

_SCPS = Text(
    "The service control policies could not be read: everyone-gets-in, caller-keeps-access, "
    "administrator-remains and mfa-opens do not know them, and more may be denied than they say.",
    "サービスコントロールポリシー (SCP) を読み取れませんでした。everyone-gets-in、"
    "caller-keeps-access、administrator-remains、mfa-opens は SCP を考慮していないため、"
    "実際にはさらに拒否される可能性があります。",
)
_DEVICES = Text(
    "The virtual MFA devices could not be listed: everyone-gets-in does not know those that are "
    "not assigned, whose names may stand in the way of a new one.",
    "仮想 MFA デバイスの一覧を読み取れませんでした。everyone-gets-in は、"
    "未割り当てのデバイスと名前が重なって登録できない場合を考慮していません。",
)
_REPORT = Text(
    "The credential report could not be read: everyone-gets-in does not know which passwords "
    "have expired.",
    "認証情報レポートを読み取れませんでした。everyone-gets-in は、"
    "パスワードの有効期限切れを考慮していません。",
)
_LAST_USED = Text(
    "When access keys were last used could not be read: keys-in-use takes those keys as used.",
    "アクセスキーの最終使用日時を読み取れませんでした。keys-in-use は、"
    "該当するキーを使用中とみなします。",
)
_OTHERS = Text(
    "Which SSH keys, signing certificates and credentials for one service there are could not be "
    "read: credentials-in-use takes them as there and used.",
    "SSH キー、署名証明書、サービス固有の認証情報の有無を読み取れませんでした。credentials-in-use "
    "は、これらがあり、使用中であるとみなします。",
)
_NO_CHECK = Text(
    "This could not be read, and no check of this plan asks for it.",
    "次の情報を読み取れませんでしたが、この計画の確認項目はどれもこれを使いません。",
)
_BESIDE: Mapping[str, Text] = {
    **{read.operation: _SCPS for read in READS if read.service == "organizations"},
    "ListVirtualMFADevices": _DEVICES,
    "GenerateCredentialReport": _REPORT,
    "GetCredentialReport": _REPORT,
    "GetAccessKeyLastUsed": _LAST_USED,
    "ListServiceSpecificCredentials": _OTHERS,
    "ListSSHPublicKeys": _OTHERS,
    "ListSigningCertificates": _OTHERS,
}


def gaps(outlook: Outlook, goal: Goal) -> Iterator[Note]:
    """Yield the gaps that leave a plan unjudged: of everything, or of somebody it is about."""
    snapshot = outlook.before
    about = {user.name for user in (*outlook.touched, *outlook.targets)}
    about |= {*outlook.break_glass, outlook.caller.arn.rsplit("/", 1)[-1]}
    users = {user.name for user in snapshot.users}
    found: dict[str, dict[str, None]] = {}
    for gap in snapshot.gaps:
        if gap.what not in BESIDE and (gap.who not in users or gap.who in about):
            whom = found.setdefault(f"{gap.what} ({gap.reason})", {})
            whom |= {gap.who: None} if gap.who else {}
    yield from (Note("gap", GAP.filled(what=what), tuple(whom)) for what, whom in found.items())
    if goal.unread:
        yield Note("gap", MEANT_UNREAD, goal.unread)


def missing(snapshot: Snapshot) -> Iterator[Note]:
    """Yield what else could not be read, with the checks that do not know it."""
    found: dict[Text, dict[str, None]] = {}
    for gap in snapshot.gaps:
        if gap.what in BESIDE:
            what = f"{gap.what} {gap.who}".rstrip()
            found.setdefault(_BESIDE.get(gap.what, _NO_CHECK), {})[what] = None
    yield from (Note("unread", text, tuple(whats)) for text, whats in found.items())
