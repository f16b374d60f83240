"""Reading the elements of a statement: actions, resources, principals, conditions.

For a resource control policy AWS Organizations takes less than the grammar allows (`check_rcp`).

Each function records the faults and returns what it could read of the rest; a document is only
returned if there is no fault.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and the pages of the elements;
AWS Organizations User Guide, "RCP syntax": `Allow` only in `RCPFullAWSAccess`, `Principal` only
`*`, no `NotPrincipal` and no `NotAction`, actions only of services that support RCPs, `*` not
alone; "Resource control policies", list of those services (as the catalogue has it).
"""

from collections.abc import Iterable, Iterator

from sekisho import catalogue
from sekisho.errors import Code, quoted
from sekisho.messages import Message
from sekisho.policy.document import (
    OPERATORS,
    Condition,
    Effect,
    Element,
    EmptyBlock,
    Position,
    Principal,
    PrincipalKey,
    Statement,
    nearest_operator,
)
from sekisho.policy.nodes import (
    BooleanNode,
    Collector,
    ListNode,
    Member,
    Node,
    NumberNode,
    ObjectNode,
    TextNode,
    kind_of,
)


def _texts(
    node: Node, path: str, faults: Collector, *, scalars: bool = False
) -> Iterable[tuple[str, str, Position]]:
    """Yield (text, path, position) of one string or each string of a list.

    With `scalars`, numbers and booleans count as their text, as in condition values.
    """
    entries = node.items if isinstance(node, ListNode) else (node,)
    for index, entry in enumerate(entries):
        at = f"{path}[{index}]" if isinstance(node, ListNode) else path
        match entry:
            case TextNode():
                yield entry.value, at, entry.position
            case NumberNode() if scalars:
                yield entry.text, at, entry.position
            case BooleanNode() if scalars:
                yield ("true" if entry.value else "false"), at, entry.position
            case _:
                message = Message("expected a string or a list of strings, found {found}").filled(
                    found=kind_of(entry)
                )
                faults.add(Code.POLICY_BAD_VALUE, message, at, entry.position)


def element_of(member: Member, path: str, faults: Collector) -> Element:
    """Read `Action`, `NotAction`, `Resource` or `NotResource`."""
    fault_in = _action_fault if member.key.lower().endswith("action") else _resource_fault
    values = []
    for text, at, position in _texts(member.value, path, faults):
        if (wrong := fault_in(text)) is not None:
            code, message, fix = wrong
            faults.add(code, message, at, position, fix=fix)
        values.append(text)
    return Element(
        tuple(values),
        negated=member.key.startswith("Not"),
        scalar=not isinstance(member.value, ListNode),
        position=member.position,
    )


_OWN_RESOURCE_ONLY = frozenset({"ecr", "ecr-public"})
"""Services whose resource-based policies have no `Resource`, and are refused with one.

Source: Amazon ECR User Guide, "Private repository policy examples"; Amazon ECR Public User Guide,
"Public repository policy examples".
"""


def implied_resource(action: Element, position: Position) -> Element | None:
    """Return the `Resource` that resource-based policies of some services omit.

    It is anything, since the policy is about its own resource alone; None for other services.
    """
    services = {value.partition(":")[0].lower() for value in action.values}
    if action.negated or not services or not services <= _OWN_RESOURCE_ONLY:
        return None
    return Element(("*",), implied=True, position=position)


_PatternFault = tuple[Code, Message, Message]
"""The code of a fault in a pattern, the fault, and the fix."""


def _action_fault(text: str) -> _PatternFault | None:
    """Return the fault of an action pattern; None if it is valid."""
    if text == "*":
        return None
    prefix, colon, name = text.partition(":")
    # nearly all are right: messages are only made for faults
    if prefix and name and ":" not in name:
        return None
    action, written = quoted(text), Message("write `service:Action`, like `iam:GetUser`")
    if not colon or not prefix:
        message = Message("the action {action} has no service").filled(action=action)
        return Code.POLICY_ACTION_WITHOUT_SERVICE, message, written
    if not name:
        message = Message("the action {action} has no name").filled(action=action)
        return Code.POLICY_BAD_VALUE, message, written
    message = Message("the action {action} has more than one colon").filled(action=action)
    return Code.POLICY_ACTION_COLONS, message, written


