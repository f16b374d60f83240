"""A small model of an account: who holds what, and what can be done next.

Two users are in it: the one whose credentials are held, and a colleague who stands for everybody
else (`others` tells who that can be); a helping administrator can be there too, and a group of
those who have enrolled. A state says what the account has and what the actor (a person, or a thief)
holds; sessions and keys once held stay held, as they do until they expire. Two devices under other
names than a user's own count as one: what one can do, two can.

Source: facts §3, §4, §8.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "ACTIONS",
    "ACTION_OF",
    "FORWARDED",
    "ON_USERS",
    "ROLE_HOLD",
    "Act",
    "Deed",
    "Device",
    "Hand",
    "Held",
    "Hold",
    "Move",
    "Page",
    "Password",
    "Person",
    "State",
    "Who",
    "actions_of",
]


class Who(StrEnum):
    """The principals of the model."""

    USER = "user"
    COLLEAGUE = "colleague"
    ADMINISTRATOR = "administrator"


class Held(StrEnum):
    """What can be held to act as somebody."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    KEY = "long-term access key"
    CONSOLE = "console session without MFA"
    CONSOLE_MFA = "console session with MFA"
    TOKEN = "GetSessionToken session without MFA"  # noqa: S105 - a kind, not a secret
    TOKEN_MFA = "GetSessionToken session with MFA"  # noqa: S105 - a kind, not a secret
    ROLE = "role session"


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """What is held, and whose it is; a role session is held through the user who opened it."""

    who: Who
    held: Held


ROLE_HOLD = Hold(Who.USER, Held.ROLE)
"""A session of the role: whose user opened it does not matter to it."""


class Hand(StrEnum):
    """In whose hand a device is."""

    ACTOR = "the actor's"
    ACTOR_PASSKEY = "the actor's passkey"
    ELSEWHERE = "out of the actor's reach"


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """An MFA device.

    Attributes:
        name: whose user name it has; "" for any other name.
    """

    hand: Hand
    name: Who | str = ""


class Password(StrEnum):
    """A user's console password, as the actor sees it.

    Of `UNKNOWN` both is tried, to create one and to reset it: what works settles which it was.
    """

    NONE = "none"
    UNKNOWN = "none, or unknown to the actor"
    KNOWN = "known to the actor"


@dataclass(frozen=True, slots=True)
class Person:
    """What the account has of one user.

    Attributes:
        must_change: the password is temporary or has expired.
        hard_expired: it has expired, and the account's `HardExpiry` lets nobody change it at
            sign-in.
        devices: the enabled ones.
        further: how many more are enabled; they only count.
        member: in the group of those who have enrolled.
    """

    password: Password = Password.NONE
    must_change: bool = False
    hard_expired: bool = False
    devices: frozenset[Device] = frozenset()
    further: int = 0
    member: bool = False

    @property
    def count(self) -> int:
        """How many devices are enabled."""
        return len(self.devices) + self.further


@dataclass(frozen=True, slots=True)
class Page:
    """A sign-in that is under way: the page that the browser shows.

    Attributes:
        code: whether it asks for an MFA code; otherwise for a new password.
        mfa: whether a code was given already.
    """

    who: Who
    code: bool
    mfa: bool


class Act(StrEnum):
    """What can be done: pages of the console's sign-in, and API calls."""

    SIGN_IN = "console:SignIn"
    GIVE_CODE = "console:GiveCode"
    NEW_PASSWORD = "console:NewPassword"  # noqa: S105 - a page, not a secret
    CREATE_DEVICE = "iam:CreateVirtualMFADevice"
    ENABLE_DEVICE = "iam:EnableMFADevice"
    REGISTER_PASSKEY = "iam:EnableMFADevice (passkey)"
    DEACTIVATE_DEVICE = "iam:DeactivateMFADevice"
    DELETE_DEVICE = "iam:DeleteVirtualMFADevice"
    CHANGE_PASSWORD = "iam:ChangePassword"  # noqa: S105 - an action, not a secret
    CREATE_LOGIN = "iam:CreateLoginProfile"
    UPDATE_LOGIN = "iam:UpdateLoginProfile"
    CREATE_KEY = "iam:CreateAccessKey"
    ATTACH_POLICY = "iam:AttachUserPolicy"
    DETACH_POLICY = "iam:DetachUserPolicy"
    ADD_TO_GROUP = "iam:AddUserToGroup"
    REMOVE_FROM_GROUP = "iam:RemoveUserFromGroup"
    UPDATE_TRUST = "iam:UpdateAssumeRolePolicy"
    SESSION_TOKEN = "sts:GetSessionToken"  # noqa: S105 - an action, not a secret
    ASSUME_ROLE = "sts:AssumeRole"
    WORK = "s3:ListAllMyBuckets"
    SERVICE = "cloudformation:CreateStack"


ACTION_OF = {
    Act.NEW_PASSWORD: Act.CHANGE_PASSWORD.value,
    Act.REGISTER_PASSKEY: Act.ENABLE_DEVICE.value,
}
"""The actions of the acts that are named otherwise."""

FORWARDED = "s3:CreateBucket"
"""What the service then does in the user's name."""


def actions_of(acts: Iterable[Act]) -> tuple[str, ...]:
    """Return the actions that policies are asked about where these acts are tried."""
    named = [ACTION_OF.get(act, act.value) for act in acts]
    named += [FORWARDED] if Act.SERVICE.value in named else []
    return tuple(dict.fromkeys(name for name in named if not name.startswith("console:")))


ACTIONS = actions_of(Act)
"""Every action that policies are asked about."""

ON_USERS = (
    *(Act.ENABLE_DEVICE, Act.DEACTIVATE_DEVICE, Act.CREATE_LOGIN, Act.UPDATE_LOGIN),
    *(Act.CREATE_KEY, Act.ATTACH_POLICY, Act.DETACH_POLICY),
)
"""What can be done to other users: the calls whose resource is the user."""


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """Something done that changes no more in the model than that it was done."""

    act: Act
    on: Who


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to try.

    Attributes:
        by: what it is done with.
        on: to whose things.
        device: the device that it is about, or that gives the code.
        code: whether an STS call carries an MFA code.
    """

    act: Act
    by: Hold
    on: Who
    device: Device | None = None
    code: bool = False

    @property
    def deed(self) -> Deed:
        """What remains to be said once it is done."""
        return Deed(self.act, self.on)


@dataclass(frozen=True, slots=True)
class State:
    """The account, and what the actor holds.

    Attributes:
        unassigned: virtual devices that are enabled for nobody: orphans, whose seed is lost, and
            those that the actor has just created.
        page: the sign-in that is under way.
        deeds: what was done, as far as the question asks for it.
    """

    user: Person = field(default_factory=Person)
    colleague: Person = field(default_factory=Person)
    holds: frozenset[Hold] = frozenset()
    unassigned: frozenset[Device] = frozenset()
    page: Page | None = None
    deeds: frozenset[Deed] = frozenset()

    def person(self, who: Who) -> Person:
        """Return what the account has of `who`; an administrator's own things play no part."""
        match who:
            case Who.USER:
                return self.user
            case Who.COLLEAGUE:
                return self.colleague
            case Who.ADMINISTRATOR:
                return Person()

    def taken(self, name: Who) -> bool:
        """Whether some device has the name of this user."""
        devices = self.unassigned | self.user.devices | self.colleague.devices
        return any(device.name == name for device in devices)
