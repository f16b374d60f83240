"""Loading an account file: sekisho's own form, or AWS's bare export.

`sekisho.account/1` is the answer of `GetAccountAuthorizationDetails` under
`authorizationDetails`, with what that answer lacks beside it: alias, password policy, passwords,
devices, access keys. A bare export loads too; nobody in it has any credential. No fault shows a
password, secret or seed.
"""

import re
from collections.abc import Iterator
from dataclasses import field, replace
from pathlib import Path

from sekisho.account.contents import AccountFile, UserCredentials, reference_faults
from sekisho.account.details import SECTIONS, read_details, without_unread
from sekisho.account.model import CHARACTER_CLASSES, AccessKey, Device, password_policy
from sekisho.documents import Shape, decoded_json, text_of_file
from sekisho.errors import Code, Fault, FaultyAccount, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.signin import (
    DeviceKind,
    PasswordPolicy,
    check_device_name,
    device_arn,
    is_seed,
)

SCHEMA = "sekisho.account/1"
"""The name and version of the form."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITION = re.compile(r"aws(-[a-z0-9-]+)?")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_ARN = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>[0-9]{12}):.+")
_LONGEST_FILE_NAME = 4096


def load_account(source: str | Path) -> AccountFile:
    """Load an account from a file, or from its text.

    Args:
        source: a path; or JSON text, which begins with `{` or has several lines.

    Raises:
        FaultyAccount: with every fault, each with its path; no message holds a secret.
    """
    name, text = _text_of(source)
    account = read_account(decoded_json(text, name), name)
    if account.unread:
        raise FaultyAccount(name, [fault for found in account.unread.values() for fault in found])
    return account


def read_account(value: object, source: str) -> AccountFile:
    """Return the account in decoded JSON; `source` is its name in errors.

    Raises:
        FaultyAccount: as `load_account`, but for documents of a bare export that cannot be read.
    """
    faults: list[Fault] = []
    account = _read(Shape(value, "", faults))
    if faults:
        raise FaultyAccount(source, faults)
    return account


def _text_of(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and _is_text(source):
        return "account", source
    return str(source), text_of_file(source, FaultyAccount)


def _is_text(source: str) -> bool:
    return (
        source.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"'))
        or "\n" in source
        or not 0 < len(source) <= _LONGEST_FILE_NAME
    )


_FORM = re.compile(r"sekisho\.([a-z]+)/[0-9]+")
_OTHER_FILES = {
    "snapshot": (
        Message("it is a snapshot of `sekisho collect`, not an account file"),
        Message("`sekisho prove account --snapshot` and `sekisho audit --snapshot` take it"),
    ),
    "plan": (
        Message("it is a plan, not an account file"),
        Message("`sekisho apply`, `status` and `rollback` take it"),
    ),
    "policy": (
        Message("it is a policy, not an account file"),
        Message(
            "`sekisho prove policy FILE` and `sekisho policy lint FILE` take a policy; this takes "
            "an account file (`sekisho.account/1`), or what `aws iam "
            "get-account-authorization-details` prints"
        ),
    ),
}
"""Other files that people give for an account file, and the commands for them."""


def _kind_of(raw: object) -> str:
    """Return the kind of a file by its `schema`; "" if it is not known."""
    if not isinstance(raw, dict):
        return ""
    if "schema" not in raw:
        return "policy" if "Statement" in raw else ""
    form = _FORM.fullmatch(str(raw["schema"]))
    return form[1] if form else ""


def _read(shape: Shape) -> AccountFile:
    raw = shape.raw
    if raw is None:
        shape.fault(Message("must not be null"))
        return AccountFile("", "")
    if (known := _OTHER_FILES.get(_kind_of(raw))) is not None:
        shape.fault(known[0], fix=known[1])
        return AccountFile("", "")
    if isinstance(raw, dict) and "schema" not in raw and any(name in raw for name in SECTIONS):
        return _bare_export(shape)
    got = shape.members(
        ("schema", "account", "partition", "authorizationDetails"),
        ("about", "alias", "passwordPolicy", "credentials"),
    )
    got["schema"].expect(SCHEMA)
    account = got["account"].matching(_ACCOUNT, Message("an account id of twelve digits"))
    partition = got["partition"].matching(_PARTITION, Message("a partition, like `aws`"))
    sections = got["credentials"].members((), ("users", "unassignedDevices"))
    secrets = _Secrets(partition, account)
    account_file = replace(
        read_details(got["authorizationDetails"], partition, account),
        alias=got["alias"].matching(_ALIAS, Message("an account alias")) or None,
        password_policy=_password_policy(got["passwordPolicy"]),
        credentials={
            name: _user_credentials(entry, name, secrets)
            for name, entry in sections["users"].entries()
        },
        unassigned_devices=tuple(
            _device(item, None, secrets) for item in sections["unassignedDevices"].items()
        ),
        seeds=secrets.seeds,
        secret_keys=secrets.keys,
    )
    shape.faults.extend(reference_faults(account_file, "authorizationDetails"))
    return without_unread(account_file)


def _bare_export(shape: Shape) -> AccountFile:
    """Read AWS's answer as it is; the account is that of the first ARN that has one.

    Unknown members, which AWS may add one day, are ignored.
    """
    home = next(_homes(shape.raw), None)
    if home is None:
        shape.fault(
            Message("no ARN in the export says whose account it is"), Code.ACCOUNT_BAD_REFERENCE
        )
        return AccountFile("", "")
    found = replace(read_details(replace(shape, open=True), *home), bare=True)
    shape.faults.extend(reference_faults(found, ""))
    return without_unread(found)


def _homes(raw: object) -> Iterator[tuple[str, str]]:
    """Return the partition and account of each entry's ARN."""
    sections = raw.values() if isinstance(raw, dict) else ()
    for section in sections:
        for entry in section if isinstance(section, list) else ():
            arn = entry.get("Arn") if isinstance(entry, dict) else None
            if isinstance(arn, str) and (match := _ARN.fullmatch(arn)):
                yield match["partition"], match["account"]