def _resource_fault(text: str) -> _PatternFault | None:
    """Return the fault of a resource pattern; None if it is valid."""
    if text == "*" or text.startswith("arn:"):
        return None
    message = Message("the resource {resource} is neither an ARN nor `*`")
    fix = Message("write `arn:…` or `*`")
    return Code.POLICY_RESOURCE_NOT_ARN, message.filled(resource=quoted(text)), fix


def principal_of(member: Member, path: str, faults: Collector) -> Principal:
    """Read `Principal` or `NotPrincipal`."""
    negated = member.key.startswith("Not")
    node = member.value
    entries: list[tuple[PrincipalKey, tuple[str, ...]]] = []
    match node:
        case TextNode(value="*"):
            entries.append((PrincipalKey.ANYONE, ("*",)))
        case ObjectNode():
            for inner in node.members:
                at = f"{path}.{quoted(inner.key)[1:-1]}"
                if (key := _PRINCIPALS.get(inner.key)) is None:
                    message = Message("{key} is not a type of principal").filled(
                        key=quoted(inner.key)
                    )
                    fix = Message("write one of {names}").filled(
                        names=", ".join(f"`{name}`" for name in _PRINCIPALS)
                    )
                    faults.add(Code.POLICY_BAD_VALUE, message, at, inner.position, fix=fix)
                else:
                    entries.append((key, _principal_values(inner, key, at, faults)))
        case _:
            message = Message("expected `*` or an object, found {found}").filled(
                found=kind_of(node)
            )
            fix = Message('write `"*"` or an object like `{"AWS": "arn:…"}`')
            faults.add(Code.POLICY_BAD_PRINCIPAL, message, path, node.position, fix=fix)
    return Principal(tuple(entries), negated=negated, position=member.position)


_PRINCIPALS = {key.value: key for key in PrincipalKey if key is not PrincipalKey.ANYONE}


def _principal_values(
    member: Member, key: PrincipalKey, path: str, faults: Collector
) -> tuple[str, ...]:
    values = []
    for text, at, position in _texts(member.value, path, faults):
        everyone = text == "*" and key is not PrincipalKey.SERVICE
        if not text or (not everyone and ("*" in text or "?" in text)):
            message = Message("the principal {principal} is empty or has a wildcard in it").filled(
                principal=quoted(text)
            )
            fix = Message("name each principal whole, or `*`")
            faults.add(Code.POLICY_PRINCIPAL_WILDCARD, message, at, position, fix=fix)
        values.append(text)
    return tuple(values)


def conditions_of(
    member: Member, path: str, faults: Collector
) -> tuple[tuple[Condition, ...], tuple[EmptyBlock, ...]]:
    """Read a `Condition`: one entry for each operator and key, and the parts without any key."""
    if not isinstance(member.value, ObjectNode):
        message = Message("expected an object, found {found}").filled(found=kind_of(member.value))
        faults.add(Code.POLICY_BAD_VALUE, message, path, member.value.position)
        return (), ()
    blocks = member.value.members
    if not blocks:
        return (), (EmptyBlock("", member.position),)
    found: list[Condition] = []
    empty: list[EmptyBlock] = []
    for block in blocks:
        # of an operator without keys IAM does not even look at the name: recorded
        if isinstance(block.value, ObjectNode) and not block.value.members:
            empty.append(EmptyBlock(block.key, block.position))
        else:
            found += _block(block, f"{path}.{quoted(block.key)[1:-1]}", faults)
    return tuple(found), tuple(empty)


