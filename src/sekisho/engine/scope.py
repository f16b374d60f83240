"""What the elements of one statement are matched against."""

from typing import NamedTuple

from sekisho.engine.doubts import Doubts
from sekisho.engine.model import Request
from sekisho.engine.principals import Caller
from sekisho.policy.document import Version

__all__ = ["Scope"]


class Scope(NamedTuple):
    """A request, who makes it, the version of the document in hand, and the doubtful points.

    A tuple, like all that is made anew for every request: it takes a third of the time.
    """

    request: Request
    caller: Caller
    version: Version | None
    doubts: Doubts
