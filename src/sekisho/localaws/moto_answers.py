"""How moto writes its answers, without what it does again for each member of each answer.

A quarter of the time that an account's reading takes goes into moto's XML: `xmltodict` validates
every name and writes through a SAX generator, and for each member of each shape six ways to call an
attribute are tried on what is mostly a dictionary with that very key. Here the same text is written
in one pass, the dictionary is asked first, and a request's id is made at once. Whatever is not as
moto's serializer makes it is left to the original. A test holds the text to `xmltodict`'s.

Source: `moto.core.serialize`, `xmltodict.unparse`.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from botocore import xform_name
from moto.core import responses, serialize
from moto.moto_api._internal import mock_random

_MARK = "_sekisho_checked"
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NAMES: set[str] = set()
"""The names that have been looked at; they are those of moto's models."""

_MOST_NAMES = 10_000
_TEXT = "#text"


class _LeftToMoto(Exception):
    """Something that moto's serializer does not usually make."""


def install_answers() -> None:
    """Put the quicker ways in moto's place; to do it again changes nothing."""
    body = serialize.BaseXMLSerializer._serialize_body
    if hasattr(body, _MARK):
        return
    written = _body(body)
    setattr(written, _MARK, True)
    serialize.BaseXMLSerializer._serialize_body = written  # type: ignore[method-assign]  # on purpose
    pick = serialize.AttributePicker.__call__
    serialize.AttributePicker.__call__ = _picked(pick)  # type: ignore[method-assign]  # on purpose
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
    """Return a dictionary as `xmltodict` writes it, without a declaration.

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
        source, key = context.obj, context.key
        if type(source) is not dict or key not in source or "." in key:
            return original(self, context)
        if _goes_before(context.shape, key, source):
            return original(self, context)
        value = source[key]
        path = f"{context.key_path}.{key}"
        for ending, transform in self.response_transformers.items():
            if path.endswith(ending):
                return transform(value)
        return value

    return pick


def _goes_before(shape: Any, key: str, source: dict[str, Any]) -> bool:
    """Whether moto takes the value of a list or structure from under its shape's name."""
    if shape is None or shape.type_name not in ("list", "structure") or shape.name == key:
        return False
    return shape.name in source or xform_name(shape.name) in source


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_LENGTH = 52


def _request_id(headers: dict[str, Any] | None = None) -> str:
    """Return a request's id, as long as moto's."""
    number = mock_random.getrandbits(5 * _ID_LENGTH)
    found = "".join(_LETTERS[number >> shift & 31] for shift in range(0, 5 * _ID_LENGTH, 5))
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = found
    return found
