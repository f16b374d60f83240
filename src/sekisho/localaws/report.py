"""The credential report, with AWS's columns and values.

Source: IAM User Guide, "Generate credential reports for your AWS account"; fact §9.1. Values are
lower case, as AWS's files have them and its documentation has not.
"""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

from moto.iam.models import AccessKey, User, iam_backends

from sekisho.localaws.world import PasswordState, World

__all__ = ["COLUMNS", "credential_report"]

_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")

COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_1_{column}" for column in _KEY_COLUMNS),
    *(f"access_key_2_{column}" for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
"""The columns in AWS's order."""

_NOT_APPLICABLE = "N/A"
_NO_KEY = {"active": "false"} | dict.fromkeys(_KEY_COLUMNS[1:], _NOT_APPLICABLE)


def credential_report(world: World) -> str:
    """Return the report as CSV: the root user first, then the users by name."""
    users: dict[str, User] = iam_backends[world.account][world.partition].users
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(_root(world, users))
    writer.writerows(_row(world, user) for _, user in sorted(users.items()))
    return text.getvalue()


def _root(world: World, users: dict[str, User]) -> dict[str, str]:
    # the account is at least as old as its oldest user; nothing here knows it better
    created = min((user.create_date for user in users.values()), default=world.clock.now())
    return {
        "user": "<root_account>",
        "arn": f"arn:{world.partition}:iam::{world.account}:root",
        "user_creation_time": _date(created),
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": _flag(world.root_mfa),
        **_keys([]),
        **_certificates([]),
    }


def _row(world: World, user: User) -> dict[str, str]:
    return {
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": _date(user.create_date),
        **_password(world, world.passwords.get(user.name)),
        "mfa_active": _flag(bool(user.mfa_devices)),
        **_keys(user.access_keys),
        **_certificates([each.status == "Active" for each in user.signing_certificates.values()]),
    }


def _password(world: World, state: PasswordState | None) -> dict[str, str]:
    if state is None:
        return {
            "password_enabled": "false",
            "password_last_used": _NOT_APPLICABLE,
            "password_last_changed": _NOT_APPLICABLE,
            "password_next_rotation": _NOT_APPLICABLE,
        }
    policy = iam_backends[world.account][world.partition].account_password_policy
    days = policy.max_password_age if policy else 0
    next_rotation = _date(state.changed_at + timedelta(days=days)) if days else _NOT_APPLICABLE
    return {
        "password_enabled": "true",
        "password_last_used": _date(state.last_used) if state.last_used else "no_information",
        "password_last_changed": _date(state.changed_at),
        "password_next_rotation": next_rotation,
    }


def _keys(keys: list[AccessKey]) -> dict[str, str]:
    row: dict[str, str] = {}
    for number in (1, 2):
        values = _key(keys[number - 1]) if len(keys) >= number else _NO_KEY
        row |= {f"access_key_{number}_{column}": value for column, value in values.items()}
    return row


def _key(key: AccessKey) -> dict[str, str]:
    used = key.last_used
    return {
        "active": _flag(key.status == "Active"),
        "last_rotated": _date(key.create_date),
        "last_used_date": _date(used.timestamp) if used else _NOT_APPLICABLE,
        "last_used_region": used.region if used else _NOT_APPLICABLE,
        "last_used_service": used.service if used else _NOT_APPLICABLE,
    }


def _certificates(active: list[bool]) -> dict[str, str]:
    row: dict[str, str] = {}
    for number in (1, 2):
        present = len(active) >= number and active[number - 1]
        row[f"cert_{number}_active"] = _flag(present)
        row[f"cert_{number}_last_rotated"] = _NOT_APPLICABLE
    return row


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _date(when: datetime) -> str:
    # moto's dates have no zone and are UTC
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S+00:00")
