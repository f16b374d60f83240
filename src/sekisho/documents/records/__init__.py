"""Our own records as JSON and back, by cattrs: snapshots, plans, lines of a journal.

What is read has to be exactly what is written: no key too many or too few, no value of another
type, no time without its zone. Nothing is converted on the way: 7 is no text, a text is no list.
A record is read whole or not at all, and every fault in it is named with its path.

A field of a dataclass has its name in camel case as its key, or the one that `keyed` gives it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin

from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs import override as cattrs_override
from cattrs.cols import homogenous_tuple_structure_factory, is_mapping, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from sekisho.documents.json_text import camel_case
from sekisho.documents.shape import Shape
from sekisho.errors import Code, Fault, FaultyInput, InternalError, quoted
from sekisho.messages import Language, Message

__all__ = ["FaultyRecord", "Hook", "Records", "json_key", "keyed"]

_MOST = 2**53
"""Whole numbers up to here are the same in every reader of JSON."""

_ABSENT = object()
"""The value of a missing key, so that no default of the field hides that it is missing."""

Hook = Callable[[Any, Any], Any]
"""Reads a value; what it is declared as is the second argument."""

_T = TypeVar("_T")


def keyed(key: str = "", *, optional: bool = False) -> Mapping[str, Any]:
    """Return the metadata of a field that has another key, or is left out where it has its default.

    Args:
        key: the key; by default the field's name in camel case.
        optional: whether a field that has its default is left out; it may be absent then.
    """
    return {"key": key, "optional": optional}


class FaultyRecord(Exception):
    """A value is not what it should be; the paths of `faults` begin at the value."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


class _Missing(Exception):
    """There is no such key."""


