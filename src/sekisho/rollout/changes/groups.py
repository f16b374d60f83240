"""Changes of user groups: create one, attach policies to it, put users into it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sekisho.account import AwsApi, Group
from sekisho.messages import Message
from sekisho.rollout.changes import in_use
from sekisho.rollout.changes.model import Change, Forecast, IamCall, Image, Link
from sekisho.rollout.changes.observer import Observer


@dataclass(frozen=True, slots=True)
class CreateGroup(Change):
    """Create a user group."""

    noun: ClassVar[str] = "group"
    reads: ClassVar[tuple[str, ...]] = ("GetGroup",)
    events: ClassVar[tuple[str, ...]] = ("CreateGroup", "UpdateGroup", "DeleteGroup")
    use_reads: ClassVar[tuple[str, ...]] = (
        "GetGroup",
        "ListAttachedGroupPolicies",
        "ListGroupPolicies",
    )
    name: str
    path: str

    @property
    def address(self) -> str:
        """The group."""
        return f"{self.noun} {self.name}"

    @property
    def before(self) -> Image:
        """There is no such group."""
        return None

    @property
    def after(self) -> Image:
        """The group."""
        return {"path": self.path}

    def is_needless(self, actual: Image) -> bool:
        """Return whether there is one, whatever it is like."""
        return actual is not None

    def read(self, observer: Observer) -> Image:
        """Return the path of the group; None if there is none."""
        found = observer.group(self.name)
        return found and {"path": found["Path"]}

    def subject(self) -> Mapping[str, Any]:
        """Return the group."""
        return {"GroupName": self.name}

    def call(self) -> IamCall:
        """Return the call."""
        return IamCall(self.operation, {**self.subject(), "Path": self.path})

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return the deletion."""
        del actual
        return (IamCall("DeleteGroup", self.subject()),)

    def forecast(self, account: Forecast) -> None:
        """Add the group."""
        arn = account.arn(f"group{self.path}{self.name}")
        account.groups[self.name] = Group(self.name, self.path, arn)

    def signs_of_use(self, api: AwsApi) -> tuple[Message, ...]:
        """Return its members and policies."""
        return in_use.of_group(api, self.name)


@dataclass(frozen=True, slots=True)
class _GroupAttachment(Link):
    noun: ClassVar[str] = "group-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedGroupPolicies",)
    events: ClassVar[tuple[str, ...]] = ("AttachGroupPolicy", "DetachGroupPolicy")
    group: str
    arn: str

    @property
    def address(self) -> str:
        """The group and the policy."""
        return f"{self.noun} {self.group} {self.arn}"

    def read(self, observer: Observer) -> Image:
        """Return whether the policy is attached."""
        return self.arn in observer.group_attachments(self.group)

    def subject(self) -> Mapping[str, Any]:
        """Return the group and the policy."""
        return {"GroupName": self.group, "PolicyArn": self.arn}

    def forecast(self, account: Forecast) -> None:
        """Attach or detach the policy."""
        if group := account.groups.get(self.group):
            account.change_group(self.group, attached=self._linked(group.attached, self.arn))


@dataclass(frozen=True, slots=True)
class AttachGroupPolicy(_GroupAttachment):
    """Attach a managed policy to a user group."""

    joins: ClassVar[bool] = True
    undone_by: ClassVar[str] = "DetachGroupPolicy"


@dataclass(frozen=True, slots=True)
class DetachGroupPolicy(_GroupAttachment):
    """Detach a managed policy from a user group."""

    joins: ClassVar[bool] = False
    undone_by: ClassVar[str] = "AttachGroupPolicy"


@dataclass(frozen=True, slots=True)
class _Membership(Link):
    noun: ClassVar[str] = "membership"
    events: ClassVar[tuple[str, ...]] = ("AddUserToGroup", "RemoveUserFromGroup")
    group: str
    user: str

    @property
    def address(self) -> str:
        """The group and the user."""
        return f"{self.noun} {self.group} {self.user}"

    def subject(self) -> Mapping[str, Any]:
        """Return the group and the user."""
        return {"GroupName": self.group, "UserName": self.user}

    def forecast(self, account: Forecast) -> None:
        """Let the user join the group, or leave it."""
        if user := account.users.get(self.user):
            account.change_user(self.user, groups=self._linked(user.groups, self.group))


@dataclass(frozen=True, slots=True)
class AddUserToGroup(_Membership):
    """Add a user to a user group."""

    reads: ClassVar[tuple[str, ...]] = ("GetGroup",)
    shares_look: ClassVar[bool] = True
    joins: ClassVar[bool] = True
    undone_by: ClassVar[str] = "RemoveUserFromGroup"

    def read(self, observer: Observer) -> Image:
        """Return whether the user is in the group, by the list that serves all who join it."""
        return self.user in observer.members_of(self.group)


@dataclass(frozen=True, slots=True)
class RemoveUserFromGroup(_Membership):
    """Take a user out of a user group."""

    reads: ClassVar[tuple[str, ...]] = ("ListGroupsForUser",)
    joins: ClassVar[bool] = False
    undone_by: ClassVar[str] = "AddUserToGroup"

    def read(self, observer: Observer) -> Image:
        """Return whether the user is in the group."""
        return self.group in (observer.groups_of(self.user) or ())

    def finds_user(self, observer: Observer) -> bool:
        """Return whether the user is there, by the listing that `read` asks for."""
        return observer.groups_of(self.user) is not None
