"""Permissions that a call needs besides its own action's: for resources, keys and tags.

The rules are data: `calls` in the catalogue's `also-needs.json`, one table with what `decide` says
a request needs. A rule says by which parameters, or by what state, a call needs a permission; its
resource is looked up here. A resource that is not known is decided for the worst: every Deny that
could be about it counts, and only an Allow on `*` counts.

KMS: a call names a key, an alias, or nothing. If it names nothing, the key is the default of the
bucket or of the Region, or AWS's own key of the service (`alias/aws/s3`). Each reader yields names
of keys, as the call or moto has them, and None for a key that is not known. It yields nothing for
data that no KMS key encrypts or that does not exist.

A read of an object that is not there needs one permission more: S3 says that the object is missing
only to callers who may list the bucket. AWS documents this for GetObject, HeadObject and
GetObjectAttributes; for the other operations that read an object it is an assumption.

Tags on what a call makes: which action they need, like `sqs:TagQueue`, is data of the catalogue,
with a source for each (`tags-on-create.json`). Where AWS does not document it, the service's
tagging actions are asked for: that is an assumption, and a refusal for want of one says so. It is
decided on the resource that the call makes, if the call names its ARN. Otherwise it is decided on
every resource of that type (`RequiredPermission.is_pattern`), and where the type is not known
either, on an unknown resource.

Sources: the services' guides on encryption, as named at the rules in `also-needs.json`; AWS Service
Authorization Reference (through the catalogue).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sekisho.catalogue import (
    NO_RESOURCE,
    SAME,
    CallNeed,
    FurtherPermission,
    call_needs,
    created_kinds,
    load,
    tagging_permissions,
    values_at,
)
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.request_tags import tag_sets
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.state.world import World

Arns = Sequence[str | None]
"""The ARNs that a call is about."""
_Keys = Iterator[str | None]


def _object(world: World, call: ApiCall, own: Arns) -> _Keys:
    del own
    name = moto_state.object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if stored is not None:
        yield from _s3_keys(stored.encryption, stored.kms_key_id)


def _s3_keys(algorithm: object, key: object) -> _Keys:
    if str(algorithm or "").startswith("aws:kms"):
        yield str(key or _OWN_KEY.format("s3"))


_OWN_KEY = "alias/aws/{}"


def _bucket(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the key of a new object: the given one, or the bucket's default."""
    del own
    algorithm, given = (call.params.get(n) for n in ("ServerSideEncryption", "SSEKMSKeyId"))
    if given:
        yield str(given)
        return
    default = moto_state.bucket_encryption(world, str(call.params.get("Bucket")))
    if call.params.get("SSECustomerAlgorithm") or algorithm == "AES256":
        return
    if algorithm:
        yield from _s3_keys(algorithm, None)
    yield from _s3_keys(default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))


def _upload(world: World, call: ApiCall, own: Arns) -> _Keys:
    del own
    bucket, upload = (str(call.params.get(name)) for name in ("Bucket", "UploadId"))
    found = moto_state.upload_of(world, bucket, upload)
    if found is not None:
        yield from _s3_keys(found.sse_encryption, found.kms_key_id)
        default = moto_state.bucket_encryption(world, bucket)
        if not found.sse_encryption:
            yield from _s3_keys(default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))


