"""`python -m bench.startup`: how long somebody waits for a command, beside `import click`.

Each program is started anew, in turn with the others, so that what else the machine does slows all
of them alike; what is compared is processor time. The commands are those whose way through the
code `tools/house.py` measures, on the example company or one of AWS's samples; each is run once
before, so that its modules are compiled.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from statistics import median

from tools.house import GOLDEN, SOURCE, TRIPS


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    given = parser.parse_args()
    programs = {
        "import click": ("-c", "import click"),
        "--help": ("-m", "sekisho", "--help"),
        **{name: ("-m", "sekisho", *trip.command) for name, trip in TRIPS.items()},
    }
    os.chdir(GOLDEN)
    for arguments in programs.values():
        _seconds(arguments)
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(given.runs):
        for name, arguments in programs.items():
            times[name].append(_seconds(arguments))
    unit, least = median(times["import click"]), min(times["import click"])
    for name, each in times.items():
        print(
            f"{name:14} {median(each) * 1000:6.0f} ms = {median(each) / unit:4.1f}"
            f"    best {min(each) * 1000:6.0f} ms = {min(each) / least:4.1f}"
        )
    return 0


def _seconds(arguments: Sequence[str]) -> float:
    """Run Python, and return the processor time that it took."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent), "LANG": "C", "COLUMNS": "80"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, out, os.devnull, os.O_WRONLY, 0) for out in (1, 2)],
    )
    _, _, used = os.wait4(child, 0)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
