"""Checks before a decision: a request or policy that cannot be read for certain is an error.

`policy.parse` refuses most of this in a text. Documents can also be made by hand, and a variable
that cannot be read would otherwise count as one without a value, which in a Deny lets through.
"""

import re
from collections.abc import Iterator

from sekisho.engine.matching import arns, variables
from sekisho.engine.matching.caller import (
    Caller,
    CallerKind,
    caller_of,
    is_certain,
)
from sekisho.engine.matching.conditions import SUBSTITUTING
from sekisho.engine.model.caching import cached_by_identity, cached_by_text
from sekisho.engine.model.evaluation import AttachedPolicy, Policies, Request, is_canonical_id
from sekisho.errors import Code, Fault, FaultyPolicy, FaultyRequest, quoted
from sekisho.messages import Message
from sekisho.policy import (
    KINDS,
    Condition,
    Document,
    Element,
    OperatorName,
    PolicyKind,
    Position,
    Statement,
    Version,
)

_NAME_PRINCIPALS = frozenset(
    {PolicyKind.TRUST, PolicyKind.RESOURCE, PolicyKind.RCP, PolicyKind.VPC_ENDPOINT}
)


def check_request(request: Request, policies: Policies, caller: Caller) -> None:
    """Check the request, and that these policies can apply to its caller.

    Raises:
        FaultyRequest: with everything that is wrong.
    """
    faults = [*_faults_of(request, caller), *_policies_faults(policies, caller)]
    if faults:
        raise FaultyRequest(Message("request", "source"), faults)


def request_faults(request: Request) -> list[Fault]:
    """Return the faults of a request that no change of policies could repair."""
    try:
        caller = caller_of(request, bounded=False)
    except FaultyRequest as error:
        return [*error.faults, *_faults_of(request, None)]
    return list(_faults_of(request, caller))


def _faults_of(request: Request, caller: Caller | None) -> Iterator[Fault]:
    """Return the faults of a request; without a caller, only those of its action and resource."""
    if not _is_one_action(request.action):
        message = Message("{action} is not one action").filled(action=quoted(request.action))
        fix = Message("write it as `service:Name`")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.action", fix=fix)
    if request.resource != "*" and not arns.is_arn(request.resource):
        message = Message("{resource} is not the ARN of a resource").filled(
            resource=quoted(request.resource)
        )
        fix = Message("write an ARN of six parts, or `*` for an action that has no resource")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.resource", fix=fix)
    if request.resource_account is not None:
        yield from _account_faults(request.resource, request.resource_account)
    if caller is None:
        return
    if request.service_linked_role and not caller.role_name:
        message = Message("{arn} is not a service-linked role").filled(arn=quoted(caller.arn))
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.principal")
    if request.canonical_user is not None and not is_canonical_id(request.canonical_user):
        message = Message("{given} is not a canonical user id").filled(
            given=quoted(request.canonical_user)
        )
        fix = Message("it has 64 hexadecimal digits")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.canonicalUser", fix=fix)
    if request.federated_by is not None:
        yield from _maker_faults(request.federated_by, caller)


def _maker_faults(maker: str, caller: Caller) -> Iterator[Fault]:
    owner = f"arn:{caller.partition}:iam::{caller.account}:"
    known = maker.startswith(f"{owner}user/") or maker == f"{owner}root"
    if caller.kind is not CallerKind.FEDERATED_USER or not known:
        message = Message("{maker} cannot have made the session of {arn}").filled(
            maker=quoted(maker), arn=quoted(caller.arn)
        )
        fix = Message("a federated user's session is made by a user of the same account")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.federatedBy", fix=fix)


_ONE_ACTION = re.compile(r"[^\s*?:]+:[^\s*?:]+", re.ASCII)


@cached_by_text
def _is_one_action(text: str) -> bool:
    return text.isascii() and _ONE_ACTION.fullmatch(text) is not None


def _account_faults(resource: str, given: str) -> Iterator[Fault]:
    owner = arns.account_of(resource)
    if not arns.is_account(given):
        message = Message("{given} is not an account id").filled(given=quoted(given))
        fix = Message("an account id has twelve digits")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.resourceAccount", fix=fix)
    elif owner and owner != given:
        message = Message("the resource's ARN has account `{account}`, not {given}").filled(
            account=owner, given=quoted(given)
        )
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.resourceAccount")


