"""How to get from here to there, and back: goal → plan → apply → roll back.

`goal` is what an administrator wants, and accepts; `changes` what a plan can be made of; `planning`
makes the plan and checks it; `applying` carries it out and takes it back. Each uses only those
before it. `lifecycle` plans for one person, `status` is how a plan stands, `history` who has
changed something since.
"""

from sekisho.rollout.applying.execute import (
    ApplyReport,
    execute,
    facts_at_addresses,
)
from sekisho.rollout.applying.journal import Journal
from sekisho.rollout.applying.rollback import Left, RollbackReport, roll_back
from sekisho.rollout.applying.stop import Stop
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
from sekisho.rollout.fact_text import expected_and_found
from sekisho.rollout.forms import status_to_json, waves_to_json
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
from sekisho.rollout.history import CALLS, Author, History
from sekisho.rollout.lifecycle import (
    PlanningContext,
    delete_unassigned_devices,
    offboard,
    planning_context,
    reset,
)
from sekisho.rollout.planning.plan import (
    Plan,
    PlanCaller,
    PlannedImpact,
    PlanNote,
    Proof,
    SafetyVerdict,
    Way,
    WayOut,
)
from sekisho.rollout.planning.planner import plan
from sekisho.rollout.planning.script import script_of
from sekisho.rollout.status import Difference, Fact, PlanStatus, concerned, plan_status
from sekisho.rollout.wording import (
    SAFETY_VERDICTS,
    STATUS_TITLES,
    plan_sentences,
    status_sentence,
    way_text,
)

__all__ = [
    "CALLS",
    "SAFETY_VERDICTS",
    "STATUS_TITLES",
    "AddUserToGroup",
    "ApplyReport",
    "AttachGroupPolicy",
    "AttachUserPolicy",
    "Author",
    "Change",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateUser",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "Difference",
    "Fact",
    "Goal",
    "GroupGoal",
    "History",
    "Journal",
    "Left",
    "NewUser",
    "Plan",
    "PlanCaller",
    "PlanNote",
    "PlanStatus",
    "PlannedImpact",
    "PlanningContext",
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
    "Way",
    "WayOut",
    "concerned",
    "delete_unassigned_devices",
    "execute",
    "expected_and_found",
    "facts_at_addresses",
    "offboard",
    "plan",
    "plan_sentences",
    "plan_status",
    "planning_context",
    "reset",
    "roll_back",
    "script_of",
    "status_sentence",
    "status_to_json",
    "waves_to_json",
    "way_text",
]
