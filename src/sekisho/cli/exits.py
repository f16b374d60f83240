"""How a run ends: its exit code, which one wins when several hold, the language of its errors."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from sekisho.messages import Language


class Exit(IntEnum):
    """What the process tells its caller."""

    CLEAN = 0
    ERROR = 1
    CHANGES = 2
    FINDINGS = 3
    UNKNOWN = 4
    NOT_YET = 5
    """MFA is not enforced, though nothing is allowed without it as the policies are."""
    USAGE = 64


_ORDER = (
    *(Exit.USAGE, Exit.ERROR, Exit.UNKNOWN, Exit.FINDINGS),
    *(Exit.NOT_YET, Exit.CHANGES, Exit.CLEAN),
)


def worst(exits: Iterable[Exit]) -> Exit:
    """Return the exit code that goes before the others: 64, 1, 4, 3, 5, 2, 0."""
    found = set(exits)
    return next((code for code in _ORDER if code in found), Exit.CLEAN)


@dataclass(slots=True)
class Spoken:
    """The language of a run, known once a command has read its options: errors are shown in it."""

    language: Language
