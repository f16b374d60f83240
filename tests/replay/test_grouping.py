"""Grouping in DuckDB comes to what grouping in plain Python does."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from replay.groups_of import of_fast, of_plain
from sekisho.replay import ALWAYS, Column, group_plainly
from sekisho.replay.reading import local_logs, read_groups

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
