"""Reading logs: files -> threads that decompress -> DuckDB, which parses and counts -> groups.

Python owns the bytes, so that the parts that were read, or not, are known exactly. Records that
DuckDB is not certain about are read by the plain reader and counted by the same query.

Batches of files go to DuckDB: threads read and decompress some ahead of the query, and end with it,
or when it is cancelled.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.errors import SekishoError, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.event import ALWAYS, Column
from sekisho.replay.reading import statement
from sekisho.replay.reading.files import LogFile, SkippedKind
from sekisho.replay.reading.packed import paired
from sekisho.replay.reading.packing import decompressed
from sekisho.replay.reading.result import (
    DAYS,
    DETAILS,
    LogFault,
    Reading,
    TrailGroups,
    groups_schema,
    kind_of,
)
from sekisho.replay.reading.shapes import FastLog, NoCalls, Unreadable, recognised, records_in
from sekisho.replay.reading.store import GroupStore, NotJson
from sekisho.replay.record import RecordFault, TrailRecord, read_record
from sekisho.replay.window import ALL_TIME, Window

_BATCH = 3 << 20
_PACKED = 8
"""The ratio of a log's size to its gzip file's, to estimate the size of a batch."""
_FILES = 200
_LARGEST = 1 << 30

FEED = pa.schema([("file", pa.int32()), ("content", pa.large_string())])


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The state of a file: for DuckDB (`content`), for the plain reading, or skipped.

    Attributes:
        number: its place among the files.
        content: the text of `{"Records": […]}`; None: it has none.
        slow: whether the plain reading must look at all of it.
        skipped: why it holds no calls.
        wrong: its fault.
    """

    number: int
    content: bytes | None = None
    slow: bool = False
    skipped: SkippedKind | None = None
    wrong: Message | None = None


def stored_content(file: LogFile) -> tuple[bytes, Message | None]:
    """Return the decompressed content of a file, and its fault, if any."""
    try:
        stored = file.read()
    except OSError as error:
        return b"", Message("cannot be read: {reason}").filled(reason=reason_of(error))
    except SekishoError as error:
        return b"", error.message
    return decompressed(stored, _LARGEST)


def _opened(number: int, file: LogFile) -> OpenedFile:
    content, wrong = stored_content(file)
    if wrong is not None and not content:
        return OpenedFile(number, wrong=wrong)
    match recognised(content):
        case FastLog(text) if wrong is None:
            return OpenedFile(number, content=text)
        case NoCalls(kind):
            return OpenedFile(number, skipped=kind, wrong=wrong)
        case _:
            return OpenedFile(number, slow=True, wrong=wrong)


class Feeder:
    """The stream of batches, and the threads behind it."""

    def __init__(
        self, files: Sequence[LogFile], threads: int, done: Callable[[Sequence[OpenedFile]], None]
    ) -> None:
        self._files, self._done = files, done
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sekisho-replay-file")
        self._waiting = threads + 2
        self._stopped = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def batches(self) -> pa.RecordBatchReader:
        """Return one row for each file that DuckDB is to read, in the order of the files."""
        return pa.RecordBatchReader.from_batches(FEED, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        running: deque[Future[list[OpenedFile]]] = deque()
        for numbers in self._shares():
            if self._stopped.is_set():
                return
            running.append(self._pool.submit(self._open, numbers))
            if len(running) > self._waiting:
                yield from self._finished(running.popleft())
        while running and not self._stopped.is_set():
            yield from self._finished(running.popleft())

    def _shares(self) -> Iterator[list[int]]:
        """Yield the numbers of files that form a batch."""
        share: list[int] = []
        size = 0
        for number, file in enumerate(self._files):
            share.append(number)
            size += file.size * _PACKED
            if size >= _BATCH or len(share) >= _FILES:
                yield share
                share, size = [], 0
        if share:
            yield share

    def _open(self, numbers: Sequence[int]) -> list[OpenedFile]:
        return [
            _opened(number, self._files[number]) for number in numbers if not self._stopped.is_set()
        ]

    def _finished(self, future: "Future[list[OpenedFile]]") -> Iterator[pa.RecordBatch]:
        opened = future.result()
        self._done(opened)
        for each in opened:
            if each.content is not None:
                yield _batch(each.number, each.content)


def _batch(number: int, content: bytes) -> pa.RecordBatch:
    """Return one row, without a copy of the content; the parser checks whether it is UTF-8."""
    offsets = pa.py_buffer(b"".join(each.to_bytes(8, "little") for each in (0, len(content))))
    text = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(content))
    return pa.record_batch([pa.array([number], pa.int32()), text], schema=FEED)


