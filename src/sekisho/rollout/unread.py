"""What could not be read: what of it leaves a plan unjudged, and which checks do not know it."""

from collections.abc import Iterator, Mapping

from sekisho.account import Snapshot
from sekisho.account.reads import BESIDE, READS
from sekisho.messages import Message
from sekisho.rollout.goal import Goal
from sekisho.rollout.outlook import Outlook
from sekisho.rollout.plan import Note
from sekisho.rollout.texts import GAP, MEANT_UNREAD

__all__ = ["gaps", "missing"]

_SCPS = Message(
    "The service control policies could not be read: everyone-gets-in, caller-keeps-access, "
    "administrator-remains and mfa-opens do not know them, and more may be denied than they say."
)
_DEVICES = Message(
    "The virtual MFA devices could not be listed: everyone-gets-in does not know those that are "
    "not assigned, whose names may stand in the way of a new one."
)
_REPORT = Message(
    "The credential report could not be read: everyone-gets-in does not know which passwords "
    "have expired."
)
_LAST_USED = Message(
    "When access keys were last used could not be read: keys-in-use takes those keys as used."
)
_OTHERS = Message(
    "Which SSH keys, signing certificates and credentials for one service there are could not be "
    "read: credentials-in-use takes them as there and used."
)
_NO_CHECK = Message("This could not be read, and no check of this plan asks for it.")
_BESIDE: Mapping[str, Message] = {
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
    found: dict[Message, dict[str, None]] = {}
    for gap in snapshot.gaps:
        if gap.what in BESIDE:
            what = f"{gap.what} {gap.who}".rstrip()
            found.setdefault(_BESIDE.get(gap.what, _NO_CHECK), {})[what] = None
    yield from (Note("unread", text, tuple(whats)) for text, whats in found.items())
