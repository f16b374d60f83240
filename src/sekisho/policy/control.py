"""What AWS Organizations takes in a resource control policy, beyond what any policy may have.

Source: AWS Organizations User Guide, "RCP syntax": `Allow` only in `RCPFullAWSAccess`, `Principal`
only `*`, no `NotPrincipal` and no `NotAction`, actions only of services that support RCPs, `*`
not alone; "Resource control policies", list of those services (as the catalogue has it).
"""

from collections.abc import Iterator

from sekisho import catalogue
from sekisho.errors import Code, quoted
from sekisho.messages import Message
from sekisho.policy.document import Effect, Position, Principal, PrincipalKey, Statement
from sekisho.policy.nodes import Collector

_EVERYTHING = ("*",)
_DENY = Message("write a Deny; `RCPFullAWSAccess` allows everything, and is always attached")


def check_rcp(statement: Statement, path: str, faults: Collector) -> None:
    """Note what AWS Organizations refuses in a statement of a resource control policy."""
    if statement.effect is Effect.ALLOW:
        if not _is_full_access(statement):
            message = Message("an Allow that is not `RCPFullAWSAccess`")
            _note(faults, message, f"{path}.Effect", statement.position, _DENY)
        return
    for message, element, position, fix in _wrong(statement):
        _note(faults, message, f"{path}.{element}", position, fix)


def _note(
    faults: Collector, message: Message, path: str, position: Position, fix: Message | None
) -> None:
    faults.add(Code.POLICY_RCP, message, path, position, fix=fix)


def _is_full_access(statement: Statement) -> bool:
    """Tell whether a statement is that of AWS's own `RCPFullAWSAccess`."""
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


def _wrong(statement: Statement) -> Iterator[tuple[Message, str, Position, Message | None]]:
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
