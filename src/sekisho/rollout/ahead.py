"""What a roll-back will try to bring back, and what it cannot, as the journal tells."""

from dataclasses import dataclass

from sekisho.rollout.journal import Event, Journal
from sekisho.rollout.plan import Plan

__all__ = ["Ahead", "ahead_of"]

_NOTHING_DONE = (None, Event.REFUSED, Event.UNDONE)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies before a roll-back, by addresses, last change first.

    Attributes:
        coming: what comes back, unless somebody has changed it since, or relies on it.
        never: what AWS cannot give back.
        theirs: what was so before the plan came to it, and stays.
    """

    coming: tuple[str, ...]
    never: tuple[str, ...]
    theirs: tuple[str, ...]


def ahead_of(plan: Plan, journal: Journal) -> Ahead:
    """Return what lies before a roll-back of `plan`, whose journal is open."""
    coming, never, theirs = [], [], []
    for change in reversed(plan.changes):
        standing = journal.standing(change.address)
        if standing in _NOTHING_DONE:
            continue
        if standing is Event.ALREADY:
            theirs.append(change.address)
        elif change.reversible:
            coming.append(change.address)
        else:
            never.append(change.address)
    return Ahead(tuple(coming), tuple(never), tuple(theirs))
