"""The authorization of a call by the engine: may this caller do everything that it needs?

All permissions of a call must be allowed. A resource that is not known is decided three-valued: a
Deny that could be about it counts, an Allow counts only if it is on every resource. So an unknown
resource never allows anything.

A key of the request context that AWS would set and whose value is not known here is decided
three-valued too: a Deny that tests it counts, an Allow does not. The log names such keys.

Source for the texts: IAM User Guide, "Troubleshoot access denied error messages".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sekisho.engine import (
    RESOURCE,
    Assumptions,
    AttachedPolicy,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    UnknownKey,
    decide,
    possible,
    relevant_keys,
)
from sekisho.errors import FaultyInput, Unsupported
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.ec2_launches import launches
from sekisho.localaws.decision.parameters import unlisted_permissions
from sekisho.localaws.decision.request_context import RequestContext, base_context, request_context
from sekisho.localaws.decision.resources import RequiredPermission, required_permissions
from sekisho.localaws.decision.second_permissions import permissions_to_tag, second_permissions
from sekisho.localaws.state import moto_iam, trust
from sekisho.localaws.state.world import LoggedDecision, VerifiedCaller, World
from sekisho.localaws.wire.errors import CommonError, Dialect, Refusal, WireProtocol, common_refusal
from sekisho.policy import CONSOLE_ACTIONS, Document, Effect, Element, PolicyKind, Statement
from sekisho.signin import (
    MFA_IN_CALL,
    ErrorCode,
    PermittedWithoutPolicy,
    Refused,
    console_arn,
    service_rule,
)


def authorize_call(
    world: World, caller: VerifiedCaller, call: ApiCall
) -> list[tuple[ApiCall, RequiredPermission]]:
    """Let a call pass, or refuse it.

    Returns:
        The permissions that it needed, each with the part of the call that needs it.

    Raises:
        Refusal: with AWS's code and text in the words of the call's protocol.
        NotImplementedError: if the call holds a statement that is not read here.
    """
    needed: list[tuple[ApiCall, RequiredPermission]] = []
    for item in item_calls(call):
        for part in launches(world, item):
            own = required_permissions(world, caller.credential, part)
            further = (*second_permissions(world, part, own), *permissions_to_tag(world, part, own))
            needed += ((part, one) for one in (*own, *further))
    needed += ((call, one) for one in unlisted_permissions(call))
    if not needed:
        # a call without any permission to check is refused, such as a deletion of no objects
        raise common_refusal(
            CommonError.MALFORMED,
            call.protocol.dialect,
            "the request names nothing that it is about",
        )
    for part, permission in needed:
        _authorize_either(world, caller, part, permission)
    return needed


_OF_ITEM: Mapping[str, tuple[str, str]] = {
    "ConditionCheck": ("DeleteItem", "dynamodb:ConditionCheckItem"),
    "Delete": ("DeleteItem", "dynamodb:DeleteItem"),
    "Get": ("GetItem", "dynamodb:GetItem"),
    "Put": ("PutItem", "dynamodb:PutItem"),
    "Update": ("UpdateItem", "dynamodb:UpdateItem"),
}
"""For each kind of item, the operation that takes the same parameters, and the action."""

_TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems"})


def item_calls(call: ApiCall) -> tuple[ApiCall, ...]:
    """Return the calls to authorise for a call: itself, or one for each item of a transaction.

    AWS checks each item of DynamoDB's transactions like a call of its own; a caller who may only
    put items may write a transaction that only puts items. So such a call is divided before
    policies are evaluated, and each part is authorised independently: a condition that one item
    meets must not hold for another.

    Source: Amazon DynamoDB Developer Guide, "Using IAM with DynamoDB transactions".
    """
    if call.service != "dynamodb" or call.operation not in _TRANSACTIONS:
        return (call,)
    return tuple(_calls_of_items(call))


def _calls_of_items(call: ApiCall) -> Iterator[ApiCall]:
    for item in call.params.get("TransactItems") or ():
        for kind, params in item.items():
            operation, action = _OF_ITEM[kind]
            yield replace(
                call,
                operation=operation,
                actions=(action,),
                params=params,
                within=call.operation,
            )


def _authorize_either(
    world: World, caller: VerifiedCaller, call: ApiCall, permission: RequiredPermission
) -> None:
    """Pass if a permission is allowed, or the one that AWS accepts instead (`or_else`)."""
    try:
        _authorize(world, caller, permission, request_context(world, call, permission))
    except Refusal as refusal:
        if permission.or_else is None:
            raise
        other = replace(permission, action=permission.or_else, or_else=None)
        try:
            _authorize(world, caller, other, request_context(world, call, other))
        except Refusal:
            raise refusal from None


def authorize_console(world: World, caller: VerifiedCaller) -> None:
    """Let a sign-in end in a console session, or refuse it, as console authorization does.

    The two steps are the sign-in's own: no client calls them for the console.

    Raises:
        Refusal: if a policy denies one of them.
    """
    for action in CONSOLE_ACTIONS:
        authorize_signin_step(world, caller, action, console_arn(world.partition), {})


def authorize_signin_step(
    world: World,
    caller: VerifiedCaller,
    action: str,
    resource: str,
    context: Mapping[str, ContextValue],
) -> None:
    """Let a step of a sign-in pass that is no signed call, or refuse it.

    Args:
        world: the state of the local AWS.
        caller: the console session.
        action: like `signin:CreateOAuth2Token`.
        resource: the ARN of what it is asked about.
        context: the keys that the step adds.

    Raises:
        Refusal: if the policies do not allow it.
    """
    permission = RequiredPermission(action, resource)
    operation, protocol = permission.action.partition(":")[2], WireProtocol(Dialect.JSON)
    call = ApiCall("signin", world.region, operation, (permission.action,), protocol, {})
    extra = request_context(world, call, permission)
    extra.values.update(context)
    _authorize(world, caller, permission, extra)


def _authorize(
    world: World, caller: VerifiedCaller, permission: RequiredPermission, extra: RequestContext
) -> None:
    """Let one action on one resource pass, or refuse it; both are logged."""
    dialect = extra.call.protocol.dialect
    entry = _entry(world, caller, permission)
    ruling = service_rule(
        caller.credential, permission.action, world.signin_assumptions, permission.resource or "*"
    )
    if isinstance(ruling, PermittedWithoutPolicy):
        world.log.add(replace(entry, allowed=True, rule=ruling.reason))
        return
    if isinstance(ruling, Refused):
        world.log.add(replace(entry, rule=ruling.reason, note=ruling.code))
        raise _in_words_of(dialect, ruling)
    # bucket policies are not evaluated here: `not_of_resource` has no effect
    try:
        decision, open_keys = _decide(world, caller, permission, extra)
    except (FaultyInput, Unsupported) as error:
        # an undecidable request is refused, with the reason
        world.log.add(replace(entry, note=str(error)))
        text = f"the local AWS cannot decide this request: {error}"
        raise common_refusal(CommonError.ACCESS_DENIED, dialect, text) from error
    only_denies = ruling.only_denies or permission.is_granted
    allowed = decision.effect is DecisionEffect.ALLOWED or (
        only_denies and decision.effect is DecisionEffect.IMPLICITLY_DENIED
    )
    note = _note(open_keys, permission)
    if not allowed or ruling.then is None:
        world.log.add(replace(entry, allowed=allowed, decision=decision, note=note))
    if not allowed:
        text = _denial_text(caller.credential.arn, permission, decision)
        if dialect is Dialect.EC2:
            text = f"You are not authorized to perform this operation. {text}"
        raise common_refusal(CommonError.ACCESS_DENIED, dialect, text)
    if ruling.then is not None:
        world.log.add(replace(entry, rule=ruling.then.reason, note=ruling.then.code))
        raise _in_words_of(dialect, ruling.then)


_ASSUMED = "the local AWS assumes that tags need this; AWS does not document it"


def _note(open_keys: frozenset[str], permission: RequiredPermission) -> str:
    unknown = f"not known here: {', '.join(sorted(open_keys))}" if open_keys else ""
    return "; ".join(filter(None, (unknown, _ASSUMED if permission.is_assumed else "")))


def _in_words_of(dialect: Dialect, refused: Refused) -> Refusal:
    if refused.code is ErrorCode.ACCESS_DENIED:
        return common_refusal(CommonError.ACCESS_DENIED, dialect, refused.message)
    return Refusal(refused.code, refused.message, refused.status)


def _decide(
    world: World, caller: VerifiedCaller, permission: RequiredPermission, extra: RequestContext
) -> tuple[Decision, frozenset[str]]:
    """Return the decision, and the unknown keys that made it the worst case."""
    credential = caller.credential
    policies = moto_iam.policies_of(world, credential.owner, caller.session_policies)
    context = base_context(world, caller).with_(extra.values)
    if permission.resource is None:
        policies = worst_case_policies(policies, permission.action)
    request = Request(
        credential.arn,
        permission.action.replace("*", "Any"),
        permission.resource or "*",
        context,
        federated_by=credential.made_by.arn if credential.made_by else None,
    )
    like = permission.resource if permission.is_pattern else None
    worst = _WorstCase(world.engine_assumptions, extra, like)
    return _decide_with_trust(world, caller, request, policies, worst), frozenset(worst.mattered)


@dataclass(slots=True)
class _WorstCase:
    """Decides as the engine does, but for the worst values of the unknown keys.

    Attributes:
        like: a pattern of the ARN of a resource that does not exist yet; None: it is known.
        mattered: the keys, in lower case, on whose values a decision depended.
    """

    assumptions: Assumptions
    extra: RequestContext
    like: str | None = None
    mattered: set[str] = field(default_factory=set)

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the engine's decision, or a denial if some value of an unknown key denies."""
        decision = decide(request, policies, self.assumptions)
        any_one = None if self.like is None else UnknownKey(like=self.like)
        asked = relevant_keys(request, policies, self.assumptions, any_one)
        unknown = {**self.extra.not_known(asked, request.context)}
        if any_one is not None:
            unknown[RESOURCE] = any_one
        if not unknown:
            return decision
        found = possible(request, policies, unknown, self.assumptions)
        self.mattered |= found.matters - {RESOURCE}
        worst = next(effect for effect in _FROM_THE_WORST if effect in found.effects)
        if worst is decision.effect:
            return decision
        return Decision(worst, blocked_by=decision.blocked_by or PolicyKind.IDENTITY)


