"""Asking the engine: may this caller do what the call needs?

Everything a call needs must be allowed. A resource that is not known is decided three-valued: a
Deny that could be about it counts, an Allow counts only if it is on every resource. So what is not
known never allows anything.

In the request context only keys are set whose value is known exactly. A key that AWS would set and
that is missing here is named in docs/localaws.md; a condition on it then behaves as it does for a
missing key. `aws:SecureTransport` is true: the local AWS stands for AWS's own endpoints, which
clients reach by TLS.

Source for the texts: IAM User Guide, "Troubleshoot access denied error messages".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sekisho.catalogue import load
from sekisho.engine import (
    AttachedPolicy,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.errors import FaultyInput, Unsupported
from sekisho.localaws import moto_iam
from sekisho.localaws.classify import ApiCall
from sekisho.localaws.resources import RequiredPermission, required_permissions
from sekisho.localaws.wire import CommonError, Dialect, Refusal, common
from sekisho.localaws.world import LoggedDecision, VerifiedCaller, World
from sekisho.policy import Document, Effect, Element, PolicyKind, Statement
from sekisho.signin import (
    MFA_IN_CALL,
    Credential,
    ErrorCode,
    PermittedWithoutPolicy,
    Refused,
    context_of,
    service_rule,
)

_FROM_PARAMS: Mapping[tuple[str, str], str] = {
    ("iam", "PolicyArn"): "iam:PolicyARN",
    ("iam", "PermissionsBoundary"): "iam:PermissionsBoundary",
    ("iam", "AWSServiceName"): "iam:AWSServiceName",
    ("iam", "ServiceName"): "iam:ServiceSpecificCredentialServiceName",
    ("iam", "CredentialAgeDays"): "iam:ServiceSpecificCredentialAgeDays",
    ("sts", "ExternalId"): "sts:ExternalId",
    ("sts", "RoleSessionName"): "sts:RoleSessionName",
    ("sts", "SourceIdentity"): "sts:SourceIdentity",
    ("sts", "DurationSeconds"): "sts:DurationSeconds",
    ("s3", "Prefix"): "s3:prefix",
    ("s3", "Delimiter"): "s3:delimiter",
    ("s3", "MaxKeys"): "s3:max-keys",
    ("s3", "VersionId"): "s3:VersionId",
    ("s3", "ACL"): "s3:x-amz-acl",
    ("s3", "ServerSideEncryption"): "s3:x-amz-server-side-encryption",
}
"""Parameters whose value is the value of a condition key."""


def base_context(world: World, caller: VerifiedCaller) -> Context:
    """Return what the caller's credential and address put into every request's context."""
    tags = principal_tags(world, caller.credential)
    values: dict[str, ContextValue] = {
        **context_of(caller.credential, world.clock.now(), world.signin),
        **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
        "aws:SourceIp": caller.source_ip,
        "aws:SecureTransport": "true",
    }
    return Context(values)


def principal_tags(world: World, credential: Credential) -> dict[str, str]:
    """Return the tags that policies see of a caller; a session's own override its owner's.

    Source: IAM User Guide, "Pass session tags in AWS STS".
    """
    tags = moto_iam.tags_of(world, credential.owner)
    return _unlike(tags | {tag.key: tag.value for tag in credential.tags})


def call_context(call: ApiCall, action: str) -> Mapping[str, ContextValue]:
    """Return what the call's own parameters add for one of its actions."""
    values: dict[str, ContextValue] = {"aws:RequestedRegion": call.region}
    keys_of_action = _keys(action)
    for (service, name), key in _FROM_PARAMS.items():
        given = call.params.get(name)
        if service == call.service and given is not None and key in keys_of_action:
            values[key] = str(given)
    tags = dict(_tags(call.params))
    removed = call.params.get("TagKeys")
    keys = [*tags, *(str(key) for key in removed)] if isinstance(removed, list) else [*tags]
    if keys:
        values["aws:TagKeys"] = tuple(dict.fromkeys(keys))
    if transitive := call.params.get("TransitiveTagKeys"):
        values["sts:TransitiveTagKeys"] = tuple(dict.fromkeys(map(str, transitive)))
    values.update({f"aws:RequestTag/{key}": value for key, value in _unlike(tags).items()})
    return values


def resource_context(world: World, resource: str | None) -> Mapping[str, ContextValue]:
    """Return the tags of a user or role that is the resource."""
    holder = moto_iam.holder_of_arn(world, resource) if resource else None
    tags = moto_iam.tags_of(world, holder) if holder is not None else {}
    return {
        f"{prefix}:ResourceTag/{key}": value
        for key, value in _unlike(tags).items()
        for prefix in ("aws", "iam")
    }


def _credential_context(world: World, call: ApiCall) -> Mapping[str, ContextValue]:
    """Return for which service the credential is that a call is about."""
    identifier = str(call.params.get("ServiceSpecificCredentialId", ""))
    known = world.service_credentials.get(identifier)
    return {} if known is None else {"iam:ServiceSpecificCredentialServiceName": known.service}


@cache
def _keys(action: str) -> frozenset[str]:
    """Return the condition keys that AWS sets for an action."""
    known = load().action(action)
    if known is None:
        return frozenset()
    return frozenset(known.condition_keys).union(
        *(kind.condition_keys for kind in known.resource_types)
    )


def _tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tags that a call sets, in either of the forms that services use."""
    given = params.get("Tags", params.get("tags"))
    if isinstance(given, Mapping):
        yield from ((str(key), str(value)) for key, value in given.items())
    elif isinstance(given, list):
        for tag in given:
            if isinstance(tag, Mapping):
                key = tag.get("Key", tag.get("key", tag.get("TagKey", "")))
                yield str(key), str(tag.get("Value", tag.get("value", tag.get("TagValue", ""))))


def _unlike(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags whose keys differ by more than case, as condition keys must."""
    return dict({key.lower(): (key, value) for key, value in tags.items()}.values())


