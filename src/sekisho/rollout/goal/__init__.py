"""What an administrator wants: read from a file, checked against an account."""

from sekisho.rollout.goal.file import break_glass_users, goal_of, read_goal, requirement_of
from sekisho.rollout.goal.model import (
    Goal,
    GroupGoal,
    NewUser,
    PolicyGoal,
    Requirement,
    Stage,
    TemporaryPassword,
    Waiting,
    Waits,
    Wave,
    policy_arn,
)
from sekisho.rollout.goal.selectors import check_listed
from sekisho.rollout.goal.validation import faults_of
from sekisho.rollout.goal.waves import WaveStatus, waves_of

__all__ = [
    "Goal",
    "GroupGoal",
    "NewUser",
    "PolicyGoal",
    "Requirement",
    "Stage",
    "TemporaryPassword",
    "Waiting",
    "Waits",
    "Wave",
    "WaveStatus",
    "break_glass_users",
    "check_listed",
    "faults_of",
    "goal_of",
    "policy_arn",
    "read_goal",
    "requirement_of",
    "waves_of",
]
