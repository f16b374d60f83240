"""Reading the state of moto's services, as far as a decision depends on it.

It only reads, by moto's own look-ups where there are some, so that the decision is about the object
that moto will find. Looking creates nothing, as it would moto's default keys, except the network
that an account has from the beginning.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from moto.backends import get_backend
from moto.kinesis.utils import decompose_shard_iterator
from moto.kms.utils import KEY_ID_LEN

from sekisho.lazy import dataclass
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.ambiguity import AmbiguousRequest, copy_source


@cache
def _backends(service: str) -> Any:
    """Return moto's state of a service, imported on demand: EC2's tables take 0.5 s."""
    return get_backend(service)  # type: ignore[call-overload]  # any name


_KEY_ID = re.compile(r"(mrk-)?[0-9a-f-]{32,36}")
_SECRET = re.compile(r"[\w/+=.@-]+-[A-Za-z0-9]{6}")


def _at(service: str, world: World, place: str) -> Any:
    """Return the state of a service in a Region; None if moto has made none yet."""
    backends = _backends(service)
    if world.account not in backends:
        return None
    own = backends[world.account]
    return own[place] if place in own.keys() else None  # noqa: SIM118 - it claims to contain more


def key_of(world: World, call: ApiCall, name: str) -> str | None:
    """Return the ARN of the key that an id, an ARN or an alias names; None if there is none.

    An ARN must be of the call's own Region and of the account.
    """
    start = f"arn:{world.partition}:kms:{call.region}:{world.account}:"
    if name.startswith("arn:") and not name.startswith(start):
        return None
    plain = name.removeprefix(start).removeprefix("key/")
    backend = _at("kms", world, call.region)
    keys: dict[str, Any] = backend.keys if backend is not None else {}
    found = keys.get(plain) or next((key for key in keys.values() if plain in key.aliases), None)
    if found is None:
        # a missing key is checked under its name at AWS, and then not found
        return f"{start}key/{plain}" if _KEY_ID.fullmatch(plain) else None
    return str(found.arn)


def key_of_ciphertext(world: World, call: ApiCall) -> str | None:
    """Return the ARN of the key that the call's ciphertext was made with; None if unknown."""
    ciphertext = call.params.get("CiphertextBlob")
    if not isinstance(ciphertext, bytes):
        return None
    # moto puts the id of the key in front
    plain = ciphertext[:KEY_ID_LEN].decode("ascii", "replace")
    return key_of(world, call, plain) if _KEY_ID.fullmatch(plain) else None


def stream_of_iterator(world: World, call: ApiCall) -> str | None:
    """Return the ARN of the stream that the call's shard iterator is of; None if unknown."""
    try:
        name = decompose_shard_iterator(str(call.params.get("ShardIterator")))[0]
    except ValueError:
        return None
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    stream = f"arn:{world.partition}:kinesis:{call.region}:{world.account}:stream/{name}"
    # moto goes by the ARN if there is one
    return stream if call.params.get("StreamARN") in {None, stream} else None


def secret_of(world: World, call: ApiCall, name: str) -> str | None:
    """Return the ARN of the secret that moto finds by a name or an ARN, whole or in part.

    None if there is none, or if an ARN is of another account or Region.
    """
    start = f"arn:{world.partition}:secretsmanager:{call.region}:{world.account}:secret:"
    if name.startswith("arn:") and not name.startswith(start):
        return None
    backend = _at("secretsmanager", world, call.region)
    found = backend.secrets.get(name) if backend is not None else None
    if found is None:
        # as for keys: moto has no secret that this could be a part of
        return name if name.startswith(start) and _SECRET.fullmatch(name[len(start) :]) else None
    return str(found.arn)


def tags_of(world: World, region: str, service: str, name: str) -> dict[str, str] | None:
    """Return the tags of the resource with an ARN; None if moto's may be incomplete.

    A resource that does not exist has no tags.
    """
    if not region or service not in _WITH_TAGS:
        # of a resource of all Regions, or of a service whose tags are elsewhere
        return None
    backend = _at(service, world, region)
    return {} if backend is None else _tags_in(backend, service, name)


_WITH_TAGS = frozenset({"dynamodb", "ec2", "kms", "secretsmanager", "sqs"})


