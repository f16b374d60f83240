"""Which condition keys a request by an IAM user can have, must have, and cannot have.

Source: IAM User Guide, "AWS global condition context keys"; facts §2.1, §2.5, §2.6. A key that no
row names may be there or not, with any value, in any call: services pass more keys than the
Service Authorization Reference lists.
"""

from enum import Enum, auto

from sekisho.catalogue import Action, load, partitions

__all__ = [
    "DEFAULTS",
    "OF_RESOURCE_ACCOUNT",
    "REGION",
    "RESOURCE_TAG",
    "Shape",
    "has_tags_of_nothing",
    "is_region",
    "is_where_iam_is",
    "may_be_absent",
    "never",
    "regions_of",
    "shape_of",
]


class Shape(Enum):
    """How many values a key has."""

    ONE = auto()
    MANY = auto()
    EITHER = auto()


_MANY = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)

_LIST = "ArrayOf"
"""How the catalogue's types of multivalued keys begin."""

_ALWAYS = frozenset({"aws:requestedregion", "aws:securetransport", "aws:useragent"})
"""Always there; the keys of the credential are not among these, since their values are known."""

_NEVER = frozenset(
    {
        "aws:assumedroot",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "aws:federatedprovider",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceidentity",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "lambda:sourcefunctionarn",
    }
)
"""Keys of role sessions and service principals, never of a user's own request."""

OF_RESOURCE_ACCOUNT = frozenset({"aws:resourceaccount", "s3:resourceaccount"})
"""The account that owns the resource: what a question is asked of, one account after another."""

REGION = "aws:requestedregion"
"""The region that a request goes to."""

RESOURCE_TAG = "aws:resourcetag/"
"""What the keys of the resource's tags begin with."""

DEFAULTS = {
    "aws:securetransport": "true",
    "aws:sourceip": "203.0.113.9",
}
"""Ordinary values, tried first."""


def shape_of(key: str, *, with_set_operator: bool) -> Shape:
    """Return how many values `key` (in lower case) has.

    AWS's own list says it of a service's key. One that is not there, or is compared with a set
    operator all the same, may be multivalued.
    """
    if key in _MANY:
        return Shape.MANY
    if key.startswith("aws:"):
        return Shape.ONE
    kind = load().key_type(key)
    if kind is not None and kind.startswith(_LIST):
        return Shape.MANY
    return Shape.EITHER if kind is None or with_set_operator else Shape.ONE


def may_be_absent(key: str) -> bool:
    """Tell whether a request can lack `key` (in lower case)."""
    return key not in _ALWAYS


def never(key: str) -> bool:
    """Tell whether no request of an IAM user has `key` (in lower case)."""
    return key in _NEVER


def regions_of(partition: str) -> tuple[str, ...]:
    """Return some regions of a partition, first where IAM is; none if it is not known."""
    return next((each.regions for each in partitions() if each.id == partition), ())


def is_region(text: str, partition: str) -> bool:
    """Tell whether a text can be the name of a region of a partition, for all that is known."""
    starts = {each.id: each.regions_begin_with for each in partitions()}
    if start := starts.get(partition):
        return text.startswith(start)
    return not text.startswith(tuple(filter(None, starts.values())))


_IN_OTHER_CALLS = frozenset({"PassRole", "CreateServiceLinkedRole"})
"""Actions of IAM that are checked in calls to other services."""


def is_where_iam_is(action: Action) -> bool:
    """Tell whether a user who does `action` calls IAM, which a partition has in one region."""
    return action.service == "iam" and action.name not in _IN_OTHER_CALLS


def has_tags_of_nothing(action: Action) -> bool:
    """Tell whether AWS says that `action` brings `aws:ResourceTag` where it is about `*`.

    Some that create a resource do.
    """
    return any(key.lower().startswith(RESOURCE_TAG) for key in action.condition_keys)
