"""Whether values that were read are what the classes declare: JSON can hold anything anywhere."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

__all__ = ["misfits"]


def misfits(value: Any, kind: Any, place: str = "") -> Iterator[str]:
    """Yield the places of what is not of its declared type, or is a time without a zone."""
    origin, of = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin is None:
        yield from _plain(value, kind, place)
    elif origin is UnionType:
        if all([*misfits(value, each, place)] for each in of):
            yield place
    elif not isinstance(value, origin):
        yield place
    else:
        for inner, declared, where in _inside(value, of, place):
            yield from misfits(inner, declared, where)


def _plain(value: Any, kind: Any, place: str) -> Iterator[str]:
    if type(value) is not kind or (isinstance(value, datetime) and value.tzinfo is None):
        yield place
    elif is_dataclass(kind):
        declared = get_type_hints(kind)
        for field in fields(kind):
            where = f"{place}.{field.name}" if place else field.name
            yield from misfits(getattr(value, field.name), declared[field.name], where)


def _inside(value: Any, of: tuple[Any, ...], place: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield what a tuple or mapping holds, each with its declared type and its place."""
    if isinstance(value, tuple):
        yield from ((item, of[0], f"{place}[{at}]") for at, item in enumerate(value))
    else:
        for key, item in value.items():
            yield from ((key, of[0], place), (item, of[1], f"{place}.{key}"))
