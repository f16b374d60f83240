"""moto's state of one local AWS, in place while its lock is held.

moto looks for its state in objects of the whole process: in one dictionary for each service, and in
some attributes of classes. Several local AWSs share these, and each has its own content: whoever
takes the lock of one puts that content there, if another's is there. One lock is behind all, since
moto's handlers are of the process, too.
"""

import sys
from copy import copy
from threading import RLock
from types import TracebackType
from typing import Any, ClassVar, NamedTuple

from moto.core.base_backend import BackendDict
from moto.core.model_instances import model_data
from moto.s3.models import s3_backends

_EC2 = "moto.ec2.models"
_OF_CLASSES = (
    (f"{_EC2}.vpcs", "VPCBackend", "vpc_refs"),
    (f"{_EC2}.vpc_peering_connections", "VPCPeeringConnectionBackend", "vpc_pcx_refs"),
    (f"{_EC2}.transit_gateway_attachments", "TransitGatewayAttachmentBackend", "backend_refs"),
    ("moto.securityhub.models", "SecurityHubBackend", "_org_configs"),
)
"""The attributes of moto's classes that hold state: module, class, name."""


class _Place(NamedTuple):
    """A dictionary of moto's with its content, or an attribute with its value."""

    owner: Any
    name: str
    content: Any


class MotoLock:
    """The lock of one local AWS's state.

    Attributes:
        iam: its state of IAM, which may be read without the lock; None before it is made.
    """

    _all: ClassVar[RLock] = RLock()
    _held: ClassVar[list["MotoLock"]] = []

    def __init__(self) -> None:
        self.iam: Any = None
        self._away: list[_Place] = []

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
        """Let go of all state; the lock is held."""
        self.iam = None
        for of_account in s3_backends.values():
            # objects are open files
            of_account.reset()
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
    for place in wanted._away:
        if place.name:
            setattr(place.owner, place.name, place.content)
            continue
        place.owner.update(place.content)
        if place.owner not in known:
            # `mock_aws` has emptied the list
            known.append(place.owner)
    wanted._away, _in_place = [], wanted


def _take_away() -> list[_Place]:
    """Empty the places of moto's state, and return each with what was there."""
    known: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto has no other list
    named = [
        # besides the state by account, such as the owners of all buckets
        *(
            (each, name)
            for each in known
            for name in vars(each)
            if isinstance(vars(each)[name], dict)
        ),
        *(
            (model, "instances_tracked")
            for models in model_data.values()
            for model in models.values()
        ),
        *(
            (getattr(sys.modules[module], owner), name)
            for module, owner, name in _OF_CLASSES
            if module in sys.modules
        ),
    ]
    taken = [_Place(owner, name, getattr(owner, name)) for owner, name in named]
    for place in taken:
        empty = copy(place.content)
        empty.clear()
        setattr(place.owner, place.name, empty)
    for each in known:
        taken.append(_Place(each, "", dict(each)))
        each.clear()
    return taken
