"""What an administrator wants: read from a file, checked against an account."""

from sekisho.rollout.goal.file import goal_of, read_goal

__all__ = ["goal_of", "read_goal"]
