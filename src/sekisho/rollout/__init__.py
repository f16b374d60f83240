"""How to get from here to there, and back: goal → plan → execute → roll back."""

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
from sekisho.rollout.execute import ApplyReport, Stop, execute, touched
from sekisho.rollout.goal import (
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
from sekisho.rollout.journal import Journal
from sekisho.rollout.plan import Caller, Note, Person, Plan, Proof, Verdict
from sekisho.rollout.planner import plan
from sekisho.rollout.rollback import Left, RollbackReport, roll_back

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
    "Person",
    "Plan",
    "PolicyGoal",
    "Proof",
    "RemoveUserFromGroup",
    "RollbackReport",
    "Stage",
    "Stop",
    "TagPolicy",
    "TemporaryPassword",
    "Verdict",
    "Waiting",
    "Waits",
    "Wave",
    "execute",
    "plan",
    "roll_back",
    "touched",
]
