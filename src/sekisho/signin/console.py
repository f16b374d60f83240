"""Console sign-in step by step, passwords, and the sessions that begin there.

Of passwords: the policy that a new one must meet, and who may change one.

`aws login` (AWS CLI 2.32 and later) begins an OAuth session at a console session: it signs in with
a browser and gets temporary credentials for fifteen minutes, which it renews for up to twelve
hours; an agent by way of the AWS MCP server does the same. Two actions decide, both asked of the
console session: `signin:AuthorizeOAuth2Access` and `signin:CreateOAuth2Token`.

Source: IAM User Guide, "How IAM users sign in", "MFA enabled sign-in", "Set an account password
policy for IAM users"; IAM API Reference, ChangePassword; texts observed. AWS Sign-In User Guide,
"Login for AWS local development using console credentials"; Service Authorization Reference, "AWS
Signin"; botocore's model of `signin`.
See docs/signin.md#passwords-and-console-sign-in and #sessions-of-aws-login.
"""

import string
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.policy import CONSOLE_ACTIONS, from_json
from sekisho.signin.model import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    SigninOrder,
)
from sekisho.signin.refusal import ErrorCode, Refused, Rule

CONSOLE_SESSION = timedelta(hours=12)
"""The length of a console session, unless the login profile or the role says otherwise."""

SHORTEST_CONSOLE_SESSION, LONGEST_CONSOLE_SESSION = timedelta(hours=1), timedelta(days=90)
"""The range of `MaxSigninSessionDuration`.

Source: IAM API Reference, CreateLoginProfile, UpdateLoginProfile, CreateRole.
"""


def console_arn(partition: str) -> str:
    """Return the resource of the console's own sign-in.

    AWS does not document the name of the Management Console in it: `console/` and some name
    (Service Authorization Reference, "AWS Signin").
    """
    return f"arn:{partition}:signin:::console/management-console"


CONSOLE_REFUSED = (
    "Authentication failed: To access this account, sign in from a different network, or contact "
    "your administrator for more information"
)
"""The message of the sign-in page when a policy denies one of the `CONSOLE_ACTIONS`."""

SIGNIN_FAILED = "Your authentication information is incorrect. Please try again."
"""The answer to a wrong password, user, account or code, which reveals no names."""

CHANGE_REFUSED = (
    "Either user is not authorized to perform iam:ChangePassword or entered password does not "
    "comply with account password policy set by administrator"
)
"""The message of the change-password page for a denial, and for a weak password."""


class NextStep(StrEnum):
    """The next step of the sign-in page."""

    REFUSED = "refused"
    NEEDS_MFA = "mfa"
    NEEDS_NEW_PASSWORD = "new-password"  # noqa: S105 - a step, not a secret
    DONE = "done"


def next_step(
    password_ok: bool,
    devices: int,
    reset_required: bool,
    assumptions: SigninAssumptions,
    *,
    mfa_passed: bool = False,
) -> NextStep:
    """Return the next step of a sign-in; a pure function of the known facts.

    Call it again after each step: with `mfa_passed` after a right code, and with `reset_required`
    false after the password was changed. `devices` is the number of the user's MFA devices: one is
    enough for a code to be required.
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


def console_session(
    holder: Holder, now: datetime, mfa_at: datetime | None, lasts: timedelta = CONSOLE_SESSION
) -> Credential:
    """Return the credential of a console session that begins now.

    MFA is required only at its beginning, so that a long session has an old MFA in the end.

    Args:
        holder: the owner of the session.
        now: when it begins.
        mfa_at: when the code was given at this sign-in; None if none was asked for.
        lasts: `MaxSigninSessionDuration` of who signs in.
    """
    if mfa_at is not None and mfa_at > now:
        raise InternalError("a console session whose MFA lies in the future")
    if not SHORTEST_CONSOLE_SESSION <= lasts <= LONGEST_CONSOLE_SESSION:
        raise InternalError("a console session of a length that IAM does not take")
    return Credential(
        CredentialKind.CONSOLE_SESSION,
        holder,
        issued_at=now,
        expires_at=now + lasts,
        mfa_at=mfa_at,
    )


DEFAULT_MINIMUM_LENGTH = 8
"""The shortest password if the account has no policy of its own."""

_LONGEST = 128
_CLASSES_BY_DEFAULT = 3
_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")


class CharacterClass(StrEnum):
    """The four classes of characters, in AWS's words."""

    UPPERCASE = "uppercase letter"
    LOWERCASE = "lowercase letter"
    NUMBER = "number"
    SYMBOL = "symbol"


