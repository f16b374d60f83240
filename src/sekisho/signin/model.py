"""Credentials and their holders, and the context keys that each credential brings.

Source: IAM User Guide, "AWS global condition context keys", "IAM policy elements: variables and
tags" (table of principal keys).
How they are read: docs/signin.md#what-a-credential-puts-into-the-request-context.
"""

from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from sekisho.errors import InternalError
from sekisho.lazy import dataclass


class HolderKind(StrEnum):
    """The kinds of principal that can hold a credential; the value is `aws:PrincipalType`."""

    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"
    FEDERATED = "FederatedUser"


@dataclass(frozen=True, slots=True)
class Holder:
    """The IAM identity behind a credential.

    Attributes:
        partition: `aws`, `aws-cn`, `aws-us-gov`.
        account: twelve digits.
        name: the user's, role's or federated user's name; "" for root.
        path: the IAM path, `/` unless given.
        unique_id: `AIDA…`, `AROA…`; the account id for root.
    """

    kind: HolderKind
    partition: str
    account: str
    name: str = ""
    path: str = "/"
    unique_id: str = ""

    @property
    def arn(self) -> str:
        """The ARN of the identity itself: user, role, root, or federated user."""
        match self.kind:
            case HolderKind.ROOT:
                return f"arn:{self.partition}:iam::{self.account}:root"
            case HolderKind.USER:
                return f"arn:{self.partition}:iam::{self.account}:user{self.path}{self.name}"
            case HolderKind.ROLE:
                return f"arn:{self.partition}:iam::{self.account}:role{self.path}{self.name}"
            case HolderKind.FEDERATED:
                return f"arn:{self.partition}:sts::{self.account}:federated-user/{self.name}"


class CredentialKind(StrEnum):
    """The kinds of credential that sign requests."""

    LONG_TERM_KEY = "long-term access key"
    CONSOLE_SESSION = "console session"
    LOGIN_SESSION = "aws login session"
    """Of `aws login`, or of an agent that was authorized likewise: client type CLI or MCP."""
    SESSION_TOKEN = "GetSessionToken session"  # noqa: S105 - a kind, not a secret
    ROLE_SESSION = "role session"
    FEDERATED_SESSION = "federated user session"


@dataclass(frozen=True, slots=True)
class SessionTag:
    """A tag that was passed with the call that began a session.

    Attributes:
        transitive: whether the sessions of roles that this session assumes have it too.
    """

    key: str
    value: str
    transitive: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that signs requests, without its secret.

    Attributes:
        issued_at: when temporary credentials were issued; None for a long-term key.
        expires_at: when they end; None for a long-term key.
        mfa_at: when MFA was passed for *this* credential; None if it was not.
        session_name: the role session's name; "" otherwise.
        tags: the session's own tags, besides those of its holder.
        made_by: the user who made a federated user's session; None otherwise.
        source_identity: what the first of a chain of role sessions was given; "" if nothing.
        sign_in_arn: of the session that `aws login` or an agent began, the same over all refreshes;
            "" otherwise.
    """

    kind: CredentialKind
    holder: Holder
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    mfa_at: datetime | None = None
    session_name: str = ""
    tags: tuple[SessionTag, ...] = ()
    made_by: Holder | None = None
    sign_in_arn: str = ""
    source_identity: str = ""

    @property
    def owner(self) -> Holder:
        """The identity whose policies and tags apply: the holder, or the user who federated it."""
        return self.made_by or self.holder

    @property
    def arn(self) -> str:
        """The caller's ARN as GetCallerIdentity and error messages give it."""
        if self.kind is CredentialKind.ROLE_SESSION:
            return (
                f"arn:{self.holder.partition}:sts::{self.holder.account}:assumed-role/"
                f"{self.holder.name}/{self.session_name}"
            )
        return self.holder.arn

    @property
    def user_id(self) -> str:
        """The caller's `aws:userid`, also in the answer of GetCallerIdentity."""
        match self.holder.kind:
            case HolderKind.ROOT:
                return self.holder.account
            case HolderKind.USER:
                return self.holder.unique_id
            case HolderKind.ROLE:
                return f"{self.holder.unique_id}:{self.session_name}"
            case HolderKind.FEDERATED:
                return f"{self.holder.account}:{self.holder.name}"


class DeviceKind(StrEnum):
    """The kinds of MFA device, by their serial numbers."""

    VIRTUAL = "virtual"
    FIDO = "fido"
    HARDWARE = "hardware"


class RoleSessionMfa(StrEnum):
    """`aws:MultiFactorAuthPresent` in a role session."""

    FALSE = "false"
    ABSENT = "absent"


class AwsLoginMfa(StrEnum):
    """The MFA keys in a session of `aws login`, or of an agent."""

    AS_CONSOLE = "as-console"
    """Those of the console session from which it began; the age runs from that sign-in."""
    ABSENT = "absent"


class SigninOrder(StrEnum):
    """The step that the console asks for first when both are due."""

    MFA_FIRST = "mfa-first"
    RESET_FIRST = "reset-first"


