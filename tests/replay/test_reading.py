"""Which files are read, what cannot be read of them, and how a reading ends.

Reads `sekisho.replay.reading.store` itself, because how many threads a database has is seen nowhere
else.
"""

import gzip
import json
import os
import tempfile
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from replay.groups_of import log_files
from sekisho.errors import Code, SekishoError
from sekisho.replay import Column, DetailKind, Window
from sekisho.replay.reading import (
    LogFile,
    Reading,
    ReadingSettings,
    SkippedKind,
    TrailGroups,
    TrailPath,
    local_logs,
    may_hold,
    packing,
    read_groups,
)
from sekisho.replay.reading.store import GroupStore

PREFIX = "x/AWSLogs/o-abc123/111122223333"


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "eventTime": f"2026-08-20T10:00:{number % 60:02d}Z",
        "eventID": f"id-{number}",
        "eventName": "GetObject",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
        **fields,
    }


def log(*records: object) -> bytes:
    return json.dumps({"Records": list(records)}).encode()


ONE = log(record(1))
LINE = json.dumps(record(1)).encode()
CHINA = log(record(1, userIdentity={"arn": "arn:aws-cn:iam::1:user/a"}))
TWICE = ONE.replace(b'"eventName"', b'"eventName": "ListKeys", "eventName"')
LONG = log(*(record(number, errorMessage=f"{number * 7919:x}" * 9) for number in range(500)))
DEEP = json.dumps({"Records": [record(1), "DEEP", record(3)]}).replace(
    '"DEEP"', json.dumps(record(2))[:-1] + ', "x": ' + "[" * 50_000 + "]" * 50_000 + "}"
)
ATHENA = (
    "eventversion,useridentity,eventtime,eventsource,eventname,eventid,resources\n"
    '1.08,"{""type"":""IAMUser"",""accesskeyid"":""AKIA1""}",2026-08-20T10:00:00Z,'
    's3.amazonaws.com,GetObject,id-1,"[{""arn"":""arn:b""}]"\n'
    "1.08,{type=IAMUser},2026-08-20T10:00:00Z,s3.amazonaws.com,GetObject,id-2,\n"
)

STAMP = b"2026-08-20T10:00:05.000Z "
EXPORT = b"\n".join(STAMP + json.dumps(record(number)).encode() for number in (1, 2))


def message(*numbers: int, **fields: Any) -> bytes:
    """Return what CloudWatch Logs hands to a subscription."""
    events = [
        {"id": str(number), "timestamp": 1, "message": json.dumps(record(number))}
        for number in numbers
    ]
    usual = {"messageType": "DATA_MESSAGE", "owner": "111122223333", "logEvents": events}
    return json.dumps({**usual, **fields}).encode()


HEALTH = [{"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health"}]
CONTROL = message(messageType="CONTROL_MESSAGE", owner="CloudwatchLogs", logEvents=HEALTH)
PACKED = "is packed in a way that is not read here: unpack it, or compress it with gzip"
LOST = log(*(record(number) for number in range(6))).replace(b'"id-2",', b'"id-2" "', 1)

