"""What policies mean: request + policies → decision with causes. No third-party package."""

from sekisho.engine.assumptions import (
    ArnSpan,
    Assumptions,
    CatalogueComplete,
    UnresolvedNotResource,
)
from sekisho.engine.authorize import Engine, checked, decide, unasked
from sekisho.engine.explanation import Denial, Explanation, Lack, NearMiss, Part, Point, explain
from sekisho.engine.groups import PolicyGroup, across_accounts, applies, groups
from sekisho.engine.model import (
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
    ResourcePolicyKind,
)
from sekisho.engine.possible import (
    RESOURCE,
    Possibilities,
    UnknownKey,
    asked_keys,
    keys_of,
    possible,
)
from sekisho.engine.remembered import remembered_by_identity
from sekisho.engine.together import (
    JointDecision,
    RequestPart,
    decide_together,
    is_access_point,
    parts_of,
)
from sekisho.engine.wellformed import check_policies, request_faults

__all__ = [
    "RESOURCE",
    "ArnSpan",
    "Assumptions",
    "AttachedPolicy",
    "CatalogueComplete",
    "Cause",
    "Context",
    "ContextValue",
    "Decider",
    "Decision",
    "DecisionEffect",
    "Denial",
    "Engine",
    "Explanation",
    "JointDecision",
    "Lack",
    "Level",
    "NearMiss",
    "Part",
    "Point",
    "Policies",
    "PolicyGroup",
    "Possibilities",
    "Request",
    "RequestPart",
    "ResourcePolicyKind",
    "UnknownKey",
    "UnresolvedNotResource",
    "across_accounts",
    "applies",
    "asked_keys",
    "check_policies",
    "checked",
    "decide",
    "decide_together",
    "explain",
    "groups",
    "is_access_point",
    "keys_of",
    "parts_of",
    "possible",
    "remembered_by_identity",
    "request_faults",
    "unasked",
]
