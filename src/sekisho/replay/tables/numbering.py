"""Numbering rows of Arrow tables: which are equal in some columns.

A column becomes the codes of its distinct values, several columns one number, and the numbers are
numbered again. No row becomes a Python object but the first of each number.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.replay.event import TrailEvent
from sekisho.replay.reading.result import values_of

_MOST = 1 << 62
"""What a number of combined codes stays below."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Rows that are equal have one number, from 0 in the order in which they come first.

    Attributes:
        numbers: the number of each row (int32).
        rows: the first row of each number (int64).
    """

    numbers: pa.Array
    rows: pa.Array


def numbered(columns: Sequence[pa.Array | pa.ChunkedArray]) -> Numbered:
    """Return rows by what some columns say; without a column all rows are equal."""
    combined, size = None, 1
    for column in columns:
        codes, count = _codes(column)
        if combined is None:
            combined, size = codes, count
            continue
        if size * count >= _MOST:
            combined, size = _codes(combined)
        combined = pc.add(pc.multiply(combined, count), codes)
        size *= count
    if combined is None:
        raise ValueError("nothing to tell rows apart by")
    numbers = combined.dictionary_encode().indices.cast(pa.int32())
    # numbers come in their order: a row is the first of one where the greatest so far grows
    greatest = pc.cumulative_max(numbers)
    grows = pc.greater(greatest.slice(1), greatest.slice(0, max(len(numbers) - 1, 0)))
    others = pc.add(pc.indices_nonzero(grows).cast(pa.int64()), 1)
    first = pa.array([0][: len(numbers)], pa.int64())
    return Numbered(numbers, pa.concat_arrays([first, others]))


def _codes(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, int]:
    """Return a number for each value, NULL among them, and how many there can be."""
    if pa.types.is_list(column.type):
        return _codes_of_lists(column)
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    count = len(column.dictionary)
    return column.indices.cast(pa.int64()).fill_null(count), count + 1


def _codes_of_lists(column: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, int]:
    codes: dict[tuple[str, ...] | None, int] = {}
    found = [
        codes.setdefault(None if each is None else tuple(each), len(codes))
        for each in column.to_pylist()
    ]
    return pa.array(found, pa.int64()), len(codes) + 1


def events_at(table: pa.Table, rows: pa.Array, names: Collection[str]) -> Iterator[TrailEvent]:
    """Yield what some rows say of events in some columns; None in all others."""
    nothing = [None] * len(rows)
    columns = [
        values_of(table.column(each.name).take(rows)) if each.name in names else nothing
        for each in fields(TrailEvent)
    ]
    return map(TrailEvent, *columns)
