"""The exceptions that a plan has to do with: shown with it, and against it once they expired."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.rollout.plan import Note, Person
from sekisho.rollout.texts import EXCEPTION_EXPIRED

__all__ = ["concerned", "expired"]


def concerned(
    entries: Iterable[Exemption], people: Iterable[Person], now: datetime
) -> tuple[Exemption, ...]:
    """Return the exceptions of these people, of every break-glass user, and the expired ones."""
    names = {person.user for person in people}
    return tuple(
        each
        for each in entries
        if each.user in names or each.kind is ExceptionKind.BREAK_GLASS or each.expired(now)
    )


def expired(entries: Iterable[Exemption], now: datetime) -> Iterator[Note]:
    """Yield that exceptions have expired, and whose they are."""
    names = tuple(each.user for each in entries if each.expired(now))
    if names:
        yield Note("exception-expired", EXCEPTION_EXPIRED, names)