def _block(block: Member, path: str, faults: Collector) -> list[Condition]:
    """Read the keys under one operator."""
    operator = OPERATORS.get(block.key)
    if operator is None:
        # the search for a similar name is slow, and useless beyond the last reported fault
        near = "" if faults.full else nearest_operator(block.key)
        fix = Message("write `{near}`").filled(near=near) if near else None
        message = Message("{operator} is not a condition operator").filled(
            operator=quoted(block.key)
        )
        faults.add(Code.POLICY_UNKNOWN_OPERATOR, message, path, block.position, fix=fix)
    if not isinstance(block.value, ObjectNode):
        message = Message("expected an object of keys and values, found {found}").filled(
            found=kind_of(block.value)
        )
        faults.add(Code.POLICY_BAD_VALUE, message, path, block.value.position)
        return []
    found: list[Condition] = []
    spelled: set[str] = set()
    for inner in block.value.members:
        at = f"{path}.{quoted(inner.key)[1:-1]}"
        _check_key(inner, spelled, at, faults)
        values = tuple(text for text, _, _ in _texts(inner.value, at, faults, scalars=True))
        scalar = not isinstance(inner.value, ListNode)
        if operator is not None:
            found.append(Condition(operator, inner.key, values, scalar, inner.position))
    return found


def _check_key(member: Member, spelled: set[str], path: str, faults: Collector) -> None:
    """Record the fault of a condition key that is empty, or repeated in another case."""
    lower = member.key.lower()
    if not member.key.strip():
        faults.add(Code.POLICY_BAD_VALUE, Message("an empty condition key"), path, member.position)
    elif lower in spelled:
        message = Message("the key {key} is given twice, in different case").filled(
            key=quoted(member.key)
        )
        faults.add(
            Code.POLICY_DUPLICATE_KEY, message, path, member.position, fix=Message("join the two")
        )
    spelled.add(lower)


_EVERYTHING = ("*",)
_DENY = Message("write a Deny; `RCPFullAWSAccess` allows everything, and is always attached")


def check_rcp(statement: Statement, path: str, faults: Collector) -> None:
    """Record the faults that AWS Organizations finds in an RCP's statement."""
    if statement.effect is Effect.ALLOW:
        if not _is_full_access(statement):
            message = Message("an Allow that is not `RCPFullAWSAccess`")
            _add_rcp_fault(faults, message, f"{path}.Effect", statement.position, _DENY)
        return
    for message, element, position, fix in _rcp_faults(statement):
        _add_rcp_fault(faults, message, f"{path}.{element}", position, fix)


def _add_rcp_fault(
    faults: Collector, message: Message, path: str, position: Position, fix: Message | None
) -> None:
    faults.add(Code.POLICY_RCP, message, path, position, fix=fix)


def _is_full_access(statement: Statement) -> bool:
    """Return whether a statement is that of AWS's own `RCPFullAWSAccess`."""
    resource = statement.resource
    return (
        statement.principal is not None
        and _names_everybody(statement.principal)
        and (statement.action.values, statement.action.negated) == (_EVERYTHING, False)
        and resource is not None
        and (resource.values, resource.negated) == (_EVERYTHING, False)
        and not statement.conditions
    )


def _names_everybody(principal: Principal) -> bool:
    return not principal.negated and all(
        key in (PrincipalKey.ANYONE, PrincipalKey.AWS) and values == _EVERYTHING
        for key, values in principal.entries
    )


def _rcp_faults(statement: Statement) -> Iterator[tuple[Message, str, Position, Message | None]]:
    principal, action = statement.principal, statement.action
    if principal is not None and not _names_everybody(principal):
        element = "NotPrincipal" if principal.negated else "Principal"
        message = Message("a resource control policy names no principal but `*`")
        fix = Message("write `*`, and a condition on `aws:PrincipalArn` or `aws:PrincipalOrgID`")
        yield message, element, principal.position, fix
    if action.negated:
        message = Message("`NotAction` in a resource control policy")
        yield message, "NotAction", action.position, Message("name the actions in `Action`")
        return
    supporting = catalogue.services_with_rcps()
    for value in action.values:
        service = value.partition(":")[0].lower()
        if service not in supporting:
            message = Message("no resource control policy is about {action}").filled(
                action=quoted(value)
            )
            fix = Message("name a service that supports them, like `s3:*`")
            yield message, "Action", action.position, fix
