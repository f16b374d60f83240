"""What AWS has: actions, access levels, resource types; API operations and their IAM actions."""

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
    "Partition",
    "ResourceType",
    "iam_actions",
    "iam_region",
    "load",
    "partitions",
    "services_with_rcps",
]
