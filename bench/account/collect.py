"""`python -m bench.account.collect`: a large account read over the wire from the local AWS.

The account is that of `bench.account.audit`, put into the local AWS as a file (which has virtual
devices, keys and passwords, and no passkeys). The local AWS runs as a program of its own. The
account is read by a user who has exactly what `sekisho collect --print-policy` prints.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bench.account.audit import account
from sekisho.account import (
    CALLS_PER_USER,
    READS,
    AwsApi,
    CallUnit,
    Pace,
    Snapshot,
    User,
    collect,
    dump_snapshot,
    least_policy,
    load_snapshot,
    save_snapshot,
)
from sekisho.account.aws import Keys, connect
from sekisho.policy import Document, to_json
from sekisho.signin import DeviceKind

DATE = "2024-04-01T00:00:00Z"
_KEY = Keys("AKIAREADER0000000000", "example-secret-of-the-reader-0123456789")
_READER = "reader"
_PASSWORD = "Fuji-2026-x"  # noqa: S105 - of nobody
_MEGA = 2**20


@dataclass
class _Metered:
    """An `AwsApi` that counts calls and the processor time that they take of this process."""

    api: AwsApi
    calls: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        begin = time.thread_time()
        try:
            return self.api.call(service, operation, **params)
        finally:
            self._note(operation, begin)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        begin = time.thread_time()
        try:
            return iter(list(self.api.pages(service, operation, key, **params)))
        finally:
            self._note(operation, begin)

    def _note(self, operation: str, begin: float) -> None:
        with self.lock:
            self.calls[operation] += 1
            self.seconds += time.thread_time() - begin


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=Pace().workers)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "account.json"
        path.write_text(json.dumps(account_file(account(), given.users)), encoding="utf-8")
        command = [sys.executable, "-u", "-m", "sekisho", "local", "--lang", "en", "--account"]
        begin = time.perf_counter()
        with subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, text=True) as local:
            try:
                url = _url(local)
                took, started = time.perf_counter() - begin, _used_by(local.pid)
                print(f"the local AWS is up after {took:.0f} s, {started:.1f} s of the processor")
                snapshot = _read(url, given.workers)
                print(f"the local AWS used {_used_by(local.pid) - started:.1f} s while it was read")
            finally:
                local.terminate()
        _saved(snapshot, Path(folder) / "snapshot.json")
    return 0


def _used_by(pid: int) -> float:
    """Return the processor time of a program so far, in seconds; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(url: str, workers: int) -> Snapshot:
    api = _Metered(connect(region="us-east-1", endpoint_url=url, credentials=_KEY))
    begin, used = time.perf_counter(), time.process_time()
    snapshot = collect(api, now=datetime.now(UTC), pace=Pace(workers))
    took, used = time.perf_counter() - begin, time.process_time() - used
    count = sum(api.calls.values())
    print(f"collect: {took:.0f} s, {count:,} calls, {count / took:.0f} calls/s, {workers} workers")
    print(f"  processor: {used:.1f} s, of which in boto3 {api.seconds:.1f} s")
    per_user = {read.operation for read in READS if read.per in (CallUnit.USER, CallUnit.KEY)}
    spent = sum(calls for name, calls in api.calls.items() if name in per_user)
    users = len(snapshot.users)
    print(f"  calls per user: {spent / users:.2f} on average; the budget is {CALLS_PER_USER}")
    print(f"  users {users}, groups {len(snapshot.groups)}, policies {len(snapshot.policies)}")
    print(f"  gaps: {len(snapshot.gaps)}")
    print(f"  peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return snapshot


def _saved(snapshot: Snapshot, path: Path) -> None:
    begin = time.perf_counter()
    save_snapshot(snapshot, path)
    saved = time.perf_counter()
    loaded = load_snapshot(path)
    done = time.perf_counter()
    size = path.stat().st_size / _MEGA
    print(
        f"snapshot: {size:.1f} MiB, saved in {saved - begin:.1f} s, loaded in {done - saved:.1f} s"
    )
    assert dump_snapshot(loaded) == dump_snapshot(snapshot)  # noqa: S101 - a bench checks itself


def _url(local: subprocess.Popen[str]) -> str:
    assert local.stdout is not None  # noqa: S101 - it is a pipe
    return next(line for line in local.stdout).rpartition(" ")[2].strip()


def account_file(snapshot: Snapshot, users: int) -> dict[str, Any]:
    """Return the account as a `sekisho.account/1` file, with the reader added."""
    home = f"arn:aws:iam::{snapshot.account}"
    chosen = list(islice(snapshot.users, users - 1))
    reader = User(_READER, "/", f"{home}:user/{_READER}", "AIDAREADER")
    inline = {"PolicyName": "own", "PolicyDocument": to_json(least_policy())}
    key = {"id": _KEY.access_key_id, "secret": _KEY.secret_access_key}
    return {
        "schema": "sekisho.account/1",
        "account": snapshot.account,
        "partition": snapshot.partition,
        "authorizationDetails": {
            "UserDetailList": [
                *(_identity(user, "User", GroupList=list(user.groups)) for user in chosen),
                _identity(reader, "User", UserPolicyList=[inline]),
            ],
            "GroupDetailList": [_identity(group, "Group") for group in snapshot.groups],
            "RoleDetailList": [
                _identity(role, "Role", AssumeRolePolicyDocument=to_json(role.trust))
                for role in snapshot.roles
            ],
            "Policies": [
                _policy(policy.arn, policy.document) for policy in snapshot.policies.values()
            ],
        },
        "credentials": {
            "users": {
                **{user.name: _held(user) for user in chosen},
                _READER: {"accessKeys": [key]},
            }
        },
    }


def _identity(entry: Any, kind: str, **more: object) -> dict[str, object]:
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in entry.attached]
    return {
        f"{kind}Name": entry.name,
        f"{kind}Id": f"AID{kind.upper()}{entry.name.upper()}",
        "Path": entry.path,
        "Arn": entry.arn,
        "CreateDate": DATE,
        "AttachedManagedPolicies": attached,
        **more,
    }


def _policy(arn: str, document: Document) -> dict[str, object]:
    name = arn.rpartition("/")[2]
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": to_json(document)}
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{name.upper()}",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "CreateDate": DATE,
        "PolicyVersionList": [version],
    }


def _held(user: User) -> dict[str, object]:
    keys = [
        {
            "id": f"AKIA{key.id[4:]:0>16}",
            "secret": "example-secret-0123456789",
            "active": key.active,
        }
        for key in user.keys
    ]
    devices = [
        {"name": device.serial.rpartition("/")[2], "seed": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}
        for device in user.devices
        if device.kind is DeviceKind.VIRTUAL
    ]
    held: dict[str, object] = {"devices": devices, "accessKeys": keys}
    if user.password is not None:
        held["password"] = _PASSWORD
        held["passwordResetRequired"] = user.password.reset_required
    return held


if __name__ == "__main__":
    sys.exit(main())