Progress = Callable[[int, int, int, int], None]
"""(bytes done, all bytes, files done, events) → None; events are 0 until all files are done.

How many events there are is known when all files are done; until then it is 0.
"""

_FAULTS_OF_A_FILE = 20
_ROWS = 20_000
_WHOLE_FILE = -1


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """The settings for reading logs.

    Attributes:
        threads: how many decompress, and how many parse; 0: as many as there are cores.
        memory: how many bytes the groups may take before they are put on disk; 0: four fifths of
            the machine's memory, which is DuckDB's own limit.
        dedup: whether an event counts once, however often CloudTrail delivered it.
        pairs: whether several records of one call become one; a part of all logs leaves them
            apart, for `merged`.
    """

    threads: int = 0
    memory: int = 0
    dedup: bool = False
    pairs: bool = True


_DEFAULT = ReadingSettings()


def read_groups(
    files: Sequence[LogFile],
    columns: Collection[Column] = ALWAYS,
    window: Window = ALL_TIME,
    settings: ReadingSettings = _DEFAULT,
    progress: Progress | None = None,
) -> TrailGroups:
    """Return the calls of log files in groups of equal columns.

    Unreadable files and records are listed in `reading.faults`; the rest is counted. The memory
    needed is that of the groups, and some megabytes for each thread. An interruption ends every
    thread and leaves nothing behind.

    Args:
        files: in any order; the result does not depend on it.
        columns: the optional ones; `ALWAYS` is among them in any case.
        window: the events that count, by `eventTime`.
        settings: how they are read.
        progress: called from time to time, in the calling thread.

    Raises:
        SekishoError: if the memory allowed is not enough.
    """
    asked = tuple(each for each in Column if each in ALWAYS or each in columns)
    with GroupStore(settings.threads, settings.memory) as store:
        run = _Run(files, asked, window, settings)
        try:
            run.count(store, progress, careful=False)
        except NotJson:
            # rare: then everything is read again, and every such file is skipped
            run = _Run(files, asked, window, settings)
            run.count(store, progress, careful=True)
        return run.result(store)


