"""What an overlay method needs to know of its request: the world, the caller, moto's state."""

from collections.abc import Mapping
from datetime import UTC, datetime

from moto.core.responses import BaseResponse
from moto.iam.models import IAMBackend, User, iam_backends

from sekisho.localaws.caller import CALLER, WORLD
from sekisho.localaws.overlay.refusals import from_rule, validation
from sekisho.localaws.world import World
from sekisho.signin.devices import no_such_user
from sekisho.signin.model import HolderKind

__all__ = [
    "caller_user",
    "dict_of_tags",
    "iam",
    "naive",
    "named_user",
    "now",
    "tags_of",
    "text",
    "user_of",
]


def iam(world: World | None = None) -> IAMBackend:
    """Return moto's IAM state for the world's account."""
    world = world or WORLD.get()
    return iam_backends[world.account][world.partition]


def text(response: BaseResponse, name: str) -> str:
    """Return a text parameter, "" if it was not given."""
    value = response._get_param(name)
    return value if isinstance(value, str) else ""


def caller_user() -> str:
    """Return the name of the IAM user who calls.

    Raises:
        Refusal: if the caller is no IAM user, so that `UserName` cannot be implied.
    """
    holder = CALLER.get().credential.holder
    if holder.kind is not HolderKind.USER:
        raise validation("Must specify userName when calling with non-User credentials")
    return holder.name


def user_of(response: BaseResponse) -> User:
    """Return the user that the request names, or the caller if it names none."""
    return named_user(text(response, "UserName") or caller_user())


def named_user(name: str) -> User:
    """Return the user of that name.

    Raises:
        Refusal: `NoSuchEntity`.
    """
    user = iam().users.get(name)
    if user is None:
        raise from_rule(no_such_user(name))
    return user


def now() -> datetime:
    """Return the policy clock's time in the form in which moto keeps its dates."""
    return naive(WORLD.get().clock.now())


def naive(when: datetime) -> datetime:
    """Return `when` as moto keeps it: UTC without a zone, in whole seconds like AWS's dates."""
    return when.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def dict_of_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return the API's tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}
