"""Faster serializers for moto's answers, with the same text.

A quarter of the time that an account's reading takes goes into moto's XML: `xmltodict` validates
every name and writes through a SAX generator, and for each member of each shape six ways to call an
attribute and some forty ends of paths are tried, on what is mostly a dictionary. Here the same text
is written in one pass, what a member of a model is called is found out once, and a request's id is
made at once. Whatever is not as moto's serializer makes it is left to the original. Tests hold the
text to `xmltodict`'s and the members to those that moto's picks.

Source: `moto.core.serialize`, `xmltodict.unparse`.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core import responses, serialize
from moto.moto_api._internal import mock_random

_MARK = "_sekisho_checked"
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NAMES: set[str] = set()
"""The names that have been checked; they are those of moto's models."""

_MOST_NAMES = 10_000
_TEXT = "#text"


class _LeftToMoto(Exception):
    """A value that moto's serializer does not usually write."""


def install_serializers() -> None:
    """Install the faster functions in moto; repeated calls have no effect."""
    body = serialize.BaseXMLSerializer._serialize_body
    if hasattr(body, _MARK):
        return
    written = _body(body)
    setattr(written, _MARK, True)
    serialize.BaseXMLSerializer._serialize_body = written  # type: ignore[method-assign]  # on purpose
    pick = serialize.AttributePicker.__call__
    serialize.AttributePicker.__call__ = _picked(pick)  # type: ignore[method-assign]  # on purpose
    value = serialize.ResponseSerializer.get_value
    serialize.ResponseSerializer.get_value = _valued(value)  # type: ignore[method-assign]  # on purpose
    responses.gen_amzn_requestid_long = _request_id  # type: ignore[attr-defined,assignment]  # on purpose


def _body(original: Callable[..., str]) -> Callable[..., str]:
    @wraps(original)
    def serialize_body(self: Any, body: Any) -> str:
        if not self.pretty_print:
            try:
                return xml_of(body)
            except _LeftToMoto:
                pass
        return original(self, body)

    return serialize_body


def xml_of(body: dict[str, Any]) -> str:
    """Return a dictionary as XML, equal to that of `xmltodict`, without a declaration.

    Raises:
        _LeftToMoto: if it holds what this does not write.
    """
    out: list[str] = []
    for name, value in body.items():
        _write(name, value, out)
    return "".join(out)


def _write(name: str, value: Any, out: list[str]) -> None:
    _check(name)
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict):
            _write_element(name, one, out)
        else:
            text = escape(_text(one))
            out.append(f"<{name}>{text}</{name}>" if text else f"<{name}/>")


def _write_element(name: str, value: dict[str, Any], out: list[str]) -> None:
    attributes, text = "", ""
    inner: list[str] = []
    for key, one in value.items():
        if key == _TEXT:
            text = escape(_text(one))
        elif key.startswith("@"):
            _check(key[1:].replace(":", ""))
            attributes += f" {key[1:]}={quoteattr(_text(one))}"
        else:
            _write(key, one, inner)
    if inner or text:
        out += (f"<{name}{attributes}>", *inner, text, f"</{name}>")
    else:
        out.append(f"<{name}{attributes}/>")


def _check(name: object) -> None:
    if name in _NAMES:
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _LeftToMoto
    if len(_NAMES) < _MOST_NAMES:
        _NAMES.add(name)


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise _LeftToMoto


def _picked(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def pick(self: Any, context: Any) -> Any:
        source, key, shape = context.obj, context.key, context.shape
        names = _names_in(self, source, key, shape)
        if names is None:
            return original(self, context)
        value = next((source[each] for each in names if each in source), None)
        return _transformed(self.response_transformers, context.key_path, key, value)

    return pick


def _valued(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the picker's function without its description of the place."""

    @wraps(original)
    def get_value(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        names = _names_in(picker, value, key, shape)
        if names is None:
            return original(self, value, key, shape)
        found = next((value[each] for each in names if each in value), None)
        return _transformed(picker.response_transformers, ".".join(self.path), key, found)

    return get_value


def _names_in(picker: Any, source: Any, key: str, shape: Any) -> tuple[str, ...] | None:
    """Return the names under which moto looks for a member of a dictionary, in that order.

    They are the same for every dictionary, and so are found once for each member of moto's models.
    None if it is no dictionary, or moto has to look by itself.
    """
    if type(source) is not dict or type(picker) is not serialize.XFormedAttributePicker:
        return None
    if shape is None or picker.alias_providers is not serialize.DEFAULT_ALIAS_PROVIDERS:
        return None
    known: dict[str, tuple[object, tuple[str, ...] | None]] = shape.__dict__.setdefault(_MARK, {})
    parent = getattr(shape, "parent", None)
    found = known.get(key)
    if found is None or found[0] is not parent:
        context = serialize.AttributePickerContext({}, key, shape)
        names = tuple(dict.fromkeys(picker.get_possible_keys(context)))
        # with a dot, a name is the way to a member of a member
        found = known[key] = (parent, None if any("." in each for each in names) else names)
    return found[1]


_Transformers = dict[str, Callable[[Any], Any]]
_TRANSFORMS: dict[int, tuple[_Transformers, dict[str, Callable[[Any], Any] | None]]] = {}
"""The transformation of a member by its path, for each of moto's tables, by `id`."""

_MOST_TABLES = 500


def _transformed(transformers: _Transformers, place: str, key: str, value: Any) -> Any:
    """Return a value transformed for its place by the first transformer that matches."""
    if not transformers:
        return value
    path = f"{place}.{key}"
    if id(transformers) not in _TRANSFORMS and len(_TRANSFORMS) < _MOST_TABLES:
        _TRANSFORMS[id(transformers)] = (transformers, {})
    _, known = _TRANSFORMS.get(id(transformers), (None, {}))
    if path not in known and len(known) < _MOST_NAMES:
        known[path] = _transform_of(transformers, path)
    transform = known[path] if path in known else _transform_of(transformers, path)
    return value if transform is None else transform(value)


def _transform_of(transformers: _Transformers, path: str) -> Callable[[Any], Any] | None:
    return next((each for ending, each in transformers.items() if path.endswith(ending)), None)


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_LENGTH = 52


def _request_id(headers: dict[str, Any] | None = None) -> str:
    """Return a request id of the same length as moto's."""
    number = mock_random.getrandbits(5 * _ID_LENGTH)
    found = "".join(_LETTERS[number >> shift & 31] for shift in range(0, 5 * _ID_LENGTH, 5))
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = found
    return found