_FROM_THE_WORST = (
    DecisionEffect.EXPLICITLY_DENIED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.ALLOWED,
)


def _decide_with_trust(
    world: World,
    caller: VerifiedCaller,
    request: Request,
    policies: Policies,
    worst: _WorstCase,
) -> Decision:
    """Return the decision; for AssumeRole, also by the trust policy and the call's MFA code."""
    if request.action not in _ON_TRUST or _FEDERATED in request.resource:
        return worst.decide(request, policies)
    role = moto_iam.role_of(world, request.resource)
    if role is None:
        # as AWS: a missing role is refused in the same words as one that does not trust the caller
        own = worst.decide(request, policies)
        if own.effect is DecisionEffect.EXPLICITLY_DENIED:
            return own
        return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=PolicyKind.TRUST)
    trusted = replace(policies, trust=trust.trust_of(world, role))
    if caller.mfa_at is None:
        return worst.decide(request, trusted)
    with_mfa = replace(request, context=request.context.with_(MFA_IN_CALL))
    decision = worst.decide(with_mfa, trusted)
    if (
        world.signin_assumptions.assume_role_sees_mfa
        or decision.effect is not DecisionEffect.ALLOWED
    ):
        return decision
    objection = _only_trust_sees_mfa(request, with_mfa, trusted, worst)
    return decision if objection is None else objection


