"""The content of a request: forms, JSON and XML that two readers read alike, and AWS's own limits.

The second half of `ambiguity`, for what only the operation's model can tell. A form or an object
has each name once, in one spelling; a list counts its members from one; nothing is given that the
operation does not take. What is read is then held to the types and the lengths of the model, before
the lock of the local AWS is asked for: 4,000 tags are refused by the limit of 50, not after them.

Source: Smithy's protocol pages (awsQuery, ec2Query, awsJson, restJson1, restXml); RFC 8259; the
constraints of botocore's service models, which are AWS's.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.model import OperationModel
from moto.core.parse import EC2QueryParser, QueryParser

from sekisho.lazy import dataclass
from sekisho.localaws.wire.ambiguity import MAX_PARAMETERS, AmbiguousRequest, refuse_cases
from sekisho.localaws.wire.errors import Dialect

_FORM = re.compile(rb"(?:[^%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}|\t|\r|\n)*")
_FORM_TYPE = re.compile(
    r"application/x-www-form-urlencoded(?:; *charset=\"?utf-8\"?)?", re.IGNORECASE
)
_JSON_TYPE = re.compile(
    r"application/(?:x-amz-json-1\.[01]|json)(?:; *charset=\"?utf-8\"?)?", re.IGNORECASE
)
_ANY_FORM = ("application/x-www-form-urlencoded", "multipart/")
_BESIDE = frozenset({"Action", "Version"})
_OWN = "X-Amz-"


@dataclass(frozen=True, slots=True)
class Content:
    """A request's content.

    Attributes:
        path: as it came.
        query: as it came, without `?`.
        kind: the media type; "" for none.
        target: `X-Amz-Target`, or None.
    """

    path: str
    query: str
    kind: str
    target: str | None
    body: bytes = field(repr=False)


def check_content(content: Content, operation: OperationModel, dialect: Dialect) -> None:
    """Refuse content that the operation's protocol does not have, or that is repeated.

    Raises:
        AmbiguousRequest: naming the fault.
    """
    _check_target(content, operation, dialect)
    match dialect:
        case Dialect.QUERY | Dialect.EC2:
            _check_form(content)
        case Dialect.JSON:
            _check_json(content, operation)
        case Dialect.REST_JSON | Dialect.REST_XML:
            if content.kind.lower().startswith(_ANY_FORM) and content.body:
                raise AmbiguousRequest("the Content-Type is not that of this protocol")
            _check_query(content.query, operation)
            _check_body(content.body, operation, dialect)
        case Dialect.S3:
            _check_query(content.query, operation)
            _check_body(content.body, operation, dialect)


def _check_target(content: Content, operation: OperationModel, dialect: Dialect) -> None:
    if dialect is not Dialect.JSON:
        if content.target is not None:
            raise AmbiguousRequest("X-Amz-Target does not belong to this protocol")
        return
    prefix = operation.service_model.metadata.get("targetPrefix")
    if content.target != f"{prefix}.{operation.name}":
        raise AmbiguousRequest("X-Amz-Target does not name the operation")


def _check_json(content: Content, operation: OperationModel) -> None:
    if content.path != "/":
        raise AmbiguousRequest("this protocol has one path alone, `/`")
    if content.body and not _JSON_TYPE.fullmatch(content.kind):
        raise AmbiguousRequest("the Content-Type is not that of this protocol")
    if any(not name.startswith(_OWN) for name in _names(content.query)):
        raise AmbiguousRequest("this protocol has no parameters in the address")
    _check_object(content.body, operation.input_shape)


def _check_form(content: Content) -> None:
    _check_encoding(content)
    in_form = _names(content.body.decode("latin-1").replace("+", " "))
    in_address = [name for name in _names(content.query) if not name.startswith(_OWN)]
    if in_form and in_address:
        raise AmbiguousRequest("there are parameters both in the address and in the form")
    names = in_form or in_address
    if len(names) > MAX_PARAMETERS:
        raise AmbiguousRequest(f"there are more than {MAX_PARAMETERS} parameters")
    if len(set(names)) < len(names):
        raise AmbiguousRequest("a parameter is given twice")
    refuse_cases(names)
    if content.path != "/":
        _check_queue_path(content)


def _check_encoding(content: Content) -> None:
    if content.body and not _FORM_TYPE.fullmatch(content.kind):
        raise AmbiguousRequest("the Content-Type is not that of this protocol")
    if not _FORM.fullmatch(content.body):
        raise AmbiguousRequest("the form is not percent-encoded")
    try:
        text = unquote_to_bytes(content.body).decode()
    except UnicodeDecodeError:
        raise AmbiguousRequest("the form is not UTF-8") from None
    if "\0" in text:
        raise AmbiguousRequest("a parameter holds a NUL")


def _check_queue_path(content: Content) -> None:
    """Check that an older client's SQS call goes to the address of the queue that it names."""
    named = [
        unquote_to_bytes(part.partition("=")[2]).decode("utf-8", "replace")
        for part in content.body.decode("latin-1").split("&")
        if part.startswith("QueueUrl=")
    ]
    if len(named) != 1 or not re.fullmatch(f"https?://[^/?#]+{re.escape(content.path)}", named[0]):
        raise AmbiguousRequest("this protocol has one path alone, `/`")


