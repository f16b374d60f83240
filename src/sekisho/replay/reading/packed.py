"""Groups as one table: the form of the cache and of a cluster's workers, which can be summed.

A packed table has three kinds of rows, distinguished by `kind`: a group (NULL) with its `days` and
the events of each in `daily`; a detail (a `DetailKind`, with `value`); and the reading (`reading`,
with `value` as JSON). Rows of several parts together are a packed table too: `merged` sums them.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sekisho.messages import Message
from sekisho.replay.event import NETWORK, Column
from sekisho.replay.reading.files import SkippedKind
from sekisho.replay.reading.result import (
    DAYS,
    DETAILS,
    TALLY,
    LogFault,
    Reading,
    TrailGroups,
    groups_schema,
)
from sekisho.replay.reading.store import GroupStore

READING = "reading"
_PACKED = (
    pa.field("days", pa.list_(pa.date32())),
    pa.field("daily", pa.list_(pa.int64())),
    pa.field("kind", pa.string()),
    pa.field("value", pa.string()),
)


def packed_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the columns of a packed table."""
    return pa.schema([*groups_schema(tuple(columns)), *_PACKED])


def packed(groups: TrailGroups) -> pa.Table:
    """Return groups, details and the reading as one table, in this order."""
    days = groups.days.combine_chunks()
    # the days of a group follow one another, and each group has one at least
    ends = pc.run_end_encode(days.column("group").combine_chunks()).run_ends
    starts = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    lists = {
        name: pa.ListArray.from_arrays(starts, days.column(of).combine_chunks())
        for name, of in (("days", "day"), ("daily", "events"))
    }
    rows = groups.groups
    for name, values in lists.items():
        rows = rows.append_column(name, values)
    schema = packed_schema(groups.columns)
    last = pa.Table.from_pylist([{"kind": READING, "value": reading_json(groups.reading)}], schema)
    return pa.concat_tables([_filled(rows, schema), _filled(groups.details, schema), last])


