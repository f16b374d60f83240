"""The impact on one person: the result of a sign-in, of enforcement, and the person's rights.

`sign_in` asks the prover whether a user's credentials lead to a session with MFA, `outcomes` does
so for the users of an account; `kinds` has the impact of enforcement on each of them,
`administrators` the users who may remove it. `users` combines all of it in rows.
"""

from sekisho.audit.impact.administrators import Administrators, powers_of
from sekisho.audit.impact.kinds import ImpactKind, UserImpact, impacts_of, usual_enforcement
from sekisho.audit.impact.outcomes import (
    UNLISTED,
    UNREAD,
    MayLogin,
    SignInOutcome,
    SignInOutcomes,
    counterexample_for_user,
    credentials_of,
    kind_of_credential,
    may_login,
    or_without_mfa,
    usable_credentials,
    ways_in,
)
from sekisho.audit.impact.questions import first_refuted
from sekisho.audit.impact.users import Coverage, Nature, UserRow, coverage_of, rows_of

__all__ = [
    "UNLISTED",
    "UNREAD",
    "Administrators",
    "Coverage",
    "ImpactKind",
    "MayLogin",
    "Nature",
    "SignInOutcome",
    "SignInOutcomes",
    "UserImpact",
    "UserRow",
    "counterexample_for_user",
    "coverage_of",
    "credentials_of",
    "first_refuted",
    "impacts_of",
    "kind_of_credential",
    "may_login",
    "or_without_mfa",
    "powers_of",
    "rows_of",
    "usable_credentials",
    "usual_enforcement",
    "ways_in",
]
