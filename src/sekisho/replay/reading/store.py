"""DuckDB for reading: without network, extensions, or files outside a private folder.

Long queries run in a thread of their own, so that Ctrl-C is heard: the query is interrupted, and
the thread is waited for.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from sekisho.errors import Code, InternalError, SekishoError
from sekisho.messages import Message

_TELL_SECONDS = 0.1
_OF_A_THREAD = 300_000_000
"""The bytes that a thread needs to count large logs: with less, DuckDB fails too early."""


class GroupStore:
    """A database in memory, with overflow in a private folder that is removed at the end.

    Where the memory is limited, no more threads work than it is enough for.
    """

    def __init__(self, threads: int = 0, memory: int = 0) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))
        if memory:
            self.threads = min(self.threads, max(1, memory // _OF_A_THREAD))
        # of this user alone, and removed with this object in any case
        self._folder = tempfile.TemporaryDirectory(prefix="sekisho-replay-")
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": self.threads,
            "temp_directory": self._folder.name,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
        if memory:
            settings["memory_limit"] = f"{memory}B"
        self._connection = duckdb.connect(":memory:", config=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._folder.cleanup()

    def run(self, query: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Run a query to its end, and call `meanwhile` from time to time in this thread.

        Raises:
            SekishoError: if the memory allowed is not enough.
            KeyboardInterrupt: after the query has ended.
            NotJson: for a file that only a careful query passes over.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="sekisho-replay-query") as one:
            query_ends = one.submit(self._connection.execute, query)
            try:
                while not wait([query_ends], _TELL_SECONDS).done:
                    meanwhile()
            finally:
                if not query_ends.done():
                    self._connection.interrupt()
        try:
            query_ends.result()
        except duckdb.Error as error:
            raise _clear(error) from None

    def stream(self, name: str, reader: pa.RecordBatchReader) -> None:
        """Name the batches that one query reads."""
        self._connection.register(name, reader)

    def table(self, query: str) -> pa.Table:
        """Return the result of a query.

        Raises:
            SekishoError: if the memory allowed is not enough.
        """
        try:
            return self._connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise _clear(error) from None


class NotJson(Exception):
    """A file is not JSON, and the query was not a careful one."""


def _clear(error: duckdb.Error) -> Exception:
    if isinstance(error, duckdb.InvalidInputException) and "Malformed JSON" in str(error):
        return NotJson()
    if not isinstance(error, duckdb.OutOfMemoryException):
        # DuckDB's own messages quote the logs
        return InternalError(f"DuckDB: {type(error).__name__}")
    return SekishoError(
        Message("the groups of these logs need more memory than is allowed"),
        code=Code.REPLAY_MEMORY,
        fix=Message("allow more with `--memory`, or read fewer days at a time"),
    )
