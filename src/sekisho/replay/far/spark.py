"""Reading on a cluster: Spark distributes lists of files, and each worker runs `read_groups`.

A share of the files is one row, and a worker returns its groups as one packed table; the driver
sums them. So only groups are sent, never events, and Spark's own JSON reader (twice as slow,
measured) and its SQL are not used. Spark 3.5 and 4, classic or Connect.

Workers read the files themselves: from a folder that every machine has at the same path. They need
`sekisho[replay]` too.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa

from sekisho.errors import Code, SekishoError, require_extra
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.replay.event import ALWAYS, Column
from sekisho.replay.reading import LogFile, ReadingSettings, TrailGroups, read_groups
from sekisho.replay.reading.packed import merged, packed
from sekisho.replay.reading.store import GroupStore
from sekisho.replay.window import ALL_TIME, Window

_SHARE = 128 << 20
"""The bytes that one task reads in about a second: a repeated task loses no more."""
_FILES = 5000
_CONNECTED = "sc://"
_DEFAULT = ReadingSettings()


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """The Spark to use.

    Attributes:
        master: like `local[4]`, `yarn`, `spark://host:7077`, or `sc://host` for Spark Connect;
            None: as Spark is configured.
        tasks: how many at least, so that every core has work.
    """

    master: str | None = None
    tasks: int = 0


def read_on_spark(
    files: Sequence[LogFile],
    columns: Collection[Column] = ALWAYS,
    window: Window = ALL_TIME,
    settings: ReadingSettings = _DEFAULT,
    spark: SparkSettings | None = None,
) -> TrailGroups:
    """Return the groups as `read_groups` does, read by the workers of a Spark.

    Args:
        files: of this machine, in a folder that all workers have at the same path.
        columns: the optional ones.
        window: the events that count.
        settings: `threads` and `memory` are those of a task, and the driver's.
        spark: which one.

    Raises:
        MissingExtra: without the extra `spark`.
        SekishoError: `unsupported.option` for `dedup`, whose copies may be in two workers' files;
            `replay.spark` with what Spark said.
    """
    require_extra("spark", ("pyspark",))
    if settings.dedup:
        raise SekishoError(
            Message("duplicate events cannot be dropped on Spark: no worker sees all events"),
            code=Code.UNSUPPORTED_OPTION,
            fix=Message(
                "leave `--dedup` out: duplicates change only the counts, never who is denied"
            ),
        )
    spark = spark or SparkSettings()
    asked = tuple(each for each in Column if each in ALWAYS or each in columns)
    shares = _shares(files, spark.tasks)
    mine = replace(settings, threads=settings.threads or 1, pairs=False)
    parts = _run(shares, _worker(asked, window, mine), spark) if shares else []
    tables = [pa.ipc.open_stream(part).read_all() for part in parts]
    # the figures of the reading are needed for no files as well
    tables = tables or [packed(read_groups([], asked))]
    with GroupStore(settings.threads, settings.memory) as store:
        return merged(asked, pa.concat_tables(tables), store)


_File = tuple[str, str, int]
"""The name in reports, the absolute path, and the size."""


def _shares(files: Sequence[LogFile], tasks: int) -> list[list[_File]]:
    total = sum(file.size for file in files)
    limit = min(_SHARE, total // tasks + 1) if tasks else _SHARE
    shares: list[list[_File]] = []
    size = limit
    for file in files:
        if size >= limit or len(shares[-1]) >= _FILES:
            shares.append([])
            size = 0
        shares[-1].append((file.name, str(Path(file.name).absolute()), file.size))
        size += file.size
    return shares


_Worker = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def _worker(columns: tuple[Column, ...], window: Window, settings: ReadingSettings) -> _Worker:
    """Return the function that a task applies to its rows, each a share of the files."""

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for share in batch.to_pylist():
                files = [
                    LogFile(name=name, size=size, tag="", fetch=Path(path).read_bytes)
                    for name, path, size in zip(
                        share["names"], share["paths"], share["sizes"], strict=True
                    )
                ]
                table = packed(read_groups(files, columns, window, settings))
                yield pa.record_batch([pa.array([_bytes(table)], pa.binary())], names=["part"])

    return read


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _run(shares: Sequence[Sequence[_File]], worker: _Worker, spark: SparkSettings) -> list[bytes]:
    """Return the results of the tasks, one for each share."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - 400 MB, for who asks for Spark alone

    running = SparkSession.getActiveSession()
    session: Any = running
    try:
        session = running or _started(SparkSession.builder, spark.master)
        rows = [
            (number, *map(list, zip(*share, strict=True))) for number, share in enumerate(shares)
        ]
        frame = session.createDataFrame(
            rows, "number int, names array<string>, paths array<string>, sizes array<bigint>"
        )
        spread = frame.repartitionByRange(len(shares), "number")
        found = spread.mapInArrow(worker, "part binary").collect()
        return [bytes(row["part"]) for row in found]
    except _spark_errors() as error:
        raise _failed(error) from None
    finally:
        if running is None and session is not None:
            session.stop()


def _spark_errors() -> tuple[type[Exception], ...]:
    """Return the errors that Spark raises; Java sessions have other classes than Connect."""
    from pyspark.errors import PySparkException  # noqa: PLC0415 - as above

    if find_spec("py4j") is None:
        return PySparkException, OSError, RuntimeError
    of_java = import_module("py4j.protocol").Py4JError
    return PySparkException, of_java, OSError, RuntimeError


def _started(builder: Any, master: str | None) -> Any:
    """Return a new session."""
    named = builder.appName("sekisho impact")
    if master is None:
        return named.getOrCreate()
    if master.startswith(_CONNECTED):
        return named.remote(master).getOrCreate()
    if master.startswith("local"):
        # the workers are of this machine, and run what this process runs
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        named = named.config("spark.ui.enabled", "false")
    return named.master(master).getOrCreate()


def _failed(error: Exception) -> SekishoError:
    """Return Spark's error in one line, without the stack of Java."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # a Python worker's error ends with its reason
    said = [line for line in lines if not line.startswith(("at ", "File ", "Traceback", "..."))]
    text = (said[0] if said else type(error).__name__)[:300]
    return SekishoError(
        Message("Spark failed: {reason}").filled(reason=verbatim(text)),
        code=Code.REPLAY_SPARK,
        fix=Message("see that `sekisho[spark]` is on every machine, and Java 17; then try again"),
    )
