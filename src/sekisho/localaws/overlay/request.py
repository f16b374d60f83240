"""What every operation of the overlay needs: the request, moto's state, pages, and IAM's errors.

Source: IAM API Reference: codes and statuses; `Marker`, `MaxItems` (100 unless given, 1,000 at
most), `IsTruncated`. Texts as recorded from AWS where the tests' corpus has them, otherwise as
AWS prints them in issues and questions.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from moto.core.responses import BaseResponse
from moto.iam.models import IAMBackend, User, iam_backends

from sekisho.localaws.wire import Refusal
from sekisho.localaws.world import CALLER, WORLD, World
from sekisho.signin import HolderKind, Refused, no_such_user


def no_such(kind: str, name: str) -> Refusal:
    """Refuse a name that nobody has, in IAM's sentence for that kind of entity."""
    return Refusal("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def no_such_key(identifier: str) -> Refusal:
    """Refuse the id of an access key that the user has not."""
    message = f"The Access Key with id {identifier} cannot be found."
    return Refusal("NoSuchEntity", message, 404)


def already_exists(message: str) -> Refusal:
    """Refuse what is there already."""
    return Refusal("EntityAlreadyExists", message, 409)


def conflict(first: str) -> Refusal:
    """Refuse a deletion until something else has been removed."""
    return Refusal("DeleteConflict", f"Cannot delete entity, must {first} first.", 409)


def limit_exceeded(message: str) -> Refusal:
    """Refuse what would go over a quota."""
    return Refusal("LimitExceeded", message, 409)


def invalid_input(message: str) -> Refusal:
    """Refuse input that is well-formed and still makes no sense."""
    return Refusal("InvalidInput", message, 400)


def malformed(message: str) -> Refusal:
    """Refuse a policy document."""
    return Refusal("MalformedPolicyDocument", message, 400)


def validation(message: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal("ValidationError", message, 400)


def not_built(operation: str) -> Refusal:
    """Refuse, by name, an operation that the local AWS does not imitate."""
    return Refusal("NotImplemented", f"The local AWS does not implement {operation}.", 501)


def from_rule(refused: Refused) -> Refusal:
    """Put what a rule of `signin` refuses onto the wire."""
    return Refusal(refused.code.value, refused.message, refused.status)


def refuse(refused: Refused | None) -> None:
    """Refuse if a rule of `signin` does; go on if it has nothing against it."""
    if refused is not None:
        raise from_rule(refused)


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


_Item = TypeVar("_Item")
_DEFAULT = 100


def page(response: BaseResponse, items: Sequence[_Item]) -> tuple[list[_Item], dict[str, object]]:
    """Return the page of `items` that the request asks for, and the fields that say so.

    Raises:
        Refusal: for a marker that was in no answer.
    """
    marker = text(response, "Marker")
    size = int(response._get_param("MaxItems") or _DEFAULT)
    if marker and not (marker.isascii() and marker.isdigit() and int(marker) <= len(items)):
        raise validation("Invalid Marker.")
    start = int(marker or 0)
    end = start + size
    if end >= len(items):
        return list(items[start:]), {"IsTruncated": False}
    return list(items[start:end]), {"IsTruncated": True, "Marker": str(end)}
