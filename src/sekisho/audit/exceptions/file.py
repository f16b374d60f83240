"""The exceptions file: one YAML file names the break-glass users, the machines and the others."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from sekisho.account import Snapshot
from sekisho.audit.exceptions.model import (
    ExceptionKind,
    Exceptions,
    Exemption,
    misfits_of,
    refuse_faults,
)
from sekisho.documents import Shape, read_yaml, yaml_shape
from sekisho.messages import Message
from sekisho.policy import Position

SCHEMA = "sekisho.exceptions/1"
"""The name of the form; another number means another form."""


def load_exceptions(source: str | Path, snapshot: Snapshot | None = None) -> Exceptions:
    """Load an exceptions file.

    Args:
        source: its path; or its text, told by its line breaks.
        snapshot: the account that it has to fit, as in `Exceptions.check`.

    Raises:
        FaultyInput: with every fault, each with line and column.
    """
    text = isinstance(source, str) and "\n" in source
    name = "exceptions" if text else str(source)
    shape = yaml_shape(str(source), name) if text else read_yaml(source)
    if shape.absent:
        shape.fault(Message("the file is empty"))
        refuse_faults(name, shape.faults)
    found = shape.members(("schema", "exceptions"))
    found["schema"].expect(SCHEMA)
    shapes = found["exceptions"].items()
    entries = tuple(_entry(each) for each in shapes)
    _check_double(entries, shapes)
    misfits = [] if snapshot is None else misfits_of(entries, snapshot)
    refuse_faults(name, [*shape.faults, *misfits])
    return Exceptions(entries, name)


_FORMED = ("kind", "expires")
"""The members that are more than a text."""


def _entry(shape: Shape) -> Exemption:
    required = ("user", "kind", "why", "owner", "approvedBy", "expires", "ticket")
    found = shape.members(required, ("force",))
    for each in found.values():
        if each.raw == "" or (isinstance(each.raw, str) and not each.raw.strip()):
            each.fault(Message("is empty"))
    texts = {name: found[name].text().strip() for name in found if name not in _FORMED}
    line, column = shape.places.get(shape.path, (0, 0))
    return Exemption(
        user=texts["user"],
        kind=found["kind"].choice(ExceptionKind) or ExceptionKind.OTHER,
        why=texts["why"],
        owner=texts["owner"],
        approved_by=texts["approvedBy"],
        expires=found["expires"].day() or date.min,
        ticket=texts["ticket"],
        force=texts["force"],
        position=Position(line, column),
    )


def _check_double(entries: Iterable[Exemption], shapes: Iterable[Shape]) -> None:
    seen: set[str] = set()
    for entry, shape in zip(entries, shapes, strict=True):
        # IAM tells names apart without regard to case
        if entry.user.lower() in seen:
            shape.fault(
                Message("`{user}` is there twice").filled(user=entry.user),
                fix=Message("keep one entry for each user"),
            )
        seen.add(entry.user.lower() or str(len(seen)))
