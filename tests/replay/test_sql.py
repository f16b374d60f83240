"""The query for other engines: it parses in each dialect, and comes to what reading comes to.

Athena and Trino themselves are no part of the tests: their text is translated to DuckDB's by
sqlglot, and run there on a table of the shape that the Athena User Guide gives.
"""

import csv
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import sqlglot

from replay.groups_of import of_fast
from sekisho.errors import Code, SekishoError
from sekisho.replay import OPTIONAL, Column, Window
from sekisho.replay.far import SqlDialect, TrailTable, grouping_sql, read_result
from sekisho.replay.reading import local_logs, read_groups

DATA = Path(__file__).parents[1] / "data" / "cloudtrail"
HERE = Window(
    datetime(2023, 7, 10, 11, 50, tzinfo=UTC), datetime(2023, 7, 10, 12, 10, 0, 1, tzinfo=UTC)
)
TABLE = TrailTable("cloudtrail_logs", newer_fields=True)
TEXT = pa.string()


def structure(*names: str, **others: pa.DataType) -> pa.DataType:
    return pa.struct([*((name, TEXT) for name in names), *others.items()])


SESSION = structure(
    "sourceidentity",
    "signinsessionarn",
    attributes=structure("mfaauthenticated", "creationdate"),
    sessionissuer=structure("type", "principalid", "arn", "accountid", "username"),
    webidfederationdata=structure("federatedprovider"),
)
IDENTITY = structure(
    *("type", "principalid", "arn", "accountid", "invokedby", "accesskeyid", "username"),
    sessioncontext=SESSION,
)
SHAPE = pa.schema(
    [
        ("useridentity", IDENTITY),
        ("resources", pa.list_(structure("arn", "accountid", "type"))),
        *(
            (name, TEXT)
            for name in (
                *("eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress"),
                *("useragent", "errorcode", "requestparameters", "responseelements"),
                *("additionaleventdata", "eventid", "eventtype", "recipientaccountid"),
                *("vpcendpointid", "eventcategory", "sessioncredentialfromconsole", "timestamp"),
                "sharedeventid",
            )
        ),
    ]
)


