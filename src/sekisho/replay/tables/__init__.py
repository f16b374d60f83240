"""Groups as Arrow tables, judged and summed: Python objects are made of what is looked at."""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.replay.tables.calls import LogTable
    from sekisho.replay.tables.outcomes import Outcomes, outcomes_of
else:
    __getattr__ = lazily(
        __name__, {"calls": ("LogTable",), "outcomes": ("Outcomes", "outcomes_of")}
    )

__all__ = ["LogTable", "Outcomes", "outcomes_of"]