def _tags_in(backend: Any, service: str, name: str) -> dict[str, str] | None:
    match service:
        case "dynamodb":
            table = backend.tables.get(name.removeprefix("table/").partition("/")[0])
            return _pairs(table.tags, "Key", "Value") if table is not None else {}
        case "ec2":
            return dict(backend.tags.get(name.rpartition("/")[2], {}))
        case "kms" if name.startswith("key/"):
            return dict(backend.tagger.get_tag_dict_for_resource(name.removeprefix("key/")))
        case "secretsmanager":
            secrets = dict.values(backend.secrets)
            found = [one for one in secrets if one.arn.endswith(f":{name}")]
            return _pairs(found[0].tags or [], "Key", "Value") if found else {}
        case "sqs":
            queue = backend.queues.get(name)
            return dict(queue.tags) if queue is not None else {}
        case _:
            return None


def _pairs(tags: list[dict[str, str]], key: str, value: str) -> dict[str, str]:
    return {tag[key]: tag[value] for tag in tags}


@dataclass(frozen=True, slots=True)
class ObjectName:
    """An object, or a version of it; None for the latest."""

    bucket: str
    key: str
    version: str | None = None


def object_of(world: World, name: ObjectName) -> Any:
    """Return an object in moto's state; None if there is none, or it is marked as deleted."""
    bucket = lookup(world, "s3", world.partition, "buckets", name.bucket)
    if bucket is None:
        return None
    if name.version is None:
        found = bucket.keys.get(name.key)
    else:
        versions = bucket.keys.getlist(name.key, [])
        found = next((one for one in versions if str(one.version_id) == name.version), None)
    return found if hasattr(found, "encryption") else None


def object_read(call: ApiCall) -> ObjectName | None:
    """Return the object that a call reads or copies; None if it cannot be determined."""
    if (source := call.params.get("CopySource")) is not None:
        try:
            read = copy_source(str(source))
        except AmbiguousRequest:
            return None
        return ObjectName(read.bucket, read.key, read.version)
    bucket, key, version = (call.params.get(name) for name in ("Bucket", "Key", "VersionId"))
    return ObjectName(str(bucket), str(key), None if version is None else str(version))


def object_tags(world: World, resource: str) -> dict[str, str]:
    """Return the tags of the object with that ARN, in its latest version."""
    bucket, _, key = resource.split(":", 5)[5].partition("/")
    found = object_of(world, ObjectName(bucket, key))
    return tags_of_object(world, found) if found is not None else {}


def tags_of_object(world: World, stored: Any) -> dict[str, str]:
    """Return the tags of an object that moto keeps."""
    tagger = _at("s3", world, world.partition).tagger
    return dict(tagger.get_tag_dict_for_resource(stored.arn))


def bucket_encryption(world: World, name: str) -> Mapping[str, Any]:
    """Return a bucket's default encryption; empty if it has none."""
    bucket = lookup(world, "s3", world.partition, "buckets", name)
    rule = (bucket.encryption or {}).get("Rule", {}) if bucket is not None else {}
    found: Mapping[str, Any] = rule.get("ApplyServerSideEncryptionByDefault") or {}
    return found


def upload_of(world: World, bucket_name: str, upload: str) -> Any:
    """Return a multipart upload in moto's state; None if there is none."""
    bucket = lookup(world, "s3", world.partition, "buckets", bucket_name)
    return bucket.multiparts.get(upload) if bucket is not None else None


def lookup(world: World, service: str, place: str, kind: str, name: object) -> Any:
    """Return the resource of a kind, such as `queues`, with a name; None if there is none."""
    backend = _at(service, world, place)
    return getattr(backend, kind).get(name) if backend is not None else None


def lookup_all(world: World, service: str, place: str, kind: str) -> tuple[Any, ...]:
    """Return all resources of a kind that a service has."""
    backend = _at(service, world, place)
    return tuple(dict.values(getattr(backend, kind))) if backend is not None else ()