def _filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with all columns of a schema; NULL in the columns that it lacks."""
    columns = [
        table.column(each.name).cast(each.type)
        if each.name in table.column_names
        else pa.nulls(table.num_rows, each.type)
        for each in schema
    ]
    return pa.table(columns, schema=schema)


def unpacked(columns: Sequence[Column], table: pa.Table) -> TrailGroups:
    """Return the groups from a table of `packed`; its texts may be encoded as dictionaries.

    Raises:
        ValueError: if it is no such table.
    """
    if _without_dictionaries(table.schema) != packed_schema(columns) or not table.num_rows:
        raise ValueError("not the columns of a packed table")
    kinds = table.column("kind")
    if kinds[-1].as_py() != READING:
        raise ValueError("not packed")
    groups, details = kinds.null_count, table.num_rows - kinds.null_count - 1
    rows = table.slice(0, groups)
    return TrailGroups(
        columns=tuple(columns),
        groups=rows.select(groups_schema(tuple(columns)).names),
        days=_days_of(rows),
        details=table.slice(groups, details).select(DETAILS.names),
        reading=reading_of_json(table.column("value")[-1].as_py()),
    )


def _without_dictionaries(schema: pa.Schema) -> pa.Schema:
    """Return a schema with the plain types of its dictionaries."""
    return pa.schema(
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in schema
    )


def _days_of(rows: pa.Table) -> pa.Table:
    days, daily = rows.column("days").combine_chunks(), rows.column("daily").combine_chunks()
    parts = [pc.list_parent_indices(days), pc.list_flatten(days), pc.list_flatten(daily)]
    return pa.table(parts, names=DAYS.names).cast(DAYS)


def merged(columns: Sequence[Column], table: pa.Table, store: GroupStore) -> TrailGroups:
    """Return the sum of parts, each group once, and each call once; see `paired`.

    Args:
        columns: the columns by which all of them are grouped.
        table: their packed tables, one below the other, in any order.
        store: does the sums.

    Raises:
        SekishoError: if the memory allowed is not enough.
    """
    return paired(_summed(columns, table, store), store)


_CALL = ("shared", "account", "source", "name")
_COPIES = f"""
    SELECT row FROM (
        SELECT row, coalesce(account <> recipient, false)::INTEGER * 2
                + coalesce(category = '{NETWORK}', false)::INTEGER AS rank,
            CASE WHEN principal IS NULL THEN min(rank) OVER (PARTITION BY {", ".join(_CALL)})
                ELSE min(rank) OVER (PARTITION BY {", ".join(_CALL)}, principal) END AS best
        FROM sharing
    ) WHERE rank > best"""
"""The rows that `copies_in` (tests/replay/plainly.py) calls copies."""


def paired(groups: TrailGroups, store: GroupStore) -> TrailGroups:
    """Return groups without the records of calls of which other records have more details.

    Until then records that share their id with others are groups of their own.

    Raises:
        SekishoError: if the memory allowed is not enough.
    """
    shared = groups.groups.column(Column.SHARED)
    if shared.null_count == len(shared):
        return groups
    rows = groups.groups.filter(pc.is_valid(shared))
    numbers = pa.array(range(rows.num_rows), pa.int64())
    telling = rows.select([*_CALL, Column.PRINCIPAL, Column.RECIPIENT, Column.CATEGORY])
    store.stream("sharing", telling.append_column("row", numbers).to_reader())
    are_copies = pc.is_in(numbers, store.table(_COPIES).column("row").combine_chunks())
    copies = pc.sum(rows.filter(are_copies).column("events")).as_py() or 0
    reading = replace(
        groups.reading,
        events=groups.reading.events - copies,
        duplicates=groups.reading.duplicates + copies,
    )
    table = packed(replace(groups, reading=reading))
    place = table.column_names.index(Column.SHARED)
    share = table.column(Column.SHARED).combine_chunks().is_valid()
    everything = pa.repeat(pa.scalar(True), table.num_rows)
    kept = pc.replace_with_mask(everything, share, pc.invert(are_copies))
    alike = table.set_column(place, Column.SHARED, pa.nulls(table.num_rows, pa.string()))
    return _summed(groups.columns, alike.filter(kept), store)


def _summed(columns: Sequence[Column], table: pa.Table, store: GroupStore) -> TrailGroups:
    """Return the sum of parts, each group once."""
    kinds = table.column("kind")
    rows = table.filter(pc.is_null(kinds))
    of_reading = pc.equal(kinds, READING)
    readings = table.filter(of_reading).column("value").to_pylist()
    details = table.filter(pc.invert(pc.fill_null(of_reading, True)))
    keys = groups_schema(tuple(columns)).names[: len(columns)]
    numbers = pa.array(range(rows.num_rows), pa.int32())
    counted = rows.select([*keys, *_TALLIES]).append_column("row", numbers)
    store.stream("counted_groups", counted.to_reader())
    sums = store.table(_sum_query("counted_groups", keys, ", list(row) AS places"))
    places = sums.column("places").combine_chunks()
    store.stream("counted_details", details.select(DETAILS.names).to_reader())
    detail_keys = DETAILS.names[: -len(_TALLIES)]
    return TrailGroups(
        columns=tuple(columns),
        groups=sums.drop_columns(["places"]).cast(groups_schema(tuple(columns))),
        days=_moved(_days_of(rows), places),
        details=store.table(_sum_query("counted_details", detail_keys, "")).cast(DETAILS),
        reading=read_in_all(reading_of_json(each) for each in readings),
    )


_TALLIES = [each.name for each in TALLY]


def _sum_query(source: str, keys: Sequence[str], more: str) -> str:
    """Return the query that sums tallies; of several events at one time, the first id counts."""
    named = ", ".join(f'"{key}"' for key in keys)
    order = ", ".join(str(place + 1) for place in range(len(keys)))
    return f"""
        WITH summed AS (
            SELECT {named}, sum(events)::BIGINT AS events,
                min(row(epoch_us("first"), first_id)) AS begins,
                min(row(-epoch_us("last"), last_id)) AS ends{more}
            FROM {source} GROUP BY {named}
        )
        SELECT {named}, events, make_timestamp(begins[1]) AS "first",
            make_timestamp(-ends[1]) AS "last", begins[2] AS first_id, ends[2] AS last_id
            {", places" if more else ""}
        FROM summed ORDER BY {order}"""


def _moved(days: pa.Table, places: pa.ListArray) -> pa.Table:
    """Return the days of rows as days of the sums that contain each row."""
    order = pc.sort_indices(pc.list_flatten(places))
    sum_of_row = pc.list_parent_indices(places).take(order)
    moved = days.set_column(0, "group", sum_of_row.take(days.column("group")))
    sums = moved.group_by(["group", "day"]).aggregate([("events", "sum")])
    sums = sums.select(["group", "day", "events_sum"]).rename_columns(DAYS.names)
    return sums.sort_by([("group", "ascending"), ("day", "ascending")]).cast(DAYS)


def read_in_all(readings: Iterable[Reading]) -> Reading:
    """Return the sum of several readings."""
    parts = list(readings)
    skipped: Counter[SkippedKind] = Counter()
    for part in parts:
        skipped.update(part.skipped)
    faults = [fault for part in parts for fault in part.faults]
    return Reading(
        files=sum(part.files for part in parts),
        bytes=sum(part.bytes for part in parts),
        events=sum(part.events for part in parts),
        skipped=dict(skipped),
        # those of one file stay in their order
        faults=tuple(sorted(faults, key=lambda fault: fault.file)),
        outside_window=sum(part.outside_window for part in parts),
        duplicates=sum(part.duplicates for part in parts),
    )


def reading_json(reading: Reading) -> str:
    """Return a reading as JSON."""
    faults = [
        [fault.file, fault.place, fault.what.to_json(), fault.records] for fault in reading.faults
    ]
    return json.dumps(
        {
            "files": reading.files,
            "bytes": reading.bytes,
            "events": reading.events,
            "skipped": dict(reading.skipped),
            "faults": faults,
            "outside_window": reading.outside_window,
            "duplicates": reading.duplicates,
        },
        ensure_ascii=False,
    )


def reading_of_json(text: str) -> Reading:
    """Return the reading in a text of `reading_json`.

    Raises:
        ValueError: if it is no such text.
    """
    try:
        value: Mapping[str, Any] = json.loads(text)
        faults = [
            LogFault(file, place, Message.of_json(what), records)
            for file, place, what, records in value["faults"]
        ]
        skipped = {SkippedKind(kind): files for kind, files in value["skipped"].items()}
        return Reading(**{**value, "faults": tuple(faults), "skipped": skipped})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not what was read") from error
