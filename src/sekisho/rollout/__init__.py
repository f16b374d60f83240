"""How to get from here to there, and back: goal → plan → execute → roll back."""

from sekisho.rollout.applying.execute import ApplyReport, Stop, execute, touched
from sekisho.rollout.applying.journal import Journal
from sekisho.rollout.applying.rollback import Left, RollbackReport, roll_back
from sekisho.rollout.changes import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreatePolicyVersion,
    CreateUser,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
    TagPolicy,
)
from sekisho.rollout.goal.model import (
    Goal,
    GroupGoal,
    NewUser,
    PolicyGoal,
    Stage,
    TemporaryPassword,
    Waiting,
    Waits,
    Wave,
)
from sekisho.rollout.plan import Caller, Note, Plan, PlannedImpact, Proof, SafetyVerdict
from sekisho.rollout.planning.planner import plan

__all__ = [
    "AddUserToGroup",
    "ApplyReport",
    "AttachGroupPolicy",
    "AttachUserPolicy",
    "Caller",
    "Change",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateUser",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "Goal",
    "GroupGoal",
    "Journal",
    "Left",
    "NewUser",
    "Note",
    "Plan",
    "PlannedImpact",
    "PolicyGoal",
    "Proof",
    "RemoveUserFromGroup",
    "RollbackReport",
    "SafetyVerdict",
    "Stage",
    "Stop",
    "TagPolicy",
    "TemporaryPassword",
    "Waiting",
    "Waits",
    "Wave",
    "execute",
    "plan",
    "roll_back",
    "touched",
]
