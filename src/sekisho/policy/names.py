"""AWS's rules for names, paths, descriptions and tags.

Each function returns the faults of a text, an empty tuple if it has none. The faults say what to
do in words of their own; the local AWS answers in AWS's.

Source: the IAM API Reference (`CreateUser`, `CreatePolicy`, `CreateVirtualMFADevice`, `Tag`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from sekisho.errors import Code, Fault, quoted
from sekisho.messages import Message

MOST_TAGS = 50
"""The number of tags that a user, role, policy or device may have."""

_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_PATH = re.compile(r"/(?:[!-~]+/)?")
_POLICY_PATH = re.compile(r"(?:/[A-Za-z0-9.,+@=_-]+)*/")
_LONGEST_NAME = 128
_LONGEST_USER_NAME = 64
_LONGEST_DEVICE_NAME = 226
_LONGEST_PATH = 512
_LONGEST_DESCRIPTION = 1000
_LONGEST_TAG_KEY = 128
_LONGEST_TAG_VALUE = 256
_RESERVED = "aws:"


def _fault(message: Message, where: str, fix: Message | None = None) -> Fault:
    return Fault(Code.NAME_REFUSED, message, where, fix=fix)


def _length(text: str, most: int, where: str, *, least: int = 1) -> list[Fault]:
    if least <= len(text) <= most:
        return []
    message = Message("{count} characters; AWS accepts {least} to {most}").filled(
        count=len(text), least=least, most=most
    )
    return [_fault(message, where)]


def _name(text: str, most: int, where: str) -> tuple[Fault, ...]:
    faults = _length(text, most, where)
    if text and not _NAME.fullmatch(text):
        fix = Message("use A-Z, a-z, 0-9 and `_+=,.@-`")
        faults.append(
            _fault(
                Message("{text} has characters that AWS does not accept").filled(text=quoted(text)),
                where,
                fix,
            )
        )
    return tuple(faults)


def user_name(text: str, where: str = "UserName") -> tuple[Fault, ...]:
    """Return the faults of a new IAM user's name (1 to 64 characters)."""
    return _name(text, _LONGEST_USER_NAME, where)


def role_name(text: str, where: str = "RoleName") -> tuple[Fault, ...]:
    """Return the faults of a role's name (1 to 64 characters)."""
    return _name(text, _LONGEST_USER_NAME, where)


def group_name(text: str, where: str = "GroupName") -> tuple[Fault, ...]:
    """Return the faults of a user group's name (1 to 128 characters)."""
    return _name(text, _LONGEST_NAME, where)


def policy_name(text: str, where: str = "PolicyName") -> tuple[Fault, ...]:
    """Return the faults of a policy's name (1 to 128 characters)."""
    return _name(text, _LONGEST_NAME, where)


def device_name(text: str, where: str = "VirtualMFADeviceName") -> tuple[Fault, ...]:
    """Return the faults of a virtual MFA device's name (1 to 226 characters)."""
    return _name(text, _LONGEST_DEVICE_NAME, where)


def path(text: str, where: str = "Path") -> tuple[Fault, ...]:
    """Return the faults of the path of a user, group or role: `/`, or `/…/`."""
    return _path(text, _PATH, where)


def policy_path(text: str, where: str = "Path") -> tuple[Fault, ...]:
    """Return the faults of a policy's path: `/`, or `/…/` of a smaller alphabet."""
    return _path(text, _POLICY_PATH, where)


def _path(text: str, pattern: re.Pattern[str], where: str) -> tuple[Fault, ...]:
    faults = _length(text, _LONGEST_PATH, where)
    if text and not pattern.fullmatch(text):
        fix = Message("write it like `/dev/`, with `/` first and last")
        faults.append(
            _fault(
                Message("{text} is not a path that AWS accepts").filled(text=quoted(text)),
                where,
                fix,
            )
        )
    return tuple(faults)


def description(text: str, where: str = "Description") -> tuple[Fault, ...]:
    """Return the faults of a policy's description (up to 1,000 characters).

    The API documents no alphabet for it; characters that XML cannot carry are refused here.
    """
    faults = _length(text, _LONGEST_DESCRIPTION, where, least=0)
    bad = next(
        (c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r"), ""
    )
    if bad:
        faults.append(
            _fault(
                Message("the character U+{code:04X} in it").filled(code=ord(bad)),
                where,
                Message("delete it"),
            )
        )
    return tuple(faults)


def tags(pairs: Iterable[tuple[str, str]], where: str = "Tags") -> tuple[Fault, ...]:
    """Return the faults of the tags of one thing, given as (key, value)."""
    entries = list(pairs)
    faults: list[Fault] = []
    if len(entries) > MOST_TAGS:
        faults.append(
            _fault(
                Message("{count} tags; AWS accepts up to {most}").filled(
                    count=len(entries), most=MOST_TAGS
                ),
                where,
            )
        )
    for index, (key, value) in enumerate(entries):
        faults += _tag_key(key, f"{where}[{index}].Key")
        faults += _tag_value(value, f"{where}[{index}].Value")
    for key, count in Counter(key.lower() for key, _ in entries).items():
        if count > 1:
            message = Message("the tag {key} is given {count} times; case does not matter").filled(
                key=quoted(key), count=count
            )
            faults.append(_fault(message, where, Message("keep one")))
    return tuple(faults)


def _tag_key(key: str, where: str) -> list[Fault]:
    faults = _length(key, _LONGEST_TAG_KEY, where) + _tag_characters(key, where)
    if key.lower().startswith(_RESERVED):
        faults.append(
            _fault(
                Message("{key} begins with `aws:`, which is reserved for AWS").filled(
                    key=quoted(key)
                ),
                where,
            )
        )
    return faults


def _tag_value(value: str, where: str) -> list[Fault]:
    return _length(value, _LONGEST_TAG_VALUE, where, least=0) + _tag_characters(value, where)


def _tag_characters(text: str, where: str) -> list[Fault]:
    """Record characters other than letters, numbers, spaces of any language and `_.:/=+-@`."""
    bad = next(
        (c for c in text if c not in "_.:/=+-@" and unicodedata.category(c)[0] not in "LNZ"), ""
    )
    if not bad:
        return []
    message = Message("AWS does not accept {character} in a tag: {text}").filled(
        character=quoted(bad), text=quoted(text)
    )
    return [_fault(message, where, Message("use letters, numbers, spaces and `_.:/=+-@`"))]
