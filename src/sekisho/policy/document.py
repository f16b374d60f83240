"""Policy documents: the abstract syntax tree that every package reads.

A `Document` holds what is written and nothing about what it means (that is `engine`). Two
documents are equal when they say the same in the same order; positions, comments and the choice
between `"x"` and `["x"]` do not count. JSON numbers and booleans are held as their text, since IAM
compares everything as text first (grammar page, "JSON data types").

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import field
from enum import Enum, StrEnum

from sekisho.errors import InternalError, nearest
from sekisho.lazy import dataclass
from sekisho.messages import Message


class Version(StrEnum):
    """The version of the policy language; a document without one means the older."""

    V2008 = "2008-10-17"
    V2012 = "2012-10-17"


class Effect(StrEnum):
    """The effect of a statement that matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class PolicyKind(StrEnum):
    """The kinds of policy, in AWS's words as its error messages use them."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"
    RESOURCE = "resource-based policy"
    SCP = "service control policy"
    RCP = "resource control policy"
    VPC_ENDPOINT = "VPC endpoint policy"


KINDS: Mapping[PolicyKind, Message] = {
    PolicyKind.IDENTITY: Message("identity-based policy"),
    PolicyKind.BOUNDARY: Message("permissions boundary"),
    PolicyKind.SESSION: Message("session policy"),
    PolicyKind.TRUST: Message("role trust policy"),
    PolicyKind.RESOURCE: Message("resource-based policy"),
    PolicyKind.SCP: Message("service control policy"),
    PolicyKind.RCP: Message("resource control policy"),
    PolicyKind.VPC_ENDPOINT: Message("VPC endpoint policy"),
}
"""The kinds of policy as AWS's pages name them."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text, counted from 1; (0, 0) if the document was not read from a text."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Comment:
    """A `//` or `/* */` comment: not part of JSON and refused by IAM, but common in how-tos."""

    text: str
    position: Position


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Element:
    """`Action`, `NotAction`, `Resource` or `NotResource`: patterns, and whether they are negated.

    Attributes:
        values: the patterns as written; may be empty.
        negated: true for `NotAction` and `NotResource`.
        scalar: whether the text had one bare string in place of a list.
        implied: true for a `Resource` that is not written, since the policy's own is meant.
        position: where the element's name stands.
    """

    values: tuple[str, ...]
    negated: bool = False
    scalar: bool = field(default=False, compare=False)
    implied: bool = field(default=False, compare=False)
    position: Position = field(default=Position(), compare=False)


class PrincipalKey(StrEnum):
    """The kinds of principal; ANYONE is the bare `"*"`, which includes anonymous callers."""

    ANYONE = "*"
    AWS = "AWS"
    FEDERATED = "Federated"
    SERVICE = "Service"
    CANONICAL_USER = "CanonicalUser"


@dataclass(frozen=True, slots=True)
class Principal:
    """`Principal` or `NotPrincipal`: (kind, values) in the order written.

    The bare `"*"` is `((PrincipalKey.ANYONE, ("*",)),)`.
    """

    entries: tuple[tuple[PrincipalKey, tuple[str, ...]], ...]
    negated: bool = False
    position: Position = field(default=Position(), compare=False)


class OperatorName(Enum):
    """The condition operators without prefix and suffix."""

    STRING_EQUALS = "StringEquals"
    STRING_NOT_EQUALS = "StringNotEquals"
    STRING_EQUALS_IGNORE_CASE = "StringEqualsIgnoreCase"
    STRING_NOT_EQUALS_IGNORE_CASE = "StringNotEqualsIgnoreCase"
    STRING_LIKE = "StringLike"
    STRING_NOT_LIKE = "StringNotLike"
    NUMERIC_EQUALS = "NumericEquals"
    NUMERIC_NOT_EQUALS = "NumericNotEquals"
    NUMERIC_LESS_THAN = "NumericLessThan"
    NUMERIC_LESS_THAN_EQUALS = "NumericLessThanEquals"
    NUMERIC_GREATER_THAN = "NumericGreaterThan"
    NUMERIC_GREATER_THAN_EQUALS = "NumericGreaterThanEquals"
    DATE_EQUALS = "DateEquals"
    DATE_NOT_EQUALS = "DateNotEquals"
    DATE_LESS_THAN = "DateLessThan"
    DATE_LESS_THAN_EQUALS = "DateLessThanEquals"
    DATE_GREATER_THAN = "DateGreaterThan"
    DATE_GREATER_THAN_EQUALS = "DateGreaterThanEquals"
    BOOL = "Bool"
    BINARY_EQUALS = "BinaryEquals"
    IP_ADDRESS = "IpAddress"
    NOT_IP_ADDRESS = "NotIpAddress"
    ARN_EQUALS = "ArnEquals"
    ARN_NOT_EQUALS = "ArnNotEquals"
    ARN_LIKE = "ArnLike"
    ARN_NOT_LIKE = "ArnNotLike"
    NULL = "Null"


