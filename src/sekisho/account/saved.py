"""A snapshot as one JSON file: it loads without AWS, and equals what was saved.

The file has every field of the snapshot under its name in camelCase. Each must be there and no
other: a part that is left out is a fault, and never means "none". A snapshot holds no secret, but
it says who can do what: the file is its owner's alone (0600).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from dataclasses import replace as replaced
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from itertools import chain
from pathlib import Path
from types import GenericAlias
from typing import Any, TypeVar, get_args

from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.cols import homogenous_tuple_structure_factory, is_mapping, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from sekisho.account.model import Role, Snapshot
from sekisho.documents import Shape, decoded_json, text_of_file, write_private
from sekisho.engine import Level
from sekisho.errors import Code, Fault, FaultyAccount, FaultyPolicy, InternalError, quoted
from sekisho.messages import Language, Message
from sekisho.policy import Document, PolicyKind, from_json, to_json

SNAPSHOT_SCHEMA = "sekisho.snapshot/1"
"""The name of the form; another number means another form."""

_MOST = 2**53
"""Whole numbers up to here are the same in every reader of JSON."""

_ABSENT = object()
"""The value of a missing key, so that no default of the field hides that it is missing."""

T = TypeVar("T")
_Hook = Callable[[Any, Any], Any]


def dump_snapshot(snapshot: Snapshot) -> str:
    """Return the snapshot as JSON text; equal snapshots give equal texts."""
    value = {"schema": SNAPSHOT_SCHEMA, **_converter(PolicyKind.IDENTITY).unstructure(snapshot)}
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def save_snapshot(snapshot: Snapshot, path: str | Path, *, replace: bool = False) -> None:
    """Save the snapshot to a file with mode 0600, whole or not at all.

    Raises:
        SekishoError: `output.unwritable`, if there is such a file already (unless `replace`) or
            it cannot be written.
    """
    write_private(path, dump_snapshot(snapshot), replace=replace)


def load_snapshot(path: str | Path) -> Snapshot:
    """Load a snapshot from a file.

    Raises:
        FaultyAccount: with every fault, each with its path.
    """
    return read_snapshot(decoded_json(text_of_file(path, FaultyAccount), str(path)), str(path))


def read_snapshot(value: object, source: str) -> Snapshot:
    """Return the snapshot that decoded JSON holds; `source` is what errors call it.

    Raises:
        FaultyAccount: with every fault, each with its path.
    """
    if not isinstance(value, dict) or value.get("schema") != SNAPSHOT_SCHEMA:
        raise FaultyAccount(source, [_other_form(value)])
    body = {key: item for key, item in value.items() if key != "schema"}
    try:
        found = _converter(PolicyKind.IDENTITY).structure(body, Snapshot)
    except BaseValidationError as error:
        faults = [*_faults(error, "")]
    else:
        faults = [*_contradictions(found)]
        if not faults:
            return found
    # outside the handler: an error of the converter carries values
    raise FaultyAccount(source, faults)


def _other_form(value: object) -> Fault:
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, str) and schema.startswith("sekisho.snapshot/"):
        message = Message("is a snapshot of another form, {schema}; this is `{known}`").filled(
            schema=quoted(schema), known=SNAPSHOT_SCHEMA
        )
        fix = Message("collect the account again with this version of sekisho")
        return Fault(Code.ACCOUNT_BAD_SHAPE, message, "schema", fix=fix)
    message = Message("is no snapshot: `schema` must be `{schema}`").filled(schema=SNAPSHOT_SCHEMA)
    return Fault(
        Code.ACCOUNT_BAD_SHAPE, message, "schema", fix=Message("`sekisho collect` writes one")
    )


def _contradictions(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield names that are there twice, and policies under another's ARN."""
    for section in ("users", "groups", "roles"):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(snapshot, section)):
            if entry.name in seen:
                message = Message("{name} is there twice").filled(name=quoted(entry.name))
                path = f"{section}[{index}].name"
                yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
            seen.add(entry.name)
    for arn, policy in snapshot.policies.items():
        if policy.arn != arn:
            path = f"policies.{quoted(arn)[1:-1]}.arn"
            yield Fault(
                Code.ACCOUNT_BAD_REFERENCE, Message("must be {arn}").filled(arn=quoted(arn)), path
            )


@cache
def _converter(kind: PolicyKind) -> Converter:
    """Return the converter of snapshots; `kind` is that of documents whose owner says no other."""
    made = Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_unstructure_hook(Document, to_json)
    made.register_unstructure_hook(Message, Message.to_json)
    made.register_unstructure_hook_func(_is_frozenset, sorted)
    made.register_unstructure_hook_factory(_is_record, partial(_record_writer, made))

    made.register_structure_hook(str, _text)
    made.register_structure_hook(bool, _leaf(Shape.flag))
    made.register_structure_hook(int, _leaf(lambda shape: shape.number(-_MOST, _MOST)))
    made.register_structure_hook(datetime, _leaf(_time))
    made.register_structure_hook(Document, _leaf(partial(_document, kind)))
    made.register_structure_hook_factory(_is_tuple, partial(_tuple_reader, made))
    made.register_structure_hook_factory(_is_frozenset, partial(_set_reader, made))
    made.register_structure_hook_factory(is_mapping, partial(_mapping_reader, made))
    made.register_structure_hook_factory(_is_record, partial(_record_reader, made))
    # after the records in general: a message is read as it is written
    made.register_structure_hook(Message, _leaf(_message))
    return made


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


