"""The command `sekisho impact`, and its parts that `sekisho web` uses."""

from sekisho.replay.commands.question import (
    AskedBinding,
    about_goals,
    about_plan,
    enabled_of,
    plan_of_goal,
)

__all__ = ["AskedBinding", "about_goals", "about_plan", "enabled_of", "plan_of_goal"]
