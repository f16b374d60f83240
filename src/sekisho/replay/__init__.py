"""Which calls of the past would have been denied: CloudTrail in groups, each decided by the engine.

Reading needs the packages of the extra `replay`; what is said of an event does not.
"""

from sekisho.replay.event import (
    ALWAYS,
    OPTIONAL,
    PARAMETERS,
    CallerDetail,
    CallGroup,
    Column,
    DetailKind,
    Tally,
    TrailEvent,
)
from sekisho.replay.outcome import CallOutcome, Judgement, OutcomeReason
from sekisho.replay.plain import PlainGroups, Window, group_plainly
from sekisho.replay.record import RecordFault, TrailRecord, read_record

__all__ = [
    "ALWAYS",
    "OPTIONAL",
    "PARAMETERS",
    "CallGroup",
    "CallOutcome",
    "CallerDetail",
    "Column",
    "DetailKind",
    "Judgement",
    "OutcomeReason",
    "PlainGroups",
    "RecordFault",
    "Tally",
    "TrailEvent",
    "TrailRecord",
    "Window",
    "group_plainly",
    "read_record",
]
