"""S3 Object Lock, where moto gives way: what is locked stays so, whoever asks.

moto keeps an object that is locked from being deleted, and lets anybody who may set its retention
shorten it, or stop the bucket's versions, without which nothing is kept.

Sources: Amazon S3 User Guide, "Locking objects with Object Lock" and "Object Lock considerations";
S3 API Reference, PutObjectRetention, PutBucketVersioning.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.encryption import object_read
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import Refusal


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
        bucket = moto_state.held(world, "s3", world.partition, "buckets", call.params.get("Bucket"))
        asked = call.params.get("VersioningConfiguration") or {}
        if bucket is not None and bucket.object_lock_enabled and asked.get("Status") != "Enabled":
            message = (
                "An Object Lock configuration is present on this bucket, so the versioning state "
                "cannot be changed."
            )
            raise Refusal("InvalidBucketState", message, 409)


def _weakens(world: World, call: ApiCall) -> bool:
    name = object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if stored is None or not stored.lock_mode:
        return False
    until = _time(stored.lock_until)
    if until is None or until <= world.clock.wall():
        return False
    if stored.lock_mode == "GOVERNANCE" and call.params.get("BypassGovernanceRetention") is True:
        # the permission to bypass has been asked
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
