"""Reading users, roles and their policies from moto's IAM.

Reading only. Everything is looked up by the unique id that a credential was made for: somebody who
was deleted and made again under the same name is somebody else, as at AWS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from moto.iam.models import Role, User, iam_backends

from sekisho import policy
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.localaws.state.world import World
from sekisho.policy import Document, PolicyKind
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind, password_change_policy


def holder_of(world: World, user_name: str) -> Holder | None:
    """Return the user of that name; None if there is none."""
    user = iam_of(world).users.get(user_name)
    return _user_holder(world, user) if user is not None else None


def current_credential(world: World, credential: Credential) -> Credential | None:
    """Return `credential` with its holder's current data; None if the holder was deleted.

    A user may have been renamed or moved to another path since the session began. The session of a
    federated user ends when the user who made it is deleted.
    """
    if credential.owner.kind is not HolderKind.USER:
        return credential
    user = _user_of(world, credential.owner)
    if user is None:
        return None
    owner = _user_holder(world, user)
    if credential.made_by is not None:
        return replace(credential, made_by=owner)
    return replace(credential, holder=owner)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An access key of a user: its credential, its secret, and whether it is active."""

    credential: Credential
    secret: str = field(repr=False)
    active: bool


def stored_key(world: World, access_key_id: str) -> StoredKey | None:
    """Return the access key with that id, or None if no user has it."""
    key = iam_of(world).access_keys.get(access_key_id)
    holder = holder_of(world, key.user_name) if key is not None and key.user_name else None
    if key is None or holder is None:
        return None
    credential = Credential(CredentialKind.LONG_TERM_KEY, holder)
    return StoredKey(credential, str(key.secret_access_key), key.status == "Active")


def role_of(world: World, arn: str) -> Holder | None:
    """Return the role with that ARN, or None if there is none."""
    name = arn.rpartition("/")[2]
    for role in iam_of(world).roles.values():
        # moto puts an ARN together each time that it is asked for one
        if role.name == name and role.arn == arn:
            return Holder(
                HolderKind.ROLE, world.partition, world.account, role.name, role.path, role.id
            )
    return None


def holder_of_arn(world: World, arn: str) -> Holder | None:
    """Return the user or role with that ARN, or None if there is none."""
    user = iam_of(world).users.get(arn.rpartition("/")[2])
    if user is not None and user.arn == arn:
        return _user_holder(world, user)
    return role_of(world, arn)


def arn_of_id(world: World, unique_id: str) -> str | None:
    """Return the ARN of the user or role with that unique id, or None if there is none."""
    iam = iam_of(world)
    role: Any = iam.roles.get(unique_id)
    users: Iterable[Any] = iam.users.values()
    found = role or next((user for user in users if user.id == unique_id), None)
    return str(found.arn) if found is not None else None


def boundary_of(world: World, arn: str) -> str | None:
    """Return the ARN of the boundary of the user or role with that ARN, or None."""
    holder = holder_of_arn(world, arn)
    if holder is None:
        return None
    if holder.kind is HolderKind.USER:
        return world.boundaries.get(holder.name)
    found: str | None = iam_of(world).roles[holder.unique_id].permissions_boundary_arn
    return found or None


def arn_of(world: World, kind: str, name: str) -> str | None:
    """Return the ARN, with path, of the entity called `name`; None if there is none.

    `kind` is the name of an IAM resource type, such as `user`.
    """
    iam = iam_of(world)
    stored: Mapping[str, Mapping[str, Any]] = {
        "user": iam.users,
        "group": iam.groups,
        "role": iam.roles,
        "instance-profile": iam.instance_profiles,
    }
    known = stored.get(kind, {})
    if (found := known.get(name)) is not None and found.name == name:
        # users and groups are kept by name
        return str(found.arn)
    entities: Iterable[Any] = known.values()
    return next((str(entity.arn) for entity in entities if entity.name == name), None)


def roles_of_profile(world: World, name: str) -> tuple[str, ...]:
    """Return the ARNs of the roles in the instance profile of that name; none if there is none."""
    profiles: Iterable[Any] = iam_of(world).instance_profiles.values()
    found = next((profile for profile in profiles if profile.name == name), None)
    return tuple(str(role.arn) for role in found.roles) if found is not None else ()


def policies_of(world: World, holder: Holder, session_policies: tuple[str, ...] = ()) -> Policies:
    """Return the policies that apply to calls of `holder`; for a federated user's, too.

    Raises:
        FaultyPolicy: if one of them cannot be read: then nothing can be decided.
    """
    found = _policy_texts(world, holder)
    session = tuple(
        (f"session policy {index}", text, PolicyKind.SESSION)
        for index, text in enumerate(session_policies, 1)
    )
    return _read(found._replace(session=session or None))


