"""Refusals by the services themselves: the rules that no policy expresses, and AWS's errors.

Source: IAM User Guide, "Compare AWS STS credentials", "Permissions for GetSessionToken",
"Multi-factor authentication"; security bulletin AWS-2023-001.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from sekisho.lazy import dataclass
from sekisho.messages import Message


class ErrorCode(StrEnum):
    """AWS's own error codes, as far as these rules answer with them."""

    ACCESS_DENIED = "AccessDenied"
    DELETE_CONFLICT = "DeleteConflict"
    ENTITY_ALREADY_EXISTS = "EntityAlreadyExists"
    INVALID_AUTHENTICATION_CODE = "InvalidAuthenticationCode"
    INVALID_CLIENT_TOKEN_ID = "InvalidClientTokenId"  # noqa: S105 - an error code
    INVALID_INPUT = "InvalidInput"
    INVALID_USER_TYPE = "InvalidUserType"
    INVALID_PARAMETER_VALUE = "InvalidParameterValue"
    LIMIT_EXCEEDED = "LimitExceeded"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    NOT_AUTHORIZED = "NotAuthorizedException"
    NO_SUCH_ENTITY = "NoSuchEntity"
    PACKED_POLICY_TOO_LARGE = "PackedPolicyTooLarge"
    PASSWORD_POLICY_VIOLATION = "PasswordPolicyViolation"  # noqa: S105 - an error code
    UNMODIFIABLE_ENTITY = "UnmodifiableEntity"
    VALIDATION_ERROR = "ValidationError"
    VALIDATION_EXCEPTION = "ValidationException"


class Rule(StrEnum):
    """The rules of the services that policies neither grant nor remove; the ids are stable."""

    IDENTITY_NEEDS_NO_PERMISSION = "sts.get-caller-identity-needs-no-permission"
    SESSION_NEEDS_NO_PERMISSION = "sts.get-session-token-needs-no-permission"
    LONG_TERM_KEY_ONLY = "sts.long-term-key-only"
    TOKEN_SESSION_STS = "sts.session-token-may-call-few"  # noqa: S105 - a rule's id
    TOKEN_SESSION_IAM = "iam.session-token-needs-mfa"  # noqa: S105 - a rule's id
    FEDERATED_STS = "sts.federated-may-call-few"
    FEDERATED_IAM = "iam.not-for-federated"
    ROOT_ASSUMES_NO_ROLE = "sts.root-assumes-no-role"
    AWS_POLICY = "iam.aws-managed-policy"
    PROTECTED_ROLE = "iam.protected-role"
    AWS_ALIAS = "kms.aws-alias"
    AWS_PARAMETER = "ssm.aws-parameter"
    OWNER_ROOT = "s3.owner-root-reaches-bucket-policy"
    BUCKET_POLICY_OF_OWNER = "s3.bucket-policy-of-owner"
    MFA_OF_CALLER = "sts.mfa-device-of-caller"
    LIMITS = "sts.limits"
    CODE_ONCE = "mfa.code-once"
    TWO_CODES = "mfa.two-consecutive-codes"
    OUT_OF_STEP = "mfa.out-of-step"
    DEVICE_LIMIT = "mfa.at-most-eight"
    DEVICE_BOUND_ONCE = "mfa.bound-to-one-user"
    DEVICE_NAME = "mfa.name"
    DEVICE_HOLDER = "mfa.holder-needs-mfa"
    DEVICE_IN_USE = "mfa.deactivate-before-delete"
    UNKNOWN_ENTITY = "iam.unknown-entity"
    PASSWORD_POLICY = "password.policy"  # noqa: S105 - a rule's id
    OWN_PASSWORD = "password.own-only"  # noqa: S105 - a rule's id
    FORCED_CHANGE = "console.forced-change"
    HARD_EXPIRY = "console.hard-expiry"
    DEVICE_IS_ASKED = "console.device-is-asked"
    SESSION_KEEPS_MFA = "session.mfa-is-fixed-at-sign-in"

    @property
    def text(self) -> Message:
        """The text of the rule."""
        return _NOTES[self].text

    @property
    def source(self) -> str:
        """The page that states the rule."""
        return _NOTES[self].source


