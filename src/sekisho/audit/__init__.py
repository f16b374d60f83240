"""What is wrong: with a policy (`lint`, `meaning`), with an account (`findings`), and for people.

This face has what all of them share, and is quick to import; each part has a face of its own.
"""

from sekisho.audit.exceptions import (
    ExceptionKind,
    Exceptions,
    Exemption,
    exemption_from_json,
    exemption_to_json,
    load_exceptions,
)
from sekisho.audit.finding import Family, Finding, FindingId, Place, Severity

__all__ = [
    "ExceptionKind",
    "Exceptions",
    "Exemption",
    "Family",
    "Finding",
    "FindingId",
    "Place",
    "Severity",
    "exemption_from_json",
    "exemption_to_json",
    "load_exceptions",
]
