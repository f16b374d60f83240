"""Console sign-in, step by step, and the session that it ends in.

Source: IAM User Guide, "How IAM users sign in", "MFA enabled sign-in".
See docs/signin.md#passwords-and-console-sign-in.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sekisho.errors import InternalError
from sekisho.signin.model import (
    Credential,
    CredentialKind,
    Holder,
    SigninAssumptions,
    SigninOrder,
)

CONSOLE_SESSION = timedelta(hours=12)
"""How long a console session lasts."""

SIGNIN_FAILED = "Your authentication information is incorrect. Please try again."
"""One answer for a wrong password, user, account or code: nothing tells which names exist."""

CHANGE_REFUSED = (
    "Either user is not authorized to perform iam:ChangePassword or entered password does not "
    "comply with account password policy set by administrator"
)
"""What the change-password page says when it is denied, and when the password is too weak."""


class NextStep(StrEnum):
    """What the sign-in page does next."""

    REFUSED = "refused"
    NEEDS_MFA = "mfa"
    NEEDS_NEW_PASSWORD = "new-password"  # noqa: S105 - a step, not a secret
    DONE = "done"


def start(
    password_ok: bool,
    devices: int,
    reset_required: bool,
    assumptions: SigninAssumptions,
    *,
    mfa_passed: bool = False,
) -> NextStep:
    """Return the next step of a sign-in; a pure function of what is known so far.

    Ask again after each step: with `mfa_passed` after a right code, and with `reset_required`
    false after the password was changed. `devices` counts the user's MFA devices: one is enough
    to be asked.
    """
    if not password_ok:
        return NextStep.REFUSED
    due = []
    if devices > 0 and not mfa_passed:
        due.append(NextStep.NEEDS_MFA)
    if reset_required:
        due.append(NextStep.NEEDS_NEW_PASSWORD)
    if assumptions.order is SigninOrder.RESET_FIRST:
        due.reverse()
    return due[0] if due else NextStep.DONE


def console_session(holder: Holder, now: datetime, mfa_at: datetime | None) -> Credential:
    """Return the credential of a console session that begins now.

    `mfa_at` is when the code was given at this sign-in; None if none was asked for.
    """
    if mfa_at is not None and mfa_at > now:
        raise InternalError("a console session whose MFA lies in the future")
    return Credential(
        CredentialKind.CONSOLE_SESSION,
        holder,
        issued_at=now,
        expires_at=now + CONSOLE_SESSION,
        mfa_at=mfa_at,
    )
