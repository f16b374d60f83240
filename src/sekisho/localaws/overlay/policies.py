"""Policies: well-formed and within quotas; managed and inline, attached, in versions; boundaries.

`policy` says what a document is; moto's validator is asked for AWS's sentence about one that is
not, and for the checks of resources and vendors that it alone makes.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas", "Grammar of the IAM JSON
policy language".
"""

from collections.abc import Iterator
from dataclasses import replace

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import Group, ManagedPolicy, PolicyVersion, Role, User
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id

from sekisho import policy
from sekisho.errors import FaultyPolicy
from sekisho.localaws.overlay.request import (
    already_exists,
    iam,
    limit_exceeded,
    malformed,
    named_user,
    no_such,
    now,
    page,
    text,
    validation,
)
from sekisho.localaws.wire import Refusal
from sekisho.localaws.world import WORLD
from sekisho.policy import Document, PolicyKind, Quota, Version, size

_SYNTAX = "Syntax errors in policy."


def checked(text: str, kind: PolicyKind, *, managed: bool = False) -> str:
    """Return `text` if it is a document that IAM takes as a policy of that kind.

    Args:
        text: as the client sent it.
        kind: what it is to be.
        managed: a managed policy must have `Version` 2012-10-17; an inline one need not.

    Raises:
        Refusal: `MalformedPolicyDocument` with AWS's sentence.
    """
    try:
        document = policy.parse(text, source="policy", kind=kind)
    except FaultyPolicy:
        raise malformed(_sentence(text, kind) or _SYNTAX) from None
    if document.comments:
        # sekisho reads comments, as how-tos print them; IAM does not
        raise malformed(_SYNTAX)
    sentence = _sentence(_as_moto_reads(document, managed), kind)
    if sentence:
        raise malformed(sentence)
    return text


def within(quota: Quota, texts: list[str], name: str = "") -> None:
    """Refuse documents that are together, white space aside, longer than `quota` allows.

    Args:
        quota: which one.
        texts: the documents that it counts.
        name: whose they are.

    Raises:
        Refusal: `LimitExceeded`.
    """
    if sum(size(text) for text in texts) > quota.number:
        raise limit_exceeded(quota.message(name))


def _sentence(text: str, kind: PolicyKind) -> str:
    """Return what moto's imitation of AWS's validator says against a text, or ""."""
    trust = kind is PolicyKind.TRUST
    validator = IAMTrustPolicyDocumentValidator if trust else IAMPolicyDocumentValidator
    try:
        validator(text).validate()
    except MalformedPolicyDocument as error:
        return str(error.message)
    return ""


def _as_moto_reads(document: Document, managed: bool) -> str:
    """Return the document without what AWS takes and moto's validator does not."""
    if not managed:
        document = replace(document, version=Version.V2012)
    return policy.render(document)


_ID_LENGTH = 21


def unique_id(account: str, prefix: str) -> str:
    """Return a new unique id: `AIDA…` of a user, `AGPA…` of a group, `ANPA…` of a policy."""
    return str(generate_access_key_id_from_account_id(account, prefix, _ID_LENGTH))


