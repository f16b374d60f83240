"""The result of the query of `grouping_sql`, from Athena, Trino or Spark.

A result has one row for each group and day, and for each detail of a caller. Parquet is exact. In
CSV, as Athena writes it, an empty cell is NULL and `""` an empty text. A row that cannot be read is
a fault of that row; the others count.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from sekisho.errors import Code, SekishoError, quoted, reason_of
from sekisho.messages import Message
from sekisho.replay.event import ALWAYS, LISTS, Column, DetailKind
from sekisho.replay.far.sql import GROUP, TURNED
from sekisho.replay.reading import LogFault, Reading, TrailGroups
from sekisho.replay.reading.packed import READING, merged, packed_schema, reading_json
from sekisho.replay.reading.store import GroupStore

_NEEDED = ("kind", "value", "day", "events", "begins", "ends")
_SHOWN_FAULTS = 20
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ.*"
_WRONG = Message("the row is not one of the query's: its kind, day, number or times are wrong")
_MORE = Message("has more rows that are not the query's")


def read_result(path: Path, needed: Collection[Column] = ()) -> TrailGroups:
    """Return the groups in a query's result.

    Args:
        path: a CSV file, a Parquet file, or a folder of Parquet files.
        needed: the optional columns that the policies in question ask about.

    Raises:
        SekishoError: if it cannot be read, or lacks a column.
    """
    table = _table(path)
    columns = _columns(path, table, needed)
    with GroupStore() as store:
        numbers = pa.array(range(table.num_rows), pa.int64())
        store.stream("result", table.append_column("row", numbers).to_reader())
        rows = store.table(f"SELECT * FROM ({_query(columns)}) ORDER BY row")
        right = pc.fill_null(rows.column("right"), False)
        faults = _faults(path, rows.filter(pc.invert(right)))
        schema = packed_schema(columns)
        counted = rows.filter(right).select(schema.names).cast(schema)
        groups = pc.is_null(counted.column("kind"))
        reading = Reading(
            files=1,
            bytes=sum(each.stat().st_size for each in _files(path)),
            events=pc.sum(counted.filter(groups).column("events")).as_py() or 0,
            faults=faults,
        )
        said = pa.Table.from_pylist([{"kind": READING, "value": reading_json(reading)}], schema)
        return merged(columns, pa.concat_tables([counted, said]), store)


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


def _table(path: Path) -> pa.Table:
    """Return the rows, all as texts except the number of events in a Parquet file."""
    try:
        if path.is_dir() or path.read_bytes()[:4] == b"PAR1":
            return pa.concat_tables([pq.read_table(each) for each in _files(path)])
        names = pa.csv.open_csv(path, parse_options=_PARSED).schema.names
        kinds = dict.fromkeys(names, pa.string())
        convert = pa.csv.ConvertOptions(
            column_types=kinds,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        return pa.csv.read_csv(path, parse_options=_PARSED, convert_options=convert)
    except OSError as error:
        reason = reason_of(error)
    except (pa.ArrowException, ValueError):
        reason = Message("it is neither CSV nor Parquet")
    raise SekishoError(
        Message("{path} cannot be read: {reason}").filled(path=quoted(str(path)), reason=reason),
        code=Code.FILE_UNREADABLE,
    )


_PARSED = pa.csv.ParseOptions(newlines_in_values=True)


def _columns(path: Path, table: pa.Table, needed: Collection[Column]) -> tuple[Column, ...]:
    names = set(table.column_names)
    must = {*_NEEDED, *ALWAYS, *needed}
    if len(names) == len(table.column_names) and names >= must:
        return tuple(each for each in Column if each in names)
    lacking = ", ".join(f"`{each}`" for each in sorted(must - names)) or "?"
    raise SekishoError(
        Message("{path} has no column {columns}").filled(path=quoted(str(path)), columns=lacking),
        code=Code.FILE_BAD_SHAPE,
        fix=Message(
            "print the query anew with the same policies (`sekisho logs query`), and run that"
        ),
    )


def _query(columns: tuple[Column, ...]) -> str:
    """Return the query of the rows as rows of a packed table, each with whether it is `right`."""
    keys = ", ".join(_key(each) for each in columns)
    kinds = ", ".join(f"'{each}'" for each in DetailKind)
    hour = f"kind = '{DetailKind.HOUR_OF_WEEK}'"
    lists = "".join(
        f""" AND ("{each}" IS NULL OR TRY(from_json("{each}", '["VARCHAR"]')) IS NOT NULL)"""
        for each in columns
        if each in LISTS
    )
    return f"""
        WITH told AS (
            SELECT *, TRY_CAST(events AS BIGINT) AS number, TRY_CAST(day AS DATE) AS date,
                TRY_CAST(begins[:19] AS TIMESTAMP) AS since,
                translate(ends, '{TURNED[1]}', '{TURNED[0]}') AS turned,
                TRY_CAST(turned[:19] AS TIMESTAMP) AS till,
                TRY((value[1]::INTEGER - 1) * 24 + value[3:]::INTEGER) AS hour
            FROM result
        )
        SELECT {keys}, number AS events, since AS "first", till AS "last",
            begins[21:] AS first_id, ends[21:] AS last_id,
            CASE WHEN kind = '{GROUP}' THEN [date] END AS days,
            CASE WHEN kind = '{GROUP}' THEN [number] END AS daily,
            CASE WHEN kind <> '{GROUP}' THEN kind END AS kind,
            CASE WHEN {hour} THEN hour::VARCHAR ELSE value END AS value, row,
            number > 0 AND since <= till
                AND regexp_full_match(begins, '{_TIME}', 's')
                AND regexp_full_match(turned, '{_TIME}', 's')
                AND (kind = '{GROUP}' AND date IS NOT NULL
                    OR kind IN ({kinds}) AND value IS NOT NULL
                        AND (NOT {hour} OR hour BETWEEN 0 AND 167)){lists} AS "right"
        FROM told"""


def _key(column: Column) -> str:
    if column in LISTS:
        return f"""TRY(from_json("{column}", '["VARCHAR"]')) AS "{column}\""""
    return f'"{column}"::VARCHAR AS "{column}"'


def _faults(path: Path, rows: pa.Table) -> tuple[LogFault, ...]:
    """Return the faults of rows; if there are many, the number of lost events."""
    numbers, events = rows.column("row").to_pylist(), rows.column("events").to_pylist()
    lost = [max(number or 0, 0) for number in events]
    faults = [
        LogFault(str(path), f"row {row + 1}", _WRONG, number)
        for row, number in list(zip(numbers, lost, strict=True))[:_SHOWN_FAULTS]
    ]
    if len(numbers) > _SHOWN_FAULTS:
        faults.append(LogFault(str(path), "", _MORE, sum(lost[_SHOWN_FAULTS:])))
    return tuple(faults)
