"""Exceptions: the users who need not be enforced, the reason, the owner, and the last day.

Only entries of the file are exceptions, and none of them is silent: each is shown wherever its
user is. The file is one YAML file; it names the break-glass users, the machines and the others.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sekisho import documents
from sekisho.account import Snapshot
from sekisho.documents import Shape
from sekisho.errors import Code, Fault, FaultyInput, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Position

__all__ = [
    "ExceptionKind",
    "Exceptions",
    "Exemption",
    "exemption_to_json",
    "load_exceptions",
    "machine_exception",
]

_ELSE = Message("delete the entry, or correct the name")


class ExceptionKind(StrEnum):
    """The kinds of excepted users."""

    BREAK_GLASS = "break-glass"
    MACHINE = "machine"
    OTHER = "exception"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One user's exception.

    Attributes:
        owner: the person who is responsible for the user.
        expires: the last day on which it holds, in UTC.
        force: why it holds although the user has a console password; "" if it does not.
        position: line and column of the entry.
    """

    user: str
    kind: ExceptionKind
    why: str
    owner: str
    approved_by: str
    expires: date
    ticket: str
    force: str = ""
    position: Position = field(default=Position(), compare=False)

    def expired(self, now: datetime) -> bool:
        """Whether its last day is over."""
        return now.astimezone(UTC).date() > self.expires


_PLAIN = re.compile(r"(?!(?i:true|false|null|yes|no|on|off)$)[A-Za-z][\w.-]*")
"""A name that YAML reads as a plain string."""
_QUARTER = timedelta(days=90)
"""The duration for which an exception is proposed."""


def machine_exception(users: Sequence[str], today: date) -> Iterator[str]:
    """Yield the lines of an exceptions file for a machine user, with members left to fill in.

    Args:
        users: the user; of those after the first only the names are in it, as a comment.
        today: the day from which on it holds.
    """
    first, *others = users
    yield f"schema: {SCHEMA}"
    yield "exceptions:"
    yield f"  - user: {first if _PLAIN.fullmatch(first) else json.dumps(first)}"
    yield f"    kind: {ExceptionKind.MACHINE}"
    yield from (f"    {key}:" for key in ("why", "owner", "approvedBy", "ticket"))
    yield f"    expires: {today + _QUARTER}"
    if others:
        yield f"  # {', '.join(others)}"


def exemption_to_json(exemption: Exemption) -> dict[str, str]:
    """Return an exception as JSON values for audits and plans, with the file's keys."""
    return {
        "user": exemption.user,
        "kind": exemption.kind.value,
        "why": exemption.why,
        "owner": exemption.owner,
        "approvedBy": exemption.approved_by,
        "expires": exemption.expires.isoformat(),
        "ticket": exemption.ticket,
        "force": exemption.force,
    }


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Every exception, in the order of the file.

    Attributes:
        source: the file's name; "" if there is none.
        goals: the break-glass users of goals, each with the goal's file: no plan touches them.
        passkeys: the users who, by goals, are to come to a passkey or security key.
        former: the users whom the file calls by a name of old, each with the present one; None:
            they have left, and their entries are gone.
    """

    entries: tuple[Exemption, ...] = ()
    source: str = ""
    goals: Mapping[str, str] = field(default_factory=dict)
    passkeys: frozenset[str] = frozenset()
    former: Mapping[str, str | None] = field(default_factory=dict)

    def following(self, former: Mapping[str, str | None]) -> "Exceptions":
        """Return the exceptions after users were renamed or have left.

        Args:
            former: by names of old, what the users are called now; None: they have left.
        """
        names = {each.user: former.get(each.user, each.user) for each in self.entries}
        kept = tuple(
            replace(each, user=name)
            for each in self.entries
            if (name := names[each.user]) is not None
        )
        hit = {old: new for old, new in names.items() if old != new}
        return replace(self, entries=kept, former=hit)

    def of(self, user: str) -> Exemption | None:
        """Return a user's exception, expired or not; None if there is none."""
        return next((each for each in self.entries if each.user == user), None)

    @property
    def break_glass(self) -> tuple[str, ...]:
        """The break-glass users, including expired entries: their protection has no last day."""
        return tuple(each.user for each in self.entries if each.kind is ExceptionKind.BREAK_GLASS)

    def check(self, snapshot: Snapshot) -> None:
        """Check that the exceptions fit an account.

        Raises:
            FaultyInput: for each user that the account does not have, and each that has a console
                password and no `force`. A password that could not be read is no fault here; the
                audit reports it.
        """
        refuse_faults(self.source, list(misfits_of(self.entries, snapshot)))


def refuse_faults(name: str, faults: list[Fault]) -> None:
    """Raise FaultyInput with the faults of a file, by place; nothing if there are none."""
    if faults:
        raise FaultyInput(name, sorted(faults, key=lambda fault: (fault.line, fault.column)))


def misfits_of(entries: Iterable[Exemption], snapshot: Snapshot) -> Iterator[Fault]:
    """Yield the faults of exceptions that do not fit an account."""
    known = {user.name: user for user in snapshot.users}
    for entry in entries:
        user, place = known.get(entry.user), (entry.position.line, entry.position.column)
        # if the list of users is incomplete, no user is reported as missing
        if user is None and entry.user and snapshot.users_listed:
            message = Message("there is no user `{user}`").filled(user=entry.user)
            fix = did_you_mean(entry.user, known, _ELSE)
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, "", *place, fix)
        elif user is not None and snapshot.has_password(user) and not entry.force:
            message = Message("`{user}` has a console password, so the exception needs a reason")
            fix = Message("give the reason under `force`, or delete the password")
            yield Fault(Code.EXCEPTION_PASSWORD, message.filled(user=entry.user), "", *place, fix)


SCHEMA = "sekisho.exceptions/1"
"""The name and version of the file's form."""


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
    shape = documents.yaml_shape(str(source), name) if text else documents.read_yaml(source)
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
"""The members that have more structure than a text."""


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
        # IAM's names are unique regardless of case
        if entry.user.lower() in seen:
            shape.fault(
                Message("`{user}` appears twice").filled(user=entry.user),
                fix=Message("keep one entry for each user"),
            )
        seen.add(entry.user.lower() or str(len(seen)))
