"""Several resources in one request: AWS asks about each, and each must be allowed.

Launching an instance is asked about the instance, the image, the subnet and more, as one request.
A request through an S3 access point is asked about the access point, under its policy, and about
the bucket or object behind it, under the bucket's policy: both must allow (S3 User Guide,
"Configuring IAM policies for using access points"). The policies on who asks are the same for all.

How it is read: docs/semantics.md#15-several-resources.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sekisho.engine.authorize import decide
from sekisho.engine.model.assumptions import DEFAULTS, Assumptions
from sekisho.engine.model.evaluation import (
    AttachedPolicy,
    Decision,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.lazy import dataclass

_ACCESS_POINT = re.compile(r"(arn:[^:]+:s3:[^:]*:(\d{12}):accesspoint/[^/]+)(?:/.*)?", re.DOTALL)


def is_access_point(resource: str) -> bool:
    """Return whether a resource is an S3 access point, or an object behind one."""
    return _ACCESS_POINT.fullmatch(resource) is not None


_GRAVEST = (
    DecisionEffect.EXPLICITLY_DENIED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.ALLOWED,
)


@dataclass(frozen=True, slots=True)
class RequestPart:
    """The part of a request that is about one resource, with the policies that apply to it."""

    request: Request
    policies: Policies


@dataclass(frozen=True, slots=True)
class JointDecision:
    """The decision on a request about several resources.

    Attributes:
        effect: allowed only if every part is; an explicit deny of one is one of the whole.
        decisions: one for each part, in order.
    """

    effect: DecisionEffect
    decisions: tuple[Decision, ...]


def parts_of(
    requests: Sequence[Request], policies: Policies, access_point: AttachedPolicy | None = None
) -> tuple[RequestPart, ...]:
    """Return the parts of a request about several resources.

    Args:
        requests: one for each resource.
        policies: the caller's policies; the resource-based policy among them is that of every
            resource that is no access point.
        access_point: the policy of the access point that is among the resources.
    """
    named = (_ACCESS_POINT.fullmatch(each.resource) for each in requests)
    through = next((found for found in named if found), None)
    return tuple(_part(each, policies, access_point, through) for each in requests)


def _part(
    request: Request,
    policies: Policies,
    access_point: AttachedPolicy | None,
    through: re.Match[str] | None,
) -> RequestPart:
    if through is None:
        return RequestPart(request, policies)
    known = request.context.folded
    keys = {"s3:DataAccessPointArn": through[1], "s3:DataAccessPointAccount": through[2]}
    added = {key: value for key, value in keys.items() if key.lower() not in known}
    request = replace(request, context=request.context.with_(added))
    if _ACCESS_POINT.fullmatch(request.resource):
        policies = replace(policies, resource=access_point, resource_kind=None, trust=None)
    return RequestPart(request, policies)


def decide_together(
    parts: Iterable[RequestPart], assumptions: Assumptions = DEFAULTS
) -> JointDecision:
    """Return the decision on a request about several resources; raises as `decide` does."""
    decisions = tuple(decide(each.request, each.policies, assumptions) for each in parts)
    effects = {each.effect for each in decisions}
    return JointDecision(next(each for each in _GRAVEST if each in effects), decisions)
