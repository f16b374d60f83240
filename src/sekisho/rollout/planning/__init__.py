"""From a goal to a checked plan: what it does to whom, and what speaks against it."""

from sekisho.rollout.goal.acceptance import UNACCEPTABLE, acceptance, acceptances
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.planner import plan
from sekisho.rollout.planning.requests import SampleRequest, decided

__all__ = [
    "UNACCEPTABLE",
    "BeforeAfter",
    "SampleRequest",
    "acceptance",
    "acceptances",
    "decided",
    "plan",
]
