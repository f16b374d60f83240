"""Whether each user of an account is enforced: equal questions are asked once."""

from sekisho.audit.enforcement.cache import enforcements_of
from sekisho.audit.enforcement.equivalence import (
    DocumentNumbers,
    EquivalenceKeys,
    question_as_policy,
)
from sekisho.audit.enforcement.resolution import named_of
from sekisho.audit.enforcement.users import (
    EVERYTHING,
    MFA_KEYS,
    UserEnforcement,
    invariants_of,
    scps_unread_reason,
    trusting_statement,
)

__all__ = [
    "EVERYTHING",
    "MFA_KEYS",
    "DocumentNumbers",
    "EquivalenceKeys",
    "UserEnforcement",
    "enforcements_of",
    "invariants_of",
    "named_of",
    "question_as_policy",
    "scps_unread_reason",
    "trusting_statement",
]