class ConsoleAuthorization(StrEnum):
    """Whether policies are evaluated at the console's sign-in: console authorization.

    It is disabled until somebody enables it for an account or an organisation.
    """

    DISABLED = "disabled"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class SigninAssumptions:
    """The points of STS and sign-in that AWS does not document, each with its default.

    Attributes:
        role_session_mfa: the MFA key in role sessions.
        assume_role_sees_mfa: whether the caller's own identity policies see MFA as present in an
            AssumeRole call that carries a code.
        get_session_token_heeds_deny: whether an explicit Deny stops GetSessionToken after all.
        totp_window: how many 30-second steps a code may be early or late.
        resync_window: the same for the two codes that enable or resynchronise a device.
        order: MFA or forced reset first at sign-in.
        device_holder_needs_mfa: bulletin AWS-2023-001: who has a device and calls by access key
            needs MFA to enable or disable their own devices.
        key_death_ends_sessions: whether deactivating a key ends its GetSessionToken sessions.
        console_authorization: the setting of an account whose configuration was not read.
        console_authorization_asks_identity: whether, where it is enabled, a Deny of a user's own
            policies keeps the console session from being granted; see `policy.CONSOLE_ACTIONS`.
        aws_login_mfa: the MFA keys in sessions of `aws login`.
        aws_internal_sees_mfa: whether any call that AWS makes itself (`AWS Internal`) for a session
            with MFA, as the console does to switch the role, has the session's MFA keys.
        mfa_page_needs_reads: whether a person in the console can assign, take off or resynchronise
            an MFA device only if its page may read what AWS's samples for that page let it read.
        resync_at_sign_in: whether the page that asks for the code lets a user resynchronise the
            device, by the user's own iam:ResyncMFADevice.
        password_last_used_needs_code: whether a user's `PasswordLastUsed` moves only once the code
            of a device is given, where the user has one; else with the password.
    """

    role_session_mfa: RoleSessionMfa = RoleSessionMfa.FALSE
    assume_role_sees_mfa: bool = True
    get_session_token_heeds_deny: bool = False
    totp_window: int = 1
    resync_window: int = 20
    order: SigninOrder = SigninOrder.MFA_FIRST
    device_holder_needs_mfa: bool = True
    key_death_ends_sessions: bool = field(default=False)
    console_authorization: ConsoleAuthorization = ConsoleAuthorization.DISABLED
    console_authorization_asks_identity: bool = True
    aws_login_mfa: AwsLoginMfa = AwsLoginMfa.AS_CONSOLE
    aws_internal_sees_mfa: bool = True
    mfa_page_needs_reads: bool = True
    resync_at_sign_in: bool = True
    password_last_used_needs_code: bool = True

    @property
    def console_asks_policies(self) -> bool:
        """Whether a user's policies determine if a sign-in ends in a console session."""
        enabled = self.console_authorization is ConsoleAuthorization.ENABLED
        return enabled and self.console_authorization_asks_identity


SIGN_IN_SESSION = "aws:SignInSessionArn"
"""The key of sessions of `aws login` and of agents; console sessions lack it."""

MFA_IN_CALL = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
"""The keys that a valid code in an AssumeRole call adds: the role's trust policy sees them (row 8),
the caller's own policies only under the assumption `assume_role_sees_mfa`."""


def context_of(
    credential: Credential, now: datetime, assumptions: SigninAssumptions
) -> dict[str, str]:
    """Return the context keys of `credential`, without tags and network keys.

    `now` is the time of the request, with its zone.
    """
    holder = credential.holder
    context = {
        "aws:CurrentTime": _iso(now),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalAccount": holder.account,
        "aws:PrincipalArn": holder.arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": holder.kind.value,
        "aws:ViaAWSService": "false",
        "aws:userid": credential.user_id,
    }
    if holder.kind is HolderKind.USER:
        context["aws:username"] = holder.name
    if credential.issued_at is not None:
        context["aws:TokenIssueTime"] = _iso(credential.issued_at)
    if credential.source_identity:
        context["aws:SourceIdentity"] = credential.source_identity
    if credential.sign_in_arn:
        context[SIGN_IN_SESSION] = credential.sign_in_arn
    return context | _mfa_keys(credential, now, assumptions)


def _mfa_keys(
    credential: Credential, now: datetime, assumptions: SigninAssumptions
) -> dict[str, str]:
    """Return the two MFA keys; a role session never inherits its caller's MFA."""
    match credential.kind:
        case CredentialKind.LONG_TERM_KEY | CredentialKind.FEDERATED_SESSION:
            return {}
        case CredentialKind.ROLE_SESSION:
            if assumptions.role_session_mfa is RoleSessionMfa.ABSENT:
                return {}
            return {"aws:MultiFactorAuthPresent": "false"}
        case CredentialKind.LOGIN_SESSION if assumptions.aws_login_mfa is AwsLoginMfa.ABSENT:
            return {}
        case (
            CredentialKind.CONSOLE_SESSION
            | CredentialKind.LOGIN_SESSION
            | CredentialKind.SESSION_TOKEN
        ):
            if credential.mfa_at is None:
                return {"aws:MultiFactorAuthPresent": "false"}
            age = max(0, int((now - credential.mfa_at).total_seconds()))
            return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}


@lru_cache(maxsize=64)
def _iso(when: datetime) -> str:
    if when.tzinfo is None:
        raise InternalError("a time without a zone in a request context")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
