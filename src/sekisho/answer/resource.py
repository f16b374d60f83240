"""The resource that AWS checks an action against: one of its kinds, or `*` without kinds.

A question about another resource is about a request that AWS never receives. What the catalogue
does not know is asked as it is, and said.

Source: Service Authorization Reference, "The actions table": an action without resource types is
only ever checked against `*`; which names have no wildcards: the API references of the services.
"""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from functools import lru_cache

from sekisho.catalogue import Action, ResourceType, load, spelling_correction
from sekisho.lazy import dataclass


class ResourceNote(StrEnum):
    """Notes on an action and its resource."""

    NO_TYPES = "no-resource-types"
    """The action has no kind of resource: AWS asks about `*`."""
    NOT_NAMED = "not-named"
    """`*` was given, and AWS nearly always names a resource."""
    WILDCARD = "wildcard"
    """The ARN has a wildcard, and is checked as it is written."""
    NOT_IN_CATALOGUE = "not-in-catalogue"
    """No kind of resource in the catalogue has such an ARN."""


class Impossibility(StrEnum):
    """Reasons why AWS never receives such a request."""

    OTHER_TYPE = "other-type"
    """The action is not about resources of that kind."""
    NOT_NAMED = "not-named"
    """AWS always names a resource, and `*` was given."""
    WILDCARD = "wildcard"
    """The ARN has a wildcard where names cannot have one."""
    MISSPELLED = "misspelled"
    """AWS is not known to have the action, and has one that differs by one letter."""


@dataclass(frozen=True, slots=True)
class ImpossibleRequest:
    """The reason why AWS never receives a request, and the kinds of resource of its action.

    Attributes:
        types: ARN templates of the action's kinds of resource, each once.
        meant: the action that is meant, if the name is misspelled.
    """

    reason: Impossibility
    types: tuple[str, ...]
    meant: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedResource:
    """The resource that AWS checks, and a note on it."""

    resource: str
    note: ResourceNote | None = None


_ALWAYS_NAMED = frozenset(
    {"dynamodb", "iam", "kms", "lambda", "s3", "secretsmanager", "sqs", "sts"}
)
"""Services that name the resource of every action that needs one, without wildcards.

Others ask some actions about `*`, or about an ARN with a `*` (`rds:DescribeDBInstances`), although
the reference calls the kind of resource required. An S3 object's name may have wildcards.
"""


_OF_ALL_TOO = frozenset({"iam:ListServiceSpecificCredentials"})
"""Actions of these services that can be about all resources of a kind (parameter `AllUsers`)."""


def checked_resource(
    action: Action | None, resource: str, name: str = ""
) -> CheckedResource | ImpossibleRequest:
    """Return the resource that AWS checks for a request that names `resource`.

    `name` is that of an action that the catalogue does not have.
    """
    if action is None:
        return _check_unknown_action(name, resource)
    if not action.resource_types:
        note = None if resource == "*" else ResourceNote.NO_TYPES
        return CheckedResource("*", note)
    if resource == "*":
        return _check_star(action)
    if not is_of_kinds(resource, action.resource_types):
        if _is_known(resource, action.service):
            return _impossible(Impossibility.OTHER_TYPE, action)
        return CheckedResource(resource, ResourceNote.NOT_IN_CATALOGUE)
    if set(resource) & set("*?"):
        is_object = action.service == "s3" and "/" in resource
        if action.service in _ALWAYS_NAMED and not is_object:
            return _impossible(Impossibility.WILDCARD, action)
        return CheckedResource(resource, ResourceNote.WILDCARD)
    return CheckedResource(resource)


def _check_unknown_action(name: str, resource: str) -> CheckedResource | ImpossibleRequest:
    meant = spelling_correction(name)
    if meant is not None:
        return ImpossibleRequest(Impossibility.MISSPELLED, (), meant)
    return CheckedResource(resource)


def _check_star(action: Action) -> CheckedResource | ImpossibleRequest:
    required = action.service == "s3" or any(one.required for one in action.resource_types)
    if required and action.service in _ALWAYS_NAMED and str(action) not in _OF_ALL_TOO:
        return _impossible(Impossibility.NOT_NAMED, action)
    return CheckedResource("*", ResourceNote.NOT_NAMED if required else None)


def _impossible(reason: Impossibility, action: Action) -> ImpossibleRequest:
    return ImpossibleRequest(reason, tuple(dict.fromkeys(one.arn for one in action.resource_types)))


