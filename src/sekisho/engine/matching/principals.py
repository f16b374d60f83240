"""`Principal` and `NotPrincipal`, in the policies that name principals.

How closely a statement names the caller decides what else must allow: an account that is named
leaves the decision to its identity-based policies, a role leaves it to its boundary and session
policies, and a user or a session that is named itself needs nothing more.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "… NotPrincipal", "Evaluating
identity-based policies with resource-based policies".
How they are read: docs/semantics.md#2-principals.
"""

from enum import IntEnum

from sekisho.engine.matching import arns
from sekisho.engine.matching.caller import Caller, CallerKind, is_identity_provider
from sekisho.engine.model.assumptions import TrackedAssumptions
from sekisho.policy import Effect, Principal, PrincipalKey

_ANYONE = "*"


class Closeness(IntEnum):
    """How closely a principal is named, the closest last."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    """By the role of a session, or by the user who made a federated user's session."""
    ITSELF = 3


_FACETS = {
    CallerKind.ROOT: {Closeness.ACCOUNT},
    CallerKind.ROOT_SESSION: {Closeness.ACCOUNT},
    CallerKind.USER: {Closeness.ITSELF, Closeness.ACCOUNT},
    CallerKind.ROLE: {Closeness.ROLE, Closeness.ACCOUNT},
    CallerKind.ROLE_SESSION: {Closeness.ITSELF, Closeness.ROLE, Closeness.ACCOUNT},
    CallerKind.FEDERATED_USER: {Closeness.ITSELF, Closeness.ACCOUNT},
    CallerKind.OUTSIDER: {Closeness.ITSELF},
    CallerKind.ANONYMOUS: {Closeness.ITSELF},
    CallerKind.CANONICAL_USER: {Closeness.ITSELF},
}
"""The levels at which `NotPrincipal` must list a caller to except it from a Deny."""


def closeness_of(
    principal: Principal, effect: Effect, caller: Caller, tracked: TrackedAssumptions
) -> Closeness:
    """Return how closely a statement of `effect` names `caller`; `NOT` if it does not apply."""
    levels = {
        _closeness_of_value(key, value, caller)
        for key, values in principal.entries
        for value in values
    } - {Closeness.NOT}
    if not principal.negated:
        return max(levels, default=Closeness.NOT)
    anyone = any(_ANYONE in values for _, values in principal.entries)
    if effect is Effect.ALLOW:
        excepted = bool(levels)
    else:
        # with a boundary, NotPrincipal with Deny denies whomever it lists (page NotPrincipal)
        excepted = not caller.bounded and (
            anyone
            or _FACETS[caller.kind] <= levels
            # it "might" deny whoever is listed without account or role (the same page)
            or (bool(levels - {Closeness.ACCOUNT}) and not tracked.not_principal_needs_chain())
        )
    return Closeness.NOT if excepted else Closeness.ITSELF


def _closeness_of_value(key: PrincipalKey, value: str, caller: Caller) -> Closeness:
    """Return how closely one value names the caller."""
    match key:
        case PrincipalKey.ANYONE:
            return Closeness.ITSELF
        case PrincipalKey.AWS:
            return _closeness_of_aws_value(value, caller)
        case PrincipalKey.FEDERATED if value == _ANYONE:
            return Closeness.ITSELF if is_identity_provider(caller) else Closeness.NOT
        case PrincipalKey.FEDERATED | PrincipalKey.SERVICE:
            outside = caller.kind is CallerKind.OUTSIDER and value == caller.arn
            return Closeness.ITSELF if outside else Closeness.NOT
        case PrincipalKey.CANONICAL_USER:
            if caller.canonical_id is None or value != caller.canonical_id:
                return Closeness.NOT
            return Closeness.ITSELF if caller.outside else Closeness.ACCOUNT


def _closeness_of_aws_value(value: str, caller: Caller) -> Closeness:
    """Return how closely a value under `AWS` names the caller.

    The ARN of a role is compared by account and name: a session's ARN does not have the role's
    path, and names are unique within an account whatever their path.
    """
    if value == _ANYONE:
        return Closeness.ITSELF
    if caller.outside:
        known = caller.kind is CallerKind.CANONICAL_USER and value == caller.arn
        return Closeness.ITSELF if known else Closeness.NOT
    root = f"arn:{caller.partition}:iam::{caller.account}:root"
    if value in (caller.account, root):
        return Closeness.ACCOUNT
    itself = Closeness.ROLE if caller.role_name else Closeness.ITSELF
    if caller.unique_id and value == caller.unique_id:
        return itself
    if value == caller.arn:
        return Closeness.ROLE if caller.kind is CallerKind.ROLE else Closeness.ITSELF
    if value == caller.federated_by:
        return Closeness.ROLE
    parts = arns.split(value)
    role = f"arn:{caller.partition}:iam::{caller.account}:role"
    is_role = caller.role_name and value.startswith(f"{role}/")
    return (
        Closeness.ROLE
        if is_role and parts[-1].split("/")[-1] == caller.role_name
        else Closeness.NOT
    )
