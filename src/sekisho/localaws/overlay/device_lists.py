"""What can be read of MFA devices, and their tags. No answer here ever holds a seed.

Source: IAM API Reference, ListMFADevices, ListVirtualMFADevices, GetMFADevice, TagMFADevice,
UntagMFADevice, ListMFADeviceTags; facts §4.4; answers recorded from AWS.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import User, VirtualMfaDevice
from moto.iam.responses import IamResponse

from sekisho.localaws.caller import WORLD
from sekisho.localaws.overlay.paging import page
from sekisho.localaws.overlay.refusals import from_rule, limit_exceeded
from sekisho.localaws.overlay.request import dict_of_tags, iam, tags_of, text, user_of
from sekisho.localaws.world import DeviceState
from sekisho.signin.devices import no_such_device

__all__ = ["OPERATIONS"]

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
    """List the account's virtual devices, whoever has them."""
    status = text(self, "AssignmentStatus") or "Any"
    devices = [
        device
        for _, device in sorted(iam().virtual_mfa_devices.items())
        if status == "Any" or (device.user is not None) == (status == "Assigned")
    ]
    shown, more = page(self, devices)
    return ActionResult({"VirtualMFADevices": [_described(device) for device in shown], **more})


def get_mfa_device(self: IamResponse) -> ActionResult:
    """Describe one device.

    AWS gives certifications of FIDO devices here; a virtual device has none.
    """
    user, serial = user_of(self), text(self, "SerialNumber")
    device = user.mfa_devices.get(serial)
    if device is None:
        raise from_rule(no_such_device(serial))
    answer = {"UserName": user.name, "SerialNumber": serial, "EnableDate": device.enable_date}
    return ActionResult(answer)


def tag_mfa_device(self: IamResponse) -> ActionResult:
    """Set tags of a virtual device."""
    state = _state(self)
    tags = state.tags | dict_of_tags(self._get_param("Tags", []))
    if len(tags) > _MOST_TAGS:
        raise limit_exceeded(f"Cannot exceed quota for TagsPerMfaDevice: {_MOST_TAGS}")
    state.tags = tags
    return EmptyResult()


def untag_mfa_device(self: IamResponse) -> ActionResult:
    """Remove tags of a virtual device."""
    state = _state(self)
    gone = set(self._get_param("TagKeys", []))
    state.tags = {key: value for key, value in state.tags.items() if key not in gone}
    return EmptyResult()


def list_mfa_device_tags(self: IamResponse) -> ActionResult:
    """List the tags of a virtual device."""
    tags, more = page(self, tags_of(_state(self).tags))
    return ActionResult({"Tags": tags, **more})


def _state(response: IamResponse) -> DeviceState:
    serial = text(response, "SerialNumber")
    state = WORLD.get().devices.get(serial)
    if state is None:
        raise from_rule(no_such_device(serial))
    return state


def _described(device: VirtualMfaDevice) -> dict[str, object]:
    if device.user is None:
        return {"SerialNumber": device.serial_number}
    return {
        "SerialNumber": device.serial_number,
        "EnableDate": device.enable_date,
        "User": _owner(device.user),
    }


def _owner(user: User) -> dict[str, object]:
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
    list_mfa_devices,
    list_virtual_mfa_devices,
    get_mfa_device,
    tag_mfa_device,
    untag_mfa_device,
    list_mfa_device_tags,
)
