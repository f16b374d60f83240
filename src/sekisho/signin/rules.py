"""Who may call what, whatever the policies say.

Source: AWS STS API Reference (GetSessionToken, GetFederationToken, GetCallerIdentity, AssumeRole);
IAM User Guide, "Compare AWS STS credentials". See docs/signin.md#who-may-call-what.
"""

from dataclasses import dataclass

from sekisho.signin.model import Credential, CredentialKind, HolderKind, SigninAssumptions
from sekisho.signin.refusal import ErrorCode, Refused, Rule


@dataclass(frozen=True, slots=True)
class AskPolicies:
    """The service has no rule of its own: the policies decide.

    Attributes:
        only_denies: no Allow is needed, but an explicit Deny counts (only ever true under the
            assumption `get_session_token_heeds_deny`).
    """

    only_denies: bool = False


@dataclass(frozen=True, slots=True)
class PermittedWithoutPolicy:
    """The service permits it, whatever the policies say."""

    reason: Rule


RefusedByService = Refused
"""A `Refused` is also a ruling; this is its name among the rulings."""

Ruling = AskPolicies | PermittedWithoutPolicy | Refused

_PERMISSIONS_OF_ASSUME_ROLE = frozenset({"tagsession", "setsourceidentity", "setcontext"})
"""Not operations: permissions that an AssumeRole call needs besides its own."""

_TOKEN_SESSION_MAY = _PERMISSIONS_OF_ASSUME_ROLE | {
    "assumerole",
    "getcalleridentity",
    "getscopedcredentials",
    "getwebidentitytoken",
    "getdelegatedaccesstoken",
}

_FEDERATED_MAY = frozenset({"getcalleridentity", "getscopedcredentials", "getdelegatedaccesstoken"})


def service_rule(credential: Credential, action: str, assumptions: SigninAssumptions) -> Ruling:
    """Return what the service itself says about `action`, before any policy is asked.

    `action` is an IAM action, `service:Name`, in any case.
    """
    service, _, name = action.partition(":")
    match service.lower():
        case "sts":
            return _sts_rule(credential, name, assumptions)
        case "iam":
            return _iam_rule(credential)
        case _:
            return AskPolicies()


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


def _iam_rule(credential: Credential) -> Ruling:
    match credential.kind:
        case CredentialKind.SESSION_TOKEN if credential.mfa_at is None:
            return _invalid_token(Rule.TOKEN_SESSION_IAM)
        case CredentialKind.FEDERATED_SESSION:
            return _invalid_token(Rule.FEDERATED_IAM)
        case _:
            return AskPolicies()


def _not_with_session(operation: str, rule: Rule) -> Refused:
    """Return AWS's text; observed for GetSessionToken, and taken over for its neighbours."""
    message = f"Cannot call {operation} with session credentials"
    return Refused(ErrorCode.ACCESS_DENIED, message, 403, rule)


def _invalid_token(rule: Rule) -> Refused:
    message = "The security token included in the request is invalid"
    return Refused(ErrorCode.INVALID_CLIENT_TOKEN_ID, message, 403, rule)
