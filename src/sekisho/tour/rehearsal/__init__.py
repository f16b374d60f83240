"""The rehearsal: the whole rollout on a local AWS with the example company, step by step."""

from sekisho.tour.rehearsal.people import ConsoleClient, Page, Person, Phone
from sekisho.tour.rehearsal.report import Counts, counts_of, to_json
from sekisho.tour.rehearsal.run import tour
from sekisho.tour.rehearsal.steps import (
    CallerCredential,
    Cell,
    Chapter,
    Check,
    Exchange,
    Step,
    Table,
)

__all__ = [
    "CallerCredential",
    "Cell",
    "Chapter",
    "Check",
    "ConsoleClient",
    "Counts",
    "Exchange",
    "Page",
    "Person",
    "Phone",
    "Step",
    "Table",
    "counts_of",
    "to_json",
    "tour",
]
