"""Where a call goes: to a Region that there is, that has the service, and that has the bucket.

A client of AWS reaches a service in a Region by an address of its own, so a Region that does not
exist has none. Here all have one address, and the Region is what the signature says.

Sources: AWS General Reference, "AWS service endpoints"; Amazon S3 User Guide, "Making requests"
(redirection).
"""

from functools import cache

from botocore.session import Session
from moto.backends import get_backend
from moto.s3.models import s3_backends

from sekisho.localaws.classify import ApiCall, module_of
from sekisho.localaws.wire import CommonError, Dialect, Refusal, common
from sekisho.localaws.world import World

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
        raise common(error, family, "Credential should be scoped to a valid region.")


@cache
def _regions() -> frozenset[str]:
    session = Session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    )


def check_place(world: World, call: ApiCall) -> None:
    """Refuse a call to a Region that has not the service, or not the bucket.

    Raises:
        Refusal: S3's for a bucket elsewhere, which names the Region, so that clients go there.
        NotImplementedError: if moto has the service in other Regions only.
    """
    backends = get_backend(module_of(call.service))[world.account]  # type: ignore[call-overload]  # a name of moto's own list: `classify` looked
    if call.region not in backends and world.partition not in backends:
        raise NotImplementedError(f"{call.service} is not in {call.region}")
    if call.service != "s3" or call.operation in _ANYWHERE:
        return
    name = call.params.get("Bucket")
    bucket = s3_backends[world.account][world.partition].buckets.get(str(name))
    if bucket is not None and bucket.region_name != call.region:
        raise Refusal(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{call.region}' is wrong; "
            f"expecting '{bucket.region_name}'",
            400,
            region=bucket.region_name,
        )
