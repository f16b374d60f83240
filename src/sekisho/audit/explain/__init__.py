"""Explanations of a pasted error or of an id that sekisho prints: cause, example and fix."""

from sekisho.audit.explain.ids import (
    ExplainedId,
    explained_ids,
    explained_scenario,
    id_by_words,
    id_in,
)
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
    "ExplainedId",
    "KnownError",
    "entries",
    "entry",
    "explain",
    "explained_ids",
    "explained_scenario",
    "facts_read",
    "id_by_words",
    "id_in",
    "pasted_error_to_json",
]
