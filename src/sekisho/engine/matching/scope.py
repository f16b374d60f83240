"""What the elements of a statement are matched against."""

from typing import NamedTuple

from sekisho.engine.matching.assumptions import TrackedAssumptions
from sekisho.engine.matching.principals import Caller
from sekisho.engine.model import Request
from sekisho.policy import Version


class Scope(NamedTuple):
    """A request, who makes it, the version of the document in hand, and the assumptions.

    A tuple, like all that is made anew for every request: it takes a third of the time.
    """

    request: Request
    caller: Caller
    version: Version | None
    tracked: TrackedAssumptions
