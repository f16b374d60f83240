"""What of an account only AWS makes, changes and deletes, whatever policies allow.

A customer's request is put to the policies first: whoever they deny it learns no more. Whom they
allow it is refused all the same.

Source: IAM User Guide, "Managed policies and inline policies", "Create a service-linked role" and
"Edit a service-linked role description"; AWS KMS API Reference, CreateAlias; AWS Systems Manager
API Reference, PutParameter. See docs/signin.md#who-may-call-what.
"""

import re
from dataclasses import dataclass

from sekisho.signin.model import Holder
from sekisho.signin.refusal import ErrorCode, Refused, Rule

_SERVICE_ROLE_PATH = "/aws-service-role/"


def only_by_aws(holder: Holder, action: str, resource: str) -> Refused | None:
    """Return AWS's refusal to change what only AWS changes; None where nothing is reserved.

    Args:
        holder: whose credential it is; the roles of AWS's services may do it.
        action: an IAM action, `service:Name`, in any case.
        resource: the resource's ARN.
    """
    if holder.path.startswith(_SERVICE_ROLE_PATH):
        return None
    service, _, operation = action.lower().partition(":")
    for row in _RESERVED:
        if row.service == service and operation in row.operations:
            found = row.resource.fullmatch(resource)
            if found is not None:
                return _refused(row.rule, operation, found)
    return None


@dataclass(frozen=True, slots=True)
class _Reserved:
    """Operations of a service that customers cannot do to resources of AWS's.

    Attributes:
        operations: names in lower case.
        resource: the ARNs.
    """

    rule: Rule
    service: str
    resource: re.Pattern[str]
    operations: frozenset[str]


def _reserved(rule: Rule, service: str, resource: str, operations: str) -> _Reserved:
    return _Reserved(rule, service, re.compile(resource), frozenset(operations.lower().split()))


_ROLE = r"arn:[^:]+:iam::\d{12}:role/"
_CHANGES_OF_ROLE = (
    "CreateRole DeleteRole UpdateAssumeRolePolicy AttachRolePolicy DetachRolePolicy PutRolePolicy "
    "DeleteRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary "
)
"""What nobody does to a role of AWS's. A service-linked one has its own ways in and out."""

_RESERVED = (
    _reserved(
        Rule.AWS_POLICY,
        "iam",
        r"arn:[^:]+:iam::aws:policy/.+",
        "CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion "
        "SetDefaultPolicyVersion TagPolicy UntagPolicy",
    ),
    _reserved(
        Rule.PROTECTED_ROLE,
        "iam",
        _ROLE + r"aws-reserved/(?:.*/)?(?P<name>[^/]+)",
        # an administrator describes and tags a service-linked role, but none of Identity Center
        _CHANGES_OF_ROLE + "UpdateRole UpdateRoleDescription TagRole UntagRole "
        "CreateServiceLinkedRole DeleteServiceLinkedRole",
    ),
    _reserved(
        Rule.PROTECTED_ROLE,
        "iam",
        _ROLE + r"aws-service-role/(?:.*/)?(?P<name>[^/]+)",
        _CHANGES_OF_ROLE,
    ),
    _reserved(
        Rule.AWS_ALIAS,
        "kms",
        r"arn:[^:]+:kms:[^:]*:\d{12}:alias/aws/.*",
        "CreateAlias UpdateAlias DeleteAlias",
    ),
    _reserved(
        Rule.AWS_PARAMETER,
        "ssm",
        r"arn:[^:]+:ssm:[^:]*:(?:\d{12})?:parameter/(?i:aws|ssm).*",
        "PutParameter",
    ),
)
"""Everything that is reserved. Reading, attaching and passing it is no change of it."""


def _refused(rule: Rule, operation: str, found: re.Match[str]) -> Refused:
    """Return AWS's answer where it is known, and one of the operation's errors where it is not."""
    match rule:
        case Rule.AWS_POLICY:
            return change_of_aws_policy(operation)
        case Rule.PROTECTED_ROLE if operation == "createrole":
            linked = _SERVICE_ROLE_PATH in found[0]
            return Refused(ErrorCode.INVALID_INPUT, _LINKED_ONLY if linked else "", 400, rule)
        case Rule.PROTECTED_ROLE:
            message = (
                f"Cannot perform the operation on the protected role '{found['name']}' - "
                "this role is only modifiable by AWS"
            )
            return Refused(ErrorCode.UNMODIFIABLE_ENTITY, message, 400, rule)
        case Rule.AWS_PARAMETER:
            message = 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'
            return Refused(ErrorCode.VALIDATION_EXCEPTION, message, 400, rule)
        case _:
            # AWS's answer is not documented; this one is a simulator's
            return Refused(ErrorCode.NOT_AUTHORIZED, "", 400, rule)


_LINKED_ONLY = "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles"
"""Observed (tilfin/aws-iam-policy-tool #9). What CreateRole says at `/aws-reserved/` is assumed to
have the same code."""

_REFUSED_CHANGES = {
    "deletepolicy": "Cannot delete policies outside your own account.",
    "deletepolicyversion": ("Cannot delete policy versions for policies outside your own account."),
}


def change_of_aws_policy(operation: str) -> Refused:
    """Return AWS's refusal to change one of its own managed policies.

    The texts of DeletePolicy, DeletePolicyVersion and SetDefaultPolicyVersion are recorded; the
    others are taken to be like the last.
    """
    message = _REFUSED_CHANGES.get(
        operation.lower(), "Cannot update policies outside your own account."
    )
    return Refused(ErrorCode.ACCESS_DENIED, message, 403, Rule.AWS_POLICY)
