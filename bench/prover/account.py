"""`python -m bench.prover.account`: is everybody of a large account enforced.

5,000 users in 500 groups, each group with another set of five documents out of some 120; every
tenth group lacks Force_MFA. The snapshot is written to a file and read again, as a user would.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bench.engine.workload import ACCOUNT, some_policies
from sekisho.account import Group, ManagedPolicy, Snapshot, User, load_snapshot, save_snapshot
from sekisho.audit.enforcement import enforcements_of
from sekisho.policy import from_json

USERS, SETS, EACH = 5_000, 500, 5
_ENFORCEMENT = "Force_MFA"


def main() -> int:
    """Print the figures."""
    snapshot = account()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "account.json"
        save_snapshot(snapshot, path)
        begin, used = time.perf_counter(), time.process_time()
        loaded = load_snapshot(path)
        took, used = time.perf_counter() - begin, time.process_time() - used
        print(f"load: {took:.1f} s ({used:.1f} s), {path.stat().st_size / 2**20:.1f} MiB")
        begin, used = time.perf_counter(), time.process_time()
        enforcements = enforcements_of(loaded)
        took, used = time.perf_counter() - begin, time.process_time() - used
        print(f"{USERS:,} users, {SETS} sets proved: {took:.1f} s ({used:.1f} s)")
        print(dict(Counter(enforcement.enforced.value for enforcement in enforcements.values())))
        begin = time.perf_counter()
        command = [sys.executable, "-m", "sekisho", "prove", "account", "--snapshot", str(path)]
        done = subprocess.run([*command, "--format", "json"], capture_output=True, check=False)
        took = time.perf_counter() - begin
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = spent.ru_utime + spent.ru_stime
        print(f"`sekisho prove account --snapshot`: {took:.1f} s ({used:.1f} s)")
        print(f"exit {done.returncode}; in brackets the time of the processor")
    return 0


def account() -> Snapshot:
    """Return the account, the same in every run."""
    chance = random.Random(1)  # noqa: S311 - the same account in every run
    documents = some_policies()
    own = f"arn:aws:iam::{ACCOUNT}:policy/"
    policies = {
        f"{own}{name}": ManagedPolicy(f"{own}{name}", name, "/", "v1", from_json(value))
        for name, value in sorted(documents.items())
    }
    others = sorted(arn for arn in policies if arn != own + _ENFORCEMENT)
    groups = []
    for number in range(SETS):
        enforcement = [] if number % 10 == 0 else [own + _ENFORCEMENT]
        attached = sorted([*enforcement, *chance.sample(others, EACH - len(enforcement))])
        groups.append(_group(number, tuple(attached)))
    users = (_user(number, groups[number % SETS].name) for number in range(USERS))
    return Snapshot(
        account=ACCOUNT,
        partition="aws",
        taken_at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
        users=tuple(sorted(users, key=lambda user: user.name)),
        groups=tuple(sorted(groups, key=lambda group: group.name)),
        roles=(),
        policies=policies,
    )


def _group(number: int, attached: tuple[str, ...]) -> Group:
    name = f"group-{number}"
    return Group(name, "/", f"arn:aws:iam::{ACCOUNT}:group/{name}", attached)


def _user(number: int, group: str) -> User:
    name, path = f"user-{number}", "/staff/" if number % 3 == 0 else "/"
    arn = f"arn:aws:iam::{ACCOUNT}:user{path}{name}"
    return User(name, path, arn, f"AIDAEXAMPLE{number:010}", groups=(group,))


if __name__ == "__main__":
    sys.exit(main())