def _policy_texts(world: World, holder: Holder) -> "_PolicyTexts":
    match holder.kind:
        case HolderKind.USER:
            user = _user_of(world, holder)
            return _texts_of_user(world, user) if user is not None else _PolicyTexts()
        case HolderKind.ROLE:
            role = iam_of(world).roles.get(holder.unique_id)
            return _texts_of_role(world, role) if role is not None else _PolicyTexts()
        case HolderKind.ROOT | HolderKind.FEDERATED:
            return _PolicyTexts()


def tags_of(world: World, holder: Holder) -> dict[str, str]:
    """Return the tags of a user or role."""
    owner: Any = None
    if holder.kind is HolderKind.USER:
        owner = _user_of(world, holder)
    elif holder.kind is HolderKind.ROLE:
        owner = iam_of(world).roles.get(holder.unique_id)
    stored = (owner.tags if owner is not None else None) or ()
    # moto keeps a user's tags as a list and a role's by their keys
    tags = stored.values() if isinstance(stored, dict) else stored
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def iam_of(world: World) -> Any:
    """Return moto's IAM of the world's account."""
    own = world.lock.iam
    return own if own is not None else iam_backends[world.account][world.partition]


def _user_of(world: World, holder: Holder) -> User | None:
    users: Mapping[str, User] = iam_of(world).users
    by_name = users.get(holder.name)
    if by_name is not None and by_name.id == holder.unique_id:
        return by_name
    # renamed since the session began, or gone
    return next((user for user in users.values() if user.id == holder.unique_id), None)


def _user_holder(world: World, user: User) -> Holder:
    return Holder(HolderKind.USER, world.partition, world.account, user.name, user.path, user.id)


_Text = tuple[str, str, PolicyKind]
"""A policy in its stored form: its name, its text, and its kind."""


class _PolicyTexts(NamedTuple):
    """The policies that apply to a caller, before they are parsed.

    Attributes:
        changer: the ARN of whom the password policy lets change their own password; "" for others.
    """

    identity: tuple[_Text, ...] = ()
    changer: str = ""
    boundaries: tuple[_Text, ...] | None = None
    session: tuple[_Text, ...] | None = None


@lru_cache(maxsize=512)
def _read(found: _PolicyTexts) -> Policies:
    """Return parsed policies; the same objects for the same texts, to be checked once."""
    identity = tuple(map(parse_attached, found.identity))
    if found.changer:
        # the permissions of `AllowUsersToChangePassword` for every user (docs/signin.md)
        identity += (password_change_policy(found.changer),)
    return Policies(
        identity,
        None if found.boundaries is None else tuple(map(parse_attached, found.boundaries)),
        None if found.session is None else tuple(map(parse_attached, found.session)),
    )


def _texts_of_user(world: World, user: User) -> _PolicyTexts:
    identity = [*_policies_of_owner(user, "user")]
    for group in iam_of(world).groups.values():
        # the same object: to ask every member for an id is a third of what a call costs
        if user in group.users:
            identity += _policies_of_owner(group, "group")
    option = iam_of(world).account_password_policy
    changes = option is not None and option.allow_users_to_change_password
    boundary = world.boundaries.get(user.name)
    return _PolicyTexts(tuple(identity), user.arn if changes else "", _boundaries(world, boundary))


def _texts_of_role(world: World, role: Role) -> _PolicyTexts:
    boundaries = _boundaries(world, role.permissions_boundary_arn)
    return _PolicyTexts(tuple(_policies_of_owner(role, "role")), boundaries=boundaries)


def _policies_of_owner(owner: Any, noun: str) -> Iterable[_Text]:
    for name, text in owner.policies.items():
        yield f"inline {name} of {noun} {owner.name}", text, PolicyKind.IDENTITY
    for managed in owner.managed_policies.values():
        yield managed.arn, default_text(managed), PolicyKind.IDENTITY


def _boundaries(world: World, arn: str | None) -> tuple[_Text, ...] | None:
    if not arn:
        return None
    managed = iam_of(world).managed_policies.get(arn)
    if managed is None:
        # a boundary that is gone allows nothing
        return ()
    return ((arn, default_text(managed), PolicyKind.BOUNDARY),)


def default_text(managed: Any) -> str:
    """Return the text of a managed policy's default version."""
    # not moto's own flag, which is lost when the default version is set to itself
    for version in managed.versions:
        if version.version_id == managed.default_version_id:
            return str(version.document)
    raise InternalError(f"moto has no default version of `{managed.arn}`")


def parse_attached(found: _Text) -> AttachedPolicy:
    """Return a policy in its stored form, parsed."""
    return AttachedPolicy(found[0], _document(*found))


@lru_cache(maxsize=2048)
def _document(name: str, text: str, kind: PolicyKind) -> Document:
    return policy.parse(text, source=name, kind=kind)
