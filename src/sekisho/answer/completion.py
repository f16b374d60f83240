"""Completion of a request: the context keys that follow from it, and usual values of others.

What the asker gives always counts, and a value that contradicts the principal is a fault.

Source: IAM User Guide, "AWS global condition context keys"; "IAM policy elements: Variables and
tags" (table of principal keys); "AWS: Denies access to AWS based on the requested Region" (global
services); AWS KMS Developer Guide, "AWS KMS condition keys" (`kms:CallerAccount`).
How it is read: docs/semantics.md#12-what-aws-adds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from sekisho.catalogue import DEFAULT_PARTITION, equivalent_service_keys, load, only_region
from sekisho.engine import ContextValue, Request, UnknownKey
from sekisho.engine.matching import Caller, CallerKind, arns
from sekisho.errors import Code, Fault, FaultyRequest, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.signin import HolderKind

MFA, AGE, ISSUED = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"
"""The keys of a session; a long-term access key has none of them."""


ROLES = frozenset({CallerKind.ROLE, CallerKind.ROLE_SESSION})


class Origin(StrEnum):
    """The origin of a value that was not given."""

    DERIVED = "derived"
    """It follows from the request."""
    DEFAULTED = "defaulted"
    """The usual value: of a direct call, now, by TLS."""


@dataclass(frozen=True, slots=True)
class AddedKey:
    """A context key that was added to a request."""

    key: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class CompletedRequest:
    """A request with the keys that AWS adds.

    Attributes:
        added: by the key in lower case.
        guessed: the added keys that may well have other values, with the limits of these.
    """

    request: Request
    added: Mapping[str, AddedKey]
    guessed: Mapping[str, UnknownKey]


def complete(request: Request, caller: Caller, now: datetime) -> CompletedRequest:
    """Return `request` with the context that AWS adds to it.

    `now` is the time of the request, with its zone.

    Raises:
        FaultyRequest: if a key that was given contradicts the principal.
    """
    faults = list(_contradictions(request, caller))
    if faults:
        raise FaultyRequest("request", faults)
    given = request.context.folded
    found: dict[str, AddedKey] = {}
    for one in (*_caller_keys(caller, given), *_call_keys(request, caller, now)):
        name = one.key.lower()
        if name not in given and name not in found:
            found[name] = one
    values = {one.key: one.value for one in found.values()}
    completed = replace(request, context=request.context.with_(values))
    guessed: dict[str, UnknownKey] = {}
    if caller.kind is CallerKind.ROLE_SESSION and "aws:principalarn" in found:
        like = f"arn:{caller.partition}:iam::{caller.account}:role/*{caller.role_name}"
        guessed["aws:principalarn"] = UnknownKey(may_be_absent=False, like=like)
    mfa = found.get(MFA.lower())
    if mfa is not None and mfa.origin is Origin.DEFAULTED:
        # a user's session that was not said to be one with MFA or without; a role's without it
        of_role = caller.kind in ROLES
        guessed[MFA.lower()] = UnknownKey(of_role, mfa.value if of_role else "*")
    return CompletedRequest(completed, found, guessed)


def is_service(caller: Caller) -> bool:
    """Return whether the caller is an AWS service."""
    return caller.kind is CallerKind.OUTSIDER and caller.account is None


def _derived(key: str, value: str) -> AddedKey:
    return AddedKey(key, value, Origin.DERIVED)


def _defaulted(key: str, value: str) -> AddedKey:
    return AddedKey(key, value, Origin.DEFAULTED)


_TYPES: Mapping[CallerKind, HolderKind] = {
    CallerKind.ROOT: HolderKind.ROOT,
    CallerKind.USER: HolderKind.USER,
    CallerKind.ROLE: HolderKind.ROLE,
    CallerKind.ROLE_SESSION: HolderKind.ROLE,
    CallerKind.FEDERATED_USER: HolderKind.FEDERATED,
}


def _caller_keys(caller: Caller, given: Mapping[str, ContextValue]) -> Iterator[AddedKey]:
    """Yield the keys that follow from the caller."""
    if is_service(caller):
        yield _derived("aws:PrincipalIsAWSService", "true")
        yield _derived("aws:PrincipalServiceName", caller.arn)
        return
    if caller.kind is CallerKind.ANONYMOUS:
        yield _derived("aws:PrincipalType", "Anonymous")
        yield _derived("aws:userid", "anonymous")
    if caller.outside:
        # AssumeRoleWithSAML and AssumeRoleWithWebIdentity are not signed
        return
    yield from map(_derived, *zip(*_facts(caller).items(), strict=True))
    yield _derived("aws:PrincipalIsAWSService", "false")
    yield from _session_keys(caller, given)


def _session_keys(caller: Caller, given: Mapping[str, ContextValue]) -> Iterator[AddedKey]:
    """Yield the keys that depend on the principal's kind of session."""
    iam = f"arn:{caller.partition}:iam::{caller.account}"
    if caller.kind is CallerKind.ROOT_SESSION:
        yield _derived("aws:AssumedRoot", "true")
        yield _defaulted("aws:PrincipalArn", f"{iam}:root")
    if caller.kind is CallerKind.ROLE_SESSION:
        # a role's path is not in its sessions' ARNs
        yield _defaulted("aws:PrincipalArn", f"{iam}:role/{caller.role_name}")
    if caller.kind in ROLES:
        # docs/signin.md, assumption role_session_mfa; SAML, OIDC and Identity Center: never there
        yield _defaulted(MFA, "false")
    if caller.kind in (CallerKind.USER, CallerKind.ROOT):
        if AGE.lower() in given:
            yield _derived(MFA, "true")
        if ISSUED.lower() in given:
            yield _defaulted(MFA, "false")


