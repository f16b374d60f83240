"""What AWS has: actions, access levels, resource types; API operations and their IAM actions."""

from sekisho.catalogue.partitions import DEFAULT_PARTITION, Partition, iam_region, partitions
from sekisho.catalogue.store import AccessLevel, Action, Catalogue, ResourceType, iam_actions, load

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
]
