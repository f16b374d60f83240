"""Rulings of services besides policies, and the limits of STS calls.

Who may call STS and IAM; the bucket policy and its owner; what only AWS makes, changes and deletes,
whatever policies allow. The limits: how long sessions last, what names look like, and the MFA
parameters.

Source: AWS STS API Reference (GetSessionToken, GetFederationToken, GetCallerIdentity, AssumeRole);
IAM User Guide, "Compare AWS STS credentials", "Managed policies and inline policies", "Create a
service-linked role" and "Edit a service-linked role description"; AWS KMS API Reference,
CreateAlias; AWS Systems Manager API Reference, PutParameter; texts observed. See
docs/signin.md#who-may-call-what.
"""

import re
from dataclasses import field
from datetime import timedelta

from sekisho.lazy import dataclass
from sekisho.policy import CONSOLE_ACTIONS
from sekisho.signin.console import check_password_change
from sekisho.signin.devices import kind_of_serial
from sekisho.signin.model import (
    Credential,
    CredentialKind,
    DeviceKind,
    Holder,
    HolderKind,
    SigninAssumptions,
)
from sekisho.signin.refusal import Constraint, ErrorCode, Range, Refused, Rule, validation_error


@dataclass(frozen=True, slots=True)
class AskPolicies:
    """The policies decide, possibly in a way that a rule of the service changes.

    Attributes:
        only_denies: no Allow is needed, but an explicit Deny counts: of GetSessionToken under the
            assumption `get_session_token_heeds_deny`, and of the console's sign-in.
        not_of_resource: the rule by which the resource's own policy does not count.
        then: the service's answer to a caller whom the policies allow it.
    """

    only_denies: bool = False
    not_of_resource: Rule | None = None
    then: Refused | None = None


@dataclass(frozen=True, slots=True)
class PermittedWithoutPolicy:
    """The service permits it, regardless of policies."""

    reason: Rule


RefusedByService = Refused
"""The name of `Refused` among the rulings."""

Ruling = AskPolicies | PermittedWithoutPolicy | Refused

_PERMISSIONS_OF_ASSUME_ROLE = frozenset({"tagsession", "setsourceidentity", "setcontext"})
"""Permissions that an AssumeRole call needs besides its own; they are no operations."""

_TOKEN_SESSION_MAY = _PERMISSIONS_OF_ASSUME_ROLE | {
    "assumerole",
    "getcalleridentity",
    "getscopedcredentials",
    "getwebidentitytoken",
    "getdelegatedaccesstoken",
}

_FEDERATED_MAY = frozenset({"getcalleridentity", "getscopedcredentials", "getdelegatedaccesstoken"})


_CONSOLE = frozenset(action.partition(":")[2].lower() for action in CONSOLE_ACTIONS)
_CONSOLE_ARN = re.compile(r"arn:[^:]*:signin:::console/.*")

_BUCKET_POLICY = frozenset({"getbucketpolicy", "putbucketpolicy", "deletebucketpolicy"})


def service_rule(
    credential: Credential,
    action: str,
    assumptions: SigninAssumptions,
    resource: str = "*",
    owner: str | None = None,
) -> Ruling:
    """Return the service's own ruling on a request.

    Args:
        credential: the caller's.
        action: an IAM action, `service:Name`, in any case.
        assumptions: the points that AWS does not document.
        resource: the resource's ARN; rules about resources are not looked at for `*`.
        owner: the account that owns the resource, where its ARN does not tell; the caller's own if
            None.
    """
    service, _, name = action.partition(":")
    operation = name.lower()
    match service.lower():
        case "sts":
            return _sts_rule(credential, name, assumptions)
        case "iam" if operation == "changepassword":
            return _iam_rule(credential) or AskPolicies(then=check_password_change(credential))
        case "iam" if refused := _iam_rule(credential):
            return refused
        case "signin" if operation in _CONSOLE and _CONSOLE_ARN.fullmatch(resource):
            return AskPolicies(only_denies=True)
        case "s3" if operation in _BUCKET_POLICY and resource != "*":
            return _bucket_policy_rule(credential, owner)
        case _:
            return AskPolicies(then=reserved_for_aws(credential.holder, action, resource))


def _bucket_policy_rule(credential: Credential, owner: str | None) -> Ruling:
    if owner not in (None, credential.holder.account):
        message = "The specified method is not allowed against this resource."
        refused = Refused(ErrorCode.METHOD_NOT_ALLOWED, message, 405, Rule.BUCKET_POLICY_OF_OWNER)
        return AskPolicies(then=refused)
    root = credential.holder.kind is HolderKind.ROOT
    return AskPolicies(not_of_resource=Rule.OWNER_ROOT if root else None)


