"""JSON Schemas (2020-12) in a short notation: values, objects, and what dataclasses of records say.

What has a name is a definition of its own, and each schema carries those that it needs: one file is
enough for whoever reads it.
"""

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from sekisho.documents.records import json_key
from sekisho.messages import Message
from sekisho.policy import Document

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS: dict[str, Schema] = {}
"""What has a name, by it."""

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
ANYTHING: Schema = {}


def named(name: str, schema: Schema) -> Schema:
    """Return a reference to a schema that has a name from now on."""
    if DEFINITIONS.setdefault(name, schema) != schema:
        raise ValueError(f"two schemas are called {name}")
    return {"$ref": f"#/$defs/{name}"}


def described(schema: Schema, text: str) -> Schema:
    """Return a schema with the text that editors show."""
    return {"description": text, **schema}


def an_object(members: Mapping[str, Schema], **more: Any) -> Schema:
    """Return the schema of an object of these members alone; `key?` is one that may be absent."""
    required = [key for key in members if not key.endswith("?")]
    properties = {key.removesuffix("?"): each for key, each in members.items()}
    found: Schema = {"type": "object", **more, "properties": properties}
    return {
        **found,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def listed(item: Schema, **more: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item, **more}


TEXTS = listed(TEXT)


def by_name(item: Schema) -> Schema:
    """Return the schema of an object whose keys are names."""
    return {"type": "object", "additionalProperties": item}


def one_of(values: type[Enum] | Iterable[str]) -> Schema:
    """Return the schema of one of some texts, or of an enum of texts."""
    return {"enum": [each.value if isinstance(each, Enum) else each for each in values]}


def maybe(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    match schema:
        case {"description": str(text), **others}:
            return {"description": text, **maybe(others)}
        case {"type": str(kind), **others}:
            return {"type": [kind, "null"], **others}
        case {"enum": list(values), **others}:
            return {"enum": [*values, None], **others}
        case _:
            return {"anyOf": [schema, {"type": "null"}]}


MESSAGE = named("message", an_object({"en": TEXT, "ja": TEXT}, title="A text in both languages"))
POLICY = named("policy", {"type": "object", "title": "A policy document, as IAM has it"})

_LEAVES: Mapping[Any, Schema] = {
    str: TEXT,
    bool: FLAG,
    int: NUMBER,
    datetime: TIME,
    date: DAY,
    Message: MESSAGE,
    Document: POLICY,
    Any: ANYTHING,
}


def record(kind: type, others: Mapping[Any, Schema] | None = None) -> Schema:
    """Return a reference to the schema of a record, as `documents.records` writes it.

    Args:
        kind: the dataclass.
        others: the schemas of classes that are written in a way of their own.
    """
    name = kind.__name__[:1].lower() + kind.__name__[1:]
    if name not in DEFINITIONS:
        named(name, an_object(record_members(kind, others)))
    return {"$ref": f"#/$defs/{name}"}


def record_members(kind: type, others: Mapping[Any, Schema] | None = None) -> dict[str, Schema]:
    """Return the members of the object that a record is written as."""
    hints = get_type_hints(kind)
    return {
        json_key(each) + ("?" if each.metadata.get("optional") else ""): _of_type(
            hints[each.name], others or {}
        )
        for each in fields(kind)
    }


def as_dict(kind: type, **more: Schema) -> Schema:
    """Return the schema of `dataclasses.asdict`: the fields under their own names."""
    hints = get_type_hints(kind)
    return an_object({each.name: _of_type(hints[each.name], {}) for each in fields(kind)} | more)


def choices(kind: type) -> Schema:
    """Return the schema of some fields of a dataclass, none of which has to be there."""
    hints = get_type_hints(kind)
    return an_object(
        {
            f"{each.name}?": _of_type(hints[each.name], {})
            for each in fields(kind)
            if each.default is not MISSING
        }
    )


def _of_type(kind: Any, others: Mapping[Any, Schema]) -> Schema:
    known = {**_LEAVES, **others}
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin in (types.UnionType, Union):
            several = [_of_type(each, others) for each in arguments if each is not type(None)]
            one = several[0] if len(several) == 1 else {"anyOf": several}
            return maybe(one) if type(None) in arguments else one
        case origin if origin is tuple:
            return _of_tuple(arguments, others)
        case origin if origin in (frozenset, list):
            return listed(_of_type(arguments[0], others))
        case None if kind in known:
            return known[kind]
        case None if isinstance(kind, type) and issubclass(kind, Enum):
            return one_of(kind)
        case None if is_dataclass(kind) and isinstance(kind, type):
            return record(kind, others)
        case origin if origin is not None and issubclass(origin, Mapping):
            inner = _of_type(arguments[1], others)
            return {"type": "object"} if inner == ANYTHING else by_name(inner)
    raise TypeError(f"no schema for {kind}")


def _of_tuple(arguments: tuple[Any, ...], others: Mapping[Any, Schema]) -> Schema:
    if arguments[-1] is Ellipsis:
        return listed(_of_type(arguments[0], others))
    items = [_of_type(each, others) for each in arguments]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def whole(title: str, schema: Schema) -> Schema:
    """Return a schema as a file has it, with the definitions that it needs."""
    needed: dict[str, Schema] = {}
    waiting = [*_names_in(schema)]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = DEFINITIONS[name]
            waiting += _names_in(DEFINITIONS[name])
    defined = {"$defs": dict(sorted(needed.items()))} if needed else {}
    return {"$schema": DIALECT, "title": title, **schema, **defined}


def a_form(name: str, title: str, members: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object that says in `schema` which form it has."""
    return whole(title, an_object({"schema": {"const": f"sekisho.{name}/1"}, **members}))


def _names_in(schema: Any) -> Iterator[str]:
    match schema:
        case {"$ref": str(name)}:
            yield name.removeprefix("#/$defs/")
        case dict():
            for each in schema.values():
                yield from _names_in(each)
        case list():
            for each in schema:
                yield from _names_in(each)