def create_policy(self: IamResponse) -> ActionResult:
    """Create a customer managed policy."""
    world, name = WORLD.get(), text(self, "PolicyName")
    document = checked(text(self, "PolicyDocument"), PolicyKind.IDENTITY, managed=True)
    within(Quota.MANAGED_POLICY, [document])
    names = {each.name.lower() for each in iam().managed_policies.values() if _own(each)}
    if name.lower() in names:
        raise already_exists(
            f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    tags = self._get_param("Tags", [])
    made = ManagedPolicy(  # type: ignore[abstract]  # moto makes them so itself
        name,
        account_id=world.account,
        region=world.partition,
        description=text(self, "Description"),
        document=document,
        path=text(self, "Path") or "/",
        create_date=now(),
        update_date=now(),
        tags={tag["Key"].lower(): tag for tag in tags},
    )
    made.id = unique_id(world.account, "ANPA")
    iam().managed_policies[made.arn] = made
    return ActionResult({"Policy": made})


def create_policy_version(self: IamResponse) -> ActionResult:
    """Add a version to a customer managed policy."""
    policy = managed(text(self, "PolicyArn"))
    document = checked(text(self, "PolicyDocument"), PolicyKind.IDENTITY, managed=True)
    within(Quota.MANAGED_POLICY, [document])
    if len(policy.versions) >= Quota.VERSIONS_PER_POLICY.number:
        raise limit_exceeded(Quota.VERSIONS_PER_POLICY.message())
    default = self._get_bool_param("SetAsDefault", False)
    version = PolicyVersion(
        policy.arn, document, False, f"v{policy.next_version_num}", create_date=now()
    )
    policy.next_version_num += 1
    policy.versions.append(version)
    if default:
        policy.update_default_version(version.version_id)
    policy.update_date = now()
    answer = {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.is_default,
        "CreateDate": version.create_date,
    }
    return ActionResult({"PolicyVersion": answer})


def set_default_policy_version(self: IamResponse) -> ActionResult:
    """Make a version the one in force."""
    policy, version = managed(text(self, "PolicyArn")), text(self, "VersionId")
    if version not in {each.version_id for each in policy.versions}:
        raise Refusal(
            "NoSuchEntity",
            f"Policy {policy.arn} version {version} does not exist or is not attachable.",
            404,
        )
    if version != policy.default_version_id:
        policy.update_default_version(version)
        policy.update_date = now()
    return EmptyResult()


def delete_policy(self: IamResponse) -> ActionResult:
    """Delete a customer managed policy that is attached nowhere and has one version."""
    policy = managed(text(self, "PolicyArn"))
    if policy.attachment_count or policy.arn in _boundaries_in_use():
        raise Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        raise Refusal(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy.",
            409,
        )
    del iam().managed_policies[policy.arn]
    return EmptyResult()


def put_user_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a user."""
    return _put_inline(self, Quota.USER_INLINE, named_user(text(self, "UserName")))


def put_group_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a group."""
    return _put_inline(self, Quota.GROUP_INLINE, iam().groups[text(self, "GroupName")])


def put_role_policy(self: IamResponse) -> ActionResult:
    """Write an inline policy of a role."""
    return _put_inline(self, Quota.ROLE_INLINE, iam().get_role(text(self, "RoleName")))


def attach_user_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a user; once is enough."""
    return _attach(self, Quota.POLICIES_PER_USER, named_user(text(self, "UserName")))


def attach_group_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a group; once is enough."""
    return _attach(self, Quota.POLICIES_PER_GROUP, iam().groups[text(self, "GroupName")])


def attach_role_policy(self: IamResponse) -> ActionResult:
    """Attach a managed policy to a role; once is enough."""
    return _attach(self, Quota.POLICIES_PER_ROLE, iam().get_role(text(self, "RoleName")))


def put_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Set a managed policy as a user's permissions boundary."""
    user = named_user(text(self, "UserName"))
    WORLD.get().boundaries[user.name] = boundary_policy(text(self, "PermissionsBoundary"))
    return EmptyResult()


def delete_user_permissions_boundary(self: IamResponse) -> ActionResult:
    """Take a user's permissions boundary away."""
    user = named_user(text(self, "UserName"))
    if WORLD.get().boundaries.pop(user.name, None) is None:
        raise no_such("permissions boundary of user", user.name)
    return EmptyResult()


def put_role_permissions_boundary(self: IamResponse) -> ActionResult:
    """Set a managed policy as a role's permissions boundary."""
    role = iam().get_role(text(self, "RoleName"))
    role.permissions_boundary_arn = boundary_policy(text(self, "PermissionsBoundary"))
    return EmptyResult()


def list_entities_for_policy(self: IamResponse) -> ActionResult:
    """List who has a policy, attached or as the permissions boundary, each once."""
    arn, usage = text(self, "PolicyArn"), text(self, "PolicyUsageFilter")
    kind, path = text(self, "EntityFilter"), text(self, "PathPrefix") or "/"
    found = [
        (each_kind, owner)
        for each_kind, owner, boundary in _owners()
        if kind in ("", each_kind)
        and owner.path.startswith(path)
        and (
            (usage != "PermissionsBoundary" and arn in owner.managed_policies)
            or (usage != "PermissionsPolicy" and arn == boundary)
        )
    ]
    shown, more = page(self, found)
    lists: dict[str, object] = {
        f"Policy{each}s": [
            {f"{each}Name": owner.name, f"{each}Id": owner.id} for of, owner in shown if of == each
        ]
        for each in ("Group", "User", "Role")
    }
    return ActionResult({**lists, **more})


def update_assume_role_policy(self: IamResponse) -> ActionResult:
    """Replace a role's trust policy."""
    document = checked(text(self, "PolicyDocument"), PolicyKind.TRUST)
    within(Quota.TRUST_POLICY, [document])
    iam().get_role(text(self, "RoleName")).assume_role_policy_document = document
    return EmptyResult()


def boundary_policy(arn: str) -> str:
    """Return `arn` if a managed policy has it."""
    if arn not in iam().managed_policies:
        raise no_such("policy", arn)
    return arn


def managed(arn: str) -> ManagedPolicy:
    """Return the customer managed policy of that ARN.

    Raises:
        Refusal: `NoSuchEntity`, or `AccessDenied` for AWS's own, which nobody else can change.
    """
    policy = iam().managed_policies.get(arn)
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    if not _own(policy):
        raise Refusal("AccessDenied", "Cannot perform the operation on an AWS managed policy.", 403)
    return policy


def _own(policy: ManagedPolicy) -> bool:
    return f"::{policy.account_id}:" in policy.arn


def _boundaries_in_use() -> set[str]:
    return {boundary for _, _, boundary in _owners() if boundary}


def _owners() -> Iterator[tuple[str, User | Group | Role, str]]:
    """Yield every group, user and role, by kind and name, with the ARN of its boundary or ""."""
    boundaries = WORLD.get().boundaries
    for _, group in sorted(iam().groups.items()):
        yield "Group", group, ""
    for name, user in sorted(iam().users.items()):
        yield "User", user, boundaries.get(name, "")
    for role in sorted(iam().roles.values(), key=lambda each: str(each.name)):
        yield "Role", role, role.permissions_boundary_arn or ""


def _put_inline(response: IamResponse, quota: Quota, owner: User | Group | Role) -> ActionResult:
    name = text(response, "PolicyName")
    document = checked(text(response, "PolicyDocument"), PolicyKind.IDENTITY)
    others = [written for key, written in owner.policies.items() if key != name]
    within(quota, [document, *others], owner.name)
    owner.put_policy(name, document)
    return EmptyResult()


def _attach(response: IamResponse, quota: Quota, owner: User | Group | Role) -> ActionResult:
    arn = text(response, "PolicyArn")
    policy = iam().managed_policies.get(arn)
    if not arn.startswith("arn:"):
        raise validation(f"ARN {arn} is not valid.")
    if policy is None:
        message = f"Policy {arn} does not exist or is not attachable."
        raise Refusal("NoSuchEntity", message, 404)
    if arn in owner.managed_policies:
        return EmptyResult()
    if len(owner.managed_policies) >= quota.number:
        raise limit_exceeded(quota.message())
    policy.attach_to(owner)
    return EmptyResult()


OPERATIONS = (
    create_policy,
    create_policy_version,
    set_default_policy_version,
    delete_policy,
    put_user_policy,
    put_group_policy,
    put_role_policy,
    attach_user_policy,
    attach_group_policy,
    attach_role_policy,
    put_user_permissions_boundary,
    delete_user_permissions_boundary,
    put_role_permissions_boundary,
    list_entities_for_policy,
    update_assume_role_policy,
)