def is_about(action: Action, resource: str) -> bool:
    """Return whether an ARN is of a kind of resource of an action."""
    return is_of_kinds(resource, action.resource_types)


def is_of_kinds(resource: str, types: Iterable[ResourceType]) -> bool:
    """Return whether an ARN is of one of some kinds of resource."""
    return any(_pattern(one.arn).fullmatch(resource) for one in types)


def kinds_named(action: Action, resource: str) -> frozenset[str]:
    """Return the names of an action's kinds of resource that an ARN is of.

    Where one kind is within another (`table/t/index/i` is no table), it is of the inner one alone.
    """
    found = {
        one.name: len(_PLACE.sub("", one.arn))
        for one in action.resource_types
        if _pattern(one.arn).fullmatch(resource)
    }
    return frozenset(name for name, length in found.items() if length == max(found.values()))


def _is_known(resource: str, service: str) -> bool:
    """Return whether the catalogue has a kind of resource with such an ARN."""
    named = resource.split(":")[2]
    return any(is_of_kinds(resource, load().resource_types(one)) for one in {named, service})


_ACCESS_POINT = re.compile(
    r"arn:[^:]+:(?P<service>s3|s3express|s3-object-lambda):[^:]*:[^:]*:accesspoint/.+", re.DOTALL
)
_BUCKET = re.compile(r"arn:[^:]+:(?:s3:::|s3express:[^:]*:[^:]*:bucket/).+", re.DOTALL)
_FUNCTION = re.compile(r"arn:[^:]+:lambda:[^:]*:[^:]*:function:.+", re.DOTALL)
_OF_S3 = re.compile(r"arn:[^:]+:s3:.+", re.DOTALL)


def is_through_access_point(action: str, resource: str) -> bool:
    """Return whether AWS also checks the bucket or object behind an access point.

    An action on the access point itself, like `s3:GetAccessPointPolicy`, is about no bucket. An
    action that the catalogue does not have may be about one.
    """
    found = _ACCESS_POINT.fullmatch(resource)
    if found is None:
        return False
    known = load().action(action)
    if known is None or found["service"] == "s3-object-lambda":
        return True
    return any(":accesspoint/" not in one.arn for one in known.resource_types)


def is_object_lambda(resource: str) -> bool:
    """Return whether a resource is an access point of S3 Object Lambda."""
    found = _ACCESS_POINT.fullmatch(resource)
    return found is not None and found["service"] == "s3-object-lambda"


def is_all_behind(access_point: str, resources: Collection[str]) -> bool:
    """Return whether all resources behind an access point that AWS checks are given.

    Behind one of S3 Object Lambda that is another access point and a function, else a bucket or an
    object.
    """
    if not is_object_lambda(access_point):
        return any(_BUCKET.fullmatch(one) for one in resources)
    return any(_OF_S3.fullmatch(one) for one in resources) and any(
        _FUNCTION.fullmatch(one) for one in resources
    )


def kinds_behind(action: str, access_point: str) -> tuple[str, ...]:
    """Return the alternative kinds of the resource behind an access point."""
    if is_object_lambda(access_point):
        return ("accesspoint", "function")
    known = load().action(action)
    types = () if known is None else known.resource_types
    names = dict.fromkeys(one.name for one in types if ":accesspoint/" not in one.arn)
    return tuple(names) or ("bucket", "object")


def action_behind(action: str, resource: str) -> str | None:
    """Return the action that S3 Object Lambda needs on the resource behind its access point.

    None for a resource that is not behind one. Source: Amazon S3 User Guide, "Configuring IAM
    policies for Object Lambda Access Points".
    """
    if _FUNCTION.fullmatch(resource):
        return "lambda:InvokeFunction"
    return f"s3:{action.partition(':')[2]}" if _OF_S3.fullmatch(resource) else None


_PLACE = re.compile(r"\$\{[^}]*\}|\*")
_HEAD = 5


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of the ARNs of a kind of resource, as far as its template shows.

    It matches every ARN that may be one. A bucket is distinguished from objects by the slash.
    """
    *head, tail = template.split(":", _HEAD)
    before = ":".join("[^:]*" if _PLACE.search(part) else re.escape(part) for part in head)
    bucket = template == "arn:${Partition}:s3:::${BucketName}"
    names = "[^/]+" if bucket else ".+"
    after = names.join(map(re.escape, _PLACE.split(tail)))
    return re.compile(f"{before}:{after}", re.IGNORECASE | re.DOTALL)
