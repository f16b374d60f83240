"""A snapshot as one JSON file: it loads without AWS, and equals what was saved.

A snapshot holds no secret, but it says who can do what: the file is its owner's alone (0600).
"""

import json
from collections.abc import Iterator
from pathlib import Path

from sekisho.account.model import Snapshot
from sekisho.account.record import read_record, to_plain
from sekisho.account.text import decoded, text_of_file
from sekisho.documents.private import write_private
from sekisho.documents.shape import Shape
from sekisho.errors import Code, Fault, FaultyAccount, InternalError, quoted

__all__ = [
    "SNAPSHOT_SCHEMA",
    "dump_snapshot",
    "load_snapshot",
    "read_snapshot",
    "save_snapshot",
]

SNAPSHOT_SCHEMA = "sekisho.snapshot/1"
"""The name of the form; another number means another form."""


def dump_snapshot(snapshot: Snapshot) -> str:
    """Return the snapshot as JSON text; equal snapshots give equal texts."""
    value = {"schema": SNAPSHOT_SCHEMA, **to_plain(snapshot)}
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
    return read_snapshot(decoded(text_of_file(path), str(path)), str(path))


def read_snapshot(value: object, source: str) -> Snapshot:
    """Return the snapshot that decoded JSON holds; `source` is what errors call it.

    Raises:
        FaultyAccount: with every fault, each with its path.
    """
    if not isinstance(value, dict) or value.get("schema") != SNAPSHOT_SCHEMA:
        raise FaultyAccount(source, [_other_form(value)])
    faults: list[Fault] = []
    body = {key: item for key, item in value.items() if key != "schema"}
    found = read_record(Shape(body, "", faults), Snapshot)
    if found is not None:
        faults.extend(_contradictions(found))
    if faults:
        raise FaultyAccount(source, faults)
    if found is None:
        raise InternalError("a snapshot that cannot be read and has no fault")
    return found


def _other_form(value: object) -> Fault:
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, str) and schema.startswith("sekisho.snapshot/"):
        message = f"is a snapshot of another form, {quoted(schema)}; this is `{SNAPSHOT_SCHEMA}`"
        fix = "collect the account again with this version of sekisho"
        return Fault(Code.ACCOUNT_BAD_SHAPE, message, "schema", fix=fix)
    message = f"is no snapshot: `schema` must be `{SNAPSHOT_SCHEMA}`"
    return Fault(Code.ACCOUNT_BAD_SHAPE, message, "schema", fix="`sekisho collect` writes one")


def _contradictions(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield names that stand twice, and policies under another's ARN."""
    for section in ("users", "groups", "roles"):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(snapshot, section)):
            if entry.name in seen:
                message = f"{quoted(entry.name)} is there twice"
                path = f"{section}[{index}].name"
                yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, path)
            seen.add(entry.name)
    for arn, policy in snapshot.policies.items():
        if policy.arn != arn:
            path = f"policies.{quoted(arn)[1:-1]}.arn"
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, f"must be {quoted(arn)}", path)
