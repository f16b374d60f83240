"""One statement and one request: does it match?

Patterns, ARNs, variables, condition operators, principals: each module is one page of the IAM User
Guide. The engine and the prover read policies with the same matchers.
"""

from sekisho.engine.matching import (
    actions,
    arns,
    conditions,
    glob,
    principals,
    resources,
    variables,
)
from sekisho.engine.matching.actions import matches as action_matches
from sekisho.engine.matching.caller import Caller, CallerKind, Scope, caller_of
from sekisho.engine.matching.glob import Pattern, Wild
from sekisho.engine.matching.principals import Closeness
from sekisho.engine.model.assumptions import TrackedAssumptions, with_other_setting
from sekisho.engine.model.evaluation import ANONYMOUS

__all__ = [
    "ANONYMOUS",
    "Caller",
    "CallerKind",
    "Closeness",
    "Pattern",
    "Scope",
    "TrackedAssumptions",
    "Wild",
    "action_matches",
    "actions",
    "arns",
    "caller_of",
    "conditions",
    "glob",
    "principals",
    "resources",
    "variables",
    "with_other_setting",
]
