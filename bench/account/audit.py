"""`python -m bench.account.audit`: the audit of a large account from its snapshot.

5,000 users (or `--users`) in 300 groups with 500 customer managed policies, 500 distinct sets of
policies; nine of ten sets have Force_MFA. Users differ in passwords, devices, keys and paths; there
are 1,000 roles. The snapshot is written to a file and audited by the command, as a user would.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bench.account.organisation import organisation
from sekisho.account import (
    AccessKey,
    Device,
    Group,
    ManagedPolicy,
    Password,
    Role,
    RootUser,
    Snapshot,
    User,
    load_snapshot,
    save_snapshot,
)
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.findings import check_account
from sekisho.audit.impact import rows_of
from sekisho.policy import Document, PolicyKind, Preset, choices_of, force_mfa, from_json
from sekisho.signin import DeviceKind

T = TypeVar("T")

USERS, GROUPS, POLICIES, ROLES, SETS = 5_000, 300, 500, 1_000, 500
_ACCOUNT = "111122223333"
_HOME = f"arn:aws:iam::{_ACCOUNT}"
_NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
_SERVICES = ("s3:Get*", "s3:PutObject", "ec2:Describe*", "ec2:StartInstances", "sqs:*", "logs:*")
_KEY, _ACTIVE, _TEMPORARY = 0.3, 0.8, 0.1
"""How many users have a key, how many of these are active; how many passwords are temporary."""
_ENFORCEMENT = f"{_HOME}:policy/Force_MFA"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=USERS)
    users = parser.parse_args().users
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.json"
        save_snapshot(account(users), path)
        print(f"snapshot: {path.stat().st_size / 2**20:.1f} MiB")
        snapshot = _timed("load", lambda: load_snapshot(path))
        rows = _timed("rows", lambda: rows_of(snapshot, Exceptions()))
        limited = replace(snapshot, scps=organisation())
        _timed(
            "rows, under twenty service control policies", lambda: rows_of(limited, Exceptions())
        )
        found = _timed("findings", lambda: check_account(snapshot, rows, Exceptions()))
        print(
            dict(Counter(row.enforcement.enforced.value for row in rows)),
            f"{len(found):,} findings",
        )
        for form in ("text", "json", "csv", "html", "sarif"):
            _audit(path, form)
    return 0


def _audit(path: Path, form: str) -> None:
    command = [sys.executable, "-m", "sekisho", "audit", "--snapshot", str(path)]
    out = path.with_name(form)
    begin = time.perf_counter()
    with out.open("wb") as opened:
        process = subprocess.Popen([*command, "--format", form], stdout=opened)
        # unlike `resource`, it says what this one child has used
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took, used = time.perf_counter() - begin, usage.ru_utime + usage.ru_stime
    print(
        f"`sekisho audit --format {form}`: {took:.1f} s ({used:.1f} s of the processor), "
        f"{out.stat().st_size / 2**20:.1f} MiB, exit {process.returncode}, "
        f"peak memory {usage.ru_maxrss / 1024:.0f} MiB"
    )


def _timed(name: str, ask: Callable[[], T]) -> T:
    begin, used = time.perf_counter(), time.process_time()
    found = ask()
    took, used = time.perf_counter() - begin, time.process_time() - used
    print(f"{name}: {took:.1f} s ({used:.1f} s of the processor)")
    return found


def account(count: int = USERS) -> Snapshot:
    """Return the account with so many users, the same in every run."""
    chance = random.Random(1)  # noqa: S311 - the same account in every run
    arns = [f"{_HOME}:policy/team-{number}" for number in range(POLICIES - 1)]
    policies = {arn: _managed(arn, _document(chance, number)) for number, arn in enumerate(arns)}
    policies[_ENFORCEMENT] = _managed(_ENFORCEMENT, force_mfa(choices_of(Preset.RECOMMENDED)))
    groups = tuple(
        Group(f"group-{number}", "/", f"{_HOME}:group/group-{number}", (arns[number],))
        for number in range(GROUPS)
    )
    sets = [_set(chance, number, arns) for number in range(SETS)]
    users = tuple(_user(chance, number, *sets[number % SETS]) for number in range(count))
    return Snapshot(
        account=_ACCOUNT,
        partition="aws",
        taken_at=_NOW,
        users=tuple(sorted(users, key=lambda user: user.name)),
        groups=tuple(sorted(groups, key=lambda group: group.name)),
        roles=tuple(_role(number) for number in range(ROLES)),
        policies=dict(sorted(policies.items())),
        root=RootUser(mfa=True, virtual_device=False, keys=False, password=True),
    )


def _managed(arn: str, document: Document) -> ManagedPolicy:
    return ManagedPolicy(arn, arn.rpartition("/")[2], "/", "v1", document, versions=("v1",))


def _document(chance: random.Random, number: int) -> Document:
    own = {
        "Effect": "Allow",
        "Action": ["iam:ListAccessKeys", "iam:CreateAccessKey"],
        "Resource": f"arn:aws:iam::{_ACCOUNT}:user/${{aws:username}}",
    }
    work = {
        "Effect": "Allow",
        "Action": chance.sample(_SERVICES, 3),
        "Resource": ["*", f"arn:aws:s3:::team-{number}/*"],
    }
    home = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::home",
        "Condition": {"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statements = [everything] if number % 50 == 0 else [own, work, home]
    return from_json({"Version": "2012-10-17", "Statement": statements})


def _set(
    chance: random.Random, number: int, arns: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the groups and the policies of one set of users."""
    enforcement = (_ENFORCEMENT,) if number % 10 else ()
    return (f"group-{number % GROUPS}",), tuple(sorted((*enforcement, *chance.sample(arns, 2))))


def _user(
    chance: random.Random, number: int, groups: tuple[str, ...], attached: tuple[str, ...]
) -> User:
    name, path = f"user-{number}", "/staff/" if number % 3 == 0 else "/"
    user = User(name, path, f"{_HOME}:user{path}{name}", f"AIDA{number}", groups, attached)
    last = _NOW - timedelta(days=chance.randrange(200))
    kinds = chance.choice([(), (DeviceKind.VIRTUAL,), (DeviceKind.FIDO, DeviceKind.VIRTUAL)])
    devices = tuple(
        Device(f"{_HOME}:mfa/{name}-{place}", kind, name, last) for place, kind in enumerate(kinds)
    )
    keys = (AccessKey(f"AKIA{number}", chance.random() < _ACTIVE, last, last, "s3"),)
    password = Password(chance.random() < _TEMPORARY, last, last) if number % 10 else None
    return replace(
        user, password=password, devices=devices, keys=keys if chance.random() < _KEY else ()
    )


def _role(number: int) -> Role:
    principal = {"Service": "ec2.amazonaws.com"} if number % 2 else {"AWS": _ACCOUNT}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = from_json({"Version": "2012-10-17", "Statement": [statement]}, kind=PolicyKind.TRUST)
    return Role(f"role-{number:04}", "/", f"{_HOME}:role/role-{number:04}", trust)


if __name__ == "__main__":
    sys.exit(main())
