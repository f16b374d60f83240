"""Instance profiles: made, given a role, tagged, listed, deleted.

Source: IAM API Reference, CreateInstanceProfile to UntagInstanceProfile; answers recorded from AWS
(tests/data/aws-recorded).
"""

from urllib.parse import quote

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import InstanceProfile, Role
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.request import (
    already_exists,
    delete_conflict,
    iam,
    limit_exceeded,
    named_role,
    now,
    page,
    text,
    unique_id,
)
from sekisho.localaws.overlay.roles import role_entry
from sekisho.localaws.overlay.tags import tags_with, tags_without
from sekisho.localaws.state.world import WORLD
from sekisho.localaws.wire.errors import Refusal


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
    """Give a profile its role; there is one at most."""
    profile, role = _profile(self), named_role(text(self, "RoleName"))
    if profile.roles:
        raise limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    profile.roles.append(role)
    return EmptyResult()


def remove_role_from_instance_profile(self: IamResponse) -> ActionResult:
    """Take the role out of a profile."""
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
    """Return what every operation shows of a profile: all but its tags."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": [_role(role) for role in profile.roles],
    }


def _profile(response: IamResponse) -> InstanceProfile:
    name = text(response, "InstanceProfileName")
    profile = iam().instance_profiles.get(name)
    if profile is None:
        raise Refusal("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
    return profile


def _role(role: Role) -> dict[str, object]:
    document = quote(role.assume_role_policy_document, safe="")
    return role_entry(role) | {"AssumeRolePolicyDocument": document}


def _listed_profiles(response: IamResponse, profiles: list[InstanceProfile]) -> ActionResult:
    shown, more = page(response, sorted(profiles, key=lambda profile: profile.name))
    return ActionResult({"InstanceProfiles": [profile_entry(each) for each in shown], **more})


OPERATIONS = (
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
