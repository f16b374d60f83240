"""What an administrator can do about an obstacle, before anybody has to accept it.

A way out is an option of the command that made the plan, or a right to read. Only where there is
none, or none is wanted, is an obstacle accepted with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sekisho.rollout.acceptance import ABOUT_USERS


class Way(StrEnum):
    """A kind of way out.

    Attributes:
        CREDENTIAL_REPORT: AWS's credential report says what is not known of these users.
        MFA: the caller signs in with MFA, and says so.
        FIRST_LOGIN: the policy lets these users change a temporary password without MFA.
        RECOMMENDED: the recommended policy lets these users in, such as those with a path.
        KEEP_PASSWORD: the first password of these new users need not be changed.
        LEAVE_OUT: the plan leaves these machine users out.
        AFTER_PASSWORD_CHANGE: who has a temporary password waits until it is changed.
        BREAK_GLASS: this administrator becomes a break-glass user.
        READ: the caller is allowed to read what was not read.
        CONSOLE_AUTHORIZATION: the account's console authorization no longer keeps these users out:
            it is disabled, or the policy lets the sign-in itself pass.
        KEEP_SESSIONS: the sessions of `aws login` and of agents are left.
        ENROLMENT: these users get a policy that lets them set up MFA, as none of theirs does.
        EXEMPT_ENROLMENT: a policy of these users no longer denies that without MFA.
    """

    CREDENTIAL_REPORT = "credential-report"
    MFA = "mfa"
    FIRST_LOGIN = "first-login"
    RECOMMENDED = "recommended"
    KEEP_PASSWORD = "keep-password"  # noqa: S105 - a way out, not a secret
    LEAVE_OUT = "leave-out"
    AFTER_PASSWORD_CHANGE = "after-password-change"  # noqa: S105 - a way out, not a secret
    BREAK_GLASS = "break-glass"
    READ = "read"
    CONSOLE_AUTHORIZATION = "console-authorization"
    KEEP_SESSIONS = "keep-sessions"
    ENROLMENT = "enrolment"
    EXEMPT_ENROLMENT = "exempt-enrolment"


@dataclass(frozen=True, slots=True)
class WayOut:
    """One way out of one obstacle.

    Attributes:
        obstacle: its id, like `keys-in-use`.
        users: whom it is about; empty if it is about nobody by name.
        policies: which policies are in the way: an ARN, or `inline NAME of user U`.
    """

    way: Way
    obstacle: str
    users: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    @property
    def settles(self) -> frozenset[tuple[str, str]]:
        """What it is a way out of: the obstacle, with each of the users if it is about users."""
        about = self.users if self.obstacle in ABOUT_USERS else ()
        return frozenset((self.obstacle, user) for user in about or ("",))

    @property
    def options(self) -> tuple[str, ...]:
        """The options to give, in the words of the command line; none where no option helps."""
        option = _OPTIONS[self.way]
        if "{user}" in option:
            return tuple(option.format(user=user) for user in self.users)
        return (option,) if option else ()


_OPTIONS: Mapping[Way, str] = {
    Way.CREDENTIAL_REPORT: "",
    Way.MFA: "--mfa",
    Way.FIRST_LOGIN: "--preset first-login",
    Way.RECOMMENDED: "--preset recommended",
    Way.KEEP_PASSWORD: "--keep-password",
    Way.LEAVE_OUT: "--except {user}",
    Way.AFTER_PASSWORD_CHANGE: "--when after-password-change",
    Way.BREAK_GLASS: "--break-glass {user}",
    Way.READ: "",
    Way.CONSOLE_AUTHORIZATION: "",
    Way.KEEP_SESSIONS: "--keep-sessions",
    Way.ENROLMENT: "",
    Way.EXEMPT_ENROLMENT: "",
}
"""What is added to the command: once, or for each user."""
