"""Where a call goes: to a Region that there is, that has the service, and that has the bucket.

A client of AWS reaches a service in a Region by an address of its own, so a Region that does not
exist has none. Here all have one address, and the Region is what the signature says.

Sources: AWS General Reference, "AWS service endpoints"; Amazon S3 User Guide, "Making requests"
(redirection).
"""

from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import OWN_SERVICES, ApiCall, module_of
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import CommonError, Dialect, Refusal, common

_ANYWHERE = frozenset({"CreateBucket", "GetBucketLocation", "ListBuckets"})
"""Calls about a bucket that S3 takes in any Region."""


def check_region(region: str, family: Dialect) -> None:
    """Refuse a Region that does not exist.

    Raises:
        Refusal: as AWS does where a credential's scope is wrong.
    """
    if region not in _regions():
        error = (
            CommonError.INCOMPLETE_SIGNATURE if family is Dialect.S3 else CommonError.BAD_SIGNATURE
        )
        refusal = common(error, family)
        # the text that belongs to the code would send people to look at their keys
        text = f"Credential should be scoped to a valid region. There is no Region `{region[:64]}`."
        raise Refusal(refusal.code, text, refusal.status)


@cache
def _regions() -> frozenset[str]:
    # without a session, which would read the whole of EC2's model for this
    known = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = known.get_available_partitions()
    there = {each for name in partitions for each in known.get_available_endpoints("ec2", name)}
    # a client that is told no Region signs so for a global address, as that of STS
    return frozenset(there | {f"{name}-global" for name in partitions})


def check_place(world: World, call: ApiCall) -> None:
    """Refuse a call to a Region that has not the service, or not the bucket.

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
    """Return where moto has a service: Regions, or partitions; without making a state of it."""
    backends: Any = get_backend(module)  # type: ignore[call-overload]  # a name of moto's own list: `classify` looked
    empty: Any = AccountSpecificBackend(
        backends.service_name,
        "",
        backends.backend,
        backends._use_boto3_regions,
        backends._additional_regions,
    )
    return frozenset(empty.regions)
