"""Grouping in DuckDB comes to what grouping in plain Python does."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import DEEP
from replay.groups_of import log_files, of_fast, of_plain
from replay.plainly import group_plainly
from replay.records_made import some_files, some_record
from sekisho.replay import ALWAYS, Column, Window
from sekisho.replay.reading import ReadingSettings, local_logs, read_groups

LOGS = Path(__file__).parents[1] / "data" / "cloudtrail"


def decoded(path: Path) -> list[Any]:
    content = path.read_bytes()
    value = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return value["Records"] if isinstance(value, dict) else value


@pytest.mark.parametrize("columns", [ALWAYS, tuple(Column)], ids=["always", "all"])
def test_all_logs_here_come_to_the_same(columns: tuple[Column, ...]) -> None:
    files = local_logs([str(LOGS)]).files
    records = [record for file in files for record in decoded(Path(file.name))]
    assert len(records) > 3000
    assert of_fast(read_groups(files, columns)) == of_plain(group_plainly(records, columns))


SEEDS = st.integers(0, 2**24 - 1)
WINDOW = Window(datetime(2026, 8, 20, 9, tzinfo=UTC), datetime(2026, 8, 22, 9, tzinfo=UTC))


# 40 records each: many examples of few records would take DuckDB's start each time
@settings(max_examples=12 if DEEP else 5)
@given(
    SEEDS,
    st.sampled_from([ALWAYS, tuple(Column), (Column.RESOURCES,)]),
    st.sampled_from([Window(), WINDOW]),
)
def test_any_records_in_any_files_come_to_the_same(
    seed: int, columns: tuple[Column, ...], window: Window
) -> None:
    random = Random(seed)  # noqa: S311 - nothing is secret here
    records = [some_record(random, random.choice([0, 0.02, 0.2])) for _ in range(40)]
    plain = of_plain(group_plainly(records, columns, window))
    files = log_files(some_files(random, records, random.choice([1, 2, 5])))
    assert of_fast(read_groups(files, columns, window)) == plain


@settings(max_examples=5 if DEEP else 3)
@given(SEEDS)
def test_order_split_and_copies_change_nothing(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - nothing is secret here
    records = [some_record(random, 0.05) for _ in range(20)]
    for number, record in enumerate(records):
        if isinstance(record, dict):
            record["eventID"] = f"id-{number}"
    plain = of_plain(group_plainly(records))
    copies = [copy for record in records for copy in [record] * random.choice([1, 1, 2, 3])]
    random.shuffle(copies)
    found = read_groups(
        log_files(some_files(random, copies, 3)), settings=ReadingSettings(dedup=True)
    )
    assert replace(of_fast(found), lost=plain.lost, copies=plain.copies) == plain
    assert found.reading.events + found.reading.duplicates + found.reading.lost == len(copies)