_MEMBERS = {
    CharacterClass.UPPERCASE: frozenset(string.ascii_uppercase),
    CharacterClass.LOWERCASE: frozenset(string.ascii_lowercase),
    CharacterClass.NUMBER: frozenset(string.digits),
    CharacterClass.SYMBOL: _SYMBOLS,
}


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The account's own password policy; an account without one has the default policy.

    Attributes:
        minimum_length: 6 to 128 characters.
        required: the classes of which at least one character is needed.
        users_may_change: every user may change their own password without a policy that says so.
        max_age: days until a password expires; 0 if it never does.
        reuse_prevention: how many earlier passwords must not come back; 0 if they may.
        hard_expiry: an expired password can only be replaced by an administrator.
    """

    minimum_length: int = 6
    required: frozenset[CharacterClass] = frozenset()
    users_may_change: bool = False
    max_age: int = 0
    reuse_prevention: int = 0
    hard_expiry: bool = False


def password_faults(password: str, user: str, policy: PasswordPolicy | None) -> tuple[str, ...]:
    """Return the faults of a new password, in AWS's words and without the password.

    A `policy` of None is the default one, under which the password must not be the `user`'s name.
    """
    found: list[str] = []
    if len(password) > _LONGEST:
        found.append(f"Password should have a maximum length of {_LONGEST}")
    least = DEFAULT_MINIMUM_LENGTH if policy is None else policy.minimum_length
    if len(password) < least:
        found.append(f"Password should have a minimum length of {least}")
    missing = [kind for kind in CharacterClass if _MEMBERS[kind].isdisjoint(password)]
    if policy is None:
        found += _missing_by_default(missing)
        if password.lower() == user.lower():
            found.append("Password should not be the same as the user name")
    else:
        found += [_at_least_one(kind) for kind in missing if kind in policy.required]
    return tuple(found)


def _at_least_one(kind: CharacterClass) -> str:
    return f"Password should have at least one {kind}"


def _missing_by_default(missing: list[CharacterClass]) -> list[str]:
    short_of = _CLASSES_BY_DEFAULT - (len(CharacterClass) - len(missing))
    if short_of <= 0:
        return []
    listed = ", ".join(_at_least_one(kind) for kind in missing)
    return [f"Password should meet {short_of} more of the following requirements: {listed}"]


def check_password(password: str, user: str, policy: PasswordPolicy | None) -> Refused | None:
    """Return AWS's refusal of a new password; None if it is acceptable."""
    faults = password_faults(password, user, policy)
    if not faults:
        return None
    message = ", ".join(faults)
    return Refused(ErrorCode.PASSWORD_POLICY_VIOLATION, message, 400, Rule.PASSWORD_POLICY)


WRONG_OLD_PASSWORD = Refused(
    ErrorCode.ACCESS_DENIED, "The old password is not correct.", 403, Rule.OWN_PASSWORD
)
"""ChangePassword with a wrong old password; the text is assumed."""


def password_change_policy(arn: str) -> AttachedPolicy:
    """Return the permissions by `AllowUsersToChangePassword` for this user's ARN, as a policy.

    It is the same for all users of a path, so that they stay equivalent.
    """
    return _allowed(f"{arn.rpartition('/')[0]}/${{aws:username}}")


def with_password_policy(
    policies: Policies, arn: str, may_change: bool | None
) -> tuple[Policies, ...]:
    """Return a user's policies with the permissions that the password policy adds.

    Args:
        policies: the user's policies.
        arn: the user's.
        may_change: `AllowUsersToChangePassword`. Where it is None, two are returned: what allows
            more, and what allows less; an answer that is not the same for both is not known.
    """
    more = replace(policies, identity=(*policies.identity, password_change_policy(arn)))
    match may_change:
        case True:
            return (more,)
        case False:
            return (policies,)
        case None:
            return more, policies


@lru_cache(maxsize=1024)
def _allowed(own: str) -> AttachedPolicy:
    allowed = (("iam:ChangePassword", own), ("iam:GetAccountPasswordPolicy", "*"))
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed
    ]
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    return AttachedPolicy("the account's password policy", document)


def check_password_change(credential: Credential) -> Refused | None:
    """Return the refusal of ChangePassword to any caller but an IAM user, or None."""
    if credential.holder.kind is HolderKind.USER:
        return None
    message = "Only IAM Users can change their own password."
    return Refused(ErrorCode.INVALID_USER_TYPE, message, 400, Rule.OWN_PASSWORD)


def no_login_profile(user: str) -> Refused:
    """Return the refusal for a user without a console password."""
    message = f"Login Profile for User {user} cannot be found."
    return Refused(ErrorCode.NO_SUCH_ENTITY, message, 404, Rule.UNKNOWN_ENTITY)


LOGIN_SESSION = CONSOLE_SESSION
"""The time for which the credentials of `aws login` can be renewed."""

LOGIN_ACCESS = timedelta(minutes=15)
"""The validity of one set of them, which outlives the end of the session."""

AGENT_ACCESS = timedelta(hours=1)
"""The longest validity of an agent's access token."""

AUTHORIZE, CREATE_TOKEN = CONSOLE_ACTIONS
"""The two actions that policies must allow, on a client's resource."""


class LoginClient(StrEnum):
    """The clients of `aws login`, by the last part of their ids."""

    SAME_DEVICE = "same-device"
    """The browser is on the CLI's computer; the CLI gets the code at a local port."""
    CROSS_DEVICE = "cross-device"
    """`aws login --remote`: the browser is anywhere, and the user copies the code."""

    @property
    def id(self) -> str:
        """The client id as it is sent."""
        return f"arn:aws:signin:::devtools/{self.value}"

    def resource(self, partition: str, region: str, account: str) -> str:
        """Return the resource of the two actions."""
        client = "localhost" if self is LoginClient.SAME_DEVICE else "remote"
        return f"arn:{partition}:signin:{region}:{account}:oauth2/public-client/{client}"


def sign_in_arn(credential: Credential, region: str, identifier: str) -> str:
    """Return the ARN of a sign-in session of the credential's account."""
    holder = credential.holder
    return f"arn:{holder.partition}:signin:{region}:{holder.account}:session/{identifier}"


def login_session(console: Credential, arn: str, now: datetime) -> Credential:
    """Return the credential that `aws login` gets now from a console session.

    The MFA and its time are those of the console session; how policies see them is an assumption
    (`aws_login_mfa`).

    Args:
        console: the console session, that the login began from.
        arn: of the sign-in session, the same at each renewal.
        now: the time of the first answer or of the renewal.
    """
    if console.kind is not CredentialKind.CONSOLE_SESSION:
        raise InternalError("a session of `aws login` from something but a console session")
    return replace(
        console,
        kind=CredentialKind.LOGIN_SESSION,
        issued_at=now,
        expires_at=now + LOGIN_ACCESS,
        sign_in_arn=arn,
    )
