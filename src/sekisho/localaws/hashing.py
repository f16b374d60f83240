"""Passwords are kept only as salted hashes."""

import hashlib
import hmac
from base64 import b64decode, b64encode

__all__ = ["SALT_BYTES", "hash_password", "matches"]

SALT_BYTES = 16

# 4 MiB and some ten milliseconds a hash: an example company of a dozen users must start at once,
# and what is kept here are rehearsal passwords in the memory of one process.
_COST, _BLOCK, _PARALLEL, _LENGTH = 2**12, 8, 1, 32


def hash_password(password: str, salt: bytes) -> str:
    """Return the scrypt hash of `password` as text that carries its salt."""
    return f"{b64encode(salt).decode()}${b64encode(_derive(password, salt)).decode()}"


def matches(password: str, hashed: str) -> bool:
    """Tell, in constant time, whether `password` is the one that was hashed."""
    salt, _, digest = hashed.partition("$")
    return hmac.compare_digest(_derive(password, b64decode(salt)), b64decode(digest))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_PARALLEL,
        dklen=_LENGTH,
    )
