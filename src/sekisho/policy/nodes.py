"""JSON values with their positions in a text, or from decoded JSON without positions."""

import re
from collections.abc import Mapping
from math import isfinite

from sekisho.errors import Code, Fault, joined
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy.document import Position

NOWHERE = Position()
"""The position of a value that was not read from a text."""

MOST = 100
"""The most faults: nobody reads more, and hostile text could have one in each character."""


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
        """Record one fault; beyond the hundredth nothing is recorded."""
        if len(self._faults) < MOST:
            self._faults.append(Fault(code, message, path, position.line, position.column, fix))

    @property
    def full(self) -> bool:
        """Whether the input has too many faults for further reading to be useful."""
        return len(self._faults) >= MOST

    def sorted_faults(self) -> tuple[Fault, ...]:
        """Return the faults by their place in the text."""
        return tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))


DEEPEST = 32
"""The greatest depth: a policy nests seven deep, and this protects Python's stack."""


class ReadingStopped(Exception):
    """The text cannot be read further; the collector has the reason. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class TextNode:
    """A JSON string."""

    value: str
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class NumberNode:
    """A JSON number, as its text."""

    text: str
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class BooleanNode:
    """`true` or `false`."""

    value: bool
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class NullNode:
    """`null`."""

    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class ListNode:
    """A JSON array."""

    items: tuple["Node", ...]
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Member:
    """One key of an object with its value."""

    key: str
    value: "Node"
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """A JSON object; of a repeated key the first value is kept."""

    members: tuple[Member, ...]
    position: Position = NOWHERE


Node = TextNode | NumberNode | BooleanNode | NullNode | ListNode | ObjectNode


def kind_of(node: Node) -> Message:
    """Return the name of the kind of a value, for a message."""
    match node:
        case TextNode():
            return Message("a string")
        case NumberNode():
            return Message("a number")
        case BooleanNode():
            return Message("`true` or `false`")
        case NullNode():
            return Message("`null`")
        case ListNode():
            return Message("a list")
        case ObjectNode():
            return Message("an object")


_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def from_value(value: object, faults: Collector) -> Node:
    """Return decoded JSON as nodes without positions.

    Raises:
        ReadingStopped: if `value` is nested too deep or is not JSON.
    """
    return _from_value(value, (), faults)


def _from_value(value: object, path: tuple[str | int, ...], faults: Collector) -> Node:
    if len(path) > DEEPEST:
        faults.add(
            Code.POLICY_TOO_DEEP,
            Message("nested deeper than {most}").filled(most=DEEPEST),
            joined(path),
        )
        raise ReadingStopped
    match value:
        case list() | tuple():
            return ListNode(
                tuple(_from_value(item, (*path, n), faults) for n, item in enumerate(value))
            )
        case Mapping() if all(isinstance(key, str) for key in value):
            for key in value:
                _check_text(key, path, faults)
            return ObjectNode(
                tuple(
                    Member(key, _from_value(item, (*path, key), faults))
                    for key, item in value.items()
                )
            )
    return _scalar(value, path, faults)


def _scalar(value: object, path: tuple[str | int, ...], faults: Collector) -> Node:
    match value:
        case str():
            _check_text(value, path, faults)
            return TextNode(value)
        case bool():
            return BooleanNode(value)
        case None:
            return NullNode()
        case int() | float() if _within_range(value):
            return NumberNode(str(value))
        case int() | float():
            faults.add(Code.POLICY_NOT_JSON, Message("a number out of range"), joined(path))
        case _:
            message = Message("a `{name}` is not JSON").filled(name=type(value).__name__)
            faults.add(Code.POLICY_NOT_JSON, message, joined(path))
    raise ReadingStopped


def _within_range(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:
        # an integer that no float reaches
        return False


def _check_text(text: str, path: tuple[str | int, ...], faults: Collector) -> None:
    if _UNUSABLE.search(text):
        message = Message("a NUL or a lone surrogate in a string")
        faults.add(Code.POLICY_BAD_VALUE, message, joined(path), fix=Message("delete it"))