def authorize_call(world: World, caller: VerifiedCaller, call: ApiCall) -> None:
    """Let a call pass, or refuse it.

    Raises:
        Refusal: with AWS's code and text in the words of the call's protocol.
    """
    targets = required_permissions(world, caller.credential, call)
    if not targets:
        # nothing to be asked about is no permission: a deletion of no objects, for one
        raise common(
            CommonError.MALFORMED, call.form.family, "the request names nothing that it is about"
        )
    for target in targets:
        extra = {
            **call_context(call, target.action),
            **resource_context(world, target.resource),
            **_credential_context(world, call),
        }
        authorize(world, caller, target, extra, call.form.family)


def authorize(
    world: World,
    caller: VerifiedCaller,
    target: RequiredPermission,
    extra: Mapping[str, ContextValue] | None = None,
    family: Dialect = Dialect.QUERY,
) -> None:
    """Let one action on one resource pass, or refuse it; either way it is logged.

    `extra` is what the request adds to the context that the caller's credential gives.

    Raises:
        Refusal: with AWS's code and text.
    """
    entry = _entry(world, caller, target)
    ruling = service_rule(caller.credential, target.action, world.signin, target.resource or "*")
    if isinstance(ruling, PermittedWithoutPolicy):
        world.log.add(replace(entry, allowed=True, rule=ruling.reason))
        return
    if isinstance(ruling, Refused):
        world.log.add(replace(entry, rule=ruling.reason, note=ruling.code))
        raise _in_words_of(family, ruling)
    # no policy of a bucket is evaluated here: `not_of_resource` has nothing to leave out
    try:
        decision = _decide(world, caller, target, extra or {})
    except (FaultyInput, Unsupported) as error:
        # what cannot be decided is refused, and says so
        world.log.add(replace(entry, note=str(error)))
        text = f"the local AWS cannot decide this request: {error}"
        raise common(CommonError.ACCESS_DENIED, family, text) from error
    allowed = decision.effect is DecisionEffect.ALLOWED or (
        ruling.only_denies and decision.effect is DecisionEffect.IMPLICITLY_DENIED
    )
    if not allowed or ruling.then is None:
        world.log.add(replace(entry, allowed=allowed, decision=decision))
    if not allowed:
        text = _text(caller.credential.arn, target, decision)
        if family is Dialect.EC2:
            text = f"You are not authorized to perform this operation. {text}"
        raise common(CommonError.ACCESS_DENIED, family, text)
    if ruling.then is not None:
        world.log.add(replace(entry, rule=ruling.then.reason, note=ruling.then.code))
        raise _in_words_of(family, ruling.then)


def _in_words_of(family: Dialect, refused: Refused) -> Refusal:
    if refused.code is ErrorCode.ACCESS_DENIED:
        return common(CommonError.ACCESS_DENIED, family, refused.message)
    return Refusal(refused.code, refused.message, refused.status)


def _decide(
    world: World,
    caller: VerifiedCaller,
    target: RequiredPermission,
    extra: Mapping[str, ContextValue],
) -> Decision:
    credential = caller.credential
    policies = moto_iam.policies_of(world, credential.owner, caller.session_policies)
    context = base_context(world, caller).with_(extra)
    if target.resource is None:
        service = target.action.partition(":")[0]
        policies = _of_unknown_resource(policies, service)
    request = Request(
        credential.arn,
        target.action,
        target.resource or "*",
        context,
        federated_by=credential.made_by.arn if credential.made_by else None,
    )
    if target.action not in _ON_TRUST or _FEDERATED in (target.resource or ""):
        return decide(request, policies, world.engine)
    role = moto_iam.role_of(world, target.resource or "")
    if role is None:
        # as AWS: a missing role is refused in the same words as one that does not trust the caller
        own = decide(request, policies, world.engine)
        if own.effect is DecisionEffect.EXPLICITLY_DENIED:
            return own
        return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=PolicyKind.TRUST)
    trusted = replace(policies, trust=moto_iam.trust_of(world, role))
    if caller.mfa_at is None:
        return decide(request, trusted, world.engine)
    with_mfa = replace(request, context=context.with_(MFA_IN_CALL))
    decision = decide(with_mfa, trusted, world.engine)
    if world.signin.assume_role_sees_mfa or decision.effect is not DecisionEffect.ALLOWED:
        return decision
    objection = _only_trust_sees_mfa(world, request, with_mfa, trusted)
    return decision if objection is None else objection


_FEDERATED = ":federated-user/"
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


def _text(arn: str, target: RequiredPermission, decision: Decision) -> str:
    """Return AWS's own words for a denial."""
    kind = decision.blocked_by or PolicyKind.IDENTITY
    on = f" on resource: {target.resource}" if target.resource is not None else ""
    start = f"User: {arn} is not authorized to perform: {target.action}{on}"
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        article = "an" if kind.value[0] in "aeiou" else "a"
        return f"{start} with an explicit deny in {article} {kind.value}"
    return f"{start} because no {kind.value} allows the {target.action} action"


def _entry(world: World, caller: VerifiedCaller, target: RequiredPermission) -> LoggedDecision:
    """Return a refusing entry, to be completed."""
    credential = caller.credential
    return LoggedDecision(
        world.clock.now(),
        credential.arn,
        credential.kind,
        target.action,
        target.resource,
        mfa=(caller.mfa_at or credential.mfa_at) is not None,
        allowed=False,
    )
