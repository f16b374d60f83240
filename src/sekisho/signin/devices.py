"""The rules of MFA devices: names, kinds, how many, and who may enable or disable them.

Source: IAM API Reference (CreateVirtualMFADevice, EnableMFADevice, DeactivateMFADevice,
DeleteVirtualMFADevice); security bulletin AWS-2023-001; texts recorded from AWS.
See docs/signin.md#devices-and-codes.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from sekisho.signin.model import (
    Credential,
    CredentialKind,
    DeviceKind,
    HolderKind,
    SigninAssumptions,
)
from sekisho.signin.refusal import Constraint, ErrorCode, Refused, Rule, validation_error

MAX_DEVICES = 8
"""MFA devices per user, of any kinds."""

DEVICE_EXISTS = Refused(
    ErrorCode.ENTITY_ALREADY_EXISTS, "MFA device already exists.", 409, Rule.DEVICE_BOUND_ONCE
)
"""CreateVirtualMFADevice: the serial number is taken, perhaps by an unassigned device."""

DEVICE_IN_USE = Refused(
    ErrorCode.ENTITY_ALREADY_EXISTS, "MFA Device is already in use.", 409, Rule.DEVICE_BOUND_ONCE
)
"""EnableMFADevice: the device is enabled already, for this user or another."""

DEVICE_LIMIT = Refused(
    ErrorCode.LIMIT_EXCEEDED,
    f"Cannot exceed quota for MFADevicesPerUser: {MAX_DEVICES}",
    409,
    Rule.DEVICE_LIMIT,
)
"""EnableMFADevice: the ninth device. The form is AWS's for quotas; the quota's name is assumed."""

DELETE_CONFLICT = Refused(
    ErrorCode.DELETE_CONFLICT,
    "Cannot delete entity, must deactivate MFA device first.",
    409,
    Rule.DEVICE_IN_USE,
)
"""DeleteVirtualMFADevice: still enabled. The wording after the comma is assumed."""

_PASSKEY_NAME = Constraint("mfaDeviceName", r"[\w+=,.@-]+", most=128)
_NAME = Constraint("virtualMFADeviceName", r"[\w+=,.@-]+")
_PATH_LENGTH = Constraint("path", r"[\s\S]*", most=512)
_PATH = re.compile(r"/|/[!-~]+/")
_ARN = re.compile(r"arn:[^:]+:iam::[^:]*:(?P<type>[^/]+)/.+")
_RANDOM = re.compile(r"-[A-Z0-9]{26}$")
_HARDWARE = re.compile(r"[\w+=,.@-]{9,256}", re.ASCII)


def device_arn(partition: str, account: str, path: str, name: str) -> str:
    """Return the serial number of a virtual device: its ARN."""
    return f"arn:{partition}:iam::{account}:mfa{path}{name}"


def passkey_arn(user: str, name: str, random: str, *, partition: str, account: str) -> str:
    """Return the serial number of a passkey: its ARN.

    Args:
        user: the name of the user who registers it; it stays if the user is renamed.
        name: the device name as typed.
        random: 26 letters and digits that AWS appends; several may bear one name, then.
        partition: `aws`, `aws-cn`, `aws-us-gov`.
        account: twelve digits.
    """
    return f"arn:{partition}:iam::{account}:u2f/user/{user}/{name}-{random}"


def device_name(serial: str) -> str:
    """Return the name that a user gave a device; a hardware token only has its serial number."""
    name = serial.rpartition("/")[2]
    return _RANDOM.sub("", name) if kind_of_serial(serial) is DeviceKind.FIDO else name


def kind_of_serial(serial: str) -> DeviceKind | None:
    """Return the kind of device that `serial` names; None for an unknown kind."""
    if match := _ARN.fullmatch(serial):
        return {"mfa": DeviceKind.VIRTUAL, "u2f": DeviceKind.FIDO}.get(match["type"])
    return DeviceKind.HARDWARE if _HARDWARE.fullmatch(serial) else None


class MfaMethod(StrEnum):
    """The methods of MFA at sign-in; the sign-in page lets people with several choose."""

    TOTP = "totp"
    PASSKEY = "passkey"


def mfa_methods(serials: Iterable[str]) -> tuple[MfaMethod, ...]:
    """Return the methods of MFA of a user with devices of these serial numbers."""
    fido = {kind_of_serial(serial) is DeviceKind.FIDO for serial in serials}
    return tuple(method for method in MfaMethod if (method is MfaMethod.PASSKEY) in fido)


def check_device_name(name: str, path: str = "/") -> Refused | None:
    """Return AWS's refusal of a virtual device's name or path; None if both are valid."""
    too_long = (*_PATH_LENGTH.violations(path), *_NAME.violations(name))
    if refused := validation_error(too_long, Rule.DEVICE_NAME):
        return refused
    if _PATH.fullmatch(path) is None:
        message = (
            "The specified value for path is invalid. It must begin and end with / and contain "
            "only alphanumeric characters and/or / characters."
        )
        return Refused(ErrorCode.VALIDATION_ERROR, message, 400, Rule.DEVICE_NAME)
    return None


def check_passkey_name(name: str) -> Refused | None:
    """Return the refusal of a passkey's name; None if it is valid.

    The console's page has the rule: letters, digits and `+=,.@-_`, at most 128 of them.
    """
    return validation_error(_PASSKEY_NAME.violations(name), Rule.DEVICE_NAME)


def check_device_count(devices: int) -> Refused | None:
    """Return the refusal of a further device for a user who has `devices`; None if allowed."""
    return DEVICE_LIMIT if devices >= MAX_DEVICES else None


def check_device_change(
    credential: Credential, action: str, user: str, devices: int, assumptions: SigninAssumptions
) -> Refused | None:
    """Return the refusal to enable or disable a device of `user`; None if allowed.

    A user with a device who calls by access key must have an MFA session to change their *own*
    devices. Console sessions, other people's devices and the first device are not concerned. The
    message is ours: AWS's is not known.

    Args:
        credential: the caller's.
        action: `iam:EnableMFADevice` or `iam:DeactivateMFADevice`.
        user: the owner of the device.
        devices: how many devices `user` has.
        assumptions: the rule can be turned off: it was not there before 21 April 2023.
    """
    holder = credential.holder
    own = holder.kind is HolderKind.USER and holder.name == user
    by_key = credential.kind in {CredentialKind.LONG_TERM_KEY, CredentialKind.SESSION_TOKEN}
    concerned = own and by_key and credential.mfa_at is None and devices > 0
    if not (concerned and assumptions.device_holder_needs_mfa):
        return None
    message = (
        f"User: {credential.arn} is not authorized to perform: {action} on resource: "
        f"{holder.arn} because the user has an MFA device and did not authenticate with it"
    )
    return Refused(ErrorCode.ACCESS_DENIED, message, 403, Rule.DEVICE_HOLDER)


def no_such_device(serial: str) -> Refused:
    """Return the refusal of an unknown serial number."""
    message = f"MFA Device with serial number {serial} does not exist."
    return Refused(ErrorCode.NO_SUCH_ENTITY, message, 404, Rule.UNKNOWN_ENTITY)


def no_such_user(name: str) -> Refused:
    """Return the refusal of an unknown user name."""
    message = f"The user with name {name} cannot be found."
    return Refused(ErrorCode.NO_SUCH_ENTITY, message, 404, Rule.UNKNOWN_ENTITY)
