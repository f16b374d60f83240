"""What the elements of one statement are matched against."""

from dataclasses import dataclass

from sekisho.engine.doubts import Doubts
from sekisho.engine.model import Request
from sekisho.engine.principals import Caller
from sekisho.policy.document import Version

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A request, who makes it, the version of the document in hand, and the doubtful points."""

    request: Request
    caller: Caller
    version: Version | None
    doubts: Doubts
