"""How to get from here to there, and back: goal → plan → apply → roll back.

`goal` is what an administrator wants, and accepts; `changes` what a plan can be made of; `planning`
makes the plan and checks it; `applying` carries it out and takes it back. Each uses only those
before it. `lifecycle` plans for one person, `status` is how a plan stands, `history` who has
changed something since.
"""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.rollout.applying.ages import (
        MAX_CLOCK_LEAD,
        MAX_PLAN_AGE,
        check_saved_account,
    )
    from sekisho.rollout.applying.change_status import ChangeStatus, settle_passwords
    from sekisho.rollout.applying.dependents import AddedPolicies, GroupRights
    from sekisho.rollout.applying.execute import (
        ApplyReport,
        apply_progress,
        execute,
        facts_at_addresses,
    )
    from sekisho.rollout.applying.former_names import UnderFormerNames, renamed_users
    from sekisho.rollout.applying.journal import Event, Journal, JournalEntry
    from sekisho.rollout.applying.plan_file import PlanFile, check_account, read_plan
    from sekisho.rollout.applying.retry import retried, retried_until_visible
    from sekisho.rollout.applying.rollback import (
        BY_JOURNAL,
        RollbackChoices,
        RollbackPreview,
        RollbackReport,
        explained_addresses,
        preview_rollback,
        roll_back,
        rollback_progress,
        unaccounted_addresses,
        undone_addresses,
        unseen_addresses,
    )
    from sekisho.rollout.applying.s3_state import S3State, is_in_s3
    from sekisho.rollout.applying.state import LocalState, OpenFolder, StatePlace
    from sekisho.rollout.applying.stop import Stop
    from sekisho.rollout.changes.affected import affected_names
    from sekisho.rollout.changes.credentials import (
        CredentialType,
        DeactivateCredential,
        DeactivateDevice,
        DeleteDevice,
        EndSignInSessions,
    )
    from sekisho.rollout.changes.kinds import forecast
    from sekisho.rollout.changes.model import Change
    from sekisho.rollout.changes.policies import (
        CreatePolicy,
        CreatePolicyVersion,
        TagPolicy,
        enrolment_arns,
        with_change_password,
    )
    from sekisho.rollout.changes.unused import (
        DeactivateUnusedKey,
        DeleteAccessKey,
        DeleteUnusedPassword,
    )
    from sekisho.rollout.changes.users import (
        AddUserToGroup,
        AttachGroupPolicy,
        AttachUserPolicy,
        CreateGroup,
        CreateLoginProfile,
        CreateUser,
        DeleteLoginProfile,
        DetachGroupPolicy,
        DetachUserPolicy,
        RemoveUserFromGroup,
        ReplacePassword,
        SetsPassword,
    )
    from sekisho.rollout.goal.acceptance import acceptance_key
    from sekisho.rollout.goal.file import (
        GoalInputs,
        break_glass_users,
        check_goal,
        goal_of,
        read_goal,
        requirement_of,
        timezone_of,
    )
    from sekisho.rollout.goal.known_users import KNOWN_USERS, FormerNames, KnownUsers, known_users
    from sekisho.rollout.goal.model import (
        Deferral,
        DeferralReason,
        Dormant,
        DormantAction,
        Goal,
        GroupGoal,
        KeyOfUser,
        KeyRules,
        NewUser,
        PolicyGoal,
        Requirement,
        Stage,
        TemporaryPassword,
        Untold,
        Wave,
        policy_arn,
    )
    from sekisho.rollout.goal.unused import (
        AgingKey,
        DormantUser,
        KeyState,
        aging_keys,
        dormant_users,
        sign_ins_unread,
    )
    from sekisho.rollout.goal.waves import WaveStatus, waves_of, waves_to_json
    from sekisho.rollout.history import CALLS, Author
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
        Remedy,
        RemedyKind,
        SafetyVerdict,
    )
    from sekisho.rollout.planning.planner import JudgedPlan, Planner, plan
    from sekisho.rollout.planning.requests import SampleRequest, decide_request
    from sekisho.rollout.planning.script import script_of
    from sekisho.rollout.planning.user_warnings import locked_out_notes
    from sekisho.rollout.report import machine_user_lines, plan_report
    from sekisho.rollout.sentences import (
        SAFETY_VERDICTS,
        STATUS_TITLES,
        check_name,
        expected_and_found,
        pending_sentence,
        plan_sentences,
        proof_text,
        remedy_text,
        status_sentence,
    )
    from sekisho.rollout.status import (
        Drift,
        FactStatus,
        PlanStatus,
        plan_status,
        status_to_json,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "applying.change_status": "ChangeStatus settle_passwords",
            "applying.dependents": "AddedPolicies GroupRights",
            "applying.execute": "ApplyReport apply_progress execute facts_at_addresses",
            "applying.former_names": "UnderFormerNames renamed_users",
            "applying.journal": "Event Journal JournalEntry",
            "applying.plan_file": "PlanFile check_account read_plan",
            "applying.ages": "MAX_CLOCK_LEAD MAX_PLAN_AGE check_saved_account",
            "applying.retry": "retried retried_until_visible",
            "applying.rollback": (
                "BY_JOURNAL RollbackChoices RollbackPreview RollbackReport explained_addresses "
                "preview_rollback roll_back rollback_progress unaccounted_addresses "
                "undone_addresses unseen_addresses"
            ),
            "applying.s3_state": "S3State is_in_s3",
            "applying.state": "LocalState OpenFolder StatePlace",
            "applying.stop": "Stop",
            "changes.affected": "affected_names",
            "changes.credentials": (
                "CredentialType DeactivateCredential DeactivateDevice DeleteDevice "
                "EndSignInSessions"
            ),
            "changes.kinds": "forecast",
            "changes.model": "Change",
            "changes.policies": (
                "CreatePolicy CreatePolicyVersion TagPolicy enrolment_arns with_change_password"
            ),
            "changes.unused": "DeactivateUnusedKey DeleteAccessKey DeleteUnusedPassword",
            "changes.users": (
                "AddUserToGroup AttachGroupPolicy AttachUserPolicy CreateGroup CreateLoginProfile "
                "CreateUser DeleteLoginProfile DetachGroupPolicy DetachUserPolicy "
                "RemoveUserFromGroup ReplacePassword SetsPassword"
            ),
            "goal.acceptance": "acceptance_key",
            "goal.file": (
                "GoalInputs break_glass_users check_goal goal_of read_goal requirement_of "
                "timezone_of"
            ),
            "goal.known_users": "KNOWN_USERS FormerNames KnownUsers known_users",
            "goal.model": (
                "Deferral DeferralReason Dormant DormantAction Goal GroupGoal KeyOfUser "
                "KeyRules NewUser PolicyGoal Requirement Stage TemporaryPassword Untold Wave "
                "policy_arn"
            ),
            "goal.unused": "AgingKey DormantUser KeyState aging_keys dormant_users sign_ins_unread",
            "goal.waves": "WaveStatus waves_of waves_to_json",
            "history": "CALLS Author",
            "lifecycle": (
                "PlanningContext delete_unassigned_devices offboard planning_context reset"
            ),
            "report": "machine_user_lines plan_report",
            "planning.plan": (
                "Plan PlanCaller PlannedImpact PlanNote Proof Remedy RemedyKind SafetyVerdict"
            ),
            "planning.planner": "JudgedPlan Planner plan",
            "planning.requests": "SampleRequest decide_request",
            "planning.script": "script_of",
            "planning.user_warnings": "locked_out_notes",
            "sentences": (
                "SAFETY_VERDICTS STATUS_TITLES check_name expected_and_found plan_sentences "
                "pending_sentence proof_text remedy_text status_sentence"
            ),
            "status": "Drift FactStatus PlanStatus plan_status status_to_json",
        },
    )

