"""Making findings: the severity is that of the words, unless an exception or a proof says less."""

from sekisho.audit.checks.ids import AccountFindingId
from sekisho.audit.checks.model import AccountFinding
from sekisho.audit.checks.words import WORDS
from sekisho.audit.exceptions import Exemption
from sekisho.audit.findings import Severity
from sekisho.messages import Message, verbatim

__all__ = ["finding", "unknown"]


def finding(
    name: AccountFindingId,
    subject: str,
    fact: Message,
    *,
    severity: Severity | None = None,
    excused: Exemption | None = None,
) -> AccountFinding:
    """Return a finding; an exception that holds makes it a note."""
    usual = severity or WORDS[name].severity
    return AccountFinding(
        name, usual if excused is None else Severity.NOTE, subject, fact, excused=excused
    )


def unknown(name: AccountFindingId, subject: str, why: Message | str) -> AccountFinding:
    """Return what stands where it cannot be told whether there is a finding.

    `why` is AWS's own answer where it is no `Text`.
    """
    fact = verbatim(why) if isinstance(why, str) else why
    return AccountFinding(name, WORDS[name].severity, subject, fact, known=False)
