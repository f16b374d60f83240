"""The audit: of a policy (`lint`, `meaning`), of an account (`findings`), and for people.

This face has what all of them share, and is quick to import; each part has a face of its own.
"""

from sekisho.audit.finding import (
    SEVERITIES,
    Family,
    Finding,
    FindingId,
    Severity,
    limits_of_controls,
)

__all__ = [
    "SEVERITIES",
    "Family",
    "Finding",
    "FindingId",
    "Severity",
    "limits_of_controls",
]
