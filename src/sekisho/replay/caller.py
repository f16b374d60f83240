"""The caller of a record, whose policies count, or the reason why no policies count.

The caller follows from the type of the identity and the ARN of the identity or of its session's
issuer. Only a record without a caller can be nobody's call: an event's own type decides this for
sign-ins alone. Prefixes of keys and the spelling of names are not used.

Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element", "CloudTrail record contents"
(`eventType`, `eventCategory`), "Understanding CloudTrail events", "AWS Management Console sign-in
events"; IAM User Guide, "Create a service-linked role"; AWS Sign-In User Guide, on
`AuthorizeOAuth2Access` and `CreateOAuth2Token`.
"""

from collections.abc import Mapping

from sekisho.engine.matching import arns
from sekisho.lazy import dataclass
from sekisho.replay.event import INSIGHT, TrailEvent
from sekisho.replay.outcome import OutcomeReason
from sekisho.signin import HolderKind


@dataclass(frozen=True, slots=True)
class TrailCaller:
    """The caller of a call.

    Attributes:
        partition: `aws`, `aws-cn`, `aws-us-gov`, as their ARN has it.
        account: twelve digits.
        name: of the user or the role; of a federated user's session, the name of the user who made
            it, whose policies count; "" for root.
        arn: theirs, of a role with its path; None if the record has the session's alone.
    """

    kind: HolderKind
    partition: str
    account: str
    name: str = ""
    arn: str | None = None


_SIGN_IN = "signin.amazonaws.com"
_STS = "sts.amazonaws.com"
_STEPS_OF_SIGN_IN = frozenset(
    {
        "CheckMfa",
        "ConsoleLogin",
        "CredentialChallenge",
        "CredentialVerification",
        "ExitRole",
        "GetSigninToken",
        "Logout",
        "PasswordRecoveryCompleted",
        "PasswordRecoveryRequested",
        "RenewRole",
        "SwitchRole",
        "UserAuthentication",
    }
)
"""Steps of a sign-in, nearly always with the type `AwsConsoleSignIn`.

`AuthorizeOAuth2Access` and `CreateOAuth2Token` are none: IAM authorises them.
"""

_TYPES_OF_SERVICES = frozenset({"AwsServiceEvent", "AwsCloudTrailInsight", "AwsAggregatedEvent"})
_CATEGORIES_OF_SERVICES = frozenset({INSIGHT, "Aggregated"})
"""Categories of records that services write about themselves, without a named caller."""
_UNSIGNED_TYPES = frozenset({"SAMLUser", "WebIdentityUser", "IdentityCenterUser", "Directory"})
_UNSIGNED_CALLS = frozenset({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_NOBODY = frozenset({"anonymous", "ANONYMOUS_PRINCIPAL"})
"""The account in a record of an unsigned request."""

_SERVICE_ROLES = "role/aws-service-role/"


def caller_of_event(event: TrailEvent) -> TrailCaller | OutcomeReason:
    """Return the caller of an event, or the reason why no caller's policies count.

    It depends on neither the event's source nor its name: see `exempt_by_name`.
    """
    return _of_services(event) or _of_identity(event)


def exempt_by_name(source: str | None, name: str | None) -> OutcomeReason | None:
    """Return the reason why no policies count for an event of this source and name, or None."""
    if source == _SIGN_IN and name in _STEPS_OF_SIGN_IN:
        return OutcomeReason.SIGN_IN
    if source == _STS and name in _UNSIGNED_CALLS:
        return OutcomeReason.UNSIGNED
    return None


def _of_services(event: TrailEvent) -> OutcomeReason | None:
    """Return the reason why an event is no call of a principal; None if it is one."""
    of_services = event.type in _TYPES_OF_SERVICES or event.category in _CATEGORIES_OF_SERVICES
    if of_services and not _names_caller(event):
        return OutcomeReason.SERVICE_EVENT
    if event.type == "AwsConsoleSignIn":
        return OutcomeReason.SIGN_IN
    if event.identity == "AWSService":
        return OutcomeReason.AWS_SERVICE
    if event.identity in _UNSIGNED_TYPES or event.account in _NOBODY:
        return OutcomeReason.UNSIGNED
    nobody = event.identity is None and event.principal is None
    return OutcomeReason.AWS_SERVICE if nobody and event.invoked_by else None


_KINDS: Mapping[str, tuple[HolderKind, str]] = {
    "Root": (HolderKind.ROOT, "root"),
    "IAMUser": (HolderKind.USER, "user/"),
    "AssumedRole": (HolderKind.ROLE, "role/"),
    "FederatedUser": (HolderKind.FEDERATED, "user/"),
}
"""The types whose policies are in an account, and the part of ARNs for their holders."""


_OTHER_CALLERS = frozenset({"AWSAccount", "Role"})
"""The types of callers whose policies a record does not name."""


def _names_caller(event: TrailEvent) -> bool:
    """Return whether an event is of a user or a role with policies."""
    parts = arns.split(event.principal or "")
    by_arn = len(parts) >= arns.PARTS and parts[2] in ("iam", "sts")
    return by_arn or event.identity in _KINDS or event.identity in _OTHER_CALLERS


def _of_identity(event: TrailEvent) -> TrailCaller | OutcomeReason:
    known = _KINDS.get(event.identity or "")
    parts = arns.split(event.principal or "")
    if known is None or len(parts) < arns.PARTS or not arns.is_account(parts[4]):
        return OutcomeReason.CALLER
    kind, begins = known
    _, partition, service, _, account, resource = parts
    if service == "iam" and resource.startswith(_SERVICE_ROLES):
        return OutcomeReason.SERVICE_LINKED_ROLE
    if service == "iam" and resource.startswith(begins):
        name = "" if kind is HolderKind.ROOT else resource.rsplit("/", 1)[-1]
        return TrailCaller(kind, partition, account, name, event.principal)
    session = resource.split("/")
    if kind is HolderKind.ROLE and (service, session[0]) == ("sts", "assumed-role"):
        # a session's ARN has the role's name and not its path
        return TrailCaller(kind, partition, account, session[1]) if session[1:] else _NOT_SAID
    return _NOT_SAID


_NOT_SAID = OutcomeReason.CALLER
