"""What can be proved of the users of an account: of one of them, or of all."""

from sekisho.audit.proofs.users import (
    UserProofs,
    as_attached,
    prove_users,
    subject_of_role,
    subject_of_user,
    verdicts_of,
    whatever_is_attached,
)

__all__ = [
    "UserProofs",
    "as_attached",
    "prove_users",
    "subject_of_role",
    "subject_of_user",
    "verdicts_of",
    "whatever_is_attached",
]
