"""What a user signs requests with, and whether a counterexample needs what the user has not."""

from datetime import timedelta

from sekisho.account import Credentials, Snapshot, User
from sekisho.messages import Message
from sekisho.prover import CallerCredential, Counterexample, counterexample_text
from sekisho.signin import (
    Credential,
    CredentialKind,
    DeviceKind,
    Holder,
    HolderKind,
)

_BY_KEY = (CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE)
_BY_SESSION = (CallerCredential.SESSION, CallerCredential.SESSION_VIA_SERVICE)
_NO_KEY = Message("{said} (the user has no active access key now; it holds for one that is made)")
_NOTHING = Message(
    "{said} (the user has no password and no active access key now; it holds for one that is made)"
)
_UNREAD = Message("{said} (whether the user has such a credential was not read)")


def counterexample_for_user(
    counterexample: Counterexample, credentials: Credentials | None, *, refused: bool = False
) -> Message:
    """Return a counterexample in words.

    Where the user has nothing to make that request with, it says so.

    Args:
        counterexample: a request that the policies allow.
        credentials: what its user holds; None if that is not asked.
        refused: whether the policies refuse it instead.
    """
    said = counterexample_text(counterexample, refused=refused)
    if credentials is None:
        return said
    key = None if credentials.active_keys is None else credentials.active_keys > 0
    if counterexample.credential in _BY_KEY:
        available, lacking = key, _NO_KEY
    elif counterexample.credential in _BY_SESSION:
        available, lacking = _either(credentials.password, key), _NOTHING
    else:
        return said
    if available:
        return said
    return (_UNREAD if available is None else lacking).filled(said=said)


def _either(one: bool | None, other: bool | None) -> bool | None:
    """Return whether one of two holds; None if that is not known."""
    if one or other:
        return True
    return None if one is None or other is None else False


def credentials_of(snapshot: Snapshot, user: User, *, mfa: bool) -> tuple[Credential, ...]:
    """Return the credentials that a user can hold: one with MFA, or the two kinds without.

    A long-term access key has no MFA key in the context, a console session without MFA has one
    that is false: MFA enforcement has to hold against both (docs/signin.md, "What a credential
    puts into the request context").
    """
    holder = Holder(
        HolderKind.USER, snapshot.partition, snapshot.account, user.name, user.path, user.id
    )
    at = snapshot.taken_at
    until = at + timedelta(hours=12)
    if mfa:
        return (Credential(CredentialKind.SESSION_TOKEN, holder, at, until, mfa_at=at),)
    return (
        Credential(CredentialKind.LONG_TERM_KEY, holder),
        Credential(CredentialKind.CONSOLE_SESSION, holder, at, until),
    )


def kind_of_credential(credential: Credential) -> CallerCredential:
    """Return what the prover calls a user's credential."""
    if credential.kind is CredentialKind.LONG_TERM_KEY:
        return CallerCredential.KEY
    return CallerCredential.SESSION if credential.mfa_at is None else CallerCredential.MFA_SESSION


def usable_credentials(snapshot: Snapshot, user: User, *, enters: bool) -> tuple[Credential, ...]:
    """Return what a user can really work with, by the password, keys and devices that they have.

    A passkey gives no code that GetSessionToken would take, so it needs a password beside it
    (IAM user guide, "Passkeys and security keys").

    Args:
        snapshot: the account.
        user: one of its users.
        enters: whether the password opens the console.
    """
    key, console = credentials_of(snapshot, user, mfa=False)
    has_key = any(known.active for known in user.keys)
    gives_codes = any(device.kind is not DeviceKind.FIDO for device in user.devices)
    found = [key] if has_key else []
    if enters and not user.devices:
        found.append(console)
    if user.devices and (enters or (has_key and gives_codes)):
        found += credentials_of(snapshot, user, mfa=True)
    return tuple(found)
