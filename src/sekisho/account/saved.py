"""A snapshot as one JSON file: it loads without AWS, and equals what was saved.

The file has every field of the snapshot under its name in camelCase. Each must be there and no
other: a part that is left out is a fault, and never means "none". A snapshot holds no secret, but
it says who can do what: the file is its owner's alone (0600).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sekisho.account.model import THE_ACCOUNT, Gap, Role, Snapshot
from sekisho.documents import Shape, decoded_json, text_of_file, write_private
from sekisho.documents.records import FaultyRecord, Hook, Records
from sekisho.engine import Level
from sekisho.errors import Code, Fault, FaultyAccount, quoted
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, from_json, to_json

SNAPSHOT_SCHEMA = "sekisho.snapshot/1"
"""The name and version of the form."""


def dump_snapshot(snapshot: Snapshot) -> str:
    """Return the snapshot as JSON text; equal snapshots give equal texts."""
    value = {"schema": SNAPSHOT_SCHEMA, **_SNAPSHOTS.written(snapshot)}
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def save_snapshot(snapshot: Snapshot, path: str | Path, *, replace: bool = False) -> None:
    """Save the snapshot to a file with mode 0600, whole or not at all.

    Raises:
        SekishoError: `output.unwritable`, if there is such a file already (unless `replace`) or
            it cannot be written.
    """
    write_private(path, dump_snapshot(snapshot), replace=replace)


def load_snapshot(path: str | Path) -> Snapshot:
    """Load a snapshot from a file.

    Raises:
        FaultyAccount: with every fault, each with its path.
    """
    return read_snapshot(decoded_json(text_of_file(path, FaultyAccount), str(path)), str(path))


def read_snapshot(value: object, source: str) -> Snapshot:
    """Return the snapshot in decoded JSON; `source` is its name in errors.

    Raises:
        FaultyAccount: with every fault, each with its path.
    """
    if not isinstance(value, dict) or value.get("schema") != SNAPSHOT_SCHEMA:
        raise FaultyAccount(source, [_other_form(value)])
    # snapshots from before the field `caller` have none
    body = {"caller": None, **{key: item for key, item in value.items() if key != "schema"}}
    older = not _LATER.keys() & body.keys()
    try:
        snapshot = _SNAPSHOTS.read(_completed(body) if older else body, Snapshot)
    except FaultyRecord as error:
        faults = error.faults
    else:
        faults = [*_contradictions(snapshot)]
        if not faults:
            asked = (Gap(name, THE_ACCOUNT, _OLDER) for name in _LATER_CALLS)
            return replace(snapshot, gaps=(*snapshot.gaps, *asked)) if older else snapshot
    raise FaultyAccount(source, faults)


_OLDER = Message("the snapshot is older than the question")
_LATER: Mapping[str, Any] = {"consoleAuthorization": None, "signinPolicy": None}
_LATER_CALLS = ("ListRoles", "GetConsoleAuthorizationConfiguration", "GetResourcePolicy")
"""The later fields of snapshots, and the calls that read them.

An older snapshot has none of it, and a gap for each call. One that has a part of it is faulty.
"""


def _completed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an older snapshot with the missing fields as unknown."""
    users = _each(body.get("users"), lambda user: _with_changed(user, "password", _unlimited))
    return {**body, **_LATER, "users": users, "roles": _each(body.get("roles"), _unlimited)}


def _each(value: object, change: Callable[[Any], object]) -> object:
    return [change(each) for each in value] if isinstance(value, list) else value


def _with_changed(value: object, key: str, change: Callable[[Any], object]) -> object:
    known = isinstance(value, dict) and key in value
    return {**value, key: change(value[key])} if known and isinstance(value, dict) else value


def _unlimited(value: object) -> object:
    return {"sessionSeconds": None, **value} if isinstance(value, dict) else value


def _other_form(value: object) -> Fault:
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, str) and schema.startswith("sekisho.snapshot/"):
        message = Message("is a snapshot of another form, {schema}; this is `{known}`").filled(
            schema=quoted(schema), known=SNAPSHOT_SCHEMA
        )
        fix = Message("collect the account again with this version of sekisho")
        return Fault(Code.ACCOUNT_BAD_SHAPE, message, "schema", fix=fix)
    message = Message("is not a snapshot: `schema` must be `{schema}`").filled(
        schema=SNAPSHOT_SCHEMA
    )
    return Fault(
        Code.ACCOUNT_BAD_SHAPE, message, "schema", fix=Message("`sekisho collect` writes one")
    )


def _contradictions(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield repeated names, and policies under another one's ARN."""
    for section in ("users", "groups", "roles"):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(snapshot, section)):
            if entry.name in seen:
                message = Message("{name} appears twice").filled(name=quoted(entry.name))
                path = f"{section}[{index}].name"
                yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
            seen.add(entry.name)
    for arn, policy in snapshot.policies.items():
        if policy.arn != arn:
            path = f"policies.{quoted(arn)[1:-1]}.arn"
            yield Fault(
                Code.ACCOUNT_BAD_REFERENCE, Message("must be {arn}").filled(arn=quoted(arn)), path
            )


def _document(kind: PolicyKind, shape: Shape) -> Document | None:
    # not a text: a null or missing value already has its fault
    return None if shape.faults else from_json(shape.raw, source="snapshot", kind=kind)


def _records(kind: PolicyKind, by_field: Mapping[tuple[type, str], Hook] | None = None) -> Records:
    """Return the form of snapshots; `kind` is that of documents in fields without a kind."""
    made = Records(Code.ACCOUNT_BAD_SHAPE, by_field=by_field)
    made.add(Document, made.leaf(partial(_document, kind)), to_json)
    return made


def _level_policies(value: Any, kind: Any) -> Any:
    return _SCPS.read(value, kind)


_SCPS = _records(PolicyKind.SCP)
_TRUST = _records(PolicyKind.TRUST)
_RESOURCE = _records(PolicyKind.RESOURCE)


def _resource_policy(value: Any, kind: Any) -> Any:
    return None if value is None else _READ_RESOURCE(value, kind)


_READ_RESOURCE = _RESOURCE.leaf(partial(_document, PolicyKind.RESOURCE))
_SNAPSHOTS = _records(
    PolicyKind.IDENTITY,
    {
        (Role, "trust"): _TRUST.leaf(partial(_document, PolicyKind.TRUST)),
        (Level, "policies"): _level_policies,
        (Snapshot, "signin_policy"): _resource_policy,
    },
)
"""The form of snapshots; some fields determine the kind of their documents."""
