"""ARNs: six parts between colons, `arn:partition:service:region:account:resource`.

The last part may itself contain colons.

Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

PARTS = 6
_ACCOUNT_DIGITS = 12


def split(arn: str) -> tuple[str, ...]:
    """Return the parts of `arn`: six if it is an ARN, fewer if it is not."""
    return tuple(arn.split(":", PARTS - 1))


def is_arn(text: str) -> bool:
    """Return whether `text` has the form of an ARN: six parts, of which the first is `arn`."""
    return text.startswith("arn:") and text.count(":") >= PARTS - 1


def parts_of(pattern: Iterable[T | str]) -> tuple[tuple[T | str, ...], ...]:
    """Return the parts of an ARN pattern, cut at its first five literal colons."""
    parts: list[list[T | str]] = [[]]
    for token in pattern:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        for place, text in enumerate(token.split(":", PARTS - len(parts))):
            if place:
                parts.append([])
            if text:
                parts[-1].append(text)
    return tuple(map(tuple, parts))


def is_account(text: str) -> bool:
    """Return whether `text` is an account id: twelve digits."""
    return len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdigit()


def account_of(arn: str) -> str | None:
    """Return the account id in `arn`; None if it has none (buckets, `*`, AWS's own policies)."""
    parts = split(arn)
    return parts[4] if len(parts) == PARTS and is_account(parts[4]) else None


def is_kms_key(arn: str) -> bool:
    """Return whether `arn` is that of a KMS key."""
    parts = split(arn)
    return len(parts) == PARTS and parts[2] == "kms" and parts[-1].startswith("key/")


def is_bucket(arn: str) -> bool:
    """Return whether `arn` is of an S3 bucket or an object: such an ARN does not show its owner."""
    parts = split(arn)
    return len(parts) == PARTS and parts[2:5] == ("s3", "", "")


def is_role(arn: str) -> bool:
    """Return whether `arn` is that of a role."""
    parts = split(arn)
    return parts[2:3] == ("iam",) and parts[-1].startswith("role/")
