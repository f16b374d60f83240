"""A local AWS emulator that enforces IAM policies; `LocalAws` runs it while a `with` block runs."""

from sekisho.localaws.decision_log import DecisionLog, LoggedDecision
from sekisho.localaws.server import LocalAws
from sekisho.localaws.world import Clock

__all__ = ["Clock", "DecisionLog", "LocalAws", "LoggedDecision"]
