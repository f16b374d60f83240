"""Roles: made, shown, changed.

Each operation shows other parts of a role, as recorded from AWS: CreateRole neither the description
nor how long sessions last, ListRoles neither tags nor boundary.

Source: IAM API Reference; responses recorded from AWS (tests/data/aws-recorded).
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import Role
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_policy
from sekisho.localaws.overlay.documents import check_document, check_quota
from sekisho.localaws.overlay.request import (
    boundary_entry,
    check_free,
    iam,
    named_role,
    now,
    page,
    session_seconds,
    text,
)
from sekisho.localaws.state.world import WORLD
from sekisho.policy import PolicyKind, Quota

_HOUR = 3600
"""`MaxSessionDuration` unless it is set."""


def create_role(self: IamResponse) -> ActionResult:
    """Create a role with a trust policy that IAM takes."""
    name = text(self, "RoleName")
    check_free("Role", name, [role.name for role in iam().roles.values()])
    document = check_document(text(self, "AssumeRolePolicyDocument"), PolicyKind.TRUST)
    check_quota(Quota.TRUST_POLICY, [document])
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
    """Show a role, and when it was used last."""
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
    """Set a role's description and longest session; what is not given stays."""
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
    """Return what every operation shows of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": role.assume_role_policy_document,
    }


def role_last_used(role: Role) -> dict[str, object]:
    """Return when and where a role was used last: empty, but there, if it was never."""
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


OPERATIONS = (
    create_role,
    get_role,
    list_roles,
    update_role,
    update_role_description,
)