_KEY_ID = re.compile(r"AKIA[0-9A-Z]{12,124}")
_SECRET = re.compile(r"[!-~]{16,128}")
_PASSWORD = re.compile(r"[\t\n\r -ÿ]{1,128}")
_FLAGS = (*CHARACTER_CLASSES, "AllowUsersToChangePassword", "HardExpiry")


def _password_policy(shape: Shape) -> PasswordPolicy | None:
    """Read a password policy in the form of GetAccountPasswordPolicy; None if there is none."""
    if shape.absent:
        return None
    # `ExpirePasswords` says only whether `MaxPasswordAge` is there
    numbers = ("MinimumPasswordLength", "MaxPasswordAge", "PasswordReusePrevention")
    got = shape.members((), (*_FLAGS, *numbers, "ExpirePasswords"))
    return password_policy(
        {
            **{name: got[name].flag() for name in _FLAGS},
            "MinimumPasswordLength": got["MinimumPasswordLength"].number(6, 128, 6),
            "MaxPasswordAge": got["MaxPasswordAge"].number(0, 1095),
            "PasswordReusePrevention": got["PasswordReusePrevention"].number(0, 24),
        }
    )


@dataclass(frozen=True, slots=True)
class _Secrets:
    """The secrets of an account's devices and keys, and the account."""

    partition: str
    account: str
    seeds: dict[str, str] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)


def _user_credentials(shape: Shape, user: str, secrets: _Secrets) -> UserCredentials:
    """Read the credentials of one user."""
    got = shape.members((), ("password", "passwordResetRequired", "devices", "accessKeys"))
    password = _secret(got["password"], _PASSWORD, Message("a password that IAM takes"))
    reset = got["passwordResetRequired"].flag()
    if reset and password is None:
        got["passwordResetRequired"].fault(Message("there is no password to be changed"))
    return UserCredentials(
        password=password,
        reset_required=reset,
        devices=tuple(_device(item, user, secrets) for item in got["devices"].items()),
        keys=tuple(_key(item, secrets) for item in got["accessKeys"].items()),
    )


def _device(shape: Shape, user: str | None, secrets: _Secrets) -> Device:
    """Read a virtual device, of a user or unassigned."""
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
    enabled = user is not None
    if got["enabled"].flag(enabled) is not enabled:
        fix = Message(
            "list a device that nobody has enabled under `unassignedDevices`, and no other"
        )
        got["enabled"].fault(Message("contradicts the place of the device"), fix=fix)
    serial = device_arn(secrets.partition, secrets.account, path, name)
    secrets.seeds[serial] = seed
    return Device(serial, DeviceKind.VIRTUAL, user or "")


def _key(shape: Shape, secrets: _Secrets) -> AccessKey:
    got = shape.members(("id", "secret"), ("active",))
    identifier = got["id"].text()
    if not got["id"].absent and not _KEY_ID.fullmatch(identifier):
        got["id"].fault(
            Message("is not the id of a long-term access key, like `AKIAIOSFODNN7EXAMPLE`")
        )
    secrets.keys[identifier] = _secret(got["secret"], _SECRET, Message("a secret access key")) or ""
    return AccessKey(identifier, got["active"].flag(True))


def _secret(shape: Shape, form: re.Pattern[str], what: Message) -> str | None:
    if shape.absent:
        return None
    value = shape.text()
    if shape.raw == value and not form.fullmatch(value):
        shape.fault(Message("is not {what}").filled(what=what))
    return value