def _queue(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        queue = moto_state.lookup(world, "sqs", call.region, "queues", _last(arn))
        if queue is not None and queue.kms_master_key_id:
            yield str(queue.kms_master_key_id)


def _topic(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        topic = moto_state.lookup(world, "sns", call.region, "topics", arn)
        if topic is not None and topic.kms_master_key_id:
            yield str(topic.kms_master_key_id)


def _stream(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        name = _last(arn).partition("/")[2]
        stream = moto_state.lookup(world, "kinesis", call.region, "streams", name)
        if stream is not None and stream.encryption_type == "KMS":
            yield str(stream.key_id or _OWN_KEY.format("kinesis"))


def _table(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        name = _last(arn).removeprefix("table/").partition("/")[0]
        table = moto_state.lookup(world, "dynamodb", call.region, "tables", name)
        encrypted = table is not None and table.sse_specification
        if encrypted and encrypted.get("Enabled") is True:
            yield str(encrypted.get("KMSMasterKeyId") or _OWN_KEY.format("dynamodb"))


def _secret(world: World, call: ApiCall, own: Arns) -> _Keys:
    given = call.params.get("KmsKeyId")
    if given or call.operation == "CreateSecret":
        yield str(given or _OWN_KEY.format("secretsmanager"))
    if call.operation == "CreateSecret":
        return
    for one in moto_state.lookup_all(world, "secretsmanager", call.region, "secrets"):
        # a filter may match any secret
        if None in own or one.arn in own:
            yield str(one.kms_key_id or _OWN_KEY.format("secretsmanager"))


def _parameter(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the keys of the SecureStrings that a call writes or decrypts."""
    params = call.params
    known = moto_state.lookup_all(world, "ssm", call.region, "_parameters")
    matches = [one[-1] for one in known if one and _is_meant(one[-1].name, call, own)]
    if call.operation == "PutParameter":
        kind = params.get("Type") or (matches[-1].parameter_type if matches else None)
        if kind == "SecureString":
            # without one, moto keeps the earlier version's
            yield str(params.get("KeyId") or _OWN_KEY.format("ssm"))
            yield from (str(one.keyid) for one in matches if one.keyid)
        return
    for one in matches:
        if one.parameter_type == "SecureString":
            yield str(one.keyid or _OWN_KEY.format("ssm"))


def _is_meant(name: str, call: ApiCall, own: Arns) -> bool:
    plain = name.removeprefix("/")
    if path := call.params.get("Path"):
        return f"/{plain}".startswith(str(path))
    return None in own or any(str(arn).endswith(f":parameter/{plain}") for arn in own)


def _volume(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the keys of the volumes and snapshots that a call creates or attaches."""
    del own
    params = call.params
    if call.operation == "AttachVolume":
        volume = moto_state.lookup(world, "ec2", call.region, "volumes", params.get("VolumeId"))
        if volume is not None and volume.encrypted:
            yield str(volume.kms_key_id or _OWN_KEY.format("ebs"))
        return
    images = moto_state.block_devices(world, call.region, params.get("ImageId"))
    devices = [params, *values_at(params, "BlockDeviceMappings[].Ebs"), *images]
    for one in devices:
        yield from _device_keys(world, call, one)


def _device_keys(world: World, call: ApiCall, device: Mapping[str, Any]) -> _Keys:
    ids = (device.get("SnapshotId"), device.get("SourceSnapshotId"))
    region = str(device.get("SourceRegion") or call.region)
    made_from = [moto_state.lookup(world, "ec2", region, "snapshots", one) for one in ids if one]
    encrypted = [one for one in made_from if one is not None and one.encrypted]
    if given := device.get("KmsKeyId"):
        yield str(given)
    elif device.get("Encrypted") in (True, "true") or encrypted:
        yield moto_state.default_volume_key(world, call.region) or _OWN_KEY.format("ebs")
    for one in encrypted:
        # moto does not keep the key of a snapshot of a volume
        if key := one.kms_key_id or getattr(one.volume, "kms_key_id", None):
            yield str(key)


def _last(arn: str | None) -> str:
    return str(arn).split(":", 5)[-1]


KEYS: Mapping[str, Callable[[World, ApiCall, Arns], _Keys]] = {
    "bucket": _bucket,
    "object": _object,
    "parameter": _parameter,
    "queue": _queue,
    "secret": _secret,
    "stream": _stream,
    "table": _table,
    "topic": _topic,
    "upload": _upload,
    "volume": _volume,
}
"""The readers of the keys of each kind of object."""


_Own = Sequence[RequiredPermission]
_NEW_KEY = "00000000-0000-0000-0000-000000000000"


def second_permissions(world: World, call: ApiCall, own: _Own) -> Iterator[RequiredPermission]:
    """Yield the permissions that a call needs besides its `own`."""
    asked = {one.action for one in own}
    for prefix in dict.fromkeys(one.action.partition(":")[0] for one in own):
        for need in call_needs(prefix, call.operation):
            if need.main_actions & asked and need.is_shown(call.params):
                yield from _needed(world, call, need, own)
    if call.service == "s3" and call.operation in _READING:
        yield from _listing(world, call)


def _needed(world: World, call: ApiCall, need: CallNeed, own: _Own) -> Iterator[RequiredPermission]:
    own_arns = [one.resource for one in own if one.action in need.main_actions]
    context = _context(world, call, need)
    if need.resource_kind == "kms:key":
        for name in dict.fromkeys(_keys(world, call, need, own_arns)):
            yield _key_permission(world, call, need, name, context)
        return
    for arn in dict.fromkeys(_resources(world, call, need, own_arns)):
        yield RequiredPermission(need.action, arn, context=context)


def _context(world: World, call: ApiCall, need: CallNeed) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    if need.via:
        found["kms:ViaService"] = f"{need.via}.{call.region}.amazonaws.com"
        found["aws:ViaAWSService"] = "true"
    if need.action.startswith("kms:"):
        found["kms:CallerAccount"] = world.account
    if need.action == "kms:CreateGrant":
        # the service makes the grant, for what it keeps
        found["kms:GrantIsForAWSResource"] = "true"
    if need.region and (region := call.params.get(need.region)):
        found["aws:RequestedRegion"] = str(region)
    return tuple(found.items())


def _keys(
    world: World, call: ApiCall, need: CallNeed, own_arns: Sequence[str | None]
) -> Iterator[str | None]:
    if need.resource_source in KEYS:
        yield from KEYS[need.resource_source](world, call, own_arns)
    elif need.resource_source == "given":
        yield from _values_at(call, need)
    else:
        yield None


def _values_at(call: ApiCall, need: CallNeed) -> Iterator[str]:
    for path in need.shown_by:
        yield from map(str, values_at(call.params, path))


def _key_permission(
    world: World,
    call: ApiCall,
    need: CallNeed,
    name: str | None,
    context: tuple[tuple[str, str], ...],
) -> RequiredPermission:
    """Return the permission to use a key; AWS's own keys permit the account, by their policy."""
    arn = moto_state.key_of(world, call, name) if name is not None else None
    own = name is not None and moto_state.is_own_key(world, call, name)
    if own and arn is None:
        # AWS creates it on first use; no policy can have named it
        arn = f"arn:{world.partition}:kms:{call.region}:{world.account}:key/{_NEW_KEY}"
    return RequiredPermission(need.action, arn, context=context, is_granted=own)


def _resources(
    world: World, call: ApiCall, need: CallNeed, own_arns: Sequence[str | None]
) -> Iterator[str | None]:
    """Yield the resources that a permission is about; None for an unknown one."""
    action = load().action(need.action)
    has_resources = action is not None and any(kind.listed for kind in action.resource_types)
    match need.resource_source:
        case "given":
            start = f"arn:{world.partition}:{need.resource_kind.partition(':')[0]}:{call.region}:"
            yield from (one if one.startswith(start) else None for one in _values_at(call, need))
        case "rotation-function":
            yield from _function(world, call, own_arns)
        case "image-parameter":
            yield from _image_parameter(world, call)
        case "tagged-source":
            yield from _tagged_source(world, call, need, own_arns)
        case _ if need.resource_kind == SAME:
            yield from own_arns
        case _ if need.resource_kind == NO_RESOURCE or not has_resources:
            yield NO_RESOURCE
        case _:
            yield None


def _function(world: World, call: ApiCall, own_arns: Sequence[str | None]) -> Iterator[str | None]:
    """Yield the function that rotates a secret: the given one, or the secret's."""
    found = [call.params.get("RotationLambdaARN")]
    for one in moto_state.lookup_all(world, "secretsmanager", call.region, "secrets"):
        if one.arn in own_arns and not found[0]:
            found.append(one.rotation_lambda_arn)
    start = f"arn:{world.partition}:lambda:{call.region}:{world.account}:function:"
    for arn in filter(None, found):
        yield str(arn) if str(arn).startswith(start) else None


def _image_parameter(world: World, call: ApiCall) -> Iterator[str | None]:
    """Yield the parameter that names an image, as in `resolve:ssm:/images/latest:2`."""
    scheme, _, name = str(call.params.get("ImageId", "")).partition("resolve:ssm:")
    if scheme or not name:
        return
    plain = name.rpartition(":")[0] or name
    known = plain.startswith("/")
    start = f"arn:{world.partition}:ssm:{call.region}:{world.account}:parameter"
    yield f"{start}{plain}" if known else None


def _tagged_source(
    world: World, call: ApiCall, need: CallNeed, own_arns: Sequence[str | None]
) -> Iterator[str | None]:
    """Yield the objects whose tags are read or written when a copy keeps its source's tags."""
    if call.params.get("TaggingDirective") == "REPLACE":
        return
    name = moto_state.object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if name is not None and stored is not None and moto_state.tags_of_object(world, stored):
        source = f"arn:{world.partition}:s3:::{name.bucket}/{name.key}"
        yield from own_arns if need.resource_kind == SAME else (source,)


_READING = frozenset(
    {
        "CopyObject",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "HeadObject",
        "SelectObjectContent",
        "UploadPartCopy",
    }
)


def _listing(world: World, call: ApiCall) -> Iterator[RequiredPermission]:
    """Yield the permission to list the bucket if the object to read does not exist."""
    name = moto_state.object_read(call)
    if name is None or moto_state.region_of_bucket(world, name.bucket) is None:
        return
    if moto_state.object_of(world, name) is None:
        arn = f"arn:{world.partition}:s3:::{name.bucket}"
        yield RequiredPermission("s3:ListBucket", arn)


_ASKED_ELSEWHERE = frozenset({"ec2", "sts"})
"""Services whose tags belong to types or sessions, which `resources` handles."""


def permissions_to_tag(
    world: World, call: ApiCall, own: Iterable[RequiredPermission]
) -> Iterator[RequiredPermission]:
    """Yield the permissions for the tags that a call sets, besides its `own`."""
    if call.service in _ASKED_ELSEWHERE or not tag_sets(call) or _is_of_object(call):
        return
    named = [one.resource for one in own if one.resource is not None]
    region = call.region
    if call.operation.startswith(("Copy", "Replicate")):
        # the named resource is the source, and the copy may be in another Region
        region, named = "*", []
    places = {"Partition": world.partition, "Region": region, "Account": world.account}
    for name in call.actions:
        for permission in tagging_permissions(name):
            created = created_kinds(name, permission.action)
            patterns = [_pattern(kind.arn, places) for kind in created]
            yield from _permission_about(permission, patterns, named)


def _is_of_object(call: ApiCall) -> bool:
    """Return whether the tags are an S3 object's, which `resources` handles."""
    return call.service == "s3" and "Tagging" in call.params


def _permission_about(
    permission: FurtherPermission, patterns: list[str], named: list[str]
) -> Iterator[RequiredPermission]:
    known = [arn for arn in named if any(_is_like(arn, pattern) for pattern in patterns)]
    for resource in known or patterns or (None,):
        yield RequiredPermission(
            permission.action,
            resource,
            is_pattern=bool(patterns) and not known,
            context=tuple(permission.context.items()),
            or_else=permission.or_else,
            is_assumed=not permission.documented,
        )


_PLACE = re.compile(r"\$\{(\w+)\}")


def _pattern(template: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: places.get(found[1], "*"), template)


def _is_like(arn: str, pattern: str) -> bool:
    return re.fullmatch(".+".join(map(re.escape, pattern.split("*"))), arn) is not None