def _facts(caller: Caller) -> dict[str, str]:
    """Return the keys with one value that follows from the principal's ARN."""
    account = caller.account or ""
    facts = {"aws:PrincipalAccount": account}
    if caller.kind in _TYPES:
        facts["aws:PrincipalType"] = _TYPES[caller.kind].value
    name = caller.arn.rsplit("/", 1)[-1]
    match caller.kind:
        case CallerKind.ROOT:
            facts["aws:userid"] = account
        case CallerKind.USER:
            facts["aws:username"] = name
        case CallerKind.FEDERATED_USER:
            facts["aws:userid"] = f"{account}:{name}"
        case CallerKind.ROLE | CallerKind.ROLE_SESSION | CallerKind.ROOT_SESSION:
            pass
        case CallerKind.OUTSIDER | CallerKind.ANONYMOUS | CallerKind.CANONICAL_USER:
            pass
    if caller.kind not in (CallerKind.ROLE_SESSION, CallerKind.ROOT_SESSION):
        facts["aws:PrincipalArn"] = caller.arn
    return facts


def _call_keys(request: Request, caller: Caller, now: datetime) -> Iterator[AddedKey]:
    """Yield the keys that follow from the call, and those of any direct call."""
    region = _region(request)
    if region:
        yield from _with_service_key(request, "aws:RequestedRegion", region, Origin.DERIVED)
    yield from _resource_keys(request, caller)
    yield from _tags(request)
    if caller.account:
        yield from _service_key(request, "aws:PrincipalAccount", caller.account, Origin.DERIVED)
    if "aws:calledvia" in request.context.folded:
        yield _derived("aws:ViaAWSService", "true")
    if "kms:viaservice" in request.context.folded and not is_service(caller):
        yield _defaulted("aws:ViaAWSService", "true")
    yield _defaulted("aws:ViaAWSService", "false")
    yield _defaulted("aws:SecureTransport", "true")
    yield _defaulted("aws:CurrentTime", now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    yield _defaulted("aws:EpochTime", str(int(now.timestamp())))


def _resource_keys(request: Request, caller: Caller) -> Iterator[AddedKey]:
    if request.resource == "*":
        return
    owner = arns.account_of(request.resource) or request.resource_account
    if owner is None and (caller.account is None or arns.split(request.resource)[4]):
        # a service has no account, and the owner of AWS's own policies is unknown
        return
    # without a given owner, the resource counts as the caller's own
    origin = Origin.DERIVED if owner else Origin.DEFAULTED
    yield from _with_service_key(
        request, "aws:ResourceAccount", owner or caller.account or "", origin
    )


def _with_service_key(request: Request, key: str, value: str, origin: Origin) -> Iterator[AddedKey]:
    """Yield a global key, and the key of the service that has the same value."""
    yield AddedKey(key, value, origin)
    yield from _service_key(request, key, value, origin)


_TAG = "aws:ResourceTag/"


def _tags(request: Request) -> Iterator[AddedKey]:
    """Yield the tags of the resource under the other of their two names."""
    action = load().action(request.action)
    own = equivalent_service_keys(_TAG).get(request.action.partition(":")[0].lower())
    if own is None or action is None:
        return
    for key, value in request.context.items():
        start, slash, tag = key.partition("/")
        other = {_TAG.lower(): own, own.lower(): _TAG}.get(f"{start}{slash}".lower())
        if other is not None and isinstance(value, str) and load().has_key(action, other + tag):
            yield _derived(other + tag, value)


def _service_key(request: Request, key: str, value: str, origin: Origin) -> Iterator[AddedKey]:
    """Yield the key of the service that has the value of a global one, if any."""
    own = equivalent_service_keys(key).get(request.action.partition(":")[0].lower())
    if own is not None:
        yield AddedKey(own, value, origin)


def _region(request: Request) -> str | None:
    """Return the Region of the request, if it can be derived."""
    parts = arns.split(request.principal if request.resource == "*" else request.resource)
    partition = parts[1] if len(parts) == arns.PARTS else DEFAULT_PARTITION
    if (only := only_region(request.action, partition)) is not None:
        return only
    return parts[3] or None if request.resource != "*" else None


def _contradictions(request: Request, caller: Caller) -> Iterator[Fault]:
    """Yield the faults of given keys that contradict the principal."""
    if caller.outside:
        return
    facts = {**_facts(caller), "aws:PrincipalIsAWSService": "false"}
    for key, value in facts.items():
        found = request.context.folded.get(key.lower())
        same = found == value or (value == "false" and str(found).lower() == value)
        if isinstance(found, str) and not same:
            yield _contradiction(request, key, found, value)
    for key, (pattern, example) in _patterns(caller).items():
        found = request.context.folded.get(key.lower())
        if isinstance(found, str) and not re.fullmatch(pattern, found):
            yield _contradiction(request, key, found, example)
    for key in _absent_keys(caller):
        found = request.context.folded.get(key.lower())
        if found:
            message = Message("no request of {principal} has `{key}`")
            yield _fault(key, message.filled(principal=quoted(request.principal), key=key))


def _patterns(caller: Caller) -> dict[str, tuple[str, str]]:
    """Return the keys of a role session with a partly known value: a pattern, an example."""
    if caller.kind is not CallerKind.ROLE_SESSION:
        return {}
    role = f"arn:{caller.partition}:iam::{caller.account}:role/"
    session = caller.arn.rsplit("/", 1)[-1]
    return {
        "aws:PrincipalArn": (
            rf"{re.escape(role)}(?:.+/)?{re.escape(caller.role_name)}",
            f"{role}{caller.role_name}",
        ),
        "aws:userid": (rf"[^:]+:{re.escape(session)}", f"AROA…:{session}"),
    }


def _absent_keys(caller: Caller) -> Iterator[str]:
    """Yield the keys about the principal that a principal of this kind never has."""
    yield "aws:PrincipalServiceName"
    if caller.kind is not CallerKind.USER:
        yield "aws:username"
    if caller.kind is CallerKind.FEDERATED_USER:
        yield MFA
    if caller.kind not in (CallerKind.USER, CallerKind.ROOT):
        yield AGE


def _contradiction(request: Request, key: str, found: str, value: str) -> Fault:
    message = Message("`{key}` is {value} in a request of {principal}, not {found}")
    return _fault(
        key,
        message.filled(
            key=key, value=quoted(value), principal=quoted(request.principal), found=quoted(found)
        ),
    )


def _fault(key: str, message: Message) -> Fault:
    fix = Message("leave the key out: it follows from the principal")
    return Fault(Code.REQUEST_BAD_VALUE, message, f"request.context.{key}", fix=fix)
