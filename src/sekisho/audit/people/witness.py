"""What a request that passes without MFA is made with, and whether the user has that now."""

from sekisho.audit.people.facts import Facts
from sekisho.language import Text
from sekisho.prover import Witness
from sekisho.prover.credentials import Held
from sekisho.prover.wording import witness_text

__all__ = ["said_of"]

_BY_KEY = (Held.KEY, Held.KEY_VIA_SERVICE)
_BY_SESSION = (Held.SESSION, Held.SESSION_VIA_SERVICE)
_NO_KEY = Text(
    "{said} (the user has no active access key now; it holds for one that is made)",
    "{said} (現在、有効なアクセスキーはありません。今後作成されるキーに当てはまります)",
)
_NOTHING = Text(
    "{said} (the user has no password and no active access key now; it holds for one that is made)",
    "{said} (現在、パスワードも有効なアクセスキーもありません。今後作成されるものに当てはまります)",
)
_UNREAD = Text(
    "{said} (whether the user has such a credential was not read)",
    "{said} (ユーザーがその認証情報を持っているかどうかは読み取れていません)",
)


def said_of(witness: Witness, facts: Facts | None, *, refused: bool = False) -> Text:
    """Return a witness in words; where the user has nothing to make that request with, it says so.

    Args:
        witness: a request that the policies allow.
        facts: what its user holds; None if that is not asked.
        refused: whether the policies refuse it instead.
    """
    said = witness_text(witness, refused=refused)
    if facts is None:
        return said
    key = None if facts.active_keys is None else facts.active_keys > 0
    if witness.held in _BY_KEY:
        held, lacking = key, _NO_KEY
    elif witness.held in _BY_SESSION:
        held, lacking = _either(facts.password, key), _NOTHING
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
