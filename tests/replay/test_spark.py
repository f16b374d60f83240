"""Spark's workers come to what reading here comes to.

PySpark is some 400 MB and needs Java, so it is not among the packages of the tests: these are
skipped without it, and run by a profile of their own (CONTRIBUTING.md, "Tests").
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="needs PySpark (CONTRIBUTING.md, Tests)")
if not shutil.which("java"):
    pytest.skip("needs Java 17", allow_module_level=True)

import os
import sys

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from replay.groups_of import of_fast
from replay.test_sql import TABLE, TIMES, paths, rows, written_at
from sekisho.errors import Code, SekishoError
from sekisho.replay import OPTIONAL, Column, Window
from sekisho.replay.far import (
    SparkSettings,
    SqlDialect,
    grouping_sql,
    read_on_spark,
    read_result,
)
from sekisho.replay.reading import LogFile, ReadingSettings, local_logs, read_groups

pytestmark = pytest.mark.filterwarnings("ignore")
MANY = SparkSettings(tasks=5)


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[Any]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    made = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield made
    made.stop()


@pytest.mark.parametrize("columns", [(), OPTIONAL])
def test_workers_find_what_reading_finds(columns: tuple[Column, ...]) -> None:
    files = local_logs(paths()).files
    found = read_on_spark(files, columns, spark=MANY)
    read = read_groups(files, columns)
    assert found.reading == read.reading
    assert found.groups.equals(read.groups)
    assert found.days.equals(read.days)
    assert found.details.equals(read.details)


def test_a_window_and_a_file_that_is_gone(tmp_path: Path) -> None:
    window = Window(datetime(2023, 7, 10, 12, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
    files = [
        *local_logs(paths()).files,
        LogFile(str(tmp_path / "gone.json"), 9, "", (tmp_path / "gone.json").read_bytes),
    ]
    found, read = read_on_spark(files, window=window, spark=MANY), read_groups(files, window=window)
    assert of_fast(found) == of_fast(read)
    assert [fault.file for fault in found.reading.faults] == [str(tmp_path / "gone.json")]
    assert found.reading == replace(read.reading, faults=found.reading.faults)


def test_no_files() -> None:
    assert read_on_spark([]).reading.events == 0


def test_copies_cannot_be_dropped() -> None:
    with pytest.raises(SekishoError) as caught:
        read_on_spark(local_logs(paths()).files, settings=ReadingSettings(dedup=True))
    assert caught.value.code is Code.UNSUPPORTED_OPTION


def test_what_fails_is_said_in_a_line() -> None:
    files = local_logs(paths()).files
    with pytest.raises(SekishoError) as caught:
        read_on_spark(files, settings=ReadingSettings(memory=1 << 20), spark=MANY)
    assert caught.value.code in (Code.REPLAY_SPARK, Code.REPLAY_MEMORY)
    assert "\n" not in caught.value.message.en


@pytest.mark.parametrize("columns", [(), OPTIONAL])
def test_the_query_of_spark_runs_there(
    session: Any, tmp_path: Path, columns: tuple[Column, ...]
) -> None:
    logs = [*paths(), str(written_at(TIMES, tmp_path))]
    pq.write_table(rows(logs), tmp_path / "table.parquet")
    session.read.parquet(str(tmp_path / "table.parquet")).createOrReplaceTempView("cloudtrail_logs")
    text = grouping_sql(SqlDialect.SPARK, frozenset(columns), table=TABLE)
    session.sql(text).write.parquet(str(tmp_path / "result"))
    found = read_result(tmp_path / "result", columns)
    read = read_groups(local_logs(logs).files, columns)
    assert of_fast(found) == of_fast(read)
    assert found.groups.equals(read.groups)