_FEDERATED = ":federated-user/"
_ON_TRUST = frozenset({"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"})


def _only_trust_sees_mfa(
    request: Request, with_mfa: Request, policies: Policies, worst: _WorstCase
) -> Decision | None:
    """Return the denial of the caller's own policies, which do not see the code; None: none.

    Where the trust policy names the caller, their policies need not allow; a Deny always counts.
    """
    own = worst.decide(request, replace(policies, trust=None))
    if own.effect is DecisionEffect.EXPLICITLY_DENIED:
        return own
    alone = worst.decide(with_mfa, Policies(trust=policies.trust))
    enough = alone.effect is DecisionEffect.ALLOWED
    return None if enough or own.effect is DecisionEffect.ALLOWED else own


def _denial_text(arn: str, permission: RequiredPermission, decision: Decision) -> str:
    """Return AWS's text for a denial, or ours if it rests on an assumption."""
    kind = decision.blocked_by or PolicyKind.IDENTITY
    on = f" on resource: {permission.resource}" if permission.resource is not None else ""
    start = f"User: {arn} is not authorized to perform: {permission.action}{on}"
    end = f" ({_ASSUMED})" if permission.is_assumed else ""
    if permission.parameter:
        end = (
            " (the local AWS does not know which permissions the parameter "
            f"{permission.parameter} needs: all actions of that service must be allowed on *)"
        )
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        article = "an" if kind.value[0] in "aeiou" else "a"
        return f"{start} with an explicit deny in {article} {kind.value}{end}"
    return f"{start} because no {kind.value} allows the {permission.action} action{end}"


