"""What lint is asked and what it answers."""

from dataclasses import dataclass
from enum import Enum

from sekisho.audit.finding import Family, Finding, Severity
from sekisho.audit.meaning import TruthTable
from sekisho.messages import Message
from sekisho.policy import PolicyKind, Quota


class Attachment(Enum):
    """What a policy is attached to: (kind of document, its quota, whether it is a managed one).

    Of a service control policy white space counts or not, by how it is saved (AWS Organizations
    User Guide, "Quotas for AWS Organizations"); `save.scp-size` says so.
    """

    USER = ("user", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    GROUP = ("group", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    INLINE = ("inline", PolicyKind.IDENTITY, Quota.USER_INLINE, False)
    GROUP_INLINE = ("group-inline", PolicyKind.IDENTITY, Quota.GROUP_INLINE, False)
    ROLE = ("role", PolicyKind.IDENTITY, Quota.MANAGED_POLICY, True)
    BOUNDARY = ("boundary", PolicyKind.BOUNDARY, Quota.MANAGED_POLICY, True)
    SESSION = ("session", PolicyKind.SESSION, Quota.SESSION_POLICY, False)
    TRUST = ("trust", PolicyKind.TRUST, Quota.TRUST_POLICY, False)
    SCP = ("scp", PolicyKind.SCP, None, False)
    RESOURCE = ("resource", PolicyKind.RESOURCE, None, False)

    def __init__(self, word: str, kind: PolicyKind, quota: Quota | None, managed: bool) -> None:
        self.word = word
        self.kind = kind
        self.quota = quota
        self.managed = managed

    @classmethod
    def of(cls, word: str) -> "Attachment":
        """Return the attachment with this word."""
        return next(each for each in cls if each.word == word)

    @property
    def ceiling(self) -> bool:
        """Whether it only limits what other policies allow: what it does not allow is denied."""
        return self in (Attachment.BOUNDARY, Attachment.SCP)


@dataclass(frozen=True, slots=True)
class LintReport:
    """What lint found in one document.

    Attributes:
        findings: by place in the text.
        table: what each credential may do; None if that could not be asked, or was not to be.
        gaps: what was not examined, and why; never taken for a pass.
        dated: the catalogue's name and date.
        size: the length by AWS's counting.
    """

    source: str
    attachment: Attachment
    findings: tuple[Finding, ...]
    table: TruthTable | None
    gaps: tuple[Message, ...]
    dated: str
    size: int

    @property
    def wrong(self) -> bool:
        """Whether something worse than a note was found."""
        return any(each.severity is not Severity.NOTE for each in self.findings)

    @property
    def unknown(self) -> bool:
        """Whether something was not examined; what IAM does not save leaves nothing to know."""
        refused = any(
            each.id.family is Family.SAVE and each.severity is not Severity.NOTE
            for each in self.findings
        )
        return bool(self.gaps) and not refused

    @property
    def clean(self) -> bool:
        """Whether nothing worse than a note was found and nothing was left out."""
        return not self.gaps and not self.wrong
