"""`python -m bench.account.scps`: what an organisation's policies cost, as multiples of none.

The account of `bench.account.audit` with 500 users (or `--users`), each in a set of policies of its
own: without service control policies, under one that demands MFA of everybody, as many companies
have it, and under the twenty ordinary ones of `bench.account.organisation`. Each command is run on
each, as a user would, one after the other.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.account.audit import account
from bench.account.organisation import EVERYTHING, organisation
from bench.account.plan import GOAL
from sekisho.account import save_snapshot
from sekisho.engine import AttachedPolicy, Level
from sekisho.policy import from_json

_EXEMPT = [
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:GetMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "iam:ChangePassword",
    "iam:GetAccountPasswordPolicy",
    "sts:GetSessionToken",
]
_MFA = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "NotAction": _EXEMPT,
                "Resource": "*",
                "Condition": {
                    "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                    "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"},
                },
            }
        ],
    }
)
_FULL = AttachedPolicy("FullAWSAccess", EVERYTHING)
ORGANISATIONS: Mapping[str, tuple[Level, ...]] = {
    "none": (),
    "one that demands MFA": (Level("root", (_FULL, AttachedPolicy("RequireMFA", _MFA))),),
    "twenty ordinary ones": organisation(),
}
"""The service control policies, by what they are."""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=500)
    made = account(parser.parse_args().users)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        goal = folder / "goal.yaml"
        goal.write_text(GOAL, encoding="utf-8")
        caller = ("--caller", f"arn:aws:iam::{made.account}:root")
        commands = {
            "audit": ("audit",),
            "plan": ("plan", str(goal), *caller),
            "prove account": ("prove", "account"),
        }
        alone: dict[str, float] = {}
        for scps, levels in ORGANISATIONS.items():
            snapshot = folder / f"{len(levels)}.json"
            save_snapshot(replace(made, scps=levels), snapshot)
            for command, words in commands.items():
                used = _seconds(*words, "--snapshot", str(snapshot), "--format", "json")
                ratio = used / alone.setdefault(command, used)
                print(f"`{command}`, policies: {scps}: {used:.1f} s of the processor, {ratio:.2f}")
    return 0


def _seconds(*words: str) -> float:
    """Return the seconds of the processor that a command takes."""
    command = [sys.executable, "-m", "sekisho", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    # unlike `resource`, it says what this one child has used
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 2, 3, 4):
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