def is_own_key(world: World, call: ApiCall, name: str) -> bool:
    """Return whether a name of a key, in any form, is of a key that AWS manages."""
    if name.rpartition(":")[2].startswith("alias/aws/"):
        return True
    backend = _at("kms", world, call.region)
    key = backend.keys.get(name.rpartition("/")[2]) if backend is not None else None
    return key is not None and any(alias.startswith("alias/aws/") for alias in key.aliases)


def block_devices(world: World, region: str, image: object) -> Iterator[Mapping[str, Any]]:
    """Yield the volumes that an image creates, in the form of a launch's parameters."""
    found = lookup(world, "ec2", region, "amis", image) if image else None
    if found is not None and getattr(found, "ebs_snapshot", None) is not None:
        yield {"SnapshotId": found.ebs_snapshot.id}


def default_volume_key(world: World, region: str) -> str | None:
    """Return the default key for EC2's volumes; None: AWS's own key."""
    backend = _at("ec2", world, region)
    return str(backend.default_kms_key_id) or None if backend is not None else None


def _table(world: World, region: str, name: str) -> Any:
    backend = _at("dynamodb", world, region)
    plain = name.removeprefix("table/").partition("/")[0]
    return backend.tables.get(plain) if backend is not None else None


def leading_keys(world: World, call: ApiCall, resource: str) -> tuple[str, ...] | None:
    """Return the partition keys of the items of a table that a call is about.

    None if they are unknown: for a query, whose expression has them, or if there is no such table.
    Source: Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access
    control".
    """
    table = _table(world, call.region, resource.split(":", 5)[-1])
    if table is None:
        return None
    found = []
    for name, item in _items(call.params):
        if name in {table.name, table.table_arn}:
            value = item.get(table.hash_key_attr)
            if not isinstance(value, Mapping) or len(value) != 1:
                return None
            found.append(str(next(iter(value.values()))))
    return tuple(dict.fromkeys(found)) or None


def _items(params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the table and the key, or the whole item, of each item that a call reads or writes."""
    item = params.get("Key", params.get("Item"))
    if isinstance(item, Mapping):
        yield str(params.get("TableName")), item
    for name, asked in (params.get("RequestItems") or {}).items():
        if isinstance(asked, Mapping):
            yield from ((name, key) for key in asked.get("Keys") or ())
        else:
            for one in asked:
                for inner in one.values():
                    yield from _items({"TableName": name, **inner})


def region_of_bucket(world: World, name: str) -> str | None:
    """Return the Region of a bucket, or None if there is no such bucket."""
    bucket = lookup(world, "s3", world.partition, "buckets", name)
    return str(bucket.region_name) if bucket is not None else None


def default_subnets(world: World, region: str) -> tuple[str, ...]:
    """Return the subnets that EC2 can use for a launch that names none."""
    # created by the look-up: at AWS an account has them from the beginning
    backend: Any = _backends("ec2")[world.account][region]
    return tuple(str(subnet.id) for subnet in backend.get_default_subnets().values())


def security_groups(world: World, region: str, text: str) -> tuple[str, ...]:
    """Return the ids of the security groups, of any VPC, that a text names or identifies."""
    backend: Any = _backends("ec2")[world.account][region]
    groups = [group for of_vpc in backend.groups.values() for group in of_vpc.values()]
    return tuple(str(group.id) for group in groups if text in {group.id, group.name})


def template_id(world: World, region: str, named: Mapping[str, Any]) -> str | None:
    """Return the id of the launch template that an id or a name names; None if there is none."""
    backend = _at("ec2", world, region)
    if backend is None:
        return None
    found = named.get("LaunchTemplateId") or backend.launch_template_name_to_ids.get(
        named.get("LaunchTemplateName")
    )
    return str(found) if found in backend.launch_templates else None


def template_data(world: World, region: str, named: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the parameters in the named version of a launch template; None: not found."""
    found = template_id(world, region, named)
    if found is None:
        return None
    template = _at("ec2", world, region).launch_templates[found]
    version = str(named.get("Version") or template.default_version_number)
    if not re.fullmatch(r"\d+|\$Latest|\$Default", version):
        return None
    number = {"$Latest": len(template.versions), "$Default": template.default_version_number}.get(
        version
    ) or int(version)
    if not 1 <= number <= len(template.versions):
        return None
    data: Mapping[str, Any] = template.versions[number - 1].data
    return data
