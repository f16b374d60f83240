"""What one user holds, which only the calls about that user tell (fact §9.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sekisho.account.model import (
    AccessKey,
    Device,
    Password,
    ServiceCredential,
    SigningCertificate,
    SshKey,
    User,
    user_ref,
)
from sekisho.account.reading import Item, Reading
from sekisho.signin import DeviceKind, kind_of

__all__ = ["device_kind", "with_holdings"]


def with_holdings(reading: Reading, user: User) -> User:
    """Return the user with password, devices, keys and the other long-term credentials."""
    return replace(
        user,
        password=_password(reading, user.name),
        devices=_devices(reading, user.name),
        keys=_keys(reading, user.name),
        service_credentials=_service_credentials(reading, user.name),
        ssh_keys=_ssh_keys(reading, user.name),
        certificates=_certificates(reading, user.name),
    )


def device_kind(serial: str) -> DeviceKind:
    """Return the kind of a device; one of a kind that has gone (`sms-mfa`) is a device still."""
    return kind_of(serial) or DeviceKind.HARDWARE


def _password(reading: Reading, user: str) -> Password | None:
    answer = reading.call(
        "GetLoginProfile", user_ref(user), absent=("NoSuchEntity",), UserName=user
    )
    if answer is None:
        return None
    profile = answer["LoginProfile"]
    return Password(bool(profile.get("PasswordResetRequired")), profile.get("CreateDate"))


def _devices(reading: Reading, user: str) -> tuple[Device, ...]:
    items = _listed(reading, "ListMFADevices", "MFADevices", user, "SerialNumber")
    return tuple(
        Device(item["SerialNumber"], device_kind(item["SerialNumber"]), user, item["EnableDate"])
        for item in items
    )


def _keys(reading: Reading, user: str) -> tuple[AccessKey, ...]:
    items = _listed(reading, "ListAccessKeys", "AccessKeyMetadata", user, "AccessKeyId")
    return tuple(_key(reading, item, user) for item in items)


def _key(reading: Reading, item: Item, user: str) -> AccessKey:
    key = item["AccessKeyId"]
    answer = reading.call("GetAccessKeyLastUsed", user_ref(user), AccessKeyId=key) or {}
    used: Mapping[str, Any] = answer.get("AccessKeyLastUsed", {})
    when = used.get("LastUsedDate")
    return AccessKey(
        id=key,
        active=_active(item),
        created_at=item.get("CreateDate"),
        last_used=when,
        # AWS says `N/A` of a key that was never used
        last_service=used.get("ServiceName", "") if when else "",
    )


def _service_credentials(reading: Reading, user: str) -> tuple[ServiceCredential, ...]:
    operation, section = "ListServiceSpecificCredentials", "ServiceSpecificCredentials"
    return tuple(
        ServiceCredential(
            id=item["ServiceSpecificCredentialId"],
            service=item["ServiceName"],
            active=_active(item),
            created_at=item.get("CreateDate"),
            expires_at=item.get("ExpirationDate"),
        )
        for item in _listed(reading, operation, section, user, "ServiceSpecificCredentialId")
    )


def _ssh_keys(reading: Reading, user: str) -> tuple[SshKey, ...]:
    items = _listed(reading, "ListSSHPublicKeys", "SSHPublicKeys", user, "SSHPublicKeyId")
    return tuple(
        SshKey(item["SSHPublicKeyId"], _active(item), item.get("UploadDate")) for item in items
    )


def _certificates(reading: Reading, user: str) -> tuple[SigningCertificate, ...]:
    items = _listed(reading, "ListSigningCertificates", "Certificates", user, "CertificateId")
    return tuple(
        SigningCertificate(item["CertificateId"], _active(item), item.get("UploadDate"))
        for item in items
    )


def _active(item: Item) -> bool:
    """Return whether it works; an expired one no longer does."""
    return bool(item["Status"] == "Active")


def _listed(
    reading: Reading, operation: str, section: str, user: str, identity: str
) -> Iterable[Item]:
    """Return what a user has, in the order of its ids."""
    items = reading.items(operation, section, user_ref(user), UserName=user) or ()
    return sorted(items, key=lambda item: str(item[identity]))
