"""What every change has: an address, and the fact there before and after it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, ClassVar, NamedTuple

Image = Any
"""One fact of the account as JSON: None or false where there is no such thing."""


class State(Enum):
    """What is found at the address of a change."""

    BEFORE = "as before the change"
    AFTER = "as after the change"
    OTHER = "something else"


class Creation:
    """A change that makes something; its first field names it, the others are what is made."""

    __slots__ = ()
    noun: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    """The operations that tell what is there."""
    undone_by: ClassVar[str] = ""
    """The operation that takes it back, where one does that by itself."""
    reversible: ClassVar[bool] = True
    """Whether a roll-back can bring back what was there."""

    @property
    def operation(self) -> str:
        """IAM's operation that makes the change, which is called after it as a rule."""
        return type(self).__name__

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


class Link(Creation):
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


class Parting(Link):
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


class CredentialType(StrEnum):
    """What has a status, Active or Inactive, that an administrator can set."""

    ACCESS_KEY = "access-key"
    SSH_KEY = "ssh-key"
    SERVICE = "service-specific"
    CERTIFICATE = "certificate"


class CredentialApi(NamedTuple):
    """How IAM lists the credentials of a type, names one, and sets its status."""

    lists: str
    items: str
    id: str
    updates: str


CREDENTIALS: Mapping[CredentialType, CredentialApi] = {
    CredentialType.ACCESS_KEY: CredentialApi(
        "ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "UpdateAccessKey"
    ),
    CredentialType.SSH_KEY: CredentialApi(
        "ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "UpdateSSHPublicKey"
    ),
    CredentialType.SERVICE: CredentialApi(
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "UpdateServiceSpecificCredential",
    ),
    CredentialType.CERTIFICATE: CredentialApi(
        "ListSigningCertificates", "Certificates", "CertificateId", "UpdateSigningCertificate"
    ),
}
"""The four kinds of credential with a status (IAM API reference, the actions of these names)."""


def dated(at: datetime) -> str:
    """Return a time as changes keep it: in ISO 8601 and UTC, whole seconds, as IAM tells it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class DeactivateDevice(Parting):
    """Part a user from an MFA device; only who holds the device could enable it again.

    Attributes:
        enabled: when AWS says that it was enabled, in ISO 8601 and UTC, or "" if that was not read:
            another device of the same name, enabled later, is not meant.
    """

    noun: ClassVar[str] = "device"
    reversible: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("ListMFADevices",)
    user: str
    serial: str
    enabled: str

    @property
    def address(self) -> str:
        """What this change is about."""
        return f"{self.noun} {self.user} {self.serial}"

    @property
    def before(self) -> Image:
        """It is enabled, since then."""
        return {"enabled": self.enabled}

    @property
    def after(self) -> Image:
        """It is not this user's."""
        return None

    def state(self, actual: Image) -> State:
        """Return which of its images the change finds."""
        if actual is None:
            return State.AFTER
        return State.BEFORE if self.enabled in ("", actual["enabled"]) else State.OTHER

    @property
    def operation(self) -> str:
        """IAM's operation."""
        return "DeactivateMFADevice"


@dataclass(frozen=True, slots=True)
class DeleteDevice(Parting):
    """Delete a virtual MFA device that is assigned to nobody; its seed is gone with it.

    Attributes:
        owner: whose it is until the plan parts them from it; "" if it is nobody's.
    """

    noun: ClassVar[str] = "virtual-device"
    reversible: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("ListVirtualMFADevices",)
    serial: str
    owner: str

    @property
    def address(self) -> str:
        """What this change is about."""
        return f"{self.noun} {self.serial}"

    @property
    def before(self) -> Image:
        """It is there, and theirs."""
        return {"owner": self.owner}

    @property
    def after(self) -> Image:
        """There is none."""
        return None

    def state(self, actual: Image) -> State:
        """Return which of its images the change finds; one that is nobody's by now can go."""
        if actual is None:
            return State.AFTER
        return State.BEFORE if actual["owner"] in ("", self.owner) else State.OTHER

    @property
    def operation(self) -> str:
        """IAM's operation."""
        return "DeleteVirtualMFADevice"


@dataclass(frozen=True, slots=True)
class ReplacePassword(Creation):
    """Set a temporary password in the place of a user's own.

    Attributes:
        replaced: whether the old one had to be changed at the next sign-in.
    """

    noun: ClassVar[str] = "password"
    reversible: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("GetLoginProfile",)
    user: str
    reset_required: bool
    replaced: bool

    @property
    def operation(self) -> str:
        """IAM's operation."""
        return "UpdateLoginProfile"

    @property
    def before(self) -> Image:
        """There is a password; nobody can read which."""
        return {"reset_required": self.replaced}

    @property
    def after(self) -> Image:
        """There is a password, of which AWS tells no more than of the old one."""
        return {"reset_required": self.reset_required}

    def state(self, actual: Image) -> State:
        """Return BEFORE wherever there is a password: only the journal knows whose it is."""
        return State.OTHER if actual is None else State.BEFORE


@dataclass(frozen=True, slots=True)
class DeleteLoginProfile(Creation):
    """Take a user's console password away.

    Attributes:
        reset_required: whether it had to be changed at the next sign-in.
    """

    noun: ClassVar[str] = "login-profile"
    reversible: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("GetLoginProfile",)
    user: str
    reset_required: bool

    @property
    def before(self) -> Image:
        """There is a password."""
        return {"reset_required": self.reset_required}

    @property
    def after(self) -> Image:
        """There is none."""
        return None


@dataclass(frozen=True, slots=True)
class DeactivateCredential(Parting):
    """Make an access key, SSH key, service-specific credential or certificate inactive.

    Attributes:
        type: a `CredentialType`, as text: plans are JSON.
    """

    noun: ClassVar[str] = "credential"
    user: str
    type: str
    id: str

    @property
    def operation(self) -> str:
        """IAM's operation."""
        return self.api.updates

    @property
    def api(self) -> CredentialApi:
        """How IAM handles credentials of this type."""
        return CREDENTIALS[CredentialType(self.type)]


Taking = (
    DeactivateDevice | DeleteDevice | ReplacePassword | DeleteLoginProfile | DeactivateCredential
)


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
