"""Logs in S3, over the wire: found, limited to days, and read with the rights of whoever asks."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import localaws_people as people
from localaws_people import client
from replay.groups_of import of_fast
from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.errors import AwsRefused, Code, SekishoError
from sekisho.localaws import LocalAws
from sekisho.replay import ALWAYS, Window
from sekisho.replay.reading import (
    FoundFiles,
    GroupCache,
    SkippedKind,
    TrailScope,
    event_history,
    local_logs,
    read_groups,
    reading_policy,
    s3_digests,
    s3_logs,
)

REAL = Path(__file__).parents[1] / "data" / "cloudtrail" / "invictus"
ORGANISATION = "x/AWSLogs/o-abc123/111122223333"
LOG = json.dumps({"Records": [{"eventTime": "2026-09-02T10:00:00Z", "eventID": "1"}]}).encode()
MADE = [
    *(f"{ORGANISATION}/CloudTrail/us-east-1/2026/{day}/a.json.gz" for day in ("08/31", "09/01")),
    *(f"{ORGANISATION}/CloudTrail/eu-west-1/2026/{day}/a.json.gz" for day in ("09/02", "09/03")),
    f"{ORGANISATION}/CloudTrail/eu-west-1/2026/09/10/a.json.gz",
    "x/AWSLogs/o-abc123/444455556666/CloudTrail/us-east-1/2026/09/02/a.json.gz",
    f"{ORGANISATION}/CloudTrail-Digest/us-east-1/2026/09/02/d.json.gz",
    f"{ORGANISATION}/vpcflowlogs/us-east-1/2026/09/02/f.log.gz",
    "x/AWSLogs/999988887777/CloudTrail/us-east-1/2026/09/02/b.json.gz",
]

NETWORK = f"{ORGANISATION}/CloudTrail-NetworkActivity/us-east-1/2026/09/02/n.json.gz"
TWO = [
    "AWSLogs/111122223333/CloudTrail/us-east-1/2026/09/02/a.json.gz",
    "first/AWSLogs/444455556666/CloudTrail/us-east-1/2026/09/02/b.json.gz",
]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = client(running, "s3")
        for bucket in ("trail", "org", "loose", "network", "two"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="network", Key=NETWORK, Body=LOG)
        for key in (*TWO, "last/notes.txt"):
            s3.put_object(Bucket="two", Key=key, Body=LOG)
        for path in sorted(REAL.rglob("*.json.gz")):
            key = path.relative_to(REAL).as_posix()
            s3.put_object(Bucket="trail", Key=key, Body=path.read_bytes())
        for key in MADE:
            s3.put_object(Bucket="org", Key=key, Body=LOG)
        loose = ("a.json", "deep/b.jsonl", "c.zip", "readme.txt", "aws-logs-write-test")
        for key in (*(f"mine/{name}" for name in loose), "other/c.json"):
            s3.put_object(Bucket="loose", Key=key, Body=LOG)
        yield running


def api(aws: LocalAws, who: str = "admin") -> Boto3Api:
    keys = Keys(people.key_id(who), people.secret(who))
    return connect(endpoint_url=aws.url, credentials=keys)


class Counting:
    """An API that notes what is listed."""

    def __init__(self, api: Boto3Api) -> None:
        self._api = api
        self.listed: list[Mapping[str, object]] = []

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        self.listed.append(params)
        return self._api.pages(service, operation, key, **params)

    def content(self, bucket: str, key: str) -> bytes:
        return self._api.content(bucket, key)

    def stored(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]]:
        return self._api.stored(bucket, key)


def keys_of(found: FoundFiles) -> list[str]:
    return [file.name.partition("://")[2].partition("/")[2] for file in found.files]


def test_what_is_read_there_is_what_is_read_here(aws: LocalAws) -> None:
    found = s3_logs(api(aws), "s3://trail")
    here = local_logs([str(REAL)])
    assert len(found.files) == len(here.files) > 50
    assert of_fast(read_groups(found.files)) == of_fast(read_groups(here.files))
    first = found.files[0]
    assert (first.account, first.region) == ("218007301253", "us-east-1")
    assert first.day is not None


def september(first: int, end: int) -> Window:
    return Window(datetime(2026, 9, first, tzinfo=UTC), datetime(2026, 9, end, tzinfo=UTC))


@pytest.mark.parametrize(
    ("address", "window", "scope", "expected"),
    [
        ("s3://org/x", Window(), TrailScope(), [0, 1, 2, 3, 4, 5, 8]),
        # the day after the last may hold its last events
        ("s3://org/x/", september(1, 2), TrailScope(), [1, 2, 3, 5, 8]),
        ("s3://org/x/AWSLogs/", september(3, 4), TrailScope(), [3]),
        ("s3://org/x", Window(), TrailScope(accounts={"444455556666"}), [5]),
        ("s3://org/x", Window(), TrailScope(regions={"eu-west-1"}), [2, 3, 4]),
        (f"s3://org/{ORGANISATION}", Window(), TrailScope(), [0, 1, 2, 3, 4]),
        (f"s3://org/{ORGANISATION}/CloudTrail", Window(), TrailScope(), [0, 1, 2, 3, 4]),
        (f"s3://org/{ORGANISATION}/CloudTrail/eu-west-1", september(2, 3), TrailScope(), [2, 3]),
        (
            f"s3://org/{ORGANISATION}/CloudTrail/eu-west-1/2026/09",
            Window(),
            TrailScope(),
            [2, 3, 4],
        ),
        (f"s3://org/{MADE[2]}", Window(), TrailScope(), [2]),
        # not below the trail's prefix: every object is looked at
        ("s3://org", september(3, 4), TrailScope(regions={"eu-west-1"}), [3]),
    ],
)
def test_only_what_is_asked_for_is_found(
    aws: LocalAws, address: str, window: Window, scope: TrailScope, expected: list[int]
) -> None:
    found = s3_logs(api(aws), address, window, scope)
    assert keys_of(found) == sorted(MADE[number] for number in expected)


def test_a_region_is_listed_from_its_first_day_on(aws: LocalAws) -> None:
    counting = Counting(api(aws))
    found = s3_logs(counting, "s3://org/x", september(2, 3))
    flat = [params for params in counting.listed if "Delimiter" not in params]
    assert sorted(str(params["StartAfter"]).rpartition("CloudTrail/")[2] for params in flat) == [
        "eu-west-1/2026/09/02",
        "us-east-1/2026/09/02",
        "us-east-1/2026/09/02",
        "us-east-1/2026/09/02",
    ]
    # what lies after the last day ends the listing, and is not counted
    assert found.skipped == {}
    # the bucket's, the prefix's, the organisation's, and the accounts' folders and regions
    assert len(counting.listed) - len(flat) == 9


def test_logs_of_no_trail_are_all_that_are_named_like_logs(aws: LocalAws) -> None:
    found = s3_logs(api(aws), "s3://loose/mine")
    assert keys_of(found) == ["mine/a.json", "mine/c.zip", "mine/deep/b.jsonl"]
    # what is not even opened is counted, but what an export leaves behind
    assert found.skipped == {SkippedKind.NOT_OPENED: 1}
    assert [fault.file for fault in read_groups(found.files).reading.faults] == [
        "s3://loose/mine/c.zip"
    ]


def test_an_object_that_is_empty_is_a_damaged_log_or_no_log_at_all(aws: LocalAws) -> None:
    class Emptied(Counting):
        def pages(
            self, service: str, operation: str, key: str, /, **params: object
        ) -> Iterator[Any]:
            return (
                {**item, "Size": 0} for item in super().pages(service, operation, key, **params)
            )

    found = s3_logs(Emptied(api(aws)), "s3://loose/mine")
    assert keys_of(found) == ["mine/a.json", "mine/c.zip", "mine/deep/b.jsonl"]
    assert found.skipped == {}


def test_what_lies_beside_the_logs_of_a_trail_is_named(aws: LocalAws) -> None:
    """Another trail may deliver there, with a prefix, or somebody keep exports."""
    found = s3_logs(api(aws), "s3://two")
    assert keys_of(found) == [TWO[0], "first/", "last/"]
    read = read_groups(found.files).reading
    assert (read.events, [fault.file for fault in read.faults]) == (
        1,
        ["s3://two/first/", "s3://two/last/"],
    )
    assert all("is next to `AWSLogs/`" in str(fault.what) for fault in read.faults)
    assert keys_of(s3_logs(api(aws), "s3://two/first")) == [TWO[1]]
    assert keys_of(s3_logs(api(aws), "s3://two/AWSLogs")) == [TWO[0]]
    assert s3_digests(api(aws), "s3://two") == []


def test_network_activity_is_found_in_its_own_folder(aws: LocalAws) -> None:
    assert keys_of(s3_logs(api(aws), "s3://network", september(2, 3))) == [NETWORK]


def test_digests_are_counted_where_they_are_seen(aws: LocalAws) -> None:
    assert s3_logs(api(aws), "s3://org").skipped == {
        SkippedKind.DIGEST: 1,
        SkippedKind.OTHER_SERVICE: 1,
    }


def allowed(aws: LocalAws, *statements: dict[str, Any]) -> Boto3Api:
    """Return an API of a new user with these statements."""
    credentials = people.caller(aws, "s3", *statements)._request_signer._credentials
    keys = Keys(credentials.access_key, credentials.secret_key)
    return connect(endpoint_url=aws.url, credentials=keys)


def test_what_may_not_be_listed_or_read_is_named_and_the_rest_counts(aws: LocalAws) -> None:
    hidden = {"StringLike": {"s3:prefix": f"{ORGANISATION}/CloudTrail/*"}}
    mine = allowed(
        aws,
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*", "Condition": hidden},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::org/{MADE[8]}"},
    )
    found = s3_logs(mine, "s3://org/x")
    read = read_groups(found.files)
    assert [fault.file for fault in read.reading.faults] == [
        f"s3://org/{MADE[8]}",
        f"s3://org/{ORGANISATION}/CloudTrail/",
    ]
    assert all("AccessDenied" in fault.what.en for fault in read.reading.faults)
    assert read.reading.events == 1


def test_a_bucket_that_may_not_be_listed_is_refused(aws: LocalAws) -> None:
    with pytest.raises(AwsRefused):
        s3_logs(allowed(aws, reading_policy("s3://loose")["Statement"][0]), "s3://org/x")


def test_the_policy_that_is_printed_is_enough(aws: LocalAws) -> None:
    mine = allowed(aws, *reading_policy("s3://org/x")["Statement"])
    found = s3_logs(mine, "s3://org/x")
    assert read_groups(found.files).reading.events == 7
    with pytest.raises(AwsRefused):
        s3_logs(mine, "s3://loose")
    assert "Condition" not in reading_policy("s3://org")["Statement"][0]


def test_the_cache_knows_objects_by_their_etag(aws: LocalAws, tmp_path: Path) -> None:
    cache = GroupCache(tmp_path / "cache")
    first = cache.read(s3_logs(api(aws), "s3://org/x").files, ALWAYS)
    assert (cache.hits, cache.parts) == (0, 5)
    again = cache.read(s3_logs(api(aws), "s3://org/x").files, ALWAYS)
    assert cache.hits == cache.parts == 1
    assert of_fast(again) == of_fast(first)


@pytest.mark.parametrize("address", ["trail", "s3:/trail", "s3://", "https://a/b", "s3://a/b?c"])
def test_an_address_of_another_form_is_refused(aws: LocalAws, address: str) -> None:
    with pytest.raises(SekishoError) as caught:
        s3_logs(api(aws), address)
    assert caught.value.code is Code.USAGE


def test_digests_come_with_the_signature_of_their_metadata(aws: LocalAws) -> None:
    key = f"{ORGANISATION}/CloudTrail-Digest/eu-west-1/2026/09/02/s.json.gz"
    client(aws, "s3").put_object(Bucket="org", Key=key, Body=b"{}", Metadata={"signature": "00ff"})
    found = s3_digests(api(aws), "s3://org/x", september(2, 3))
    assert [file.name for file in found] == [f"s3://org/{key}", f"s3://org/{MADE[6]}"]
    assert [file.fetch() for file in found] == [(b"{}", "00ff"), (LOG, None)]
    client(aws, "s3").delete_object(Bucket="org", Key=key)


def test_an_event_history_that_is_not_there_is_refused(aws: LocalAws) -> None:
    with pytest.raises(AwsRefused, match="lookup_events"):
        event_history(api(aws), ["eu-west-1", "us-east-1"], Window())
