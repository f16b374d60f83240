"""The words of a finding: severity, title, cause and fix."""

from dataclasses import dataclass

from sekisho.audit.findings import Severity
from sekisho.messages import Message

__all__ = ["Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """What is always the same about one kind of finding."""

    severity: Severity
    title: Message
    cause: Message
    fix: Message