def _names(query: str) -> list[str]:
    return [
        unquote_to_bytes(part.partition("=")[0]).decode("utf-8", "replace")
        for part in query.split("&")
        if part
    ]


def _check_query(query: str, operation: OperationModel) -> None:
    """Check that a parameter is the operation's, and that only lists repeat it."""
    members: Mapping[str, Shape] = getattr(operation.input_shape, "members", {})
    own = {
        shape.serialization.get("name", name): shape
        for name, shape in members.items()
        if shape.serialization.get("location") == "querystring"
    }
    known = {*own, *operation.http_trait.query_args, "x-id"}
    # whose names are any
    others = next((one.value for one in own.values() if isinstance(one, MapShape)), None)
    for name, count in Counter(_names(query)).items():
        if name not in known and not name.startswith(_OWN) and others is None:
            raise AmbiguousRequest("a parameter does not belong here")
        if count > 1 and not isinstance(own.get(name, others), ListShape):
            raise AmbiguousRequest("a parameter is given twice")


def _check_object(body: bytes, shape: Shape | None) -> None:
    """Check JSON: the names in every structure must be the operation's, in its spelling."""
    if not body:
        return
    try:
        value = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
        # a lone surrogate is text to some readers only
        json.dumps(value, ensure_ascii=False).encode()
        _check_names(value, shape)
    except (ValueError, RecursionError) as error:
        raise AmbiguousRequest("the body is no JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise AmbiguousRequest("the body is no JSON object")


def _check_names(value: object, shape: Shape | None) -> None:
    match shape, value:
        case ((StructureShape(is_document_type=False) | None), dict()):
            members = _in_body(getattr(shape, "members", {}))
            if value.keys() - members.keys():
                raise AmbiguousRequest("a parameter does not belong here")
            for name, inner in value.items():
                _check_names(inner, members.get(name))
        case ListShape(), list():
            for inner in value:
                _check_names(inner, shape.member)
        case MapShape(), dict():
            for inner in value.values():
                _check_names(inner, shape.value)
        case _:
            return


def _in_body(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a structure in a body, by their names there.

    Members of the path are left out: some parsers would read them from the body, others not.
    """
    return {
        str(member.serialization.get("name", name)): member
        for name, member in members.items()
        if "location" not in member.serialization
    }


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AmbiguousRequest("a name is given twice in a JSON object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_body(body: bytes, operation: OperationModel, dialect: Dialect) -> None:
    """Check the body of a REST protocol, unless it is data for the service to store."""
    shape = operation.input_shape
    if not body or shape is None:
        return
    payload = shape.serialization.get("payload")
    inner = shape.members[payload] if payload else shape
    if inner.type_name in {"string", "blob"}:
        return
    if dialect is Dialect.REST_JSON:
        _check_object(body, inner)
    else:
        _check_xml(body, inner, operation.name)


_DECLARATION = re.compile(
    rb"""\s*<\?xml\ version=["']1\.0["'](\ encoding=["'](?i:utf-8)["'])?"""
    rb"""(\ standalone=["'](yes|no)["'])?\ *\?>""",
    re.VERBOSE,
)
_WITH_SPACES = frozenset({"DeleteObjects"})
"""Operations whose texts moto reads with surrounding spaces; it strips those of others."""


def _check_xml(body: bytes, shape: Shape, operation: str) -> None:
    if declared := _DECLARATION.match(body):
        body = body[declared.end() :]
    if b"<!" in body or b"<?" in body:
        raise AmbiguousRequest("the XML holds more than elements")
    try:
        root = ElementTree.fromstring(body.decode())  # noqa: S314 - no entity is left to expand
    except (ElementTree.ParseError, ValueError) as error:
        raise AmbiguousRequest("the body is no XML in UTF-8") from error
    _check_element(root, shape)
    if operation not in _WITH_SPACES:
        _check_spaces(root)


def _check_element(element: ElementTree.Element, shape: Shape) -> None:
    """Check that an element is one of its shape's, and occurs once unless it is a list's."""
    match shape:
        case MapShape():
            return
        case StructureShape():
            known = _in_body(shape.members)
        case ListShape():
            known = {str(shape.member.serialization.get("name", "member")): shape.member}
        case _:
            known = {}
    counted = Counter(map(_local, element))
    for name, count in counted.items():
        if name not in known:
            raise AmbiguousRequest("an element is where the operation has none")
        if count > 1 and not (isinstance(shape, ListShape) or _flat(known[name])):
            raise AmbiguousRequest("an element is given twice")
    for child in element:
        member = known[_local(child)]
        flat_list = isinstance(member, ListShape) and _flat(member)
        _check_element(child, member.member if flat_list else member)
    _check_maps(element, known)


def _check_maps(element: ElementTree.Element, known: Mapping[str, Any]) -> None:
    for name, member in known.items():
        if isinstance(member, MapShape):
            given = [child for child in element if _local(child) == name]
            entries = given if _flat(member) else [entry for child in given for entry in child]
            _check_entries(entries, member)


def _check_entries(entries: list[ElementTree.Element], shape: MapShape) -> None:
    """Check that every entry of a map has a value and a key of its own."""
    key = str(shape.key.serialization.get("name", "key"))
    names = sorted((key, str(shape.value.serialization.get("name", "value"))))
    if any(sorted(map(_local, entry)) != names for entry in entries):
        raise AmbiguousRequest("an entry of a map is more or less than a key and a value")
    keys = [part.text for entry in entries for part in entry if _local(part) == key]
    if len(set(keys)) < len(keys):
        raise AmbiguousRequest("a name is given twice in a map")


def _flat(shape: Shape) -> bool:
    return bool(shape.serialization.get("flattened"))


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _check_spaces(root: ElementTree.Element) -> None:
    for element in root.iter():
        text = element.text or ""
        if not len(element) and text != text.strip():
            raise AmbiguousRequest("there are spaces around a text in the XML")


class _Form(dict[str, str]):
    """A form that records which of its parameters were read, and the prefixes of names."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        super().__init__(pairs)
        self.read: set[str] = set()
        self.prefixes = {name[:end] for name in pairs for end in _ends(name)}

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            self.read.add(name)
        return super().get(name, default)


def _ends(name: str) -> Iterator[int]:
    yield from (index for index, char in enumerate(name) if char == ".")
    yield len(name)


class _Once(dict[str, Any]):
    """A map of a form in which no key may be repeated."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            raise AmbiguousRequest("a name is given twice in a map")
        super().__setitem__(key, value)


class _Linear(QueryParser):
    """moto's parser of a form, without its scan of every parameter for every structure."""

    MAP_TYPE = _Once  # type: ignore[assignment]  # moto's annotation is of any dict

    def _gonna_recurse(self, form: _Form, prefix: str) -> bool:
        return prefix != "" and prefix not in form.prefixes


class _LinearEc2(_Linear, EC2QueryParser):
    """moto's parser of EC2's forms, without that scan."""


def parse_form(
    values: Mapping[str, str], operation: OperationModel, dialect: Dialect
) -> Mapping[str, Any]:
    """Return the parameters of a form; every one must be the operation's.

    Raises:
        AmbiguousRequest: if one is none of the operation's, or a list does not count from one.
    """
    form = _Form(values)
    parser = _LinearEc2(operation) if dialect is Dialect.EC2 else _Linear(operation)
    asked: Any = {"values": form}  # the one part of a request that these parsers read
    found: Mapping[str, Any] = parser.parse(asked)
    unread = form.keys() - form.read - _BESIDE
    if any(not name.startswith(_OWN) for name in unread):
        raise AmbiguousRequest(
            "a parameter is none of the operation's, or a list does not begin at 1"
        )
    return found


class OverLimit(Exception):
    """A parameter that AWS's own model does not allow; the text is AWS's."""


def check_params(value: object, shape: Shape | None, name: str = "") -> None:
    """Check parameters against the types and the lengths of lists in the model.

    Raises:
        AmbiguousRequest: for a value of another type.
        OverLimit: for a list that is too long.
    """
    if shape is None or value is None:
        return
    if not _TYPES.get(shape.type_name, _any)(value):
        raise AmbiguousRequest("a parameter is of another type than the operation's")
    match shape:
        case StructureShape(is_document_type=False):
            for key, inner in _mapping(value).items():
                check_params(inner, shape.members.get(key), key)
        case MapShape():
            for inner in _mapping(value).values():
                check_params(inner, shape.value, name)
        case ListShape():
            _check_list(value, shape, name)
        case _:
            pass


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _check_list(value: object, shape: ListShape, name: str) -> None:
    items = value if isinstance(value, list) else []
    most = shape.metadata.get("max")
    if most is not None and len(items) > most:
        raise OverLimit(_TOO_LONG.format(name=name[:1].lower() + name[1:], most=most))
    for inner in items:
        check_params(inner, shape.member, name)


_TOO_LONG = (
    "1 validation error detected: Value at '{name}' failed to satisfy constraint: "
    "Member must have length less than or equal to {most}"
)


def _any(_: object) -> bool:
    return True


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, Mapping),
    "structure": lambda value: isinstance(value, Mapping),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
}
