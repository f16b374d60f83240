"""Which calls of the past would have been denied: CloudTrail in groups, each decided by the engine.

Reading needs the packages of the extra `replay`; what is said of an event does not.
"""

from sekisho.replay.event import (
    ALWAYS,
    OPTIONAL,
    CallerDetail,
    CallGroup,
    Column,
    DetailKind,
    Tally,
    TrailEvent,
)
from sekisho.replay.outcome import CallOutcome, Judgement, OutcomeReason

__all__ = [
    "ALWAYS",
    "OPTIONAL",
    "CallGroup",
    "CallOutcome",
    "CallerDetail",
    "Column",
    "DetailKind",
    "Judgement",
    "OutcomeReason",
    "Tally",
    "TrailEvent",
]
