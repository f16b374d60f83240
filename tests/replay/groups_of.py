"""Groups as sets: what grouping in DuckDB and grouping in plain Python are compared by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from replay.plainly import PlainGroups
from sekisho.replay import CallerDetail, CallGroup, TrailEvent
from sekisho.replay.reading import LogFile, TrailGroups


@dataclass(frozen=True)
class Compared:
    """What must be equal; no order."""

    groups: frozenset[CallGroup]
    days: dict[tuple[TrailEvent, date], int]
    details: frozenset[CallerDetail]
    outside: int
    lost: int
    copies: int = 0


def of_plain(plain: PlainGroups) -> Compared:
    """Return what `group_plainly` found."""
    return Compared(
        frozenset(plain.groups),
        {(plain.groups[at].event, day): count for (at, day), count in plain.days.items()},
        frozenset(plain.details),
        plain.outside_window,
        len(plain.faults),
        plain.copies,
    )


def of_fast(fast: TrailGroups) -> Compared:
    """Return what `read_groups` found; without `dedup` all that was dropped are copies."""
    groups = list(fast.call_groups())
    details = list(fast.caller_details())
    days = {
        (groups[row["group"]].event, row["day"]): row["events"] for row in fast.days.to_pylist()
    }
    assert len(days) == fast.days.num_rows
    assert len(set(groups)) == len(groups)
    assert len(set(details)) == len(details)
    reading = fast.reading
    assert sum(group.tally.events for group in groups) == sum(days.values()) == reading.events
    return Compared(
        frozenset(groups),
        days,
        frozenset(details),
        reading.outside_window,
        reading.lost,
        reading.duplicates,
    )


def log_files(contents: Iterable[bytes]) -> list[LogFile]:
    """Return log files of these contents."""
    return [
        LogFile(name=f"{number}.json", size=len(content), tag="", fetch=_giver(content))
        for number, content in enumerate(contents)
    ]


def _giver(content: bytes) -> Any:
    return lambda: content
