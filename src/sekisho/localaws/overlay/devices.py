"""MFA devices: created, enabled, resynchronised, deactivated, deleted, listed, tagged.

moto keeps which device exists and whose it is; seeds, steps and passkeys are the world's. Only the
answer that creates a virtual device holds a seed. A passkey is enabled by the console alone.

Source: IAM API Reference, CreateVirtualMFADevice to ResyncMFADevice, ListMFADevices to
ListMFADeviceTags; IAM User Guide, "Assign MFA devices in the AWS CLI or AWS API"; answers
recorded from AWS; docs/signin.md.
"""

from base64 import b32encode
from datetime import datetime
from io import BytesIO
from urllib.parse import quote

import segno
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import User, VirtualMfaDevice
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.request import (
    dict_of_tags,
    from_rule,
    iam,
    limit_exceeded,
    now,
    page,
    refuse,
    tags_of,
    text,
    user_of,
)
from sekisho.localaws.state.identity import store_step, totp_device
from sekisho.localaws.state.world import (
    CALLER,
    REGISTERING,
    WORLD,
    DeviceState,
    PasskeyCall,
    World,
)
from sekisho.signin import (
    DELETE_CONFLICT,
    DEVICE_EXISTS,
    DEVICE_IN_USE,
    Refused,
    check_device_change,
    check_device_count,
    device_arn,
    device_name,
    no_such_device,
    no_such_user,
)

_SEED_BYTES = 40  # 64 characters of base32, as in the samples of the IAM API Reference
_ISSUER = "Amazon Web Services"
_PNG_SCALE = 4


def create_virtual_mfa_device(self: IamResponse) -> ActionResult:
    """Create a device; its seed is only in this answer."""
    world = WORLD.get()
    name, path = text(self, "VirtualMFADeviceName"), text(self, "Path") or "/"
    serial = device_arn(world.partition, world.account, path, name)
    if serial.lower() in {known.lower() for known in iam().virtual_mfa_devices}:
        raise from_rule(DEVICE_EXISTS)
    quota = iam().account_summary.summary_map["UsersQuota"]
    if len(iam().virtual_mfa_devices) >= quota:
        raise limit_exceeded(f"Cannot exceed quota for MfaDevicesPerAccount: {quota}")
    tags = dict_of_tags(self._get_param("Tags", []))
    seed = b32encode(world.entropy(_SEED_BYTES)).decode()
    make_device(world, serial, DeviceState(seed, tags=tags))
    answer: dict[str, object] = {
        "SerialNumber": serial,
        "Base32StringSeed": seed,
        "QRCodePNG": _qr_png(name, seed),
    }
    if tags:
        answer["Tags"] = tags_of(tags)
    return ActionResult({"VirtualMFADevice": answer})


def make_device(world: World, serial: str, state: DeviceState) -> VirtualMfaDevice:
    """Add an unassigned device to moto and to the world."""
    device = VirtualMfaDevice(world.account, world.partition, serial.partition(":mfa")[2])
    # moto's own seed and picture are removed: a secret is kept in one place only
    device.base32_string_seed, device.qr_code_png = "", b""
    iam(world).virtual_mfa_devices[serial] = device
    world.devices[serial] = state
    return device


def set_owner(device: VirtualMfaDevice, user: User | None, when: datetime | None = None) -> None:
    """Assign a device to a user as of `when`, or unassign it."""
    device.user = user
    device.enable_date = when
    device.user_attribute = None


def _qr_png(name: str, seed: str) -> bytes:
    account = (iam().account_aliases or [WORLD.get().account])[0]
    issuer = quote(_ISSUER)
    uri = f"otpauth://totp/{issuer}:{quote(name)}@{account}?secret={seed}&issuer={issuer}"
    picture = BytesIO()
    segno.make(uri, micro=False).save(picture, kind="png", scale=_PNG_SCALE)
    return picture.getvalue()


def enable_mfa_device(self: IamResponse) -> ActionResult:
    """Enable a device for a user, who proves possession by two consecutive codes."""
    user, serial = user_of(self), text(self, "SerialNumber")
    if (registering := REGISTERING.get()) is not None:
        return _enable_passkey(user, serial, registering)
    device, state = _device(serial)
    if device.user is not None:
        raise from_rule(DEVICE_IN_USE)
    refuse(_holder_rule(user, "iam:EnableMFADevice"))
    refuse(check_device_count(len(user.mfa_devices)))
    _put_in_step(self, state)
    set_owner(device, user, now())
    _note_enabled(user, serial)
    return EmptyResult()


def _note_enabled(user: User, serial: str) -> None:
    user.enable_mfa_device(serial, "", "")
    user.mfa_devices[serial].enable_date = now()


def _enable_passkey(user: User, serial: str, registering: PasskeyCall) -> ActionResult:
    """Enable a passkey for a user; in the call before it exists, only check whether it may be."""
    if user.id != registering.user_id:
        raise from_rule(no_such_user(user.name))
    refuse(_holder_rule(user, "iam:EnableMFADevice"))
    refuse(check_device_count(len(user.mfa_devices)))
    if device_name(serial).lower() in {device_name(each).lower() for each in user.mfa_devices}:
        raise from_rule(DEVICE_EXISTS)
    if (made := registering.made) is not None:
        passkeys = WORLD.get().passkeys
        known = {each.credential.credential_id for each in passkeys.values()}
        if made.credential.credential_id in known:
            raise from_rule(DEVICE_IN_USE)
        passkeys[serial] = made
        _note_enabled(user, serial)
    return EmptyResult()


def resync_mfa_device(self: IamResponse) -> ActionResult:
    """Resynchronise an enabled device by two consecutive codes."""
    user, serial = user_of(self), text(self, "SerialNumber")
    _, state = _device_of(user, serial)
    _put_in_step(self, state)
    return EmptyResult()


