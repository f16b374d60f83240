"""Changes of users and user groups, of what is attached to them, and of console passwords."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sekisho.account import AwsApi, Group, Password, User
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.changes import in_use
from sekisho.rollout.changes.model import (
    Change,
    Creation,
    Forecast,
    IamCall,
    Link,
    ObservedState,
    Removal,
    State,
)
from sekisho.rollout.changes.observer import (
    GROUPS_OF_USER,
    MEMBERS,
    POLICIES_OF_GROUP,
    POLICIES_OF_USER,
    Observer,
)


@dataclass(frozen=True, slots=True)
class CreateUser(Creation):
    """Create an IAM user."""

    noun = "user"
    parameters: ClassVar = {"UserName": "name"}
    options: ClassVar = {"Path": "path", "Tags": "tags"}
    parts = ("path", "tags")
    undone_by = "DeleteUser"
    reads = ("GetUser", "ListUserTags")
    events = ("CreateUser", "UpdateUser", "DeleteUser", "TagUser", "UntagUser")
    use_reads = in_use.USER_READS
    name: str
    path: str
    tags: Mapping[str, str]

    def read(self, observer: Observer) -> State:
        """Return path and tags of the user; None if there is none."""
        user = observer.user(self.name)
        if user is None:
            return None
        return {"path": user["Path"], "tags": observer.tags("User", "UserName", self.name)}

    def forecast(self, account: Forecast) -> None:
        """Add the user."""
        arn = account.arn(f"user{self.path}{self.name}")
        account.users[self.name] = User(self.name, self.path, arn, id="", tags=self.tags)

    def in_use_because(self, api: AwsApi) -> tuple[Message, ...]:
        """Return the holdings and the sign-ins of the user."""
        return in_use.of_user(api, self.name)


@dataclass(frozen=True, slots=True)
class _UserAttachment(Link):
    noun = "user-attachment"
    parameters: ClassVar = {"UserName": "user", "PolicyArn": "arn"}
    listing = POLICIES_OF_USER
    events = ("AttachUserPolicy", "DetachUserPolicy")
    user: str
    arn: str

    def forecast(self, account: Forecast) -> None:
        """Attach or detach the policy."""
        if user := account.users.get(self.user):
            account.change_user(self.user, attached=self._changed(user.attached, self.arn))


@dataclass(frozen=True, slots=True)
class AttachUserPolicy(_UserAttachment):
    """Attach a managed policy directly to a user."""

    turns_on = True
    undone_by = "DetachUserPolicy"


@dataclass(frozen=True, slots=True)
class DetachUserPolicy(_UserAttachment):
    """Detach a managed policy from a user."""

    turns_on = False
    undone_by = "AttachUserPolicy"


@dataclass(frozen=True, slots=True)
class CreateGroup(Creation):
    """Create a user group."""

    noun = "group"
    parameters: ClassVar = {"GroupName": "name"}
    options: ClassVar = {"Path": "path"}
    parts = ("path",)
    undone_by = "DeleteGroup"
    reads = ("GetGroup",)
    events = ("CreateGroup", "UpdateGroup", "DeleteGroup")
    use_reads = ("GetGroup", "ListAttachedGroupPolicies", "ListGroupPolicies")
    name: str
    path: str

    def read(self, observer: Observer) -> State:
        """Return the path of the group; None if there is none."""
        group = observer.group(self.name)
        return group and {"path": group["Path"]}

    def forecast(self, account: Forecast) -> None:
        """Add the group."""
        arn = account.arn(f"group{self.path}{self.name}")
        account.groups[self.name] = Group(self.name, self.path, arn)

    def in_use_because(self, api: AwsApi) -> tuple[Message, ...]:
        """Return its members and policies."""
        return in_use.of_group(api, self.name)


@dataclass(frozen=True, slots=True)
class _GroupAttachment(Link):
    noun = "group-attachment"
    parameters: ClassVar = {"GroupName": "group", "PolicyArn": "arn"}
    listing = POLICIES_OF_GROUP
    events = ("AttachGroupPolicy", "DetachGroupPolicy")
    group: str
    arn: str

    def forecast(self, account: Forecast) -> None:
        """Attach or detach the policy."""
        if group := account.groups.get(self.group):
            account.change_group(self.group, attached=self._changed(group.attached, self.arn))


@dataclass(frozen=True, slots=True)
class AttachGroupPolicy(_GroupAttachment):
    """Attach a managed policy to a user group."""

    turns_on = True
    undone_by = "DetachGroupPolicy"


@dataclass(frozen=True, slots=True)
class DetachGroupPolicy(_GroupAttachment):
    """Detach a managed policy from a user group."""

    turns_on = False
    undone_by = "AttachGroupPolicy"


@dataclass(frozen=True, slots=True)
class _Membership(Link):
    noun = "membership"
    parameters: ClassVar = {"GroupName": "group", "UserName": "user"}
    events = ("AddUserToGroup", "RemoveUserFromGroup")
    off_and_on = (Message("not in the group"), Message("in the group"))
    group: str
    user: str

    def forecast(self, account: Forecast) -> None:
        """Let the user join the group, or leave it."""
        if user := account.users.get(self.user):
            account.change_user(self.user, groups=self._changed(user.groups, self.group))


@dataclass(frozen=True, slots=True)
class AddUserToGroup(_Membership):
    """Add a user to a user group."""

    turns_on = True
    undone_by = "RemoveUserFromGroup"
    listing = MEMBERS
    shares_listing = True


@dataclass(frozen=True, slots=True)
class RemoveUserFromGroup(_Membership):
    """Take a user out of a user group."""

    turns_on = False
    undone_by = "AddUserToGroup"
    listing = GROUPS_OF_USER


@dataclass(frozen=True, slots=True)
class _LoginProfile(Change):
    parameters: ClassVar = {"UserName": "user"}
    reads = ("GetLoginProfile",)
    events = ("CreateLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile")
    user: str
    reset_required: bool

    def read(self, observer: Observer) -> State:
        """Return whether the password must be changed at the next sign-in; None: there is none."""
        profile = observer.login_profile(self.user)
        if profile is None:
            return None
        return {"reset_required": bool(profile.get("PasswordResetRequired"))}

    def forecast(self, account: Forecast) -> None:
        """Set the password, which has not expired as it is new."""
        password = Password(self.reset_required, created_at=account.taken_at)
        account.change_user(self.user, password=password)


@dataclass(frozen=True, slots=True)
class CreateLoginProfile(_LoginProfile, Creation):
    """Give a user a temporary console password, which no plan and no journal ever holds."""

    noun = "login-profile"
    parts = ("reset_required",)
    options: ClassVar = {"PasswordResetRequired": "reset_required"}
    undone_by = "DeleteLoginProfile"
    use_reads = ("GetUser", "ListMFADevices", "ListAccessKeys")

    def made_at(self, observer: Observer) -> datetime | None:
        """Return when the password was made."""
        profile = observer.login_profile(self.user)
        return profile.get("CreateDate") if profile else None

    def renewal(self) -> IamCall:
        """Return the call that sets the password anew when a run died without telling it."""
        return IamCall("UpdateLoginProfile", self.call().params)

    def in_use_because(self, api: AwsApi) -> tuple[Message, ...]:
        """Return the signs that somebody has used this user."""
        return in_use.by_person(api, self.user)


@dataclass(frozen=True, slots=True)
class ReplacePassword(_LoginProfile):
    """Set a temporary password in the place of a user's own, which nobody can give back.

    Attributes:
        replaced: whether the old one had to be changed at the next sign-in.
    """

    noun = "password"
    options: ClassVar = {"PasswordResetRequired": "reset_required"}
    made_by = "UpdateLoginProfile"
    reversible = False
    replaced: bool

    @property
    def before(self) -> State:
        """There is a password; nobody can read which."""
        return {"reset_required": self.replaced}

    @property
    def after(self) -> State:
        """There is a password, of which AWS tells no more than of the old one."""
        return {"reset_required": self.reset_required}

    def compare(self, actual: State) -> ObservedState:
        """Return BEFORE wherever there is a password: only the journal knows whose it is."""
        return ObservedState.OTHER if actual is None else ObservedState.BEFORE


@dataclass(frozen=True, slots=True)
class DeleteLoginProfile(_LoginProfile, Removal):
    """Take a user's console password away.

    Attributes:
        reset_required: whether it had to be changed at the next sign-in.
    """

    noun = "login-profile"
    parts = ("reset_required",)

    def forecast(self, account: Forecast) -> None:
        """Take the password away."""
        account.change_user(self.user, password=None)


SetsPassword = CreateLoginProfile | ReplacePassword
"""The changes that set a temporary password."""

KINDS: tuple[type[Change], ...] = (
    CreateGroup,
    AttachGroupPolicy,
    DetachGroupPolicy,
    AddUserToGroup,
    RemoveUserFromGroup,
    CreateUser,
    AttachUserPolicy,
    DetachUserPolicy,
    CreateLoginProfile,
    ReplacePassword,
    DeleteLoginProfile,
)
"""The kinds of change that are here."""

PARTING = (DetachUserPolicy, RemoveUserFromGroup)
"""The kinds that take away from one person what lets them do something, or keeps them from it."""