def as_serde(value: Any, kind: pa.DataType) -> Any:
    """Return a value as Hive's JsonSerDe reads it: names in lower case, objects as their text."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        members = {name.lower(): each for name, each in value.items()}
        return {field.name: as_serde(members.get(field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [as_serde(each, kind.value_type) for each in value]
    return value if isinstance(value, str) else json.dumps(value)


def rows(logs: Sequence[str]) -> pa.Table:
    """Return logs as a table of Athena."""
    found = []
    for path in map(Path, sorted(logs)):
        content = json.loads(gzip.decompress(path.read_bytes()))
        records = content["Records"] if isinstance(content, dict) else content
        for record in records:
            members = {name.lower(): value for name, value in record.items()}
            row = {field.name: as_serde(members.get(field.name), field.type) for field in SHAPE}
            row["timestamp"] = record["eventTime"][:10].replace("-", "/")
            found.append(row)
    return pa.Table.from_pylist(found, SHAPE)


@pytest.fixture(scope="module")
def lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("cloudtrail_logs", rows(paths()))
    return connection


def paths() -> list[str]:
    return [str(path) for path in DATA.rglob("*.json.gz")]


def run(lake: duckdb.DuckDBPyConnection, dialect: SqlDialect, text: str) -> pa.Table:
    (query,) = sqlglot.transpile(text, read=dialect, write="duckdb")
    return lake.sql(query).to_arrow_table()


def as_csv(table: pa.Table, path: Path) -> Path:
    """Write a table as Athena does: every cell quoted, and nothing at all for NULL."""
    with path.open("w", newline="") as file:
        for row in [table.column_names, *(list(row.values()) for row in table.to_pylist())]:
            cells = ("" if x is None else '"' + str(x).replace('"', '""') + '"' for x in row)
            file.write(",".join(cells) + "\n")
    return path


@pytest.mark.parametrize("dialect", SqlDialect)
@pytest.mark.parametrize(
    ("columns", "window"),
    [((), Window()), (OPTIONAL, Window()), ((Column.ADDRESS, Column.TIME), HERE)],
    ids=["always", "all columns", "a window"],
)
def test_its_result_is_what_reading_finds(
    lake: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    dialect: SqlDialect,
    columns: tuple[Column, ...],
    window: Window,
) -> None:
    text = grouping_sql(dialect, frozenset(columns), window, TABLE)
    result = tmp_path / "result"
    table = run(lake, dialect, text)
    if dialect is SqlDialect.ATHENA:
        as_csv(table, result)
    else:
        pq.write_table(table, result)
    read = read_groups(local_logs(paths()).files, columns, window)
    back = read_result(result, columns)
    assert back.reading.events == read.reading.events > 100
    assert back.groups.equals(read.groups)
    assert back.days.equals(read.days)
    assert back.details.equals(read.details)


TIMES = (
    *("2026-08-20T23:59:59Z", "2026-08-20T10:00:00.789Z", "2026-08-20T10:00:00"),
    *("2026-08-21T08:59:59+09:00", "2026-08-21T09:00:00+0900", "2026-12-31T23:30:00.5-01:30"),
)
NO_TIMES = ("yesterday", "2026-08-20T10:00:00 pm", "2026-08-20T10:00:00+29:00")


def written_at(times: Sequence[str], folder: Path) -> Path:
    """Write events of some times to a log."""
    user = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/a", "accessKeyId": "AKIA1"}
    records = [
        {"eventTime": time, "eventID": str(number), "eventName": "GetX", "userIdentity": user}
        for number, time in enumerate(times)
    ]
    path = folder / "times.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return path


@pytest.mark.parametrize("dialect", SqlDialect)
@pytest.mark.parametrize("end", [None, datetime(2026, 8, 21, tzinfo=UTC)])
def test_another_zone_is_heeded_and_no_time_is_a_fault(
    dialect: SqlDialect, end: datetime | None, tmp_path: Path
) -> None:
    window, columns = Window(end=end), (Column.TIME,)
    log = written_at((*TIMES, *NO_TIMES), tmp_path)
    lake = duckdb.connect()
    lake.register("cloudtrail_logs", rows([str(log)]))
    text = grouping_sql(dialect, frozenset(columns), window, TrailTable(partition=""))
    pq.write_table(run(lake, dialect, text), tmp_path / "result")
    read = read_groups(local_logs([str(log)]).files, columns, window)
    back = read_result(tmp_path / "result", columns)
    assert back.reading.events == read.reading.events == (len(TIMES) if end is None else 4)
    assert back.groups.equals(read.groups)
    assert back.days.equals(read.days)
    assert back.details.equals(read.details)
    assert back.reading.lost >= read.reading.lost == len(NO_TIMES)


@pytest.mark.parametrize("dialect", SqlDialect)
@pytest.mark.parametrize("newer", [False, True])
def test_it_parses_and_writes_all_columns_out(dialect: SqlDialect, newer: bool) -> None:
    table = TrailTable("lake.trail", newer_fields=newer)
    text = grouping_sql(dialect, frozenset(OPTIONAL), Window(), table)
    query = sqlglot.parse_one(text, read=dialect)
    grouped = query.args["group"].expressions
    assert [each.name for each in grouped] == ["kind", "value", "day", *Column]
    assert "ALL" not in text
    assert ("signinsessionarn" in text) is newer


def test_partitions_are_read_a_day_longer() -> None:
    text = grouping_sql(SqlDialect.ATHENA, window=HERE)
    assert """"timestamp" >= '2023/07/10' AND "timestamp" <= '2023/07/11'""" in text
    assert "< '2023-07-10T12:10:01'" in text
    bare = grouping_sql(SqlDialect.ATHENA, window=HERE, table=TrailTable(partition=""))
    assert "timestamp" not in bare


@pytest.mark.parametrize("dialect", SqlDialect)
@pytest.mark.parametrize("name", ['x" WHERE 1=1; DROP TABLE y --', "a`; DROP TABLE b", "t; --"])
def test_a_name_stays_a_name(dialect: SqlDialect, name: str) -> None:
    text = grouping_sql(dialect, table=TrailTable(name, partition=name))
    (query,) = sqlglot.parse(text, read=dialect)
    assert query is not None
    assert [each.name for each in query.find_all(sqlglot.exp.Table)] == [name]


@pytest.mark.parametrize("name", ["", "a..b", "a.b.c.d", "a\nb", " "])
def test_what_no_table_is_called_is_refused(name: str) -> None:
    with pytest.raises(SekishoError) as caught:
        grouping_sql(SqlDialect.ATHENA, table=TrailTable(name))
    assert caught.value.code is Code.NAME_REFUSED


@pytest.fixture
def result(lake: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    text = grouping_sql(SqlDialect.ATHENA, frozenset({Column.RESOURCES}), table=TABLE)
    table = run(lake, SqlDialect.ATHENA, text)
    some = [
        table.filter(pc.equal(table["kind"], kind)).slice(0, 20)
        for kind in ("group", "hour of week")
    ]
    return as_csv(pa.concat_tables(some), tmp_path / "result.csv")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "grouping"),
        ("kind", ""),
        ("events", "0"),
        ("events", "many"),
        ("day", "yesterday"),
        ("begins", "2023-07-10"),
        ("begins", "2999-07-10T00:00:00Z"),
        ("ends", "x"),
        ("resources", "{arn:aws:s3:::x}"),
        ("value", "9 44"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_counts(result: Path, column: str, value: str) -> None:
    whole = read_result(result)
    with result.open(newline="") as file:
        table = list(csv.reader(file))
    wanted = "hour of week" if column == "value" else "group"
    at = next(i for i, row in enumerate(table) if row[table[0].index("kind")] == wanted)
    table[at][table[0].index(column)] = value
    cells = [[cell or None for cell in row] for row in table]
    as_csv(pa.table(dict(zip(cells[0], zip(*cells[1:], strict=True), strict=True))), result)
    back = read_result(result)
    assert [fault.place for fault in back.reading.faults] == [f"row {at}"]
    lost = whole.groups.num_rows + whole.details.num_rows - 1
    assert back.groups.num_rows + back.details.num_rows in (lost, lost + 1)


def test_many_wrong_rows_are_one_more_fault(result: Path) -> None:
    table = rows_of(result)
    as_csv(table.set_column(table.column_names.index("ends"), "ends", pa.array(["x"] * 40)), result)
    back = read_result(result)
    assert len(back.reading.faults) == 21
    assert back.groups.num_rows == back.reading.events == 0
    assert of_fast(back).groups == frozenset()


def rows_of(path: Path) -> pa.Table:
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    return pa.Table.from_pylist(
        [{name: cell or None for name, cell in row.items()} for row in found]
    )


def test_a_column_that_is_asked_about_must_be_there(result: Path) -> None:
    with pytest.raises(SekishoError) as caught:
        read_result(result, {Column.ADDRESS})
    assert caught.value.code is Code.FILE_BAD_SHAPE
    assert "`address`" in caught.value.message.en


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more", b"a,b\n1,2\n", b"\xff\xfe\0"])
def test_what_is_no_result_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "result.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SekishoError) as caught:
        read_result(path)
    assert caught.value.code in (Code.FILE_UNREADABLE, Code.FILE_BAD_SHAPE)


def test_a_folder_of_parquet_is_one_result(lake: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = run(lake, SqlDialect.SPARK, grouping_sql(SqlDialect.SPARK, table=TABLE))
    for part, start in enumerate(range(0, table.num_rows, 50)):
        pq.write_table(table.slice(start, 50), tmp_path / f"part-{part}.parquet")
    assert of_fast(read_result(tmp_path)) == of_fast(read_groups(local_logs(paths()).files))
