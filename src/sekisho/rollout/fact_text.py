"""What is expected at the address of a change and what is found there, in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.messages import Message, joined_messages, printable, verbatim
from sekisho.rollout.status import Difference

_NOTHING = Message("nothing")
_SOMETHING = Message("it is there")
_OURS = Message("the password that the plan has set")
_ANEW = Message("another password, set since")
_ATTACHED = (Message("not attached"), Message("attached"))
_MEMBER = (Message("not in the group"), Message("in the group"))
_ACTIVE = (Message("inactive"), Message("active"))
_CHANGES = (
    Message("the password need not be changed"),
    Message("the password must be changed at the next sign-in"),
)
_PARTS: Mapping[str, Message] = {
    "default": Message("default version {value}"),
    "versions": Message("versions {value}"),
    "document": Message("document with the statements {value}"),
    "description": Message("description {value}"),
    "tags": Message("tags {value}"),
    "path": Message("path {value}"),
}
_ORDER = {key: place for place, key in enumerate(_PARTS, start=1)}
_NONE = Message("none", "value")


def expected_and_found(address: str, difference: Difference) -> tuple[Message, Message]:
    """Return what a plan expects at an address and what is found, in what they differ."""
    expected, found = difference.expected, difference.found
    if expected == found:
        return _OURS, _ANEW
    noun, _, _ = address.partition(" ")
    return _said(noun, expected, found), _said(noun, found, expected)


def _said(noun: str, image: Any, other: Any) -> Message:
    """Return an image in words; of one with parts, those that the other has not."""
    match image:
        case None:
            return _NOTHING
        case bool():
            return _yes_or_no(noun)[image]
        case str():
            return verbatim(printable(image))
        case Mapping() if isinstance(other, Mapping):
            return joined_messages(_parts(image, other), en="; ", ja="、")
        case _:
            return _SOMETHING


def _yes_or_no(noun: str) -> tuple[Message, Message]:
    if noun == "membership":
        return _MEMBER
    return _ACTIVE if noun == "credential" else _ATTACHED


def _parts(image: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Message]:
    for key, value in sorted(image.items(), key=lambda each: _ORDER.get(each[0], 0)):
        if key in other and value != other[key] and key == "reset_required":
            yield _CHANGES[value]
        elif key in other and value != other[key]:
            text = _statements(value, other[key]) if key == "document" else _value(value)
            shown = verbatim(printable(text)) if text else _NONE
            yield _PARTS.get(key, verbatim(key + " {value}")).filled(value=shown)


def _value(value: Any) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{key}={each}" for key, each in value.items())
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _statements(document: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the names of the statements that the other document has not."""
    others = {_text(each) for _, each in _named(other)}
    return ", ".join(name for name, each in _named(document) if _text(each) not in others)


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the statements with their `Sid`, or their number where they have none."""
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    for number, each in enumerate(listed, start=1):
        sid = each.get("Sid") if isinstance(each, Mapping) else None
        yield sid or f"#{number}", each


def _text(statement: Any) -> str:
    return json.dumps(statement, sort_keys=True)
