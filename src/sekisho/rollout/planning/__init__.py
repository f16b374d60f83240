"""From a goal to a checked plan: what it does to whom, and what speaks against it."""

from sekisho.rollout.planning.requests import Ask, decided

__all__ = ["Ask", "decided"]
