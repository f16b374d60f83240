"""What can be proved of the users of an account: of one of them, or of all."""

from sekisho.audit.proofs.certificates import AccountCertificates, account_certificates
from sekisho.audit.proofs.users import (
    UserProofs,
    prove_users,
    subject_of_role,
    subject_of_user,
)

__all__ = [
    "AccountCertificates",
    "UserProofs",
    "account_certificates",
    "prove_users",
    "subject_of_role",
    "subject_of_user",
]
