"""What is wrong with an account: findings with stable ids, the gravest first."""

from sekisho.audit.checks.controls import CONTROLS, NOBODY_CHECKS, Control
from sekisho.audit.checks.ids import AccountFindingId
from sekisho.audit.checks.model import AccountFinding
from sekisho.audit.checks.run import check_account
from sekisho.audit.checks.words import WORDS

__all__ = [
    "CONTROLS",
    "NOBODY_CHECKS",
    "WORDS",
    "AccountFinding",
    "AccountFindingId",
    "Control",
    "check_account",
]