class Quantifier(StrEnum):
    """The set operators: how the values of a multivalued key are quantified."""

    NONE = ""
    FOR_ALL_VALUES = "ForAllValues"
    FOR_ANY_VALUE = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator with its set prefix and `IfExists` suffix."""

    name: OperatorName
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False

    def __str__(self) -> str:
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{self.name.value}{'IfExists' if self.if_exists else ''}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key; a statement's conditions are joined by AND.

    Attributes:
        operator: the operator.
        key: the condition key as written (its case does not matter to IAM).
        values: the values as text, joined by OR (NOR under a negated operator); may be empty.
    """

    operator: Operator
    key: str
    values: tuple[str, ...]
    scalar: bool = field(default=False, compare=False)
    position: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class EmptyBlock:
    """A part of a `Condition` that IAM accepts and that tests nothing: it has no key.

    Attributes:
        operator: the operator's name as written, which may be none of AWS's; "" if `Condition`
            itself has no operator.
    """

    operator: str
    position: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Statement:
    """One statement.

    Attributes:
        index: its place in the document, counted from 0.
        sid: its `Sid`, or None.
        resource: None in a role trust policy, which has no `Resource`.
        principal: None in every policy that is attached to an identity.
        conditions: in the order written, one entry for each operator and key.
        empty: the parts of `Condition` that have no key.
    """

    index: int
    effect: Effect
    action: Element
    resource: Element | None
    sid: str | None = None
    principal: Principal | None = None
    conditions: tuple[Condition, ...] = ()
    position: Position = field(default=Position(), compare=False)
    empty: tuple[EmptyBlock, ...] = ()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Document:
    """A policy document.

    Attributes:
        statements: at least one.
        version: as written, or None if the document has no `Version` (IAM then reads it as 2008).
        id: the `Id` element, or None.
        comments: comments found in the text, in order; IAM itself refuses a text that has any.
        source: a name for messages: a file name, a policy's ARN.
    """

    statements: tuple[Statement, ...]
    version: Version | None = Version.V2012
    id: str | None = None
    comments: tuple[Comment, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return f"<Document {self.source!r}, statements: {len(self.statements)}>"

    def to_json(self) -> str:
        """Return the document as JSON text, in the form that AWS and `parse_policy` read."""
        return render(self)


OPERATORS: Mapping[str, Operator] = {
    str(operator): operator
    for operator in (
        Operator(name, quantifier, if_exists)
        for name in OperatorName
        for quantifier in Quantifier
        for if_exists in (False, True)
    )
    # IAM refuses Null with IfExists: the test for absence cannot be waived by absence
    if not (operator.name is OperatorName.NULL and operator.if_exists)
}
"""Every operator by AWS's own spelling."""

_BY_LOWER_CASE = {spelling.lower(): spelling for spelling in OPERATORS} | {"nullifexists": "Null"}


def nearest_operator(text: str) -> str:
    """Return the most similar operator to `text`; "" if none is similar."""
    lower = text.lower()
    if lower in _BY_LOWER_CASE:
        return _BY_LOWER_CASE[lower]
    return _BY_LOWER_CASE.get(nearest(lower, _BY_LOWER_CASE) or "", "")


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
    if statement.resource is not None and not statement.resource.implied:
        value[_name("Resource", statement.resource)] = _values(statement.resource)
    if statement.conditions or statement.empty:
        value["Condition"] = _conditions(statement)
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


def _conditions(statement: Statement) -> dict[str, dict[str, object]]:
    value: dict[str, dict[str, object]] = {}
    for condition in statement.conditions:
        block = value.setdefault(str(condition.operator), {})
        if condition.key in block:
            raise InternalError(f"`{condition.operator}` on `{condition.key}` stands twice")
        block[condition.key] = _values(condition)
    for empty in statement.empty:
        if empty.operator:
            value.setdefault(empty.operator, {})
    return value


_NOT_LATIN = re.compile(r"[^\x20-\x7e\xa0-\xff\n]")


def render(document: Document) -> str:
    r"""Return the document as JSON with an indent of two, without a line break at the end.

    Characters that IAM does not take as they are come out as `\uXXXX` escapes.
    """
    text = json.dumps(to_json(document), indent=2, ensure_ascii=False)
    return _NOT_LATIN.sub(lambda found: json.dumps(found[0])[1:-1], text)
