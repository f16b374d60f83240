"""The closed set of changes that a plan is made of, each with its before- and after-image.

A change is about one fact of the account, named by its `address`: that a policy is what it is, that
it is attached to somebody, that somebody is in a group. `before` is that fact when the plan was
made, `after` what the change makes of it; both are JSON. Anything else that is found there was done
by somebody else, and is not ours to touch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sekisho.rollout.facts import Creation, Image, Link, Parting, State
from sekisho.rollout.taking import (
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    DeleteLoginProfile,
    ReplacePassword,
)

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
    "DeactivateCredential",
    "DeactivateDevice",
    "DeleteDevice",
    "DeleteLoginProfile",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "Image",
    "RemoveUserFromGroup",
    "ReplacePassword",
    "State",
    "TagPolicy",
]


@dataclass(frozen=True, slots=True)
class CreatePolicy(Creation):
    """Create a customer managed policy; its name and path are in the ARN."""

    noun: ClassVar[str] = "policy"
    reads: ClassVar[tuple[str, ...]] = (
        "GetPolicy",
        "GetPolicyVersion",
        "ListPolicyVersions",
        "ListPolicyTags",
    )
    undone_by: ClassVar[str] = "DeletePolicy"
    arn: str
    description: str
    document: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def after(self) -> Image:
        """The policy in its one version."""
        return {**self._made(), "default": "v1", "versions": ["v1"]}


@dataclass(frozen=True, slots=True)
class CreatePolicyVersion(Creation):
    """Make another document the default version of a policy that exists.

    Found, its image also tells the documents of the versions `beside` the default that are new.

    Attributes:
        replaced: the before-image: `default`, its `document`, and the ids of all `versions`.
    """

    noun: ClassVar[str] = "policy-versions"
    reads: ClassVar[tuple[str, ...]] = ("GetPolicy", "GetPolicyVersion", "ListPolicyVersions")
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
        new = self.new_versions(actual)
        return State.AFTER if new and actual["default"] in new else State.OTHER

    def new_versions(self, actual: Image) -> tuple[str, ...]:
        """Return the ids of the versions that came on top, if all of them hold the document.

        Where an answer was lost and AWS did not show the version yet, there is more than one.
        """
        if actual is None:
            return ()
        documents = {actual["default"]: actual["document"], **actual.get("beside", {})}
        added = tuple(each for each in actual["versions"] if each not in self._versions)
        kept = [each for each in actual["versions"] if each in self._versions]
        ours = all(documents.get(each) == self.document for each in added)
        back = actual["default"] in added or actual["document"] == self.replaced["document"]
        return added if ours and back and sorted(kept) == sorted(self._versions) else ()

    @property
    def _versions(self) -> list[str]:
        return list(self.replaced["versions"])


@dataclass(frozen=True, slots=True)
class TagPolicy(Creation):
    """Set one tag of a policy that exists.

    Attributes:
        old: the value when the plan was made, or None.
    """

    noun: ClassVar[str] = "policy-tag"
    reads: ClassVar[tuple[str, ...]] = ("ListPolicyTags",)
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
class CreateGroup(Creation):
    """Create a user group."""

    noun: ClassVar[str] = "group"
    reads: ClassVar[tuple[str, ...]] = ("GetGroup",)
    undone_by: ClassVar[str] = "DeleteGroup"
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class AttachGroupPolicy(Link):
    """Attach a managed policy to a user group."""

    noun: ClassVar[str] = "group-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedGroupPolicies",)
    undone_by: ClassVar[str] = "DetachGroupPolicy"
    group: str
    arn: str


@dataclass(frozen=True, slots=True)
class AddUserToGroup(Link):
    """Add a user to a user group."""

    noun: ClassVar[str] = "membership"
    reads: ClassVar[tuple[str, ...]] = ("ListGroupsForUser",)
    undone_by: ClassVar[str] = "RemoveUserFromGroup"
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class CreateUser(Creation):
    """Create an IAM user."""

    noun: ClassVar[str] = "user"
    reads: ClassVar[tuple[str, ...]] = ("GetUser", "ListUserTags")
    undone_by: ClassVar[str] = "DeleteUser"
    name: str
    path: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CreateLoginProfile(Creation):
    """Give a user a temporary console password, which no plan and no journal ever holds."""

    noun: ClassVar[str] = "login-profile"
    reads: ClassVar[tuple[str, ...]] = ("GetLoginProfile",)
    undone_by: ClassVar[str] = "DeleteLoginProfile"
    user: str
    reset_required: bool


@dataclass(frozen=True, slots=True)
class AttachUserPolicy(Link):
    """Attach a managed policy directly to a user."""

    noun: ClassVar[str] = "user-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedUserPolicies",)
    undone_by: ClassVar[str] = "DetachUserPolicy"
    user: str
    arn: str


@dataclass(frozen=True, slots=True)
class DetachGroupPolicy(Parting):
    """Detach a managed policy from a user group."""

    noun: ClassVar[str] = "group-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedGroupPolicies",)
    undone_by: ClassVar[str] = "AttachGroupPolicy"
    group: str
    arn: str


@dataclass(frozen=True, slots=True)
class RemoveUserFromGroup(Parting):
    """Take a user out of a user group."""

    noun: ClassVar[str] = "membership"
    reads: ClassVar[tuple[str, ...]] = ("ListGroupsForUser",)
    undone_by: ClassVar[str] = "AddUserToGroup"
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class DetachUserPolicy(Parting):
    """Detach a managed policy from a user."""

    noun: ClassVar[str] = "user-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedUserPolicies",)
    undone_by: ClassVar[str] = "AttachUserPolicy"
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
    | DeactivateDevice
    | DeleteDevice
    | ReplacePassword
    | DeleteLoginProfile
    | DeactivateCredential
)
