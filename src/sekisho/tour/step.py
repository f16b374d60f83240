"""What a step of the tour is: what was asked, what AWS answered, and why.

A `Step` is only ever made by a `Scene` (scene.py) from calls that were made and checks that held.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum

from sekisho.messages import Message

__all__ = ["OK", "Cell", "Chapter", "Check", "Exchange", "Held", "Step", "Table", "Words"]

OK = "OK"
"""The answer of a call that AWS carried out; every other answer is AWS's error code."""

Cell = str | Message
"""What stands in a table: a name as it is, or a word in both languages."""


class Chapter(IntEnum):
    """The five parts of the tour."""

    BEFORE = 1
    POLICY = 2
    ATTACH = 3
    PEOPLE = 4
    AFTER = 5


class Held(Enum):
    """What a caller holds (the credential states of the design)."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    LONG_TERM_KEY = "long-term-key"
    CONSOLE_WITHOUT_MFA = "console-session-without-mfa"
    CONSOLE_WITH_MFA = "console-session-with-mfa"
    TOKEN_WITHOUT_MFA = "token-session-without-mfa"  # noqa: S105 - a kind, not a secret
    TOKEN_WITH_MFA = "token-session-with-mfa"  # noqa: S105 - a kind, not a secret
    ROLE_SESSION = "role-session"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, as they went over the wire.

    Attributes:
        caller: the user's name.
        operation: `service:Operation`, as the API names it.
        target: what it was about; "" where the operation says it all.
        expected: `OK` or AWS's error code.
        answer: `OK` or AWS's error code.
        message: AWS's own message; "" if the call was carried out.
        because: the statements that decided, from the endpoint's decision log.
        count: how many times the same call was made with the same answer.
        background: a read that a room made for itself, such as collecting a snapshot.
    """

    caller: str
    held: Held
    operation: str
    target: str
    expected: str
    answer: str
    message: str = ""
    because: tuple[Cell, ...] = ()
    count: int = 1
    background: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether AWS did what was asked."""
        return self.answer == OK


@dataclass(frozen=True, slots=True)
class Check:
    """Something that had to be so, and was."""

    what: Message
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Table:
    """Facts in rows."""

    title: Message
    columns: tuple[Message, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a step is called, and the plain sentence that says why it comes out as it does."""

    title: Message
    why: Message


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was performed and came out as it must.

    Attributes:
        id: stable, like `3.2-apply`.
        section: whose story it is a part of; "" in both languages where it is nobody's.
        why: what the step shows.
        notes: what else a reader should know, such as a plan's warnings.
        clock_moved: how far the endpoint's clock was moved instead of waiting.
        assumed: the names of the assumptions whose setting mattered.
    """

    id: str
    chapter: Chapter
    section: Message
    title: Message
    why: Message
    exchanges: tuple[Exchange, ...] = ()
    checks: tuple[Check, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[Message, ...] = ()
    clock_moved: timedelta = timedelta()
    assumed: tuple[str, ...] = ()
