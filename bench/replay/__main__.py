"""`python -m bench.replay`: how long grouping logs takes, against the floor in the same run.

The floor is what nobody can go below in Python: the same bytes decompressed (isal) and parsed by
simdjson, with nothing taken out of them; in one process, and in two at a time. Ours is
`read_groups` from the files to the groups, with one thread and with two. In between are what
nobody can go below with DuckDB: the fields taken out as texts and nothing done with them, a row
made of each record, and calls counted by caller, key, operation and MFA, as the best recipe known
does. Wall clock and processor time are both given: on a busy machine the former says little. The
first 50,000 events are also grouped by `group_plainly`, and must come to the same.

Where PySpark and Java are there, the same is read by Spark on two workers of this machine, which
must come to the same groups; of its time only the wall is known.

trailscraper (0.10) reads a part of the same files in its own environment: it keeps all records in
memory, and prints those that it selects.
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb
import simdjson
from isal import isal_zlib
from tests.replay.plainly import PlainGroups, group_plainly

from bench.replay.events import records_of, write_logs
from sekisho.replay import ALWAYS
from sekisho.replay.reading import LogFile, ReadingSettings, TrailGroups, local_logs, read_groups
from sekisho.replay.reading.reader import Feeder
from sekisho.replay.reading.statement import structure
from sekisho.replay.reading.store import GroupStore

_SAMPLE = 50_000
_TRAILSCRAPER = 50_000
_GZIP = 31

_TEXTS = structure(ALWAYS).replace('"JSON"', '"VARCHAR"')
_TAKEN = f"SELECT json_transform(content, '{_TEXTS}').Records AS records FROM feed"
_ROWS = f"SELECT unnest(records) AS r FROM ({_TAKEN})"
_STEPS = {
    "DuckDB: the fields, as texts": f"SELECT sum(len(records)) FROM ({_TAKEN})",
    "DuckDB: a row of each record": f"SELECT max(r.eventTime) FROM ({_ROWS})",
    "DuckDB: calls by caller, key, operation, MFA": f"""
        SELECT r.userIdentity.arn AS caller, r.userIdentity.accessKeyId[:4] AS key, r.eventSource,
            r.eventName, r.userIdentity.sessionContext.attributes.mfaAuthenticated AS mfa,
            count(*), min(r.eventTime), max(r.eventTime)
        FROM ({_ROWS}) GROUP BY ALL""",
}
"""What others do with less: the recipe of the third is the fastest known that counts anything."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the wall, and of processors; what children used is among them."""

    wall: float
    processor: float


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--events", type=int, default=1_500_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the events are, or are written")
    parser.add_argument("--trailscraper", type=Path, help="the Python of its environment")
    given = parser.parse_args()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as spare:
        folder = given.folder or Path(spare)
        files = sorted(folder.rglob("*.json.gz")) or write_logs(folder, given.events)
        stored = sum(path.stat().st_size for path in files)
        print(f"{len(files):,} files, {stored / 1e6:.0f} MB compressed")
        agreement(files)
        compared(folder, files, given.repetitions)
        if given.trailscraper:
            trailscraper(given.trailscraper, files)
    return 0


def agreement(files: Sequence[Path]) -> None:
    """Hold a sample against the plain reading."""
    sample: list[Path] = []
    records: list[dict[str, object]] = []
    for path in files:
        if len(records) >= _SAMPLE:
            break
        sample.append(path)
        records += records_of([path])
    plain = group_plainly(records, ALWAYS)
    ours = read_groups(local_logs(map(str, sample)).files)
    if not _same(plain, ours):
        raise SystemExit("the groups of the sample are not those of the plain reading")
    print(f"{len(records):,} events agree with the plain reading: {len(plain.groups):,} groups")


def _same(plain: PlainGroups, ours: TrailGroups) -> bool:
    events = [group.event for group in ours.call_groups()]
    days = {(events[row["group"]], row["day"]): row["events"] for row in ours.days.to_pylist()}
    return (
        set(plain.groups) == set(ours.call_groups())
        and set(plain.details) == set(ours.caller_details())
        and {(plain.groups[at].event, day): n for (at, day), n in plain.days.items()} == days
    )


