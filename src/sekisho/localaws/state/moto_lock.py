"""moto's state of one local AWS, in place while its lock is held.

moto looks for its state in objects of the whole process: in one dictionary for each service, and in
some attributes of classes. Several local AWSs share these, and each has its own content: whoever
takes the lock of one puts that content there, if another's is there. One lock is behind all, since
moto's handlers are of the process, too.
"""

import sys
from threading import RLock
from types import TracebackType
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

_EC2 = "moto.ec2.models"
_OF_CLASSES = (
    (f"{_EC2}.vpcs", "VPCBackend", "vpc_refs"),
    (f"{_EC2}.vpc_peering_connections", "VPCPeeringConnectionBackend", "vpc_pcx_refs"),
    (f"{_EC2}.transit_gateway_attachments", "TransitGatewayAttachmentBackend", "backend_refs"),
    ("moto.securityhub.models", "SecurityHubBackend", "_org_configs"),
)
"""The attributes of moto's classes that hold state: module, class, name."""


class MotoLock:
    """The lock of one local AWS's state.

    Attributes:
        iam: its state of IAM, which may be read without the lock; None before it is made.
    """

    _all: ClassVar[RLock] = RLock()  # type: ignore[valid-type]  # a function, to the types
    _held: ClassVar[list["MotoLock"]] = []

    def __init__(self) -> None:
        self.iam: Any = None
        self._away: list[tuple[dict[Any, Any], dict[Any, Any]]] = []

    def __enter__(self) -> None:
        """Take the lock, and put the state in place."""
        self._all.acquire()
        self._held.append(self)
        _put_in_place(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back; the state stays in place until another's is needed."""
        self._held.pop()
        if self._held:
            _put_in_place(self._held[-1])
        self._all.release()

    def clear(self) -> None:
        """Begin with no state; the lock is held."""
        self.iam = None
        _take_away()


_OUTSIDE = MotoLock()
"""What moto has for others in this process: `mock_aws`, or a server of moto's own."""

_in_place = _OUTSIDE


def leave_to_others() -> None:
    """Put in place what moto has for others in this process."""
    with _OUTSIDE:
        pass


def _put_in_place(wanted: MotoLock) -> None:
    global _in_place
    if wanted is _in_place:
        return
    _in_place._away = _take_away()
    known: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto has no other list
    for place, content in wanted._away:
        place.update(content)
        if isinstance(place, BackendDict) and place not in known:
            # `mock_aws` has emptied the list
            known.append(place)
    wanted._away, _in_place = [], wanted


def _take_away() -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
    """Empty the places of moto's state, and return each with what was there."""
    taken = []
    for place in _places():
        taken.append((place, dict(place)))
        place.clear()
    return taken


def _places() -> list[dict[Any, Any]]:
    known: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto has no other list
    # besides the state by account, such as the owners of all buckets
    beside = [value for each in known for value in vars(each).values() if isinstance(value, dict)]
    of_classes = [
        getattr(getattr(sys.modules[module], owner), name)
        for module, owner, name in _OF_CLASSES
        if module in sys.modules
    ]
    return [*known, *beside, *of_classes]