def _policies_faults(policies: Policies, caller: Caller) -> Iterator[Fault]:
    of_resource = (policies.trust is not None) + (policies.resource is not None)
    if caller.kind is CallerKind.OUTSIDER and not of_resource and not is_certain(caller):
        message = Message("{arn} is not a user, role or session").filled(arn=quoted(caller.arn))
        fix = Message(
            "a service or an identity provider is only named by the resource's own policy"
        )
        yield Fault(Code.REQUEST_BAD_VALUE, message, "request.principal", fix=fix)
    if of_resource > 1:
        message = Message("a role trust policy and a resource-based policy for one resource")
        fix = Message("give the one that the resource has")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "policies.resource", fix=fix)
    own = bool(policies.identity) or policies.boundaries is not None
    if caller.kind is not CallerKind.ROOT_SESSION:
        own |= policies.session is not None
    if own and (caller.outside or caller.kind in _ROOT):
        message = Message(
            "identity-based, boundary and session policies cannot apply to this principal"
        )
        fix = Message("only users, roles and their sessions have them")
        yield Fault(Code.REQUEST_BAD_VALUE, message, "policies", fix=fix)


_ROOT = frozenset({CallerKind.ROOT, CallerKind.ROOT_SESSION})


def check_policies(kind: PolicyKind, attached: tuple[AttachedPolicy, ...]) -> None:
    """Check that the documents are policies of `kind` whose every part can be read.

    Raises:
        FaultyPolicy: with every fault of the first document that has any.
    """
    for policy in attached:
        faults = _document_faults(policy.document, kind)
        if faults:
            raise FaultyPolicy(policy.name, faults)


def _document_faults(document: Document, kind: PolicyKind) -> list[Fault]:
    """Return the faults of a document; a document without faults is examined once."""
    sound_as = _sound_as(document)
    if kind in sound_as:
        return []
    faults = [
        fault
        for statement in document.statements
        for fault in _statement_faults(statement, kind, document)
    ]
    if not faults:
        sound_as.add(kind)
    return faults


@cached_by_identity
def _sound_as(_: Document) -> set[PolicyKind]:
    """Return the kinds of policy as which a document has been found valid: at first, none."""
    return set()


def _statement_faults(
    statement: Statement, kind: PolicyKind, document: Document
) -> Iterator[Fault]:
    path = f"Statement[{statement.index}]"
    named, about = kind in _NAME_PRINCIPALS, kind is not PolicyKind.TRUST
    if (statement.principal is not None) != named or (statement.resource is not None) != about:
        message = Message("a statement of this kind of policy has {elements}: {kind}").filled(
            elements=_elements(named, about), kind=KINDS[kind]
        )
        yield _fault(Code.POLICY_ELEMENT_CONFLICT, message, path, statement.position)
    for condition in statement.conditions:
        yield from _condition_faults(condition, path, document)
    if document.version is Version.V2012 and statement.resource is not None:
        yield from _resource_variable_faults(statement.resource, path)


def _elements(named: bool, about: bool) -> Message:
    """Return the message with the elements that a kind of policy has."""
    if not named:
        return Message("no `Principal` and a `Resource`")
    if about:
        return Message("a `Principal` and a `Resource`")
    return Message("a `Principal` and no `Resource`")


def _condition_faults(condition: Condition, path: str, document: Document) -> Iterator[Fault]:
    operator = condition.operator
    where = f"{path}.Condition.{operator}.{quoted(condition.key)[1:-1]}"
    if operator.name is OperatorName.NULL and operator.if_exists:
        message = Message("`Null` has no `IfExists` form")
        yield _fault(Code.POLICY_UNKNOWN_OPERATOR, message, where, condition.position)
    if document.version is Version.V2012 and operator.name in SUBSTITUTING:
        for value in condition.values:
            yield from _variable_faults(value, where, condition.position)


def _resource_variable_faults(element: Element, path: str) -> Iterator[Fault]:
    name = "NotResource" if element.negated else "Resource"
    for value in element.values:
        parts = arns.split(value)
        if len(parts) == arns.PARTS:
            yield from _variable_faults(parts[-1], f"{path}.{name}", element.position)


def _variable_faults(text: str, path: str, position: Position) -> Iterator[Fault]:
    if "${" not in text:
        return
    malformed = (part for part in variables.read(text) if isinstance(part, variables.Malformed))
    # a repeated value in one text is one fault
    for part in dict.fromkeys(malformed):
        message = Message("{text} is not a policy variable").filled(text=quoted(part.text))
        fix = Message("write `${key}` or `${key, 'default'}`")
        yield _fault(Code.POLICY_BAD_VALUE, message, path, position, fix)


def _fault(
    code: Code, message: Message, path: str, position: Position, fix: Message | None = None
) -> Fault:
    return Fault(code, message, path, position.line, position.column, fix)