__all__ = [
    "BY_JOURNAL",
    "CALLS",
    "KNOWN_USERS",
    "MAX_CLOCK_LEAD",
    "MAX_PLAN_AGE",
    "SAFETY_VERDICTS",
    "STATUS_TITLES",
    "AddUserToGroup",
    "AddedPolicies",
    "AgingKey",
    "ApplyReport",
    "AttachGroupPolicy",
    "AttachUserPolicy",
    "Author",
    "Change",
    "ChangeStatus",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateUser",
    "CredentialType",
    "DeactivateCredential",
    "DeactivateDevice",
    "DeactivateUnusedKey",
    "Deferral",
    "DeferralReason",
    "DeleteAccessKey",
    "DeleteDevice",
    "DeleteLoginProfile",
    "DeleteUnusedPassword",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "Dormant",
    "DormantAction",
    "DormantUser",
    "Drift",
    "EndSignInSessions",
    "Event",
    "FactStatus",
    "FormerNames",
    "Goal",
    "GoalInputs",
    "GroupGoal",
    "GroupRights",
    "Journal",
    "JournalEntry",
    "JudgedPlan",
    "KeyOfUser",
    "KeyRules",
    "KeyState",
    "KnownUsers",
    "LocalState",
    "NewUser",
    "OpenFolder",
    "Plan",
    "PlanCaller",
    "PlanFile",
    "PlanNote",
    "PlanStatus",
    "PlannedImpact",
    "Planner",
    "PlanningContext",
    "PolicyGoal",
    "Proof",
    "Remedy",
    "RemedyKind",
    "RemoveUserFromGroup",
    "ReplacePassword",
    "Requirement",
    "RollbackChoices",
    "RollbackPreview",
    "RollbackReport",
    "S3State",
    "SafetyVerdict",
    "SampleRequest",
    "SetsPassword",
    "Stage",
    "StatePlace",
    "Stop",
    "TagPolicy",
    "TemporaryPassword",
    "UnderFormerNames",
    "Untold",
    "Wave",
    "WaveStatus",
    "acceptance_key",
    "affected_names",
    "aging_keys",
    "apply_progress",
    "break_glass_users",
    "check_account",
    "check_goal",
    "check_name",
    "check_saved_account",
    "decide_request",
    "delete_unassigned_devices",
    "dormant_users",
    "enrolment_arns",
    "execute",
    "expected_and_found",
    "explained_addresses",
    "facts_at_addresses",
    "forecast",
    "goal_of",
    "is_in_s3",
    "known_users",
    "locked_out_notes",
    "machine_user_lines",
    "offboard",
    "pending_sentence",
    "plan",
    "plan_report",
    "plan_sentences",
    "plan_status",
    "planning_context",
    "policy_arn",
    "preview_rollback",
    "proof_text",
    "read_goal",
    "read_plan",
    "remedy_text",
    "renamed_users",
    "requirement_of",
    "reset",
    "retried",
    "retried_until_visible",
    "roll_back",
    "rollback_progress",
    "script_of",
    "settle_passwords",
    "sign_ins_unread",
    "status_sentence",
    "status_to_json",
    "timezone_of",
    "unaccounted_addresses",
    "undone_addresses",
    "unseen_addresses",
    "waves_of",
    "waves_to_json",
    "with_change_password",
]
