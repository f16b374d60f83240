"""What AWS asks for beside a call's own action where the call sets tags on what it makes.

Which action that is, like `sqs:TagQueue`, is data of the catalogue, with a source for each
(`tags-on-create.json`). Where AWS does not document it, the service's tagging actions are asked
for: that is an assumption, and a refusal for want of one says so.

The tagging action is decided on the resource that the call makes, if the call names its ARN.
Otherwise it is decided on every resource of that type (`RequiredPermission.is_pattern`), and where
the type is not known either, on an unknown resource.

Sources: AWS Service Authorization Reference (through the catalogue).
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from sekisho.catalogue import FurtherPermission, created_kinds, tagging_permissions
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.request_tags import tag_sets
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.state.world import World

_ASKED_ELSEWHERE = frozenset({"ec2", "sts"})
"""Services whose tags belong to types or sessions, which `resources` asks about."""


def tagging(
    world: World, call: ApiCall, own: Iterable[RequiredPermission]
) -> Iterator[RequiredPermission]:
    """Yield what a call needs for the tags that it sets, beside its `own` permissions."""
    if call.service in _ASKED_ELSEWHERE or not tag_sets(call) or _is_of_object(call):
        return
    named = [one.resource for one in own if one.resource is not None]
    region = call.region
    if call.operation.startswith(("Copy", "Replicate")):
        # what is named is what there is, and the copy may be in another Region
        region, named = "*", []
    places = {"Partition": world.partition, "Region": region, "Account": world.account}
    for name in call.actions:
        for permission in tagging_permissions(name):
            created = created_kinds(name, permission.action)
            patterns = [_pattern(kind.arn, places) for kind in created]
            yield from _permission_about(permission, patterns, named)


def _is_of_object(call: ApiCall) -> bool:
    """Whether the tags are those of an S3 object, which `resources` asks about."""
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
