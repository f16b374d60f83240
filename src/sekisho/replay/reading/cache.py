"""Groups of earlier readings on disk: a new question about the same logs reads no log.

The files of a day and a trail are a *part*; very large days are divided by account, then by region.
A part is one Parquet file. Its name identifies its logs (`slot`) and their state (`key`): their
names and tags, the columns, and how they were read. A part whose files have changed replaces the
previous one. The sum of all parts is stored as well, so that the same logs load at once.

Each part is stored as soon as it is read: an interrupted reading continues where it ended. A part
with a file that could not be fetched is not stored, because the next time it may be.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.errors import Code, SekishoError, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import ALWAYS, Column
from sekisho.replay.reading import statement
from sekisho.replay.reading.files import LogFile
from sekisho.replay.reading.packed import merged, packed, packed_schema, unpacked
from sekisho.replay.reading.reader import Progress, ReadingSettings, read_groups
from sekisho.replay.reading.result import TrailGroups
from sekisho.replay.reading.store import GroupStore
from sekisho.replay.window import ALL_TIME, Window

_VERSION = 1
"""To be raised when the result for the same files changes; changes of the SQL count themselves."""
_LARGE = 256 << 20
"""The bytes above which a day is divided: an interruption loses at most some seconds of work."""
_NAME_DIGITS = 24
_UNIQUE = ("first_id", "last_id")
"""The columns whose texts are rarely equal."""
_DEFAULT = ReadingSettings()


@dataclass(frozen=True, slots=True)
class _Slot:
    """The logs that a part is of, independent of their contents."""

    trail: str
    day: str
    account: str = ""
    region: str = ""


class GroupCache:
    """A folder of groups, for this user alone.

    Attributes:
        notes: the parts that were damaged, and were read again.
        hits: how many parts of the last reading were there; the sum of all is one part.
        parts: how many parts it had.
    """

    def __init__(self, folder: Path, settings: ReadingSettings = _DEFAULT) -> None:
        self._folder, self._settings = folder, replace(settings, pairs=False)
        self.notes: list[Message] = []
        self.hits = self.parts = 0

    def read(
        self,
        files: Sequence[LogFile],
        columns: Collection[Column] = ALWAYS,
        window: Window = ALL_TIME,
        progress: Progress | None = None,
    ) -> TrailGroups:
        """Return the groups as `read_groups` does, reading only the parts that are not stored.

        Copies of an event may lie in any two files. Where each event counts once (`dedup`), all
        files are one part.

        Raises:
            SekishoError: `output.unwritable`, if the folder cannot be written; as `read_groups`.
        """
        self._prepare()
        asked = tuple(each for each in Column if each in ALWAYS or each in columns)
        reading = _CachedReading(self, asked, window, self._settings)
        return reading.of(files, progress)

    def _prepare(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # it may have been made by hand
            self._folder.chmod(0o700)
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    def load(self, columns: tuple[Column, ...], name: str) -> TrailGroups | None:
        """Return the groups under a name; None if there are none, or they cannot be read."""
        path = self._folder / name
        try:
            # columns of groups are read as codes: few texts, often repeated
            encoded = [each.name for each in packed_schema(columns) if each.name not in _UNIQUE]
            table = pq.read_table(
                path,
                read_dictionary=encoded,
                page_checksum_verification=True,
                memory_map=False,
            )
            return unpacked(columns, table)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, pa.ArrowException):
            self.notes.append(_DAMAGED.filled(path=path))
            return None

    def store(self, name: str, groups: TrailGroups) -> None:
        """Store groups, and remove those that the same slot had before.

        Raises:
            SekishoError: `output.unwritable`.
        """
        fresh = self._folder / f".{secrets.token_hex(8)}"
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as opened:
                pq.write_table(packed(groups), opened, compression="lz4", write_page_checksum=True)
            fresh.replace(self._folder / name)
            for old in self._folder.glob(f"{name.partition('-')[0]}-*.parquet"):
                if old.name != name:
                    old.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        finally:
            with suppress(OSError):
                fresh.unlink()


_DAMAGED = Message("`{path}` was damaged: its logs are read anew")


def _unwritable(folder: Path, error: OSError) -> SekishoError:
    return SekishoError(
        Message("the cache `{path}` cannot be written: {reason}").filled(
            path=folder, reason=reason_of(error)
        ),
        code=Code.OUTPUT_UNWRITABLE,
    )


class _CachedReading:
    """One reading through a cache."""

    def __init__(
        self,
        cache: GroupCache,
        columns: tuple[Column, ...],
        window: Window,
        settings: ReadingSettings,
    ) -> None:
        self._cache, self._columns = cache, columns
        self._window, self._settings = window, settings
        records = statement.records_query(columns, ALL_TIME, careful=False)
        self._how = [
            _VERSION,
            statement.parts_query(columns, records, settings.dedup),
        ]

    def of(self, files: Sequence[LogFile], progress: Progress | None) -> TrailGroups:
        """Return the groups of the files, from the sum of all parts, from parts, or from logs."""
        whole = self._name(_Slot("", "all"), files, self._window)
        if (found := self._cache.load(self._columns, whole)) is not None:
            self._cache.parts = self._cache.hits = 1
            return found
        slots = _slots(files, self._settings.dedup)
        self._cache.parts, self._cache.hits = len(slots), 0
        tables, complete = [], True
        meter = _Meter(files, progress)
        for slot, mine in sorted(slots.items(), key=lambda each: str(each[0])):
            part, fetched = self._part(slot, mine, meter)
            tables.append(packed(part))
            complete = complete and fetched
            meter.add(mine, part)
        with GroupStore(self._settings.threads, self._settings.memory) as store:
            # also without files: it is the sum of no parts
            tables = tables or [packed(read_groups([], self._columns))]
            groups = merged(self._columns, pa.concat_tables(tables), store)
        if complete:
            self._cache.store(whole, groups)
        return groups

    def _part(
        self, slot: _Slot, files: Sequence[LogFile], meter: "_Meter"
    ) -> tuple[TrailGroups, bool]:
        """Return the groups of a part, and whether all its files could be fetched.

        A part without a limit of time serves for every window that holds all its events.
        """
        uncut, cut = self._name(slot, files, ALL_TIME), self._name(slot, files, self._window)
        found = self._cache.load(self._columns, uncut)
        if found is None or not _holds(self._window, found):
            found = self._cache.load(self._columns, cut) if cut != uncut else None
        if found is not None:
            self._cache.hits += 1
            return found, True
        failed: set[str] = set()
        watched = [_watched(file, failed) for file in files]
        groups = read_groups(watched, self._columns, self._window, self._settings, meter.progress())
        if not failed:
            name = cut if groups.reading.outside_window else uncut
            self._cache.store(name, groups)
        return groups, not failed

    def _name(self, slot: _Slot, files: Sequence[LogFile], window: Window) -> str:
        """Return the name of a part: its logs, and their state."""
        limits = [each and each.isoformat() for each in (window.start, window.end)]
        content = sorted((file.name, file.tag, file.size) for file in files)
        place = [slot.trail, slot.day, slot.account, slot.region, limits != [None, None]]
        return f"{_digest([*place, self._how])}-{_digest([content, limits])}.parquet"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:_NAME_DIGITS]


def _holds(window: Window, groups: TrailGroups) -> bool:
    """Return whether all events of a part are in a window."""
    if not groups.groups.num_rows:
        return True
    first = pc.min(groups.groups.column("first")).as_py()
    last = pc.max(groups.groups.column("last")).as_py()
    return window.has(first) and window.has(last)


def _watched(file: LogFile, failed: set[str]) -> LogFile:
    """Return a file that records a failure to fetch it."""

    def fetch() -> bytes:
        try:
            return file.read()
        except (OSError, SekishoError):
            failed.add(file.name)
            raise

    return replace(file, fetch=fetch)


def _slots(files: Sequence[LogFile], together: bool) -> Mapping[_Slot, list[LogFile]]:
    """Return the files in parts."""
    if together:
        return {_Slot("", "together"): list(files)} if files else {}
    of_day: dict[tuple[str, date | None], list[LogFile]] = {}
    for file in files:
        of_day.setdefault((_trail(file), file.day), []).append(file)
    days = {_Slot(trail, str(day or "")): mine for (trail, day), mine in of_day.items()}
    for more in (_with_account, _with_region):
        large = [slot for slot, mine in days.items() if sum(each.size for each in mine) > _LARGE]
        for slot in large:
            mine = days.pop(slot)
            days.update(_divided([more(slot, file) for file in mine], mine))
    return days


def _divided(slots: Sequence[_Slot], files: Sequence[LogFile]) -> dict[_Slot, list[LogFile]]:
    parts: dict[_Slot, list[LogFile]] = {}
    for slot, file in zip(slots, files, strict=True):
        parts.setdefault(slot, []).append(file)
    return parts


def _with_account(slot: _Slot, file: LogFile) -> _Slot:
    return replace(slot, account=file.account or "")


def _with_region(slot: _Slot, file: LogFile) -> _Slot:
    return replace(slot, region=file.region or "")


def _trail(file: LogFile) -> str:
    """Return the folder of a trail's logs; for a file in no trail's folder, its own folder."""
    name = file.name.replace("\\", "/")
    if file.day is not None:
        return name.rpartition("AWSLogs/")[0]
    return str(PurePosixPath(name).parent)


class _Meter:
    """The progress of the whole reading, part by part."""

    def __init__(self, files: Sequence[LogFile], progress: Progress | None) -> None:
        self._tell = progress
        self._total = sum(file.size for file in files)
        self._bytes = self._files = self._events = 0

    def add(self, files: Sequence[LogFile], part: TrailGroups) -> None:
        """Count a part as done."""
        self._bytes += sum(file.size for file in files)
        self._files += len(files)
        self._events += part.reading.events
        if self._tell is not None:
            self._tell(self._bytes, self._total, self._files, self._events)

    def progress(self) -> Progress | None:
        """Return the progress of a part as the progress of the whole reading."""
        tell = self._tell
        if tell is None:
            return None
        return lambda done, _, files, events: tell(
            self._bytes + done, self._total, self._files + files, self._events + events
        )
