"""Checks of the services themselves, which no policy changes: Regions and resource policies.

The rulings of STS and IAM, and of what only AWS changes, are `signin.service_rule`'s.

A client of AWS reaches a service in a Region by an address of its own, so a Region that does not
exist has none. Here all have one address, and the Region is what the signature says.

Policies of resources are not evaluated here, so none is taken. What else services refuse is a table
(`service_refusals`).

Sources: AWS General Reference, "AWS service endpoints"; Amazon S3 User Guide, "Making requests"
(redirection).
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import OWN_SERVICES, ApiCall, module_of
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import CommonError, Dialect, Refusal, common_refusal

_ANYWHERE = frozenset({"CreateBucket", "GetBucketLocation", "ListBuckets"})
"""Calls about a bucket that S3 accepts in any Region."""


def check_region(region: str, dialect: Dialect) -> None:
    """Refuse a Region that does not exist.

    Raises:
        Refusal: as AWS does where a credential's scope is wrong.
    """
    if region not in _regions():
        error = (
            CommonError.INCOMPLETE_SIGNATURE if dialect is Dialect.S3 else CommonError.BAD_SIGNATURE
        )
        refusal = common_refusal(error, dialect)
        # the text that belongs to the code would send people to look at their keys
        text = f"Credential should be scoped to a valid region. There is no Region `{region[:64]}`."
        raise Refusal(refusal.code, text, refusal.status)


@cache
def _regions() -> frozenset[str]:
    # without a session, which would load EC2's whole model
    known = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = known.get_available_partitions()
    there = {each for name in partitions for each in known.get_available_endpoints("ec2", name)}
    # a client that is told no Region signs so for a global address, as that of STS
    return frozenset(there | {f"{name}-global" for name in partitions})


def check_place(world: World, call: ApiCall) -> None:
    """Refuse a call to a Region that lacks the service or the bucket.

    Raises:
        Refusal: S3's for a bucket elsewhere, which names the Region, so that clients go there.
        NotImplementedError: if moto has the service in other Regions only.
    """
    if call.service in OWN_SERVICES:
        return
    try:
        served = _regions_of(module_of(call.service))
    except ImportError:
        return  # a package is missing: moto says so, once it is known who may ask
    if not {call.region, world.partition} & served:
        raise NotImplementedError(f"{call.service} is not in {call.region}")
    if call.service != "s3" or call.operation in _ANYWHERE:
        return
    name = call.params.get("Bucket")
    region = moto_state.region_of_bucket(world, str(name))
    if region not in {None, call.region}:
        raise Refusal(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{call.region}' is wrong; "
            f"expecting '{region}'",
            400,
            region=region or "",
        )


@cache
def _regions_of(module: str) -> frozenset[str]:
    """Return the Regions or partitions in which moto has a service, without creating state."""
    backends: Any = get_backend(module)  # type: ignore[call-overload]  # a name of moto's own list: `classify` looked
    empty: Any = AccountSpecificBackend(
        backends.service_name,
        "",
        backends.backend,
        backends._use_boto3_regions,
        backends._additional_regions,
    )
    return frozenset(empty.regions)


_IDENTITIES = frozenset({"iam", "sts"})
"""Services whose policies the authorizer evaluates, or whose rules `signin` has."""

_GRANTS = re.compile(r"(Add|Put)\w*Permission")
"""Operations that write a statement of such a policy from their parameters."""


def refuse_resource_policy(call: ApiCall) -> None:
    """Refuse a call that would set a resource-based policy, or an organisation's.

    The authorizer does not evaluate such policies. If one were accepted and then ignored, the local
    AWS would allow what AWS denies. Source: IAM User Guide, "AWS services that work with IAM".

    Raises:
        NotImplementedError: if it would; the message names the operation and holds no parameter.
    """
    if call.service in _IDENTITIES:
        return
    if _GRANTS.fullmatch(call.operation) or any(_policies(call.params)):
        raise NotImplementedError(
            f"{call.service}:{call.operation} would set a policy that is not evaluated here"
        )


def _policies(value: object) -> Iterator[str]:
    """Yield the policy documents among parameters, by their names and their form."""
    if isinstance(value, list):
        for item in value:
            yield from _policies(item)
    if not isinstance(value, Mapping):
        return
    named: Mapping[str, Any] = value
    # SetTopicAttributes gives one attribute's name and value as two parameters
    if named.get("AttributeName") == "Policy":
        named = {**named, "Policy": named.get("AttributeValue")}
    for name, inner in named.items():
        if isinstance(inner, str):
            if _NAMES.search(name) and _is_document(inner):
                yield inner
        else:
            yield from _policies(inner)


_NAMES = re.compile("polic(y|ies)|^content$", re.IGNORECASE)
"""Matches `Policy`, `AccessPolicies`, `policyText`, and the text of organizations:CreatePolicy."""


def _is_document(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "Statement" in value
