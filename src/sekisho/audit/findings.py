"""What a finding is: one thing that is wrong, where, the fact behind it, and what to do."""

from dataclasses import dataclass, field
from enum import StrEnum

from sekisho.messages import Message
from sekisho.policy import Position

__all__ = ["Finding", "Place", "Severity"]


class Severity(StrEnum):
    """How much a finding matters.

    An error means that AWS refuses the policy or that it does not do what it is for; a warning,
    that it harms somebody or surely is not what was meant; a note is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is.

    Attributes:
        document: the name under which the document was given.
        statement: the statement's index, counted from 0; None for the whole document.
        sid: the statement's Sid, or None.
        path: where in the document, like `Statement[2].Condition.Bool`; "" for the whole.
        position: line and column; (0, 0) if the document was not read from a text.
    """

    document: str
    statement: int | None = None
    sid: str | None = None
    path: str = ""
    position: Position = field(default=Position())


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        id: stable, `family.name`; docs/reference/findings.md explains every one.
        fact: the raw fact behind it: AWS's own message, which is English in both languages, or a
            request and the engine's answer.
        title: what is wrong, in a few words.
        cause: why that is so.
        fix: what to do.
    """

    id: str
    severity: Severity
    place: Place
    fact: Message
    title: Message
    cause: Message
    fix: Message
