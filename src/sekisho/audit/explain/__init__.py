"""An error text that people paste: what caused it, what it is mistaken for, what fixes it."""

from sekisho.audit.explain.match import (
    MOST_CHARACTERS,
    ErrorExplanation,
    ExplainedError,
    KnownError,
    entries,
    entry,
    explain,
    facts_read,
    pasted_error_to_json,
)

__all__ = [
    "MOST_CHARACTERS",
    "ErrorExplanation",
    "ExplainedError",
    "KnownError",
    "entries",
    "entry",
    "explain",
    "facts_read",
    "pasted_error_to_json",
]