def deactivate_mfa_device(self: IamResponse) -> ActionResult:
    """Deactivate a user's device. A virtual one stays in the account, a passkey is removed."""
    user, serial = user_of(self), text(self, "SerialNumber")
    passkeys = WORLD.get().passkeys
    virtual = None if serial in passkeys else _device_of(user, serial)[0]
    if serial not in user.mfa_devices:
        raise from_rule(no_such_device(serial))
    refuse(_holder_rule(user, "iam:DeactivateMFADevice"))
    user.deactivate_mfa_device(serial)
    if virtual is None:
        del passkeys[serial]
    else:
        set_owner(virtual, None)
    return EmptyResult()


def delete_virtual_mfa_device(self: IamResponse) -> ActionResult:
    """Delete an unassigned device."""
    serial = text(self, "SerialNumber")
    device, _ = _device(serial)
    if device.user is not None:
        raise from_rule(DELETE_CONFLICT)
    del iam().virtual_mfa_devices[serial]
    del WORLD.get().devices[serial]
    return EmptyResult()


def _device(serial: str) -> tuple[VirtualMfaDevice, DeviceState]:
    device = iam().virtual_mfa_devices.get(serial)
    state = WORLD.get().devices.get(serial)
    if device is None or state is None:
        raise from_rule(no_such_device(serial))
    return device, state


def _device_of(user: User, serial: str) -> tuple[VirtualMfaDevice, DeviceState]:
    if serial not in user.mfa_devices:
        raise from_rule(no_such_device(serial))
    return _device(serial)


def _holder_rule(user: User, action: str) -> Refused | None:
    credential, assumptions = CALLER.get().credential, WORLD.get().signin_assumptions
    return check_device_change(credential, action, user.name, len(user.mfa_devices), assumptions)


def _put_in_step(response: IamResponse, state: DeviceState) -> None:
    world = WORLD.get()
    codes = (text(response, "AuthenticationCode1"), text(response, "AuthenticationCode2"))
    outcome = totp_device(state).enable(codes, world.clock.now(), world.signin_assumptions)
    if isinstance(outcome, Refused):
        raise from_rule(outcome)
    store_step(state, outcome)


_MOST_TAGS = 50


def list_mfa_devices(self: IamResponse) -> ActionResult:
    """List the devices that a user has enabled."""
    user = user_of(self)
    devices, more = page(self, list(user.mfa_devices.values()))
    found = [
        {"UserName": user.name, "SerialNumber": each.serial_number, "EnableDate": each.enable_date}
        for each in devices
    ]
    return ActionResult({"MFADevices": found, **more})


def list_virtual_mfa_devices(self: IamResponse) -> ActionResult:
    """List the account's virtual devices, assigned or not."""
    status = text(self, "AssignmentStatus") or "Any"
    devices = [
        device
        for _, device in sorted(iam().virtual_mfa_devices.items())
        if status == "Any" or (device.user is not None) == (status == "Assigned")
    ]
    shown, more = page(self, devices)
    return ActionResult({"VirtualMFADevices": [_device_entry(device) for device in shown], **more})


def get_mfa_device(self: IamResponse) -> ActionResult:
    """Describe one device.

    AWS returns the certifications of a FIDO device here. No passkey has any in the local AWS: it
    does not examine the authenticator's make.
    """
    user, serial = user_of(self), text(self, "SerialNumber")
    device = user.mfa_devices.get(serial)
    if device is None:
        raise from_rule(no_such_device(serial))
    answer = {"UserName": user.name, "SerialNumber": serial, "EnableDate": device.enable_date}
    return ActionResult(answer)


def tag_mfa_device(self: IamResponse) -> ActionResult:
    """Set tags of a virtual device."""
    state = _device_state(self)
    tags = state.tags | dict_of_tags(self._get_param("Tags", []))
    if len(tags) > _MOST_TAGS:
        raise limit_exceeded(f"Cannot exceed quota for TagsPerMfaDevice: {_MOST_TAGS}")
    state.tags = tags
    return EmptyResult()


def untag_mfa_device(self: IamResponse) -> ActionResult:
    """Remove tags of a virtual device."""
    state = _device_state(self)
    gone = set(self._get_param("TagKeys", []))
    state.tags = {key: value for key, value in state.tags.items() if key not in gone}
    return EmptyResult()


def list_mfa_device_tags(self: IamResponse) -> ActionResult:
    """List the tags of a virtual device."""
    tags, more = page(self, tags_of(_device_state(self).tags))
    return ActionResult({"Tags": tags, **more})


def _device_state(response: IamResponse) -> DeviceState:
    serial = text(response, "SerialNumber")
    state = WORLD.get().devices.get(serial)
    if state is None:
        raise from_rule(no_such_device(serial))
    return state


def _device_entry(device: VirtualMfaDevice) -> dict[str, object]:
    if device.user is None:
        return {"SerialNumber": device.serial_number}
    return {
        "SerialNumber": device.serial_number,
        "EnableDate": device.enable_date,
        "User": _owner_entry(device.user),
    }


def _owner_entry(user: User) -> dict[str, object]:
    owner: dict[str, object] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
    }
    password = WORLD.get().passwords.get(user.name)
    if password and password.last_used:
        owner["PasswordLastUsed"] = password.last_used
    return owner


OPERATIONS = (
    create_virtual_mfa_device,
    enable_mfa_device,
    resync_mfa_device,
    deactivate_mfa_device,
    delete_virtual_mfa_device,
    list_mfa_devices,
    list_virtual_mfa_devices,
    get_mfa_device,
    tag_mfa_device,
    untag_mfa_device,
    list_mfa_device_tags,
)