class _Run:
    """One reading: its state so far."""

    def __init__(
        self,
        files: Sequence[LogFile],
        columns: tuple[Column, ...],
        window: Window,
        settings: ReadingSettings,
    ) -> None:
        self.files, self.columns, self.window, self.settings = files, columns, window, settings
        self.faults: dict[int, list[LogFault]] = defaultdict(list)
        self.skipped: Counter[SkippedKind] = Counter()
        self.slow: set[int] = set()
        self.bytes = self.done = self.events = self.outside = 0

    def count(self, store: GroupStore, progress: Progress | None, *, careful: bool) -> None:
        """Count all records: first those that DuckDB can read, then those of the plain reading."""
        total = sum(file.size for file in self.files)

        def tell() -> None:
            if progress is not None:
                progress(self.bytes, total, self.done, self.events)

        with Feeder(self.files, store.threads, self._opened) as feeder:
            store.stream("feed", feeder.batches())
            fast = self._parts(statement.records_query(self.columns, self.window, careful))
            store.run(f"CREATE TEMP TABLE parts AS {fast}", tell)
        doubtful = self._doubtful(store)
        self._counted(store)
        schema = plain_schema(self.columns)
        store.stream(
            "plain", pa.RecordBatchReader.from_batches(schema, self._plainly_read(doubtful))
        )
        plain = self._parts(statement.plain_query(self.columns))
        store.run(f"INSERT INTO parts {plain}", tell)
        self._counted(store)
        tell()

    def _counted(self, store: GroupStore) -> None:
        seen = "SELECT sum(events)::BIGINT AS seen FROM parts WHERE state = 0 AND part = 0"
        self.events = store.table(seen).column("seen")[0].as_py() or 0

    def _parts(self, records: str) -> str:
        return statement.parts_query(self.columns, records, self.settings.dedup)

    def _opened(self, files: Sequence[OpenedFile]) -> None:
        for file in files:
            self.done += 1
            self.bytes += self.files[file.number].size
            if file.wrong is not None:
                self._fault(file.number, "", file.wrong, 0)
            if file.skipped is not None:
                self.skipped[file.skipped] += 1
            if file.slow:
                self.slow.add(file.number)

    def _fault(self, number: int, place: str, what: Message, records: int) -> None:
        """Record a fault; for a file with very many, only the number of lost records."""
        faults = self.faults[number]
        if len(faults) < _FAULTS_OF_A_FILE:
            faults.append(LogFault(self.files[number].name, place, what, records))
        else:
            more = faults[-1].records if len(faults) > _FAULTS_OF_A_FILE else 0
            faults[_FAULTS_OF_A_FILE:] = [
                LogFault(self.files[number].name, "", _MORE, more + records)
            ]

    def _doubtful(self, store: GroupStore) -> dict[int, set[int]]:
        """Return the files for the plain reading, with the numbers of the records."""
        found: dict[int, set[int]] = {number: {_WHOLE_FILE} for number in self.slow}
        rows = store.table("SELECT file, record FROM parts WHERE state = 2")
        for file, record in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            found.setdefault(file, set()).add(record)
        return found

    def _plainly_read(self, doubtful: Mapping[int, set[int]]) -> Iterator[pa.RecordBatch]:
        """Yield the records that only the plain reading can read."""
        schema = plain_schema(self.columns)
        rows: list[dict[str, Any]] = []
        for number in sorted(doubtful):
            for record in self._read(number, doubtful[number]):
                if not self.window.has(record.time):
                    self.outside += 1
                    continue
                rows.append(_row(record, self.columns))
                if len(rows) >= _ROWS:
                    yield pa.RecordBatch.from_pylist(rows, schema)
                    rows = []
        yield pa.RecordBatch.from_pylist(rows, schema)

    def _read(self, number: int, wanted: set[int]) -> Iterator[TrailRecord]:
        everything = _WHOLE_FILE in wanted
        content, _ = stored_content(self.files[number])
        for found in records_in(content):
            if isinstance(found, Unreadable):
                self._unreadable(number, found, wanted)
            elif everything or found.number in wanted:
                record = read_record(found.record)
                if isinstance(record, TrailRecord):
                    yield record
                else:
                    self._fault(number, f"record {found.number + 1}", _fault_text(record), 1)

    def _unreadable(self, number: int, found: Unreadable, wanted: set[int]) -> None:
        if found.number is None:
            # the reason why a file ends early may be known
            if not self.faults[number]:
                self._fault(number, "", found.what, 0)
        elif _WHOLE_FILE in wanted or found.number in wanted:
            self._fault(number, f"record {found.number + 1}", found.what, found.records)

    def result(self, store: GroupStore) -> TrailGroups:
        """Return the groups that were counted."""
        counts = store.table(
            "SELECT coalesce(sum(events), 0)::BIGINT AS outside FROM parts WHERE state = 1"
        ).to_pylist()[0]
        if self.settings.dedup:
            store.run(f"CREATE TEMP TABLE counted AS {statement.once_query()}")
        else:
            store.run("CREATE TEMP VIEW counted AS SELECT * FROM parts WHERE state = 0")
        rows = store.table(statement.groups_query(self.columns))
        days = rows.column("days").combine_chunks()
        daily = pa.table(
            [
                pc.list_parent_indices(days),
                pc.list_flatten(days),
                pc.list_flatten(rows.column("daily")),
            ],
            names=DAYS.names,
        )
        groups = rows.drop_columns(["days", "daily"])
        events = pc.sum(groups.column("events")).as_py() or 0
        details = store.table(statement.details_query())
        found = TrailGroups(
            columns=self.columns,
            groups=groups.cast(groups_schema(self.columns)),
            days=daily.cast(DAYS),
            details=details.cast(DETAILS),
            reading=Reading(
                files=self.done - sum(self.skipped.values()),
                bytes=self.bytes,
                events=events,
                skipped=dict(self.skipped),
                faults=tuple(
                    fault for number in sorted(self.faults) for fault in self.faults[number]
                ),
                outside_window=self.outside + counts["outside"],
                duplicates=self.events - events,
            ),
        )
        return paired(found, store) if self.settings.pairs else found


_MORE = Message("has more records that cannot be read")


def _fault_text(fault: RecordFault) -> Message:
    if not fault.field:
        return Message("is not a record")
    return Message("`{field}` is missing or not what it should be").filled(field=fault.field)


def plain_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the columns of a record of the plain reading."""
    kinds = [(str(each), kind_of(each)) for each in statement.with_detailed(columns)]
    return pa.schema([("written", pa.string()), ("id", pa.string()), *kinds])


def _row(record: TrailRecord, columns: Sequence[Column]) -> dict[str, Any]:
    event = record.event
    values = {str(each): getattr(event, each) for each in statement.with_detailed(columns)}
    return {"written": f"{record.time.isoformat()[:19]}Z", "id": record.id, **values}
