"""Frozen dataclasses to plain JSON values and back, by their fields' types.

Keys are the fields' names in camelCase. Every field is written and every field must be there: a
part that is left out is a fault, never taken for "none".
"""

import types
from collections.abc import Callable, Mapping
from collections.abc import Mapping as AbstractMapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from sekisho.documents.shape import Shape
from sekisho.errors import Fault, FaultyPolicy, InternalError, quoted
from sekisho.messages import Language, Message
from sekisho.policy import Document, PolicyKind, from_json, to_json

__all__ = ["read_record", "to_plain"]

_MOST = 2**53
"""Whole numbers up to here are the same in every reader of JSON."""

T = TypeVar("T")
_Reader = Callable[[Shape], Any]


def to_plain(value: Any) -> Any:
    """Return a record, or a value of one, as JSON values; sets are sorted."""
    match value:
        case None | bool() | int() | str():
            return str(value) if isinstance(value, StrEnum) else value
        case datetime():
            return value.isoformat()
        case Document():
            return to_json(value)
        case Message():
            return value.to_json()
        case AbstractMapping():
            return {str(key): to_plain(item) for key, item in value.items()}
        case frozenset():
            return sorted(to_plain(item) for item in value)
        case tuple():
            return [to_plain(item) for item in value]
        case _:
            kind: Any = type(value)
            return {key: to_plain(getattr(value, name)) for name, key in _names(kind)}


def read_record(shape: Shape, kind: type[T]) -> T | None:
    """Return the record of this class that the shape holds; None if there is any fault in it."""
    before = len(shape.faults)
    found: T | None = _record(kind)(shape)
    return found if len(shape.faults) == before else None


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return each field's name, as it is in Python and as it is in JSON."""
    if not is_dataclass(kind):
        raise InternalError(f"a `{kind}` in a record")
    return tuple((field.name, _camel(field.name)) for field in fields(kind))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@cache
def _reader(kind: Any) -> _Reader:
    """Return the reader for a type as a field declares it."""
    if kind in _PLAIN:
        return _given(_PLAIN[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType and type(None) in arguments:
        (inner,) = (each for each in arguments if each is not type(None))
        return _optional(_reader(inner))
    if origin is tuple:
        return _given(_tuple(arguments))
    if origin is frozenset:
        return _given(_all(arguments[0], frozenset))
    if origin is Mapping:
        return _given(_mapping(_reader(arguments[1])))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _given(_choice(kind))
    if isinstance(kind, type) and is_dataclass(kind):
        return _given(_record(kind))
    raise InternalError(f"a field of type `{kind}` in a record")


def _given(read: _Reader) -> _Reader:
    """Return a reader that takes a null for a fault."""

    def given(shape: Shape) -> Any:
        if shape.raw is None:
            shape.fault("must not be null")
            return None
        return None if shape.absent else read(shape)

    return given


def _optional(read: _Reader) -> _Reader:
    return lambda shape: None if shape.absent else read(shape)


def _tuple(arguments: tuple[Any, ...]) -> _Reader:
    if arguments[-1] is Ellipsis:
        return _all(arguments[0], tuple)
    return _exactly(tuple(_reader(each) for each in arguments))


def _all(kind: Any, collect: Callable[[Any], Any]) -> _Reader:
    read = _reader(kind)
    return lambda shape: collect(read(item) for item in shape.items())


def _exactly(readers: tuple[_Reader, ...]) -> _Reader:
    def read(shape: Shape) -> Any:
        items = shape.items()
        if len(items) != len(readers):
            shape.fault(f"must have {len(readers)} items, not {len(items)}")
        return tuple(reader(item) for reader, item in zip(readers, items, strict=False))

    return read


def _mapping(read: _Reader) -> _Reader:
    return lambda shape: {key: read(item) for key, item in shape.entries()}


def _choice(kind: type[StrEnum]) -> _Reader:
    members = {str(member): member for member in kind}

    def read(shape: Shape) -> StrEnum | None:
        text = shape.text()
        if text not in members and isinstance(shape.raw, str):
            shape.fault(f"{quoted(text)} is none of {', '.join(f'`{each}`' for each in members)}")
        return members.get(text)

    return read


def _record(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = tuple((name, key, _reader(hints[name])) for name, key in _names(kind))
    keys = tuple(key for _, key, _ in readers)

    def read(shape: Shape) -> Any:
        got = shape.members(keys)
        values = {name: reader(got[key]) for name, key, reader in readers}
        # a record of wrong parts is not made; its faults are noted
        return kind(**values) if not shape.faults else None

    return read


def _document(shape: Shape) -> Document | None:
    try:
        return from_json(shape.raw, source=shape.path, kind=_kind_of(shape.path))
    except FaultyPolicy as error:
        for fault in error.faults:
            inner = f"{shape.path}.{fault.path}" if fault.path else shape.path
            shape.faults.append(Fault(fault.code, fault.message, inner, fix=fault.fix))
        return None


def _message(shape: Shape) -> Message:
    got = shape.members(tuple(Language))
    return Message.both(got[Language.EN].text(), got[Language.JA].text())


def _kind_of(path: str) -> PolicyKind:
    """Return the kind of policy by where it stands in the snapshot."""
    if path.startswith("scps["):
        return PolicyKind.SCP
    return PolicyKind.TRUST if path.endswith("].trust") else PolicyKind.IDENTITY


_PLAIN: Mapping[Any, _Reader] = {
    str: Shape.text,
    bool: Shape.flag,
    int: lambda shape: shape.number(-_MOST, _MOST),
    datetime: Shape.time,
    Document: _document,
    Message: _message,
}
