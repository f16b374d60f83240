"""`python -m bench.replay.memory`: how much memory grouping ten million events takes.

The logs of `bench/replay/events.py` are read again and again, each time with other event ids and
other days, until there are as many events as asked: what takes long is making records, and not
copying them. So the groups stay as many, and their days become more. Printed is the memory of this
process, decompressed logs and the copies that are made of them included, at each tenth.
"""

import argparse
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from isal import isal_zlib

from bench.replay.events import write_logs
from sekisho.replay.reading import LogFile, ReadingSettings, local_logs, read_groups

_GZIP = 31
_DAY = re.compile(rb'"eventTime":"(\d{4}-\d\d-\d\d)T')
_FIRST, _DAYS, _STEP = date(2026, 8, 20), 90, 13


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay.memory", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--made", type=int, default=1_500_000, help="events that are made")
    parser.add_argument("--folder", type=Path, help="where these are, or are written")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", type=int, default=600, help="DuckDB's limit, in MB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = given.folder or Path(spare)
        if not any(folder.rglob("*.json.gz")):
            write_logs(folder, given.made)
        files = local_logs([str(folder)]).files
        times = -(-given.events // given.made)
        many = [_again(file, time) for time in range(times) for file in files]
        measured(many, ReadingSettings(given.threads, given.memory * 1_000_000))
    return 0


def measured(files: Sequence[LogFile], settings: ReadingSettings) -> None:
    """Print what reading takes, and the memory on the way."""
    seen: dict[int, int] = {}
    begin, used = time.perf_counter(), time.process_time()
    found = read_groups(
        files,
        settings=settings,
        progress=lambda done, total, *_: seen.setdefault(10 * done // total, _resident()),
    )
    wall, processor = time.perf_counter() - begin, time.process_time() - used
    print(f"{found.reading.events:,} events: {wall:.0f} s by the wall, {processor:.0f} s processor")
    print(f"{found.groups.num_rows:,} groups, {found.days.num_rows:,} days of groups")
    print("MB at each tenth:", ", ".join(f"{each}" for each in seen.values()))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"at most {most:.0f} MB; load {os.getloadavg()[0]:.1f}")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 10**6


def _again(file: LogFile, number: int) -> LogFile:
    """Return a file that holds the same with other ids, and on other days, the `number`-th time."""

    def fetch() -> bytes:
        content = isal_zlib.decompress(file.read(), _GZIP)
        content = content.replace(b'"eventID":"', b'"eventID":"%d-' % number)
        return _DAY.sub(lambda found: b'"eventTime":"%sT' % _moved(found[1], number), content)

    return replace(file, name=f"{number}/{file.name}", fetch=fetch)


def _moved(day: bytes, number: int) -> bytes:
    since = (date.fromisoformat(day.decode()) - _FIRST).days
    return (_FIRST + timedelta(days=(since + _STEP * number) % _DAYS)).isoformat().encode()


if __name__ == "__main__":
    sys.exit(main())
