"""What an administrator can do about an obstacle, before anybody has to accept it.

A way out is an option of the command that made the plan, or a right to read. Only where there is
none, or none is wanted, is an obstacle accepted with a reason.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Way(StrEnum):
    """A kind of way out.

    Attributes:
        MFA: the caller signs in with MFA, and says so.
        LEAVE_OUT: the plan leaves these users out, such as machine users.
        AFTER_PASSWORD_CHANGE: who has a temporary password waits until it is changed.
        BREAK_GLASS: this administrator becomes a break-glass user.
        READ: the caller is allowed to read what was not read.
        CONSOLE_AUTHORIZATION: the account's console authorization no longer keeps these users out:
            it is disabled, or the policy lets the sign-in itself pass.
        KEEP_SESSIONS: the sessions of `aws login` and of agents are left.
        ENROLMENT: these users get a policy that lets them set up MFA, as none of theirs does.
        EXEMPT_ENROLMENT: a policy of these users no longer denies that without MFA.
    """

    MFA = "mfa"
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
    def options(self) -> tuple[str, ...]:
        """The options to give, in the words of the command line; none where no option helps."""
        match self.way:
            case Way.MFA:
                return ("--mfa",)
            case Way.LEAVE_OUT:
                return tuple(f"--except {user}" for user in self.users)
            case Way.AFTER_PASSWORD_CHANGE:
                return ("--when after-password-change",)
            case Way.BREAK_GLASS:
                return tuple(f"--break-glass {user}" for user in self.users)
            case Way.READ | Way.CONSOLE_AUTHORIZATION | Way.ENROLMENT | Way.EXEMPT_ENROLMENT:
                return ()
            case Way.KEEP_SESSIONS:
                return ("--keep-sessions",)
            case _:
                assert_never(self.way)
