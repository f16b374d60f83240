"""Collecting every fault of a document instead of stopping at the first."""

from collections.abc import Iterable
from difflib import get_close_matches

from sekisho.errors import Code, Fault
from sekisho.language import printable
from sekisho.policy.document import Position

__all__ = ["NOWHERE", "Collector", "joined", "meant", "quoted"]

NOWHERE = Position()
"""The position of what was not read from a text."""

MOST = 100
"""No person reads more faults than this, and hostile text could have one a character."""

_SHOWN = 60
_SHOWN_PARTS = 12


def quoted(text: str) -> str:
    """Return `text` in backticks, on one line and not longer than a message can bear."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "`" + printable(shown).replace("`", "\\u0060") + "`"


def meant(name: str, known: Iterable[str], otherwise: str = "write its exact name") -> str:
    """Return the cure for a name that is not among those known: the one most like it, if any is."""
    folded = {each.lower(): each for each in known}
    near = next(iter(get_close_matches(name.lower(), folded, n=1)), None)
    return f"did you mean {quoted(folded[near])}?" if near is not None else otherwise


def joined(path: Iterable[str | int]) -> str:
    """Return a path as faults print it: `Statement[2].Condition.Bool`."""
    text = ""
    parts = tuple(path)
    for part in parts[:_SHOWN_PARTS]:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = quoted(part)[1:-1]
            text += f".{name}" if text else name
    return text if len(parts) <= _SHOWN_PARTS else f"{text}…"


class Collector:
    """The faults found so far in one input, in the order found."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def add(
        self,
        code: Code,
        message: str,
        path: str = "",
        position: Position = NOWHERE,
        *,
        cure: str = "",
    ) -> None:
        """Note one fault; beyond the hundredth nothing is noted."""
        if len(self._faults) < MOST:
            self._faults.append(Fault(code, message, path, position.line, position.column, cure))

    @property
    def full(self) -> bool:
        """Whether the input is so broken that reading on helps nobody."""
        return len(self._faults) >= MOST

    def found(self) -> tuple[Fault, ...]:
        """Return the faults by their place in the text."""
        return tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))
