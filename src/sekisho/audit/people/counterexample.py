"""What a request that passes without MFA is made with, and whether the user has that now."""

from sekisho.account import Credentials
from sekisho.messages import Message
from sekisho.prover import Counterexample
from sekisho.prover.sentences import counterexample_text
from sekisho.prover.values.credentials import CallerCredential

__all__ = ["said_of"]

_BY_KEY = (CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE)
_BY_SESSION = (CallerCredential.SESSION, CallerCredential.SESSION_VIA_SERVICE)
_NO_KEY = Message("{said} (the user has no active access key now; it holds for one that is made)")
_NOTHING = Message(
    "{said} (the user has no password and no active access key now; it holds for one that is made)"
)
_UNREAD = Message("{said} (whether the user has such a credential was not read)")


def said_of(
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
    if counterexample.held in _BY_KEY:
        held, lacking = key, _NO_KEY
    elif counterexample.held in _BY_SESSION:
        held, lacking = _either(credentials.password, key), _NOTHING
    else:
        return said
    if held:
        return said
    return (_UNREAD if held is None else lacking).filled(said=said)


def _either(one: bool | None, other: bool | None) -> bool | None:
    """Return whether one of two holds; None if that is not known."""
    if one or other:
        return True
    return None if one is None or other is None else False
