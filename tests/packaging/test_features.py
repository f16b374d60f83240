"""The core works without the features: each one's folder is deleted from a copy of the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.cli.features import NEEDS
from sekisho.cli.main import root

ROOT = Path(__file__).parents[2]
INPUTS = ROOT / "tests" / "golden" / "inputs"
POLICY = str(INPUTS / "policies" / "force-mfa.json")
COMPANY = str(INPUTS / "accounts" / "company.json")
CALLER = "arn:aws:iam::111122223333:user/yuki.tanaka"
REQUEST = ("--principal", CALLER, "--action", "s3:ListAllMyBuckets", "--resource", "*")
GOAL = (str(INPUTS / "goals" / "first.yaml"), "--mfa", "--caller", CALLER)
OF_THE_CORE = [
    (("policy", "new"), 0, '"Version": "2012-10-17"'),
    (("policy", "lint", POLICY), 0, "nothing to correct"),
    (("prove", "policy", "--only", "enforcement", POLICY), 0, "MFA is enforced"),
    (("decide", *REQUEST, "--policy", POLICY), 0, "Explicitly denied"),
    (("audit", "--snapshot", COMPANY), 4, "enforced"),
    (("plan", *GOAL, "--snapshot", COMPANY), 4, "MFA-required"),
]
"""Commands, their exit codes, and what they print."""
FEATURES = [*((each,) for each in NEEDS), tuple(NEEDS)]


def lost(deleted: tuple[str, ...]) -> set[str]:
    """Return the features that are not there, as those that need a deleted one are not."""
    return {each for each, needs in NEEDS.items() if {each, *needs} & {*deleted}}


def run(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-m", "sekisho", *arguments],
        env={**os.environ, "PYTHONPATH": str(source), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        cwd=source,
    )


@pytest.mark.parametrize("deleted", FEATURES, ids="-".join)
def test_the_core_works_without_a_feature(deleted: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "sekisho", tmp_path / "sekisho")
    for each in deleted:
        shutil.rmtree(tmp_path / "sekisho" / each)
    gone = lost(deleted)
    shown = run(tmp_path, "--help")
    assert shown.returncode == 0, shown.stderr
    listed = {line.split()[0] for line in shown.stdout.splitlines() if line.startswith("  ")}
    for name, command in root.lazy.items():
        module = command.module if hasattr(command, "module") else ""
        owners = {module, *(each.module for each in getattr(command, "commands", {}).values())}
        is_gone = bool({each.partition(".")[0] for each in owners} & gone)
        assert (name not in listed) is is_gone, name
        if is_gone:
            assert run(tmp_path, name, "--help").returncode == 64
    for arguments, code, said in OF_THE_CORE:
        done = run(tmp_path, *arguments)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        # a line wraps where the path of this folder is long
        assert said in " ".join(done.stdout.split())
        assert "Traceback" not in done.stderr


def test_what_a_command_can_do_with_a_feature_alone_is_refused_without_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "sekisho", tmp_path / "sekisho")
    shutil.rmtree(tmp_path / "sekisho" / "replay")
    logs = str(INPUTS / "logs" / "company.json")
    done = run(tmp_path, "audit", "--snapshot", COMPANY, "--logs", logs, "--lang", "en")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "sekisho: extra.missing: this sekisho lacks its package `replay` "
        "(install sekisho as a whole)"
    ]
