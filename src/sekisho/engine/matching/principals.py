"""`Principal` and `NotPrincipal`, in the policies that name principals.

How closely a statement names the caller decides what else must allow: an account that is named
leaves the decision to its identity-based policies, a role leaves it to its boundary and session
policies, and a user or a session that is named itself needs nothing more.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "… NotPrincipal", "Evaluating
identity-based policies with resource-based policies".
How they are read: docs/semantics.md#2-principals.
"""

from enum import IntEnum

from sekisho.engine.assumptions import TrackedAssumptions
from sekisho.engine.matching import arns
from sekisho.engine.matching.caller import Caller, CallerKind, is_identity_provider
from sekisho.policy import Effect, Principal, PrincipalKey

_ANYONE = "*"


class Named(IntEnum):
    """How closely a principal is named, the closest last."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    """By the role of a session, or by the user who made a federated user's session."""
    ITSELF = 3


_FACETS = {
    CallerKind.ROOT: {Named.ACCOUNT},
    CallerKind.ROOT_SESSION: {Named.ACCOUNT},
    CallerKind.USER: {Named.ITSELF, Named.ACCOUNT},
    CallerKind.ROLE: {Named.ROLE, Named.ACCOUNT},
    CallerKind.ROLE_SESSION: {Named.ITSELF, Named.ROLE, Named.ACCOUNT},
    CallerKind.FEDERATED_USER: {Named.ITSELF, Named.ACCOUNT},
    CallerKind.OUTSIDER: {Named.ITSELF},
    CallerKind.ANONYMOUS: {Named.ITSELF},
    CallerKind.CANONICAL_USER: {Named.ITSELF},
}
"""What `NotPrincipal` must list, all of it, to except a caller from a Deny."""


def named(
    principal: Principal, effect: Effect, caller: Caller, tracked: TrackedAssumptions
) -> Named:
    """Tell how closely a statement of `effect` names `caller`; `Named.NOT` if it does not apply."""
    levels = {
        _level(key, value, caller) for key, values in principal.entries for value in values
    } - {Named.NOT}
    if not principal.negated:
        return max(levels, default=Named.NOT)
    anyone = any(_ANYONE in values for _, values in principal.entries)
    if effect is Effect.ALLOW:
        excepted = bool(levels)
    else:
        # with a boundary, NotPrincipal with Deny denies whomever it lists (page NotPrincipal)
        excepted = not caller.bounded and (
            anyone
            or _FACETS[caller.kind] <= levels
            # it "might" deny whoever is listed without account or role (the same page)
            or (bool(levels - {Named.ACCOUNT}) and not tracked.not_principal_needs_chain())
        )
    return Named.NOT if excepted else Named.ITSELF


def _level(key: PrincipalKey, value: str, caller: Caller) -> Named:
    """Tell how closely one value names the caller."""
    match key:
        case PrincipalKey.ANYONE:
            return Named.ITSELF
        case PrincipalKey.AWS:
            return _aws_level(value, caller)
        case PrincipalKey.FEDERATED if value == _ANYONE:
            return Named.ITSELF if is_identity_provider(caller) else Named.NOT
        case PrincipalKey.FEDERATED | PrincipalKey.SERVICE:
            outside = caller.kind is CallerKind.OUTSIDER and value == caller.arn
            return Named.ITSELF if outside else Named.NOT
        case PrincipalKey.CANONICAL_USER:
            if caller.canonical_id is None or value != caller.canonical_id:
                return Named.NOT
            return Named.ITSELF if caller.outside else Named.ACCOUNT


def _aws_level(value: str, caller: Caller) -> Named:
    """Tell how closely a value under `AWS` names the caller.

    The ARN of a role is compared by account and name: a session's ARN does not tell the role's
    path, and names are unique within an account whatever their path.
    """
    if value == _ANYONE:
        return Named.ITSELF
    if caller.outside:
        known = caller.kind is CallerKind.CANONICAL_USER and value == caller.arn
        return Named.ITSELF if known else Named.NOT
    root = f"arn:{caller.partition}:iam::{caller.account}:root"
    if value in (caller.account, root):
        return Named.ACCOUNT
    itself = Named.ROLE if caller.role_name else Named.ITSELF
    if caller.unique_id and value == caller.unique_id:
        return itself
    if value == caller.arn:
        return Named.ROLE if caller.kind is CallerKind.ROLE else Named.ITSELF
    if value == caller.federated_by:
        return Named.ROLE
    parts = arns.split(value)
    role = f"arn:{caller.partition}:iam::{caller.account}:role"
    is_role = caller.role_name and value.startswith(f"{role}/")
    return Named.ROLE if is_role and parts[-1].split("/")[-1] == caller.role_name else Named.NOT
