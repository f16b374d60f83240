"""Exceptions: who need not be enforced, why, who answers for it, and until when.

Nothing is an exception that is not in the file, and nothing in it is silent: it is shown wherever
its user is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from sekisho.account import Snapshot
from sekisho.errors import Code, Fault, FaultyInput, meant
from sekisho.messages import Message
from sekisho.policy import Position

_ELSE = Message("delete the entry, or correct the name")


class ExceptionKind(StrEnum):
    """What kind of exception a user is."""

    BREAK_GLASS = "break-glass"
    MACHINE = "machine"
    OTHER = "exception"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One user's exception.

    Attributes:
        owner: who answers for the user.
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


def exemption_to_json(exemption: Exemption) -> dict[str, str]:
    """Return an exception as the JSON forms of audits and plans have it, with the file's keys."""
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
    """

    entries: tuple[Exemption, ...] = ()
    source: str = ""

    def of(self, user: str) -> Exemption | None:
        """Return a user's exception, expired or not; None if there is none."""
        return next((each for each in self.entries if each.user == user), None)

    @property
    def break_glass(self) -> tuple[str, ...]:
        """The break-glass users, also where the entry has expired: no day ends their protection."""
        return tuple(each.user for each in self.entries if each.kind is ExceptionKind.BREAK_GLASS)

    def check(self, snapshot: Snapshot) -> None:
        """See that the exceptions fit an account.

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
    """Yield what of some exceptions does not fit an account."""
    known = {user.name: user for user in snapshot.users}
    for entry in entries:
        user, place = known.get(entry.user), (entry.position.line, entry.position.column)
        # where not everybody could be listed, nobody is told to be missing
        if user is None and entry.user and snapshot.listed:
            message = Message("there is no user `{user}`").filled(user=entry.user)
            fix = meant(entry.user, known, _ELSE)
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, "", *place, fix)
        elif user is not None and snapshot.has_password(user) and not entry.force:
            message = Message("`{user}` has a console password: no exception without a reason")
            fix = Message("delete the password, or give the reason under `force`")
            yield Fault(Code.EXCEPTION_PASSWORD, message.filled(user=entry.user), "", *place, fix)