def _sts_rule(credential: Credential, name: str, assumptions: SigninAssumptions) -> Ruling:
    long_term = credential.kind is CredentialKind.LONG_TERM_KEY
    match name.lower():
        case "getcalleridentity":
            return PermittedWithoutPolicy(Rule.IDENTITY_NEEDS_NO_PERMISSION)
        case "getsessiontoken" | "getfederationtoken" if not long_term:
            return _not_with_session(name, Rule.LONG_TERM_KEY_ONLY)
        case "getsessiontoken" if assumptions.get_session_token_heeds_deny:
            return AskPolicies(only_denies=True)
        case "getsessiontoken":
            return PermittedWithoutPolicy(Rule.SESSION_NEEDS_NO_PERMISSION)
        case "assumerole" if credential.holder.kind is HolderKind.ROOT:
            message = "Roles may not be assumed by root accounts."
            return Refused(ErrorCode.ACCESS_DENIED, message, 403, Rule.ROOT_ASSUMES_NO_ROLE)
        case _:
            return _rest_of_sts(credential, name)


def _rest_of_sts(credential: Credential, name: str) -> Ruling:
    operation = name.lower()
    match credential.kind:
        case CredentialKind.SESSION_TOKEN if operation not in _TOKEN_SESSION_MAY:
            return _not_with_session(name, Rule.TOKEN_SESSION_STS)
        case CredentialKind.FEDERATED_SESSION if operation not in _FEDERATED_MAY:
            return _not_with_session(name, Rule.FEDERATED_STS)
        case _:
            return AskPolicies()


def _iam_rule(credential: Credential) -> Refused | None:
    match credential.kind:
        case CredentialKind.SESSION_TOKEN if credential.mfa_at is None:
            return _invalid_token(Rule.TOKEN_SESSION_IAM)
        case CredentialKind.FEDERATED_SESSION:
            return _invalid_token(Rule.FEDERATED_IAM)
        case _:
            return None


def _not_with_session(operation: str, rule: Rule) -> Refused:
    """Return AWS's refusal; observed for GetSessionToken, and assumed for similar operations."""
    message = f"Cannot call {operation} with session credentials"
    return Refused(ErrorCode.ACCESS_DENIED, message, 403, rule)


def _invalid_token(rule: Rule) -> Refused:
    message = "The security token included in the request is invalid"
    return Refused(ErrorCode.INVALID_CLIENT_TOKEN_ID, message, 403, rule)


MFA_WRONG_CODE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    403,
    Rule.MFA_OF_CALLER,
)
"""The code is wrong, late, or was used before."""

MFA_UNKNOWN_DEVICE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
    "serial number is valid and associated with this user.",
    403,
    Rule.MFA_OF_CALLER,
)
"""The serial number is not of the caller's own devices, or of a kind that gives no codes."""

MFA_INCOMPLETE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    403,
    Rule.MFA_OF_CALLER,
)
"""One of the two parameters without the other."""

_SHORTEST = 900
_HOUR = 3_600
_ROLE_LONGEST = 43_200
_TOKEN_DEFAULT = 43_200
_TOKEN_LONGEST = 129_600

_SESSION_NAME = Constraint("roleSessionName", r"[\w+=,.@-]*", 2, 64)
_SERIAL = Constraint("serialNumber", r"[\w+=/:,.@-]*", 9, 256)
_CODE = Constraint("tokenCode", r"[\d]*", 6, 6, secret=True)


@dataclass(frozen=True, slots=True)
class MfaParameters:
    """`SerialNumber` and `TokenCode` of one call; the code is a secret."""

    serial: str
    code: str = field(repr=False)


def mfa_parameters(serial: str | None, code: str | None) -> MfaParameters | Refused | None:
    """Return the MFA parameters of an STS call, or AWS's refusal; None if it has none."""
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        return MFA_INCOMPLETE
    broken = (*_SERIAL.violations(serial), *_CODE.violations(code))
    if refused := validation_error(broken, Rule.LIMITS):
        return refused
    if kind_of_serial(serial) is DeviceKind.FIDO:
        return MFA_UNKNOWN_DEVICE
    return MfaParameters(serial, code)


def token_duration(holder: HolderKind, requested: int | None) -> timedelta | Refused:
    """Return the duration of a GetSessionToken or GetFederationToken session.

    `requested` is `DurationSeconds`; None for the default: 12 hours, for root one hour. Root gets
    an hour at most, however much it asks for.
    """
    longest = _HOUR if holder is HolderKind.ROOT else _TOKEN_LONGEST
    seconds = min(_TOKEN_DEFAULT, longest) if requested is None else requested
    broken = Range("durationSeconds", _SHORTEST, _TOKEN_LONGEST).violations(seconds)
    return validation_error(broken, Rule.LIMITS) or timedelta(seconds=min(seconds, longest))


