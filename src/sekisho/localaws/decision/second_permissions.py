"""What AWS asks beside the permission of a call's own action.

The rules are data: `calls` in the catalogue's `also-needs.json`, one table with what `decide` says
a request needs. A rule says by which parameters, or by what state, a call needs a permission; its
resource is looked up here. A resource that is not known is decided for the worst: every Deny that
could be about it counts, and only an Allow on `*` counts.

A read of an object that is not there needs one permission more: S3 says that the object is missing
only to callers who may list the bucket. AWS documents this for GetObject, HeadObject and
GetObjectAttributes; for the other operations that read an object it is an assumption.
"""

from collections.abc import Iterator, Sequence

from sekisho.catalogue import NO_RESOURCE, SAME, CallNeed, call_needs, load, values_at
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.encryption import KEYS, object_read
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.state.world import World

_Own = Sequence[RequiredPermission]
_NEW_KEY = "00000000-0000-0000-0000-000000000000"


def second_permissions(world: World, call: ApiCall, own: _Own) -> Iterator[RequiredPermission]:
    """Yield what a call has to be allowed beside what its own actions need, `own`."""
    asked = {one.action for one in own}
    for prefix in dict.fromkeys(one.action.partition(":")[0] for one in own):
        for need in call_needs(prefix, call.operation):
            if need.beside & asked and need.is_shown(call.params):
                yield from _needed(world, call, need, own)
    if call.service == "s3" and call.operation in _READING:
        yield from _listing(world, call)


def _needed(world: World, call: ApiCall, need: CallNeed, own: _Own) -> Iterator[RequiredPermission]:
    beside = [one.resource for one in own if one.action in need.beside]
    context = _context(world, call, need)
    if need.on == "kms:key":
        for name in dict.fromkeys(_keys(world, call, need, beside)):
            yield _of_key(world, call, need, name, context)
        return
    for arn in dict.fromkeys(_resources(world, call, need, beside)):
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
    world: World, call: ApiCall, need: CallNeed, beside: Sequence[str | None]
) -> Iterator[str | None]:
    if need.held in KEYS:
        yield from KEYS[need.held](world, call, beside)
    elif need.held == "given":
        yield from _values_at(call, need)
    else:
        yield None


def _values_at(call: ApiCall, need: CallNeed) -> Iterator[str]:
    for path in need.given:
        yield from map(str, values_at(call.params, path))


def _of_key(
    world: World,
    call: ApiCall,
    need: CallNeed,
    name: str | None,
    context: tuple[tuple[str, str], ...],
) -> RequiredPermission:
    """Return the permission to use a key; AWS's own keys let the whole account, by their policy."""
    arn = moto_state.key_of(world, call, name) if name is not None else None
    own = name is not None and moto_state.is_own_key(world, call, name)
    if own and arn is None:
        # AWS makes it when it is first used; nobody can have named it
        arn = f"arn:{world.partition}:kms:{call.region}:{world.account}:key/{_NEW_KEY}"
    return RequiredPermission(need.action, arn, context=context, is_granted=own)


def _resources(
    world: World, call: ApiCall, need: CallNeed, beside: Sequence[str | None]
) -> Iterator[str | None]:
    """Yield the resources that a permission is about; None for one that is not known."""
    action = load().action(need.action)
    has_resources = action is not None and any(kind.listed for kind in action.resource_types)
    match need.held:
        case "given":
            start = f"arn:{world.partition}:{need.on.partition(':')[0]}:{call.region}:"
            yield from (one if one.startswith(start) else None for one in _values_at(call, need))
        case "rotation-function":
            yield from _function(world, call, beside)
        case "image-parameter":
            yield from _image_parameter(world, call)
        case "tagged-source":
            yield from _tagged_source(world, call, need, beside)
        case _ if need.on == SAME:
            yield from beside
        case _ if need.on == NO_RESOURCE or not has_resources:
            yield NO_RESOURCE
        case _:
            yield None


def _function(world: World, call: ApiCall, beside: Sequence[str | None]) -> Iterator[str | None]:
    """Yield the function that rotates a secret: the one that is given, or the secret's."""
    found = [call.params.get("RotationLambdaARN")]
    for one in moto_state.all_held(world, "secretsmanager", call.region, "secrets"):
        if one.arn in beside and not found[0]:
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
    world: World, call: ApiCall, need: CallNeed, beside: Sequence[str | None]
) -> Iterator[str | None]:
    """Yield what tags are read from or written to, where a copy takes its source's."""
    if call.params.get("TaggingDirective") == "REPLACE":
        return
    name = object_read(call)
    stored = moto_state.object_of(world, name) if name is not None else None
    if name is not None and stored is not None and moto_state.tags_of_object(world, stored):
        source = f"arn:{world.partition}:s3:::{name.bucket}/{name.key}"
        yield from beside if need.on == SAME else (source,)


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
    """Yield the listing of the bucket, where the object that a call reads is not there."""
    name = object_read(call)
    if name is None or moto_state.region_of_bucket(world, name.bucket) is None:
        return
    if moto_state.object_of(world, name) is None:
        arn = f"arn:{world.partition}:s3:::{name.bucket}"
        yield RequiredPermission("s3:ListBucket", arn)
