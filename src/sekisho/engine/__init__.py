"""The meaning of policies: request + policies → decision with causes. No third-party package."""

from sekisho.engine.authorize import Engine, caller_and_groups, decide, missing_resource_policy
from sekisho.engine.explanation import Explanation, Part, explain
from sekisho.engine.groups import applies, groups, is_cross_account
from sekisho.engine.joint import RequestPart, decide_together, is_access_point, parts_of
from sekisho.engine.model.assumptions import (
    ArnSpan,
    Assumptions,
    CatalogueComplete,
    UnresolvedNotResource,
)
from sekisho.engine.model.caching import cached_by_identity
from sekisho.engine.model.evaluation import (
    ANONYMOUS,
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
    may_be_principal,
    no_principal,
)
from sekisho.engine.possible import (
    RESOURCE,
    Possibilities,
    UnknownKey,
    keys_of,
    possible,
    relevant_keys,
)
from sekisho.engine.wellformed import check_policies, request_faults

__all__ = [
    "ANONYMOUS",
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
    "Engine",
    "Explanation",
    "Level",
    "Part",
    "Policies",
    "Possibilities",
    "Request",
    "RequestPart",
    "ResourcePolicyKind",
    "UnknownKey",
    "UnresolvedNotResource",
    "applies",
    "cached_by_identity",
    "caller_and_groups",
    "check_policies",
    "decide",
    "decide_together",
    "explain",
    "groups",
    "is_access_point",
    "is_cross_account",
    "keys_of",
    "may_be_principal",
    "missing_resource_policy",
    "no_principal",
    "parts_of",
    "possible",
    "relevant_keys",
    "request_faults",
]
