"""`python -m bench.account.plan`: the plan of a roll-out to a large account, from its snapshot.

The account of `bench.account.audit`: 5,000 users in 500 distinct sets of policies. The goal
enforces MFA for everybody with a console password through a group, with a stricter policy for who
has a device.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.account.audit import account
from sekisho.account import save_snapshot

GOAL = """\
policy: {name: Force_MFA_2}
group: MFA-required
who: [{all: true, with: [password]}]
afterEnrolment: {group: MFA-enrolled, policy: {name: Force_MFA_enrolled}}
"""


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot, goal = Path(folder) / "snapshot.json", Path(folder) / "goal.yaml"
        made = account()
        save_snapshot(made, snapshot)
        goal.write_text(GOAL, encoding="utf-8")
        words = ["plan", str(goal), "--snapshot", str(snapshot), "--format", "json"]
        root = f"arn:aws:iam::{made.account}:root"
        command = [sys.executable, "-m", "sekisho", *words, "--caller", root]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        took = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    plan = json.loads(done.stdout)
    verdicts = {each["id"]: (each["verdict"], len(each["failed"])) for each in plan["proofs"]}
    print(
        f"exit {done.returncode}; {len(plan['changes']):,} changes, {len(plan['people']):,} people"
    )
    print(f"{verdicts}; accepted by nobody: {[each['id'] for each in plan['reasons']]}")
    print(
        f"`sekisho plan`: {took:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of the processor), "
        f"plan of {len(done.stdout) / 2**20:.1f} MiB, peak memory {used.ru_maxrss / 1024:.0f} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
