"""What each credential puts into the request context.

Source: IAM User Guide, "AWS global condition context keys", "IAM policy elements: variables and
tags" (table of principal keys); facts §2.2, §2.3, §2.6.
"""

from datetime import UTC, datetime

from sekisho.errors import InternalError
from sekisho.signin.model import (
    Credential,
    CredentialKind,
    HolderKind,
    RoleSessionMfa,
    SigninAssumptions,
)

__all__ = ["MFA_IN_CALL", "context_of"]

MFA_IN_CALL = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
"""What a valid code in an AssumeRole call adds: the role's trust policy sees it (row 8), and the
caller's own policies see it if the assumption `assume_role_sees_mfa` is on."""


def context_of(
    credential: Credential, now: datetime, assumptions: SigninAssumptions
) -> dict[str, str]:
    """Return the context keys that `credential` brings, without tags and network keys.

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
    return context | _mfa_keys(credential, now, assumptions)


def _mfa_keys(
    credential: Credential, now: datetime, assumptions: SigninAssumptions
) -> dict[str, str]:
    """Return the two MFA keys; a role session never inherits the MFA of who assumed the role."""
    match credential.kind:
        case CredentialKind.LONG_TERM_KEY | CredentialKind.FEDERATED_SESSION:
            return {}
        case CredentialKind.ROLE_SESSION:
            if assumptions.role_session_mfa is RoleSessionMfa.ABSENT:
                return {}
            return {"aws:MultiFactorAuthPresent": "false"}
        case CredentialKind.CONSOLE_SESSION | CredentialKind.SESSION_TOKEN:
            if credential.mfa_at is None:
                return {"aws:MultiFactorAuthPresent": "false"}
            age = max(0, int((now - credential.mfa_at).total_seconds()))
            return {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}


def _iso(when: datetime) -> str:
    if when.tzinfo is None:
        raise InternalError("a time without a zone in a request context")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
