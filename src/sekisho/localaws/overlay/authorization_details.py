"""GetAccountAuthorizationDetails, whole: names, ids, boundaries, tags, counts, pages.

Source: IAM API Reference, GetAccountAuthorizationDetails. Of AWS's own policies, those
are listed that something in the account uses.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.iam.models import Group, ManagedPolicy, Role, User
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_usage
from sekisho.localaws.overlay.instance_profiles import profile_entry, profiles_of
from sekisho.localaws.overlay.policies import is_customer_managed, policy_entry, version_entry
from sekisho.localaws.overlay.request import boundary_entry, iam, page
from sekisho.localaws.overlay.roles import role_entry, role_last_used
from sekisho.localaws.state.world import WORLD

_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
_POLICIES = frozenset({"LocalManagedPolicy", "AWSManagedPolicy"})


def get_account_authorization_details(self: IamResponse) -> ActionResult:
    """Describe every user, group, role and policy of the account."""
    wanted = self._get_param("Filter") or list(_LISTS)
    bounding = boundary_usage()
    shown, more = page(self, list(_entries(frozenset(wanted), bounding)))
    answer: dict[str, list[object]] = {name: [] for name in _LISTS.values()}
    for kind, entity in shown:
        answer[_LISTS[kind]].append(_entity_entry(entity, bounding))
    return ActionResult({**answer, **more})


_Entity = User | Group | Role | ManagedPolicy


def _entries(wanted: frozenset[str], bounding: Mapping[str, int]) -> Iterable[tuple[str, _Entity]]:
    """Yield what is described, in order; what is not wanted is not put in order either."""
    backend = iam()
    if "User" in wanted:
        yield from (("User", user) for _, user in sorted(backend.users.items()))
    if "Group" in wanted:
        yield from (("Group", group) for _, group in sorted(backend.groups.items()))
    if "Role" in wanted:
        yield from (("Role", role) for role in sorted(backend.roles.values(), key=lambda r: r.name))
    if not wanted.isdisjoint(_POLICIES):
        # of AWS's thousand few are used, and only those have to be put in order
        used = [
            (arn, policy)
            for arn, policy in backend.managed_policies.items()
            if policy.attachment_count or arn in bounding or is_customer_managed(policy)
        ]
        for _, policy in sorted(used):
            kind = "LocalManagedPolicy" if is_customer_managed(policy) else "AWSManagedPolicy"
            if kind in wanted:
                yield kind, policy


def _entity_entry(entity: _Entity, bounding: Mapping[str, int]) -> dict[str, object]:
    match entity:
        case User():
            return _user(entity)
        case Group():
            return _group(entity)
        case Role():
            return _role(entity)
        case ManagedPolicy():
            return _policy(entity, bounding)


def _user(user: User) -> dict[str, object]:
    # as recorded: without inline policies a user has no list, a group or role an empty one
    inline = {"UserPolicyList": _inline(user)} if user.policies else {}
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        **inline,
        "GroupList": user.group_list,
        "AttachedManagedPolicies": _attached(user),
        "Tags": user.tags or [],
        **boundary_entry(WORLD.get().boundaries.get(user.name)),
    }


def _group(group: Group) -> dict[str, object]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.create_date,
        "GroupPolicyList": _inline(group),
        "AttachedManagedPolicies": _attached(group),
    }


def _role(role: Role) -> dict[str, object]:
    return {
        **role_entry(role),
        "AssumeRolePolicyDocument": _encode_document(role.assume_role_policy_document),
        "InstanceProfileList": [profile_entry(profile) for profile in profiles_of(role)],
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": _attached(role),
        "RoleLastUsed": role_last_used(role),
        "Tags": role.tags or [],
        **boundary_entry(role.permissions_boundary_arn),
    }


def _policy(policy: ManagedPolicy, bounding: Mapping[str, int]) -> dict[str, object]:
    answer: dict[str, object] = {
        **policy_entry(policy, bounding),
        "PolicyVersionList": [
            {**version_entry(policy, version), "Document": _encode_document(version.document)}
            for version in policy.versions[::-1]
        ],
    }
    if policy.description:
        answer["Description"] = policy.description
    return answer


def _inline(owner: User | Group | Role) -> list[dict[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": _encode_document(document)}
        for name, document in owner.policies.items()
    ]


def _attached(owner: User | Group | Role) -> list[dict[str, str]]:
    return [
        {"PolicyName": policy.name, "PolicyArn": arn}
        for arn, policy in owner.managed_policies.items()
    ]


def _encode_document(document: str) -> str:
    return quote(document, safe="")


OPERATIONS = (get_account_authorization_details,)
