"""What policies mean: request + policies → decision with causes. No third-party package."""

from sekisho.engine.authorize import Engine, decide
from sekisho.engine.explain import Denial, Explanation, Lack, NearMiss, Part, Point, explain
from sekisho.engine.model import (
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    Decider,
    Decision,
    DecisionEffect,
    Level,
    Policies,
    Request,
    ResourceKind,
    UnresolvedNotResource,
)

__all__ = [
    "ArnSpan",
    "Assumptions",
    "AttachedPolicy",
    "Cause",
    "Context",
    "ContextValue",
    "Decider",
    "Decision",
    "DecisionEffect",
    "Denial",
    "Engine",
    "Explanation",
    "Lack",
    "Level",
    "NearMiss",
    "Part",
    "Point",
    "Policies",
    "Request",
    "ResourceKind",
    "UnresolvedNotResource",
    "decide",
    "explain",
]