class Records:
    """The JSON form of dataclasses of texts, numbers, flags, times, enums and messages.

    Args:
        code: the code of the faults of values that have the wrong shape.
        omit_defaults: whether a field that has its default is left out; it may be absent then.
        by_field: how the values of some fields are read, by their class and name.
    """

    def __init__(
        self,
        code: Code,
        *,
        omit_defaults: bool = False,
        by_field: Mapping[tuple[type, str], Hook] | None = None,
    ) -> None:
        self._code = code
        self._omit_defaults = omit_defaults
        self._by_field = by_field or {}
        self._converter = converter = Converter(forbid_extra_keys=True)
        converter.register_unstructure_hook(datetime, datetime.isoformat)
        converter.register_unstructure_hook_func(_is_day, date.isoformat)
        converter.register_unstructure_hook_func(_is_frozenset, sorted)
        converter.register_unstructure_hook_factory(_is_record, self._record_writer)
        converter.register_unstructure_hook(Message, Message.to_json)

        converter.register_structure_hook(str, self._text)
        converter.register_structure_hook(bool, self.leaf(Shape.flag))
        converter.register_structure_hook(int, self.leaf(lambda shape: shape.number(-_MOST, _MOST)))
        converter.register_structure_hook(datetime, self.leaf(_time))
        converter.register_structure_hook_func(_is_day, self.leaf(_day))
        converter.register_structure_hook_factory(_is_tuple, self._tuple_reader)
        converter.register_structure_hook_factory(_is_frozenset, self._set_reader)
        converter.register_structure_hook_factory(is_mapping, self._mapping_reader)
        converter.register_structure_hook_factory(_is_record, self._record_reader)
        # after the records in general: a message is read as it is written
        converter.register_structure_hook(Message, self.leaf(_message))

    def written(self, record: object) -> Any:
        """Return a record, or a part of one, as JSON values."""
        return self._converter.unstructure(record)

    def read(self, value: object, kind: type[_T]) -> _T:
        """Return the record of this class that decoded JSON holds.

        Raises:
            FaultyRecord: with every fault, each with its path.
        """
        try:
            return self._converter.structure(value, kind)
        except (BaseValidationError, FaultyRecord, FaultyInput) as error:
            faults = [*self._faults(error, "")]
        # outside the handler: an error of the converter carries values
        raise FaultyRecord(faults)

    def add(self, kind: Any, read: Hook, write: Callable[[Any], Any]) -> None:
        """Read and write the values of a class in a way of their own."""
        self._converter.register_structure_hook(kind, read)
        self._converter.register_unstructure_hook(kind, write)

    def leaf(self, read: Callable[[Shape], Any]) -> Hook:
        """Return a hook that reads a value which has no parts."""

        def hook(value: Any, _: Any) -> Any:
            if value is _ABSENT:
                raise _Missing
            faults: list[Fault] = []
            shape = Shape(value, "", faults, code=self._code)
            if value is None:
                shape.fault(Message("must not be null"))
            leaf = read(shape)
            if faults:
                raise FaultyRecord(faults)
            return leaf

        return hook

    def _text(self, value: Any, kind: Any) -> str:
        """Read a text or, as the converter asks here for its subclasses too, one of an enum."""
        text = self.leaf(Shape.text)(value, kind)
        if issubclass(kind, StrEnum) and text not in {*kind}:
            names = ", ".join(f"`{each}`" for each in kind)
            message = Message("{text} is not one of {names}").filled(text=quoted(text), names=names)
            raise FaultyRecord([Fault(self._code, message)])
        return kind(text)  # type: ignore[no-any-return] # `str`, or an enum of texts

    def _record_writer(self, kind: Any) -> Callable[[Any], Any]:
        named: Any = {
            each.name: cattrs_override(
                rename=json_key(each), omit_if_default=each.metadata.get("optional")
            )
            for each in fields(kind)
        }
        write = make_dict_unstructure_fn(
            kind, self._converter, _cattrs_omit_if_default=self._omit_defaults, **named
        )
        if not any(each.metadata.get("optional") for each in fields(kind)):
            return write
        keys = [json_key(each) for each in fields(kind)]

        def in_order(record: Any) -> Any:
            # the converter writes what it may leave out last
            found = write(record)
            return {key: found[key] for key in keys if key in found}

        return in_order

    def _record_reader(self, kind: Any) -> Hook:
        named: Any = {
            each.name: cattrs_override(
                rename=json_key(each), struct_hook=self._by_field.get((kind, each.name))
            )
            for each in fields(kind)
        }
        read = make_dict_structure_fn(
            kind, self._converter, _cattrs_forbid_extra_keys=True, **named
        )
        absent = {json_key(each): _ABSENT for each in fields(kind) if self._must_be_there(each)}
        return self._whole(dict, lambda value: read({**absent, **value}, kind))

    def _must_be_there(self, field: Field[Any]) -> bool:
        if not (self._omit_defaults or field.metadata.get("optional")):
            return True
        return field.default is MISSING and field.default_factory is MISSING

    def _mapping_reader(self, kind: Any) -> Hook:
        if get_args(kind)[1] is Any:
            # AWS's own form, or a policy: whoever uses it reads it
            return self._whole(dict, lambda value: value)
        read = mapping_structure_factory(kind, self._converter)
        return self._whole(dict, lambda value: read(value, kind))

    def _set_reader(self, kind: Any) -> Hook:
        read = self._items(kind)
        return self._whole(list, lambda value: frozenset(read(value, kind)))

    def _tuple_reader(self, kind: Any) -> Hook:
        read, arguments = self._items(kind), get_args(kind)
        if arguments[-1] is Ellipsis:
            return self._whole(list, lambda value: read(value, kind))

        def exactly(value: list[Any]) -> Any:
            if len(value) != len(arguments):
                counts = {"wanted": len(arguments), "found": len(value)}
                message = Message("must have {wanted} items, not {found}").filled(**counts)
                raise FaultyRecord([Fault(self._code, message)])
            return read(value, kind)

        return self._whole(list, exactly)

    def _items(self, kind: Any) -> Hook:
        """Return the hook for the items of a list, which are all of one type."""
        several: Any = GenericAlias(tuple, (get_args(kind)[0], ...))
        read = homogenous_tuple_structure_factory(several, self._converter)
        return lambda value, _: read(value, several)

    def _whole(
        self, kind: type[dict[str, Any]] | type[list[Any]], read: Callable[[Any], Any]
    ) -> Hook:
        """Return a hook that reads the parts of an object or a list."""
        check = self.leaf(Shape.entries if kind is dict else Shape.items)

        def hook(value: Any, target: Any) -> Any:
            if not isinstance(value, kind):
                check(value, target)
            return read(value)

        return hook

    def _faults(self, error: Exception, path: str) -> Iterator[Fault]:
        """Yield the faults that the converter's errors stand for, each with its place."""
        match error:
            case ClassValidationError():
                named, others = error.group_exceptions()
                keys = {each.name: json_key(each) for each in fields(error.cl)}
                parts = [(each, keys[note.name]) for each, note in named]
                yield from self._parts_faults(parts, path)
                yield from chain(*(self._faults(each, path) for each in others))
            case IterableValidationError():
                items, _ = error.group_exceptions()
                yield from self._parts_faults([(each, note.index) for each, note in items], path)
            case ForbiddenExtraKeysError():
                for key in sorted(error.extra_fields):
                    message = Message("the key {name} is not allowed here").filled(name=quoted(key))
                    yield Fault(self._code, message, path)
            case FaultyInput() | FaultyRecord():
                for fault in error.faults:
                    yield replace(fault, path=f"{path}.{fault.path}".strip("."))
            case _:
                raise InternalError(f"a record cannot be read: {type(error).__name__}")

    def _parts_faults(self, parts: Iterable[tuple[Exception, Any]], path: str) -> Iterator[Fault]:
        """Yield the faults of parts: fields by their key, items of a list by their number."""
        for error, key in parts:
            if isinstance(error, _Missing):
                message = Message("`{name}` is missing").filled(name=key)
                yield Fault(self._code, message, path)
            else:
                shown = f"[{key}]" if isinstance(key, int) else f".{quoted(key)[1:-1]}"
                yield from self._faults(error, f"{path}{shown}".removeprefix("."))


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_frozenset(kind: Any) -> bool:
    return get_origin(kind) is frozenset


def _is_day(kind: Any) -> bool:
    return kind is date


def json_key(field: Field[Any]) -> str:
    """Return the key of a field: its name in camel case, if it has no other."""
    return str(field.metadata.get("key") or camel_case(field.name))


def _time(shape: Shape) -> datetime | None:
    _not_empty(shape)
    time = shape.time()
    # a shape takes a time without a zone for one in UTC: AWS prints such, we do not
    if not shape.faults and datetime.fromisoformat(shape.text()).tzinfo is None:
        shape.fault(Message("must have a time zone, like `+00:00`"))
    return time


def _day(shape: Shape) -> date | None:
    _not_empty(shape)
    return shape.day()


def _not_empty(shape: Shape) -> None:
    # a shape reads an empty text as none; here it would mean "never"
    if shape.raw == "":
        shape.fault(Message("must not be empty"))


def _message(shape: Shape) -> Message:
    got = shape.members(tuple(Language))
    return Message.both(got[Language.EN].text(), got[Language.JA].text())
