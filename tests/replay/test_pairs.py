"""Several records of one call: one of them counts, however they are read, and none is lost."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from profiles import DEEP
from replay.groups_of import log_files, of_fast, of_plain
from replay.plainly import group_plainly
from replay.records_made import some_record
from replay.test_grouping import SEEDS
from replay.test_sql import TABLE, rows, run
from sekisho.replay.far import SqlDialect, grouping_sql, read_result
from sekisho.replay.reading import GroupCache, local_logs, read_groups

HERE, THERE = "111122223333", "444455556666"
_ALICE = {"type": "IAMUser", "arn": f"arn:aws:iam::{HERE}:user/alice", "accountId": HERE}
_BOB = {**_ALICE, "arn": f"arn:aws:iam::{HERE}:user/bob"}
_UNNAMED = {"type": "AWSAccount", "principalId": "AIDAALICE", "accountId": HERE}
_NETWORK = {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}


def record(name: str, who: Mapping[str, Any] = _ALICE, **fields: Any) -> dict[str, Any]:
    usual = {
        "eventTime": "2026-08-20T10:00:00Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "recipientAccountId": HERE,
        "sharedEventID": "s",
    }
    return {**usual, "eventID": name, "userIdentity": who, **fields}


OWN = record("own", resources=[{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/1"}])
ENDPOINT = record("endpoint", **_NETWORK)
OWNERS = record("owner's", _UNNAMED, recipientAccountId=THERE)
OWNERS_ENDPOINT = record("owner's endpoint", _UNNAMED, recipientAccountId=THERE, **_NETWORK)
_TRUE_COPY = {"eventID": "own", **{name: OWN[name] for name in OWN if name != "eventID"}}

CASES: Mapping[str, tuple[list[dict[str, Any]], list[str]]] = {
    # AWS CloudTrail User Guide, "CloudTrail record contents", sharedEventID
    "a call and what the endpoint saw of it": ([ENDPOINT, OWN], ["own"]),
    "a call and its record with the resource's owner": ([OWNERS, OWN], ["own"]),
    "all four": ([OWNERS_ENDPOINT, OWNERS, ENDPOINT, OWN], ["own"]),
    "what the endpoint saw names the caller": ([ENDPOINT, OWNERS], ["endpoint"]),
    "two owners, and the one with the parameters": ([OWNERS_ENDPOINT, OWNERS], ["owner's"]),
    "alone": ([ENDPOINT], ["endpoint"]),
    "alone with an owner": ([OWNERS_ENDPOINT], ["owner's endpoint"]),
    "another call": ([{**ENDPOINT, "sharedEventID": "t"}, OWN], ["endpoint", "own"]),
    "nothing that is shared": (
        [{**ENDPOINT, "sharedEventID": None}, {**OWN, "sharedEventID": None}],
        ["endpoint", "own"],
    ),
    # what shares an id and is no record of the same call hides none
    "another caller": ([record("bob's", _BOB, **_NETWORK), OWN], ["bob's", "own"]),
    "another action": ([{**ENDPOINT, "eventName": "Encrypt"}, OWN], ["endpoint", "own"]),
    "another account": (
        [{**OWNERS, "userIdentity": {**_UNNAMED, "accountId": "777788889999"}}, OWN],
        ["owner's", "own"],
    ),
    "an Insight's begin and end": (
        [
            record(name, eventCategory="Insight", eventType="AwsCloudTrailInsight")
            for name in ("begin", "end")
        ],
        # one group, whose first event is begin
        ["begin", "begin"],
    ),
    "an Insight's begin and end, as two accounts have them": (
        [
            record("begin", eventCategory="Insight"),
            record("end", eventCategory="Insight", recipientAccountId=THERE),
        ],
        ["begin", "end"],
    ),
    "what was delivered twice is for `--dedup`": ([_TRUE_COPY, OWN, ENDPOINT], ["own", "own"]),
}


@pytest.mark.parametrize("name", CASES)
def test_one_record_of_a_call_counts(name: str) -> None:
    records, kept = CASES[name]
    plain = group_plainly(records)
    ids = [[group.tally.first_id] * group.tally.events for group in plain.groups]
    assert sorted(each for several in ids for each in several) == sorted(kept)
    assert plain.copies == len(records) - len(kept)
    assert all(group.event.shared is None for group in plain.groups)
    # each record in a file of its own, as the endpoint's are in another folder
    files = log_files([json.dumps({"Records": [each]}).encode() for each in records])
    assert of_fast(read_groups(files)) == of_plain(plain)


def test_parts_of_a_cache_and_a_query_elsewhere_come_to_the_same(tmp_path: Path) -> None:
    records = [OWN, ENDPOINT, record("bob's", _BOB, **_NETWORK), OWNERS]
    logs = tmp_path / "logs"
    for day, each in enumerate(records):
        # a part of the cache for each
        folder = logs / f"AWSLogs/{HERE}/CloudTrail/eu-west-1/2026/08/{day + 1:02d}"
        folder.mkdir(parents=True)
        (folder / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [each]}).encode()))
    files = local_logs([str(logs)]).files
    whole = of_fast(read_groups(files))
    assert whole == of_plain(group_plainly(records))
    for _ in range(2):
        assert of_fast(GroupCache(tmp_path / "cache").read(files)) == whole
    lake = duckdb.connect()
    lake.register("cloudtrail_logs", rows([file.name for file in files]))
    for dialect in (SqlDialect.ATHENA, SqlDialect.SPARK):
        table = run(lake, dialect, grouping_sql(dialect, table=TABLE))
        pq.write_table(table, tmp_path / "result")
        assert of_fast(read_result(tmp_path / "result")) == whole


@settings(max_examples=20 if DEEP else 8)
@given(SEEDS)
def test_whatever_is_dropped_another_record_stands_for(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - nothing is secret here
    records = [some_record(random, 0) for _ in range(30)]
    every = {
        (group.event.account, group.event.source, group.event.name)
        for record in records
        for group in group_plainly([record]).groups
    }
    found = group_plainly(records)
    calls = {(each.event.account, each.event.source, each.event.name) for each in found.groups}
    assert calls == every
    assert sum(each.tally.events for each in found.groups) + found.copies == len(records)
