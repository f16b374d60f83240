"""A local AWS emulator that enforces IAM policies; `LocalAws` runs it while a `with` block runs."""

from sekisho.localaws.server import LocalAws
from sekisho.localaws.world import Clock, DecisionLog, LoggedDecision

__all__ = ["Clock", "DecisionLog", "LocalAws", "LoggedDecision"]
