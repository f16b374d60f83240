"""MFA at the moment of a call: is this code, of this device, the caller's?

The rules themselves are `signin`'s; here the device is looked up, and its state moves on.

Source: IAM User Guide, "Secure API access with MFA".
"""

from datetime import datetime

from moto.iam.models import User, iam_backends

from sekisho.localaws.refusal import Refusal
from sekisho.localaws.world import DeviceState, World
from sekisho.signin import sts, totp
from sekisho.signin.model import Holder, HolderKind
from sekisho.signin.refusal import Refused

__all__ = ["authenticate", "device_in_step", "enabled_serials", "keep_step"]


def authenticate(world: World, holder: Holder, serial: str, code: str) -> datetime:
    """Accept a code, once, and return the time at which it was accepted.

    Args:
        world: where the devices are.
        holder: whose device it must be.
        serial: the device's serial number; "" if the request gave none.
        code: six digits; "" if the request gave none.

    Raises:
        Refusal: with the text of one of the three refusals of `signin.sts`.
    """
    given = sts.mfa_parameters(serial or None, code or None)
    if not isinstance(given, sts.MfaParameters):
        raise _refusal(given or sts.MFA_INCOMPLETE)
    with world.lock:
        state = world.devices.get(serial)
        if state is None or serial not in enabled_serials(world, holder):
            raise _refusal(sts.MFA_UNKNOWN_DEVICE)
        now = world.clock.now()
        verified = device_in_step(state).verify(code, now, world.signin)
        if isinstance(verified, Refused):
            raise _refusal(sts.MFA_WRONG_CODE)
        keep_step(state, verified)
        return now


def enabled_serials(world: World, holder: Holder) -> tuple[str, ...]:
    """Return the serial numbers of the devices that the holder has enabled, in that order."""
    if holder.kind is not HolderKind.USER:
        return ()
    user: User | None = iam_backends[world.account][world.partition].users.get(holder.name)
    if user is None or user.id != holder.unique_id:
        # a user who was deleted and made again is another user, with none of the old devices
        return ()
    return tuple(user.mfa_devices)


def device_in_step(state: DeviceState) -> totp.Device:
    """Return the device as `signin` sees it."""
    return totp.Device(state.seed, state.drift, state.last_step)


def keep_step(state: DeviceState, device: totp.Device) -> None:
    """Keep how far the device has come, so that no code is accepted twice."""
    state.drift = device.drift
    state.last_step = device.last_step


def _refusal(refused: Refused) -> Refusal:
    return Refusal(refused.code.value, refused.message, refused.status)
