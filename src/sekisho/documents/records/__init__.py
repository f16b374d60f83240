"""Our own records as JSON and back, by cattrs: plans, lines of a journal.

What is read has to be exactly what is written: no key too many or too few, no value of another
type, no time without its zone. Nothing is converted on the way: 7 is no text, a text is no list.

A field of a dataclass has its name in camel case as its key.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from cattrs import BaseValidationError, Converter, override
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from sekisho.messages import Message

__all__ = ["WrongType", "leaves", "record_converter"]

_T = TypeVar("_T")


class WrongType(ValueError):
    """A value is not of the type that is declared where it stands."""


def record_converter(*, omit_defaults: bool = False) -> Converter:
    """Return a converter for dataclasses of texts, numbers, flags, times, enums and messages.

    Args:
        omit_defaults: whether fields are left out that have their default.
    """
    converter = Converter(forbid_extra_keys=True, omit_if_default=omit_defaults)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(datetime, _time)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook_func(lambda kind: kind is date, _day)
    converter.register_unstructure_hook_func(lambda kind: kind is date, date.isoformat)
    converter.register_structure_hook(Message, _message)
    converter.register_unstructure_hook(Message, Message.to_json)
    converter.register_structure_hook_factory(_is_tuple, lambda kind: _list_of(kind, converter))
    converter.register_structure_hook_factory(_is_mapping, lambda kind: _object_of(kind, converter))
    converter.register_structure_hook_factory(
        _is_record,
        lambda kind: make_dict_structure_fn(kind, converter, **_renamed(kind)),
    )
    converter.register_unstructure_hook_factory(
        _is_record,
        lambda kind: make_dict_unstructure_fn(
            kind, converter, _cattrs_omit_if_default=omit_defaults, **_renamed(kind)
        ),
    )
    return converter


def leaves(error: BaseException, place: str = "") -> Iterator[tuple[str, BaseException]]:
    """Yield what is wrong with a record that was not read, each with its place in the JSON."""
    if not isinstance(error, BaseValidationError):
        yield place, error
        return
    for inner in error.exceptions:
        note = next(iter(getattr(inner, "__notes__", ())), None)
        step = getattr(note, "name", None)
        if step is None:
            index = getattr(note, "index", None)
            where = place if index is None else f"{place}[{index}]"
        else:
            where = f"{place}.{camel(step)}" if place else camel(step)
        yield from leaves(inner, where)


def camel(name: str) -> str:
    """Return the key of a field: `snapshot_at` is `snapshotAt`."""
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and kind is not Message


def _renamed(kind: Any) -> dict[str, Any]:
    return {each.name: override(rename=camel(each.name)) for each in fields(kind)}


def _exactly(value: Any, kind: type[_T]) -> _T:
    if issubclass(kind, Enum):
        return kind(_exactly(value, str))
    if type(value) is not kind:
        raise WrongType(f"is no {kind.__name__}")
    return value


def _time(value: Any, _: type) -> datetime:
    found = datetime.fromisoformat(_exactly(value, str))
    if found.tzinfo is None:
        raise WrongType("is a time without a zone")
    return found


def _day(value: Any, _: type) -> date:
    return date.fromisoformat(_exactly(value, str))


def _message(value: Any, _: type) -> Message:
    texts = _exactly(value, dict)
    if {*texts} != {"en", "ja"} or not all(isinstance(each, str) for each in texts.values()):
        raise WrongType("is no text in both languages")
    return Message.of_json(texts)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list_of(kind: Any, converter: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    of = get_args(kind)[0]
    read = converter.get_structure_hook(list[of])  # type: ignore[valid-type]  # of a declaration
    return lambda value, _: tuple(read(_exactly(value, list), list[of]))  # type: ignore[valid-type]  # likewise


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _object_of(kind: Any, converter: Converter) -> Callable[[Any, Any], dict[str, Any]]:
    of = get_args(kind)[1]
    if of is Any:
        return lambda value, _: _exactly(value, dict)
    read = converter.get_structure_hook(of)
    return lambda value, _: {name: read(each, of) for name, each in _exactly(value, dict).items()}