def _entry(world: World, caller: VerifiedCaller, permission: RequiredPermission) -> LoggedDecision:
    """Return the log entry of a refusal, to be completed."""
    credential = caller.credential
    return LoggedDecision(
        world.clock.now(),
        credential.arn,
        credential.kind,
        permission.action,
        permission.resource,
        mfa=(caller.mfa_at or credential.mfa_at) is not None,
        allowed=False,
    )


EVERY_ACTION = ":*"
"""The end of an action that represents every action of its service."""


def worst_case_policies(policies: Policies, action: str) -> Policies:
    """Return policies that decide about `*` as these decide, in the worst case, on any resource.

    A Deny that could be about the resource counts. An Allow counts only if it is on `*` and, where
    the action is not known either, about all actions of the service.

    Args:
        policies: of the caller.
        action: the action that is decided about; one that ends in `:*` is not known itself.
    """
    service, any_action = action.partition(":")[0], action.endswith(EVERY_ACTION)

    def worst(attached: tuple[AttachedPolicy, ...]) -> tuple[AttachedPolicy, ...]:
        return tuple(
            replace(one, document=_worst_case(one.document, service, any_action=any_action))
            for one in attached
        )

    return replace(
        policies,
        identity=worst(policies.identity),
        boundaries=None if policies.boundaries is None else worst(policies.boundaries),
        session=None if policies.session is None else worst(policies.session),
    )


def _worst_case(document: Document, service: str, *, any_action: bool) -> Document:
    statements = []
    for one in document.statements:
        counts = _counts(one, service) and (not any_action or _is_of_any(one, service))
        action = _EVERY if any_action else one.action
        statements.append(replace(one, action=action, resource=_EVERY if counts else _NONE))
    return replace(document, statements=tuple(statements))


_EVERY = Element(("*",))
_NONE = Element(("arn:of:no:re:so:urce",))


def _counts(statement: Statement, service: str) -> bool:
    element = statement.resource
    if element is None:
        return True
    if statement.effect is Effect.ALLOW:
        return not element.negated and "*" in element.values
    return element.negated or any(_may_be_of(value, service) for value in element.values)


def _may_be_of(pattern: str, service: str) -> bool:
    """Return whether a resource pattern can match some resource of the service."""
    named = pattern.split(":")[2:3]
    return not named or named[0].lower() == service or any(c in named[0] for c in "*?$")


def _is_of_any(statement: Statement, service: str) -> bool:
    """Return whether a statement covers every action of a service; a Deny, whether some."""
    patterns = [one.lower() for one in statement.action.values]
    all_of_it = bool({"*", f"{service}{EVERY_ACTION}"}.intersection(patterns))
    some_of_it = any(_may_name(one, service) for one in patterns)
    if statement.effect is Effect.ALLOW:
        return not some_of_it if statement.action.negated else all_of_it
    return not all_of_it if statement.action.negated else some_of_it


def _may_name(pattern: str, service: str) -> bool:
    """Return whether a pattern can match some action of the service."""
    named = pattern.partition(":")[0]
    return named == service or any(c in named for c in "*?")
