"""What an administrator wants: one policy, and the people that it shall gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho.policy.document import Document

__all__ = ["Goal", "GroupGoal", "NewUser", "PolicyGoal", "TemporaryPassword"]


@dataclass(frozen=True, slots=True)
class PolicyGoal:
    """The customer managed policy that gates; AWS cannot change its description afterwards."""

    name: str
    document: Document
    path: str = "/"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupGoal:
    """A user group that the policy is attached to, created if it does not exist.

    Attributes:
        members: users to add, new users among them.
    """

    name: str
    members: tuple[str, ...] = ()
    path: str = "/"


@dataclass(frozen=True, slots=True)
class TemporaryPassword:
    """A new user gets a temporary password, whose text only the executor is told.

    Attributes:
        must_change: whether it has to be changed at the first sign-in.
        allow_change: also attach the AWS managed policy `IAMUserChangePassword`, as the console
            does when it creates such a user (fact §14.3).
    """

    must_change: bool = True
    allow_change: bool = True


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to create.

    Attributes:
        password: None for a user without console access.
        groups: existing groups to join.
        gated: attach the policy directly; false to do that later, after the first password change.
    """

    name: str
    path: str = "/"
    tags: Mapping[str, str] = field(default_factory=dict)
    password: TemporaryPassword | None = None
    groups: tuple[str, ...] = ()
    gated: bool = True


@dataclass(frozen=True, slots=True)
class Goal:
    """What the account shall come to.

    Attributes:
        users: existing users to attach the policy to directly.
        group: the group to gate through, or None.
        new_users: users to create.
        break_glass: users for an emergency, which nothing here may ever touch.
    """

    policy: PolicyGoal
    users: tuple[str, ...] = ()
    group: GroupGoal | None = None
    new_users: tuple[NewUser, ...] = ()
    break_glass: tuple[str, ...] = ()
