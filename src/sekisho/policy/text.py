"""Reading and printing policy documents, by the grammar of the policy language.

`parse` then `render` gives the same document; `render` is stable.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import marshal
import re
from collections.abc import Callable
from functools import lru_cache

from sekisho.errors import Code, FaultyPolicy, quoted
from sekisho.messages import Message
from sekisho.policy.document import (
    KINDS,
    Comment,
    Condition,
    Document,
    Effect,
    Element,
    EmptyBlock,
    PolicyKind,
    Principal,
    Statement,
    Version,
)
from sekisho.policy.elements import (
    check_rcp,
    conditions_of,
    element_of,
    implied_resource,
    principal_of,
)
from sekisho.policy.nodes import (
    Collector,
    ListNode,
    Member,
    Node,
    ObjectNode,
    ReadingStopped,
    TextNode,
    from_value,
    kind_of,
)
from sekisho.policy.reader import read

_DOCUMENT = ("Version", "Id", "Statement")
_STATEMENT = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_SID = re.compile(r"[A-Za-z0-9]*")

_NAMES_PRINCIPALS = frozenset(
    {PolicyKind.TRUST, PolicyKind.RESOURCE, PolicyKind.RCP, PolicyKind.VPC_ENDPOINT}
)
_FREE_SIDS = frozenset({PolicyKind.RESOURCE, PolicyKind.VPC_ENDPOINT})


def document_of(
    root: Node, comments: tuple[Comment, ...], source: str, kind: PolicyKind, faults: Collector
) -> Document | None:
    """Return the document in `root`; None with the faults recorded in `faults`."""
    if not isinstance(root, ObjectNode):
        message = Message("expected an object with a `Statement`, found {found}").filled(
            found=kind_of(root)
        )
        faults.add(Code.POLICY_NOT_A_POLICY, message, position=root.position)
        return None
    members = _known_members(root, _DOCUMENT, "", faults)
    version = _version(members.get("Version"), faults)
    policy_id = _text(members["Id"], "Id", faults) if "Id" in members else None
    if (member := members.get("Statement")) is None:
        message = Message("the policy has no `Statement`")
        faults.add(Code.POLICY_MISSING_ELEMENT, message, "Statement", root.position)
        return None
    statements = _statements(member, kind, faults)
    return Document(statements, version, policy_id, comments, source)


def _known_members(
    node: ObjectNode, names: tuple[str, ...], path: str, faults: Collector
) -> dict[str, Member]:
    """Return the members by name; record the fault of each unknown name."""
    known = {}
    by_lower_case = {name.lower(): name for name in names}
    for member in node.members:
        if member.key in names:
            known[member.key] = member
            continue
        name = quoted(member.key)
        at = f"{path}.{name[1:-1]}" if path else name[1:-1]
        near = by_lower_case.get(member.key.lower().strip())
        code, fix = Code.POLICY_ELEMENT_CASE, Message("write `{near}`").filled(near=near)
        if not near:
            code = Code.POLICY_UNKNOWN_ELEMENT
            fix = Message("the elements here are {names}").filled(names=", ".join(names))
        message = Message("{element} is not a policy element").filled(element=name)
        faults.add(code, message, at, member.position, fix=fix)
        if near:
            # one slip is one fault: not a missing element as well
            known.setdefault(near, member)
    return known


def _text(member: Member, path: str, faults: Collector) -> str | None:
    """Return a member that must be a string; None if it is not."""
    if isinstance(member.value, TextNode):
        return member.value.value
    message = Message("expected a string, found {found}").filled(found=kind_of(member.value))
    faults.add(Code.POLICY_BAD_VALUE, message, path, member.value.position)
    return None


def _version(member: Member | None, faults: Collector) -> Version | None:
    if member is None:
        return None
    if (text := _text(member, "Version", faults)) is None:
        return None
    try:
        return Version(text)
    except ValueError:
        faults.add(
            Code.POLICY_BAD_VERSION,
            Message("{version} is not a version of the policy language").filled(
                version=quoted(text)
            ),
            "Version",
            member.value.position,
            fix=Message("write `{version}`").filled(version=Version.V2012),
        )
        return None


def _statements(member: Member, kind: PolicyKind, faults: Collector) -> tuple[Statement, ...]:
    node = member.value
    found: list[Statement] = []
    match node:
        case ObjectNode():
            found.append(_Statement(node, "Statement", kind, faults).read(0))
        case ListNode(items=()):
            message = Message("the list of statements is empty")
            faults.add(Code.POLICY_MISSING_ELEMENT, message, "Statement", node.position)
        case ListNode():
            for index, item in enumerate(node.items):
                path = f"Statement[{index}]"
                if isinstance(item, ObjectNode):
                    found.append(_Statement(item, path, kind, faults).read(index))
                else:
                    message = Message("expected a statement, found {found}").filled(
                        found=kind_of(item)
                    )
                    faults.add(Code.POLICY_BAD_VALUE, message, path, item.position)
        case _:
            message = Message("expected a statement or a list of them, found {found}").filled(
                found=kind_of(node)
            )
            faults.add(Code.POLICY_BAD_VALUE, message, "Statement", node.position)
    _unique_sids(found, faults)
    return tuple(found)


def _unique_sids(statements: list[Statement], faults: Collector) -> None:
    first: dict[str, int] = {}
    for statement in statements:
        if statement.sid and first.setdefault(statement.sid, statement.index) != statement.index:
            faults.add(
                Code.POLICY_SID_REPEATED,
                Message("the Sid {sid} is used twice (first in statement {first})").filled(
                    sid=quoted(statement.sid), first=first[statement.sid] + 1
                ),
                f"Statement[{statement.index}].Sid",
                statement.position,
                fix=Message("give each statement its own Sid"),
            )


_NOTHING = Element(())
_MISSING = {"Action": Code.POLICY_NO_ACTION, "Resource": Code.POLICY_NO_RESOURCE}


class _Statement:
    """One statement that is being read."""

    def __init__(self, node: ObjectNode, path: str, kind: PolicyKind, faults: Collector) -> None:
        self.node = node
        self.path = path
        self.kind = kind
        self.faults = faults
        self.members = _known_members(node, _STATEMENT, path, faults)

    def read(self, index: int) -> Statement:
        """Return the statement; its faults are recorded."""
        conditions, empty = self.conditions()
        effect, action = self.effect(), self.element("Action") or _NOTHING
        statement = Statement(
            index=index,
            effect=effect,
            action=action,
            resource=self.resource(action),
            sid=self.sid(),
            principal=self.principal(),
            conditions=conditions,
            position=self.node.position,
            empty=empty,
        )
        if self.kind is PolicyKind.RCP:
            check_rcp(statement, self.path, self.faults)
        return statement

    def missing(self, name: str) -> None:
        """Record the fault of a missing element."""
        message = Message("the statement has no `{element}`").filled(element=name)
        code = _MISSING.get(name, Code.POLICY_MISSING_ELEMENT)
        self.faults.add(code, message, self.path, self.node.position)

    def either(self, name: str) -> Member | None:
        """Return the element or its negation; record the fault if both are present."""
        plain, negated = self.members.get(name), self.members.get(f"Not{name}")
        if plain and negated:
            message = Message("both `{name}` and `Not{name}`").filled(name=name)
            self.faults.add(
                Code.POLICY_ELEMENT_CONFLICT,
                message,
                f"{self.path}.Not{name}",
                negated.position,
                fix=Message("keep one of the two, or make two statements"),
            )
        return plain or negated

    def effect(self) -> Effect:
        """Return the `Effect`; an unknown one counts as Deny."""
        if (member := self.members.get("Effect")) is None:
            self.missing("Effect")
            return Effect.DENY
        text = _text(member, f"{self.path}.Effect", self.faults)
        if text in ("Allow", "Deny"):
            return Effect(text)
        if text is not None:
            near = text.strip().capitalize()
            fix = Message("use `Allow` or `Deny`")
            if near in ("Allow", "Deny"):
                fix = Message("write `{near}`").filled(near=near)
            message = Message("{effect} is not a valid Effect").filled(effect=quoted(text))
            at = f"{self.path}.Effect"
            position = member.value.position
            self.faults.add(Code.POLICY_BAD_EFFECT, message, at, position, fix=fix)
        return Effect.DENY

    def element(self, name: str) -> Element | None:
        """Return `Action` or `Resource`, or its negation; record the fault if it is missing."""
        if (member := self.either(name)) is None:
            self.missing(name)
            return None
        return element_of(member, f"{self.path}.{member.key}", self.faults)

    def resource(self, action: Element) -> Element | None:
        """Read `Resource`, which a trust policy must not have and nearly every other must."""
        if self.kind is PolicyKind.RESOURCE and not {"Resource", "NotResource"} & set(self.members):
            implied = implied_resource(action, self.node.position)
            return implied or self.element("Resource")
        if self.kind is not PolicyKind.TRUST:
            return self.element("Resource")
        if (member := self.either("Resource")) is not None:
            self.faults.add(
                Code.POLICY_RESOURCE_NOT_ALLOWED,
                Message("`{element}` in a role trust policy").filled(element=member.key),
                f"{self.path}.{member.key}",
                member.position,
                fix=Message("delete it: the resource is the role itself"),
            )
        return None

    def sid(self) -> str | None:
        """Read `Sid`."""
        if (member := self.members.get("Sid")) is None:
            return None
        path = f"{self.path}.Sid"
        text = _text(member, path, self.faults)
        if text is not None and self.kind not in _FREE_SIDS and not _SID.fullmatch(text):
            message = Message("the Sid {sid} has other characters than letters and digits").filled(
                sid=quoted(text)
            )
            position = member.value.position
            fix = Message("use A-Z, a-z, 0-9 only")
            self.faults.add(Code.POLICY_SID_CHARACTERS, message, path, position, fix=fix)
        return text

    def principal(self) -> Principal | None:
        """Read `Principal`, which policies on identities must not have and the others must."""
        member = self.either("Principal")
        if self.kind not in _NAMES_PRINCIPALS:
            if member is not None:
                self.faults.add(
                    Code.POLICY_PRINCIPAL_NOT_ALLOWED,
                    Message("`{element}` in a policy of this kind: {kind}").filled(
                        element=member.key, kind=KINDS[self.kind]
                    ),
                    f"{self.path}.{member.key}",
                    member.position,
                    fix=Message("delete it: the principal is who the policy is attached to"),
                )
            return None
        if member is None:
            self.missing("Principal")
            return None
        return principal_of(member, f"{self.path}.{member.key}", self.faults)

    def conditions(self) -> tuple[tuple[Condition, ...], tuple[EmptyBlock, ...]]:
        """Read `Condition`, if there is one."""
        if (member := self.members.get("Condition")) is None:
            return (), ()
        return conditions_of(member, f"{self.path}.Condition", self.faults)


def parse(text: str, *, source: str = "policy", kind: PolicyKind = PolicyKind.IDENTITY) -> Document:
    """Return the policy document in a text.

    Args:
        text: JSON; `//` and `/* */` comments are read and reported in `Document.comments`.
        source: a name for messages, such as the name of the file.
        kind: decides which elements may and must stand in it.

    Raises:
        FaultyPolicy: with every fault, each with path, line and column.
    """
    return (_remembered if len(text) <= _LONGEST_TEXT else _read)(text, source, kind)


_MOST_TEXTS = 256
_LONGEST_TEXT = 16_384
"""Of the policies that are remembered: accounts have the same one many times, and what is
remembered of a document, such as how it is compiled, is its own."""


def _read(text: str, source: str, kind: PolicyKind) -> Document:
    return _document(lambda faults: read(text, faults), source, kind)


_remembered = lru_cache(maxsize=_MOST_TEXTS)(_read)


def from_json(
    value: object, *, source: str = "policy", kind: PolicyKind = PolicyKind.IDENTITY
) -> Document:
    """Return the policy document in decoded JSON; positions are (0, 0).

    Raises:
        FaultyPolicy: with every fault, each with its path.
    """
    try:
        # exactly what is asked about, unlike JSON's text: `marshal` has no other types, and this
        # version of it writes equal values alike
        key = marshal.dumps(value, 2)  # type: ignore[arg-type]  # what it is, is found out
    except ValueError:
        return _document_of_value(value, source, kind)
    return _DOCUMENTS_OF_VALUES.look(
        (key, source, kind), len(key), lambda: _document_of_value(value, source, kind)
    )


class _DocumentCache:
    """The cached documents of decoded JSON, like those of texts.

    They may be longer, as AWS's own policies are, but are no more than fit into as many bytes.
    """

    def __init__(self) -> None:
        self._found: dict[object, Document] = {}
        self._bytes = 0

    def look(self, key: object, size: int, read: Callable[[], Document]) -> Document:
        """Return the cached document for `key`, which has `size` bytes, or read it."""
        if (known := self._found.get(key)) is not None:
            return known
        found = read()
        if self._bytes + size > _MOST_TEXTS * _LONGEST_TEXT:
            self._found, self._bytes = {}, 0
        self._found[key] = found
        self._bytes += size
        return found


_DOCUMENTS_OF_VALUES = _DocumentCache()


def _document_of_value(value: object, source: str, kind: PolicyKind) -> Document:
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
        raise FaultyPolicy(source, faults.sorted_faults())
    return document
