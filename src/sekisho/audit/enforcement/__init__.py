"""Whether each user of an account is enforced: equal questions are asked once."""

from sekisho.audit.enforcement.cache import enforcements_of
from sekisho.audit.enforcement.likeness import Likenesses, Numbers, asked_about
from sekisho.audit.enforcement.resolution import named_of
from sekisho.audit.enforcement.users import (
    EVERYTHING,
    MFA_KEYS,
    UserEnforcement,
    invariants_of,
    lets_in,
)

__all__ = [
    "EVERYTHING",
    "MFA_KEYS",
    "Likenesses",
    "Numbers",
    "UserEnforcement",
    "asked_about",
    "enforcements_of",
    "invariants_of",
    "lets_in",
    "named_of",
]
