"""Collecting every fault of a document instead of stopping at the first."""

from sekisho.errors import Code, Fault
from sekisho.messages import Message
from sekisho.policy.document import Position

__all__ = ["NOWHERE", "Collector"]

NOWHERE = Position()
"""The position of what was not read from a text."""

MOST = 100
"""No person reads more faults than this, and hostile text could have one a character."""


class Collector:
    """The faults found so far in one input, in the order found."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(
        self,
        code: Code,
        message: Message,
        path: str = "",
        position: Position = NOWHERE,
        *,
        fix: Message | None = None,
    ) -> None:
        """Note one fault; beyond the hundredth nothing is noted."""
        if len(self._faults) < MOST:
            self._faults.append(Fault(code, message, path, position.line, position.column, fix))

    @property
    def full(self) -> bool:
        """Whether the input is so broken that reading on helps nobody."""
        return len(self._faults) >= MOST

    def found(self) -> tuple[Fault, ...]:
        """Return the faults by their place in the text."""
        return tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))