def compared(folder: Path, files: Sequence[Path], repetitions: int) -> None:
    """Print the floor and ours, on one core and on two."""
    logs = local_logs([str(folder)]).files
    print("\n| what | cores | wall s | processor s | of the floor (wall, processor) | load |")
    print("|---|---:|---:|---:|---:|---:|")
    for cores in (1, 2):
        least = _best(lambda cores=cores: floor(files, cores), repetitions)
        _row("floor: isal and simdjson", cores, least, least)
        for name, query in _STEPS.items():
            some = _best(lambda query=query, cores=cores: less(logs, query, cores), repetitions)
            _row(name, cores, some, least)
        settings = ReadingSettings(threads=cores)
        ours = _best(lambda settings=settings: read_groups(logs, settings=settings), repetitions)
        _row("sekisho: groups, days and details", cores, ours, least)
    found = read_groups(logs)
    if find_spec("pyspark") and shutil.which("java"):
        on_spark(logs, found, least)
    print(
        f"\n{found.reading.events:,} events, {found.groups.num_rows:,} groups, "
        f"{found.days.num_rows:,} days of groups, {found.details.num_rows:,} details; "
        f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB"
    )


def on_spark(logs: Sequence[LogFile], found: TrailGroups, least: Took) -> None:
    """Print how long Spark takes, its start included, and hold its groups against ours."""
    from sekisho.replay.far import SparkSettings, read_on_spark  # noqa: PLC0415 - needs PySpark

    begin = time.perf_counter()
    spread = read_on_spark(logs, spark=SparkSettings(master="local[2]"))
    wall = time.perf_counter() - begin
    if not (spread.groups.equals(found.groups) and spread.days.equals(found.days)):
        raise SystemExit("the groups of Spark are not ours")
    load = os.getloadavg()[0]
    print(f"| the same on Spark | 2 | {wall:.2f} | | {wall / least.wall:.2f} | {load:.1f} |")


def floor(files: Sequence[Path], cores: int) -> None:
    """Decompress and parse all files."""
    if cores == 1:
        _parse(files)
        return
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(_parse, [files[start::cores] for start in range(cores)]))


def less(logs: Sequence[LogFile], query: str, cores: int) -> None:
    """Run a query that does less than `read_groups`, over files that are read in the same way."""
    with GroupStore(cores) as store, Feeder(logs, cores, lambda _: None) as feeder:
        store.stream("feed", feeder.batches())
        store.table(query)


def _parse(files: Sequence[Path]) -> None:
    parser = simdjson.Parser()
    for path in files:
        parser.parse(isal_zlib.decompress(path.read_bytes(), _GZIP))


def _best(work: Callable[[], object], repetitions: int) -> Took:
    """Return the least wall time and the least processor time of some runs."""
    took = []
    for _ in range(repetitions):
        begin, used = time.perf_counter(), _processor()
        work()
        took.append(Took(time.perf_counter() - begin, _processor() - used))
    return Took(min(each.wall for each in took), min(each.processor for each in took))


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _row(name: str, cores: int, took: Took, least: Took) -> None:
    times = f"{took.wall:.2f} | {took.processor:.2f}"
    ratio = f"{took.wall / least.wall:.2f}, {took.processor / least.processor:.2f}"
    print(f"| {name} | {cores} | {times} | {ratio} | {os.getloadavg()[0]:.1f} |", flush=True)


def trailscraper(python: Path, files: Sequence[Path]) -> None:
    """Print how long trailscraper takes for the first files."""
    with tempfile.TemporaryDirectory() as folder:
        events = 0
        for path in files:
            if events >= _TRAILSCRAPER:
                break
            events += sum(1 for _ in records_of([path]))
            (Path(folder) / path.name).symlink_to(path.resolve())
        program = "from trailscraper.cli import root_group; root_group()"
        days = ["--from", "2026-01-01", "--to", "2027-01-01"]
        command = [str(python), "-c", program, "select", "--log-dir", folder, *days]
        begin = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True)
        if done.stdout.count(b'"eventVersion"') != events:
            raise SystemExit("trailscraper did not print all events")
        print(f"\ntrailscraper: {events:,} events in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