def role_duration(
    requested: int | None, max_session: int = _HOUR, *, chained: bool = False
) -> timedelta | Refused:
    """Return the duration of a role session.

    Args:
        requested: `DurationSeconds`; None for the default of one hour.
        max_session: the role's `MaxSessionDuration` in seconds, 3,600 to 43,200.
        chained: the caller is a role session itself.
    """
    seconds = _HOUR if requested is None else requested
    broken = Range("durationSeconds", _SHORTEST, _ROLE_LONGEST).violations(seconds)
    if refused := validation_error(broken, Rule.LIMITS):
        return refused
    if chained and seconds > _HOUR:
        return _too_long(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    if seconds > max_session:
        return _too_long(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return timedelta(seconds=seconds)


def _too_long(message: str) -> Refused:
    return Refused(ErrorCode.VALIDATION_ERROR, message, 400, Rule.LIMITS)


def check_session_name(name: str) -> Refused | None:
    """Return AWS's refusal of a `RoleSessionName`, or None."""
    return validation_error(_SESSION_NAME.violations(name), Rule.LIMITS)


_SERVICE_ROLE_PATH = "/aws-service-role/"


def reserved_for_aws(holder: Holder, action: str, resource: str) -> Refused | None:
    """Return AWS's refusal to change resources reserved for AWS; None if it is not reserved.

    Policies are evaluated first: a caller whom they deny learns no more. A caller whom they allow
    is refused all the same.

    Args:
        holder: the owner of the credential; the roles of AWS's services may do it.
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
                return _reserved_refusal(row.rule, operation, found)
    return None


@dataclass(frozen=True, slots=True)
class _Reserved:
    """Operations of a service that customers cannot perform on AWS's resources.

    Attributes:
        operations: names in lower case.
        resource: the ARNs.
    """

    rule: Rule
    service: str
    resource: re.Pattern[str]
    operations: frozenset[str]


def _reserved_row(rule: Rule, service: str, resource: str, operations: str) -> _Reserved:
    return _Reserved(rule, service, re.compile(resource), frozenset(operations.lower().split()))


_ROLE = r"arn:[^:]+:iam::\d{12}:role/"
_CHANGES_OF_ROLE = (
    "CreateRole DeleteRole UpdateAssumeRolePolicy AttachRolePolicy DetachRolePolicy PutRolePolicy "
    "DeleteRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary "
)
"""Changes of AWS's roles that are refused; service-linked roles have operations of their own."""

_RESERVED = (
    _reserved_row(
        Rule.AWS_POLICY,
        "iam",
        r"arn:[^:]+:iam::aws:policy/.+",
        "CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion "
        "SetDefaultPolicyVersion TagPolicy UntagPolicy",
    ),
    _reserved_row(
        Rule.PROTECTED_ROLE,
        "iam",
        _ROLE + r"aws-reserved/(?:.*/)?(?P<name>[^/]+)",
        # an administrator describes and tags a service-linked role, but none of Identity Center
        _CHANGES_OF_ROLE + "UpdateRole UpdateRoleDescription TagRole UntagRole "
        "CreateServiceLinkedRole DeleteServiceLinkedRole",
    ),
    _reserved_row(
        Rule.PROTECTED_ROLE,
        "iam",
        _ROLE + r"aws-service-role/(?:.*/)?(?P<name>[^/]+)",
        _CHANGES_OF_ROLE,
    ),
    _reserved_row(
        Rule.AWS_ALIAS,
        "kms",
        r"arn:[^:]+:kms:[^:]*:\d{12}:alias/aws/.*",
        "CreateAlias UpdateAlias DeleteAlias",
    ),
    _reserved_row(
        Rule.AWS_PARAMETER,
        "ssm",
        r"arn:[^:]+:ssm:[^:]*:(?:\d{12})?:parameter/(?i:aws|ssm).*",
        "PutParameter",
    ),
)
"""All reserved operations. Reading, attaching and passing a resource do not change it."""


def _reserved_refusal(rule: Rule, operation: str, found: re.Match[str]) -> Refused:
    """Return AWS's answer if it is known, else one of the operation's errors."""
    match rule:
        case Rule.AWS_POLICY:
            return aws_policy_refusal(operation)
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


def aws_policy_refusal(operation: str) -> Refused:
    """Return AWS's refusal to change one of its own managed policies.

    The texts of DeletePolicy, DeletePolicyVersion and SetDefaultPolicyVersion are recorded; the
    others are assumed to be like the last.
    """
    message = _REFUSED_CHANGES.get(
        operation.lower(), "Cannot update policies outside your own account."
    )
    return Refused(ErrorCode.ACCESS_DENIED, message, 403, Rule.AWS_POLICY)
