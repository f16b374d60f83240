"""Roles, made, shown and changed; and the instance profiles that hold one.

Each operation shows other parts of a role, as recorded from AWS: CreateRole neither the description
nor how long sessions last, ListRoles neither tags nor boundary.

Source: IAM API Reference, CreateInstanceProfile to UntagInstanceProfile among others; responses
recorded from AWS (tests/data/aws-recorded).
"""

from urllib.parse import quote

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import InstanceProfile, Role
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_policy
from sekisho.localaws.overlay.documents import check_trust
from sekisho.localaws.overlay.request import (
    already_exists,
    boundary_entry,
    check_free,
    delete_conflict,
    iam,
    limit_exceeded,
    named_role,
    now,
    page,
    session_seconds,
    text,
    unique_id,
)
from sekisho.localaws.overlay.tags import tags_with, tags_without
from sekisho.localaws.state import trust
from sekisho.localaws.state.world import WORLD
from sekisho.localaws.wire.errors import Refusal

_HOUR = 3600
"""`MaxSessionDuration` unless it is set."""


def create_role(self: IamResponse) -> ActionResult:
    """Create a role with a valid trust policy."""
    name = text(self, "RoleName")
    check_free("Role", name, [role.name for role in iam().roles.values()])
    document = check_trust(text(self, "AssumeRolePolicyDocument"))
    boundary = text(self, "PermissionsBoundary")
    role = iam().create_role(
        name,
        document,
        text(self, "Path") or "/",
        boundary_policy(boundary) if boundary else None,
        text(self, "Description"),
        self._get_param("Tags", []),
        self._get_param("MaxSessionDuration", _HOUR),
    )
    role.create_date = now()
    _set_session(self, role)
    return ActionResult(
        {
            "Role": {
                **role_entry(role),
                **_session(role),
                **_tags(role),
                **boundary_entry(role.permissions_boundary_arn),
            }
        }
    )


def get_role(self: IamResponse) -> ActionResult:
    """Show a role, and its last use."""
    role = named_role(text(self, "RoleName"))
    return ActionResult(
        {
            "Role": {
                **_listed_role(role),
                **_tags(role),
                **boundary_entry(role.permissions_boundary_arn),
                "RoleLastUsed": role_last_used(role),
            }
        }
    )


def list_roles(self: IamResponse) -> ActionResult:
    """List roles by name."""
    prefix = text(self, "PathPrefix") or "/"
    found = [role for role in iam().roles.values() if role.path.startswith(prefix)]
    shown, more = page(self, sorted(found, key=lambda role: role.name.lower()))
    return ActionResult({"Roles": [_listed_role(role) for role in shown], **more})


def update_role(self: IamResponse) -> ActionResult:
    """Set a role's description and longest session; a parameter that is not given stays."""
    role = named_role(text(self, "RoleName"))
    description, longest = (self._get_param(name) for name in ("Description", "MaxSessionDuration"))
    if description is not None:
        role.description = description
    if longest is not None:
        role.max_session_duration = longest
    _set_session(self, role)
    return EmptyResult()


def update_role_description(self: IamResponse) -> ActionResult:
    """Set a role's description, and show the role."""
    role = named_role(text(self, "RoleName"))
    role.description = text(self, "Description")
    return ActionResult({"Role": {**role_entry(role), **_description(role)}})


def role_entry(role: Role) -> dict[str, object]:
    """Return the members that every operation shows of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": trust.shown(WORLD.get(), role.assume_role_policy_document),
    }


def role_last_used(role: Role) -> dict[str, object]:
    """Return the time and Region of a role's last use; empty if it was never used."""
    if role.last_used is None:
        return {}
    return {"LastUsedDate": role.last_used, "Region": role.last_used_region}


def _listed_role(role: Role) -> dict[str, object]:
    longest = int(role.max_session_duration or _HOUR)
    about = {**role_entry(role), **_description(role), "MaxSessionDuration": longest}
    return {**about, **_session(role)}


def _set_session(self: IamResponse, role: Role) -> None:
    limits = WORLD.get().role_sessions
    seconds = session_seconds(self, limits.pop(role.id, None))
    if seconds is not None:
        limits[role.id] = seconds


def _session(role: Role) -> dict[str, object]:
    seconds = WORLD.get().role_sessions.get(role.id)
    return {} if seconds is None else {"MaxSigninSessionDuration": seconds}


def _description(role: Role) -> dict[str, object]:
    return {"Description": role.description} if role.description else {}


def _tags(role: Role) -> dict[str, object]:
    return {"Tags": role.tags} if role.tags else {}