Faults = list[tuple[str, str, int]]
FILES: dict[str, tuple[bytes, int, Faults]] = {
    # name: content, events, faults (place, what, records)
    "good.json.gz": (gzip.compress(log(record(1), record(2))), 2, []),
    "not compressed.json.gz": (log(record(1)), 1, []),
    "two members.gz": (gzip.compress(ONE[:40]) + gzip.compress(ONE[40:]), 1, []),
    "with a mark.json": (b"\xef\xbb\xbf" + log(record(1)), 1, []),
    "no records.json": (log(), 0, []),
    "another partition.json": (CHINA, 1, []),
    "empty.json": (b"", 0, [("", "is empty", 0)]),
    "empty.json.gz": (gzip.compress(b" \n"), 0, [("", "is empty", 0)]),
    "text.txt": (b"hello\nworld\n", 0, [("", "is not a CloudTrail log", 0)]),
    "other.json": (b'{"a": 1}', 0, [("", "is not a CloudTrail log", 0)]),
    "nothing.json": (b"\0" * 500, 0, [("", "is not a CloudTrail log", 0)]),
    "half.json": (log(record(1), record(2))[:-30], 1, [("record 2", "ends in the middle", 1)]),
    "damaged.gz": (b"\x1f\x8b" + b"x" * 90, 0, [("", "the compressed file is damaged", 0)]),
    "rest.gz": (gzip.compress(ONE) + b"x", 1, [("", "the compressed file is damaged", 0)]),
    "one bad record.json": (
        log(record(1), record(2, eventName=5), record(3), {"eventID": "x"}, "text", record(4)),
        3,
        [
            ("record 2", "`eventName` is missing or not what it should be", 1),
            ("record 4", "`eventTime` is missing or not what it should be", 1),
            ("record 5", "is not a record", 1),
        ],
    ),
    "damaged in the middle.json": (
        log(record(1), record(2), record(3), record(4)).replace(b'"id-2",', b'"id-2" "'),
        3,
        [("record 2", "is not JSON", 1)],
    ),
    "one bad line.jsonl": (
        b"\n".join([LINE, b'{"eventTime', LINE]),
        2,
        [("record 2", "ends in the middle", 1)],
    ),
    "no UTF-8.json": (log(record(1, errorMessage="XX")).replace(b"XX", b"\xff\xfe"), 1, []),
    "half a character.json": (log(record(1, userAgent="\ud800")), 1, []),
    "a key twice.json": (TWICE, 1, []),
    "deep.json": (DEEP.encode(), 3, []),
    "deep and bad.json": (
        DEEP.replace("2026-08-20T10:00:03Z", "yesterday").encode(),
        2,
        [("record 3", "`eventTime` is missing or not what it should be", 1)],
    ),
    "long line.jsonl": (
        b"\n".join(json.dumps(record(n, x="x" * 3_000_000)).encode() for n in (1, 2)),
        2,
        [],
    ),
    "000000.gz": (gzip.compress(EXPORT), 2, []),
    "an export with a bad line.gz": (
        gzip.compress(EXPORT + b"\n" + STAMP + b"START RequestId\n" + STAMP + b'{"eventTime'),
        2,
        [("record 3", "is not JSON", 1), ("record 4", "ends in the middle", 1)],
    ),
    "firehose": (gzip.compress(message(1, 2) + CONTROL + message(3)), 3, []),
    "firehose, twice compressed": (gzip.compress(gzip.compress(message(1, 2))), 2, []),
    "firehose in lines": (message(1, 2) + b"\n" + CONTROL + b"\n" + message(3), 3, []),
    "a list of messages.json": (b"[" + message(1, 2) + b"," + message(3) + b"]", 3, []),
    "firehose, cut": (message(1) + message(2)[:-9], 1, [("", "ends in the middle", 0)]),
    "no call in a message": (
        json.dumps(
            {"logEvents": [{"message": "START"}, *json.loads(message(1))["logEvents"]]}
        ).encode(),
        1,
        [("record 1", "is not a record", 1)],
    ),
    "filter-log-events.json": (
        json.dumps({"events": json.loads(message(1))["logEvents"], "nextToken": "t"}).encode(),
        1,
        [("", "is one page of an answer that has more (`NextToken`)", 0)],
    ),
    "a.zip": (b"PK\x03\x04" + b"x" * 90, 0, [("", PACKED, 0)]),
    "b.zst": (b"\x28\xb5\x2f\xfd" + b"x" * 90, 0, [("", PACKED, 0)]),
    "three lost.json": (
        LOST.replace(b'"id-3",', b'"id-3" "', 1).replace(b'"id-4",', b'"id-4" "', 1),
        3,
        [("record 3", "is not JSON", 3)],
    ),
    "athena.csv": (
        ATHENA.encode(),
        1,
        [
            (
                "record 2",
                "has `useridentity` as a text of Athena's; "
                "write `CAST(useridentity AS JSON)` in the query",
                1,
            )
        ],
    ),
}


