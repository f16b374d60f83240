"""How far long work is: what may take seconds says so here, and whoever waits is shown it.

Nothing is shown or kept unless somebody watches, as a command at a terminal does.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sekisho.lazy import dataclass
from sekisho.messages import Message

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Task:
    """A part of what a command does, and how much of it is done.

    Attributes:
        label: what is being done, such as `Reading the account`.
        total: how many there are to do; 0 if nobody knows.
        done: how many of them are done.
        text: what is shown in place of all that; nothing if it is empty.
    """

    label: Message
    total: int = 0
    done: int = 0
    text: str | None = None

    def at(self, done: int, total: int) -> None:
        """Note how many are done, and of how many."""
        self.done, self.total = done, total


WORK: ContextVar[list[Task] | None] = ContextVar("WORK", default=None)
"""The work that is under way, each within the one before it; None while nobody watches."""


@contextmanager
def working_on(label: Message, total: int = 0) -> Iterator[Task]:
    """Return work that is under way until the block is left."""
    begun, under_way = Task(label, total), WORK.get()
    if under_way is None:
        yield begun
        return
    under_way.append(begun)
    try:
        yield begun
    finally:
        under_way.remove(begun)


def tracked(items: Collection[T], label: Message) -> Iterable[T]:
    """Return items; each is done when the next one is asked for."""
    return items if WORK.get() is None else _counted(items, label)


def _counted(items: Collection[T], label: Message) -> Iterator[T]:
    with working_on(label, len(items)) as work:
        for item in items:
            yield item
            work.done += 1
