"""The goal of an administrator: one policy, and the users for whom it shall enforce MFA."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sekisho.account import Snapshot, User
from sekisho.audit.exceptions import Exemption
from sekisho.lazy import dataclass
from sekisho.policy import (
    OWN_PASSWORD_DESCRIPTION,
    OWN_PASSWORD_SUFFIX,
    Document,
    own_password_policy,
)
from sekisho.signin import DeviceKind, kind_of_serial


@dataclass(frozen=True, slots=True)
class PolicyGoal:
    """The customer managed policy that enforces MFA.

    AWS cannot change its description afterwards.
    """

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
            does when it creates such a user (IAM user guide, "Create an IAM user").
    """

    must_change: bool = True
    allow_change: bool = True


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to create.

    Attributes:
        password: None for a user without console access.
        groups: existing groups to join.
        attach_policy: attach the policy directly; false to do that later, after the first
            password change.
    """

    name: str
    path: str = "/"
    tags: Mapping[str, str] = field(default_factory=dict)
    password: TemporaryPassword | None = None
    groups: tuple[str, ...] = ()
    attach_policy: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """The stricter policy for those who have enrolled, in place of the first.

    Attributes:
        group: the user group that it is attached to; None where the goal has no group.
    """

    policy: PolicyGoal
    group: str | None = None


class EnforceWhen(StrEnum):
    """When a user of a wave gets the policy that enforces MFA.

    Attributes:
        ON_DATE: on the wave's day.
        ON_ENROLMENT: once the user has signed in with an MFA device; on the wave's day at the
            latest.
    """

    ON_DATE = "on-date"
    ON_ENROLMENT = "on-enrolment"


@dataclass(frozen=True, slots=True)
class Wave:
    """Some of the users, and when their turn comes.

    Attributes:
        starts: the first day on which all of them are enforced, in the goal's time zone; None: at
            once.
        due: whether the day has come.
        enrol_from: the first day on which they have the enrolment policy; None: they never have.
        enrolment_open: whether that day has come.
        enforce: when one of them is enforced.
        grace: for how many days newcomers can enrol before they are enforced, counted from the
            creation of their login profile; None: as long as everybody.
    """

    name: str
    users: tuple[str, ...]
    starts: date | None = None
    due: bool = True
    enrol_from: date | None = None
    enrolment_open: bool = False
    enforce: EnforceWhen = EnforceWhen.ON_DATE
    grace: int | None = None


class Requirement(StrEnum):
    """The kind of MFA device that everybody of a goal is to come to.

    No policy can ask for it: `aws:MultiFactorAuthPresent` is the same with any kind. So nobody is
    refused for the want of it; it is a target, and who has not reached it is named.
    """

    PASSKEY = "passkey"

    def met_by(self, serials: Iterable[str]) -> bool:
        """Return whether one of these serial numbers is that of a passkey or security key."""
        return any(kind_of_serial(serial) is DeviceKind.FIDO for serial in serials)

    def met_for(self, user: User) -> bool:
        """Return whether a user has such a device, as far as is known."""
        return self.met_by(device.serial for device in user.devices)


class DeferralReason(StrEnum):
    """A reason why a user is not touched yet, or not at all."""

    WAVE = "waits-for-wave"
    ENROLMENT = "enrolment-open"
    PROBLEM = "waits-for-decision"
    PASSWORD = "waits-for-password"  # noqa: S105 - a reason, not a secret
    EXEMPT = "exempt"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Deferral:
    """The reason why a user is not touched, and until when; None where nobody knows the day.

    Attributes:
        password: whether they then wait on, until they have changed their temporary password.
    """

    reason: DeferralReason
    until: date | None = None
    password: bool = False


class DormantAction(StrEnum):
    """What happens to a user who does not sign in.

    Attributes:
        NAME: they are named, and somebody decides.
        DISABLE_PASSWORD: they lose their password after notice; nobody can give it back.
    """

    NAME = "name"
    DISABLE_PASSWORD = "disable-password"  # noqa: S105 - what to do, not a secret


@dataclass(frozen=True, slots=True)
class Dormant:
    """When a user with a password is dormant, and what happens then.

    Attributes:
        after: so many days without a sign-in.
    """

    after: int
    action: DormantAction = DormantAction.NAME


class KeyAge(StrEnum):
    """What the days of an access key are counted from: its last use, or its creation."""

    LAST_USE = "last-use"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class KeyRules:
    """After how many days people are warned of an access key, and lose it.

    Attributes:
        warn: their owners are told.
        disable: it is made inactive, which can be taken back; None: never.
        delete: it is deleted, which cannot; None: never.
    """

    by: KeyAge
    warn: int
    disable: int | None = None
    delete: int | None = None


class KeyOfUser(NamedTuple):
    """An access key by its id, and whose it is."""

    user: str
    key_id: str


class Untold(StrEnum):
    """What happens to somebody whose notice was not delivered: wait, or go on all the same."""

    WAIT = "wait"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Goal:
    """The state that the account shall reach.

    Attributes:
        users: existing users to attach the policy to directly.
        group: the group to enforce MFA for through, or None.
        new_users: users to create.
        break_glass: users for an emergency, which nothing here may ever touch.
        enrolled: what users with an MFA device get in place of the policy; None: the same.
        replaces: ARNs of policies that the users and their groups lose once they are enforced.
        waves: who is when due; for those who are not, `deferred` says why.
        deferred: users of the waves who are not among the users or members yet.
        own_days: by user, the day from which a newcomer is enforced, where it is not that of the
            wave.
        enrolment: the policy that lets users of a wave enrol before they are enforced.
        enrolling: users of the waves who shall have it now.
        on_enrolment: users who are enforced before their day, as they have signed in with a device.
        unchanged: users of the waves who keep what they have of it, as there is something in the
            way of what they should get.
        timezone: where the days of the waves begin, as the IANA database names it.
        unread: users of whom it could not be read whether they are meant.
        unmatched: the places of selectors that nobody matches today.
        former: users whom the goal or the exceptions call by a name of old, with the present one;
            None: they have left.
        exceptions: who is left out, expired or not: shown with the plan.
        accepted: what shall not speak against a plan, by `ID` or `ID:USER`, and why.
        selected_by_name: users whom the goal selects by name: they can be no exception as well.
        require: the kind of device that everybody is to come to; None: any will do. Only who has
            one comes to the second stage, where there is one.
        dormant: when a user is dormant; None: nobody is.
        keys: the days of people's access keys; None: they may grow as old as they like.
        untold: what happens to somebody to whom no notice was delivered.
        withheld: ARNs of the goal's policies that are neither made nor changed now, with their
            groups, and of those it replaces that stay at groups. A campaign fills this where
            there is a problem that concerns a few.
        passwords_to_disable: users who lose their password now. A campaign fills this and the next
            two, day by day; a goal file says only the rules.
        keys_to_disable: access keys that are made inactive now, each with its user.
        keys_to_delete: access keys that are deleted now, likewise.
    """

    policy: PolicyGoal
    users: tuple[str, ...] = ()
    group: GroupGoal | None = None
    new_users: tuple[NewUser, ...] = ()
    break_glass: tuple[str, ...] = ()
    enrolled: Stage | None = None
    replaces: tuple[str, ...] = ()
    waves: tuple[Wave, ...] = ()
    deferred: Mapping[str, Deferral] = field(default_factory=dict)
    own_days: Mapping[str, date] = field(default_factory=dict)
    enrolment: PolicyGoal | None = None
    enrolling: tuple[str, ...] = ()
    on_enrolment: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    timezone: str = "UTC"
    unread: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    former: Mapping[str, str | None] = field(default_factory=dict)
    exceptions: tuple[Exemption, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    selected_by_name: frozenset[str] = frozenset()
    require: Requirement | None = None
    dormant: Dormant | None = None
    keys: KeyRules | None = None
    untold: Untold = Untold.WAIT
    withheld: frozenset[str] = frozenset()
    passwords_to_disable: tuple[str, ...] = ()
    keys_to_disable: tuple[KeyOfUser, ...] = ()
    keys_to_delete: tuple[KeyOfUser, ...] = ()

    def day_of_user(self, user: str, wave: Wave) -> date | None:
        """Return from which day on a user of a wave is enforced at the latest; None: at once."""
        return self.own_days.get(user, wave.starts)

    @property
    def takes_unused_away(self) -> bool:
        """Whether somebody loses a password or an access key now."""
        return bool(self.passwords_to_disable or self.keys_to_disable or self.keys_to_delete)

    @property
    def names_nobody(self) -> bool:
        """Whether no user is named: the goal is then about the users who have the policy."""
        members = self.group.members if self.group else ()
        return not (self.users or members or self.new_users or self.waves)

    def day_of(self, at: datetime) -> date:
        """Return which day a time is in the goal's time zone."""
        zone = UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)
        return at.astimezone(zone).date()

    @property
    def enforced(self) -> tuple[str, ...]:
        """The users who shall have the policy once the plan is applied, by name."""
        members = self.group.members if self.group else ()
        new = (user.name for user in self.new_users if user.attach_policy)
        return tuple(dict.fromkeys([*self.users, *members, *new]))


def own_password_goal(snapshot: Snapshot, enrolment: PolicyGoal) -> PolicyGoal:
    """Return the policy by which people in a path change a temporary password as they enrol.

    The AWS managed policy for that is about users whose path is `/` and no others.
    """
    return replace(
        enrolment,
        name=f"{enrolment.name}{OWN_PASSWORD_SUFFIX}",
        document=own_password_policy(snapshot.partition),
        description=OWN_PASSWORD_DESCRIPTION,
    )


def policy_arn(snapshot: Snapshot, policy: PolicyGoal) -> str:
    """Return the ARN that a policy of a goal has in the account."""
    account = f"arn:{snapshot.partition}:iam::{snapshot.account}"
    return f"{account}:policy{policy.path}{policy.name}"
