"""Small accounts written down shortly: what a corpus says becomes a snapshot.

Keys that are not known are refused. `policies` are by name: `Force_MFA` (or a preset's name) is
what `policy new` writes, `{"Force_MFA": […]}` the same with choices turned on, everything else a
document. A user or group names those it has (an ARN is itself); `inline` are documents. A device is
a kind, or `mfa/NAME`. A role is its trust policy, or has `trust` beside what users have. Times are
hours before the snapshot, a `session` is in seconds.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gaps import gap_at
from rollout.staging import ACCOUNT, NOW
from sekisho.account import (
    AccessKey,
    CredentialReport,
    Device,
    Group,
    ManagedPolicy,
    Password,
    Role,
    RootUser,
    Snapshot,
    User,
)
from sekisho.audit.report import AccountReport, account_document, account_sheet, to_json
from sekisho.documents.report import report_page, report_text, sheet_text
from sekisho.engine import AttachedPolicy
from sekisho.messages import Language
from sekisho.policy import Document, PolicyKind, Preset, choices_of, force_mfa, from_json
from sekisho.signin import ConsoleAuthorization, DeviceKind, PasswordPolicy

HOME = f"arn:aws:iam::{ACCOUNT}"
ROOT = {"mfa": True, "virtual_device": False, "keys": False, "password": True}
DEVICES = {
    "virtual": "mfa/{user}",
    "second": "mfa/{user}-2",
    "passkey": "u2f/user/{user}/default",
}


PARTS = (
    *("users", "groups", "policies", "versions", "roles"),
    *("unassigned", "gaps", "root", "report", "password_policy", "console_authorization"),
)


def _known(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    unknown = set(value) - set(names)
    if unknown:
        raise ValueError(f"keys that are not known: {unknown}")
    return value


def _document(value: Any) -> Document:
    if isinstance(value, str):
        preset = Preset.RECOMMENDED if value == "Force_MFA" else Preset(value)
        return force_mfa(choices_of(preset))
    if isinstance(value, dict) and "Force_MFA" in value:
        turned_on = dict.fromkeys(value["Force_MFA"], True)
        return force_mfa(replace(choices_of(Preset.RECOMMENDED), **turned_on))
    return from_json({"Version": "2012-10-17", "Statement": value})


def _arn(name: str) -> str:
    return name if name.startswith("arn:") else f"{HOME}:policy/{name}"


def _inline(value: Mapping[str, Any], owner: str) -> tuple[AttachedPolicy, ...]:
    found = value.get("inline", {}).items()
    return tuple(AttachedPolicy(f"inline {name} of {owner}", _document(one)) for name, one in found)


def _user(name: str, value: Mapping[str, Any]) -> User:
    _known(
        value, "path", "groups", "has", "boundary", "inline", "password", "devices", "keys", "tags"
    )
    path = value.get("path", "/")
    devices = tuple(_device(kind, name) for kind in value.get("devices", ()))
    password = value.get("password")
    if password is not None:
        _known(password, "must_change", "made", "used", "session")
        password = Password(
            password.get("must_change", False),
            created_at=_ago(password, "made"),
            last_used=_ago(password, "used"),
            session_seconds=password.get("session"),
        )
    keys = tuple(
        AccessKey(
            f"AKIA{name.upper()}{number}",
            _known(key, "active", "used").get("active", True),
            last_used=_ago(key, "used"),
        )
        for number, key in enumerate(value.get("keys", ()))
    )
    return User(
        *(name, path, f"{HOME}:user{path}{name}", f"AIDA{name.upper()}"),
        groups=tuple(value.get("groups", ())),
        attached=tuple(map(_arn, value.get("has", ()))),
        inline=_inline(value, f"user {name}"),
        boundary=_arn(value["boundary"]) if "boundary" in value else None,
        tags=value.get("tags", {}),
        password=password,
        devices=devices,
        keys=keys,
    )


def _device(kind: str, name: str) -> Device:
    serial = f"{HOME}:{DEVICES.get(kind, kind).format(user=name)}".replace(":iam:::", ":iam::")
    real = DeviceKind.FIDO if kind == "passkey" else DeviceKind.VIRTUAL
    return Device(serial, real, name, NOW - timedelta(days=30))


def _ago(value: Mapping[str, Any], name: str) -> Any:
    return None if value.get(name) is None else NOW - timedelta(hours=value[name])


def _group(name: str, value: Mapping[str, Any]) -> Group:
    _known(value, "has", "inline")
    attached = tuple(map(_arn, value.get("has", ())))
    return Group(name, "/", f"{HOME}:group/{name}", attached, _inline(value, f"group {name}"))


def _managed(name: str, value: Any, count: int) -> ManagedPolicy:
    versions = tuple(f"v{number + 1}" for number in range(count))
    return ManagedPolicy(_arn(name), name, "/", "v1", _document(value), versions=versions)


def _role(name: str, value: Any) -> Role:
    given = {"trust": value} if isinstance(value, list) else value
    _known(given, "trust", "has", "inline", "boundary", "session")
    text = {"Version": "2012-10-17", "Statement": given["trust"]}
    return Role(
        *(name, "/", f"{HOME}:role/{name}", from_json(text, kind=PolicyKind.TRUST)),
        attached=tuple(map(_arn, given.get("has", ()))),
        inline=_inline(given, f"role {name}"),
        boundary=_arn(given["boundary"]) if "boundary" in given else None,
        session_seconds=given.get("session"),
    )


def snapshot_of(value: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that a case of the corpus describes."""
    _known(value, *PARTS)
    report = None
    if "report" in value:
        report = CredentialReport(_ago(_known(value["report"], "age"), "age"), {})
    rules = value.get("password_policy")
    configured = value.get("console_authorization", ConsoleAuthorization.DISABLED)
    return Snapshot(
        *(ACCOUNT, "aws", NOW),
        users=tuple(_user(*each) for each in sorted(value.get("users", {}).items())),
        groups=tuple(_group(*each) for each in sorted(value.get("groups", {}).items())),
        roles=tuple(_role(*each) for each in sorted(value.get("roles", {}).items())),
        policies={
            _arn(name): _managed(name, one, value.get("versions", {}).get(name, 1))
            for name, one in value.get("policies", {}).items()
        },
        unassigned_devices=tuple(
            Device(f"{HOME}:mfa/{name}", DeviceKind.VIRTUAL) for name in value.get("unassigned", ())
        ),
        gaps=tuple(gap_at(what, who, reason) for what, who, reason in value.get("gaps", ())),
        root=RootUser(**value.get("root", ROOT)),
        report=report,
        password_policy=PasswordPolicy(**rules) if rules is not None else None,
        console_authorization=ConsoleAuthorization(configured) if configured else None,
    )


def as_json(report: AccountReport) -> dict[str, Any]:
    """Return an audit as a program reads its JSON."""
    found: dict[str, Any] = json.loads("".join(to_json(report)))
    return found


def to_text(report: AccountReport, lang: Language) -> str:
    return report_text(account_document(report), lang)


def to_html(report: AccountReport, lang: Language) -> str:
    return report_page(account_document(report), lang)


def to_csv(report: AccountReport, *, bom: bool = False) -> str:
    return sheet_text(account_sheet(report), bom=bom)
