"""What policies mean: request + policies → decision with causes. No third-party package."""

from sekisho.engine.authorize import Engine, decide
from sekisho.engine.model import (
    ArnSpan,
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    Decider,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    Switches,
    UnresolvedNotResource,
)

__all__ = [
    "ArnSpan",
    "AttachedPolicy",
    "Cause",
    "Context",
    "ContextValue",
    "Decider",
    "Decision",
    "DecisionEffect",
    "Engine",
    "Policies",
    "Request",
    "Switches",
    "UnresolvedNotResource",
    "decide",
]
