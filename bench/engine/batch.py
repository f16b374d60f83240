"""`python -m bench.engine.batch`: `sekisho decide --batch` over a million lines.

Prints lines per second, by the clock on the wall and in processor time of the process, and its
peak memory at three moments: it must not grow.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.engine.workload import distinct

BLOCK = 50
"""How many lines are written at once: their answers must fit into a pipe."""


def main() -> int:
    """Feed the lines through a pipe, as another program would, and read the answers."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine.batch", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    given = parser.parse_args()
    lines = _lines()
    command = [sys.executable, "-m", "sekisho", "decide", "--batch", "-"]
    spent, used, begin = 0.0, 0.0, time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 16
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        for done in range(BLOCK, given.lines + 1, BLOCK):
            process.stdin.writelines(lines[done % len(lines) :][:BLOCK])
            process.stdin.flush()
            if not all(b'"decision"' in process.stdout.readline() for _ in range(BLOCK)):
                raise RuntimeError(f"not all lines up to {done} were decided")
            if done in (given.lines // 10, given.lines // 2, given.lines):
                spent = time.perf_counter() - begin
                peak = _peak_mebibytes(process.pid)
                used = _processor_seconds(process.pid)
                times = f"{spent:8.1f} s, {used:.1f} s of the processor"
                print(f"{done:>9,} lines {times}  peak {peak:.1f} MiB", flush=True)
        process.stdin.close()
    print(f"{given.lines / spent:,.0f} lines/s, {given.lines / used:,.0f} in processor time")
    return process.returncode


def _lines() -> list[bytes]:
    """Return some thousand lines in the exchange form, each with its policies."""
    workload = distinct(5_000)
    return [
        json.dumps(
            {
                "id": number,
                "request": {
                    "principal": principal,
                    "action": action,
                    "resource": resource,
                    "context": context,
                },
                "policies": {"identity": [workload.policies["Force_MFA"]]},
            }
        ).encode()
        + b"\n"
        for number, (_, principal, action, resource, context) in enumerate(workload.requests)
    ]


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mebibytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
