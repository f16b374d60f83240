"""The rehearsal: the whole rollout on a local AWS with the example company, step by step."""

from sekisho.tour.rehearsal.run import tour
from sekisho.tour.rehearsal.steps import (
    Cell,
    Chapter,
    Check,
    Counts,
    Exchange,
    FactTable,
    TourStep,
    counts_of,
    to_json,
)

__all__ = [
    "Cell",
    "Chapter",
    "Check",
    "Counts",
    "Exchange",
    "FactTable",
    "TourStep",
    "counts_of",
    "to_json",
    "tour",
]