@dataclass(frozen=True, slots=True)
class RuleNote:
    """The texts of a rule.

    Attributes:
        source: the page of AWS, or who observed it.
        documented: False if AWS does not state it and others have observed it.
    """

    rule: Rule
    text: Message
    source: str
    documented: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal by a service's own rule.

    Attributes:
        code: AWS's error code.
        message: AWS's message, verbatim where it is known.
        status: the HTTP status.
        reason: the rule.
    """

    code: ErrorCode
    message: str
    status: int
    reason: Rule


RULES: tuple[RuleNote, ...] = (
    RuleNote(
        Rule.IDENTITY_NEEDS_NO_PERMISSION,
        Message("GetCallerIdentity needs no permission, and no Deny has an effect on it."),
        "AWS STS API Reference, GetCallerIdentity",
    ),
    RuleNote(
        Rule.SESSION_NEEDS_NO_PERMISSION,
        Message("GetSessionToken needs no permission, and no Deny has an effect on it."),
        "IAM User Guide, Permissions for GetSessionToken",
    ),
    RuleNote(
        Rule.LONG_TERM_KEY_ONLY,
        Message("Only a long-term access key can call GetSessionToken and GetFederationToken."),
        "AWS STS API Reference, GetSessionToken, GetFederationToken",
    ),
    RuleNote(
        Rule.TOKEN_SESSION_STS,
        Message(
            "A GetSessionToken session can call few STS operations: AssumeRole and "
            "GetCallerIdentity among them."
        ),
        "AWS STS API Reference, GetSessionToken",
    ),
    RuleNote(
        Rule.TOKEN_SESSION_IAM,
        Message("A GetSessionToken session without MFA cannot call IAM at all."),
        "AWS STS API Reference, GetSessionToken",
    ),
    RuleNote(
        Rule.FEDERATED_STS,
        Message("A federated user session can call GetCallerIdentity and little else of STS."),
        "AWS STS API Reference, GetFederationToken",
    ),
    RuleNote(
        Rule.FEDERATED_IAM,
        Message("A federated user session cannot call IAM through the API."),
        "AWS STS API Reference, GetFederationToken",
    ),
    RuleNote(
        Rule.ROOT_ASSUMES_NO_ROLE,
        Message("The root user cannot assume a role."),
        "AWS STS API Reference, AssumeRole",
    ),
    RuleNote(
        Rule.AWS_POLICY,
        Message("Only AWS makes, changes or deletes an AWS managed policy."),
        "IAM User Guide, Managed policies and inline policies",
    ),
    RuleNote(
        Rule.PROTECTED_ROLE,
        Message(
            "Only AWS makes, changes or deletes a role under `/aws-service-role/` (service-linked) "
            "or `/aws-reserved/` (IAM Identity Center)."
        ),
        "IAM API Reference, UnmodifiableEntity; text observed: rebuy-de/aws-nuke issue 441",
    ),
    RuleNote(
        Rule.AWS_ALIAS,
        Message("Nobody but AWS makes, changes or deletes an alias that begins with `alias/aws/`."),
        "AWS KMS API Reference, CreateAlias",
    ),
    RuleNote(
        Rule.AWS_PARAMETER,
        Message("Nobody but AWS makes or changes a parameter whose name begins with aws or ssm."),
        "AWS Systems Manager API Reference, PutParameter",
    ),
    RuleNote(
        Rule.OWNER_ROOT,
        Message(
            "The root user of the account that owns a bucket can always get, put and delete its "
            "policy, regardless of the policy."
        ),
        "Amazon S3 API Reference, GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy",
    ),
    RuleNote(
        Rule.BUCKET_POLICY_OF_OWNER,
        Message("Only identities of the account that owns a bucket get, put or delete its policy."),
        "Amazon S3 API Reference, GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy",
    ),
    RuleNote(
        Rule.MFA_OF_CALLER,
        Message("The MFA device of an STS call is one of the caller's own, and its code is right."),
        "IAM User Guide, Secure API access with MFA; texts observed",
    ),
    RuleNote(
        Rule.LIMITS,
        Message("Durations and names in STS calls keep to the documented limits."),
        "AWS STS API Reference",
    ),
    RuleNote(
        Rule.CODE_ONCE,
        Message("An MFA code is accepted once, and only for a short time."),
        "observed",
        documented=False,
    ),
    RuleNote(
        Rule.TWO_CODES,
        Message(
            "Enabling or resynchronising a device takes two consecutive codes, the older first."
        ),
        "IAM API Reference, EnableMFADevice, ResyncMFADevice",
    ),
    RuleNote(
        Rule.OUT_OF_STEP,
        Message(
            "A device that is out of sync must be resynchronised with two codes before its "
            "codes are accepted."
        ),
        "IAM User Guide, Resynchronize virtual and hardware MFA devices",
    ),
    RuleNote(
        Rule.DEVICE_LIMIT,
        Message("A user can have up to eight MFA devices."),
        "IAM User Guide, IAM and AWS STS quotas",
    ),
    RuleNote(
        Rule.DEVICE_BOUND_ONCE,
        Message("An MFA device belongs to one user at most, and its name is used once."),
        "IAM API Reference, EnableMFADevice, CreateVirtualMFADevice",
    ),
    RuleNote(
        Rule.DEVICE_NAME,
        Message("Device names and paths keep to IAM's characters and lengths."),
        "IAM API Reference, CreateVirtualMFADevice",
    ),
    RuleNote(
        Rule.DEVICE_HOLDER,
        Message(
            "A user who has an MFA device and calls with an access key needs an MFA session to "
            "enable or disable their own devices."
        ),
        "security bulletin AWS-2023-001",
    ),
    RuleNote(
        Rule.DEVICE_IN_USE,
        Message("A virtual device can only be deleted after it was deactivated."),
        "IAM API Reference, DeleteVirtualMFADevice",
    ),
    RuleNote(
        Rule.UNKNOWN_ENTITY,
        Message("The objects that a call names must exist."),
        "IAM API Reference, Common Errors",
    ),
    RuleNote(
        Rule.PASSWORD_POLICY,
        Message("A new password meets the account's password policy, or the default one."),
        "IAM User Guide, Set an account password policy for IAM users",
    ),
    RuleNote(
        Rule.OWN_PASSWORD,
        Message("ChangePassword changes the caller's own password and needs the old one."),
        "IAM API Reference, ChangePassword",
    ),
    RuleNote(
        Rule.FORCED_CHANGE,
        Message(
            "A password that must be changed is changed at sign-in, before any page of the console "
            "opens, by the user's own iam:ChangePassword."
        ),
        "IAM User Guide, Manage passwords for IAM users",
    ),
    RuleNote(
        Rule.HARD_EXPIRY,
        Message(
            "If the password policy requires it, users cannot change an expired password at "
            "sign-in: an administrator sets another one."
        ),
        "IAM User Guide, Set an account password policy for IAM users",
    ),
    RuleNote(
        Rule.DEVICE_IS_ASKED,
        Message("A user who has an MFA device is always asked for it at console sign-in."),
        "IAM User Guide, MFA enabled sign-in",
    ),
    RuleNote(
        Rule.SESSION_KEEPS_MFA,
        Message(
            "Whether a session has MFA is fixed when it begins: a device enabled later does not "
            "change it."
        ),
        "IAM User Guide, tutorial: permit users to manage their credentials and MFA settings",
    ),
)
"""The texts of all rules, in a stable order: the prover's assumptions."""

