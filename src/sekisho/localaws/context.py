"""The request context at the endpoint: what the credential brings, and what the request adds.

Only keys that can be told exactly are set. A key that AWS would set and that is missing here is
named in docs/localaws.md; a condition on it then behaves as it does for a missing key.

`aws:SecureTransport` is true: the endpoint stands for AWS's own, which clients reach by TLS.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sekisho.catalogue import load
from sekisho.engine import Context, ContextValue
from sekisho.localaws import backend
from sekisho.localaws.caller import Caller
from sekisho.localaws.classify import Call
from sekisho.localaws.world import World
from sekisho.signin import context_of

__all__ = ["base_context", "call_context", "resource_context"]

_FROM_PARAMS: Mapping[tuple[str, str], str] = {
    ("iam", "PolicyArn"): "iam:PolicyARN",
    ("iam", "PermissionsBoundary"): "iam:PermissionsBoundary",
    ("iam", "AWSServiceName"): "iam:AWSServiceName",
    ("sts", "ExternalId"): "sts:ExternalId",
    ("sts", "RoleSessionName"): "sts:RoleSessionName",
    ("sts", "SourceIdentity"): "sts:SourceIdentity",
    ("sts", "DurationSeconds"): "sts:DurationSeconds",
    ("s3", "Prefix"): "s3:prefix",
    ("s3", "Delimiter"): "s3:delimiter",
    ("s3", "MaxKeys"): "s3:max-keys",
    ("s3", "VersionId"): "s3:VersionId",
    ("s3", "ACL"): "s3:x-amz-acl",
    ("s3", "ServerSideEncryption"): "s3:x-amz-server-side-encryption",
}
"""Parameters whose value is the value of a condition key."""


def base_context(world: World, caller: Caller) -> Context:
    """Return what the caller's credential and address put into every request's context."""
    tags = backend.tags_of(world, caller.credential.holder)
    values: dict[str, ContextValue] = {
        **context_of(caller.credential, world.clock.now(), world.signin),
        **{f"aws:PrincipalTag/{key}": value for key, value in _unlike(tags).items()},
        "aws:SourceIp": caller.source_ip,
        "aws:SecureTransport": "true",
    }
    return Context(values)


def call_context(call: Call, action: str) -> Mapping[str, ContextValue]:
    """Return what the call's own parameters add for one of its actions."""
    values: dict[str, ContextValue] = {"aws:RequestedRegion": call.region}
    keys_of_action = _keys(action)
    for (service, name), key in _FROM_PARAMS.items():
        given = call.params.get(name)
        if service == call.service and given is not None and key in keys_of_action:
            values[key] = str(given)
    tags = dict(_tags(call.params))
    removed = call.params.get("TagKeys")
    keys = [*tags, *(str(key) for key in removed)] if isinstance(removed, list) else [*tags]
    if keys:
        values["aws:TagKeys"] = tuple(dict.fromkeys(keys))
    values.update({f"aws:RequestTag/{key}": value for key, value in _unlike(tags).items()})
    return values


def resource_context(world: World, resource: str | None) -> Mapping[str, ContextValue]:
    """Return the tags of a user or role that is the resource."""
    holder = backend.holder_of_arn(world, resource) if resource else None
    tags = backend.tags_of(world, holder) if holder is not None else {}
    return {
        f"{prefix}:ResourceTag/{key}": value
        for key, value in _unlike(tags).items()
        for prefix in ("aws", "iam")
    }


@cache
def _keys(action: str) -> frozenset[str]:
    """Return the condition keys that AWS sets for an action."""
    known = load().action(action)
    if known is None:
        return frozenset()
    return frozenset(known.condition_keys).union(
        *(kind.condition_keys for kind in known.resource_types)
    )


def _tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tags that a call sets, in either of the forms that services use."""
    given = params.get("Tags", params.get("tags"))
    if isinstance(given, Mapping):
        yield from ((str(key), str(value)) for key, value in given.items())
    elif isinstance(given, list):
        for tag in given:
            if isinstance(tag, Mapping):
                key = tag.get("Key", tag.get("key", tag.get("TagKey", "")))
                yield str(key), str(tag.get("Value", tag.get("value", tag.get("TagValue", ""))))


def _unlike(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags whose keys differ by more than case, as condition keys must."""
    return dict({key.lower(): (key, value) for key, value in tags.items()}.values())
