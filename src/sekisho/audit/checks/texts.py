"""The facts behind findings, in both languages; what AWS answered stays as it is."""

from collections.abc import Mapping

from sekisho.account import DeviceKind
from sekisho.audit.exceptions import ExceptionKind
from sekisho.messages import Message, verbatim

__all__ = [
    "ADMINISTERS",
    "ASSUMABLE",
    "BY_KEY",
    "BY_SESSION",
    "CONSOLE",
    "DEVICES",
    "DEVICE_KINDS",
    "DIFFERENT",
    "EDITS",
    "EXCEPTION",
    "EXCEPTION_FORCED",
    "EXCEPTION_KINDS",
    "EXCEPTION_NEEDLESS",
    "EXCEPTION_PASSWORD",
    "INLINE",
    "KEYS",
    "MUST_CHANGE",
    "NOBODY_HAS",
    "NOTHING",
    "NOTHING_ALLOWED",
    "NOT_DECIDED",
    "NOT_LISTED",
    "NOT_TOLD",
    "NO_AGE",
    "NO_WAY",
    "OF_KIND",
    "ONCE_ALLOWED",
    "ORPHAN",
    "PASSKEYS",
    "PLACES",
    "REPORT_OF",
    "ROOT_KEY",
    "ROOT_MFA",
    "ROOT_REPORTED",
    "ROOT_VIRTUAL",
    "TAKEN_TO_HOLD",
    "THERE",
    "TO_COME",
    "UNTOLD",
]

DEVICES = Message("devices: {devices}")
OF_KIND = verbatim("{what} ({kind})")
PASSKEYS = Message("active access keys: {count}; devices: {devices}")
ADMINISTERS = Message("no device; allowed with MFA: {request}")
KEYS = Message("active access keys: {count}; no device")
CONSOLE = Message("console password; no device")
NOTHING = Message("no console password, no active key, no other credential, no device")
NOTHING_ALLOWED = Message("proved as the policies are attached; refuted if more is attached")
DIFFERENT = Message("others are enforced through {groups}; groups of this user: {own}")
MUST_CHANGE = Message("the password must be changed at the next sign-in, and may not be ({under})")
ONCE_ALLOWED = Message("{said}, once some policy allows it: MFA enforcement does not stop it")
NO_WAY = Message(
    "{arn} does not come to a session with MFA by what they hold, without help ({under}); {stopped}"
)
THERE = Message("under MFA enforcement that is there")
TO_COME = Message("once MFA enforcement is attached")
EDITS = Message("allowed with MFA: {request}")
NOT_DECIDED = Message("not decided")
NOT_TOLD = Message("not in the snapshot")

ORPHAN = Message("a virtual device that no user has enabled")
UNTOLD = Message("neither the account summary nor a credential report tells")
ROOT_MFA = Message("AccountMFAEnabled is 0")
ROOT_REPORTED = Message("mfa_active of <root_account> is false in the credential report")
ROOT_KEY = Message("root has an access key")
ROOT_VIRTUAL = Message("root's MFA device is a virtual one")
NO_AGE = Message("the credential report does not tell its age")
REPORT_OF = Message("the credential report is of {at}")
NOT_LISTED = Message("the user is not in the snapshot, in which not everybody could be listed")
EXCEPTION = Message("{kind}; {ticket}; expires {day}")
EXCEPTION_PASSWORD = Message("console password; {kind}; {ticket}; expires {day}")
EXCEPTION_FORCED = Message("{kind}; {ticket}; expires {day}; force: {force}")
EXCEPTION_NEEDLESS = Message("enforced: proved; {kind}; {ticket}; expires {day}")
INLINE = Message("inline policies: {used} of {most} characters")
PLACES = Message("{what}: {used} of {most}")
NOBODY_HAS = Message(
    "the policy enforces MFA, and no user has it: directly, by a group, or as a boundary"
)
ASSUMABLE = Message("sts:AssumeRole by {who}: allowed by statement {index} of the trust policy")
BY_KEY = Message("the access key of {who}")
BY_SESSION = Message("a session of {who} without MFA")
TAKEN_TO_HOLD = Message("; conditions taken to hold: {keys}")

DEVICE_KINDS: Mapping[DeviceKind, Message] = {
    DeviceKind.VIRTUAL: Message("authenticator app"),
    DeviceKind.FIDO: Message("passkey"),
    DeviceKind.HARDWARE: Message("hardware token"),
}
EXCEPTION_KINDS: Mapping[ExceptionKind, Message] = {
    ExceptionKind.BREAK_GLASS: Message("break-glass"),
    ExceptionKind.MACHINE: Message("machine"),
    ExceptionKind.OTHER: Message("exception"),
}