_NOTES = {note.rule: note for note in RULES}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint on a text parameter.

    Attributes:
        member: the parameter as AWS's messages write it, like `roleSessionName`.
        pattern: the regular expression of the service model, which AWS's messages repeat.
        least, most: the number of characters; `most` is None if there is no limit.
        secret: whether a message must not repeat the value.
    """

    member: str
    pattern: str
    least: int = 1
    most: int | None = None
    secret: bool = False

    def violations(self, value: str) -> tuple[str, ...]:
        """Return AWS's sentence for each constraint that `value` violates."""
        broken: list[str] = []
        if self.most is not None and len(value) > self.most:
            broken.append(f"have length less than or equal to {self.most}")
        if len(value) < self.least:
            broken.append(f"have length greater than or equal to {self.least}")
        if re.fullmatch(self.pattern, value, re.ASCII) is None:
            broken.append(f"satisfy regular expression pattern: {self.pattern}")
        # AWS does not repeat a value that is too long
        shown = not self.secret and (self.most is None or len(value) <= self.most)
        subject = f"Value '{value}'" if shown else "Value"
        return tuple(
            f"{subject} at '{self.member}' failed to satisfy constraint: Member must {rule}"
            for rule in broken
        )


@dataclass(frozen=True, slots=True)
class Range:
    """A constraint on a number: `least` and `most` included."""

    member: str
    least: int
    most: int

    def violations(self, value: int) -> tuple[str, ...]:
        """Return AWS's sentence if `value` is out of range."""
        if value < self.least:
            rule = f"greater than or equal to {self.least}"
        elif value > self.most:
            rule = f"less than or equal to {self.most}"
        else:
            return ()
        return (
            f"Value '{value}' at '{self.member}' failed to satisfy constraint: "
            f"Member must have value {rule}",
        )


def validation_error(violations: Iterable[str], rule: Rule) -> Refused | None:
    """Return AWS's single error for all `violations`; None if there are none."""
    found = tuple(violations)
    if not found:
        return None
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    return Refused(ErrorCode.VALIDATION_ERROR, count + "; ".join(found), 400, rule)
