"""The words of a finding: severity, title, cause and cure."""

from dataclasses import dataclass

from sekisho.audit.findings import Severity
from sekisho.language import Text

__all__ = ["Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """What is always the same about one kind of finding."""

    severity: Severity
    title: Text
    cause: Text
    cure: Text
