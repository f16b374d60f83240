"""Logs of the example company: marked as made, in CloudTrail's layout, the same for each end.

Reads `sekisho.tour.made_logs` itself, because the tour deletes the logs that it made.
"""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sekisho.localaws import example_company
from sekisho.replay import RecordFault, read_record
from sekisho.tour.made_logs import DAYS, write_made_logs

END = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def _written(folder: Path, end: datetime = END) -> dict[str, list[Any]]:
    events = write_made_logs(folder, example_company(), end)
    found = {
        str(path.relative_to(folder)): json.loads(gzip.decompress(path.read_bytes()))["Records"]
        for path in sorted(folder.rglob("*.json.gz"))
    }
    assert sum(map(len, found.values())) == events
    return found


def test_each_record_is_one_that_cloudtrail_could_write_and_says_that_it_was_made(
    tmp_path: Path,
) -> None:
    files = _written(tmp_path)
    assert len(files) == DAYS
    assert next(iter(files)).startswith("AWSLogs/111122223333/CloudTrail/ap-northeast-1/2026/08/26")
    records = [record for each in files.values() for record in each]
    assert not any(isinstance(read_record(record), RecordFault) for record in records)
    assert all("sekisho-example" in record["userAgent"] for record in records)
    assert len({record["eventID"] for record in records}) == len(records)
    arns = {user.arn for user in example_company().users}
    assert {record["userIdentity"]["arn"] for record in records} <= arns
    days = {name.rsplit("/", 1)[0][-10:].replace("/", "-") for name in files}
    assert {record["eventTime"][:10] for record in records} == days


def test_they_are_the_same_for_one_end_and_as_many_for_another(tmp_path: Path) -> None:
    first, again, later = (tmp_path / name for name in ("a", "b", "c"))
    files = _written(first)
    assert _written(again) == files
    moved = _written(later, END.replace(month=12))
    assert sum(map(len, moved.values())) == sum(map(len, files.values()))
