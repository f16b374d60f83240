"""Changes that take away what somebody holds: devices, passwords, keys.

What AWS cannot give back (a device's seed, a password's text) says so: `reversible` is false, and a
roll-back leaves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sekisho.rollout.facts import Creation, Image, Parting, State

__all__ = [
    "CREDENTIALS",
    "CredentialApi",
    "CredentialType",
    "DeactivateCredential",
    "DeactivateDevice",
    "DeleteDevice",
    "DeleteLoginProfile",
    "ReplacePassword",
    "Taking",
    "dated",
]


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
