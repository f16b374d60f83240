"""What AWS has: actions, access levels, resource types; API operations and their IAM actions."""

from sekisho.catalogue.keys import (
    GlobalKey,
    global_key,
    global_keys,
    names_of,
    organisation_keys,
    same_as,
)
from sekisho.catalogue.store import (
    DEFAULT_PARTITION,
    AccessLevel,
    Action,
    Catalogue,
    Partition,
    ResourceType,
    iam_actions,
    iam_region,
    load,
    partitions,
    services_with_rcps,
)

__all__ = [
    "DEFAULT_PARTITION",
    "AccessLevel",
    "Action",
    "Catalogue",
    "GlobalKey",
    "Partition",
    "ResourceType",
    "global_key",
    "global_keys",
    "iam_actions",
    "iam_region",
    "load",
    "names_of",
    "organisation_keys",
    "partitions",
    "same_as",
    "services_with_rcps",
]
