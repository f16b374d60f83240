"""Batches of log files for DuckDB: threads read and decompress, some ahead of the query.

The threads end with the query, or when it is given up.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Self

import pyarrow as pa

from sekisho.errors import SekishoError, reason_of
from sekisho.messages import Message
from sekisho.replay.reading.files import LogFile, SkippedKind
from sekisho.replay.reading.packing import decompressed
from sekisho.replay.reading.shapes import FastLog, NoCalls, recognised

_BATCH = 3 << 20
_PACKED = 8
"""How many times larger a log is than its gzip file, to guess the size of a batch."""
_FILES = 200
_LARGEST = 1 << 30

FEED = pa.schema([("file", pa.int32()), ("content", pa.large_string())])


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """What became of a file: for DuckDB (`content`), for the plain reading, or for nobody.

    Attributes:
        number: its place among the files.
        content: the text of `{"Records": […]}`; None: it has none.
        slow: whether the plain reading must look at all of it.
        skipped: why it holds no calls.
        wrong: what could not be read of it.
    """

    number: int
    content: bytes | None = None
    slow: bool = False
    skipped: SkippedKind | None = None
    wrong: Message | None = None


def stored_content(file: LogFile) -> tuple[bytes, Message | None]:
    """Return the decompressed content of a file, and what is wrong with it."""
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
        """Yield the numbers of files that make a batch together."""
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
    """Return one row, without a copy of the content; whether it is UTF-8, the parser tells."""
    offsets = pa.py_buffer(b"".join(each.to_bytes(8, "little") for each in (0, len(content))))
    text = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(content))
    return pa.record_batch([pa.array([number], pa.int32()), text], schema=FEED)
