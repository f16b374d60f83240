"""What AWS has: actions, access levels, resource types; API operations and their IAM actions."""

from sekisho.catalogue.documented import (
    UnlistedKeys,
    depends_on_action,
    iam_region,
    may_have,
    only_region,
    single_regions,
    unlisted_keys,
)
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
    "UnlistedKeys",
    "depends_on_action",
    "global_key",
    "global_keys",
    "iam_actions",
    "iam_region",
    "load",
    "may_have",
    "names_of",
    "only_region",
    "organisation_keys",
    "partitions",
    "same_as",
    "services_with_rcps",
    "single_regions",
    "unlisted_keys",
]
