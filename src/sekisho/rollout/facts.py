"""What every change has: an address, and the fact there before and after it."""

from dataclasses import fields
from enum import Enum
from typing import Any, ClassVar

__all__ = ["Creation", "Image", "Link", "Parting", "State"]

Image = Any
"""One fact of the account as JSON: None or false where there is no such thing."""


class State(Enum):
    """What is found at the address of a change."""

    BEFORE = "as before the change"
    AFTER = "as after the change"
    OTHER = "something else"


class Creation:
    """A change that makes something; its first field names it, the others are what is made."""

    __slots__ = ()
    noun: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]
    """The operations that tell what is there."""
    undone_by: ClassVar[str] = ""
    """The operation that takes it back, where one does that by itself."""
    reversible: ClassVar[bool] = True
    """Whether a roll-back can bring back what was there."""

    @property
    def operation(self) -> str:
        """IAM's operation that makes the change, which is called after it as a rule."""
        return type(self).__name__

    @property
    def address(self) -> str:
        """What this change is about."""
        return f"{self.noun} {self._values()[0][1]}"

    @property
    def before(self) -> Image:
        """There is no such thing."""
        return None

    @property
    def after(self) -> Image:
        """What was made."""
        return self._made()

    def state(self, actual: Image) -> State:
        """Return which of its images the change finds."""
        if actual == self.before:
            return State.BEFORE
        return State.AFTER if actual == self.after else State.OTHER

    def _made(self) -> dict[str, Any]:
        return dict(self._values()[1:])

    def _values(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]  # type: ignore[arg-type]  # every subclass is a dataclass


class Link(Creation):
    """A change that joins two things; its fields name them."""

    __slots__ = ()

    @property
    def address(self) -> str:
        """What this change is about."""
        return " ".join((self.noun, *(value for _, value in self._values())))

    @property
    def before(self) -> Image:
        """They are not joined."""
        return False

    @property
    def after(self) -> Image:
        """They are joined."""
        return True


class Parting(Link):
    """A change that parts two things that are joined."""

    __slots__ = ()

    @property
    def before(self) -> Image:
        """They are joined."""
        return True

    @property
    def after(self) -> Image:
        """They are not joined."""
        return False