def _is_tuple(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _is_frozenset(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is frozenset


@cache
def _keys(kind: type) -> Mapping[str, str]:
    """Return each field's key in JSON by its name in Python."""
    return {field.name: _camel(field.name) for field in fields(kind)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _record_writer(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    renamed: dict[str, Any] = {name: override(rename=key) for name, key in _keys(kind).items()}
    return make_dict_unstructure_fn(kind, converter, **renamed)


def _record_reader(converter: Converter, kind: Any) -> _Hook:
    keys = _keys(kind)
    renamed: dict[str, Any] = {
        name: override(rename=key, struct_hook=_BY_OWNER.get((kind, name)))
        for name, key in keys.items()
    }
    read = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **renamed)
    absent = dict.fromkeys(keys.values(), _ABSENT)
    return _of(dict, lambda value: read({**absent, **value}, kind))


def _mapping_reader(converter: Converter, kind: Any) -> _Hook:
    read = mapping_structure_factory(kind, converter)
    return _of(dict, lambda value: read(value, kind))


def _set_reader(converter: Converter, kind: Any) -> _Hook:
    return _of(list, lambda value: frozenset(_items(converter, kind)(value, kind)))


def _tuple_reader(converter: Converter, kind: Any) -> _Hook:
    read, arguments = _items(converter, kind), get_args(kind)
    if arguments[-1] is Ellipsis:
        return _of(list, lambda value: read(value, kind))

    def exactly(value: list[Any]) -> Any:
        if len(value) != len(arguments):
            counts = {"wanted": len(arguments), "found": len(value)}
            message = Message("must have {wanted} items, not {found}").filled(**counts)
            raise _Faulty([Fault(Code.ACCOUNT_BAD_SHAPE, message)])
        return read(value, kind)

    return _of(list, exactly)


def _items(converter: Converter, kind: Any) -> _Hook:
    """Return the hook for the items of a list, which are all of one type."""
    several: Any = GenericAlias(tuple, (get_args(kind)[0], ...))
    read = homogenous_tuple_structure_factory(several, converter)
    return lambda value, _: read(value, several)


class _Missing(Exception):
    """There is no such key."""


class _Faulty(Exception):
    """A value is not what it should be; the paths of `faults` begin at the value."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


def _leaf(read: Callable[[Shape], T]) -> Callable[[Any, Any], T]:
    """Return a hook that reads a value which has no parts."""

    def hook(value: Any, _: Any) -> T:
        if value is _ABSENT:
            raise _Missing
        faults: list[Fault] = []
        shape = Shape(value, "", faults)
        if value is None:
            shape.fault(Message("must not be null"))
        found = read(shape)
        if faults:
            raise _Faulty(faults)
        return found

    return hook


def _of(kind: type[dict[str, Any]] | type[list[Any]], read: Callable[[Any], Any]) -> _Hook:
    """Return a hook that reads the parts of an object or a list."""
    check = _leaf(Shape.entries if kind is dict else Shape.items)

    def hook(value: Any, target: Any) -> Any:
        if not isinstance(value, kind):
            check(value, target)
        return read(value)

    return hook


def _text(value: Any, kind: Any) -> str:
    """Read a text or, as the converter asks here for its subclasses too, one of an enum."""
    text = _leaf(Shape.text)(value, kind)
    if issubclass(kind, StrEnum) and text not in {*kind}:
        names = ", ".join(f"`{each}`" for each in kind)
        message = Message("{text} is none of {names}").filled(text=quoted(text), names=names)
        raise _Faulty([Fault(Code.ACCOUNT_BAD_SHAPE, message)])
    return kind(text)  # type: ignore[no-any-return] # `str`, or an enum of texts


def _time(shape: Shape) -> datetime | None:
    # a shape reads an empty text as no time; here it would mean "never"
    if shape.raw == "":
        shape.fault(Message("must not be empty"))
    return shape.time()


def _message(shape: Shape) -> Message:
    got = shape.members(tuple(Language))
    return Message.both(got[Language.EN].text(), got[Language.JA].text())


def _document(kind: PolicyKind, shape: Shape) -> Document | None:
    # no text: what is null or absent has its fault already
    return None if shape.faults else from_json(shape.raw, source="snapshot", kind=kind)


_BY_OWNER: Mapping[tuple[type, str], _Hook] = {
    (Role, "trust"): _leaf(partial(_document, PolicyKind.TRUST)),
    (Level, "policies"): lambda value, kind: _converter(PolicyKind.SCP).structure(value, kind),
}
"""How documents are read whose field makes them of another kind."""


def _faults(error: Exception, path: str) -> Iterator[Fault]:
    """Yield the faults that the converter's errors stand for, each with its place."""
    match error:
        case ClassValidationError():
            named, others = error.group_exceptions()
            parts = [(each, _camel(note.name)) for each, note in named]
            yield from chain(
                *(_part_faults(*part, path) for part in parts),
                *(_faults(each, path) for each in others),
            )
        case IterableValidationError():
            items, _ = error.group_exceptions()
            yield from chain(*(_part_faults(each, note.index, path) for each, note in items))
        case ForbiddenExtraKeysError():
            for key in sorted(error.extra_fields):
                message = Message("the key {name} is not known here").filled(name=quoted(key))
                yield Fault(Code.ACCOUNT_BAD_SHAPE, message, path)
        case FaultyPolicy() | _Faulty():
            for fault in error.faults:
                yield replaced(fault, path=f"{path}.{fault.path}".rstrip("."))
        case _:
            raise InternalError(f"a snapshot cannot be read: {type(error).__name__}")


def _part_faults(error: Exception, key: str | int, path: str) -> Iterator[Fault]:
    shown = f"[{key}]" if isinstance(key, int) else f".{quoted(key)[1:-1]}"
    if isinstance(error, _Missing):
        message = Message("`{name}` is missing").filled(name=key)
        yield Fault(Code.ACCOUNT_BAD_SHAPE, message, path)
    else:
        yield from _faults(error, f"{path}{shown}".removeprefix("."))
