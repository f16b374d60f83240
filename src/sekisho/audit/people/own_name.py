"""Whether a virtual MFA device can still be created under a user's own name, and who has it if not.

AWS's samples of 2017 to 2022 let a user create a device of that name only. A serial number is
unique in an account, whoever has the device, and upper and lower case do not tell two apart.

Source: IAM API Reference, CreateVirtualMFADevice (EntityAlreadyExists); docs/signin.md, "Devices
and codes".
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.account import THE_ACCOUNT, Gap, Snapshot, User, user_ref
from sekisho.signin import device_arn

__all__ = ["NameIs", "OwnName", "OwnNames"]

_ALL = "ListVirtualMFADevices"
_EACH = "ListMFADevices"
_WHO = "GetAccountAuthorizationDetails"
_ROOT = "<root_account>"


class NameIs(StrEnum):
    """Whether a device has the name."""

    FREE = "free"
    ORPHAN = "a device that nobody has enabled"
    IN_USE = "a device that the user can neither use nor delete"


@dataclass(frozen=True, slots=True)
class OwnName:
    """What is known of a user's own name as a device's.

    Attributes:
        may_be: one of these holds; of several it is not known which.
        serial: the device that has the name, be it in other case; "" if none is known.
        owner: the user who has enabled it, or `<root_account>`; "" if nobody has.
        unread: why it is not known; empty if it is.
    """

    may_be: tuple[NameIs, ...] = (NameIs.FREE,)
    serial: str = ""
    owner: str = ""
    unread: tuple[Gap, ...] = ()


class OwnNames:
    """The names of an account's virtual devices."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._home = (snapshot.partition, snapshot.account)
        self._devices = {
            each.serial.lower(): (each.serial, "") for each in snapshot.unassigned_devices
        }
        for user in snapshot.users:
            for device in user.devices:
                self._devices[device.serial.lower()] = (device.serial, user.name)
        self._devices |= {each.lower(): (each, _ROOT) for each in snapshot.root.serials}
        self._of_all = [gap for gap in snapshot.gaps if gap.operation == _ALL]
        # who was not listed, or whose devices were not, may have any
        self._of_others = [gap for gap in snapshot.gaps if _hides_devices(gap)]

    def of(self, user: User) -> OwnName:
        """Return what is known of a user's own name; what the user has is in nobody's way."""
        own = device_arn(*self._home, "/", user.name)
        serial, owner = self._devices.get(own.lower(), ("", ""))
        if not serial:
            return self._unseen(user)
        if owner == user.name:
            return OwnName()
        if owner:
            return OwnName((NameIs.IN_USE,), serial, owner)
        # who may delete a device of the own name need not be allowed to delete it in other case
        other_case = (NameIs.IN_USE,) if serial != own else ()
        return OwnName((NameIs.ORPHAN, *other_case), serial)

    def _unseen(self, user: User) -> OwnName:
        """Return that no device is known to have the name, and what was not read."""
        own = user_ref(user.name)
        other = next((gap for gap in self._of_others if gap.resource != own), None)
        gaps = [*self._of_all[:1], *([other] if other is not None else [])]
        if not gaps:
            return OwnName()
        orphan = (NameIs.ORPHAN,) if self._of_all else ()
        return OwnName((NameIs.FREE, *orphan, NameIs.IN_USE), unread=tuple(gaps))


def _hides_devices(gap: Gap) -> bool:
    return gap.operation == _EACH or (gap.operation == _WHO and gap.resource == THE_ACCOUNT)
