"""What a record says, and records that are not what they should be."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from replay.plainly import group_plainly
from sekisho.replay import ALWAYS, Column, RecordFault, TrailEvent, TrailRecord, Window, read_record

LOGS = Path(__file__).parents[1] / "data" / "cloudtrail"
TIME = "2026-08-20T10:00:00Z"


def record(**fields: Any) -> dict[str, Any]:
    return {"eventTime": TIME, "eventID": "e-1", **fields}


def read(**fields: Any) -> TrailEvent:
    found = read_record(record(**fields))
    assert isinstance(found, TrailRecord)
    return found.event


def test_every_field_is_a_column() -> None:
    assert [column.value for column in Column] == list(TrailEvent.__slots__)


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"eventTime": None}, "eventTime"),
        ({"eventTime": "yesterday"}, "eventTime"),
        ({"eventTime": 1767225600}, "eventTime"),
        ({"eventTime": "2026-08-20T10:00:00 pm"}, "eventTime"),
        ({"eventTime": "2026-08-20T10:00:00+29:00"}, "eventTime"),
        ({"eventTime": "0001-01-01T00:00:00+09:00"}, "eventTime"),
        ({"eventName": ["PutObject"]}, "eventName"),
        ({"userIdentity": "alice"}, "userIdentity"),
        ({"userIdentity": {"arn": {}}}, "userIdentity.arn"),
        (
            {"userIdentity": {"sessionContext": {"attributes": {"mfaAuthenticated": 1}}}},
            "userIdentity.sessionContext.attributes.mfaAuthenticated",
        ),
        ({"userIdentity": {"sessionContext": []}}, "userIdentity.sessionContext"),
        ({"additionalEventData": {"MFAUsed": 1}}, "additionalEventData.MFAUsed"),
    ],
)
def test_a_fault_names_its_field(fields: dict[str, Any], faulty: str) -> None:
    assert read_record(record(**fields)) == RecordFault(faulty)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"resources": {"ARN": "arn:aws:s3:::b"}}, {}),
        ({"resources": [{"ARN": "b"}, "x", {"ARN": 1}]}, {"resources": [{"ARN": "b"}]}),
        ({"sourceIPAddress": 5, "requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}, {}),
        ({"userIdentity": {"sessionContext": {"sessionIssuer": "x"}}}, {}),
        ({"additionalEventData": "x", "responseElements": ["x"]}, {}),
    ],
)
def test_what_only_some_policies_ask_about_may_be_anything(
    fields: dict[str, Any], same: dict[str, Any]
) -> None:
    assert read(**fields) == read(**same)


def test_what_is_no_object_is_a_fault() -> None:
    assert read_record("text") == RecordFault("")


def test_half_a_second_and_nulls() -> None:
    found = read_record({"eventTime": "2026-08-20T10:00:00.789Z", "userIdentity": None})
    assert isinstance(found, TrailRecord)
    assert (found.event.time, found.id) == (TIME, "")
    assert found.time == datetime(2026, 8, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-08-20T10:00:00", "2026-08-20T10:00:00Z"),
        ("2026-08-20T10:00:00.5+09:00", "2026-08-20T01:00:00Z"),
        ("2026-12-31T23:30:00-0130", "2027-01-01T01:00:00Z"),
    ],
)
def test_a_time_of_another_zone_is_the_same_moment(written: str, utc: str) -> None:
    found = read_record(record(eventTime=written))
    assert isinstance(found, TrailRecord)
    assert found.event.time == utc
    assert found.time == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    ("identity", "principal", "key_id"),
    [
        ({"arn": "u", "accessKeyId": "AKIA1234"}, "u", "AKIA1234"),
        ({"arn": "u", "accessKeyId": "ASIA1234"}, "u", "ASIA"),
        ({"arn": "s", "sessionContext": {"sessionIssuer": {"arn": "r"}}}, "r", None),
        ({"arn": "s", "sessionContext": {"sessionIssuer": {}}}, "s", None),
        ({}, None, None),
    ],
)
def test_whose_policies_count(
    identity: dict[str, Any], principal: str | None, key_id: str | None
) -> None:
    found = read(userIdentity=identity)
    assert (found.principal, found.key_id) == (principal, key_id)


def test_resources_are_in_order_and_each_once() -> None:
    found = read(resources=[{"ARN": "b"}, {"type": "x"}, {"ARN": "a"}, {"ARN": "b"}])
    assert found.resources == ("a", "b")
    assert read(resources=[]).resources is None


def test_a_key_is_a_parameter_of_s3_alone() -> None:
    parameters = {"key": "k/1", "bucketName": "b", "max": 3, "userName": {"x": 1}}
    s3 = read(eventSource="s3.amazonaws.com", requestParameters=parameters)
    assert s3.parameters == ("bucketName=b", "key=k/1")
    other = read(eventSource="dynamodb.amazonaws.com", requestParameters=parameters)
    assert other.parameters == ("bucketName=b",)
    assert read(requestParameters={}).parameters is None


def test_a_code_in_the_call() -> None:
    parameters = {"serialNumber": "arn:aws:iam::111122223333:mfa/alice"}
    assert read(eventSource="sts.amazonaws.com", requestParameters=parameters).call_mfa == "yes"
    assert read(eventSource="iam.amazonaws.com", requestParameters=parameters).call_mfa is None


def logged() -> list[Any]:
    """Return every record of the logs here."""
    found: list[Any] = []
    for path in sorted(LOGS.rglob("*.json.gz")):
        read = json.loads(gzip.decompress(path.read_bytes()))
        found += read["Records"] if isinstance(read, dict) else read
    return found


def test_the_logs_here_have_no_fault_and_groups_count_every_event() -> None:
    records = logged()
    found = group_plainly(records, ALWAYS)
    assert not found.faults
    assert sum(group.tally.events for group in found.groups) == len(records) == 3212
    assert sum(found.days.values()) == len(records)
    assert len({group.event for group in found.groups}) == len(found.groups)


def test_order_does_not_matter() -> None:
    records = logged()
    forwards, backwards = group_plainly(records), group_plainly(records[::-1])
    assert set(forwards.groups) == set(backwards.groups)
    assert set(forwards.details) == set(backwards.details)


def test_the_window_takes_in_its_start_and_not_its_end() -> None:
    ten, eleven = (datetime(2026, 8, 20, hour, tzinfo=UTC) for hour in (10, 11))
    assert group_plainly([record()], (), Window(ten, eleven)).groups
    found = group_plainly([record()], (), Window(None, ten))
    assert (found.groups, found.outside_window) == ((), 1)


def test_a_column_that_is_not_asked_for_tells_nothing_apart() -> None:
    two = [record(awsRegion="eu-west-1"), record(awsRegion="us-east-1", eventID="e-0")]
    (group,) = group_plainly(two).groups
    assert (group.event.region, group.tally.events) == (None, 2)
    assert (group.tally.first_id, group.tally.last_id) == ("e-0", "e-0")
    assert len(group_plainly(two, [Column.REGION]).groups) == 2
