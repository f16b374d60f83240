"""The closed set of changes that a plan is made of, each with its before- and after-image.

A change is about one fact of the account, named by its `address`: that a policy is what it is, that
it is attached to somebody, that somebody is in a group. `before` is that fact when the plan was
made, `after` what the change makes of it; both are JSON. Anything else that is found there was done
by somebody else, and is not ours to touch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar

__all__ = [
    "AddUserToGroup",
    "AttachGroupPolicy",
    "AttachUserPolicy",
    "Change",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateUser",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "Image",
    "RemoveUserFromGroup",
    "State",
    "TagPolicy",
]

Image = Any
"""One fact of the account as JSON: None or false where there is no such thing."""


class State(Enum):
    """What is found at the address of a change."""

    BEFORE = "as before the change"
    AFTER = "as after the change"
    OTHER = "something else"


class _Creation:
    """A change that makes something; its first field names it, the others are what is made."""

    __slots__ = ()
    noun: ClassVar[str]

    @property
    def address(self) -> str:
        """What this change is about."""
        return f"{self.noun} {self._values()[0][1]}"

    @property
    def before(self) -> Image:
        """There is no such thing."""
        return None

    @property
    def after(self) -> Image:
        """What was made."""
        return self._made()

    def state(self, actual: Image) -> State:
        """Return which of its images the change finds."""
        if actual == self.before:
            return State.BEFORE
        return State.AFTER if actual == self.after else State.OTHER

    def _made(self) -> dict[str, Any]:
        return dict(self._values()[1:])

    def _values(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]  # type: ignore[arg-type]  # every subclass is a dataclass


class _Link(_Creation):
    """A change that joins two things; its fields name them."""

    __slots__ = ()

    @property
    def address(self) -> str:
        """What this change is about."""
        return " ".join((self.noun, *(value for _, value in self._values())))

    @property
    def before(self) -> Image:
        """They are not joined."""
        return False

    @property
    def after(self) -> Image:
        """They are joined."""
        return True


class _Parting(_Link):
    """A change that parts two things that are joined."""

    __slots__ = ()

    @property
    def before(self) -> Image:
        """They are joined."""
        return True

    @property
    def after(self) -> Image:
        """They are not joined."""
        return False


@dataclass(frozen=True, slots=True)
class CreatePolicy(_Creation):
    """Create a customer managed policy; its name and path are in the ARN."""

    noun: ClassVar[str] = "policy"
    arn: str
    description: str
    document: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def after(self) -> Image:
        """The policy in its one version."""
        return {**self._made(), "default": "v1", "versions": ["v1"]}


@dataclass(frozen=True, slots=True)
class CreatePolicyVersion(_Creation):
    """Make another document the default version of a policy that exists.

    Attributes:
        replaced: the before-image: `default`, its `document`, and the ids of all `versions`.
    """

    noun: ClassVar[str] = "policy-versions"
    arn: str
    document: Mapping[str, Any]
    replaced: Mapping[str, Any]

    @property
    def before(self) -> Image:
        """The versions when the plan was made."""
        return self.replaced

    def state(self, actual: Image) -> State:
        """Return which image is found; AWS alone chooses the id of the new version."""
        if actual == self.replaced:
            return State.BEFORE
        new = self.new_version(actual)
        return State.AFTER if new is not None and actual["default"] == new else State.OTHER

    def new_version(self, actual: Image) -> str | None:
        """Return the id of the one version that came on top of those before, if there is one."""
        if actual is None:
            return None
        added = [version for version in actual["versions"] if version not in self._versions]
        kept = [version for version in actual["versions"] if version in self._versions]
        if len(added) != 1 or sorted(kept) != sorted(self._versions):
            return None
        expected = self.document if actual["default"] == added[0] else self.replaced["document"]
        return str(added[0]) if actual["document"] == expected else None

    @property
    def _versions(self) -> list[str]:
        return list(self.replaced["versions"])


@dataclass(frozen=True, slots=True)
class TagPolicy(_Creation):
    """Set one tag of a policy that exists.

    Attributes:
        old: the value when the plan was made, or None.
    """

    noun: ClassVar[str] = "policy-tag"
    arn: str
    key: str
    value: str
    old: str | None

    @property
    def address(self) -> str:
        """What this change is about."""
        return f"{self.noun} {self.arn} {self.key}"

    @property
    def before(self) -> Image:
        """The old value."""
        return self.old

    @property
    def after(self) -> Image:
        """The new value."""
        return self.value


@dataclass(frozen=True, slots=True)
class CreateGroup(_Creation):
    """Create a user group."""

    noun: ClassVar[str] = "group"
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class AttachGroupPolicy(_Link):
    """Attach a managed policy to a user group."""

    noun: ClassVar[str] = "group-attachment"
    group: str
    arn: str


@dataclass(frozen=True, slots=True)
class AddUserToGroup(_Link):
    """Add a user to a user group."""

    noun: ClassVar[str] = "membership"
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class CreateUser(_Creation):
    """Create an IAM user."""

    noun: ClassVar[str] = "user"
    name: str
    path: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CreateLoginProfile(_Creation):
    """Give a user a temporary console password, which no plan and no journal ever holds."""

    noun: ClassVar[str] = "login-profile"
    user: str
    reset_required: bool


@dataclass(frozen=True, slots=True)
class AttachUserPolicy(_Link):
    """Attach a managed policy directly to a user."""

    noun: ClassVar[str] = "user-attachment"
    user: str
    arn: str


@dataclass(frozen=True, slots=True)
class DetachGroupPolicy(_Parting):
    """Detach a managed policy from a user group."""

    noun: ClassVar[str] = "group-attachment"
    group: str
    arn: str


@dataclass(frozen=True, slots=True)
class RemoveUserFromGroup(_Parting):
    """Take a user out of a user group."""

    noun: ClassVar[str] = "membership"
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class DetachUserPolicy(_Parting):
    """Detach a managed policy from a user."""

    noun: ClassVar[str] = "user-attachment"
    user: str
    arn: str


Change = (
    CreatePolicy
    | CreatePolicyVersion
    | TagPolicy
    | CreateGroup
    | AttachGroupPolicy
    | AddUserToGroup
    | CreateUser
    | CreateLoginProfile
    | AttachUserPolicy
    | DetachGroupPolicy
    | RemoveUserFromGroup
    | DetachUserPolicy
)
