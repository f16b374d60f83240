"""Holders and credentials for the tests of signin."""

from datetime import datetime, timedelta

from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

ACCOUNT = "111122223333"
SIGN_IN = f"arn:aws:signin:us-east-1:{ACCOUNT}:session/0a1b2c3d-1111-2222-3333-444455556666"

HOLDERS = {
    HolderKind.USER: Holder(HolderKind.USER, "aws", ACCOUNT, "alice", "/dev/", "AIDAEXAMPLE"),
    HolderKind.ROLE: Holder(HolderKind.ROLE, "aws", ACCOUNT, "Ops", "/dev/", "AROAEXAMPLE"),
    HolderKind.FEDERATED: Holder(HolderKind.FEDERATED, "aws", ACCOUNT, "bob"),
    HolderKind.ROOT: Holder(HolderKind.ROOT, "aws", ACCOUNT, unique_id=ACCOUNT),
}


def credential(kind: CredentialKind, holder: HolderKind, now: datetime, *, mfa: bool) -> Credential:
    """Return a credential issued a minute ago, with MFA two minutes ago if any."""
    lasting = kind is CredentialKind.LONG_TERM_KEY
    return Credential(
        kind,
        HOLDERS[holder],
        issued_at=None if lasting else now - timedelta(minutes=1),
        expires_at=None if lasting else now + timedelta(hours=1),
        mfa_at=now - timedelta(minutes=2) if mfa else None,
        session_name="monday" if kind is CredentialKind.ROLE_SESSION else "",
        sign_in_arn=SIGN_IN if kind is CredentialKind.LOGIN_SESSION else "",
    )
