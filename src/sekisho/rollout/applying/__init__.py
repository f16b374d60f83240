"""A plan is carried out, and taken back, by its journal."""

from sekisho.rollout.applying.added_policies import AddedPolicies, GroupRights
from sekisho.rollout.applying.change_status import (
    ChangeStatus,
    PasswordOwner,
    password_owner,
    settle_passwords,
    status_of,
)
from sekisho.rollout.applying.execute import (
    ApplyReport,
    apply_progress,
    execute,
    facts_at_addresses,
)
from sekisho.rollout.applying.journal import Event, Journal, JournalEntry
from sekisho.rollout.applying.plan_file import PlanFile, check_account, read_plan
from sekisho.rollout.applying.preconditions import MAX_CLOCK_LEAD, MAX_PLAN_AGE
from sekisho.rollout.applying.retry import retried, retried_until_visible
from sekisho.rollout.applying.rollback import (
    BY_JOURNAL,
    Left,
    RollbackChoices,
    RollbackPreview,
    RollbackReport,
    preview_rollback,
    roll_back,
    rollback_progress,
    unaccounted,
    undone_addresses,
)
from sekisho.rollout.applying.stop import Stop

__all__ = [
    "BY_JOURNAL",
    "MAX_CLOCK_LEAD",
    "MAX_PLAN_AGE",
    "AddedPolicies",
    "ApplyReport",
    "ChangeStatus",
    "Event",
    "GroupRights",
    "Journal",
    "JournalEntry",
    "Left",
    "PasswordOwner",
    "PlanFile",
    "RollbackChoices",
    "RollbackPreview",
    "RollbackReport",
    "Stop",
    "apply_progress",
    "check_account",
    "execute",
    "facts_at_addresses",
    "password_owner",
    "preview_rollback",
    "read_plan",
    "retried",
    "retried_until_visible",
    "roll_back",
    "rollback_progress",
    "settle_passwords",
    "status_of",
    "unaccounted",
    "undone_addresses",
]
