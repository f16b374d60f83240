"""Groups as Arrow tables, judged and summed: Python objects are made of what is looked at."""

from sekisho.replay.tables.calls import LogTable
from sekisho.replay.tables.outcomes import Outcomes, outcomes_of

__all__ = ["LogTable", "Outcomes", "outcomes_of"]
