"""Reading what an export lacks: passwords, devices, access keys, the password policy.

No fault shows a value of this part.
"""

import re

from sekisho.account.entries import DeviceEntry, KeyEntry, UserCredentials
from sekisho.documents.shape import Shape
from sekisho.errors import Code, quoted
from sekisho.messages import Message, verbatim
from sekisho.signin import CharacterClass, PasswordPolicy, check_device_name, is_seed

__all__ = ["read_device", "read_password_policy", "read_user_credentials"]

_KEY_ID = re.compile(r"AKIA[0-9A-Z]{12,124}")
_SECRET = re.compile(r"[!-~]{16,128}")
_PASSWORD = re.compile(r"[\t\n\r -ÿ]{1,128}")
_REQUIRED = {
    "RequireUppercaseCharacters": CharacterClass.UPPERCASE,
    "RequireLowercaseCharacters": CharacterClass.LOWERCASE,
    "RequireNumbers": CharacterClass.NUMBER,
    "RequireSymbols": CharacterClass.SYMBOL,
}


def read_password_policy(shape: Shape) -> PasswordPolicy | None:
    """Read a password policy as GetAccountPasswordPolicy prints it; None if there is none."""
    if shape.absent:
        return None
    got = shape.members(
        (),
        (
            *_REQUIRED,
            "MinimumPasswordLength",
            "AllowUsersToChangePassword",
            # says only whether `MaxPasswordAge` is there
            "ExpirePasswords",
            "MaxPasswordAge",
            "PasswordReusePrevention",
            "HardExpiry",
        ),
    )
    return PasswordPolicy(
        minimum_length=got["MinimumPasswordLength"].number(6, 128, 6),
        required=frozenset(kind for name, kind in _REQUIRED.items() if got[name].flag()),
        users_may_change=got["AllowUsersToChangePassword"].flag(),
        max_age=got["MaxPasswordAge"].number(0, 1095),
        reuse_prevention=got["PasswordReusePrevention"].number(0, 24),
        hard_expiry=got["HardExpiry"].flag(),
    )


def read_user_credentials(shape: Shape) -> UserCredentials:
    """Read what one user holds."""
    got = shape.members((), ("password", "passwordResetRequired", "devices", "accessKeys"))
    password = _secret(got["password"], _PASSWORD, Message("a password that IAM takes"))
    reset = got["passwordResetRequired"].flag()
    if reset and password is None:
        got["passwordResetRequired"].fault(Message("there is no password to be changed"))
    return UserCredentials(
        password=password,
        reset_required=reset,
        devices=tuple(read_device(item, enabled=True) for item in got["devices"].items()),
        keys=tuple(_key(item) for item in got["accessKeys"].items()),
    )


def read_device(shape: Shape, *, enabled: bool) -> DeviceEntry:
    """Read a virtual device, of a user (`enabled`) or an orphan."""
    got = shape.members(("name", "seed"), ("path", "enabled"))
    name = got["name"].text()
    path = got["path"].text() or "/"
    if not got["name"].absent and (refused := check_device_name(name, path)):
        got["name"].fault(
            Message("{name} is not a path and name that IAM takes for a device").filled(
                name=quoted(path + name)
            ),
            Code.NAME_REFUSED,
            verbatim(refused.message),
        )
    seed = got["seed"].text()
    if not got["seed"].absent and not is_seed(seed):
        got["seed"].fault(Message("is not a base32 seed of at least 10 bytes"))
    if got["enabled"].flag(enabled) is not enabled:
        fix = Message("list a device that nobody has enabled under `orphanDevices`, and no other")
        got["enabled"].fault(Message("contradicts the place of the device"), fix=fix)
    return DeviceEntry(name, path, seed)


def _key(shape: Shape) -> KeyEntry:
    got = shape.members(("id", "secret"), ("active",))
    identifier = got["id"].text()
    if not got["id"].absent and not _KEY_ID.fullmatch(identifier):
        got["id"].fault(
            Message("is not the id of a long-term access key, like `AKIAIOSFODNN7EXAMPLE`")
        )
    secret = _secret(got["secret"], _SECRET, Message("a secret access key")) or ""
    return KeyEntry(identifier, secret, got["active"].flag(True))


def _secret(shape: Shape, form: re.Pattern[str], what: Message) -> str | None:
    if shape.absent:
        return None
    value = shape.text()
    if shape.raw == value and not form.fullmatch(value):
        shape.fault(Message("is not {what}").filled(what=what))
    return value
