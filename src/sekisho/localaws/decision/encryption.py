"""Which KMS keys encrypt what a call reads and writes, as moto keeps it.

A call names a key, an alias, or nothing. If it names nothing, the key is the default of the bucket
or of the Region, or AWS's own key of the service (`alias/aws/s3`). Each reader yields names of
keys, as the call or moto has them, and None for a key that is not known. It yields nothing for data
that no KMS key encrypts or that does not exist.

Sources: the services' guides on encryption, as named at the rules in `also-needs.json`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sekisho.catalogue import values_at
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.moto_state import ObjectName
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.ambiguity import TwoReadings, copy_source

Arns = Sequence[str | None]
"""What a call is about."""
_Keys = Iterator[str | None]


def object_read(call: ApiCall) -> ObjectName | None:
    """Return the object that a call reads, or the one that it copies; None: it cannot be read."""
    if (source := call.params.get("CopySource")) is not None:
        try:
            read = copy_source(str(source))
        except TwoReadings:
            return None
        return ObjectName(read.bucket, read.key, read.version)
    bucket, key, version = (call.params.get(name) for name in ("Bucket", "Key", "VersionId"))
    return ObjectName(str(bucket), str(key), None if version is None else str(version))


def _object(world: World, call: ApiCall, own: Arns) -> _Keys:
    del own
    name = object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if stored is not None:
        yield from _of_s3(stored.encryption, stored.kms_key_id)


def _of_s3(algorithm: object, key: object) -> _Keys:
    if str(algorithm or "").startswith("aws:kms"):
        yield str(key or _OWN_KEY.format("s3"))


_OWN_KEY = "alias/aws/{}"


def _bucket(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the key of a new object: the one that is given, or the bucket's default."""
    del own
    algorithm, given = (call.params.get(n) for n in ("ServerSideEncryption", "SSEKMSKeyId"))
    if given:
        yield str(given)
        return
    default = moto_state.bucket_encryption(world, str(call.params.get("Bucket")))
    if call.params.get("SSECustomerAlgorithm") or algorithm == "AES256":
        return
    if algorithm:
        yield from _of_s3(algorithm, None)
    yield from _of_s3(default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))


def _upload(world: World, call: ApiCall, own: Arns) -> _Keys:
    del own
    bucket, upload = (str(call.params.get(name)) for name in ("Bucket", "UploadId"))
    found = moto_state.upload_of(world, bucket, upload)
    if found is not None:
        yield from _of_s3(found.sse_encryption, found.kms_key_id)
        default = moto_state.bucket_encryption(world, bucket)
        if not found.sse_encryption:
            yield from _of_s3(default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))


def _queue(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        queue = moto_state.held(world, "sqs", call.region, "queues", _last(arn))
        if queue is not None and queue.kms_master_key_id:
            yield str(queue.kms_master_key_id)


def _topic(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        topic = moto_state.held(world, "sns", call.region, "topics", arn)
        if topic is not None and topic.kms_master_key_id:
            yield str(topic.kms_master_key_id)


def _stream(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        name = _last(arn).partition("/")[2]
        stream = moto_state.held(world, "kinesis", call.region, "streams", name)
        if stream is not None and stream.encryption_type == "KMS":
            yield str(stream.key_id or _OWN_KEY.format("kinesis"))


def _table(world: World, call: ApiCall, own: Arns) -> _Keys:
    for arn in own:
        name = _last(arn).removeprefix("table/").partition("/")[0]
        table = moto_state.held(world, "dynamodb", call.region, "tables", name)
        encrypted = table is not None and table.sse_specification
        if encrypted and encrypted.get("Enabled") is True:
            yield str(encrypted.get("KMSMasterKeyId") or _OWN_KEY.format("dynamodb"))


def _secret(world: World, call: ApiCall, own: Arns) -> _Keys:
    given = call.params.get("KmsKeyId")
    if given or call.operation == "CreateSecret":
        yield str(given or _OWN_KEY.format("secretsmanager"))
    if call.operation == "CreateSecret":
        return
    for one in moto_state.all_held(world, "secretsmanager", call.region, "secrets"):
        # of secrets that a filter names, any may be meant
        if None in own or one.arn in own:
            yield str(one.kms_key_id or _OWN_KEY.format("secretsmanager"))


def _parameter(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the keys of the SecureStrings that a call writes or decrypts."""
    params = call.params
    known = moto_state.all_held(world, "ssm", call.region, "_parameters")
    meant = [one[-1] for one in known if one and _is_meant(one[-1].name, call, own)]
    if call.operation == "PutParameter":
        kind = params.get("Type") or (meant[-1].parameter_type if meant else None)
        if kind == "SecureString":
            # without one, moto keeps the earlier version's
            yield str(params.get("KeyId") or _OWN_KEY.format("ssm"))
            yield from (str(one.keyid) for one in meant if one.keyid)
        return
    for one in meant:
        if one.parameter_type == "SecureString":
            yield str(one.keyid or _OWN_KEY.format("ssm"))


def _is_meant(name: str, call: ApiCall, own: Arns) -> bool:
    plain = name.removeprefix("/")
    if path := call.params.get("Path"):
        return f"/{plain}".startswith(str(path))
    return None in own or any(str(arn).endswith(f":parameter/{plain}") for arn in own)


def _volume(world: World, call: ApiCall, own: Arns) -> _Keys:
    """Yield the keys of the volumes and snapshots that a call makes or attaches."""
    del own
    params = call.params
    if call.operation == "AttachVolume":
        volume = moto_state.held(world, "ec2", call.region, "volumes", params.get("VolumeId"))
        if volume is not None and volume.encrypted:
            yield str(volume.kms_key_id or _OWN_KEY.format("ebs"))
        return
    images = moto_state.block_devices(world, call.region, params.get("ImageId"))
    devices = [params, *values_at(params, "BlockDeviceMappings[].Ebs"), *images]
    for one in devices:
        yield from _of_device(world, call, one)


def _of_device(world: World, call: ApiCall, device: Mapping[str, Any]) -> _Keys:
    ids = (device.get("SnapshotId"), device.get("SourceSnapshotId"))
    region = str(device.get("SourceRegion") or call.region)
    made_from = [moto_state.held(world, "ec2", region, "snapshots", one) for one in ids if one]
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
"""What holds keys, and how they are found there."""
