"""Who has signed a request: from an access key id to a credential and its secret.

There is no root key here: an account that rehearses MFA has none, and AWS advises against one.
"""

from dataclasses import dataclass, field

from sekisho.localaws import backend
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.sigv4 import Signed
from sekisho.localaws.tokens import open_token
from sekisho.localaws.wire import CommonError, Family, common
from sekisho.localaws.world import World
from sekisho.signin.model import Credential

__all__ = ["Identity", "identify"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A credential that the account knows, and the secret that must have made the signature."""

    credential: Credential
    secret: str = field(repr=False)
    session_policies: tuple[str, ...] = ()


def identify(world: World, signed: Signed, family: Family) -> Identity:
    """Return whose key the request claims to be signed with.

    Raises:
        Refusal: the key is unknown or inactive, its token is not its own, has expired, or its user
            is gone.
    """
    unknown = common(CommonError.UNKNOWN_KEY, family)
    if signed.token is None:
        found = backend.user_of_key(world, signed.access_key_id)
        if found is None or not found[2]:
            raise unknown
        return Identity(found[0], found[1])
    try:
        opened = open_token(world, signed.access_key_id, signed.token)
    except Refusal as refusal:
        if refusal.code == "ExpiredToken":
            raise common(CommonError.EXPIRED_TOKEN, family) from refusal
        raise unknown from refusal
    credential = backend.well_known(world, opened.credential)
    if credential is None or _ended_with_key(world, opened.source_key):
        raise unknown
    return Identity(credential, opened.secret, opened.session_policies)


def _ended_with_key(world: World, source_key: str) -> bool:
    """Whether the session ended with the key that asked for it (a doubtful point.

    An assumption).
    """
    if not (world.signin.key_death_ends_sessions and source_key):
        return False
    found = backend.user_of_key(world, source_key)
    return found is None or not found[2]
