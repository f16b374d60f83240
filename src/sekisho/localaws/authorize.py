"""Asking the engine: may this caller do what the call needs?

Everything a call needs must be allowed. A resource that is not known is decided three-valued: a
Deny that could be about it counts, an Allow counts only if it is on every resource. So ignorance
never opens a door.

Source for the texts: IAM User Guide, "Troubleshoot access denied error messages" (fact §6.7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sekisho.engine import (
    AttachedPolicy,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.errors import FaultyInput, Unsupported
from sekisho.localaws import backend
from sekisho.localaws.caller import Caller
from sekisho.localaws.classify import Call
from sekisho.localaws.context import base_context, call_context, resource_context
from sekisho.localaws.log import Entry
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.resources import Target, targets_of
from sekisho.localaws.wire import CommonError, Family, common
from sekisho.localaws.world import World
from sekisho.policy import Document, Effect, Element, PolicyKind, Statement
from sekisho.signin import (
    MFA_IN_CALL,
    ErrorCode,
    PermittedWithoutPolicy,
    Refused,
    service_rule,
)

__all__ = ["Asked", "authorize", "authorize_call"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and what their session's own policies are (JSON texts)."""

    caller: Caller
    session_policies: tuple[str, ...] = ()


def authorize_call(world: World, asked: Asked, call: Call) -> None:
    """Let a call pass, or refuse it.

    Raises:
        Refusal: with AWS's code and text in the words of the call's protocol.
    """
    targets = targets_of(world, asked.caller.credential, call)
    if not targets:
        # nothing to be asked about is no permission: a deletion of no objects, for one
        raise common(
            CommonError.MALFORMED, call.form.family, "the request names nothing that it is about"
        )
    for target in targets:
        extra = {
            **call_context(call, target.action),
            **resource_context(world, target.resource),
        }
        authorize(world, asked, target, extra, call.form.family)


def authorize(
    world: World,
    asked: Asked,
    target: Target,
    extra: Mapping[str, ContextValue] | None = None,
    family: Family = Family.QUERY,
) -> None:
    """Let one action on one resource pass, or refuse it; either way it is logged.

    `extra` is what the request adds to the context that the caller's credential gives.

    Raises:
        Refusal: with AWS's code and text.
    """
    entry = _entry(world, asked, target)
    ruling = service_rule(asked.caller.credential, target.action, world.signin)
    if isinstance(ruling, PermittedWithoutPolicy):
        world.log.add(replace(entry, allowed=True, rule=ruling.reason))
        return
    if isinstance(ruling, Refused):
        world.log.add(replace(entry, rule=ruling.reason, note=ruling.code))
        raise _in_words_of(family, ruling)
    try:
        decision = _decide(world, asked, target, extra or {})
    except (FaultyInput, Unsupported) as error:
        # what cannot be decided is refused, and says so
        world.log.add(replace(entry, note=str(error)))
        text = f"the local AWS cannot decide this request: {error}"
        raise common(CommonError.ACCESS_DENIED, family, text) from error
    allowed = decision.effect is DecisionEffect.ALLOWED or (
        ruling.only_denies and decision.effect is DecisionEffect.IMPLICITLY_DENIED
    )
    world.log.add(replace(entry, allowed=allowed, decision=decision))
    if not allowed:
        text = _text(asked.caller.credential.arn, target, decision)
        if family is Family.EC2:
            text = f"You are not authorized to perform this operation. {text}"
        raise common(CommonError.ACCESS_DENIED, family, text)


def _in_words_of(family: Family, refused: Refused) -> Refusal:
    if refused.code is ErrorCode.ACCESS_DENIED:
        return common(CommonError.ACCESS_DENIED, family, refused.message)
    return Refusal(refused.code, refused.message, refused.status)


def _decide(
    world: World, asked: Asked, target: Target, extra: Mapping[str, ContextValue]
) -> Decision:
    holder = asked.caller.credential.holder
    policies = backend.policies_of(world, holder, asked.session_policies)
    context = base_context(world, asked.caller).with_(extra)
    if target.resource is None:
        service = target.action.partition(":")[0]
        policies = _of_unknown_resource(policies, service)
    request = Request(asked.caller.credential.arn, target.action, target.resource or "*", context)
    if target.action not in _ON_TRUST:
        return decide(request, policies, world.engine)
    role = backend.role_of(world, target.resource or "")
    if role is None:
        # as AWS: a role that is not there is not told from one that does not trust the caller
        own = decide(request, policies, world.engine)
        if own.effect is DecisionEffect.EXPLICITLY_DENIED:
            return own
        return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=PolicyKind.TRUST)
    trusted = replace(policies, trust=backend.trust_of(world, role))
    if asked.caller.mfa_at is None:
        return decide(request, trusted, world.engine)
    with_mfa = replace(request, context=context.with_(MFA_IN_CALL))
    decision = decide(with_mfa, trusted, world.engine)
    if world.signin.assume_role_sees_mfa or decision.effect is not DecisionEffect.ALLOWED:
        return decision
    objection = _only_trust_sees_mfa(world, request, with_mfa, trusted)
    return decision if objection is None else objection


_ON_TRUST = frozenset({"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"})


def _only_trust_sees_mfa(
    world: World, request: Request, with_mfa: Request, policies: Policies
) -> Decision | None:
    """Return what the caller's own policies object when they do not see the code; None if nothing.

    Where the trust policy names the caller, their policies need not allow; a Deny always counts.
    """
    own = decide(request, replace(policies, trust=None), world.engine)
    if own.effect is DecisionEffect.EXPLICITLY_DENIED:
        return own
    alone = decide(with_mfa, Policies(trust=policies.trust), world.engine)
    enough = alone.effect is DecisionEffect.ALLOWED
    return None if enough or own.effect is DecisionEffect.ALLOWED else own


def _of_unknown_resource(policies: Policies, service: str) -> Policies:
    """Return policies that say of `*` what these say, in the worst case, of an unknown resource."""

    def worst(attached: tuple[AttachedPolicy, ...]) -> tuple[AttachedPolicy, ...]:
        return tuple(replace(one, document=_worst_case(one.document, service)) for one in attached)

    return replace(
        policies,
        identity=worst(policies.identity),
        boundaries=None if policies.boundaries is None else worst(policies.boundaries),
        session=None if policies.session is None else worst(policies.session),
    )


def _worst_case(document: Document, service: str) -> Document:
    statements = tuple(
        replace(statement, resource=_EVERY if _counts(statement, service) else _NONE)
        for statement in document.statements
    )
    return replace(document, statements=statements)


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
    """Whether a resource pattern could match some resource of the service."""
    named = pattern.split(":")[2:3]
    return not named or named[0].lower() == service or any(c in named[0] for c in "*?$")


def _text(arn: str, target: Target, decision: Decision) -> str:
    """Return AWS's own words for a denial."""
    kind = decision.blocked_by or PolicyKind.IDENTITY
    on = f" on resource: {target.resource}" if target.resource is not None else ""
    start = f"User: {arn} is not authorized to perform: {target.action}{on}"
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        article = "an" if kind.value[0] in "aeiou" else "a"
        return f"{start} with an explicit deny in {article} {kind.value}"
    return f"{start} because no {kind.value} allows the {target.action} action"


def _entry(world: World, asked: Asked, target: Target) -> Entry:
    """Return a refusing entry, to be completed."""
    credential = asked.caller.credential
    return Entry(
        world.clock.now(),
        credential.arn,
        credential.kind,
        target.action,
        target.resource,
        mfa=(asked.caller.mfa_at or credential.mfa_at) is not None,
        allowed=False,
    )
