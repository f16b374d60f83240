"""The tags that a call sets, read once, so that the decision and the service see the same.

Where an operation takes tags is data of its model: a member that is named for tags and holds keys
and values, at any depth (`tag_places`). Members that only look like it, such as a filter, are in
`_NOT_SET`. Every other parameter that speaks of tags is *unread*, and then `aws:RequestTag` is not
known.

A key that comes twice is refused, as services refuse it: readers could differ about which of them
counts. Keys that differ in case alone are two tags to the service and one condition key to a
policy. That condition key is then not known, and the worst case counts.

Sources: botocore's service models; IAM User Guide, "AWS global condition context keys"
(aws:RequestTag; condition keys are not case-sensitive); the errors: `_DUPLICATE`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from moto.core.model import Shape
from moto.core.utils import get_service_model

from sekisho.catalogue import load
from sekisho.lazy import dataclass
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.resource_names import texts_of
from sekisho.localaws.wire.errors import CommonError, Refusal, common_refusal

TagPath = tuple[str, ...]
"""Names of members down to the tags; `[]` for each item of a list, `{}` for each value of a map."""

_ABOUT_TAGS = re.compile(r"(?<!s)tag", re.IGNORECASE)
"""Matches the name of a member about tags; `stage` is unrelated."""

_KEYS, _VALUES = frozenset({"key", "tagkey"}), frozenset({"value", "tagvalue"})

_NOT_SET: frozenset[str] = frozenset(
    {
        # filters by tags
        "Filter",
        "Filters",
        "TagFilters",
        "ec2TagFilters",
        "filterCriteria",
        "onPremisesInstanceTagFilters",
        "tagFilters",
        "targets",
        # columns, series and records that are called tags
        "Findings",
        "UsageRecords",
        "influxDB",
        "jobParameters",
        # tags of the caller, in a token
        "PrincipalTags",
        # tags of resources that a role or template creates later, when they are checked
        "BackupPlan",
        "LaunchSpecifications",
        "LaunchTemplateData",
        "RestoreRequest",
        "TargetParameters",
        "Targets",
        "computeResources",
        "managedVpcResource",
    }
)
"""Members within which no tags are set on a created resource."""

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class TagSet:
    """Tags that a call sets on one resource, or on one type of EC2's.

    Attributes:
        kind: the type, where the call says one.
        pairs: keys and values, as they come.
    """

    kind: str
    pairs: tuple[tuple[str, str], ...]


@cache
def tag_places(service: str, operation: str) -> tuple[TagPath, ...]:
    """Return the paths at which an operation takes tags, in order."""
    shape = get_service_model(service).operation_model(operation).input_shape
    return tuple(_places(shape)) if shape is not None else ()


def _places(shape: Shape, path: TagPath = (), within: tuple[str, ...] = ()) -> Iterator[TagPath]:
    if shape.name in within or len(path) > _DEEPEST or (path and path[-1] in _NOT_SET):
        return
    if path and _ABOUT_TAGS.search(path[-1]) and _holds_pairs(shape):
        yield path
        return
    whole: Any = shape
    inner = (*within, shape.name)
    if shape.type_name == "structure":
        for name, member in whole.members.items():
            yield from _places(member, (*path, name), inner)
    elif shape.type_name == "list":
        yield from _places(whole.member, (*path, "[]"), inner)
    elif shape.type_name == "map":
        yield from _places(whole.value, (*path, "{}"), inner)


def _holds_pairs(shape: Any) -> bool:
    if shape.type_name == "map":
        return bool(shape.value.type_name == "string")
    if shape.type_name != "list" or shape.member.type_name != "structure":
        return False
    names = {name.lower() for name in shape.member.members}
    return bool(names & _KEYS and names & _VALUES) and "comparison" not in names


def tag_sets(call: ApiCall) -> tuple[TagSet, ...]:
    """Return the tags that a call sets: one entry for each resource or type that it names."""
    if not call.params:
        return ()
    given = call.params.get(_in_header(call.service, call.operation))
    if isinstance(given, str):
        # a copy has its source's tags unless it is to replace them
        kept = "CopySource" in call.params and call.params.get("TaggingDirective") != "REPLACE"
        pairs = () if kept else tuple(parse_qsl(given, keep_blank_values=True))
        return (TagSet("", pairs),) if pairs else ()
    places = tag_places(call.service, call.operation)
    found = [one for path in places for one in _sets_at(call.params, path)]
    return tuple(one for one in found if one.pairs)


@cache
def _in_header(service: str, operation: str) -> str:
    """Return the member with tags as a query string in a header; "" if there is none."""
    shape = get_service_model(service).operation_model(operation).input_shape
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    in_header = (n for n, one in members.items() if one.serialization.get("name") == _HEADER)
    return next(in_header, "")


_HEADER = "x-amz-tagging"
"""The header with the tags of an S3 object or an AWS IoT rule."""


def _sets_at(value: object, path: TagPath, kind: str = "") -> Iterator[TagSet]:
    if not path:
        for tags in _by_resource(value):
            yield TagSet(kind, tuple(_pairs(tags)))
    elif path[0] == "[]" and isinstance(value, list):
        for item in value:
            yield from _sets_at(item, path[1:], kind)
    elif isinstance(value, Mapping):
        of_kind = str(value.get("ResourceType", value.get("resourceType", kind)))
        for inner in value.values() if path[0] == "{}" else (value.get(path[0]),):
            yield from _sets_at(inner, path[1:], of_kind)


def _by_resource(tags: object) -> Iterable[object]:
    """Return tags grouped by the resource that each names, as those of Auto Scaling groups."""
    if not isinstance(tags, list):
        return (tags,)
    found: dict[object, list[object]] = {}
    for tag in tags:
        found.setdefault(tag.get("ResourceId", tag.get("ResourceArn")), []).append(tag)
    return found.values()


def _pairs(tags: object) -> Iterator[tuple[str, str]]:
    if isinstance(tags, Mapping):
        yield from ((str(key), str(value)) for key, value in tags.items())
    for tag in tags if isinstance(tags, list) else ():
        named = {name.lower(): text for name, text in tag.items()}
        key = next((text for name, text in named.items() if name in _KEYS), "")
        value = next((text for name, text in named.items() if name in _VALUES), None)
        yield str(key), "" if value is None else str(value)


def removed_keys(call: ApiCall) -> tuple[str, ...]:
    """Return the keys of the tags that a call removes."""
    given = call.params.get("TagKeys", call.params.get("tagKeys"))
    return tuple(map(str, given)) if isinstance(given, list) else ()


def has_unread_tags(call: ApiCall) -> bool:
    """Return whether a call may set tags that are not read here."""
    if not call.params:
        return False
    places = tag_places(call.service, call.operation)
    return any(
        any(_ABOUT_TAGS.search(step) for step in path)
        and path[0] not in _WITHOUT_TAGS
        and not any(path[: len(place)] == place for place in places)
        and path != (_in_header(call.service, call.operation),)
        and not (path[-1] == "ResourceType" and "TagSpecifications" in path)
        for path in texts_of(call)
    )


_WITHOUT_TAGS = frozenset({"TagKeys", "tagKeys", "TaggingDirective", "TransitiveTagKeys"})
"""Members about tags that set none."""


def check_tags(call: ApiCall) -> None:
    """Refuse tags with a repeated key, or for a type that the call does not create.

    Raises:
        Refusal: as the service refuses them.
    """
    if call.service in _CHECKED_BY_OVERLAY:
        return
    for one in tag_sets(call):
        keys = [key for key, _ in one.pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise _duplicate(call, twice)
        if call.service == "ec2" and one.kind not in _taggable(call.actions[0]) | {""}:
            text = f"'{one.kind}' is not a valid taggable resource type for this operation."
            raise Refusal("InvalidParameterValue", text, 400)


@cache
def _taggable(name: str) -> frozenset[str]:
    """Return the types that an action of EC2 may tag on creation."""
    action = load().action(name)
    by_kind = load().keys_by_kind(action) if action is not None else {}
    return frozenset(
        kind
        for kind, keys in by_kind.items()
        if any(key.startswith("aws:RequestTag/") for key in keys)
    )


_CHECKED_BY_OVERLAY = frozenset({"iam", "sts"})
"""Services that have their own errors, by operation, in `overlay.checks`."""


def _duplicate(call: ApiCall, key: str) -> Refusal:
    if (known := _DUPLICATE.get(call.service)) is not None:
        return Refusal(known[0], known[1].format(key=key), 400)
    return common_refusal(
        CommonError.INVALID_VALUE, call.protocol.dialect, f"Duplicate tag key '{key}'."
    )


_DUPLICATE: Mapping[str, tuple[str, str]] = {
    "acm": ("InvalidTagException", "Duplicate tag key '{key}'."),
    "cloudtrail": ("InvalidTagParameterException", "Duplicate tag key '{key}'."),
    "ec2": ("InvalidParameterValue", "Duplicate tag key '{key}' specified."),
    "elb": (
        "DuplicateTagKeys",
        "Duplicate Tag Keys found in the request. Tag keys should be unique.",
    ),
    "elbv2": ("DuplicateTagKeys", "A tag key was specified more than once."),
    "kms": ("TagException", "Duplicate tag keys"),
    "s3": ("InvalidTag", "Cannot provide multiple Tags with the same key"),
    "sns": ("InvalidParameter", "Invalid parameter: Duplicated keys are not allowed."),
}
"""The error for a key that comes twice, by service, where its code is documented or reported; of
others it is taken to be that of a value that is not valid.

Sources: the errors of botocore's models (acm, cloudtrail, elb, elbv2, kms); what clients report
(ec2, elb, s3, sns).
"""
