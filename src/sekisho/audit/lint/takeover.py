"""What an Allow for people without MFA lets them do to others: a way into every account of theirs.

Only statements that name actions of IAM are looked at. `Action: *` is for administrators, and of
it `mfa.no-enforcement` says that MFA is not asked for.

Source: IAM User Guide, "AWS security best practices"; the actions by which others have described
how one user becomes another.
"""

from collections.abc import Iterator

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.engine_queries import Asker, MfaState
from sekisho.audit.lint.statements import listed
from sekisho.audit.meaning.credentials import COLLEAGUE, ActionOnResource
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Statement

_USER, _GROUP, _POLICY, _ROLE = f"user/{COLLEAGUE}", "group/any", "policy/any", "role/any"
_WAYS: tuple[tuple[FindingId, tuple[tuple[str, str], ...]], ...] = (
    (
        FindingId.OTHERS_CREDENTIALS,
        (
            ("CreateAccessKey", _USER),
            ("CreateLoginProfile", _USER),
            ("UpdateLoginProfile", _USER),
            ("CreateServiceSpecificCredential", _USER),
            ("ResetServiceSpecificCredential", _USER),
            ("UploadSigningCertificate", _USER),
            ("UploadSSHPublicKey", _USER),
            ("DeactivateMFADevice", _USER),
        ),
    ),
    (
        FindingId.PERMISSIONS_WITHOUT_MFA,
        (
            ("AttachUserPolicy", _USER),
            ("DetachUserPolicy", _USER),
            ("PutUserPolicy", _USER),
            ("DeleteUserPolicy", _USER),
            ("DeleteUserPermissionsBoundary", _USER),
            ("AddUserToGroup", _GROUP),
            ("RemoveUserFromGroup", _GROUP),
            ("AttachGroupPolicy", _GROUP),
            ("DetachGroupPolicy", _GROUP),
            ("PutGroupPolicy", _GROUP),
            ("CreatePolicyVersion", _POLICY),
            ("SetDefaultPolicyVersion", _POLICY),
            ("AttachRolePolicy", _ROLE),
            ("PutRolePolicy", _ROLE),
            ("UpdateAssumeRolePolicy", _ROLE),
        ),
    ),
)
_ALLOWED = Message("allowed without MFA")
_WITHOUT_MFA = (MfaState.KEY, MfaState.NO_MFA)


def takeover_checks(document: Document, asker: Asker) -> Iterator[Finding]:
    """Yield what the document allows to be done to others without MFA, and where it does."""
    of_iam = [each for each in document.statements if _names_iam(each)]
    iam = f"arn:{asker.home.partition}:iam::{asker.home.account}"
    for name, ways in _WAYS if of_iam else ():
        where: Statement | None = None
        open_ones = []
        for action, thing in ways:
            cause = _allowing(
                document, of_iam, ActionOnResource(f"iam:{action}", f"{iam}:{thing}"), asker
            )
            if cause is not None:
                open_ones.append(f"`iam:{action}`")
                where = where or cause
        if where is not None:
            fact = listed(_ALLOWED, ", ".join(open_ones))
            yield found(name, place_in(document, where, path="Action"), fact)


def _names_iam(statement: Statement) -> bool:
    return (
        statement.effect is Effect.ALLOW
        and not statement.action.negated
        and any(value.lower().startswith("iam:") for value in statement.action.values)
    )


def _allowing(
    document: Document, statements: list[Statement], ask: ActionOnResource, asker: Asker
) -> Statement | None:
    """Return the statement that allows what is asked, where without MFA it is not denied."""
    for state in _WITHOUT_MFA:
        if not asker.exhausted and asker.allowed(document.statements, ask, state):
            for each in statements:
                if asker.applies(each, ask, state):
                    return each
    return None