@pytest.fixture(scope="module")
def faulty() -> TrailGroups:
    """Every one of `FILES`, read at once; each record says of which file it is."""
    files = [
        LogFile(name=name, size=len(content), tag="", fetch=lambda content=content: content)
        for name, (content, _, _) in FILES.items()
    ]
    return read_groups(files, [Column.AGENT])


def test_every_fault_is_named_and_the_rest_is_read(faulty: TrailGroups) -> None:
    found: dict[str, Faults] = {name: [] for name in FILES}
    for fault in faulty.reading.faults:
        found[fault.file].append((fault.place, str(fault.what), fault.records))
    assert found == {name: faults for name, (_, _, faults) in FILES.items()}
    assert faulty.reading.events == sum(events for _, events, _ in FILES.values())
    assert faulty.reading.files == len(FILES)


def test_what_is_read_of_odd_files(faulty: TrailGroups) -> None:
    events = [group.event for group in faulty.call_groups()]
    assert [event.agent for event in events if event.agent] == ["\ufffd"]
    assert {event.name for event in events} == {"GetObject", "ListKeys"}
    assert {event.key_id for event in events} == {None, "AKIA1"}


def test_a_file_that_ends_early_is_read_to_its_end() -> None:
    stored = gzip.compress(LONG)
    (file,) = log_files([stored[: len(stored) // 2]])
    reading = read_groups([file]).reading
    assert 100 < reading.events < 400
    assert [(fault.place, str(fault.what)) for fault in reading.faults] == [
        ("", "the compressed file ends in the middle"),
        (f"record {reading.events + 1}", "ends in the middle"),
    ]


def test_of_many_faults_of_a_file_some_are_named_and_all_counted() -> None:
    reading = read_groups(log_files([log(*[{}] * 100)])).reading
    assert (len(reading.faults), reading.lost) == (21, 100)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(log(record(1)))
    (file,) = local_logs([str(tmp_path)]).files
    (tmp_path / "a.json").unlink()
    (fault,) = read_groups([file]).reading.faults
    assert str(fault.what) == "cannot be read: no such file or directory"


def test_digests_and_insights_are_passed_over_and_counted(tmp_path: Path) -> None:
    kinds = ("CloudTrail", "CloudTrail-NetworkActivity", "CloudTrail-New", "vpcflowlogs")
    for kind in (*kinds, "CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated"):
        folder = tmp_path / PREFIX / kind / "eu-west-1/2026/08/20"
        folder.mkdir(parents=True)
        (folder / "a.json").write_bytes(log(record(1)))
    (tmp_path / "digest.json").write_text('{"awsAccountId": "1", "digestStartTime": "x"}')
    (tmp_path / "notes.md").write_text("of no interest")
    found = local_logs([str(tmp_path)])
    assert found.skipped == {
        SkippedKind.DIGEST: 1,
        SkippedKind.INSIGHT: 1,
        SkippedKind.OTHER_TRAIL_FILE: 1,
        SkippedKind.OTHER_SERVICE: 1,
        SkippedKind.OTHER_ENDING: 1,
    }
    reading = read_groups(found.files).reading
    assert reading == Reading(
        files=3, bytes=reading.bytes, events=3, skipped={SkippedKind.DIGEST: 1}
    )


@pytest.mark.parametrize(
    ("name", "content", "events", "faults"),
    [
        # no ending keeps a log from being read
        ("000000.gz", gzip.compress(EXPORT), 2, 0),
        ("trail.log", ONE, 1, 0),
        ("delivery-1-2026-08-20-10-00-00-x", gzip.compress(message(1)), 1, 0),
        ("no-ending", b"\xef\xbb\xbf\n" + ONE, 1, 0),
        ("lines.txt", EXPORT, 2, 0),
        # what may hold logs and cannot be read is said
        ("a.zip", b"x", 0, 1),
        ("A.ZST", b"", 0, 1),
        ("b.parquet", b"PAR1", 0, 1),
        ("no-ending", b"\x28\xb5\x2f\xfd", 0, 1),
        ("sync.log", b"copied", 0, 1),
        # of what is hidden the content counts: what a copy left behind, and what a system keeps
        (".a.json.gz.Xy12ab", gzip.compress(ONE), 1, 0),
        (".a.json.gz.Xy12ab", gzip.compress(ONE)[:-9], 1, 1),
        ("._a.json.gz", b"\x00\x05\x16\x07", 0, 0),
        (".DS_Store", b"\x00\x00\x00\x01Bud1", 0, 0),
        # what is no log at all is neither
        ("LICENSE", b"MIT License", 0, 0),
        ("notes.md", b"[a list]", 0, 0),
        ("empty", b"", 0, 0),
    ],
)
def test_what_a_file_in_a_folder_may_hold(
    tmp_path: Path, name: str, content: bytes, events: int, faults: int
) -> None:
    (tmp_path / name).write_bytes(content)
    found = local_logs([str(tmp_path)])
    read = read_groups(found.files).reading
    assert (read.events, len(read.faults)) == (events, faults)
    left_out = {} if events or faults else {SkippedKind.OTHER_ENDING: 1}
    assert found.skipped == left_out


def test_what_a_path_says() -> None:
    said = TrailPath.of(f"{PREFIX}/CloudTrail/eu-west-1/2026/08/20/a.json.gz")
    assert said == TrailPath("111122223333", "eu-west-1", date(2026, 8, 20))
    assert TrailPath.of("x\\AWSLogs\\111122223333\\CloudTrail\\eu-west-1\\2026\\08\\20\\a").day
    assert TrailPath.of("AWSLogs/1/CloudTrail/eu-west-1/2026/08/20/a") == TrailPath()
    assert TrailPath.of(f"{PREFIX}/CloudTrail/eu-west-1/2026/13/20/a").day is None


def test_a_file_is_delivered_after_its_events() -> None:
    window = Window(datetime(2026, 8, 20, 5, tzinfo=UTC), datetime(2026, 8, 22, tzinfo=UTC))
    days = [day for day in range(15, 30) if may_hold(window, date(2026, 8, day))]
    assert days == [20, 21, 22, 23]
    assert may_hold(window, None)
    assert may_hold(Window(), date(1, 1, 1))


def test_patterns_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.json", "b.txt", "deep/c.json.gz", ".hidden.json"):
        (tmp_path / name).write_bytes(b"")
    names = [Path(file.name).name for file in local_logs([str(tmp_path)]).files]
    assert names == ["a.json", "c.json.gz"]
    given = [str(tmp_path / "*.txt"), str(tmp_path / "a.json"), str(tmp_path / "a.json")]
    assert [Path(file.name).name for file in local_logs(given).files] == ["a.json", "b.txt"]
    with pytest.raises(SekishoError, match="does not exist"):
        local_logs([str(tmp_path / "nothing*")])


def test_details_are_of_users() -> None:
    role = record(2, userIdentity={"type": "AssumedRole", "arn": "arn:role"})
    files = log_files([log(record(1, awsRegion="eu-west-1"), role)])
    details = list(read_groups(files).caller_details())
    assert {detail.principal for detail in details} == {"arn:aws:iam::111122223333:user/alice"}
    assert {(each.kind, each.value) for each in details} == {
        (DetailKind.ADDRESS, ""),
        (DetailKind.AGENT, ""),
        (DetailKind.REGION, "eu-west-1"),
        # Thursday
        (DetailKind.HOUR_OF_WEEK, "82"),
    }


def test_progress_ends_with_all() -> None:
    told: list[tuple[int, int, int, int]] = []
    files = log_files([log(record(1)), log(record(2), record(3))])
    read_groups(files, progress=lambda *now: told.append(now))
    size = sum(file.size for file in files)
    assert told[-1] == (size, size, 2, 3)


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_groups(log_files([LONG] * 50), progress=interrupt)
    assert not list(tmp_path.iterdir())
    assert not [each for each in threading.enumerate() if each.name.startswith("sekisho")]


def test_too_little_memory_is_said_clearly() -> None:
    with pytest.raises(SekishoError) as found:
        read_groups(log_files([LONG]), settings=ReadingSettings(memory=200_000))
    assert found.value.code is Code.REPLAY_MEMORY


def test_no_more_threads_work_than_the_memory_is_enough_for() -> None:
    found = []
    for memory in (0, 1_000_000, 700_000_000):
        with GroupStore(8, memory) as store:
            found.append(store.threads)
    assert found == [8, 1, 2]


def test_what_does_not_fit_into_memory_is_counted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # 30,000 groups of two kilobytes: more than is left for them
    one = json.dumps(record(1, eventID="id-N", userAgent=f"N {'x' * 2000}")).encode()
    contents = [
        b'{"Records":[%s]}' % b",".join(one.replace(b"N ", b"%d " % at) for at in share)
        for share in (range(start, start + 500) for start in range(0, 30_000, 500))
    ]
    on_disk: list[int] = []

    def watch(*_: int) -> None:
        on_disk.append(sum(each.stat().st_size for each in tmp_path.rglob("*.tmp")))

    limited = ReadingSettings(threads=1, memory=150_000_000)
    found = read_groups(log_files(contents), [Column.AGENT], settings=limited, progress=watch)
    assert max(on_disk)
    assert set(found.groups.column("events").to_pylist()) == {1}
    agents = found.groups.column("agent").to_pylist()
    assert sorted(int(agent.partition(" ")[0]) for agent in agents) == list(range(30_000))
    assert found.days.num_rows == 30_000


def test_a_file_is_one_by_whatever_ways_it_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_bytes(log(record(1)))
    (tmp_path / "sub" / "b.log").write_bytes(log(record(2)))
    (tmp_path / "link.json").symlink_to(tmp_path / "sub" / "a.json")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.json").write_bytes(log(record(3)))
    (tmp_path / "sub" / "linked").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert len(local_logs(["sub"]).files) == 3
    found = local_logs([str(tmp_path), "sub", "sub/a.json", "sub/b.log", "./sub/../sub"])
    assert len(found.files) == 3
    assert not found.skipped


def test_what_cannot_be_listed_or_is_not_there_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path, onerror: Any, **_: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        yield str(folder), ["closed"], ["a.json", "gone.json"]
        onerror(PermissionError(13, "Permission denied", str(folder / "closed")))

    (tmp_path / "a.json").write_bytes(log(record(1)))
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr("os.walk", refused)
    read = read_groups(local_logs([str(tmp_path)]).files).reading
    assert read.events == 1
    assert [Path(fault.file).name for fault in read.faults] == ["closed", "gone.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert local_logs([str(tmp_path)]).skipped == {SkippedKind.OTHER_ENDING: 1}
    with pytest.raises(SekishoError, match="neither a file nor a folder"):
        local_logs([str(tmp_path / "pipe.json")])


def test_a_page_of_an_answer_is_not_all_of_it() -> None:
    events = [{"CloudTrailEvent": json.dumps(record(1))}]
    page = json.dumps({"Events": events, "NextToken": "more"}).encode()
    (fault,) = read_groups(log_files([page])).reading.faults
    assert "NextToken" in str(fault.what)


@pytest.mark.parametrize("name", [name for name, case in FILES.items() if case[0][:1] == b"\x1f"])
def test_without_the_faster_decompressor_the_same_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = FILES[name][0]
    for limit in (len(ONE) // 2, 1 << 20):
        faster = packing.decompressed(stored, limit)
        with monkeypatch.context() as patch:
            patch.setattr(packing, "fastest", zlib)
            assert packing.decompressed(stored, limit) == faster
