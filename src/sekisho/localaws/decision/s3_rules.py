"""What S3 itself refuses, whatever policies allow: locks, owners, ACLs, customers' keys, names.

moto keeps an object that is locked from being deleted, and lets anybody who may set its retention
shorten it, or stop the bucket's versions, without which nothing is kept. It stores ACLs, and
ignores who is expected to own a bucket and which key an object was encrypted with.

A new bucket has ACLs disabled, blocks public access and takes no customers' keys, as at AWS. Only
ACLs that give nothing to others are taken at all: nobody has anything by an ACL here.

The rows of these rules, each with its source and an example, are in `data/service-refusals.json`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.state.world import WORLD, World
from sekisho.localaws.wire.errors import Refusal

_MARK = "_sekisho_new_buckets"


def install_bucket_defaults() -> None:
    """Give new buckets the settings that AWS gives them; repeated calls have no effect."""
    create = S3Backend.create_bucket
    if hasattr(create, _MARK):
        return

    @wraps(create)
    def create_bucket(*args: Any, **kwargs: Any) -> FakeBucket:
        bucket = create(*args, **kwargs)
        if WORLD.get(None) is not None:
            bucket.ownership_rule = _ENFORCED  # type: ignore[assignment]  # as moto sets it
            bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
        return bucket

    setattr(create_bucket, _MARK, True)
    S3Backend.create_bucket = create_bucket  # type: ignore[method-assign]  # on purpose


_ENFORCED = "BucketOwnerEnforced"


def _bucket(world: World, name: object) -> Any:
    return moto_state.lookup(world, "s3", world.partition, "buckets", name)


def check_owner(world: World, call: ApiCall) -> None:
    """Refuse a call that expects another account to own the bucket; all are the account's.

    Raises:
        Refusal: S3's.
    """
    expected = (call.params.get(n) for n in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"))
    if any(one not in {None, world.account} for one in expected):
        raise Refusal("AccessDenied", "Access Denied", 403)


def check_customer_key(world: World, call: ApiCall) -> None:
    """Refuse a key of the customer's own: no bucket takes one, so no object was encrypted with one.

    Raises:
        Refusal: S3's.
    """
    del world
    if not any(name.find("SSECustomer") >= 0 for name in call.params):
        return
    if call.operation in _WRITING and any(n.startswith("SSECustomer") for n in call.params):
        raise Refusal("AccessDenied", "Access Denied: SSE-C is blocked for the bucket", 403)
    text = "The encryption parameters are not applicable to this object."
    raise Refusal("InvalidRequest", text, 400)


_WRITING = frozenset(
    {
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "PutObject",
        "UploadPart",
        "UploadPartCopy",
    }
)


def check_acl(world: World, call: ApiCall) -> None:
    """Refuse an ACL that the bucket's settings do not allow, or that gives something to others.

    Raises:
        Refusal: S3's.
        NotImplementedError: for one that AWS would take: nobody has anything by an ACL here.
    """
    grants = set(_grants(call.params))
    if call.operation == "CreateBucket":
        _check_new_acl(call, grants - {_OWN, "private"})
    elif grants and (bucket := _bucket(world, call.params.get("Bucket"))) is not None:
        _check_acl_of(bucket, grants)
    if grants - {_OWN, "private"}:
        raise NotImplementedError(f"s3:{call.operation} would give access to others by an ACL")


def _check_new_acl(call: ApiCall, given: set[str]) -> None:
    if given and call.params.get("ObjectOwnership", _ENFORCED) == _ENFORCED:
        text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise Refusal("InvalidBucketAclWithObjectOwnership", text, 400)
    if any(_PUBLIC.search(one) for one in given):
        text = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
        raise Refusal("InvalidBucketAclWithBlockPublicAccessError", text, 400)


def _check_acl_of(bucket: Any, given: set[str]) -> None:
    if bucket.ownership_rule == _ENFORCED and given != {_OWN}:
        raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    block = bucket.public_access_block
    blocked = block is not None and block.block_public_acls
    if blocked and any(_PUBLIC.search(one) for one in given):
        raise Refusal("AccessDenied", "Access Denied", 403)


_OWN = "bucket-owner-full-control"
_GIVING = (
    "ACL",
    "GrantFullControl",
    "GrantRead",
    "GrantReadACP",
    "GrantWrite",
    "GrantWriteACP",
)
_PUBLIC = re.compile("^public-|^authenticated-read$|groups/global/(AllUsers|AuthenticatedUsers)")


def _grants(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the canned ACL of a call, and to whom it grants something."""
    yield from (str(params[name]) for name in _GIVING if params.get(name))
    policy = params.get("AccessControlPolicy")
    if not isinstance(policy, Mapping):
        return
    owner = (policy.get("Owner") or {}).get("ID")
    for grant in policy.get("Grants") or ():
        grantee = grant.get("Grantee") or {}
        full = grant.get("Permission") == "FULL_CONTROL" and owner is not None
        yield _OWN if full and grantee.get("ID") == owner else str(grantee)


def check_lock(world: World, call: ApiCall) -> None:
    """Refuse a call that would weaken a lock.

    Raises:
        Refusal: S3's.
    """
    if call.service != "s3":
        return
    if call.operation == "PutObjectRetention" and _weakens(world, call):
        message = "Access Denied because object protected by object lock."
        raise Refusal("AccessDenied", message, 403)
    if call.operation == "PutBucketVersioning":
        bucket = moto_state.lookup(
            world, "s3", world.partition, "buckets", call.params.get("Bucket")
        )
        asked = call.params.get("VersioningConfiguration") or {}
        if bucket is not None and bucket.object_lock_enabled and asked.get("Status") != "Enabled":
            message = (
                "An Object Lock configuration is present on this bucket, so the versioning state "
                "cannot be changed."
            )
            raise Refusal("InvalidBucketState", message, 409)


def _weakens(world: World, call: ApiCall) -> bool:
    name = moto_state.object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if stored is None or not stored.lock_mode:
        return False
    until = _time(stored.lock_until)
    if until is None or until <= world.clock.wall():
        return False
    if stored.lock_mode == "GOVERNANCE" and call.params.get("BypassGovernanceRetention") is True:
        # the permission to bypass has been checked
        return False
    retention: Mapping[str, Any] = call.params.get("Retention") or {}
    new = _time(retention.get("RetainUntilDate"))
    kept = stored.lock_mode == "GOVERNANCE" or retention.get("Mode") == "COMPLIANCE"
    return not kept or new is None or new < until


def _time(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def refuse_bucket_name(call: ApiCall) -> None:
    """Refuse to create a bucket with a name that S3 does not accept.

    Source: Amazon S3 User Guide, "General purpose bucket naming rules". That reserved names get the
    error of malformed ones is assumed.

    Raises:
        Refusal: S3's.
    """
    if (call.service, call.operation) != ("s3", "CreateBucket"):
        return
    name = str(call.params.get("Bucket") or "")
    reserved = name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS)
    if reserved or not _BUCKET.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.", 400)


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS = re.compile(r"([0-9]+\.){3}[0-9]+", re.ASCII)
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


S3_RULES: Mapping[str, Callable[[World, ApiCall], None]] = {
    "bucket-name": lambda _world, call: refuse_bucket_name(call),
    "expected-owner": check_owner,
    "customer-key": check_customer_key,
    "acl": check_acl,
    "object-lock": check_lock,
}
"""The rules by the names that their rows have in the table, in S3's order."""
