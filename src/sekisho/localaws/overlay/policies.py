"""Managed policies and their versions.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas"; responses recorded from AWS
(tests/data/aws-recorded).
"""

from collections.abc import Mapping

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import AWSManagedPolicy, ManagedPolicy, PolicyVersion
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_usage
from sekisho.localaws.overlay.documents import check_document, check_quota
from sekisho.localaws.overlay.request import (
    already_exists,
    from_rule,
    iam,
    limit_exceeded,
    listed_tags,
    no_such_policy,
    now,
    page,
    text,
    unique_id,
)
from sekisho.localaws.state.world import WORLD
from sekisho.localaws.wire.errors import Refusal
from sekisho.policy import PolicyKind, Quota
from sekisho.signin import aws_policy_refusal


def create_policy(self: IamResponse) -> ActionResult:
    """Create a customer managed policy."""
    world, name = WORLD.get(), text(self, "PolicyName")
    document = check_document(text(self, "PolicyDocument"), PolicyKind.IDENTITY, managed=True)
    check_quota(Quota.MANAGED_POLICY, [document])
    names = {
        each.name.lower() for each in iam().managed_policies.values() if is_customer_managed(each)
    }
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
        # by the key as it is written: case matters in tags of policies
        tags={tag["Key"]: tag for tag in tags},
    )
    made.id = unique_id(world.account, "ANPA")
    iam().managed_policies[made.arn] = made
    return ActionResult({"Policy": {**policy_entry(made), **({"Tags": tags} if tags else {})}})


def get_policy(self: IamResponse) -> ActionResult:
    """Show a managed policy, with its description and tags."""
    policy = iam().managed_policies[text(self, "PolicyArn")]
    shown = {**policy_entry(policy, boundary_usage()), "Tags": listed_tags(policy.tags)}
    if policy.description:
        shown["Description"] = policy.description
    return ActionResult({"Policy": shown})


def list_policies(self: IamResponse) -> ActionResult:
    """List managed policies, the customer's and AWS's."""
    usage = boundary_usage()
    wanted = [each for each in iam().managed_policies.values() if _asked_for(self, each, usage)]
    shown, more = page(self, sorted(wanted, key=lambda each: each.name))
    return ActionResult({"Policies": [policy_entry(each, usage) for each in shown], **more})


def policy_entry(
    policy: ManagedPolicy, usage: Mapping[str, int] | None = None
) -> dict[str, object]:
    """Return the members that every operation shows of a managed policy.

    Args:
        policy: the policy.
        usage: how many users and roles each policy bounds, by ARN.
    """
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": (usage or {}).get(policy.arn, 0),
        "IsAttachable": policy.is_attachable,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
    }


def _asked_for(response: IamResponse, policy: ManagedPolicy, usage: Mapping[str, int]) -> bool:
    """Return whether a policy passes the filters of ListPolicies."""
    as_boundary = text(response, "PolicyUsageFilter") == "PermissionsBoundary"
    in_use = usage.get(policy.arn, 0) if as_boundary else policy.attachment_count
    scope = text(response, "Scope") or "All"
    return (
        policy.path.startswith(text(response, "PathPrefix") or "/")
        and (scope == "All" or (scope == "Local") is is_customer_managed(policy))
        and bool(in_use or not (as_boundary or response._get_bool_param("OnlyAttached", False)))
    )


def create_policy_version(self: IamResponse) -> ActionResult:
    """Add a version to a customer managed policy."""
    policy = changeable_policy(self)
    document = check_document(text(self, "PolicyDocument"), PolicyKind.IDENTITY, managed=True)
    check_quota(Quota.MANAGED_POLICY, [document])
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
    return ActionResult({"PolicyVersion": version_entry(policy, version)})


def get_policy_version(self: IamResponse) -> ActionResult:
    """Show a version of a managed policy, with its document."""
    policy, version = _asked_version(self)
    shown = {**version_entry(policy, version), "Document": version.document}
    return ActionResult({"PolicyVersion": shown})


def list_policy_versions(self: IamResponse) -> ActionResult:
    """List the versions of a managed policy, the newest first."""
    policy = iam().managed_policies[text(self, "PolicyArn")]
    shown, more = page(self, policy.versions[::-1])
    return ActionResult({"Versions": [version_entry(policy, each) for each in shown], **more})


def delete_policy_version(self: IamResponse) -> ActionResult:
    """Delete a version that is not the default."""
    policy, (_, version) = changeable_policy(self), _asked_version(self)
    if version.version_id == policy.default_version_id:
        message = "Cannot delete the default version of a policy."
        raise Refusal("DeleteConflict", message, 409)
    policy.versions.remove(version)
    return EmptyResult()


def _asked_version(response: IamResponse) -> tuple[ManagedPolicy, PolicyVersion]:
    """Return the policy and the version that a call names.

    Raises:
        Refusal: `NoSuchEntity`, in the same words if the policy or the version is not there.
    """
    arn, version_id = text(response, "PolicyArn"), text(response, "VersionId")
    policy = iam().managed_policies.get(arn)
    if policy is not None:
        for version in policy.versions:
            if version.version_id == version_id:
                return policy, version
    raise no_such_policy(f"{arn} version {version_id}")


def version_entry(policy: ManagedPolicy, version: PolicyVersion) -> dict[str, object]:
    """Return the members that every operation shows of a version."""
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.version_id == policy.default_version_id,
        "CreateDate": version.create_date,
    }


def set_default_policy_version(self: IamResponse) -> ActionResult:
    """Make a version the default version."""
    _, version = _asked_version(self)
    policy = changeable_policy(self)
    if version.version_id != policy.default_version_id:
        policy.update_default_version(version.version_id)
        policy.update_date = now()
    return EmptyResult()


def delete_policy(self: IamResponse) -> ActionResult:
    """Delete a customer managed policy that is not attached and has one version."""
    policy = changeable_policy(self)
    if policy.attachment_count or policy.arn in boundary_usage():
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


def changeable_policy(response: IamResponse) -> ManagedPolicy:
    """Return the customer managed policy that a call is about to change.

    Raises:
        Refusal: `NoSuchEntity`, or `AccessDenied` for AWS's own, which nobody else can change.
    """
    arn = text(response, "PolicyArn")
    policy = iam().managed_policies.get(arn)
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    if not is_customer_managed(policy):
        raise from_rule(aws_policy_refusal(response._get_action()))
    return policy


def is_customer_managed(policy: ManagedPolicy) -> bool:
    """Return whether a managed policy is the account's own, not AWS's."""
    return not isinstance(policy, AWSManagedPolicy)


OPERATIONS = (
    create_policy,
    get_policy,
    list_policies,
    create_policy_version,
    get_policy_version,
    list_policy_versions,
    set_default_policy_version,
    delete_policy_version,
    delete_policy,
)
