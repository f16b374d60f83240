"""Common parts of the overlay's operations: parameters, moto's state, pages, IAM's errors.

Source: IAM API Reference: codes and statuses; `Marker`, `MaxItems` (100 unless given, 1,000 at
most), `IsTruncated`. Texts as recorded from AWS where the tests' corpus has them, otherwise as
AWS prints them in issues and questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from moto.core.responses import BaseResponse
from moto.iam.models import Group, IAMBackend, Role, User
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id

from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import CALLER, WORLD, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import HolderKind, Refused, no_such_user


def no_such(kind: str, name: str) -> Refusal:
    """Return the refusal of an unknown name, in IAM's sentence for that kind of entity."""
    return Refusal("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def no_such_policy(arn: str, noun: str = "Policy") -> Refusal:
    """Return the refusal of an unknown managed policy or version.

    Args:
        arn: the ARN, and what else AWS names behind it.
        noun: AWS's word for it in this call.
    """
    message = f"{noun} {arn} does not exist or is not attachable."
    return Refusal("NoSuchEntity", message, 404)


def no_such_key(identifier: str) -> Refusal:
    """Return the refusal of an access key id that the user does not have."""
    message = f"The Access Key with id {identifier} cannot be found."
    return Refusal("NoSuchEntity", message, 404)


def already_exists(message: str) -> Refusal:
    """Return the refusal of an entity that already exists."""
    return Refusal("EntityAlreadyExists", message, 409)


def check_free(noun: str, name: str, names: Iterable[str]) -> None:
    """Refuse a name that an entity of the kind has, in any case of the letters.

    Source: IAM User Guide, "IAM and AWS STS quotas".

    Raises:
        Refusal: `EntityAlreadyExists`.
    """
    if name.lower() in {each.lower() for each in names}:
        raise already_exists(f"{noun} with name {name} already exists.")


def delete_conflict(first: str) -> Refusal:
    """Return the refusal of a deletion until something else has been removed."""
    return Refusal("DeleteConflict", f"Cannot delete entity, must {first} first.", 409)


def limit_exceeded(message: str) -> Refusal:
    """Return the refusal of a change that would exceed a quota."""
    return Refusal("LimitExceeded", message, 409)


def invalid_input(message: str) -> Refusal:
    """Return the refusal of well-formed but invalid input."""
    return Refusal("InvalidInput", message, 400)


def malformed_document(message: str) -> Refusal:
    """Return the refusal of a policy document."""
    return Refusal("MalformedPolicyDocument", message, 400)


def validation_error(message: str) -> Refusal:
    """Return the refusal of a parameter."""
    return Refusal("ValidationError", message, 400)


def not_built(operation: str) -> Refusal:
    """Return the refusal, by name, of an operation that the local AWS does not imitate."""
    return Refusal("NotImplemented", f"The local AWS does not implement {operation}.", 501)


def from_rule(refused: Refused) -> Refusal:
    """Return the refusal by a rule of `signin` as a refusal on the wire."""
    return Refusal(refused.code.value, refused.message, refused.status)


def refuse(refused: Refused | None) -> None:
    """Raise the refusal of a rule of `signin`, if there is one.

    Raises:
        Refusal: the rule's.
    """
    if refused is not None:
        raise from_rule(refused)


def iam(world: World | None = None) -> IAMBackend:
    """Return moto's IAM state for the world's account."""
    world = world or WORLD.get()
    backend: IAMBackend = moto_iam.iam_of(world)
    return backend


def text(response: BaseResponse, name: str) -> str:
    """Return a text parameter, "" if it was not given."""
    value = response._get_param(name)
    return value if isinstance(value, str) else ""


def caller_user() -> str:
    """Return the name of the calling IAM user.

    Raises:
        Refusal: if the caller is no IAM user, so that `UserName` cannot be implied.
    """
    holder = CALLER.get().credential.holder
    if holder.kind is not HolderKind.USER:
        raise validation_error("Must specify userName when calling with non-User credentials")
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


def named_group(name: str) -> Group:
    """Return the group of that name.

    Raises:
        Refusal: `NoSuchEntity`.
    """
    group = iam().groups.get(name)
    if group is None:
        raise no_such("group", name)
    return group


def named_role(name: str) -> Role:
    """Return the role of that name.

    Raises:
        Refusal: `NoSuchEntity`.
    """
    for role in iam().roles.values():
        if role.name == name:
            return role
    raise no_such("role", name)


def now() -> datetime:
    """Return the policy clock's time in the form of moto's dates."""
    return naive(WORLD.get().clock.now())


def naive(when: datetime) -> datetime:
    """Return `when` in moto's form: UTC without a zone, in whole seconds like AWS's dates."""
    return when.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def boundary_entry(arn: str | None) -> dict[str, object]:
    """Return the members that show a permissions boundary; empty if there is none.

    The type is the one in a recorded answer of AWS; the API model has `PermissionsBoundaryPolicy`.
    """
    if not arn:
        return {}
    return {
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": arn,
        }
    }


def tags_of(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def listed_tags(tags: Mapping[str, dict[str, str]]) -> list[dict[str, str]]:
    """Return a policy's tags in the order in which AWS was recorded to list them.

    It is none that is documented: short keys first, then by their characters.
    """
    return [tags[key] for key in sorted(tags, key=lambda key: (len(key), key))]


def dict_of_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return the API's tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


_ID_LENGTH = 21


def unique_id(account: str, prefix: str) -> str:
    """Return a new unique id: `AIDA…` of a user, `AGPA…` of a group, `ANPA…` of a policy."""
    return str(generate_access_key_id_from_account_id(account, prefix, _ID_LENGTH))


_Item = TypeVar("_Item")
_DEFAULT = 100


def page(response: BaseResponse, items: Sequence[_Item]) -> tuple[list[_Item], dict[str, object]]:
    """Return the page of `items` that the request asks for, and the paging fields.

    Raises:
        Refusal: for a marker that was in no answer.
    """
    marker = text(response, "Marker")
    size = int(response._get_param("MaxItems") or _DEFAULT)
    if marker and not (marker.isascii() and marker.isdigit() and int(marker) <= len(items)):
        raise validation_error("Invalid Marker.")
    start = int(marker or 0)
    end = start + size
    if end >= len(items):
        return list(items[start:]), {"IsTruncated": False}
    return list(items[start:end]), {"IsTruncated": True, "Marker": str(end)}


def session_seconds(self: IamResponse, now: int | None) -> int | None:
    """Return the `MaxSigninSessionDuration` after the call; `now` is the one before.

    Raises:
        Refusal: if the call both sets and clears it.
    """
    given = self._get_param("MaxSigninSessionDuration")
    if not self._get_bool_param("ResetMaxSigninSessionDuration", False):
        return now if given is None else int(given)
    if given is not None:
        raise invalid_input(
            "MaxSigninSessionDuration and ResetMaxSigninSessionDuration cannot be specified in "
            "the same request."
        )
    return None
