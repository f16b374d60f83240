"""Changes that take away what somebody signs in with: MFA devices, access keys and the like.

What AWS cannot give back (a device's seed) says so: `reversible` is false, and a roll-back leaves
it.

Sessions of `aws login` and of agents outlive a password and a device. One that is ended can be
renewed no more; the credentials that it has got already live on: a CLI's for fifteen minutes, an
agent's for an hour at most.

Source: botocore's model of `signin` (ListSessions, BatchRevokeSessions);
docs/signin.md#sessions-of-aws-login.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, TypeVar

from sekisho.account import (
    NOT_READ,
    AccessKey,
    ServiceCredential,
    SigningCertificate,
    SshKey,
    User,
)
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.changes.model import (
    Change,
    Forecast,
    IamCall,
    ObservedState,
    Removal,
    State,
    Toggle,
)
from sekisho.rollout.changes.observer import Observer

_Credential = TypeVar("_Credential", AccessKey, SshKey, ServiceCredential, SigningCertificate)


class CredentialType(StrEnum):
    """Types of credentials that have a status, Active or Inactive."""

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


def _events_of(api: CredentialApi) -> tuple[str, ...]:
    return (api.updates, api.updates.replace("Update", "Delete"))


def in_iso_seconds(at: datetime) -> str:
    """Return a time as changes keep it: in ISO 8601 and UTC, whole seconds, as IAM tells it."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class DeactivateDevice(Removal):
    """Part a user from an MFA device; only who holds the device could enable it again.

    Attributes:
        enabled: when AWS says that it was enabled, in ISO 8601 and UTC, or "" if that was not read:
            another device of the same name, enabled later, is not meant.
    """

    noun = "device"
    parameters: ClassVar = {"UserName": "user", "SerialNumber": "serial"}
    parts = ("enabled",)
    made_by = "DeactivateMFADevice"
    reads = ("ListMFADevices",)
    events = ("EnableMFADevice", "DeactivateMFADevice")
    user: str
    serial: str
    enabled: str

    def compare(self, actual: State) -> ObservedState:
        """Return which of its states the change finds."""
        if actual is None:
            return ObservedState.AFTER
        return (
            ObservedState.BEFORE if self.enabled in ("", actual["enabled"]) else ObservedState.OTHER
        )

    def read(self, observer: Observer) -> State:
        """Return since when it is enabled; None: it is not this user's."""
        items = observer.listing("ListMFADevices", "MFADevices", "UserName", self.user)
        dates = {item["SerialNumber"]: item.get("EnableDate") for item in items or ()}
        if self.serial not in dates:
            return None
        since = dates[self.serial]
        if since is None:
            # AWS always dates a device; a file of an account may not
            said = f"since when {self.serial} is enabled is not known"
            raise AwsRefused("ListMFADevices", NOT_READ, said, 0)
        return {"enabled": in_iso_seconds(since)}

    def forecast(self, account: Forecast) -> None:
        """Take the device from the user."""
        if user := account.users.get(self.user):
            others = tuple(device for device in user.devices if device.serial != self.serial)
            account.change_user(self.user, devices=others)


@dataclass(frozen=True, slots=True)
class DeleteDevice(Removal):
    """Delete a virtual MFA device that is assigned to nobody; its seed is gone with it.

    Attributes:
        owner: whose it is until the plan parts them from it; "" if it is nobody's.
    """

    noun = "virtual-device"
    parameters: ClassVar = {"SerialNumber": "serial"}
    parts = ("owner",)
    made_by = "DeleteVirtualMFADevice"
    reads = ("ListVirtualMFADevices",)
    events = ("DeleteVirtualMFADevice",)
    serial: str
    owner: str

    def compare(self, actual: State) -> ObservedState:
        """Return which of its states the change finds; one that is nobody's by now can go."""
        if actual is None:
            return ObservedState.AFTER
        return ObservedState.BEFORE if actual["owner"] in ("", self.owner) else ObservedState.OTHER

    def read(self, observer: Observer) -> State:
        """Return the owner of the device; None if there is no such device."""
        listing = ("ListVirtualMFADevices", "VirtualMFADevices", "AssignmentStatus", "Any")
        owners = {
            item["SerialNumber"]: item.get("User", {}).get("UserName", "")
            for item in observer.listing(*listing) or ()
        }
        return {"owner": owners[self.serial]} if self.serial in owners else None

    def forecast(self, account: Forecast) -> None:
        """Delete the device."""
        account.unassigned_devices.pop(self.serial, None)