def create_instance_profile(self: IamResponse) -> ActionResult:
    """Create a profile without a role."""
    world, name = WORLD.get(), text(self, "InstanceProfileName")
    if name.lower() in {known.lower() for known in iam().instance_profiles}:
        raise already_exists(f"Instance Profile {name} already exists.")
    tags = self._get_param("Tags", [])
    made = InstanceProfile(  # type: ignore[abstract]  # moto makes them so itself
        world.account,
        world.partition,
        unique_id(world.account, "AIPA"),
        name,
        text(self, "Path") or "/",
        [],
        tags,
    )
    made.create_date = now()
    iam().instance_profiles[name] = made
    shown = {"Tags": tags} if tags else {}
    return ActionResult({"InstanceProfile": profile_entry(made) | shown})


def get_instance_profile(self: IamResponse) -> ActionResult:
    """Show a profile with its role."""
    profile = _profile(self)
    return ActionResult({"InstanceProfile": profile_entry(profile) | {"Tags": profile.tags}})


def delete_instance_profile(self: IamResponse) -> ActionResult:
    """Delete a profile that has no role."""
    profile = _profile(self)
    if profile.roles:
        raise delete_conflict("remove roles from instance profile")
    del iam().instance_profiles[profile.name]
    return EmptyResult()


def add_role_to_instance_profile(self: IamResponse) -> ActionResult:
    """Add the role of a profile, which has at most one."""
    profile, role = _profile(self), named_role(text(self, "RoleName"))
    if profile.roles:
        raise limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    profile.roles.append(role)
    return EmptyResult()


def remove_role_from_instance_profile(self: IamResponse) -> ActionResult:
    """Remove the role from a profile."""
    profile, role = _profile(self), named_role(text(self, "RoleName"))
    if role not in profile.roles:
        message = f"Role {role.name} in Instance Profile {profile.name} cannot be found."
        raise Refusal("NoSuchEntity", message, 404)
    profile.roles.remove(role)
    return EmptyResult()


def list_instance_profiles(self: IamResponse) -> ActionResult:
    """List profiles by name, without tags."""
    prefix = text(self, "PathPrefix") or "/"
    known = iam().instance_profiles.values()
    found = [each for each in known if each.path.startswith(prefix)]
    return _listed_profiles(self, found)


def list_instance_profiles_for_role(self: IamResponse) -> ActionResult:
    """List the profiles that have a role."""
    return _listed_profiles(self, profiles_of(named_role(text(self, "RoleName"))))


def tag_instance_profile(self: IamResponse) -> ActionResult:
    """Set tags of a profile."""
    profile = _profile(self)
    profile.tags = tags_with(self, profile.tags, "InstanceProfile")
    return EmptyResult()


def untag_instance_profile(self: IamResponse) -> ActionResult:
    """Remove tags of a profile."""
    profile = _profile(self)
    profile.tags = tags_without(self, profile.tags)
    return EmptyResult()


def list_instance_profile_tags(self: IamResponse) -> ActionResult:
    """List the tags of a profile."""
    tags, more = page(self, _profile(self).tags)
    return ActionResult({"Tags": tags, **more})


def profiles_of(role: Role) -> list[InstanceProfile]:
    """Return the profiles that have a role."""
    known = iam().instance_profiles.values()
    return [profile for profile in known if role in profile.roles]


def profile_entry(profile: InstanceProfile) -> dict[str, object]:
    """Return the members that every operation shows of a profile: all but its tags."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": [_role_of_profile(role) for role in profile.roles],
    }


def _profile(response: IamResponse) -> InstanceProfile:
    name = text(response, "InstanceProfileName")
    profile = iam().instance_profiles.get(name)
    if profile is None:
        raise Refusal("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
    return profile


def _role_of_profile(role: Role) -> dict[str, object]:
    entry = role_entry(role)
    return entry | {"AssumeRolePolicyDocument": quote(str(entry["AssumeRolePolicyDocument"]), "")}


def _listed_profiles(response: IamResponse, profiles: list[InstanceProfile]) -> ActionResult:
    shown, more = page(response, sorted(profiles, key=lambda profile: profile.name))
    return ActionResult({"InstanceProfiles": [profile_entry(each) for each in shown], **more})


OPERATIONS = (
    create_role,
    get_role,
    list_roles,
    update_role,
    update_role_description,
    create_instance_profile,
    get_instance_profile,
    delete_instance_profile,
    add_role_to_instance_profile,
    remove_role_from_instance_profile,
    list_instance_profiles,
    list_instance_profiles_for_role,
    tag_instance_profile,
    untag_instance_profile,
    list_instance_profile_tags,
)
