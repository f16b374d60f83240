"""The Force_MFA family: from choices to the document.

Source: IAM User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own credentials on
the Security credentials page".
"""

import json
from collections.abc import Iterable

from sekisho.policy.choices import NAME, Choices, check
from sekisho.policy.document import Document, Version
from sekisho.policy.text import parse

SERVICE_EXEMPT = "sts:GetSessionToken"
"""Works whatever a policy says; AWS's sample lists it all the same, for the reader."""

_ACCESS_KEYS = (
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
    "iam:GetAccessKeyLastUsed",
)
_SIGNING_CERTIFICATES = (
    "iam:DeleteSigningCertificate",
    "iam:ListSigningCertificates",
    "iam:UpdateSigningCertificate",
    "iam:UploadSigningCertificate",
)
_SSH_KEYS = (
    "iam:DeleteSSHPublicKey",
    "iam:GetSSHPublicKey",
    "iam:ListSSHPublicKeys",
    "iam:UpdateSSHPublicKey",
    "iam:UploadSSHPublicKey",
)
_GIT_CREDENTIALS = (
    "iam:CreateServiceSpecificCredential",
    "iam:DeleteServiceSpecificCredential",
    "iam:ListServiceSpecificCredentials",
    "iam:ResetServiceSpecificCredential",
    "iam:UpdateServiceSpecificCredential",
)
_ENROLMENT = (
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:GetMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
)
_PASSWORD_CHANGE = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
_QUIET_OF_USER = (
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:ListSigningCertificates",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
)
_QUIET_OF_ACCOUNT = ("iam:GetAccountPasswordPolicy", "iam:GetAccountSummary")
_NOT_ON_A_USER = frozenset(
    {
        "iam:CreateVirtualMFADevice",
        "iam:ListVirtualMFADevices",
        "iam:GetAccountPasswordPolicy",
        "iam:GetAccountSummary",
        SERVICE_EXEMPT,
    }
)

_Json = dict[str, object]


def force_mfa(choices: Choices) -> Document:
    """Return the Force_MFA policy for these choices; its positions are those of its `render`.

    Raises:
        FaultyPolicy: if the choices contradict each other or are out of range.
    """
    check(choices)
    statements = [*_allows(choices), *_denies(choices)]
    policy = {"Version": str(Version.V2012), "Statement": statements}
    return parse(json.dumps(policy, indent=2), source=NAME)


def _self(choices: Choices) -> str | list[str]:
    """Return the user's own ARN; with paths, two patterns (user names are unique in any path)."""
    users = f"arn:{choices.partition}:iam::*:user/"
    plain = f"{users}${{aws:username}}"
    return [plain, f"{users}*/${{aws:username}}"] if choices.user_paths else plain


def _devices(choices: Choices) -> str:
    return f"arn:{choices.partition}:iam::*:mfa/*"


def _exempt(choices: Choices) -> list[str]:
    actions = [*_ENROLMENT]
    if choices.password_change_without_mfa:
        actions += _PASSWORD_CHANGE
    if choices.quiet_console:
        actions += [*_QUIET_OF_USER, *_QUIET_OF_ACCOUNT]
    return list(dict.fromkeys([*actions, SERVICE_EXEMPT]))


def _allow(sid: str, actions: Iterable[str], resource: str | list[str]) -> _Json:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _allows(choices: Choices) -> Iterable[_Json]:
    own = _self(choices)
    account = ["iam:GetAccountPasswordPolicy"] if choices.passwords else []
    if choices.quiet_console:
        account = [*_QUIET_OF_ACCOUNT]
    yield _allow("AllowViewAccountInfo", [*account, "iam:ListVirtualMFADevices"], "*")
    if choices.passwords:
        yield _allow("AllowManageOwnPasswords", ["iam:ChangePassword", "iam:GetUser"], own)
    for chosen, sid, actions in (
        (choices.access_keys, "AllowManageOwnAccessKeys", _ACCESS_KEYS),
        (choices.signing_certificates, "AllowManageOwnSigningCertificates", _SIGNING_CERTIFICATES),
        (choices.ssh_keys, "AllowManageOwnSSHPublicKeys", _SSH_KEYS),
        (choices.git_credentials, "AllowManageOwnGitCredentials", _GIT_CREDENTIALS),
        (choices.quiet_console, "AllowReadOwnCredentials", _QUIET_OF_USER),
    ):
        if chosen:
            yield _allow(sid, actions, own)
    create = ["iam:CreateVirtualMFADevice"]
    yield _allow("AllowManageOwnVirtualMFADevice", create, _devices(choices))
    yield _allow("AllowManageOwnUserMFA", _own_mfa(choices), own)


def _own_mfa(choices: Choices) -> Iterable[str]:
    yield "iam:DeactivateMFADevice"
    yield "iam:EnableMFADevice"
    if choices.allow_what_is_exempt:
        yield "iam:GetMFADevice"
    if not choices.passwords:
        yield "iam:GetUser"
    yield "iam:ListMFADevices"
    yield "iam:ResyncMFADevice"


def _no_mfa(choices: Choices) -> _Json:
    """Return the condition of MFA enforcement; keys without MFA lack the key, hence IfExists."""
    return {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false", **_direct(choices)}}


def _direct(choices: Choices) -> dict[str, str]:
    return {"aws:ViaAWSService": "false"} if choices.via_aws_service else {}


def _denies(choices: Choices) -> Iterable[_Json]:
    exempt = _exempt(choices)
    enforcement = {"Effect": "Deny", "NotAction": exempt, "Resource": "*"}
    yield {"Sid": "DenyAllExceptListedIfNoMFA", **enforcement, "Condition": _no_mfa(choices)}
    if choices.own_things_only:
        own = _self(choices)
        yield {
            "Sid": "DenyOthersIfNoMFA",
            "Effect": "Deny",
            "Action": [action for action in exempt if action not in _NOT_ON_A_USER],
            # a device is bound to nobody before EnableMFADevice, which is asked about the user
            "NotResource": [*([own] if isinstance(own, str) else own), _devices(choices)],
            "Condition": _no_mfa(choices),
        }
    if choices.enrolment_needs_session:
        yield {
            "Sid": "DenyEnrolmentByLongTermKey",
            "Effect": "Deny",
            "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
            "Resource": "*",
            "Condition": {"Null": {"aws:TokenIssueTime": "true"}},
        }
    if choices.mfa_age is not None:
        age = {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": str(choices.mfa_age)}}
        direct = {"BoolIfExists": _direct(choices)} if choices.via_aws_service else {}
        yield {
            "Sid": "DenyAllExceptListedIfMFAIsOld",
            **enforcement,
            "Condition": {**age, **direct},
        }
