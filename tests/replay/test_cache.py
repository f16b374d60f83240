"""A cache changes nothing but the time: same groups, from logs, from parts, from the sum."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from profiles import sampled
from replay.groups_of import Compared, of_fast
from sekisho.errors import Code, SekishoError
from sekisho.replay import ALWAYS, Column, Window
from sekisho.replay.reading import (
    GroupCache,
    LogFile,
    ReadingSettings,
    TrailGroups,
    local_logs,
    read_groups,
)

DATA = Path(__file__).parents[1] / "data" / "cloudtrail"
USER = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accessKeyId": "AKIA1"}


def log(*times: str, name: str = "ListUsers") -> bytes:
    records = [
        {"eventTime": time, "eventID": f"id-{time}", "eventName": name, "userIdentity": USER}
        for time in times
    ]
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


DAYS = {
    1: log("2026-08-31T23:59:58Z", "2026-09-01T08:00:00Z"),
    2: log("2026-09-02T08:00:00Z", "2026-09-02T09:00:00Z"),
    3: log("2026-09-03T08:00:00Z", "2026-09-03T08:00:00Z", name="GetUser"),
}


def _written(folder: Path) -> Path:
    for day, content in DAYS.items():
        place = folder / f"logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/09/{day:02d}"
        place.mkdir(parents=True)
        (place / "a.json.gz").write_bytes(content)
    return folder / "logs"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Logs of three days that a test may change."""
    return _written(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[LogFile, ...]:
    """Logs of three days that no test changes."""
    return files_of(_written(tmp_path_factory.mktemp("kept")))


@pytest.fixture(scope="module")
def filled(kept: tuple[LogFile, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of them, to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "cache"
    GroupCache(folder).read(kept)
    return folder


def files_of(logs: Path) -> tuple[LogFile, ...]:
    return local_logs([str(logs)]).files


def same(cached: TrailGroups, read: TrailGroups) -> None:
    assert of_fast(cached) == of_fast(read)
    assert cached.reading == read.reading
    # texts come out of the cache as dictionaries
    assert cached.groups.cast(read.groups.schema).equals(read.groups)
    assert cached.days.equals(read.days)
    assert cached.details.cast(read.details.schema).equals(read.details)


def unfetched(files: tuple[LogFile, ...]) -> list[LogFile]:
    """Return the same files, none of which may be opened."""

    def refuse() -> bytes:
        raise AssertionError("a file was read that is in the cache")

    return [replace(file, fetch=refuse) for file in files]


@pytest.mark.parametrize("columns", [(), (Column.REGION, Column.RESOURCES, Column.PARAMETERS)])
def test_the_real_logs_come_back_as_they_were_read(
    tmp_path: Path, columns: tuple[Column, ...]
) -> None:
    files = local_logs([str(DATA)]).files
    if columns:
        files = tuple(sampled(files, every=3))
    read = read_groups(files, columns)
    first = GroupCache(tmp_path / "cache")
    same(first.read(files, columns), read)
    assert (first.hits, first.notes) == (0, [])
    again = GroupCache(tmp_path / "cache")
    same(again.read(unfetched(files), columns), read)
    assert first.parts > 1
    assert again.hits == again.parts == 1


def test_a_day_that_is_new_is_all_that_is_read(kept: tuple[LogFile, ...], tmp_path: Path) -> None:
    cache = GroupCache(tmp_path / "cache")
    cache.read(kept[:2])
    found = cache.read([*unfetched(kept[:2]), kept[2]])
    assert (cache.hits, cache.parts) == (2, 3)
    same(found, read_groups(kept))


def test_a_file_that_changed_is_read_and_takes_the_place_of_the_old(
    logs: Path, tmp_path: Path
) -> None:
    cache = GroupCache(tmp_path / "cache")
    cache.read(files_of(logs))
    before = {path.name for path in (tmp_path / "cache").iterdir()}
    changed = next(logs.rglob("02/a.json.gz"))
    changed.write_bytes(log("2026-09-02T08:00:00Z", name="CreateUser"))
    same(cache.read(files_of(logs)), read_groups(files_of(logs)))
    assert cache.hits == 2
    after = {path.name for path in (tmp_path / "cache").iterdir()}
    # of the day, and of the sum
    assert len(after) == len(before) == 4
    assert len(after - before) == 2


@pytest.mark.parametrize(
    ("times", "hits"),
    [
        (("2026-08-31", "2026-09-04"), 3),
        # cuts into the first day's file
        (("2026-09-01", "2026-09-04"), 2),
        (("2026-09-01T08:00:01", "2026-09-03T08:00:00"), 1),
    ],
)
def test_a_window_is_served_by_the_parts_it_holds(
    kept: tuple[LogFile, ...], filled: Path, tmp_path: Path, times: tuple[str, str], hits: int
) -> None:
    window = Window(*(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in times))
    files = kept
    cache = GroupCache(copytree(filled, tmp_path / "cache"))
    found = cache.read(files, ALWAYS, window)
    assert cache.hits == hits
    same(found, read_groups(files, ALWAYS, window))
    # what was cut is there the next time
    same(cache.read(unfetched(files), ALWAYS, window), found)
    shorter = replace(window, end=window.end - timedelta(seconds=1) if window.end else None)
    same(cache.read(files, ALWAYS, shorter), read_groups(files, ALWAYS, shorter))


def test_only_the_user_may_read_it(kept: tuple[LogFile, ...], tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o755)
    GroupCache(folder).read(kept[:1])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("damage", ["short", "byte", "empty", "other"])
def test_a_damaged_part_is_said_and_read_anew(
    kept: tuple[LogFile, ...], filled: Path, tmp_path: Path, damage: str
) -> None:
    files = kept
    read = read_groups(files)
    folder = copytree(filled, tmp_path / "cache")
    for path in folder.iterdir():
        content = bytearray(path.read_bytes())
        content[40] ^= 0xFF
        damaged = {"short": content[:300], "byte": content, "empty": b"", "other": b"text" * 90}
        path.write_bytes(damaged[damage])
    cache = GroupCache(folder)
    same(cache.read(files), read)
    assert len(cache.notes) == 4
    assert all(note.en.endswith("was damaged: its logs are read anew") for note in cache.notes)
    again = GroupCache(folder)
    same(again.read(unfetched(files)), read)
    assert again.notes == []


def test_what_could_not_be_fetched_is_tried_again(
    kept: tuple[LogFile, ...], tmp_path: Path
) -> None:
    def refuse() -> bytes:
        raise PermissionError(13, "Permission denied")

    files = kept
    cache = GroupCache(tmp_path / "cache")
    refused = [replace(files[0], fetch=refuse), *files[1:]]
    assert [fault.file for fault in cache.read(refused).reading.faults] == [files[0].name]
    same(cache.read([files[0], *unfetched(files[1:])]), read_groups(files))


def test_a_log_that_is_damaged_itself_stays_damaged(logs: Path, tmp_path: Path) -> None:
    next(logs.rglob("02/a.json.gz")).write_bytes(DAYS[2][:-20])
    files = files_of(logs)
    cache = GroupCache(tmp_path / "cache")
    read = cache.read(files)
    assert len(read.reading.faults) >= 1
    same(cache.read(unfetched(files)), read)


def test_parts_of_an_interrupted_reading_stay(logs: Path, tmp_path: Path) -> None:
    def interrupt(*counts: int) -> None:
        if counts[2] == 2:
            raise KeyboardInterrupt

    cache = GroupCache(tmp_path / "cache")
    with pytest.raises(KeyboardInterrupt):
        cache.read(files_of(logs), progress=interrupt)
    told: list[tuple[int, ...]] = []
    cache.read(files_of(logs), progress=lambda *counts: told.append(counts))
    assert cache.hits >= 1
    total = sum(file.size for file in files_of(logs))
    assert told[-1] == (total, total, 3, 6)
    assert told == sorted(told)


def test_copies_count_once_wherever_they_lie(logs: Path, tmp_path: Path) -> None:
    next(logs.rglob("03/a.json.gz")).with_name("b.json.gz").write_bytes(DAYS[1])
    settings = ReadingSettings(dedup=True)
    files = files_of(logs)
    cache = GroupCache(tmp_path / "cache", settings)
    read = read_groups(files, settings=settings)
    assert read.reading.duplicates == 3
    same(cache.read(files), read)
    same(cache.read(unfetched(files)), read)
    # and what counted copies is another part
    same(GroupCache(tmp_path / "cache").read(files), read_groups(files))


def test_a_folder_that_cannot_be_written_is_said(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SekishoError) as caught:
        GroupCache(tmp_path / "file").read(files_of(logs))
    assert caught.value.code is Code.OUTPUT_UNWRITABLE


def test_no_files_are_no_groups(tmp_path: Path) -> None:
    assert of_fast(GroupCache(tmp_path / "cache").read([])) == Compared(
        frozenset(), {}, frozenset(), 0, 0
    )
