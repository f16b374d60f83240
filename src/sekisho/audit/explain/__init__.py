"""An error text that people paste: what caused it, what it is mistaken for, what fixes it."""

from sekisho.audit.explain.denial import Denial
from sekisho.audit.explain.entries import Alike, Cause, Entry, entries, entry
from sekisho.audit.explain.match import MOST_CHARACTERS, Answer, Explanation, explain

__all__ = [
    "MOST_CHARACTERS",
    "Alike",
    "Answer",
    "Cause",
    "Denial",
    "Entry",
    "Explanation",
    "entries",
    "entry",
    "explain",
]
