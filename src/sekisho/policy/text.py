"""Reading and printing policy documents.

`parse` then `render` gives the same document; `render` is stable.
"""

import json
import re
from collections.abc import Callable

from sekisho.errors import FaultyPolicy, InternalError
from sekisho.policy.document import (
    Comment,
    Condition,
    Document,
    Element,
    PolicyKind,
    Principal,
    PrincipalKey,
    Statement,
)
from sekisho.policy.grammar import document_of
from sekisho.policy.nodes import Collector, Node, ReadingStopped, from_value
from sekisho.policy.reader import read


def parse(text: str, *, source: str = "policy", kind: PolicyKind = PolicyKind.IDENTITY) -> Document:
    """Return the policy document that a text holds.

    Args:
        text: JSON; `//` and `/* */` comments are read and reported in `Document.comments`.
        source: a name for messages, such as the file's.
        kind: decides which elements may and must stand in it.

    Raises:
        FaultyPolicy: with every fault, each with path, line and column.
    """
    return _document(lambda faults: read(text, faults), source, kind)


def from_json(
    value: object, *, source: str = "policy", kind: PolicyKind = PolicyKind.IDENTITY
) -> Document:
    """Return the policy document that decoded JSON holds; positions are (0, 0).

    Raises:
        FaultyPolicy: with every fault, each with its path.
    """
    return _document(lambda faults: (from_value(value, faults), ()), source, kind)


def _document(
    nodes: Callable[[Collector], tuple[Node, tuple[Comment, ...]]], source: str, kind: PolicyKind
) -> Document:
    faults = Collector()
    document = None
    try:
        root, comments = nodes(faults)
        document = document_of(root, comments, source, kind, faults)
    except ReadingStopped:
        pass
    if document is None or faults:
        raise FaultyPolicy(source, faults.found())
    return document


def to_json(document: Document) -> dict[str, object]:
    """Return the document as JSON values, in AWS's order of elements.

    Raises:
        InternalError: if a statement built in code has one operator and key twice.
    """
    value: dict[str, object] = {}
    if document.version is not None:
        value["Version"] = str(document.version)
    if document.id is not None:
        value["Id"] = document.id
    value["Statement"] = [_statement(statement) for statement in document.statements]
    return value


def _statement(statement: Statement) -> dict[str, object]:
    value: dict[str, object] = {}
    if statement.sid is not None:
        value["Sid"] = statement.sid
    value["Effect"] = str(statement.effect)
    if statement.principal is not None:
        value[_name("Principal", statement.principal)] = _principal(statement.principal)
    value[_name("Action", statement.action)] = _values(statement.action)
    if statement.resource is not None:
        value[_name("Resource", statement.resource)] = _values(statement.resource)
    if statement.conditions:
        value["Condition"] = _conditions(statement.conditions)
    return value


def _name(name: str, element: Element | Principal) -> str:
    return f"Not{name}" if element.negated else name


def _values(element: Element | Condition) -> str | list[str]:
    one = element.scalar and len(element.values) == 1
    return element.values[0] if one else list(element.values)


def _principal(principal: Principal) -> object:
    if principal.entries == ((PrincipalKey.ANYONE, ("*",)),):
        return "*"
    return {
        str(key): values[0] if len(values) == 1 else list(values)
        for key, values in principal.entries
    }


def _conditions(conditions: tuple[Condition, ...]) -> dict[str, dict[str, object]]:
    value: dict[str, dict[str, object]] = {}
    for condition in conditions:
        block = value.setdefault(str(condition.operator), {})
        if condition.key in block:
            raise InternalError(f"`{condition.operator}` on `{condition.key}` stands twice")
        block[condition.key] = _values(condition)
    return value


_NOT_LATIN = re.compile(r"[^\x20-\x7e\xa0-\xff\n]")


def render(document: Document) -> str:
    r"""Return the document as JSON with an indent of two, without a line break at the end.

    Characters that IAM does not take as they are come out as `\uXXXX` escapes.
    """
    text = json.dumps(to_json(document), indent=2, ensure_ascii=False)
    return _NOT_LATIN.sub(lambda found: json.dumps(found[0])[1:-1], text)