@dataclass(frozen=True, slots=True)
class DeactivateCredential(Toggle):
    """Make an access key, SSH key, service-specific credential or certificate inactive.

    Attributes:
        type: a `CredentialType`, as text: plans are JSON.
    """

    noun = "credential"
    parameters: ClassVar = {"UserName": "user"}
    turns_on = False
    off_and_on = (Message("inactive"), Message("active"))
    events = tuple(event for api in CREDENTIALS.values() for event in _events_of(api))
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

    @property
    def address(self) -> str:
        """The user and the credential."""
        return f"{self.noun} {self.user} {self.type} {self.id}"

    def read(self, observer: Observer) -> State:
        """Return whether the credential is active; None if there is none."""
        api = self.api
        items = observer.listing(api.lists, api.items, "UserName", self.user)
        found = {item[api.id]: item["Status"] == "Active" for item in items or ()}
        return found.get(self.id)

    def read_operations(self) -> tuple[str, ...]:
        """Return the operation that lists credentials of this type."""
        return (self.api.lists,)

    def change_events(self) -> tuple[str, ...]:
        """Return the events that change credentials of this type."""
        return _events_of(self.api)

    def subject(self) -> Mapping[str, Any]:
        """Return the user and the credential."""
        return {"UserName": self.user, self.api.id: self.id}

    def call(self) -> IamCall:
        """Return the call."""
        return IamCall(self.operation, {**self.subject(), "Status": "Inactive"})

    def undo(self, actual: State) -> tuple[IamCall, ...]:
        """Return the call that makes it active again."""
        del actual
        return (IamCall(self.operation, {**self.subject(), "Status": "Active"}),)

    def forecast(self, account: Forecast) -> None:
        """Make the credential inactive."""
        if user := account.users.get(self.user):
            account.users[self.user] = self._inactive(user)

    def _inactive(self, user: User) -> User:
        match CredentialType(self.type):
            case CredentialType.ACCESS_KEY:
                return replace(user, keys=_inactive(user.keys, self.id))
            case CredentialType.SSH_KEY:
                return replace(user, ssh_keys=_inactive(user.ssh_keys, self.id))
            case CredentialType.SERVICE:
                services = _inactive(user.service_credentials, self.id)
                return replace(user, service_credentials=services)
            case CredentialType.CERTIFICATE:
                return replace(user, certificates=_inactive(user.certificates, self.id))


def _inactive(credentials: tuple[_Credential, ...], identity: str) -> tuple[_Credential, ...]:
    return tuple(replace(each, active=each.active and each.id != identity) for each in credentials)


PARTITIONS = frozenset({"aws"})
"""Where the API takes the owner of sessions: its model knows ARNs of this partition alone."""

_AT_ONCE = 5
_SESSIONS_REFUSED = Message(
    "the rest of the plan is done; apply it again as a user who may call signin:ListSessions and "
    "signin:BatchRevokeSessions, or make it again with `--keep-sessions`"
)


@dataclass(frozen=True, slots=True)
class EndSignInSessions(Change):
    """End every session of `aws login` and of agents that a user has when it is done.

    Which there are nobody knows before: each is begun and ended by the user. So nothing is compared
    with what the plan has seen, and what is begun later is not the plan's.

    Attributes:
        arn: the user's.
    """

    noun = "sign-in-sessions"
    parameters: ClassVar = {"UserName": "user"}
    made_by = "BatchRevokeSessions"
    service = "signin"
    reads = ("ListSessions",)
    events = ("BatchRevokeSessions",)
    reversible = False
    persists = False
    fix_if_refused = _SESSIONS_REFUSED
    user: str
    arn: str

    @property
    def before(self) -> State:
        """Not known: sessions come and go."""
        return None

    @property
    def after(self) -> State:
        """They are ended."""
        return "ended"

    def compare(self, actual: State) -> ObservedState:
        """Return that it is still to do: the journal alone tells whether it was done."""
        del actual
        return ObservedState.BEFORE

    def read(self, observer: Observer) -> State:
        """Return nothing: what there is matters only when it is ended."""
        del observer

    @property
    def owners(self) -> tuple[str, ...]:
        """The ARNs by which AWS may name the user as the owner: with the path, and without."""
        plain = f"{self.arn.partition(':user/')[0]}:user/{self.user}"
        return tuple(dict.fromkeys((self.arn, plain)))

    def subject(self) -> Mapping[str, Any]:
        """Return the owner of the sessions.

        AWS's model has no path in the ARN of an owner: for a user with a path the sessions of the
        account are asked for.
        """
        start, _, account = self.arn.partition(":user/")[0].rpartition(":")
        plain = self.arn == f"{start}:{account}:user/{self.user}"
        return {"principalArn": self.arn if plain else f"{start}:{account}:*"}

    def calls(self, observer: Observer) -> Iterator[IamCall]:
        """Yield the calls that end the sessions that there are, five at a time."""
        listed = observer.sign_in_sessions(**self.subject())
        found = [each["sessionArn"] for each in listed if each["principalArn"] in self.owners]
        for first in range(0, len(found), _AT_ONCE):
            some = found[first : first + _AT_ONCE]
            yield IamCall(self.operation, {**self.subject(), "sessionArns": some}, self.service)

    def check_answer(self, answer: Mapping[str, Any]) -> None:
        """See that every session of a call was ended.

        Raises:
            AwsRefused: if one was not.
        """
        for error in answer.get("errors", ()):
            message = f"{error.get('sessionArn', '')}: {error.get('message', '')}"
            raise AwsRefused(self.operation, str(error.get("code", "Unknown")), message, 0)

    def forecast(self, account: Forecast) -> None:
        """Change nothing: a snapshot has no sessions."""
        del account


KINDS: tuple[type[Change], ...] = (
    DeactivateDevice,
    DeleteDevice,
    DeactivateCredential,
    EndSignInSessions,
)
"""The kinds of change that are here."""
