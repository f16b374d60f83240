"""Past calls that policies would have denied: CloudTrail in groups, each decided by the engine.

Reading logs needs the packages of the extra `replay`; decisions on events do not.
"""

from sekisho.replay.binding import (
    Binding,
    Bound,
    NotBound,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    binding_of_change,
    binding_of_policies,
    binding_of_states,
    with_accounts,
    with_later_callers,
)
from sekisho.replay.caller import TrailCaller
from sekisho.replay.case import JudgeSettings
from sekisho.replay.difference import allows_everything
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
from sekisho.replay.judge import Judge, columns_of
from sekisho.replay.outcome import CallOutcome, Judgement, OutcomeReason
from sekisho.replay.record import RecordFault, TrailRecord, read_record
from sekisho.replay.window import Window

__all__ = [
    "ALWAYS",
    "OPTIONAL",
    "Binding",
    "Bound",
    "CallGroup",
    "CallOutcome",
    "CallerDetail",
    "Column",
    "DetailKind",
    "Judge",
    "JudgeSettings",
    "Judgement",
    "NotBound",
    "OutcomeReason",
    "PolicyAttachment",
    "PolicyChanges",
    "RecordFault",
    "Tally",
    "Target",
    "TargetKind",
    "TrailCaller",
    "TrailEvent",
    "TrailRecord",
    "Window",
    "allows_everything",
    "binding_of_change",
    "binding_of_policies",
    "binding_of_states",
    "columns_of",
    "read_record",
    "with_accounts",
    "with_later_callers",
]
